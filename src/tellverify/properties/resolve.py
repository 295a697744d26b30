"""From the tree of a property to its formula at given family sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tellverify.model.formula import (
    ANY,
    Atom,
    BranchAtom,
    CountAtom,
    EventAtom,
    FinishedAtom,
    Formula,
    FormulaBuilder,
    OfferAtom,
)
from tellverify.model.graph import ProtocolGraph
from tellverify.model.roles import family_of
from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.properties.formula_tree import (
    At,
    BinaryFormula,
    Compare,
    ConstantFormula,
    Finished,
    FormulaError,
    MessageAtom,
    NameFormula,
    RoleName,
    Takes,
    Tree,
    Unary,
    leaf_roles,
    leaves,
)

_MOST_NODES = 20_000

Messages = tuple[tuple[str, str, int], ...]


class NameScope(msgspec.Struct, frozen=True):
    """The names of a protocol at given sizes.

    `roles` are those of the graph, `families` the names of role families, and `branches` has by
    role and label the messages that begin a branch.
    """

    roles: tuple[str, ...]
    families: frozenset[str]
    labels: tuple[str, ...]
    branches: Mapping[tuple[str, str], Messages]

    def members(self, family: str) -> list[str]:
        """The members of a family, or the role of that name alone."""
        prefix = f"{family}["
        found = [role for role in self.roles if role.startswith(prefix)]
        return found or [role for role in self.roles if role == family]


class UnknownName(msgspec.Struct, frozen=True):
    """A name in a formula that the protocol does not have: "role", "message" or "branch"."""

    kind: str
    name: NameFormula
    known: tuple[str, ...]


def scope_of(
    graph: ProtocolGraph,
    families: Sequence[str],
    branches: Mapping[tuple[str, str], Messages],
) -> NameScope:
    """The names of a graph."""
    return NameScope(graph.roles, frozenset(families), graph.labels, branches)


def scope_of_timed(
    protocol: TimedProtocol, families: Sequence[str], branches: Sequence[tuple[str, str]]
) -> NameScope:
    """The names of a protocol with timeouts; `branches` are pairs of a role and a label.

    No event is told to begin a branch: a branch stands for itself, so that formulas show it.
    """
    labels = dict.fromkeys(n.label for n in protocol.nodes if isinstance(n, MessageNode))
    named = {
        (role, label): ((ANY, label, 0),)
        for decider, label in branches
        for role in protocol.roles
        if family_of(role) == family_of(decider)
    }
    return NameScope(protocol.roles, frozenset(families), tuple(labels), named)


def unknown_names(
    tree: Tree, roles: Sequence[str], labels: Sequence[str], branches: Sequence[tuple[str, str]]
) -> list[UnknownName]:
    """The names in `tree` that are not roles, messages or branches, each once, in text order.

    `labels` are those of all graphs, with the tags of choices in front; `branches` pairs of
    roles without index and labels.
    """
    found: dict[tuple[str, str], UnknownName] = {}
    known_labels: dict[str, None] = dict.fromkeys(labels)
    for label in labels:
        known_labels.update(dict.fromkeys(_behind_tags(label)))
    taken = dict.fromkeys(text for _, text in branches)
    for role in leaf_roles(tree):
        if role.name.text not in roles:
            found.setdefault(("role", role.name.text), UnknownName("role", role.name, tuple(roles)))
    for leaf in leaves(tree):
        match leaf:
            case MessageAtom(label=name) | At(label=name):
                if name.text != ANY and name.text not in known_labels:
                    shown = tuple(known_labels)
                    found.setdefault(("message", name.text), UnknownName("message", name, shown))
            case Takes(branch=name):
                if name.text not in taken:
                    shown = tuple(taken)
                    found.setdefault(("branch", name.text), UnknownName("branch", name, shown))
            case Finished() | Compare() | ConstantFormula() | Unary() | BinaryFormula():
                pass
    return sorted(found.values(), key=lambda one: one.name.span)


def _behind_tags(label: str) -> list[str]:
    parts = label.split(".")
    return [".".join(parts[n:]) for n in range(1, len(parts))]


def formula_of(tree: Tree, scope: NameScope) -> Formula | None:
    """The formula of `tree`; None when it names a member that these sizes do not have.

    With variables such as `i` in `Devices[i]` it says the same of all members at once. Raises
    FormulaError when a variable is of several families, an index on a role that has none, or the
    formula becomes too large.
    """
    sizes = _variables(tree, scope)
    for role in leaf_roles(tree):
        if role.index is not None and role.index.text.isdigit():
            if role.name.text not in scope.families:
                raise FormulaError(f"`{role.name.text}` is not a role family", role.index.span)
            if f"{role.name.text}[{role.index.text}]" not in scope.roles:
                return None
    builder = FormulaBuilder()
    whole = builder.constant(True)
    for chosen in _valuations(sizes, tree):
        whole = builder.both(whole, _Resolver(builder, scope, chosen).node(tree))
    return builder.formula(whole)


def _variables(tree: Tree, scope: NameScope) -> dict[str, int]:
    """The variables of a tree with the number of members that each stands for."""
    of: dict[str, str] = {}
    for role in leaf_roles(tree):
        if role.index is None or role.index.text == ANY or role.index.text.isdigit():
            continue
        variable, family = role.index.text, role.name.text
        if family not in scope.families:
            raise FormulaError(f"`{family}` is not a role family", role.index.span)
        if of.setdefault(variable, family) != family:
            raise FormulaError(
                f"`{variable}` stands for members of `{of[variable]}` and of `{family}`",
                role.index.span,
                "use one variable for each family",
            )
    return {variable: len(scope.members(family)) for variable, family in of.items()}


def _valuations(sizes: Mapping[str, int], tree: Tree) -> list[dict[str, int]]:
    found: list[dict[str, int]] = [{}]
    for variable, size in sizes.items():
        found = [{**chosen, variable: value} for chosen in found for value in range(size)]
        if len(found) > _MOST_NODES:
            first = leaf_roles(tree)[0]
            raise FormulaError("the formula refers to too many members", first.name.span)
    return found


class _Resolver:
    """Makes the nodes of a tree; variables have the values of `chosen`."""

    def __init__(
        self, builder: FormulaBuilder, scope: NameScope, chosen: Mapping[str, int]
    ) -> None:
        self._builder = builder
        self._scope = scope
        self._chosen = chosen

    def node(self, tree: Tree) -> int:
        """The node of a tree, arguments before operators on an explicit stack."""
        work: list[tuple[Tree, bool]] = [(tree, False)]
        made: list[int] = []
        while work:
            one, ready = work.pop()
            match one:
                case Unary(operator=operator, argument=argument):
                    if ready:
                        made.append(self._unary(operator, made.pop()))
                    else:
                        work += [(one, True), (argument, False)]
                case BinaryFormula(operator=operator, left=left, right=right):
                    if ready:
                        other = made.pop()
                        made.append(self._binary(operator, made.pop(), other))
                    else:
                        work += [(one, True), (right, False), (left, False)]
                case MessageAtom() | Takes() | Finished() | At() | Compare() | ConstantFormula():
                    made.append(self._leaf(one))
        return made[0]

    def _unary(self, operator: str, argument: int) -> int:
        make = self._builder
        match operator:
            case "not":
                return make.negation(argument)
            case "always":
                return make.always(argument)
            case "eventually":
                return make.eventually(argument)
            case "never":
                return make.always(make.negation(argument))
            case "again":
                # On a run that ends, every position has its last one ahead, and nothing is asked.
                end = make.next(make.constant(False), weak=True)
                return make.always(make.eventually(make.either(argument, end)))
            case _:
                return make.next(argument, weak=operator == "weak-next")

    def _binary(self, operator: str, left: int, right: int) -> int:
        make = self._builder
        match operator:
            case "and":
                return make.both(left, right)
            case "or":
                return make.either(left, right)
            case "implies":
                return make.either(make.negation(left), right)
            case "iff":
                forth = make.either(make.negation(left), right)
                return make.both(forth, make.either(left, make.negation(right)))
            case "until":
                return make.until(left, right)
            case "release":
                return make.release(left, right)
            case "weak-until":
                return make.weak_until(left, right)
            case "never-after":
                never = make.always(make.negation(left))
                later = make.next(never, weak=True)
                return make.always(make.either(make.negation(right), later))
            case "followed-by":
                later = make.next(make.eventually(right))
                return make.always(make.either(make.negation(left), later))
            case "only-after":
                absent = make.negation(left)
                return make.weak_until(absent, make.both(right, absent))
            case _:
                some = make.either(make.eventually(left), make.eventually(right))
                return make.both(
                    some,
                    make.negation(make.both(make.eventually(left), make.eventually(right))),
                )

    def _leaf(self, tree: Tree) -> int:
        make = self._builder
        match tree:
            case ConstantFormula(value):
                return make.constant(value)
            case MessageAtom() | Takes():
                return self._any(self._event_atoms(tree))
            case Finished(role):
                return self._all([FinishedAtom(one) for one in self._members(role)])
            case At(role, label):
                return self._all([OfferAtom(one, label.text) for one in self._members(role)])
            case Compare(terms, constant):
                counted = [
                    (factor, make.atom_number(atom))
                    for factor, what in terms
                    for atom in self._event_atoms(what)
                ]
                factors: dict[int, int] = {}
                for factor, number in counted:
                    factors[number] = factors.get(number, 0) + factor
                left = tuple((factor, number) for number, factor in factors.items() if factor)
                return (
                    make.atom(CountAtom(left, constant)) if left else make.constant(constant >= 0)
                )
            case Unary() | BinaryFormula():  # handled by the caller
                return make.constant(False)

    def _any(self, atoms: Sequence[Atom]) -> int:
        node = self._builder.constant(False)
        for atom in atoms:
            node = self._builder.either(node, self._builder.atom(atom))
        return node

    def _all(self, atoms: Sequence[Atom]) -> int:
        node = self._builder.constant(True)
        for atom in atoms:
            node = self._builder.both(node, self._builder.atom(atom))
        return node

    def _event_atoms(self, tree: MessageAtom | Takes) -> list[Atom]:
        """The atoms of which one holds where `tree` does; no two hold together."""
        if isinstance(tree, MessageAtom):
            sender, receiver = self._pattern(tree.sender), self._pattern(tree.receiver)
            return [EventAtom(tree.action, sender, receiver, tree.label.text)]
        pattern = self._pattern(tree.role)
        return [
            BranchAtom(role, label, messages)
            for (role, label), messages in self._scope.branches.items()
            if label == tree.branch.text and messages and _stands_for(pattern, role)
        ]

    def _pattern(self, role: RoleName | None) -> str:
        if role is None:
            return ANY
        name = role.name.text
        if role.index is None:
            return f"{name}[*]" if name in self._scope.families else name
        return f"{name}[{self._chosen.get(role.index.text, role.index.text)}]"

    def _members(self, role: RoleName) -> list[str]:
        pattern = self._pattern(role)
        if pattern.endswith("[*]"):
            return self._scope.members(role.name.text)
        return [pattern]


def _stands_for(pattern: str, role: str) -> bool:
    if pattern.endswith("[*]"):
        return role.startswith(pattern[:-1])
    return pattern in (ANY, role)
