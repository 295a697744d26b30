"""All evidence of a check as files."""

from __future__ import annotations

import hashlib

from tellverify.evidence.itf import folder_name
from tellverify.verdict.run import EvidenceFile
from tellverify.verification.certificate_files import certificate_files, graph_files
from tellverify.verification.checked import Checked
from tellverify.verification.trace_files import trace_files, write_files


def evidence_files(checked: Checked) -> list[tuple[str, str, str]]:
    """Certificates, graphs, traces and scripts: what each belongs to, its name, its text."""
    found = []
    for protocol in checked.run.protocols:
        key = (protocol.path, protocol.name)
        graphs = checked.graphs.get(key, {})
        origin = checked.origins.get(key)
        if origin is not None:
            found += trace_files(protocol, graphs, origin)
            found += graph_files(protocol, graphs, origin)
            found += certificate_files(protocol, graphs, origin)
        folder = folder_name(protocol.name)
        found += [(of, f"{folder}/{name}", text) for of, name, text in checked.files.get(key, ())]
    return found


def write_evidence(checked: Checked, folder: str) -> tuple[EvidenceFile, ...]:
    """Write all evidence of a check below a folder. Raises OSError when that cannot be done."""
    files = evidence_files(checked)
    written = write_files(folder, files)
    return tuple(
        EvidenceFile(identity, written[identity], hashlib.sha256(text.encode()).hexdigest())
        for identity, _, text in files
    )
