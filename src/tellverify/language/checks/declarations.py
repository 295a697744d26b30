"""Declarations by themselves: profiles, agreements, operations, guest runtimes, sets, bundles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.diagnostics import declarations as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.diagnostics.structure import family_limit
from tellverify.language.checks.inventory import CAPABILITIES
from tellverify.language.checks.names import MAX_FAMILY
from tellverify.language.checks.suggest import Suggestions
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_FINALITY: Final = ("none", "provisional", "soft_safe", "finalized")
AGREEMENT_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "visibility": ("immediate", "pending", "blocked_until_finalized"),
    "rule": (),  # any name is a rule
    "usable_at": _FINALITY,
    "finalized_at": _FINALITY,
    "evidence": ("witness", "certificate", "commit_fact", "publication", "materialization"),
}
_MAX_THRESHOLD: Final = 2**32 - 1
_LEGACY: Final = ("race", "fallback", "quorum")


class DeclarationCheck:
    """All findings about the declarations of one file, except for effects."""

    def __init__(self, file: ast.File, source: SourceFile) -> None:
        self.where = Where(source.path)
        self.found: list[Diagnostic] = []
        self._file = file
        self._source = source
        self._names: dict[str, dict[str, Span]] = {}
        self._suggestions = Suggestions()
        self._roles = dict.fromkeys(
            role.name.text for protocol in file.protocols for role in declared_roles(protocol)
        )

    def check(self) -> list[Diagnostic]:
        """The findings, in no particular order."""
        for declaration in self._file.declarations:
            self._remember(declaration)
        for declaration in self._file.declarations:
            self._declaration(declaration)
        for protocol in self._file.protocols:
            self.found.extend(self._empty_bundles(protocol))
        return self.found

    def _remember(self, declaration: ast.Declaration) -> None:
        """Note a name; a second declaration that Telltale does not look at is a finding."""
        what = _sort_of(declaration)
        known = self._names.setdefault(what, {})
        name = declaration.name
        if name.text in known and what not in ("bundles", "profiles", "effects"):
            first = known[name.text]
            self.found.append(
                say.duplicate_declaration(self.where, what, name.text, first, name.span)
            )
        known.setdefault(name.text, name.span)

    def _declaration(self, declaration: ast.Declaration) -> None:
        match declaration:
            case ast.Profile(name, fields):
                self._fields(name, fields)
            case ast.AgreementProfile(name, fields):
                self._agreement(name, fields)
            case ast.Operation():
                self._operation(declaration)
            case ast.GuestRuntime():
                self._guest(declaration)
            case ast.RoleSet():
                self._role_set(declaration)
            case ast.Topology(shape, name, members):
                self._members(f"the {shape} `{name.text}`", members)
            case ast.ProofBundle(name, requires=requires):
                self._capabilities(name, requires)
            case ast.UnionType(name, constructors):
                self._constructors(name, constructors)
            case ast.TypeAliasDecl() | ast.Effect() | ast.Fragment():
                pass

    # Profiles and agreements

    def _fields(
        self, name: ast.Name, fields: Sequence[tuple[ast.Name, ast.Name]]
    ) -> dict[str, ast.Name]:
        """The values by key; the last one counts."""
        keys: dict[str, Span] = {}
        values: dict[str, ast.Name] = {}
        for key, value in fields:
            if key.text in keys:
                self.found.append(
                    say.repeated_field(self.where, key.text, name.text, keys[key.text], key.span)
                )
            keys[key.text] = key.span
            values[key.text] = value
        return values

    def _agreement(self, name: ast.Name, fields: Sequence[tuple[ast.Name, ast.Name]]) -> None:
        values = self._fields(name, fields)
        missing = [key for key in AGREEMENT_FIELDS if key not in values]
        if missing:
            self.found.append(
                say.missing_agreement_field(self.where, name.text, missing, name.span)
            )
        for key, value in values.items():
            allowed = AGREEMENT_FIELDS.get(key, ())
            if allowed and value.text not in allowed:
                self.found.append(
                    say.agreement_value(self.where, name.text, key, value.text, value.span, allowed)
                )

    # Operations and guest runtimes

    def _operation(self, operation: ast.Operation) -> None:
        name, progress = operation.name, operation.progress
        owner = f"the operation `{name.text}`"
        if progress is None:
            self.found.append(say.no_progress(self.where, name.text, name.span))
        else:
            clauses = (progress.requires, progress.within, progress.on_timeout, progress.on_stall)
            if all(clause is None for clause in clauses):
                contract = progress.contract
                self.found.append(
                    say.empty_progress(self.where, name.text, contract.text, contract.span)
                )
            if progress.requires is not None:
                self._known(owner, progress.requires, "profiles", "profile")
        agreement = operation.agreement
        agreements = self._names.get("agreement profiles", {})
        if agreement is None:
            self.found.append(say.no_agreement(self.where, name.text, name.span))
        elif agreement.text not in agreements:
            nearest = self._suggestions.nearest(agreement.text, list(agreements))
            self.found.append(
                say.undeclared_agreement(
                    self.where, name.text, agreement.text, agreement.span, nearest
                )
            )
        if operation.within is not None:
            self._known(owner, operation.within, "fragments", "fragment")
        self._members(owner, (operation.owner.name,))
        if operation.compose is not None:
            self._compose(name.text, operation.compose)

    def _compose(self, operation: str, compose: ast.Compose) -> None:
        policy, argument = compose.policy, compose.argument
        what = advice = ""
        match policy.text:
            case "all" | "all_success" | "first" | "first_success":
                if argument is not None:
                    what = f"`compose {policy.text}` has an argument"
                    advice = f"write `compose {policy.text}`"
            case "threshold_success":
                if argument is None:
                    what, advice = "`compose threshold_success` has no number", "write a number"
                elif not 0 < argument <= _MAX_THRESHOLD:
                    what = f"the threshold {argument} is out of range"
                    advice = f"use a number from 1 to {_MAX_THRESHOLD}"
            case other:
                gone = "no longer exists" if other in _LEGACY else "does not exist"
                what = f"the policy `{other}` {gone}"
                advice = "use `all_success`, `first_success` or `threshold_success(n)`"
        if what:
            self.found.append(say.compose_policy(self.where, operation, what, policy.span, advice))

    def _guest(self, guest: ast.GuestRuntime) -> None:
        owner = f"the guest runtime `{guest.name.text}`"
        if not guest.entries:
            self.found.append(say.no_entry(self.where, guest.name.text, guest.name.span))
        for name in guest.uses:
            self._known(owner, name, "effects", "effect")
        known = dict.fromkeys(self._names.get("operations", {}))
        known.update(dict.fromkeys(protocol.name.text for protocol in self._file.protocols))
        for name in guest.entries:
            if name.text not in known:
                self._undeclared(owner, name, "entry", list(known))

    # Sets of roles

    def _role_set(self, role_set: ast.RoleSet) -> None:
        name, subset = role_set.name, role_set.subset
        owner = f"the role set `{name.text}`"
        self._members(owner, role_set.members)
        if subset is None:
            return
        whole, low, high = subset
        self._members(owner, (whole,))
        span = self._range_span(whole.span.end, role_set.span.end)
        if max(low, high) > MAX_FAMILY:
            what = f"the bound {max(low, high)} of the role set `{name.text}`"
            self.found.append(family_limit(self.where, what, MAX_FAMILY, span))
        elif low >= high:
            self.found.append(say.empty_subset(self.where, name.text, low, high, span))

    def _range_span(self, start: int, end: int) -> Span:
        """Where `a..b` stands in the text between two places."""
        text = self._source.text[start:end]
        inner = text.strip(" ,()\r\n\t")
        place = start + max(text.find(inner), 0)
        return Span(place, place + len(inner))

    def _members(self, owner: str, members: Sequence[ast.Name]) -> None:
        sets = self._names.get("role sets", {})
        for name in members:
            if self._roles and name.text not in self._roles and name.text not in sets:
                self._undeclared(owner, name, "role", [*self._roles, *sets])

    # Bundles and types

    def _capabilities(self, bundle: ast.Name, names: Sequence[ast.Name]) -> None:
        for name in names:
            if name.text not in CAPABILITIES:
                nearest = self._suggestions.nearest(name.text, CAPABILITIES)
                self.found.append(
                    say.unknown_capability(self.where, bundle.text, name.text, name.span, nearest)
                )

    def _empty_bundles(self, protocol: ast.Protocol) -> Iterator[Diagnostic]:
        where = Where(self._source.path, protocol.name.text)
        bundles = {
            each.name.text: each
            for each in reversed(self._file.declarations)
            if isinstance(each, ast.ProofBundle)
        }
        for name in {each.text: each for each in reversed(protocol.requires)}.values():
            bundle = bundles.get(name.text)
            if bundle is not None and not bundle.requires:
                yield say.empty_bundle(where, name.text, name.span, bundle.name.span)

    def _constructors(
        self, name: ast.Name, constructors: Sequence[tuple[ast.Name, ast.TypeExpression | None]]
    ) -> None:
        seen: dict[str, Span] = {}
        for each, _ in constructors:
            if each.text in seen:
                what = f"constructors of `{name.text}`"
                first = seen[each.text]
                self.found.append(
                    say.duplicate_declaration(self.where, what, each.text, first, each.span)
                )
            seen.setdefault(each.text, each.span)

    # Names

    def _known(self, owner: str, name: ast.Name, sort: str, wanted: str) -> None:
        known = self._names.get(sort, {})
        if name.text not in known:
            self._undeclared(owner, name, wanted, list(known))

    def _undeclared(self, owner: str, name: ast.Name, wanted: str, known: Sequence[str]) -> None:
        if self._file.complete:  # otherwise the declaration may be among what was not read
            nearest = self._suggestions.nearest(name.text, known)
            self.found.append(
                say.undeclared_name(self.where, owner, name.text, wanted, name.span, nearest)
            )


def _sort_of(declaration: ast.Declaration) -> str:
    """The name space of a declaration, in words."""
    match declaration:
        case ast.ProofBundle():
            return "bundles"
        case ast.Profile():
            return "profiles"
        case ast.AgreementProfile():
            return "agreement profiles"
        case ast.RoleSet():
            return "role sets"
        case ast.Topology():
            return "topologies"
        case ast.TypeAliasDecl() | ast.UnionType():
            return "types"
        case ast.Effect():
            return "effects"
        case ast.Fragment():
            return "fragments"
        case ast.Operation():
            return "operations"
        case ast.GuestRuntime():
            return "guest runtimes"
