"""One file of evidence: what it is, whether its source is still the same, and whether it holds."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, Protocol, TypeVar

import msgspec

from tellverify.evidence import graph_file as form
from tellverify.evidence.recheck.graph import Rejected, require
from tellverify.source.files import Unreadable, read_bytes


class _Filed(Protocol):
    @property
    def schema(self) -> str: ...


_Kind = TypeVar("_Kind", bound=_Filed)
# Every kind of file by the end of its name, and what rechecks it, which is loaded for it alone.
_KINDS: Final = {
    form.CERTIFICATE_NAME: "certificate_file:recheck_certificate",
    form.GRAPH_SUFFIX: "traces:recheck_graph",
    form.TIMED_SUFFIX: "timed_traces:recheck_timed",
    form.MACHINES_NAME: "machine_file:recheck_machines",
    form.TRACE_SUFFIX: "traces:recheck_trace",
}
ENDINGS: Final = tuple(_KINDS)


def recheck(path: str) -> str:
    """What a file shows, in words; one of an unknown kind is a certificate. Raises Rejected."""
    ending = next((ending for ending in ENDINGS if path.endswith(ending)), form.CERTIFICATE_NAME)
    module, _, function = _KINDS[ending].partition(":")
    found = import_module(f"tellverify.evidence.recheck.{module}")
    return str(getattr(found, function)(path))


def read(path: str) -> bytes:
    """The bytes of a file. Raises Rejected."""
    try:
        return read_bytes(path, form.MOST_BYTES)
    except Unreadable as error:
        raise Rejected("the file", str(error)) from None


def load(path: str, kind: type[_Kind], schema: str, write: Callable[[_Kind], str]) -> _Kind:
    """The content of a file in its one form. Raises Rejected."""
    content = read(path)
    try:
        file = msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Rejected("the file", str(error)[:200].partition("\n")[0]) from None
    require(file.schema == schema, "schema", f"not `{schema}`")
    require(write(file).encode() == content, "the file", "not in canonical form")
    return file


def check_sources(path: str, files: Sequence[form.FileSum], protocol: str) -> None:
    """The files of a protocol, its own first, are those that evidence was made of."""
    require(bool(protocol), "protocol", "it has no name")
    for number, (source, sha256) in enumerate(files):
        check_source(path, source, sha256, "" if number else protocol)


def check_source(
    path: str, source: str, sha256: str, protocol: str | None, again: str = ""
) -> None:
    """The source, when it is there, is the one that evidence was made of, with this protocol.

    `again` makes such evidence, empty: `check`. A second protocol of one name is `Name@LINE`.
    """
    require(bool(re.fullmatch("[0-9a-f]{64}", sha256)), "sha256", "no such sum")
    if not os.path.isfile(source):
        return
    text = read(source)
    if hashlib.sha256(text).hexdigest() != sha256:
        evidence = os.path.dirname(os.path.dirname(path)) or "."
        named = (os.path.dirname(source) or ".") if protocol is not None else f"--machines {source}"
        again = again or f"tellverify check {named} --evidence {evidence}"
        raise Rejected("source", f"{source} changed since its proof was made: run {again}")
    if not protocol:
        return
    own = protocol.rpartition(".")[2].partition("@")[0].encode("utf-8", "surrogatepass")
    found = own and re.search(rb"\bprotocol\s+" + re.escape(own) + rb"\b", text)
    require(bool(found), "protocol", f"`{source}` has no protocol of this name")
