"""`tellverify recheck`: check certificates and traces again, and compare them with their source.

The first step needs no parser, solver or search. The second reads the source again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import click

from tellverify.cli.exit import Exit
from tellverify.diagnostics.wording import counted
from tellverify.evidence.acceptance import ACCEPTANCE_SUFFIX
from tellverify.evidence.budgets import BUDGET_NAME
from tellverify.evidence.graph_file import MACHINES_NAME, TRACE_SUFFIX
from tellverify.evidence.itf import MOST_BYTES, read_itf
from tellverify.evidence.recheck.evidence_files import ENDINGS, recheck
from tellverify.evidence.recheck.graph import Rejected
from tellverify.evidence.versions_file import VERSIONS_SUFFIX
from tellverify.evidence.workflow_run_file import WORKFLOW_RUN_SUFFIX
from tellverify.report.escape import printable
from tellverify.solver.smtlib import ENDING as SCRIPT
from tellverify.source.files import Unreadable, read_bytes, reason_of


@click.command("recheck")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--smt", is_flag=True, help="Put stored SMT-LIB scripts to the solvers again.")
@click.option(
    "--without-sources",
    is_flag=True,
    help="Accept evidence of the graph in the file, whatever its source says or where it is.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show only rejected files.")
def recheck_command(paths: tuple[str, ...], smt: bool, without_sources: bool, quiet: bool) -> int:
    """Check certificates, graphs and traces again, as `check --evidence` writes them.

    A small separate program checks the files; it trusts nothing that they claim, and says what
    holds for the graph in a file. Then the source is parsed and lowered again, as in `check`, and
    must have this graph; a line beginning `compared` says so. Paths of sources are relative to the
    working folder. Sources must not have changed since the evidence was made, and must exist unless
    `--without-sources` is given. Exit codes: 0 everything was accepted, 1 something was rejected, 4
    nothing was found.

    With `--smt`, stored queries are given to z3 and, where it is installed, to cvc5, and must have
    the answer that is stored with them; without it they are only counted.
    """
    accepted = rejected = scripts = 0
    compared: dict[str, str] = {}
    endings = (
        *ENDINGS,
        BUDGET_NAME,
        SCRIPT,
        ACCEPTANCE_SUFFIX,
        VERSIONS_SUFFIX,
        WORKFLOW_RUN_SUFFIX,
    )
    for path in (found for given in paths for found in _evidence(given, endings)):
        if path.endswith(SCRIPT) and not smt:
            scripts += 1
            continue
        reason, lines = _lines(path, None if without_sources else compared)
        if reason:
            rejected += 1
            click.echo(f"rejected: {_shown(path)}: {printable(reason)}")
        else:
            accepted += 1
            for line in () if quiet else lines:
                click.echo(line)
    if scripts and not quiet:
        click.echo(f"{scripts} SMT-LIB scripts not checked: `--smt` gives them to the solvers")
    if not accepted + rejected + scripts:
        click.echo("tellverify: no certificates and no traces found", err=True)
        return Exit.NOTHING_SELECTED
    if not quiet:
        click.echo(f"{accepted} accepted, {rejected} rejected")
    return Exit.REFUTED if rejected else Exit.OK


def _lines(path: str, compared: dict[str, str] | None) -> tuple[str, list[str]]:
    """Why a file is rejected, empty when it is not, and the lines that say what it shows.

    `compared` has the files whose graph was compared with its source; None when none is to be.
    """
    try:
        words = _judged(path)
        is_of_model = path.endswith(TRACE_SUFFIX) and words.startswith("claim[")
        if compared is None:
            is_whole = path.endswith(SCRIPT) or is_of_model
            if path.endswith(TRACE_SUFFIX) and not is_of_model:
                from tellverify.verification.source_graphs import require_decisive_graph

                require_decisive_graph(path)
            what = "graph and the formula" if _has_claim(path) else "graph"
            of_file = "" if is_whole else f" (of the {what} in the file)"
            return "", [f"accepted: {_shown(path)}: {printable(words)}{of_file}"]
        lines = [f"accepted: {_shown(path)}: {printable(words)}"]
        if path.endswith(SCRIPT):
            from tellverify.verification.source_graphs import require_file

            require_file(_source_of_script(path))
            return "", lines
        if is_of_model:
            return "", lines
        if path.endswith(WORKFLOW_RUN_SUFFIX):
            from tellverify.workflows.run_evidence import compared_with_source

            lines.append(f"compared: {_shown(path)}: {printable(compared_with_source(path))}")
            return "", lines
        if path.endswith(VERSIONS_SUFFIX):
            from tellverify.versions.source_machines import compare_versions_with_sources

            said = compare_versions_with_sources(path)
            return "", [*lines, f"compared: {_shown(path)}: {printable(said)}"]
        return "", _compared_lines(path, compared, lines[0])
    except (Rejected, Unreadable) as error:
        return str(error), []
    except OSError as error:
        return reason_of(error), []


def _compared_lines(path: str, compared: dict[str, str], accepted: str) -> list[str]:
    """The line of an accepted file, and those for graphs that were not compared before.

    Raises Rejected where the source has another graph, or states another thing that a run breaks.
    """
    from tellverify.verification.source_graphs import (
        bases_of,
        compare_run_with_source,
        compare_with_source,
    )

    lines = []
    bases = bases_of(path)
    for basis in bases:
        if basis not in compared:
            compared[basis] = compare_with_source(basis)
            lines.append(f"compared: {_shown(basis)}: {printable(compared[basis])}")
    if any(base.endswith(MACHINES_NAME) for base in bases):
        if path not in bases and _has_claim(path):
            accepted += " (of the formula in the file)"
    elif path.endswith(TRACE_SUFFIX):
        compare_run_with_source(path)
    return [accepted, *lines]


def _has_claim(path: str) -> bool:
    """Whether an accepted file is a run that is about a formula or a decision."""
    if not path.endswith(TRACE_SUFFIX) or _pattern_run(path):
        return False
    from tellverify.verification.stated_formulas import has_claim

    return has_claim(read_itf(read_bytes(path, MOST_BYTES)).subject)


def _shown(path: str) -> str:
    return printable(path.replace(os.sep, "/"))


def _judged(path: str) -> str:
    """Why a file is accepted, by the program for its kind; raises Rejected and OSError."""
    if path.endswith(SCRIPT):
        return _confirmed(path)
    if path.endswith(BUDGET_NAME):
        from tellverify.evidence.budget_check import BadBudgets, check_budget_file

        try:
            return check_budget_file(path)
        except BadBudgets as error:
            raise Rejected("budgets", str(error)) from None
    if path.endswith(VERSIONS_SUFFIX):
        from tellverify.evidence.recheck.mixtures import recheck_versions_file

        return recheck_versions_file(path)
    if path.endswith(WORKFLOW_RUN_SUFFIX):
        from tellverify.evidence.recheck.workflow_runs import recheck_workflow_run

        return recheck_workflow_run(path)
    if path.endswith(ACCEPTANCE_SUFFIX):
        from tellverify.runtime.recheck import recheck_acceptance

        return recheck_acceptance(path)
    if path.endswith(TRACE_SUFFIX):
        words = _pattern_run(path)
        if words:
            return words
    return recheck(path)


def _pattern_run(path: str) -> str:
    """What a run of a pattern shows, empty when the file holds none; raises Rejected."""
    from tellverify.verification.pattern_evidence import FalseRun, is_pattern_run, replayed_pattern

    content = read_bytes(path, MOST_BYTES)
    if not is_pattern_run(content):
        return ""
    try:
        found = replayed_pattern(content)
    except FalseRun as error:
        raise Rejected("the run", str(error)) from None
    count = counted(len(found.run.steps), "step")
    return (
        f"claim[{found.claim.kind} {found.claim.name}]: broken by {count} of `{found.model.name}`"
    )


def _source_of_script(path: str) -> str:
    """The file that an accepted script was asked of."""
    from tellverify.solver.smtlib import LARGEST, read_script

    return read_script(read_bytes(path, LARGEST).decode("utf-8")).about.source


def _confirmed(path: str) -> str:
    """Why a script is accepted; raises Rejected, and Unreadable."""
    from tellverify.solver.rechecking import judge_script, solvers
    from tellverify.solver.smtlib import LARGEST, BadScript

    content = read_bytes(path, LARGEST)
    names = solvers()
    if not names:
        raise Rejected("script", "no solver is installed")
    try:
        script, reason = judge_script(content.decode("utf-8"), names)
    except UnicodeDecodeError:
        raise Rejected("script", "it is not UTF-8 text") from None
    except BadScript as error:
        raise Rejected("script", str(error)) from None
    if os.path.isfile(script.about.source):
        source = read_bytes(script.about.source, MOST_BYTES)
        if hashlib.sha256(source).hexdigest() != script.about.sha256:
            raise Rejected("source", f"{script.about.source} changed since this was written")
    if reason:
        raise Rejected("script", reason)
    by = " and ".join(names)
    return f"{script.status} by {by}: {script.about.obligation} (of the query in the file)"


def _evidence(path: str, endings: tuple[str, ...]) -> Iterator[str]:
    """Files of evidence in a folder, sorted; a path that is not a folder is taken as it is."""
    if not os.path.isdir(path):
        yield path
        return
    for folder, inner, files in os.walk(path):
        inner.sort()
        for name in sorted(files):
            if name.endswith(endings):
                yield os.path.join(folder, name)
