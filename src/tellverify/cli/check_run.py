"""A check from its plan to the finished run, with what reports say of it beside the verdicts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence

import click
import msgspec

from tellverify.cli.check_options import Flags
from tellverify.cli.check_plan import CheckPlan, prepared
from tellverify.cli.complaints import complain
from tellverify.cli.exit import Exit
from tellverify.cli.reports import Output, command_line
from tellverify.cli.unmatched_names import (
    names_of_nothing,
    properties_of_nothing,
    unknown_protocols,
)
from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.source.text import SourceFile
from tellverify.verdict.revision import Revision, revision_of
from tellverify.verdict.run import CachedFiles, EvidenceFile, Run
from tellverify.verification.checked import Checked
from tellverify.verification.interruption import CODES
from tellverify.verification.refused import ClusterFailure
from tellverify.verification.schedule import ScheduledRun, conducted
from tellverify.verification.settings import Settings
from tellverify.verification.solvers import solvers_of

_WITH_COMPLETIONS = ("json", "proof", "html")


def checked(ready: CheckPlan) -> ScheduledRun:
    """The run of a prepared check, with the settings that made it."""
    try:
        found = conducted(ready.files, ready.options, ready.conduct)
    except ClusterFailure as error:
        raise click.ClickException(str(error)) from error
    return msgspec.structs.replace(found, checked=_with_settings(found.checked, ready.settings))


def _with_settings(done: Checked, settings: Settings) -> Checked:
    """A run that says what was set, and what of it asks for less than the defaults."""
    run: Run = done.run
    sources = dict(done.sources)
    if settings.listed:
        run = msgspec.structs.replace(run, configuration=(*settings.listed, *run.configuration))
    if settings.weaker and settings.source is not None:
        from tellverify.verification.reported import located_diagnostic

        sources[settings.source.path] = settings.source
        said = (located_diagnostic(one, sources) for one in settings.weaker)
        run = msgspec.structs.replace(run, diagnostics=(*said, *run.diagnostics))
    return msgspec.structs.replace(done, run=run, sources=sources)


class CheckResult(msgspec.Struct, frozen=True):
    """A finished check, and the reports to write about it."""

    run: Run
    sources: dict[str, SourceFile]
    output: Output
    complaints: tuple[str, ...] = ()


def perform(flags: Flags, edits: Mapping[str, str] | None = None) -> CheckResult | None:
    """Check, and write evidence; None if a policy cannot be used, which has been said.

    With `edits`, texts by path that are checked instead of those of the files, nothing is written.
    Raises RefusedFile for a fault of a file that the configuration names.
    """
    begun = time.perf_counter()
    ready = prepared(flags, edits=edits)
    options = ready.options
    if options.policy is not None or options.runtime:
        from tellverify.cli.policies import is_usable

        if not is_usable(options.policy, options.runtime):
            return None
    complaints: list[str] = []
    notes = list(ready.notes)
    unknown = unknown_protocols(ready.files, options.protocols)
    found = run_of(ready, flags, notes)
    result = found.checked
    if result.run.exit_code not in CODES:
        some = bool(result.run.protocols)  # where there are none, that is what the check ends as
        complaints = [*(unknown if some else ()), *names_of_nothing(result, options)]
        unknown = [] if some else unknown
        is_part = bool(flags.paths) or flags.changed_since is not None
        (notes if is_part else complaints).extend(properties_of_nothing(result, options))
    run = msgspec.structs.replace(
        result.run,
        command=command_line(),
        docs=flags.docs_url or "",
        solvers=solvers_of(result.run.protocols),
        revision=_revision(flags),
        cached=_cached(found, ready),
    )
    nothing = run.exit_code == Exit.NOTHING_SELECTED and ready.files and not ready.only
    if flags.changed_since is not None and nothing:
        reason = f"nothing has changed since `{flags.changed_since}`"
        run = msgspec.structs.replace(run, exit_code=Exit.OK, exit_reason=reason)
    if options.draw:
        from tellverify.verification.drawings import with_drawings

        run = with_drawings(run, result.graphs)
    if options.policy is not None and _shows_completions(ready, flags):
        from tellverify.cli.policies import load_policy
        from tellverify.verification.completion import completions

        answers = completions(run, ready.files, load_policy(options.policy))
        run = msgspec.structs.replace(run, completions=answers)
    if ready.evidence is not None and edits is None:
        confined = "evidence" in ready.settings.confined
        written = _write_evidence(result, ready.evidence, complaints, is_confined=confined)
        run = msgspec.structs.replace(run, evidence=written)
    run = _beside(run, flags, ready.settings)
    for note in (*unknown, *notes):
        complain(note)
    style = flags.style
    if flags.quiet:
        style = "warnings" if options.fail_on == "warning" else "errors"
    told = _of_the_cache(run, style)
    if flags.timing:  # nothing else in a report depends on the clock
        seconds = round(time.perf_counter() - begun, 3)
        run = msgspec.structs.replace(run, timing=(("total", seconds), *found.seconds))
        told.insert(0, f"{seconds:.1f} s")
    trailer = ", ".join(told)
    output = Output(style, flags.color, flags.verbose, ready.reports, flags.max_findings, trailer)
    return CheckResult(run, result.sources, output, tuple(complaints))


def _cached(found: ScheduledRun, ready: CheckPlan) -> CachedFiles | None:
    if not found.cached:
        return None
    return CachedFiles(found.cached, len(found.checked.run.inputs), ready.conduct.recheck)


def _of_the_cache(run: Run, style: str) -> list[str]:
    """The note on the cache at the end of the totals; on standard error without any."""
    if run.cached is None:
        return []
    if style == "none":
        complain(run.cached.text)
    return [run.cached.text]


def _beside(run: Run, flags: Flags, settings: Settings) -> Run:
    """`run` next to another version of the texts and to a stored run, as far as that is asked."""
    revision = flags.compare_against or settings.compare.against
    if revision is not None and not flags.machines:
        from tellverify.cli.against import with_comparison

        run = with_comparison(run, revision, flags, settings)
    if flags.base_run is not None:
        from tellverify.cli.reports import beside_base

        run = beside_base(run, flags.base_run)
    return run


def _revision(flags: Flags) -> Revision | None:
    """What flags say of the revision, above the environment unless the check is isolated."""
    known = None if flags.isolated else revision_of(os.environ)
    given = {
        "commit": flags.commit,
        "branch": flags.branch,
        "base": flags.base,
        "sources": flags.source_url,
    }
    said = {name: value for name, value in given.items() if value}
    if known is None and not said.keys() - {"base"}:
        return None
    return msgspec.structs.replace(known or Revision(), **said)


def _shows_completions(ready: CheckPlan, flags: Flags) -> bool:
    """Whether some report has the definition of done."""
    kinds = {kind for kind, _ in ready.reports}
    return flags.style == "json" or not kinds.isdisjoint(_WITH_COMPLETIONS)


def run_of(ready: CheckPlan, flags: Flags, notes: list[str]) -> ScheduledRun:
    """The run of a prepared check; what to tell about it goes to `notes`."""
    if flags.machines:
        asked = range(len(ready.files)) if ready.only is None else sorted(ready.only)
        compared = [ready.files[index] for index in asked] if flags.paths else []
        done = _check_machines(flags.machines, compared, ready.options)
        return ScheduledRun(_with_settings(done, ready.settings))
    is_terminal = sys.stderr.isatty()
    if flags.no_progress or flags.quiet or not (is_terminal or os.environ.get("CI")):
        found = checked(ready)
    else:
        from tellverify.cli.console import logged_progress, shown_progress

        total = len(ready.files) if ready.only is None else len(ready.only)
        with (shown_progress if is_terminal else logged_progress)(total) as progress:
            conduct = msgspec.structs.replace(ready.conduct, progress=progress)
            found = checked(msgspec.structs.replace(ready, conduct=conduct))
    notes.extend(found.notes)
    return found


def _check_machines(
    paths: Sequence[str], compared: Sequence[inputs.ReadFile], options: Options
) -> Checked:
    """Machines as one system, compared with the choreography of one file if there is one."""
    from tellverify.verification.machine_check import check_machines

    if len(compared) > 1:
        raise click.UsageError("machines are compared with the protocol of one file")
    read = [inputs.read_any(path.replace(os.sep, "/")) for path in dict.fromkeys(paths)]
    return check_machines(read, compared[0] if compared else None, options)


def _write_evidence(
    checked: Checked, folder: str, complaints: list[str], *, is_confined: bool
) -> tuple[EvidenceFile, ...]:
    """Write all evidence; what cannot be written is a complaint."""
    from tellverify.verification.evidence_files import Unsafe, write_evidence

    try:
        written = write_evidence(checked, folder, is_confined=is_confined)
        if not written:
            complain(f"no evidence to write into {folder}")
        return written
    except Unsafe as error:
        complaints.append(f"cannot write evidence into {folder}: {error}")
        return ()
    except OSError as error:
        complaints.append(f"cannot write evidence into {folder}: {error.strerror}")
        return ()
