"""The flags of `check` in groups, and their values. A missing flag is left to configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import click
import msgspec

from tellverify.cli.check_parse import (
    LEVEL_OF,
    parse_address,
    parse_budgets,
    parse_day,
    parse_docs_address,
    parse_instances,
    parse_seconds,
    parse_selectors,
    parse_witness,
)
from tellverify.cli.nearest import NamedChoice
from tellverify.cli.reports import FORMATS, base_run_option, report_option
from tellverify.obligations.options import Level
from tellverify.source.builtin_policies import name_of_policy
from tellverify.verdict.properties import Property

_F = TypeVar("_F", bound=Callable[..., object])
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Flags(msgspec.Struct, frozen=True):
    """What was given on the command line; None and empty where nothing was."""

    paths: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    witness: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    changed_since: str | None = None
    instances: tuple[tuple[str, tuple[int, ...]], ...] = ()
    steps: int | None = None
    events: int | None = None
    queue: int | None = None
    rlimit: int | None = None
    configurations: int | None = None
    timeout: float | None = None
    total_timeout: float | None = None
    memory: int | None = None
    jobs: int | None = None
    cluster: str | None = None
    require: str | None = None
    fail_on: str | None = None
    exit_zero: bool = False
    today: str = ""
    allow: tuple[str, ...] = ()
    warn: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    baseline: str | None = None
    max_findings: int | None = None
    policy: str | None = None
    runtime: str | None = None
    budgets: tuple[tuple[str, str, int], ...] = ()
    style: str = "text"
    color: str = "auto"
    quiet: bool = False
    verbose: bool = False
    no_progress: bool = False
    timing: bool = False
    reports: tuple[tuple[str, str], ...] = ()
    evidence: str | None = None
    config: tuple[str, ...] = ()
    isolated: bool = False
    dialect: str | None = None
    target: str | None = None
    late: str | None = None
    stdin_name: str = "<stdin>"
    watch: bool = False
    no_cache: bool = False
    cache_dir: str | None = None
    recheck_cache: bool = False
    strict: bool = False
    base: str | None = None
    commit: str | None = None
    branch: str | None = None
    source_url: str | None = None
    docs_url: str | None = None
    fix: bool = False
    unsafe_fixes: bool = False
    compare_against: str | None = None
    base_run: str | None = None

    def table(self) -> dict[str, Json]:
        """The settings among the flags, as a configuration has them."""
        bounds: dict[str, Json] = {
            "steps": self.steps,
            "events": self.events,
            "queue": self.queue,
            "rlimit": self.rlimit,
            "configurations": self.configurations,
            "instances": {family: list(sizes) for family, sizes in self.instances} or None,
        }
        top: dict[str, Json] = {
            "bounds": {key: value for key, value in bounds.items() if value is not None} or None,
            "fail-on": self.fail_on,
            "dialect": self.dialect,
            "target": self.target,
            "semantics": {"late": self.late} if self.late is not None else None,
            "baseline": self.baseline,
            "policy": self.policy,
            "evidence": self.evidence,
            "jobs": self.jobs,
            "cache": False if self.no_cache else None,
            "cache-dir": self.cache_dir,
        }
        return {key: value for key, value in top.items() if value is not None}

    def levels(self) -> list[Level]:
        """The levels that flags give; a code in two of them has the one that is named last."""
        given = {"allow": self.allow, "warn": self.warn, "deny": self.deny}
        return [
            Level(selector, LEVEL_OF[flag], f"--{flag}")
            for flag, selectors in given.items()
            for selector in selectors
        ]


def _named_policy(context: click.Context, option: click.Parameter, given: str | None) -> str | None:
    return None if given is None else name_of_policy(given)


def _joined(*options: Callable[[_F], _F]) -> Callable[[_F], _F]:
    def add(command: _F) -> _F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _number(
    name: str, text: str, least: int = 1, most: int | None = None, *, metavar: str = "N"
) -> Callable[[_F], _F]:
    """An option that takes a whole number from `least` to `most`."""
    return click.option(name, type=click.IntRange(least, most), metavar=metavar, help=text)


def _selectors(name: str, text: str) -> Callable[[_F], _F]:
    """An option that takes codes, names and bands, as often as it is given."""
    return click.option(name, multiple=True, metavar="CODE", callback=parse_selectors, help=text)


what = _joined(
    click.option("--protocol", "protocols", multiple=True, metavar="NAME", help="Only this one."),
    click.option(
        "--property",
        "properties",
        multiple=True,
        metavar="NAME",
        type=NamedChoice([p.value for p in Property]),
        help="Only this property.",
    ),
    click.option("--role", "roles", multiple=True, metavar="NAME", help="Only this role."),
    click.option(
        "--witness",
        multiple=True,
        metavar="EVENT",
        callback=parse_witness,
        help="Only find a shortest run to `A -> B : X`, `branch LABEL` or `R finished`.",
    ),
    click.option(
        "--faults",
        multiple=True,
        metavar="NAME",
        help="Only this fault scenario, `none` for none; by default all of them.",
    ),
    click.option(
        "--machines",
        multiple=True,
        type=click.Path(),
        metavar="FILE",
        help="Check local types or machines instead; with PATH also against its protocol.",
    ),
    click.option(
        "--changed-since",
        metavar="REF",
        help="Only files that differ from this git revision, and those that import them.",
    ),
    click.option(
        "--compare-against",
        metavar="REF",
        help="Also decide whether the roles of this git revision run together with the new ones.",
    ),
)
how_far = _joined(
    click.option(
        "--instances",
        multiple=True,
        metavar="FAMILY=1..3",
        callback=parse_instances,
        help="Sizes of a role family; by default every size, or 1..3 where that is not decided.",
    ),
    _number("--steps", "Step limit of one question; beyond it the answer is unknown."),
    _number("--events", "Largest protocol graph to examine."),
    _number("--configurations", "Most configurations that one search visits; 200 000 by default."),
    _number("--queue", "Longest queue to search where no bound is known to suffice.", 1, 64),
)
how_long = _joined(
    _number("--rlimit", "Most work of the solver on one question about guards.", 1, 2**32 - 1),
    click.option(
        "--timeout",
        type=float,
        callback=parse_seconds,
        metavar="S",
        help="Time limit of one protocol in seconds; beyond it answers are unknown.",
    ),
    click.option(
        "--total-timeout",
        type=float,
        callback=parse_seconds,
        metavar="S",
        help="Time limit of all protocols together in seconds; 600 by default.",
    ),
    _number(
        "--memory",
        "Memory limit of all processes in MB; beyond it answers are unknown. Most by default.",
        64,
        2**24,
        metavar="MB",
    ),
    _number("--jobs", "Processes that work at once; 0 is one for each processor.", 0, 256),
    click.option(
        "--cluster",
        metavar="ADDRESS",
        help="Scheduler of a Dask cluster whose workers check the files; trust it as this machine.",
    ),
)
enough = _joined(
    click.option(
        "--require",
        type=click.Choice(["proved", "bounded"]),
        help="Weakest outcome accepted for required obligations; bounded by default.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice(["error", "warning", "never"]),
        help="Findings that make the check fail; error by default.",
    ),
    click.option(
        "--strict",
        is_flag=True,
        help="Ignore settings weaker than the defaults, and new comments and baseline entries.",
    ),
    click.option(
        "--base",
        metavar="REF",
        help="With --strict, the git revision whose comments and baseline count.",
    ),
    base_run_option,
    click.option("--commit", metavar="SHA", help="Commit that reports name; detected in CI."),
    click.option("--branch", metavar="NAME", help="Branch that reports name; detected in CI."),
    click.option(
        "--source-url",
        metavar="URL",
        callback=parse_address,
        help="Address that reports link to, with {path} and {line} in it; detected in CI.",
    ),
    click.option(
        "--docs-url",
        metavar="URL",
        envvar="TELLVERIFY_DOCS_URL",
        callback=parse_docs_address,
        help="Address of the documentation site, whose glossary and codes reports link to.",
    ),
    click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1 or 3."),
    click.option(
        "--today",
        metavar="DAY",
        callback=parse_day,
        help="Date on which dated assumptions are evaluated, instead of the current one.",
    ),
)
findings = _joined(
    _selectors("--allow", "Ignore a lint, by code, name or band such as TV2."),
    _selectors("--warn", "Make a lint a warning."),
    _selectors("--deny", "Make a lint an error."),
    click.option(
        "--baseline", metavar="FILE", help="File of known findings, which do not fail the check."
    ),
    _number("--max-findings", "Most findings to show on the terminal; the others are counted.", 0),
)
admission = _joined(
    click.option(
        "--policy",
        metavar="PATH",
        callback=_named_policy,
        help=(
            "Policy file or folder, or `aura` for the one that comes with tellverify: decide"
            " whether a runtime admits each protocol."
        ),
    ),
    click.option(
        "--runtime", metavar="PROFILE", help="A runtime of the policy other than its default."
    ),
    click.option(
        "--budget",
        "budgets",
        multiple=True,
        metavar="ROLE=N",
        callback=parse_budgets,
        help="Prove that no run charges the role more; SENDER->RECEIVER=N for one peer.",
    ),
)
output = _joined(
    click.option(
        "--format",
        "style",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help="Report to write to standard output.",
    ),
    report_option,
    click.option(
        "--evidence",
        type=click.Path(),
        metavar="DIR",
        help="Write certificates, and the trace of every refuted obligation, into this folder.",
    ),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto"),
    click.option("--timing", is_flag=True, help="Report the time taken, also in JSON."),
    click.option("--no-progress", is_flag=True, help="Show no progress line."),
    click.option(
        "-q", "--quiet", is_flag=True, help="Print only what fails the check, one line each."
    ),
    click.option("-v", "--verbose", is_flag=True, help="Show runs and verdicts in full."),
)
configured = _joined(
    click.option(
        "--config",
        multiple=True,
        metavar="FILE|KEY=VALUE",
        help="Configuration file instead of the nearest one, or a single setting.",
    ),
    click.option("--isolated", is_flag=True, help="Read no configuration and no environment."),
)
inputs = _joined(
    configured,
    click.option(
        "--dialect",
        type=click.Choice(["strict", "faithful"]),
        help="Report where Telltale misreads a file, or read and run files as it does.",
    ),
    click.option(
        "--target",
        type=click.Choice(["any", "telltale"]),
        help="System that runs the protocols; text that `telltale` drops or rejects is an error.",
    ),
    click.option(
        "--late",
        type=click.Choice(["attempts", "keep"]),
        help="Discard messages of an attempt whose timer fired, or deliver them.",
    ),
    click.option("--stdin-name", default="<stdin>", metavar="NAME", help="Path shown for `-`."),
)
again = _joined(
    click.option(
        "--watch", is_flag=True, help="Check again whenever a file changes, until interrupted."
    ),
    click.option("--no-cache", is_flag=True, help="Compute everything anew."),
    click.option(
        "--cache-dir",
        metavar="DIR",
        help="Folder of the cache; its results are checked again unless it is the user's own.",
    ),
    click.option(
        "--recheck-cache",
        is_flag=True,
        help="Compute everything anew, and report where the cache differs.",
    ),
)
mending = _joined(
    click.option(
        "--fix", is_flag=True, help="Make safe repairs of findings; none changes the messages sent."
    ),
    click.option(
        "--unsafe-fixes",
        is_flag=True,
        help="With --fix, also repairs that add or rename messages; see `tellverify repair`.",
    ),
)
