"""The repairs of all protocols of one file, and its text with one repair of each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.diagnostics.wording import counted
from tellverify.language.files.inputs import ReadFile, decode
from tellverify.obligations.options import Options
from tellverify.repair.repair import RepairOptions
from tellverify.source.text import SourceFile
from tellverify.verification.pipeline import check_file, workspace_of
from tellverify.verification.repairs import ProtocolRepairs, RepairState, repairs_of


class NoSuchProtocol(Exception):
    """The file has no protocol of a name that was given; the text lists those that it has."""


class NoSuchOffer(Exception):
    """A protocol has fewer offers than the number that is to be taken; the text says how many."""


class RepairedFile(msgspec.Struct, frozen=True):
    """The repairs of the protocols of a file in its order, and its text with those taken."""

    protocols: tuple[ProtocolRepairs, ...]
    text: str


def repairs_in(
    files: Sequence[ReadFile], options: Options, wanted: RepairOptions, names: Sequence[str]
) -> RepairedFile:
    """The repairs of the protocols of the first of `files`; of those called `names`, if any are.

    The other files are there to be imported. Raises NoSuchProtocol.
    """
    return _repaired(files, options, wanted, _chosen(files, options, names), None)


def file_repaired(
    files: Sequence[ReadFile],
    options: Options,
    wanted: RepairOptions,
    names: Sequence[str],
    take: int,
) -> RepairedFile:
    """The same, where each protocol is repaired in the text that the repairs before it have made.

    `take` is the number of the offer that is taken. Raises NoSuchProtocol, and NoSuchOffer where a
    protocol that is repaired has fewer.
    """
    return _repaired(files, options, wanted, _chosen(files, options, names), take)


class NoProtocols(msgspec.Struct, frozen=True):
    """Why a file has no protocols of its own: its errors, and the files that it includes."""

    errors: tuple[Diagnostic, ...]
    source: SourceFile
    included: tuple[str, ...]


def why_no_protocols(file: ReadFile, options: Options) -> NoProtocols:
    """The errors of a file, such as one that it cannot include, and the files that it includes."""
    units = [unit for unit, _ in workspace_of([file], options).opened()]
    errors = [one for one in units[0].diagnostics if one.severity is Severity.ERROR]
    included = dict.fromkeys(unit.file.path for unit in units[1:])
    return NoProtocols(tuple(errors), units[0].source, tuple(included))


def _repaired(
    files: Sequence[ReadFile],
    options: Options,
    wanted: RepairOptions,
    numbers: Sequence[int],
    take: int | None,
) -> RepairedFile:
    found: list[ProtocolRepairs] = []
    text = files[0].text or ""
    for number in numbers:
        one = _of(files, options, wanted, number)
        found.append(one)
        if take is not None and one.found.offers:
            offers = one.found.offers
            if take > len(offers):
                raise NoSuchOffer(f"`{one.name}` has {counted(len(offers), 'repair')}")
            text = offers[take - 1].text
            files = [decode(files[0].path, text.encode("utf-8", "surrogatepass")), *files[1:]]
    return RepairedFile(tuple(found), text)


def _of(
    files: Sequence[ReadFile], options: Options, wanted: RepairOptions, number: int
) -> ProtocolRepairs:
    workspace = workspace_of(files, options)
    found = [one for one in workspace.protocols() if one.source.path == files[0].path][number]
    options = msgspec.structs.replace(options, protocols=(found.name,), suggest=False)
    result = check_file(workspace, 0, options)
    report = next(one for one in result.reports if one.name == found.name)
    repaired = repairs_of(workspace, found, report, result.diagnostics, options, wanted, check_file)
    if repaired.state is RepairState.MALFORMED:
        return repaired
    errors = {
        one
        for one in result.diagnostics
        if one.severity is Severity.ERROR and not one.refutes and one.protocol in ("", found.name)
    }
    return msgspec.structs.replace(repaired, errors=tuple(sorted(errors, key=sort_key)))


def _chosen(files: Sequence[ReadFile], options: Options, names: Sequence[str]) -> list[int]:
    """The numbers of the protocols that are called `names`, of all without names."""
    workspace = workspace_of(files, options)
    known = [one for one in workspace.protocols() if one.source.path == files[0].path]
    for name in names:
        if not any(one.is_called(name) for one in known):
            listed = ", ".join(one.name for one in known) or "none"
            raise NoSuchProtocol(f"there is no protocol `{name}`; the file has {listed}")
    if not names:
        return list(range(len(known)))
    return [i for i, one in enumerate(known) if any(one.is_called(name) for name in names)]
