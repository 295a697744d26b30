"""`tellverify accept`: the five conditions of the acceptance rule, with their evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click
import msgspec

from tellverify.admission.convergence import Sourced
from tellverify.cli.check_parse import parse_instances
from tellverify.cli.complaints import Stopped, complain
from tellverify.cli.exit import Exit
from tellverify.cli.policies import load_policy, policy_option, protocols_under, style_of_output
from tellverify.cli.rust_code import root_option, tests_of
from tellverify.cli.selection import given_or_included, settings_here
from tellverify.obligations.acceptance import acceptances
from tellverify.obligations.acceptance_files import evidence_files, graphs_of
from tellverify.obligations.acceptance_findings import Acceptance, AcceptanceCondition, State, Word
from tellverify.obligations.scenario_citations import CitedVerdict, cited_verdicts
from tellverify.policy.model import Policy
from tellverify.report.style import Paint, Style
from tellverify.verdict.identity import Subject, SubjectKind
from tellverify.verification.evidence_files import placed, write_files

if TYPE_CHECKING:
    from tellverify.admission.rust_tests import AdmissionTest

_TESTED: Final = {AcceptanceCondition.NEGATIVE: True, AcceptanceCondition.POSITIVE: False}
_SAYS: Final = {State.MET: "yes", State.FAILS: "no", State.UNKNOWN: "not known"}
_PAINT: Final[dict[str, Paint]] = {
    "accepted": "green",
    "refused": "red",
    "unknown": "yellow",
    "yes": "green",
    "no": "red",
    "not known": "yellow",
}


class ConditionRow(msgspec.Struct, frozen=True):
    """A condition as it is written to JSON; `state` is met, fails or unknown."""

    number: int
    name: str
    state: str
    reason: str
    path: str
    line: int


class VerdictRow(msgspec.Struct, frozen=True):
    """The verdict on one pack as it is written to JSON.

    `scenario` are the faults that the pack presupposes, and `cited` the verdicts under them.
    """

    pack: str
    carried: bool
    verdict: str
    excluded: str
    required: tuple[str, ...]
    refusals: int
    runs: int
    conditions: tuple[ConditionRow, ...]
    scenario: str = ""
    cited: tuple[CitedVerdict, ...] = ()


class TestRow(msgspec.Struct, frozen=True):
    """A test of the system itself as it is written to JSON; it was found by its name, not run."""

    kind: str
    name: str
    path: str
    line: int
    ignored: bool


class ProtocolRow(msgspec.Struct, frozen=True):
    """A protocol as it is written to JSON; `tests` is null where none were looked for."""

    protocol: str
    id: str
    path: str
    line: int
    wave: str
    in_policy: bool
    packs: tuple[VerdictRow, ...]
    evidence: tuple[str, ...] = ()
    tests: tuple[TestRow, ...] | None = None


class _AcceptanceCase(msgspec.Struct, frozen=True):
    """A protocol with its verdicts, and its tests upstream or why these were not looked for."""

    sourced: Sourced
    found: tuple[Acceptance, ...]
    evidence: tuple[str, ...]
    tests: tuple[AdmissionTest, ...] | str
    scenarios: Mapping[str, str] = {}
    cited: Mapping[str, tuple[CitedVerdict, ...]] = {}


@click.command("accept")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@policy_option
@click.option(
    "--instances",
    multiple=True,
    metavar="FAMILY=1..3",
    callback=parse_instances,
    help="Sizes of a role family; 1..3 by default.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--evidence",
    type=click.Path(),
    metavar="DIR",
    help="Write the refusals and runs behind every accepted pack into this folder.",
)
@root_option
@click.option("-v", "--verbose", is_flag=True, help="All conditions of all packs.")
def accept(
    paths: tuple[str, ...],
    policy_path: str | None,
    instances: tuple[tuple[str, tuple[int, ...]], ...],
    as_json: bool,
    evidence: str | None,
    root: str,
    verbose: bool,
) -> int:
    """Decide whether protocols may carry their theorem packs.

    PATH is a file with protocols or a folder; without one, the files that the configuration
    includes. Launches and runs are made on the spot: without every single key, without the pack,
    and with full support on every branch. The system's own tests, which the policy says how to find
    below --root, are listed beside them and not run. Exit codes: 0 all packs that are carried are
    accepted, 1 one is refused or a file has errors, 2 wrong usage or a faulty policy, 3 one is not
    known, 4 no protocol was found.
    """
    try:
        policy = load_policy(policy_path)
        found, is_fine, _ = protocols_under(policy, given_or_included(paths), paths)
    except Stopped as stop:
        return stop.code
    if not found:
        if is_fine:
            complain("no protocol was found")
        return Exit.NOTHING_SELECTED if is_fine else Exit.REFUTED
    cases = []
    tests = tests_of(policy, root)
    for sourced in found:
        verdicts = acceptances(sourced, policy, graphs_of(sourced, dict(instances)))
        try:
            written = _written(verdicts, sourced, policy, evidence) if evidence else ()
        except OSError as error:
            complain(f"cannot write evidence into {evidence}: {error.strerror}")
            return Exit.USAGE
        name = sourced.derived.manifest.protocol_id
        own = tests if isinstance(tests, str) else tests.get(name, ())
        scenarios = {
            each.pack: row.scenario
            for each in verdicts
            if each.carried and (row := policy.packs.get(each.pack)) is not None and row.scenario
        }
        cited = {}
        if scenarios:
            options = settings_here().options
            cited = {
                pack: cited_verdicts(sourced, scenario, dict(instances), options)
                for pack, scenario in scenarios.items()
            }
        cases.append(_AcceptanceCase(sourced, verdicts, written, own, scenarios, cited))
    if as_json:
        rows = [_row(case) for case in cases]
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    else:
        click.echo("\n".join(_lines(cases, style_of_output(), verbose)))
    words = {each.word for case in cases for each in case.found if each.carried}
    if Word.REFUSED in words or not is_fine:
        return Exit.REFUTED
    return Exit.UNKNOWN if Word.UNKNOWN in words else Exit.OK


def _written(
    verdicts: Sequence[Acceptance], sourced: Sourced, policy: Policy, folder: str
) -> tuple[str, ...]:
    files = [
        file
        for each in verdicts
        if each.word is Word.ACCEPTED
        for file in evidence_files(each, sourced, policy)
    ]
    name = sourced.derived.manifest.protocol_qualified_name
    subject = Subject(SubjectKind.PROTOCOL, sourced.derived.source.path, name)
    return tuple(write_files(folder, placed(subject, files)).values())


# Text


def _lines(cases: Sequence[_AcceptanceCase], style: Style, verbose: bool) -> list[str]:
    lines: list[str] = []
    for case in cases:
        shown = case.found if verbose else [each for each in case.found if each.carried]
        for each in shown:
            lines += [*_verdict(case, each, style), *_cited(case, each.pack, style), ""]
    short = [case for case in cases if not any(each.carried for each in case.found)]
    if not verbose:
        for case in short:
            lines += _note(case, style)
    carried = [each for case in cases for each in case.found if each.carried]
    counts = [
        f"{sum(each.word is word for each in carried)} {word}"
        for word in (Word.ACCEPTED, Word.REFUSED, Word.UNKNOWN)
    ]
    return [*lines, f"{', '.join(counts)}; {len(short)} without a pack"]


def _verdict(case: _AcceptanceCase, found: Acceptance, style: Style) -> list[str]:
    manifest = case.sourced.derived.manifest
    path = style.shown(case.sourced.derived.source.path)
    name = f"{style.tamed(manifest.protocol_id)} ({path})"
    word = str(found.word) if found.carried else f"{found.word}, not carried"
    head = style.paint(_PAINT.get(word, "plain"), word)
    wave = f"   {style.tamed(found.wave)}" if found.wave else ""
    lines = [f"{head}   {name}   {style.tamed(found.pack)}{wave}"]
    for one in found.findings:
        says = _SAYS[one.state]
        where = f" ({style.shown(one.path)}:{one.line})" if one.line else ""
        start = f"  {one.condition.number} {one.condition.title:<14} {says:<10}"
        row = style.hanging(start, f"{style.tamed(one.reason)}{where}", len(start))
        lines += [row[0].replace(says, style.paint(_PAINT[says], says), 1), *row[1:]]
        if one.condition in _TESTED:
            lines += _upstream(case.tests, _TESTED[one.condition], len(start), style)
    if found.barred:
        where = f" ({found.barred_path}:{found.barred_line})" if found.barred_line else ""
        start = "  - excluded       "
        lines += style.hanging(start, style.tamed(f"{found.barred}{where}"), len(start))
    return lines


def _upstream(
    tests: tuple[AdmissionTest, ...] | str, negative: bool, indent: int, style: Style
) -> list[str]:
    """The system's own tests of one kind, one a line."""
    start = f"{' ' * indent}upstream's {'negative' if negative else 'positive'} test: "
    if isinstance(tests, str):
        return style.hanging(start, f"not looked for, {tests}", indent)
    found = [one for one in tests if one.negative is negative]
    if not found:
        return [f"{start}none found"]
    return [
        f"{start}{style.shown(one.path)}:{one.line} {style.shown(one.name)}"
        f"{', ignored' if one.ignored else ''}"
        for one in found
    ]


