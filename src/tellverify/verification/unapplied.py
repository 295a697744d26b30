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
from tellverify.obligations.stated_scenarios import configured_scenario
from tellverify.source.span import NOWHERE
from tellverify.verdict.identity import SCENARIO_MARK, SubjectKind, requirement_key
from tellverify.verdict.properties import Property
from tellverify.verdict.run import NamedScenario, ProtocolReport
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
    checked: Iterable[str] = (),
) -> list[Diagnostic]:
    """Findings about scenarios and requirements of the configuration that apply to nothing.

    `diagnostics` say of single protocols that a scenario does not fit. `unchecked` gives the texts
    of the files that belong to the project and were not checked, `checked` are those that were.
    Where only some obligations were asked for, only a requirement under a scenario that no text has
    is reported.
    """
    of_roles = [one for one in reports if one.kind in _OF_ROLES]
    if not of_roles:
        return []
    stated = {name for text in checked for name in _NAME.findall(text)}
    judged = _Unapplied(of_roles, diagnostics, options, unchecked, stated)
    if options.roles or options.witness or options.properties or options.faults is not None:
        found = list(judged.misnamed())
    else:
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
        stated: set[str],
    ) -> None:
        self._reports = reports
        self._found = found
        self._options = options
        self._unchecked = unchecked
        self._texts: Sequence[str] | None = None
        self._is_broken = any(d.severity is Severity.ERROR and not d.refutes for d in found)
        self._stated = stated  # the names of scenarios in the texts that were checked
        self._applied = {one.name for report in reports for one in report.scenarios}

    def _may_be_elsewhere(self, words: Iterable[str]) -> bool:
        """Whether a text that was not checked, or could not be, may have all of these words."""
        return self._is_broken or bool(self._options.protocols) or self._has_text(map(_word, words))

    def _has_text(self, patterns: Iterable[str]) -> bool:
        """Whether a text that was not checked matches all of `patterns`."""
        if self._texts is None:
            self._texts = self._unchecked()
        return _some_text_has(self._texts, patterns)

    def misnamed(self) -> Iterator[Diagnostic]:
        """A finding for each requirement under a scenario that no text and no table states.

        Requirements on properties that were not asked for are left out.
        """
        known = {one.name for one in self._options.scenarios} | self._applied | self._stated
        chosen = {one.partition("[")[0] for one in self._options.properties}
        for place in self._options.required_at:
            asked, _, scenario = place.name.partition(SCENARIO_MARK)
            if not scenario or scenario in known or (chosen and asked not in chosen):
                continue
            if self._is_required(place):
                yield self._requirement(place, asked, scenario)

    def _is_required(self, place: RequirementPlace) -> bool:
        return dict(self._options.requirements).get(place.name, "nothing") != "nothing"

    def scenarios(self) -> Iterator[Diagnostic]:
        """A finding for each scenario that some protocols do not have the names of."""
        for given in self._options.scenarios:
            unfit = [one for one in self._found if say.is_left_out(one, given.name)]
            if not unfit:
                continue
            decided = self._decided(given)
            if decided:
                yield self._left_out(given, unfit, decided)
            else:
                yield self._of_nothing(given, unfit)

    def _decided(self, given: ConfiguredScenario) -> int:
        """The protocols of which this scenario was decided, and not another of its name."""
        stated = configured_scenario(given, [])
        if stated is None:
            return 0
        own = NamedScenario(given.name, stated.scenario.text)
        return sum(own in report.scenarios for report in self._reports)

    def _left_out(
        self, given: ConfiguredScenario, unfit: Sequence[Diagnostic], decided: int
    ) -> Diagnostic:
        protocols = list(dict.fromkeys(one.protocol for one in unfit))
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
        verdicts = [verdict for report in self._reports for verdict in report.verdicts]
        decided = {requirement_key(one.property, one.scope) for one in verdicts}
        decided |= {one.property.value for one in verdicts}
        for place in self._options.required_at:
            if place.name not in decided and self._is_required(place):
                asked, _, scenario = place.name.partition(SCENARIO_MARK)
                yield self._requirement(place, asked, scenario)

    def _requirement(self, place: RequirementPlace, asked: str, scenario: str) -> Diagnostic:
        if not scenario:
            return say.undecided_requirement(
                place.path, place.name, place.span, "", "", counts=False, elsewhere=False
            )
        configured = {one.name: one for one in self._options.scenarios}
        patterns: list[str]
        why, help = "", ""
        if asked not in UNDER_SCENARIOS:
            why = f": `{asked}` is not decided under scenarios"
            help = f"these are: {', '.join(UNDER_SCENARIOS)}"
            patterns = []
        elif scenario not in configured and scenario not in self._applied:
            why = f": there is no scenario `{scenario}`"
            meant = closest(scenario, sorted({*configured, *self._applied, *self._stated}))
            help = (
                f"did you mean `{meant}`?"
                if meant
                else f"state it: `[faults.{scenario}]` here, or a comment "
                f"`-- tell: faults {scenario}(crash <= 1 of Role)` at a protocol"
            )
            patterns = _statement(scenario)
        elif scenario not in self._applied:
            why = f": scenario `{scenario}` fits no protocol"
            patterns = [_word(name) for name in _families(configured[scenario])]
        else:
            why = f": nothing of that kind is stated of a protocol with scenario `{scenario}`"
            patterns = [_STATING.get(asked, _word(asked))]
        elsewhere = bool(patterns) and (
            self._is_broken or bool(self._options.protocols) or self._has_text(patterns)
        )
        return say.undecided_requirement(
            place.path, place.name, place.span, why, help, counts=not elsewhere, elsewhere=elsewhere
        )


def _word(name: str) -> str:
    """A pattern of a whole word."""
    return rf"(?<![\w-]){re.escape(name)}(?![\w-])"


_NAME: Final = re.compile(r"tell:[ \t]*faults[ \t]+([A-Za-z][\w-]*)[ \t]*\(")


def _statement(scenario: str) -> list[str]:
    """The pattern of a comment that states a scenario."""
    return [rf"tell:[ \t]*faults[ \t]+{re.escape(scenario)}[ \t]*\("]


def _some_text_has(texts: Iterable[str], patterns: Iterable[str]) -> bool:
    """Whether one text matches all patterns."""
    compiled = [re.compile(one) for one in patterns]
    return any(all(one.search(text) for one in compiled) for text in texts)


# Comments that state what a requirement is about.
_STATED: Final = r"tell:[ \t]*property[ \t]+[\w.-]+[ \t]*:"
_STATING: Final[dict[str, str]] = {
    Property.AGREEMENT: rf"{_STATED}[ \t]*agreement[ \t]*\(",
    Property.AT_MOST_ONCE: rf"{_STATED}[ \t]*at-most-once[ \t]*\(",
    Property.PROPERTY: rf"{_STATED}(?![ \t]*(?:agreement|at-most-once)[ \t]*\()",
}


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
