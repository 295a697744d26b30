"""Structure of names: roles, families, local protocols, and what the header refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tellverify.diagnostics import structure as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.diagnostics.shape import exposed_unknown
from tellverify.language.checks.walk import preorder, role_text, same_role
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.source.dependencies import circles, needed_by
from tellverify.source.span import NOWHERE, Span

MAX_FAMILY = 10_000
MAX_INDEX = 9_999
MAX_WIDTH = 1_000


def check_declarations(path: str, declarations: Sequence[ast.Declaration]) -> Iterator[Diagnostic]:
    """Proof bundles and profiles that are declared twice."""
    where = Where(path)
    bundles: dict[str, Span] = {}
    profiles: dict[str, Span] = {}
    for declaration in declarations:
        match declaration:
            case ast.ProofBundle(name):
                if name.text in bundles:
                    first = bundles[name.text]
                    yield say.duplicate_bundle(where, name.text, first, name.span)
                bundles.setdefault(name.text, name.span)
            case ast.Profile(name):
                if name.text in profiles:
                    first = profiles[name.text]
                    yield say.duplicate_profile(where, name.text, first, name.span)
                profiles.setdefault(name.text, name.span)
            case ast.AgreementProfile() | ast.RoleSet() | ast.Topology() | ast.TypeAliasDecl():
                pass
            case ast.UnionType() | ast.Effect() | ast.Fragment() | ast.Operation():
                pass
            case ast.GuestRuntime():
                pass


def check_exposed(path: str, file: ast.File) -> Iterator[Diagnostic]:
    """Names in the `exposing` list of a module that no protocol and no declaration has."""
    if file.module is None:
        return
    protocols = [one.name.text for one in file.protocols]
    known = {*protocols, *(one.name.text for one in file.declarations)}
    for name in file.module.exposing:
        if name.text not in known:
            yield exposed_unknown(Where(path), name.span, name.text, protocols)


def check_header(
    where: Where, protocol: ast.Protocol, declarations: Sequence[ast.Declaration]
) -> Iterator[Diagnostic]:
    """What `requires`, `uses` and `under` name must be declared."""
    bundles = [d.name.text for d in declarations if isinstance(d, ast.ProofBundle)]
    effects = [d.name.text for d in declarations if isinstance(d, ast.Effect)]
    profiles = [d.name.text for d in declarations if isinstance(d, ast.Profile)]
    for name in _missing(protocol.requires, bundles):
        nearest = closest(name.text, bundles)
        yield say.undeclared_bundle(where, name.text, name.span, nearest)
    for name in _missing(protocol.uses, effects):
        nearest = closest(name.text, effects)
        yield say.undeclared_effect(where, name.text, name.span, nearest)
    for name in _missing(protocol.under, profiles):
        nearest = closest(name.text, profiles)
        yield say.undeclared_profile(where, name.text, name.span, nearest)


def _missing(names: Iterable[ast.Name], declared: Sequence[str]) -> Iterator[ast.Name]:
    known = set(declared)
    for name in names:
        if name.text not in known:
            known.add(name.text)
            yield name


def closest(name: str, known: Sequence[str]) -> str:
    """The known name that `name` is most likely meant to be, or the empty text."""
    if not known or len(known) > 1_000 or len(name) > 100:
        return ""
    from difflib import get_close_matches

    by_folded = {other.lower(): other for other in reversed(known)}
    found = get_close_matches(name.lower(), list(by_folded), 1, 0.75)
    return by_folded[found[0]] if found else ""


def check_role_lists(where: Where, protocol: ast.Protocol) -> Iterator[Diagnostic]:
    """The lists of roles by themselves: in one place, without repetition, within limits."""
    header, body = protocol.header_roles or (), protocol.roles or ()
    if header:
        span = header[0].span.to(header[-1].span)
        if protocol.roles is None:
            yield say.header_roles(where, span)
        else:
            yield say.two_role_lists(where, span, protocol.roles_span)
    seen: dict[str, Span] = {}
    for declaration in (*header, *body):
        name = declaration.name
        if name.text in seen:
            yield say.duplicate_role(where, name.text, seen[name.text], name.span)
        seen.setdefault(name.text, name.span)
        size = declaration.size
        if isinstance(size, ast.ConstIndex) and size.value > MAX_FAMILY:
            what = f"the size {size.value} of `{name.text}`"
            yield say.family_limit(where, what, MAX_FAMILY, declaration.span)
    for local in protocol.locals:
        roles = local.roles or local.header_roles
        if roles:
            span = roles[0].span.to(roles[-1].span)
            yield say.local_roles(where, local.name.text, span)


class References:
    """Checks every reference to a role in a protocol, and which roles are used at all.

    Roles in `mentioned` are used elsewhere.
    """

    def __init__(self, where: Where, protocol: ast.Protocol, mentioned: Iterable[str] = ()) -> None:
        self.where = where
        self.protocol = protocol
        self.roles = {d.name.text: d for d in declared_roles(protocol)}
        self.symbols = {
            d.size.name for d in self.roles.values() if isinstance(d.size, ast.NameIndex)
        }
        self.mentioned = set(mentioned)
        self.undeclared: dict[str, list[Span]] = {}
        self.strictly: set[str] = set()  # undeclared names that Telltale reports too
        self._faultless: set[tuple[str, ast.Index | None, str, ast.Index | None]] = set()

    def check(self) -> Iterator[Diagnostic]:
        """All findings about references, then undeclared and unused roles."""
        for block in (self.protocol.body, *(local.body for local in self.protocol.locals)):
            for statement in preorder(block):
                if not (isinstance(statement, ast.Send) and self._is_known(statement)):
                    yield from self._statement(statement)
        names = list(self.roles)
        if not names:
            if self.protocol.complete:
                used = list(self.undeclared)
                yield say.no_roles(self.where, self.protocol.name.span, used)
            return
        roles_span = self.protocol.roles_span if self.protocol.roles else None
        for name, places in self.undeclared.items():
            nearest = closest(name, names)
            upstream = "rejects" if name in self.strictly else "accepts"
            yield say.undeclared_role(self.where, name, places, nearest, roles_span, upstream)
        if self.protocol.complete and not self.undeclared:
            for name, declaration in self.roles.items():
                if name not in self.mentioned:
                    yield say.unused_role(self.where, name, declaration.name.span)

    def _statement(self, statement: ast.Statement) -> Iterator[Diagnostic]:
        match statement:
            case ast.Send():
                yield from self._send(statement)
            case ast.Broadcast():
                yield from self._broadcast(statement)
            case ast.Choice(decider):
                yield from self._decider(decider, "a choice")
            case ast.Loop(ast.Decide(decider)):
                yield from self._decider(decider, "a deciding loop")
            case ast.Timeout(owner=owner):
                yield from self._decider(owner, "a timeout")
            case ast.Handoff(target=target):
                yield from self._reference(target)
            case ast.Let(value=ast.Transfer(source=source, target=target)):
                for ref in (source, target):
                    yield from self._reference(ref, upstream_looks=False)
            case ast.Par() | ast.Loop() | ast.Rec() | ast.Continue() | ast.Call() | ast.Let():
                pass
            case ast.Case() | ast.Begin() | ast.Await() | ast.Resolve() | ast.Invalidate():
                pass
            case ast.Publish() | ast.PublishAs() | ast.Materialize() | ast.DependentWork():
                pass

    def _broadcast(self, broadcast: ast.Broadcast) -> Iterator[Diagnostic]:
        sender = broadcast.sender
        yield from self._reference(sender)
        others = [name for name in self.roles if name != sender.name.text]
        self.mentioned.update(others)
        if not others and self.roles:
            yield say.empty_broadcast(self.where, role_text(sender), broadcast.span)

    def _is_known(self, send: ast.Send) -> bool:
        """True when a send between the same roles was found to be without fault."""
        sender, receiver = send.sender, send.receiver
        key = (sender.name.text, sender.index, receiver.name.text, receiver.index)
        return key in self._faultless

    def _send(self, send: ast.Send) -> Iterator[Diagnostic]:
        sender, receiver = send.sender, send.receiver
        faults = [*self._reference(sender), *self._reference(receiver)]
        yield from faults
        declared = self.roles.get(sender.name.text)
        if faults or declared is None or receiver.name.text not in self.roles:
            return
        if not same_role(sender, receiver):
            key = (sender.name.text, sender.index, receiver.name.text, receiver.index)
            self._faultless.add(key)
        elif declared.size is None or isinstance(sender.index, ast.ConstIndex):
            text, label = role_text(sender), send.message.label.text
            yield say.self_send(self.where, text, receiver.span, sender.span, label)

    def _decider(self, ref: ast.RoleRef, what: str) -> Iterator[Diagnostic]:
        faults = list(self._reference(ref))
        yield from map(say.one_member, faults)
        declared = self.roles.get(ref.name.text)
        if faults or declared is None or declared.size is None:
            return
        if not isinstance(ref.index, ast.ConstIndex):
            text = role_text(ref)
            yield say.several_deciders(self.where, text, what, ref.span, declared.span)

    def _reference(self, ref: ast.RoleRef, upstream_looks: bool = True) -> Iterator[Diagnostic]:
        name, index = ref.name.text, ref.index
        declared = self.roles.get(name)
        if declared is None:
            self.undeclared.setdefault(name, []).append(ref.name.span)
            if upstream_looks:
                self.strictly.add(name)
            return
        if upstream_looks:
            self.mentioned.add(name)
        if declared.size is None:
            if index is not None:
                yield say.index_without_family(
                    self.where, name, role_text(ref), ref.span, declared.span
                )
        elif index is None:
            if not isinstance(declared.size, ast.ConstIndex):
                yield say.missing_index(self.where, name, ref.span, declared.span)
        else:
            fault = self._index(ref, declared, declared.size, index)
            if fault is not None:
                yield fault

    def _index(
        self, ref: ast.RoleRef, declared: ast.RoleDecl, size: ast.Index, index: ast.Index
    ) -> Diagnostic | None:
        name = ref.name.text
        match index:
            case ast.ConstIndex(value):
                if value > MAX_INDEX:
                    return self._limit(ref, f"the index {value}", MAX_INDEX)
                return self._bounds(ref, declared, size, value + 1)
            case ast.NameIndex(symbol):
                if size != index:
                    return say.unbound_index(self.where, name, symbol, ref.span, declared.span)
            case ast.RangeIndex(low, high):
                return self._range(ref, declared, size, low, high)
            case ast.AnyIndex():
                pass
        return None

    def _range(
        self,
        ref: ast.RoleRef,
        declared: ast.RoleDecl,
        size: ast.Index,
        low: int | str,
        high: int | str,
    ) -> Diagnostic | None:
        for bound in (low, high):
            if isinstance(bound, str) and bound not in self.symbols:
                return say.unbound_index(self.where, ref.name.text, bound, ref.span, declared.span)
            if isinstance(bound, int) and bound > MAX_INDEX:
                return self._limit(ref, f"the bound {bound}", MAX_INDEX)
        if not isinstance(high, int):
            return None
        if isinstance(low, int):
            if low >= high:
                return say.empty_range(self.where, role_text(ref), ref.span)
            if high - low > MAX_WIDTH:
                return self._limit(ref, f"a range of {high - low} members", MAX_WIDTH)
        return self._bounds(ref, declared, size, high)

    def _bounds(
        self, ref: ast.RoleRef, declared: ast.RoleDecl, size: ast.Index, needed: int
    ) -> Diagnostic | None:
        if isinstance(size, ast.ConstIndex) and needed > size.value:
            return say.index_out_of_bounds(
                self.where, ref.name.text, role_text(ref), size.value, ref.span, declared.span
            )
        return None

    def _limit(self, ref: ast.RoleRef, what: str, limit: int) -> Diagnostic:
        return say.family_limit(self.where, f"{what} in `{role_text(ref)}`", limit, ref.span)


def check_locals(where: Where, protocol: ast.Protocol) -> Iterator[Diagnostic]:
    """Local protocols: one of a name, all called, none calling itself."""
    found: dict[str, ast.LocalProtocol] = {}
    for local in protocol.locals:
        name = local.name
        if name.text in found:
            first = found[name.text].name.span
            yield say.duplicate_local(where, name.text, first, name.span)
        found.setdefault(name.text, local)
    calls = {name: _calls(local.body, found) for name, local in found.items()}
    for circle in circles(calls):
        names = circle[:4]
        others = [(found[name].name.span, f"`{name}` is declared here") for name in names]
        closing = calls[circle[-1]][circle[0]]
        yield say.cyclic_call(where, names, closing.name.span or NOWHERE, others)
    if not protocol.complete:
        return
    main = ""  # no local protocol has this name
    reached = needed_by(main, {**calls, main: _calls(protocol.body, found)})
    for callee, local in found.items():
        if callee not in reached:
            yield say.unused_local(where, callee, local.name.span)


def _calls(block: ast.Block, known: dict[str, ast.LocalProtocol]) -> dict[str, ast.Call]:
    """The first call in a block of each local protocol that it calls."""
    found: dict[str, ast.Call] = {}
    for statement in preorder(block):
        if isinstance(statement, ast.Call) and statement.name.text in known:
            found.setdefault(statement.name.text, statement)
    return found
