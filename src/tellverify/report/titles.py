"""Names of protocols as people read them: with the file where two files have one of one name."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from tellverify.verdict.identity import slashed
from tellverify.verdict.run import ProtocolReport, Run


class TitledProtocol(ProtocolReport, frozen=True):
    """A protocol of a run whose `title` says which of several of its name it is."""

    title: str = ""


def titled(run: Run) -> Run:
    """`run` with titles: `Ping (a/x.tell)` where another file has a `Ping`, else the bare name.

    Titles are for the formats that people read. Names and ids stay as they are, so that nothing
    that is stored depends on which other files were checked.
    """
    files = defaultdict(set)
    for one in run.protocols:
        files[one.name].add(one.path)
    if all(len(paths) == 1 for paths in files.values()):
        return run
    protocols = tuple(_titled(one) if len(files[one.name]) > 1 else one for one in run.protocols)
    return msgspec.structs.replace(run, protocols=protocols)


def _titled(one: ProtocolReport) -> TitledProtocol:
    fields = {name: getattr(one, name) for name in ProtocolReport.__struct_fields__}
    return TitledProtocol(**fields, title=f"{one.name} ({slashed(one.path)})")
