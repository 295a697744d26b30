"""All evidence of a check as files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

from tellverify.source.writing import replace_text
from tellverify.verdict.identity import Subject
from tellverify.verdict.run import EvidenceFile
from tellverify.verification.certificate_files import certificate_files, graph_files
from tellverify.verification.checked import Checked
from tellverify.verification.output_paths import evidence_refusal, way_out
from tellverify.verification.trace_files import trace_files


def evidence_files(checked: Checked) -> list[tuple[str, str, str]]:
    """Certificates, graphs, traces and scripts: the id of what each shows, its name, its text."""
    found = []
    for protocol in checked.run.protocols:
        key = (protocol.path, protocol.name)
        graphs = checked.graphs.get(key, {})
        files: list[tuple[str, str, str]] = []
        origin = checked.origins.get(key)
        if origin is not None:
            files += trace_files(protocol, graphs, origin)
            files += graph_files(protocol, graphs, origin)
            files += certificate_files(protocol, graphs, origin)
        files += checked.files.get(key, ())
        found += placed(protocol.subject, files)
    return found


def placed(subject: Subject, files: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Files of one subject with the ids of what they show and their names below its folder.

    Names that differ in case only are kept apart by a digest of what they show.
    """
    found = []
    names: set[str] = set()
    for of, name, text in files:
        if name.casefold() in names:
            digest = hashlib.sha256(of.encode("utf-8", "backslashreplace")).hexdigest()[:8]
            stem, dot, ending = name.partition(".")
            name = f"{stem}-{digest}{dot}{ending}"
        names.add(name.casefold())
        shown = of.removeprefix(f"{subject.name}/")  # scripts name the protocol as well
        found.append((subject.part(shown), f"{subject.folder}/{name}", text))
    return found


def write_evidence(
    checked: Checked, folder: str, *, is_confined: bool = False
) -> tuple[EvidenceFile, ...]:
    """Write all evidence of a check below a folder; if it is confined, only evidence is replaced.

    Raises OSError when that cannot be done, and Unsafe when it must not.
    """
    files = evidence_files(checked)
    written = write_files(folder, files, is_confined=is_confined)
    return tuple(
        EvidenceFile(identity, written[identity], hashlib.sha256(text.encode()).hexdigest())
        for identity, _, text in files
    )


class Unsafe(Exception):
    """A file may not be replaced by evidence; the text says why."""


def write_files(
    folder: str, files: list[tuple[str, str, str]], *, is_confined: bool = False
) -> dict[str, str]:
    """Write files below `folder`; the path of each by the id of what it shows.

    Raises OSError when the folder cannot be written, and Unsafe for a path that a link leads out of
    it, or, if it is confined, to a file that is no evidence, before anything is written.
    """
    paths = [os.path.join(folder, name) for _, name, _ in files]
    for path in paths:
        why = evidence_refusal(path, folder) if is_confined else way_out(path, folder)
        if why:
            raise Unsafe(why)
    written = {}
    for path, (identity, _, text) in zip(paths, files, strict=True):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        replace_text(path, text)
        written[identity] = path.replace(os.sep, "/")
    return written
