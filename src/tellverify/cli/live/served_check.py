"""One check for `tellverify serve`, in its own process: a request in, the page out.

As the process checks like `tellverify check`, the limits of time and memory are the same, and an
edit ends it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click
import msgspec

from tellverify.cli.check_options import Flags
from tellverify.cli.exit import Exit

if TYPE_CHECKING:
    from tellverify.cli.check_run import CheckResult
    from tellverify.report.html.components import HtmlPage

_MOST: Final = 100  # failures that are listed beside the page
_MOST_NAMES: Final = 4


class CheckRequest(msgspec.Struct, frozen=True):
    """The files to check, and the texts that replace those of files.

    `arguments` are those of the command line that reports name.
    """

    flags: Flags
    arguments: tuple[str, ...]
    edits: dict[str, str]


class ServedFailure(msgspec.Struct, frozen=True):
    """A line of the list beside the page; `anchor` is its place in the page, if it has one."""

    path: str
    line: int
    protocol: str
    what: str
    code: str
    message: str
    anchor: str = ""


class CheckAnswer(msgspec.Struct, frozen=True):
    """What a check found out. `files` are the paths that it read."""

    exit_code: int
    headline: str
    reason: str
    page: str
    failures: tuple[ServedFailure, ...]
    files: tuple[str, ...]


def answer_of(done: CheckResult) -> CheckAnswer:
    """The page of a finished check, and what the list beside it says."""
    from tellverify.report.html import write_html
    from tellverify.report.html.components import page_of
    from tellverify.report.html.page import headline_of
    from tellverify.report.titles import titled

    run = done.run
    failures = tuple(_failures(page_of(titled(run), done.sources, "")))
    return CheckAnswer(
        run.exit_code,
        headline_of(run),
        run.exit_reason,
        write_html(run, done.sources),
        failures[:_MOST],
        tuple(dict.fromkeys(one.path for one in run.inputs if one.path in done.sources)),
    )


def _failures(page: HtmlPage) -> Iterator[ServedFailure]:
    """What fails, in the order of the page: refutations, errors, undecided obligations."""
    from tellverify.report.entries import entries
    from tellverify.report.html.failures import errors
    from tellverify.report.html.protocols import worst_first
    from tellverify.report.html.refuted import case_anchor, cases, place_of_case, said_of
    from tellverify.report.summary import is_malformed

    found = cases(page)
    for protocol in worst_first(page):
        for case in found.get(protocol.subject, []):
            if case.is_required:
                region = place_of_case(case)
                names = [one.name for one in case.verdicts]
                more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
                yield ServedFailure(
                    region.path,
                    region.line,
                    protocol.title,
                    ", ".join(names[:_MOST_NAMES]) + more,
                    case.outcome.code,
                    said_of(case),
                    case_anchor(case),
                )
    is_open = ("unknown", "skipped")
    unsettled = [
        one
        for one in entries(page.run, page.compared)
        if one.kind in is_open and one.required
        if one.protocol is not None and not is_malformed(one.protocol)
    ]
    for one in (*errors(page), *unsettled):
        title = one.protocol.title if one.protocol is not None else ""
        name = one.verdict.name if one.verdict is not None else ""
        where = one.region
        yield ServedFailure(where.path, where.line, title, name, one.code, one.message)


def main() -> int:
    """Read a request from standard input, and write its answer to standard output."""
    import tellverify.cli.check_run
    import tellverify.report.html
    import tellverify.verification.drawings  # noqa: F401  # loaded while nothing is asked
    from tellverify.cli.group import guarded
    from tellverify.verification.interruption import heed_signals
    from tellverify.verification.workers import end_with

    heed_signals()
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    content = sys.stdin.buffer.read()
    if not content:
        return Exit.OK  # the server has ended
    request = msgspec.msgpack.decode(content, type=CheckRequest)

    def answered() -> int:
        with click.Context(click.Command("check"), obj=request.arguments):
            return _answered(request)

    return guarded(answered)


def _answered(request: CheckRequest) -> int:
    from tellverify.cli.check_plan import complain_refused
    from tellverify.cli.check_run import perform
    from tellverify.verification.refused import RefusedFile

    try:
        done = perform(request.flags, request.edits)
    except RefusedFile as refused:
        return complain_refused(refused)
    if done is None:
        return Exit.USAGE
    for complaint in done.complaints:
        sys.stderr.write(f"{complaint}\n")
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer_of(done)))
    sys.stdout.buffer.flush()
    return Exit.OK


if __name__ == "__main__":
    raise SystemExit(main())
