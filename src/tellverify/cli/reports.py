"""What `check` writes when it is done: report files and the terminal. All of them agree.

A report that cannot be written changes the exit code, and what the others say about it: so paths
are tried before anything is written, and what fails later makes the others be written again.
"""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TextIO, TypeVar

import click
import msgspec

from tellverify.cli.complaints import complain
from tellverify.cli.console import style_of
from tellverify.cli.exit import Exit, Stopped
from tellverify.cli.nearest import did_you_mean
from tellverify.diagnostics import inputs as say
from tellverify.report.escape import tame
from tellverify.report.kinds import KINDS, rendered, writer
from tellverify.source.text import SourceFile
from tellverify.source.writing import replace_text
from tellverify.verdict.run import Run

if TYPE_CHECKING:
    from tellverify.verification.checked import Checked

FORMATS: Final = ("text", "concise", "github", "json", "none")
STANDARD_OUTPUT: Final = "-"


class Output(msgspec.Struct, frozen=True):
    """The reports to write: one terminal format, and files as kind and path.

    The terminal format shows `most` findings (None: all), and `trailer` at the end of the totals.
    `read` are files that were read, beside those of the run, and that no report replaces.
    """

    style: str = "text"
    color: str = "auto"
    verbose: bool = False
    reports: tuple[tuple[str, str], ...] = ()
    most: int | None = None
    trailer: str = ""
    read: tuple[str, ...] = ()


def parse_reports(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """`KIND=PATH` as kind and path; no two reports go to one place."""
    found: list[tuple[str, str]] = []
    for text in given:
        kind, equals, path = text.partition("=")
        if kind not in KINDS or not equals or not path:
            meant = did_you_mean(kind, KINDS) if equals and path and kind not in KINDS else ""
            form = f"{'|'.join(KINDS)}=PATH"
            raise click.BadParameter(f"`{text}` is not of the form {form}{meant}")
        if any(_place(path) == _place(other) for _, other in found):
            raise click.BadParameter(f"two reports go to `{path}`")
        found.append((kind, path))
    return tuple(found)


report_option = click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="KIND=PATH",
    callback=parse_reports,
    help=f"Write a report file, or standard output with `-`: {', '.join(KINDS)}.",
)


def _place(path: str) -> str:
    return path if path == STANDARD_OUTPUT else os.path.abspath(path)


def keep_inputs(reports: Sequence[tuple[str, str]], read: Iterable[str]) -> None:
    """Raise click.UsageError when one of the reports would replace one of the files `read`."""
    from tellverify.verification.output_paths import is_one_of

    files = tuple(read)
    for kind, path in reports:
        if path != STANDARD_OUTPUT and is_one_of(path, files):
            why = f"the {kind} report would replace {tame(path)}, which is read"
            raise click.UsageError(f"{why}; name another path")


def deliver(
    run: Run, sources: Mapping[str, SourceFile], output: Output, complaints: Sequence[str] = ()
) -> int:
    """Write everything and return the exit code. What goes wrong is said on standard error.

    `complaints` are faults of the call that were found before. With a report on standard output,
    the terminal format goes to standard error. Raises click.UsageError as `keep_inputs` does.
    """
    keep_inputs(output.reports, [*(one.path for one in run.inputs), *sources, *output.read])
    said = list(complaints)
    files = [(kind, path) for kind, path in output.reports if path != STANDARD_OUTPUT]
    files.sort(key=_is_appended)  # appended text cannot be written again
    broken = {path: _why_not(path) for _, path in files}
    failed = {path: why for path, why in broken.items() if why}
    while True:
        final = _judged(run, said, files, failed)
        news = _write_all(final, sources, files, failed)
        if not news:
            break
        failed |= news
    for complaint in _all(said, files, failed):
        complain(complaint)
    piped = [kind for kind, path in output.reports if path == STANDARD_OUTPUT]
    for kind in piped:
        sys.stdout.write(writer(kind)(final, sources))
    show(final, sources, output, sys.stderr if piped else sys.stdout)
    return final.exit_code


def deliver_with_evidence(run: Run, checked: Checked, folder: str | None, output: Output) -> int:
    """`deliver`, once evidence is written into `folder`; what cannot be written is a complaint."""
    complaints = []
    if folder is not None:
        from tellverify.verification.evidence_files import write_evidence

        try:
            run = msgspec.structs.replace(run, evidence=write_evidence(checked, folder))
        except OSError as error:
            complaints.append(f"cannot write evidence into {folder}: {error.strerror}")
    return deliver(run, checked.sources, output, complaints)


def _all(
    said: Sequence[str], files: Sequence[tuple[str, str]], failed: Mapping[str, str]
) -> list[str]:
    lines = [
        f"cannot write the {kind} report to {path}: {failed[path]}"
        for kind, path in files
        if path in failed
    ]
    return [*said, *lines]


