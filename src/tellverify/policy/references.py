"""Names in a policy that no row has. Each is reported once and not judged further."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tellverify.diagnostics import policy as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.policy import POLICY_REFERENCE
from tellverify.policy.model import Policy
from tellverify.source.span import Span


def check_references(policy: Policy) -> Iterator[Diagnostic]:
    """A finding for each unknown name."""
    return _References(policy).references()


def inventory_keys(policy: Policy) -> frozenset[str]:
    """The keys of Telltale's theorem inventory."""
    families = {name for name, family in policy.families.items() if family.inventory}
    return frozenset(
        key for key, capability in policy.capabilities.items() if capability.family in families
    )


class _References:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._keys = {*policy.capabilities, *policy.surfaces}
        self._inventory = inventory_keys(policy)

    def _at(self, section: str, name: str, *inside: str | int) -> tuple[str, Span]:
        place = self._policy.place(section, name, *inside)
        return place.path, place.span

    def references(self) -> Iterator[Diagnostic]:
        """Names that no row has."""
        policy = self._policy
        for key, capability in policy.capabilities.items():
            yield from self._unknown(
                "capabilities", key, "family", capability.family, policy.families
            )
            yield from self._each(
                "capabilities", key, "consumers", capability.consumers, policy.consumers
            )
        for name, surface in policy.surfaces.items():
            yield from self._each(
                "surfaces", name, "consumers", surface.consumers, policy.consumers
            )
        for name, pack in policy.packs.items():
            yield from self._each(
                "packs", name, "declares", pack.declares, self._inventory, "inventory"
            )
            yield from self._each(
                "packs", name, "candidates", pack.candidates, self._inventory, "inventory"
            )
            yield from self._each("packs", name, "runtime", pack.runtime, self._keys)
            yield from self._each("packs", name, "surfaces", pack.surfaces, policy.surfaces)
            yield from self._each("packs", name, "checked_by", pack.checked_by, policy.consumers)
        for name, row in policy.protocols.items():
            yield from self._each("protocols", name, "packs", row.packs, policy.packs)
            yield from self._each("protocols", name, "keys", row.keys, self._keys)
            if row.determinism:
                yield from self._unknown(
                    "protocols", name, "determinism", row.determinism, policy.determinism
                )
            if row.class_:
                yield from self._unknown("protocols", name, "class", row.class_, policy.classes)
        yield from self._references_to_protocols()
        yield from self._references_of_runtimes()

    def _references_to_protocols(self) -> Iterator[Diagnostic]:
        policy = self._policy
        for name, wave in policy.waves.items():
            yield from self._each("waves", name, "protocols", wave.protocols, policy.protocols)
        for name, goal in policy.non_goals.items():
            yield from self._each("non_goals", name, "protocols", goal.protocols, policy.protocols)
        for name, ceremony in policy.ceremonies.items():
            yield from self._each(
                "ceremonies", name, "protocols", ceremony.protocols, policy.protocols
            )
        for name in policy.ceremony_names:
            yield from self._unknown("ceremony_names", name, "protocol", name, policy.protocols)
        for name in policy.code:
            yield from self._unknown("code", name, "protocol", name, policy.protocols)
        for name in policy.admission_tests.names:
            yield from self._unknown("admission_tests", "", "names", name, policy.protocols)
        for index, member in enumerate(policy.adaptive_privacy.control_plane):
            yield from self._unknown(
                "adaptive_privacy", "", "control_plane", member, policy.protocols, index
            )
        for index, link in enumerate(policy.links.live):
            if link.protocol not in policy.protocols:
                spot = self._at("links", "", "live", index, "protocol")
                yield leads_nowhere("links", link.protocol, spot, policy.protocols)

    def _references_of_runtimes(self) -> Iterator[Diagnostic]:
        policy = self._policy
        for key in policy.grants:
            yield from self._unknown("grants", key, "key", key, self._keys)
        for name, runtime in policy.runtimes.items():
            yield from self._each("runtimes", name, "keys", runtime.keys, self._keys)
            yield from self._each("runtimes", name, "lacks", runtime.lacks, self._keys)
            if runtime.extends:
                yield from self._unknown(
                    "runtimes", name, "extends", runtime.extends, policy.runtimes
                )
            yield from self._each(
                "runtimes", name, "without", runtime.without, self._facts_below(name)
            )
        if policy.admission.runtime:
            yield from self._unknown(
                "admission", "", "runtime", policy.admission.runtime, policy.runtimes
            )
        for ref, row in policy.determinism.items():
            yield from self._unknown("determinism", ref, "class", row.class_, policy.classes)
            yield from self._each("determinism", ref, "keys", row.keys, self._keys)

    def _each(
        self,
        section: str,
        name: str,
        field: str,
        values: Iterable[str],
        known: Iterable[str],
        what: str = "",
    ) -> Iterator[Diagnostic]:
        for index, value in enumerate(values):
            yield from self._unknown(section, name, field, value, known, index, what=what)

    def _unknown(
        self,
        section: str,
        name: str,
        field: str,
        value: str,
        known: Iterable[str],
        *inside: int,
        what: str = "",
    ) -> Iterator[Diagnostic]:
        if value not in known:
            spot = self._at(section, name, field, *inside)
            yield leads_nowhere(what or field, value, spot, known)

    def _facts_below(self, name: str) -> set[str]:
        """The facts of all profiles that one extends, at any distance."""
        found: set[str] = set()
        seen = {name}
        at = self._policy.runtimes[name].extends
        while at in self._policy.runtimes and at not in seen:
            seen.add(at)
            found |= set(self._policy.runtimes[at].facts)
            at = self._policy.runtimes[at].extends
        return found


def leads_nowhere(
    field: str, value: str, spot: tuple[str, Span], known: Iterable[str]
) -> Diagnostic:
    """The finding for a name that is not among the known ones."""
    from difflib import get_close_matches

    near = get_close_matches(value, sorted(known), 1)
    where = "of the theorem inventory" if field == "inventory" else "of this policy"
    return say.inconsistent(
        POLICY_REFERENCE,
        f"`{value}` is not a name {where}",
        spot,
        "leads nowhere",
        helps=(f"did you mean `{near[0]}`?" if near else "add the row that it names",),
    )
