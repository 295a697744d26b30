"""A comparison as a run, so that every report that a check has can show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tellverify.diagnostics import versions as say
from tellverify.diagnostics.limits import STEP_LIMIT
from tellverify.diagnostics.model import Annotation, Diagnostic, Where
from tellverify.diagnostics.wording import counted, series
from tellverify.model.roles import family_of
from tellverify.model.trace import Trace, Waiting
from tellverify.obligations.options import Options
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import ObligationScope, obligation_name
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Conflict, Outcome, Proved, Refuted, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Family, ProtocolReport, Verdict
from tellverify.verdict.versions import FailingMixture, FailOn, MixedInstance, VersionComparison
from tellverify.versions.comparison import ComparedPair
from tellverify.versions.sides import MachineVersion, TextVersion
from tellverify.versions.upgrade import instead_of

OTHERS = "all other mixtures"
_WORST = ("proved", "bounded", "unknown")


def fails(one: VersionComparison, fail_on: FailOn) -> bool:
    """True when the verdict of a pair is one that the user does not accept."""
    if one.verdict in ("major", "broken"):
        return True
    if one.verdict != "minor" or fail_on == "major":
        return False
    return fail_on == "minor" or (one.upgrade is not None and one.upgrade.kind != "any")


def report_of(
    pair: ComparedPair, sources: Mapping[str, SourceFile], fail_on: FailOn
) -> tuple[ProtocolReport, list[Diagnostic]]:
    """The verdicts on one pair and the findings that go with them."""
    one = pair.comparison
    place = _place(pair, sources)
    refused = fails(one, fail_on)
    verdicts: list[Verdict] = []
    findings: list[Diagnostic] = []
    where = Where(one.path, one.name)
    for failing in one.failing:
        scope = ObligationScope(item=failing.words)
        trace = shown_trace(failing)
        outcome = Refuted(
            say.FAILING_MIXTURE.number, trace, Method.SEARCH, failing.instance, failing.reason
        )
        is_required = refused and one.verdict == "minor"
        verdicts.append(Verdict(Property.MIXTURE, scope, outcome, is_required, *place))
        findings.append(
            say.failing_mixture(
                where,
                failing.words,
                str(failing.fault),
                failing.reason,
                _shown_at(failing, pair),
                obligation_name(Property.MIXTURE, scope),
                order=one.summary if _has_order(one) else "",
                is_required=is_required,
            )
        )
    if one.instances and any(row.deployments > 1 for row in one.instances):
        scope = ObligationScope(item=OTHERS if one.failing else "every mixture")
        statistics = tuple(
            (f"configurations {row.instance}".strip(), row.configurations) for row in one.instances
        )
        known = _others(one.instances)
        verdicts.append(Verdict(Property.MIXTURE, scope, known, True, *place, statistics))
    verdicts.append(_roll_out(pair, place))
    findings += _about_roll_out(pair, where, fail_on)
    return (
        ProtocolReport(
            one.name, one.path, one.line, _declared(pair), _families(pair), tuple(verdicts)
        ),
        findings,
    )


def _place(pair: ComparedPair, sources: Mapping[str, SourceFile]) -> tuple[int, int]:
    source = sources.get(pair.new.path)
    return (1, 1) if source is None else source.position(pair.new.span.start)


def _roll_out(pair: ComparedPair, place: tuple[int, int]) -> Verdict:
    one = pair.comparison
    outcome: Outcome
    scope = ObligationScope()
    span = pair.new.span
    if one.verdict in ("major", "broken"):
        code = say.BAD_VERSION
        if one.verdict == "major":
            code = say.NO_SAFE_ORDER if _has_no_order(one) else say.WORSE_BUDGET
        conflict = Conflict(one.summary, one.path, span, span)
        outcome = Refuted(code.number, conflict, Method.SEARCH, reason=one.summary)
    elif one.verdict == "unknown":
        outcome = Unknown(one.reason or one.summary, say.NOT_COMPARED.number)
    else:
        known = _others(one.instances)
        outcome = known if one.instances else Proved(Method.STRUCTURE, one.reason)
        if isinstance(outcome, Proved):
            outcome = Proved(outcome.method, f"{one.verdict}: {one.summary}")
        elif isinstance(outcome, Bounded):
            detail = f"{one.verdict}: {one.summary}"
            outcome = Bounded(outcome.bound, outcome.method, detail)
    return Verdict(Property.ROLL_OUT, scope, outcome, True, *place)


def _has_order(one: VersionComparison) -> bool:
    return one.upgrade is not None and one.upgrade.kind in ("any", "ordered")


def _has_no_order(one: VersionComparison) -> bool:
    return one.upgrade is not None and one.upgrade.kind == "none"


def _about_roll_out(pair: ComparedPair, where: Where, fail_on: FailOn) -> Iterator[Diagnostic]:
    one, at = pair.comparison, pair.new.span
    name = str(Property.ROLL_OUT)
    if one.upgrade is not None and _has_no_order(one):
        yield say.no_safe_order(where, at, instead_of(one.upgrade), name)
    elif one.verdict == "broken":
        faulty = pair.old if pair.is_old_broken else pair.new
        there = Annotation(faulty.span, "the version that fails", faulty.path)
        yield say.bad_version(where, at, one.reason, name, there, is_repair=pair.is_repair)
    elif one.verdict == "unknown":
        if one.upgrade is None:
            yield say.not_compared(where, at, one.reason or one.summary)
        else:
            yield say.not_decided(where, at, one.reason, one.summary)
    elif fails(one, fail_on) and one.verdict == "minor":
        yield say.refused_change(where, at, one.verdict, fail_on, one.summary)
    for words in one.upstream:
        yield say.upstream_gate(where, at, words)
    for change in one.annotations:
        if change.weight == "major":
            yield say.worse_budget(where, at, change.words, "" if _has_no_order(one) else name)
        elif change.action:
            yield say.before_rollout(where, at, change.words, change.action)


def _others(rows: Sequence[MixedInstance]) -> Outcome:
    """The outcome for the mixtures that are not refuted, at all family sizes."""
    worst = max((row.evidence for row in rows), key=_WORST.index, default="unknown")
    weakest = next((row for row in rows if row.evidence == worst), None)
    method = weakest.method if weakest is not None else "nothing was compared"
    counts = " and ".join(str(row.configurations) for row in rows)
    sizes = ", ".join(row.instance for row in rows if row.instance)
    if worst == "unknown":
        return Unknown(method, STEP_LIMIT.number)
    how = Method.SEARCH
    if method.startswith("k-multi"):
        how = Method.COMPATIBILITY
    elif method.startswith(("subtyping", "each version")):
        how = Method.SUBTYPING
    detail = f"{method}, {counts} configurations" if sizes else method
    if worst == "bounded" or sizes:
        bound = sizes if worst == "proved" else ", ".join(filter(None, (sizes, method)))
        return Bounded(bound, how, detail)
    return Proved(how, detail)


def _declared(pair: ComparedPair) -> tuple[str, ...]:
    """The roles of both versions, families by their names."""
    if not pair.instances:
        return ()
    roles = (role for one in pair.instances for role in one.roles.roles)
    return tuple(dict.fromkeys(map(family_of, roles)))


def _families(pair: ComparedPair) -> tuple[Family, ...]:
    tried: dict[str, dict[int, None]] = {}
    for one in pair.instances:
        for family, size in one.sizes.items():
            tried.setdefault(family, {})[size] = None
    return tuple(Family(name, tuple(sizes)) for name, sizes in tried.items())


def _shown_at(failing: FailingMixture, pair: ComparedPair) -> Annotation:
    """The statement of the new text that the run comes to last; else the name of the protocol."""
    path = pair.new.path
    for step in reversed(failing.trace.steps):
        if step.site.path == path and step.site.line:
            return Annotation(step.site.span, f"`{step.label}` in the run", path)
    text = "this version" if isinstance(pair.new, TextVersion | MachineVersion) else ""
    return Annotation(pair.new.span, text, path)


def shown_trace(failing: FailingMixture) -> Trace:
    """The run of a mixture with the version of each changed role in its name: `C new`."""
    names = {one.role: f"{one.role} {one.version}" for one in failing.deployment}

    def name(role: str) -> str:
        return names.get(role, role)

    trace = failing.trace
    explanation = trace.explanation
    for role, shown in names.items():
        explanation = explanation.replace(f"`{role}`", f"`{shown}`")
    return msgspec.structs.replace(
        trace,
        steps=tuple(
            msgspec.structs.replace(step, sender=name(step.sender), receiver=name(step.receiver))
            for step in trace.steps
        ),
        culprits=tuple(map(name, trace.culprits)),
        explanation=explanation,
        queues=tuple((name(p), name(q), content) for p, q, content in trace.queues),
        waiting=tuple(
            Waiting(name(w.role), w.finished, tuple((name(p), label) for p, label in w.awaits))
            for w in trace.waiting
        ),
    )


def judged(
    comparisons: Sequence[VersionComparison],
    fail_on: FailOn,
    options: Options,
    diagnostics: Sequence[Diagnostic],
    nothing: tuple[int, str],
) -> tuple[int, str]:
    """Exit code and reason: 0 accepted, 1 refused, 3 not known; `nothing` if there is no pair."""
    refused = [one for one in comparisons if fails(one, fail_on)]
    if refused:
        broken = [one for one in refused if one.verdict == "broken"]
        if broken:
            return 1, f"{broken[0].name}: {broken[0].reason}"
        one = refused[0]
        more = f", and {counted(len(refused) - 1, 'more protocol')}" if len(refused) > 1 else ""
        asked = f", and fail-on is `{fail_on}`" if one.verdict == "minor" else ""
        return 1, f"{one.name} is {one.verdict}{asked}: {one.summary}{more}"
    wrong = [one for one in diagnostics if one.severity == "error" and not one.refutes]
    if wrong:
        return 1, wrong[0].message
    unknown = [one for one in comparisons if one.verdict == "unknown"]
    if unknown:
        return 3, f"{unknown[0].name}: {unknown[0].reason or unknown[0].summary}"
    bounded = [
        one
        for one in comparisons
        if any(row.evidence != "proved" or row.instance for row in one.instances)
        and one.verdict == "minor"
    ]
    if bounded and options.strength(Property.ROLL_OUT.value) == "proved":
        return 3, f"{bounded[0].name} is bounded, not proved"
    if not comparisons:
        return nothing
    return 0, f"{counted(len(comparisons), 'protocol')} compared"


def nothing_compared(
    reason: str, one_sided: Mapping[str, int], *, changes: bool
) -> tuple[int, str]:
    """The exit code where there is no pair: 0 where that is no mistake, else 4.

    `one_sided` counts the protocols that are *added* and *removed*. With `changes` the sides are
    what differs from a revision: then there may be nothing else.
    """
    counts = [f"{number} {word}" for word, number in one_sided.items() if number]
    if changes and counts:
        return 0, f"no protocol has two versions: {series(counts)}"
    return (0, reason) if reason.startswith("nothing has changed") else (4, reason)