def _cited(case: _AcceptanceCase, pack: str, style: Style) -> list[str]:
    """What holds under the faults that a pack presupposes; conditions do not rest on it."""
    scenario = case.scenarios.get(pack, "")
    if not scenario:
        return []
    start = "  - under faults   "
    cited = case.cited.get(pack, ())
    if not cited:
        text = (
            f"the pack presupposes scenario `{scenario}`, which neither the protocol nor the "
            "configuration states for it"
        )
        return style.hanging(start, style.tamed(text), len(start))
    lines = []
    for one in cited:
        why = f" ({one.reason})" if one.reason else ""
        text = f"{one.obligation}: {one.status}{why}"
        lines += style.hanging(start, style.tamed(text), len(start))
        start = " " * len(start)
    return lines


def _note(case: _AcceptanceCase, style: Style) -> list[str]:
    """What there is to say of a protocol without a pack, most often that it is free."""
    name = case.sourced.derived.manifest.protocol_id
    if not case.found:
        return [style.tamed(f"free       {name}: the policy does not list it")]
    wave = case.found[0].wave
    possible = [each for each in case.found if each.word is Word.POSSIBLE]
    start = "free       "
    if not possible:
        text = f"{name}: meets the five conditions of no pack; {wave or 'in no wave'}"
        return style.hanging(start, style.tamed(text), len(start))
    packs = " and ".join(f"`{each.pack}`" for each in possible)
    text = f"{name}: meets the five conditions of {packs}; {wave or 'in no wave'}"
    barred = next((each.barred for each in possible if each.barred), "")
    tail = f"; it stays free all the same: {barred}" if barred else ""
    return style.hanging("note       ", style.tamed(text + tail), len(start))


# JSON


def _row(case: _AcceptanceCase) -> ProtocolRow:
    derived = case.sourced.derived
    return ProtocolRow(
        derived.manifest.protocol_qualified_name,
        derived.manifest.protocol_id,
        derived.source.path,
        derived.source.position(derived.name.start)[0],
        case.found[0].wave if case.found else "",
        bool(case.found),
        tuple(
            VerdictRow(
                each.pack,
                each.carried,
                str(each.word),
                each.barred,
                each.required,
                len(each.refusals),
                sum(len(recorded.runs) for recorded in each.runs),
                tuple(
                    ConditionRow(
                        one.condition.number,
                        one.condition.title,
                        str(one.state),
                        one.reason,
                        one.path,
                        one.line,
                    )
                    for one in each.findings
                ),
                case.scenarios.get(each.pack, ""),
                case.cited.get(each.pack, ()),
            )
            for each in case.found
        ),
        case.evidence,
        None if isinstance(case.tests, str) else tuple(map(_test_row, case.tests)),
    )


def _test_row(one: AdmissionTest) -> TestRow:
    kind = "negative" if one.negative else "positive"
    return TestRow(kind, one.name, one.path, one.line, one.ignored)