def _judged(
    run: Run,
    said: Sequence[str],
    files: Sequence[tuple[str, str]],
    failed: Mapping[str, str],
) -> Run:
    """`run`, or one that ends with the exit code of wrong usage when there are complaints."""
    complaints = _all(said, files, failed)
    if not complaints:
        return run
    more = f" and {len(complaints) - 1} more" if len(complaints) > 1 else ""
    return msgspec.structs.replace(
        run, exit_code=int(Exit.USAGE), exit_reason=f"{complaints[0]}{more}"
    )


def _is_appended(report: tuple[str, str]) -> bool:
    """True of the summary file of a CI job, which collects what several steps append to it."""
    kind, path = report
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    return kind == "markdown" and bool(summary) and _place(path) == _place(summary or "")


def _why_not(path: str) -> str:
    """Why `path` cannot be written, empty when it can; folders and an empty file are made."""
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "ab"):
            return ""
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:  # a null character in the path
        return str(error)


def _write_all(
    run: Run,
    sources: Mapping[str, SourceFile],
    files: Sequence[tuple[str, str]],
    failed: Mapping[str, str],
) -> dict[str, str]:
    """Write the reports that have not failed; why writing failed, by path.

    A defect in one report is raised when the others are written.
    """
    news: dict[str, str] = {}
    defect: Exception | None = None
    for kind, path in files:
        if path in failed or (news and _is_appended((kind, path))):
            continue
        try:
            text = rendered(kind, run, sources, path)
        except Exception as error:
            defect = defect or error
            continue
        try:
            _write(path, text, appends=_is_appended((kind, path)))
        except OSError as error:
            news[path] = error.strerror or str(error)
            _drop(path)
    if defect is not None:
        raise defect
    return news


def _write(path: str, text: str, *, appends: bool) -> None:
    if not appends:
        replace_text(path, text, "backslashreplace")
        return
    with open(path, "ab") as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def _drop(path: str) -> None:
    """Leave no empty report behind; an earlier one stays, and so do devices and pipes."""
    try:
        if os.path.isfile(path) and not os.path.getsize(path):
            os.remove(path)
    except OSError:
        return


def show(run: Run, sources: Mapping[str, SourceFile], output: Output, out: TextIO) -> None:
    """Write the terminal format to `out`."""
    ascii_only = not (out.encoding or "").lower().startswith("utf")
    match output.style:
        case "json":
            out.write(writer("json")(run, sources))
        case "concise":
            from tellverify.report.concise import write_concise

            write_concise(run, sources, out, ascii_only=ascii_only, most=output.most)
        case "errors" | "warnings":
            from tellverify.report.concise import write_failing

            warned = output.style == "warnings"
            write_failing(run, out, warned=warned, ascii_only=ascii_only, most=output.most)
        case "github":
            from tellverify.report.github import guarded, write_annotations

            write_annotations(run, sources, out, output.most)
            page = io.StringIO()
            _text(run, sources, output, page, out)
            out.write(guarded(page.getvalue()))
        case "text":
            _text(run, sources, output, out, out)
        case _:
            return


def _text(
    run: Run,
    sources: Mapping[str, SourceFile],
    output: Output,
    page: TextIO,
    terminal: TextIO,
) -> None:
    from tellverify.report.text import write_text

    style = style_of(terminal, output.color)
    write_text(
        run,
        sources,
        page,
        color=style.color,
        ascii_only=style.ascii_only,
        width=style.width,
        folder=style.folder,
        verbose=output.verbose,
        trailer=output.trailer,
        most=output.most,
    )


_F = TypeVar("_F", bound=Callable[..., object])

_HELP: Final = "A run of the base, as `--report json=` stores it: reports begin with what changed."


def base_run_option(command: _F) -> _F:
    """`command` with the option."""
    return click.option("--base-run", metavar="RUN.json", help=_HELP)(command)


def beside_base(run: Run, path: str) -> Run:
    """`run` with the stored run at `path` as what was before. Raises Stopped if it is none."""
    from tellverify.report.run_file import StoredError
    from tellverify.report.stored_run import MOST_BYTES, read_run
    from tellverify.source.files import Unreadable, read_bytes
    from tellverify.verification.baseline import compared_with

    try:
        base = read_run(read_bytes(path, MOST_BYTES))
    except (StoredError, Unreadable) as error:
        found = say.unreadable_run(path, str(error))
        complain(f"--base-run: {tame(found.message)}")
        raise Stopped(Exit.USAGE) from None
    return compared_with(run, base.run, path)


_WITH_VALUE: Final = frozenset(
    {"--report", "--format", "--color", "--evidence", "--jobs", "--cluster", "--cache-dir"}
)
_ALONE: Final = frozenset({"-q", "--quiet", "-v", "--verbose", "--no-progress", "--timing"})


def command_line() -> str:
    """The arguments of the running command without those that only say where output goes."""
    given = click.get_current_context().find_root().obj
    arguments = [str(one) for one in given] if isinstance(given, tuple) else []
    kept: list[str] = []
    skip = False
    for position, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument == "--":
            kept.extend(arguments[position:])
            break
        elif argument in _WITH_VALUE:
            skip = True
        elif argument not in _ALONE and argument.partition("=")[0] not in _WITH_VALUE:
            kept.append(argument)
    return shlex.join(["tellverify", *kept])
