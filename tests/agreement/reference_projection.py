"""Projection by strict merge, written down directly on explicit global types.

Terms are nested tuples: `("end",)`, `("var", t)`, `("mu", t, body)`, and
`("comm", p, q, ((label, body), ...))` for global types, `("send" or "recv", partner, branches)`
for local ones. Loop variables are the states that loops start in.
"""

from __future__ import annotations

from tellverify.model.graph import ProtocolGraph
from tellverify.model.local_type import End, ExternalChoice, InternalChoice, LocalType, Mu, Variable

Term = tuple  # nested, see above


class NoMerge(Exception):
    """Two local types do not merge; `reason` as upstream names it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def global_type(graph: ProtocolGraph, state: int = 0, path: tuple[int, ...] = ()) -> Term:
    """The graph read as a term: a state that a path comes back to is a μ."""
    if state in path:
        return ("var", state)
    low, high = graph.first[state], graph.first[state + 1]
    if low == high:
        return ("end",)
    branches = tuple(
        (graph.event(t).label, global_type(graph, graph.target[t], (*path, state)))
        for t in range(low, high)
    )
    term = ("comm", graph.event(low).sender, graph.event(low).receiver, branches, state)
    return ("mu", state, term) if occurs(state, term) else term


def occurs(name: int, term: Term) -> bool:
    match term:
        case ("var", other):
            return other == name
        case ("mu", _, body):
            return occurs(name, body)
        case ("comm", _, _, branches, _):
            return any(occurs(name, body) for _, body in branches)
    return False


def subterm(term: Term, state: int) -> Term | None:
    """The choice of a state inside a term."""
    match term:
        case ("mu", _, body):
            return subterm(body, state)
        case ("comm", _, _, branches, here):
            if here == state:
                return term
            found = (subterm(body, state) for _, body in branches)
            return next((each for each in found if each), None)
    return None


def roles_of(term: Term) -> set[str]:
    match term:
        case ("mu", _, body):
            return roles_of(body)
        case ("comm", p, q, branches, _):
            return {p, q}.union(*(roles_of(body) for _, body in branches))
    return set()


def guarded(name: int, local: Term) -> bool:
    match local:
        case ("var", other):
            return other != name
        case ("mu", other, body):
            return other == name or guarded(name, body)
    return True


def project(term: Term, role: str) -> Term:
    match term:
        case ("mu", name, body):
            local = project(body, role)
            return ("mu", name, local) if guarded(name, local) else ("end",)
        case ("comm", p, q, branches, _):
            locals_ = [(label, project(body, role)) for label, body in branches]
            if role in (p, q):
                return ("send", q, tuple(locals_)) if role == p else ("recv", p, tuple(locals_))
            merged = locals_[0][1]
            for _, local in locals_[1:]:
                merged = merge(merged, local)
            return merged
    return term


def merge(left: Term, right: Term) -> Term:
    if left == right:
        return left
    match left, right:
        case (("end",), (kind, *_)) | ((kind, *_), ("end",)) if kind != "var":
            raise NoMerge("EndMismatch")
        case ("send", p, mine), ("send", q, yours):
            if p != q:
                raise NoMerge("PartnerMismatch")
            if len(mine) != len(yours):
                raise NoMerge("SendBranchCountMismatch")
            result = []
            for (label, body), (other, rest) in zip(sorted(mine), sorted(yours), strict=True):
                if label != other:
                    raise NoMerge("SendLabelMismatch")
                result.append((label, continuation(body, rest)))
            return ("send", p, tuple(result))
        case ("recv", p, mine), ("recv", q, yours):
            if p != q:
                raise NoMerge("PartnerMismatch")
            ours = dict(mine)
            for label, body in yours:
                ours[label] = continuation(ours[label], body) if label in ours else body
            return ("recv", p, tuple((label, ours[label]) for label in sorted(ours)))
        case (("send", _, _), ("recv", _, _)) | (("recv", _, _), ("send", _, _)):
            raise NoMerge("DirectionMismatch")
        case ("mu", s, body), ("mu", t, rest):
            if s != t:
                raise NoMerge("RecursiveVariableMismatch")
            return ("mu", s, merge(body, rest))
        case ("var", _), ("var", _):
            raise NoMerge("VariableMismatch")
    raise NoMerge("IncompatibleTypes")


def continuation(left: Term, right: Term) -> Term:
    try:
        return merge(left, right)
    except NoMerge:
        raise NoMerge("IncompatibleContinuations") from None


def as_term(local: LocalType, index: int = 0) -> Term:
    """A flat local type as a nested term."""
    match local.nodes[index]:
        case End():
            return ("end",)
        case Variable(name):
            return ("var", name)
        case Mu(name, body):
            return ("mu", name, as_term(local, body))
        case InternalChoice(partner, alternatives):
            kind = "send"
        case ExternalChoice(partner, alternatives):
            kind = "recv"
    branches = tuple((each.label, as_term(local, each.then)) for each in alternatives)
    return (kind, partner, branches)


def renamed(local: Term, names: dict[int, str] | None = None) -> Term:
    """Loop variables X, Y, Z, X1, ... in the order in which binders are met."""
    names = {} if names is None else names
    match local:
        case ("var", name):
            return ("var", names[name])
        case ("mu", name, body):
            fresh = "XYZ"[len(names) % 3] + (str(len(names) // 3) if len(names) > 2 else "")
            names.setdefault(name, fresh)
            return ("mu", names[name], renamed(body, names))
        case ("end",):
            return local
    kind, partner, branches = local
    return (kind, partner, tuple((label, renamed(body, names)) for label, body in branches))
