"""One protocol in two versions: everything that is to be said about the pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted, series
from tellverify.obligations.options import Options
from tellverify.verdict.versions import (
    FailingMixture,
    MixedInstance,
    RoleVersion,
    UpgradeOrder,
    VersionChange,
    VersionComparison,
    VersionVerdict,
    VersionWord,
)
from tellverify.verification.tried_sizes import DecidedSizes
from tellverify.versions.differences import message_changes, role_changes
from tellverify.versions.instance import (
    ComparedInstance,
    TooManyMembers,
    compared_instance,
    corner_fault,
    failing_mixtures,
    mixed_instance,
)
from tellverify.versions.lattice import lattice
from tellverify.versions.mixture_words import cube_words, version_word
from tellverify.versions.restarts import restarts
from tellverify.versions.sides import (
    MachineVersion,
    TextVersion,
    Version,
    VersionGraph,
    common_sizes,
    families_of,
    graph_at,
    machines_of,
    old_sizes,
    role_names,
    sizes_of,
    text_fault,
)
from tellverify.versions.upgrade import bridges_of, summary_of, upgrade_of
from tellverify.versions.upstream_gate import gate_notes
from tellverify.versions.wire_labels import WireRules, payload_type

MOST_MEMBERS: Final = 2_000  # each has a machine, which is as long as the text may be


class ComparedPair(msgspec.Struct, frozen=True):
    """A comparison, the two versions, and the instances behind it.

    `is_old_broken`: with the verdict *broken* the fault is one of the old version, and with
    `is_repair` the new one has none.
    """

    old: Version
    new: Version
    comparison: VersionComparison
    instances: tuple[ComparedInstance, ...] = ()
    is_old_broken: bool = False
    is_repair: bool = False


def compared_pair(
    old: Version,
    new: Version,
    rules: WireRules,
    options: Options,
    decided: DecidedSizes | None = None,
) -> ComparedPair:
    """Compare two versions at all family sizes.

    `decided` has what a check of the new version has found at single sizes.
    """
    frame = _frame(old, new)
    common = list(common_sizes(sizes_of(old, options), sizes_of(new, options), rules))
    clash = rules.clash(sorted(role_names(old))) or _too_large(common)
    if clash:
        return without_mixtures(old, new, "unknown", clash)
    found: list[ComparedInstance] = []
    timed: ComparedPair | None = None
    for sizes in common:
        before = old_sizes(sizes, families_of(old), rules)
        graphs = (graph_at(old, before, options), graph_at(new, sizes, options, decided))
        broken = _broken(graphs)
        if broken is not None:
            return broken_pair(old, new, *broken)
        if any(one.timed is not None for one in graphs):
            timed = _timed(old, new, frame, graphs, rules, options)
            if timed.comparison.verdict == "unknown":
                return timed
            continue
        missing = _missing(old, new, graphs, rules)
        if missing is not None:
            return without_mixtures(old, new, *missing)
        try:
            one_size = compared_instance((old, new), graphs, sizes, rules, options)
        except TooManyMembers as error:
            return without_mixtures(old, new, "unknown", f"{error}; at most 63 can be mixed")
        if isinstance(one_size, str):
            return without_mixtures(old, new, "unknown", one_size)
        alone = corner_fault(one_size)
        if alone is not None:
            return broken_pair(old, new, *alone)
        found.append(one_size)
    if timed is not None:
        return timed
    if not found:
        reason = "no family sizes suit both versions"
        return without_mixtures(old, new, "unknown", reason)
    return _compared(old, new, frame, found, options)


def _too_large(sizes: Sequence[Mapping[str, int]]) -> str:
    """That some families are too large to compare; empty otherwise."""
    members = max((sum(each.values()) for each in sizes), default=0)
    if members <= MOST_MEMBERS:
        return ""
    reason = f"families of {members:,} members are too large to compare"
    return f"{reason}: give smaller sizes with `--instances`"


def broken_pair(old: Version, new: Version, word: VersionWord, fault: str) -> ComparedPair:
    """A pair of which the `word` version, old or new, has a `fault` of its own."""
    reason = f"the {word} version fails by itself: {fault}"
    pair = without_mixtures(old, new, "broken", reason)
    return msgspec.structs.replace(pair, is_old_broken=word == "old")


def with_repair(pair: ComparedPair, alone: tuple[int, str]) -> ComparedPair:
    """A pair with a broken old version, and what its new one is `alone`: exit code and fault."""
    code, fault = alone
    old = pair.comparison.reason
    if code == 1:
        reason = f"{old}; and so does the new one: {fault}"
    elif text_fault(pair.old):
        return pair  # nothing could run as it is written
    elif code == 0:
        reason = f"{old}; the new one passes its own check, so this is a repair"
    else:
        reason = f"{old}; whether the new one repairs that is not known"
    said = msgspec.structs.replace(pair.comparison, reason=reason, summary=reason)
    return msgspec.structs.replace(pair, comparison=said, is_repair=code == 0)


def _broken(graphs: tuple[VersionGraph, VersionGraph]) -> tuple[VersionWord, str] | None:
    """Which version fails by itself, and why."""
    old, new = graphs
    if old.is_broken:
        return "old", old.fault
    return ("new", new.fault) if new.is_broken else None


def _missing(
    old: Version, new: Version, graphs: tuple[VersionGraph, VersionGraph], rules: WireRules
) -> tuple[VersionVerdict, str] | None:
    """What to say where a version has no graph: nothing new if the texts are equal."""
    is_renamed = any(rules.new_name(role) != role for role in role_names(old))
    for word, one in zip(("old", "new"), graphs, strict=True):
        if one.fault:
            if old.text == new.text and not is_renamed:
                return "patch", "the text of the protocol is the same"
            return "unknown", f"the {word} version has no graph: {one.fault}"
    return None


def _timed(
    old: Version,
    new: Version,
    frame: Callable[..., VersionComparison],
    graphs: tuple[VersionGraph, VersionGraph],
    rules: WireRules,
    options: Options,
) -> ComparedPair:
    """Versions of which one has timeouts: the same, or not known with the place where they part."""
    from tellverify.versions.annotation_changes import timed_annotation_changes
    from tellverify.versions.timed_versions import timed_difference

    left, right = (one.timed for one in graphs)
    found = timed_difference(left, right, rules)
    if found.words or left is None or right is None:
        return without_mixtures(old, new, "unknown", found.words)
    changes = (
        *found.durations,
        *timed_annotation_changes(left, right, rules, options),
        *_packs(old, new, options),
    )
    is_patch = all(change.weight == "patch" for change in changes)
    reason = "every role does the same as before, timeouts included"
    summary = "upgrade the roles in any order"
    verdict: VersionVerdict = "patch" if is_patch else "minor"
    return ComparedPair(old, new, frame(verdict, summary, reason, annotations=changes))


def _frame(old: Version, new: Version) -> Callable[..., VersionComparison]:
    """A comparison of which all but the result is known."""
    return partial(VersionComparison, new.name, old.name, new.path, new.line, old.path)


def without_mixtures(
    old: Version, new: Version, verdict: VersionVerdict, reason: str
) -> ComparedPair:
    """A pair of which no mixture was looked at, and the reason for its verdict."""
    summary = reason if verdict != "patch" else "upgrade the roles in any order"
    return ComparedPair(old, new, _frame(old, new)(verdict, summary, reason))


def _compared(
    old: Version,
    new: Version,
    frame: Callable[..., VersionComparison],
    found: Sequence[ComparedInstance],
    options: Options,
) -> ComparedPair:
    rows = tuple(map(mixed_instance, found))
    bridges = bridges_of(found, options)
    upgrade = upgrade_of(found, bridges)
    largest = found[-1]
    changes = _changes(largest)
    annotations = _annotations(old, new, largest, options)
    tightened = any(change.weight != "patch" for change in annotations)
    is_patch = all(not one.roles.changed for one in found) and not tightened
    mixed: VersionVerdict = "patch" if is_patch else _verdict(upgrade, rows)
    refused = next((change.words for change in annotations if change.weight == "major"), "")
    verdict: VersionVerdict = "major" if refused else mixed
    summary = refused if refused and mixed != "major" else summary_of(upgrade)
    picture = lattice(largest.mixtures, largest.order)
    comparison = frame(
        verdict,
        summary,
        _not_known(rows) if verdict == "unknown" else "",
        upgrade,
        rows,
        _failing(found),
        restarts(largest.roles, largest.order) if upgrade.kind in ("any", "ordered") else (),
        changes,
        annotations,
        _gate(largest, mixed),
        tuple(_notes(old, new, largest)),
        picture.nodes,
        picture.kind,
    )
    return ComparedPair(old, new, comparison, tuple(found))


def _verdict(upgrade: UpgradeOrder, rows: Sequence[MixedInstance]) -> VersionVerdict:
    if upgrade.kind == "none":
        return "major"
    if upgrade.kind == "unknown" or any(row.evidence == "unknown" for row in rows):
        return "unknown"
    return "minor"


def _not_known(rows: Sequence[MixedInstance]) -> str:
    """Why it is not known whether all mixtures that no run refutes are good."""
    row = next((row for row in rows if row.evidence == "unknown"), rows[-1])
    at = f" at {row.instance}" if row.instance else ""
    return f"whether every other mixture is good{at} is not known: {row.method}"


def _failing(found: Sequence[ComparedInstance]) -> tuple[FailingMixture, ...]:
    """The failing mixtures of all sizes; of those with equal words the shortest run.

    Words that do not hold at every size name those at which they do.
    """
    shortest: dict[str, FailingMixture] = {}
    sizes: dict[str, list[str]] = {}
    for one in found:
        for failing in failing_mixtures(one):
            sizes.setdefault(failing.words, []).append(one.name)
            known = shortest.get(failing.words)
            if known is None or failing.events < known.events:
                shortest[failing.words] = failing
    named = [
        failing
        if len(sizes[words]) == len(found)
        else msgspec.structs.replace(failing, words=f"{words} at {series(sizes[words])}")
        for words, failing in shortest.items()
    ]
    return tuple(sorted(named, key=lambda failing: failing.events))


def _changes(one: ComparedInstance) -> tuple[VersionChange, ...]:
    found = [*message_changes(*one.plain), *role_changes(one.roles)]
    return tuple(dict.fromkeys(found))


def _annotations(
    old: Version, new: Version, one: ComparedInstance, options: Options
) -> tuple[VersionChange, ...]:
    """The changes of annotations and packs; what reads them is loaded where there are some."""
    found: list[VersionChange] = []
    if any(site.annotations for graph in one.plain if graph is not None for site in graph.sites):
        from tellverify.versions.annotation_changes import annotation_changes

        found += annotation_changes((old, new), one.plain, options)
    return (*found, *_packs(old, new, options))


def _packs(old: Version, new: Version, options: Options) -> Iterator[VersionChange]:
    """The changes of packs, where a version requires some or a policy has runtimes."""
    texts = [version for version in (old, new) if isinstance(version, TextVersion)]
    asks = any(version.found.protocol.requires for version in texts)
    if asks or (options.policy is not None and len(texts) == 2):
        from tellverify.versions.pack_changes import pack_changes

        yield from pack_changes(old, new, options)


def _notes(old: Version, new: Version, one: ComparedInstance) -> Iterator[str]:
    """What was not compared, and what mixtures do beyond both versions."""
    for version, word, other in ((old, "old", one.plain[1]), (new, "new", one.plain[0])):
        has_types = other is not None and any(payload_type(site.payload) for site in other.sites)
        if isinstance(version, MachineVersion) and has_types:
            yield f"payload types are not compared: the machines of the {word} version have none"
    for gone, added in one.roles.likely_renamings():
        same = f"{gone} of the old version does what {added} of the new one does"
        yield f"{same}; if it is the same role, `--renamed {gone}={added}` says so"
    foreign = one.mixtures.run_of_neither()
    if foreign is not None:
        deployment, depth = foreign
        changed = one.mixtures.changed
        named = [
            RoleVersion(role, version_word(one.roles, role, version))
            for role, version in zip(changed, deployment, strict=True)
        ]
        events = counted(depth, "event")
        is_good = one.mixtures.known_by()[1] != "unknown"
        which = "a good mixture" if is_good else "a mixture that no run refutes"
        yield f"{which} has a run of {events} that neither version has: {cube_words(named)}"


def _gate(one: ComparedInstance, verdict: VersionVerdict) -> tuple[str, ...]:
    """Where Telltale's own gate would answer otherwise."""
    left, right = one.plain
    if left is None or right is None:
        return ()
    plain = machines_of(left), machines_of(right)
    if isinstance(plain[0], str) or isinstance(plain[1], str):
        return ()
    by_role = ({m.role: m for m in plain[0]}, {m.role: m for m in plain[1]})
    return gate_notes(by_role, (one.roles.old, one.roles.new), verdict)
