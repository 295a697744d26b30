"""What a configuration says that applies to nothing that was checked: scenarios, requirements.

A scenario of the configuration is one of every protocol that has its roles and channels. What no
protocol has is a slip, unless a file that was not checked may have it. A requirement under a
scenario that was decided nowhere is not met.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics import faults as say
from tellverify.diagnostics.model import Diagnostic, Kind, Severity
from tellverify.language.checks.suggest import closest
from tellverify.model.roles import family_of
from tellverify.model.scenario_text import ScenarioError, parse_scenario
from tellverify.obligations.options import ConfiguredScenario, Options, RequirementPlace
from tellverify.source.span import NOWHERE
from tellverify.verdict.identity import SCENARIO_MARK, SubjectKind, requirement_key
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport
from tellverify.verification.levels import IGNORE, level_of

Texts: TypeAlias = Callable[[], Sequence[str]]
_FEW: Final = 3
_OF_ROLES: Final = (SubjectKind.PROTOCOL, SubjectKind.MACHINES)
UNDER_SCENARIOS: Final = (
    Property.NO_DEADLOCK,
    Property.NO_ORPHAN_MESSAGE,
    Property.NO_UNSPECIFIED_RECEPTION,
    Property.NO_STUCK_ROLE,
    Property.AGREEMENT,
    Property.AT_MOST_ONCE,
    Property.PROPERTY,
)
"""The properties that are decided under scenarios."""


def unapplied(
    reports: Sequence[ProtocolReport],
    diagnostics: Sequence[Diagnostic],
    options: Options,
    unchecked: Texts,
) -> list[Diagnostic]:
    """Findings about scenarios and requirements of the configuration that apply to nothing.

    `diagnostics` say of single protocols that a scenario does not fit. `unchecked` gives the texts
    of the files that belong to the project and were not checked.
    """
    of_roles = [one for one in reports if one.kind in _OF_ROLES]
    if not of_roles or options.roles or options.witness:
        return []
    judged = _Unapplied(of_roles, diagnostics, options, unchecked)
    found = [*judged.scenarios(), *judged.requirements()]
    return [_levelled(one, options) for one in found]


def not_left_out(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings without those that `unapplied` unites."""
    return (one for one in diagnostics if one.code != say.SCENARIO_LEFT_OUT)


def _levelled(one: Diagnostic, options: Options) -> Diagnostic:
    """A finding with the level that the configuration gives its code; `ignore` makes it a note."""
    level = level_of(one.code, options.levels)
    if level is None or one.code.kind is not Kind.LINT or one.severity is Severity.NOTE:
        return one
    severity = Severity.NOTE if level.level == IGNORE else Severity(level.level)
    return msgspec.structs.replace(one, severity=severity)


class _Unapplied:
    """What one configuration says that applies to nothing in one run."""

    def __init__(
        self,
        reports: Sequence[ProtocolReport],
        found: Sequence[Diagnostic],
        options: Options,
        unchecked: Texts,
    ) -> None:
        self._reports = reports
        self._found = found
        self._options = options
        self._unchecked = unchecked
        self._texts: Sequence[str] | None = None
        self._is_broken = any(d.severity is Severity.ERROR and not d.refutes for d in found)
        self._applied = {one.name for report in reports for one in report.scenarios}

    def _may_be_elsewhere(self, words: Iterable[str]) -> bool:
        """Whether a text that was not checked, or could not be, may have all of these words."""
        if self._is_broken or self._options.protocols:
            return True
        if self._texts is None:
            self._texts = self._unchecked()
        patterns = [re.compile(rf"(?<![\w-]){re.escape(one)}(?![\w-])") for one in words]
        return any(all(one.search(text) for one in patterns) for text in self._texts)

    def scenarios(self) -> Iterator[Diagnostic]:
        """A finding for each scenario that some protocols do not have the names of."""
        for given in self._options.scenarios:
            unfit = [one for one in self._found if say.is_left_out(one, given.name)]
            if not unfit:
                continue
            if given.name in self._applied:
                yield self._left_out(given, unfit)
            else:
                yield self._of_nothing(given, unfit)

    def _left_out(self, given: ConfiguredScenario, unfit: Sequence[Diagnostic]) -> Diagnostic:
        protocols = list(dict.fromkeys(one.protocol for one in unfit))
        decided = sum(any(s.name == given.name for s in r.scenarios) for r in self._reports)
        at = given.spans[0] if given.spans else NOWHERE
        count = decided + len(protocols)
        return say.scenario_left_out_of(
            given.path, given.name, at, protocols, count, _reasons(unfit)
        )

    def _of_nothing(self, given: ConfiguredScenario, unfit: Sequence[Diagnostic]) -> Diagnostic:
        by_protocol: dict[str, set[str]] = {}
        for one in unfit:
            by_protocol.setdefault(one.protocol, set()).update(one.notes)
        nowhere = set.intersection(*by_protocol.values())
        shown = [one for one in unfit if set(one.notes) & nowhere] or list(unfit)
        none_has = f"none has {' or '.join(sorted(nowhere))}"
        why = none_has if nowhere else "; ".join(_reasons(unfit))
        helps = list(dict.fromkeys(help for one in shown for help in one.helps))
        meant = [help for help in helps if help.startswith("did you mean")]
        if not meant and len(by_protocol) > 1:
            helps = []
        elsewhere = self._may_be_elsewhere(_families(given))
        at = shown[0].primary.span
        return say.scenario_of_nothing(
            given.path, given.name, at, why, (meant or helps)[:_FEW], elsewhere=elsewhere
        )

    def requirements(self) -> Iterator[Diagnostic]:
        """A finding for each requirement on an obligation that was decided nowhere."""
        options = self._options
        if options.properties:
            return
        verdicts = [verdict for report in self._reports for verdict in report.verdicts]
        decided = {requirement_key(one.property, one.scope) for one in verdicts}
        decided |= {one.property.value for one in verdicts}
        strengths = dict(options.requirements)
        for place in options.required_at:
            name = place.name
            if name in decided or strengths.get(name, "nothing") == "nothing":
                continue
            asked, _, scenario = name.partition(SCENARIO_MARK)
            if scenario and options.faults is not None and scenario not in options.faults:
                continue
            yield self._requirement(place, asked, scenario)

    def _requirement(self, place: RequirementPlace, asked: str, scenario: str) -> Diagnostic:
        if not scenario:
            return say.undecided_requirement(
                place.path, place.name, place.span, "", "", counts=False, elsewhere=False
            )
        configured = {one.name: one for one in self._options.scenarios}
        words: list[str]
        why, help = "", ""
        if asked not in UNDER_SCENARIOS:
            why = f": `{asked}` is not decided under scenarios"
            help = f"these are: {', '.join(UNDER_SCENARIOS)}"
            words = []
        elif scenario not in configured and scenario not in self._applied:
            why = f": there is no scenario `{scenario}`"
            meant = closest(scenario, sorted({*configured, *self._applied}))
            help = (
                f"did you mean `{meant}`?"
                if meant
                else f"state it: `[faults.{scenario}]` here, or a comment "
                f"`-- tell: faults {scenario}(crash <= 1 of Role)` at a protocol"
            )
            words = ["faults", scenario]
        elif scenario not in self._applied:
            why = f": scenario `{scenario}` fits no protocol"
            words = ["faults", scenario]
            if scenario in configured:
                words = _families(configured[scenario])
        else:
            why = f": nothing of that kind is stated of a protocol with scenario `{scenario}`"
            words = [asked]
        elsewhere = bool(words) and self._may_be_elsewhere(words)
        return say.undecided_requirement(
            place.path, place.name, place.span, why, help, counts=not elsewhere, elsewhere=elsewhere
        )


def _reasons(unfit: Sequence[Diagnostic]) -> tuple[str, ...]:
    """What protocols do not have, for a few of them."""
    said = [f"`{one.protocol}` does not have {one.notes[0]}" for one in unfit if one.notes]
    return tuple(dict.fromkeys(said))[:_FEW]


def _families(given: ConfiguredScenario) -> list[str]:
    """The roles and families that a scenario names."""
    names: dict[str, None] = {}
    for text in given.rules:
        try:
            scenario = parse_scenario(given.name, text)
        except ScenarioError:
            continue
        for rule in scenario.rules:
            names.update(dict.fromkeys(map(family_of, (*rule.left, *rule.right))))
    return list(names)
