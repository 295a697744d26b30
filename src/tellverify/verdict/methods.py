"""How outcomes are known: the methods, what carries each out, and the evidence that it leaves."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class Engine(StrEnum):
    """What carries a method out; `none` stands with obligations that are not decided."""

    SYNTACTIC = "syntactic"
    PROJECTION = "projection"
    GRAPH = "graph"
    SEARCH = "search"
    SMT = "smt"
    EXECUTION = "execution"
    NONE = "none"


class CertificateKind(StrEnum):
    """A kind of evidence behind a proved or bounded outcome."""

    COHERENCE = "coherence"
    BUDGETS = "budgets"
    SCRIPTS = "scripts"
    ACCEPTANCE = "acceptance"


class MethodRow(msgspec.Struct, frozen=True):
    """The engine of a method, its name in prose, how it works, and what certifies it.

    `phrase` follows "proved" or "found" in a sentence.
    """

    engine: Engine
    title: str
    phrase: str
    certificate: CertificateKind | None = None


class Method(StrEnum):
    """How an outcome is known, as JSON names it."""

    STRUCTURE = "structure"
    SETS = "sets"
    CASES = "cases"
    COHERENCE = "coherence"
    GENERIC_MEMBER = "generic-member"
    COMPOSITION = "composition"
    STRICT_MERGE = "strict-merge"
    CAUSALITY = "causality"
    CAUSAL_ORDER = "causal-order"
    REACHABILITY = "reachability"
    ACYCLIC_MACHINES = "acyclic-machines"
    LONGEST_PATH = "longest-path"
    CLOSED_FORM = "closed-form"
    SEARCH = "search"
    SEARCH_EVALUATED = "search-evaluated"
    PERSISTENT_SETS = "persistent-sets"
    COMPATIBILITY = "k-multiparty-compatibility"
    ENUMERATION = "enumeration"
    SMT = "smt"
    SMT_EVALUATED = "smt-evaluated"
    SETS_AND_SMT = "sets-and-smt"
    INDUCTION = "induction"
    EXECUTIONS = "executions"
    ACCEPTANCE_CONDITIONS = "acceptance-conditions"
    SUBTYPING = "subtyping"
    PHASE_CONDITIONS = "phase-conditions"
    SESSION_ORDERS = "session-orders"
    JOINED_GRAPH = "joined-graph"

    @property
    def row(self) -> MethodRow:
        """Its row in the table of methods."""
        return METHODS[self]


METHODS: Final[dict[Method, MethodRow]] = {
    Method.STRUCTURE: MethodRow(
        Engine.SYNTACTIC, "structure", "by the rules of the language on the syntax tree"
    ),
    Method.SETS: MethodRow(Engine.SYNTACTIC, "sets", "by comparing sets of keys"),
    Method.CASES: MethodRow(Engine.SYNTACTIC, "cases", "by cases"),
    Method.COHERENCE: MethodRow(
        Engine.PROJECTION,
        "coherence",
        "by the complete conditions of implementability on the protocol graph",
        CertificateKind.COHERENCE,
    ),
    Method.GENERIC_MEMBER: MethodRow(
        Engine.PROJECTION,
        "generic member",
        "by deciding a family with one member that stands for all further ones",
        CertificateKind.COHERENCE,
    ),
    Method.COMPOSITION: MethodRow(
        Engine.PROJECTION, "composition", "by deciding parallel branches one by one"
    ),
    Method.STRICT_MERGE: MethodRow(
        Engine.PROJECTION, "strict merge", "by merging the local types of all branches"
    ),
    Method.CAUSALITY: MethodRow(
        Engine.GRAPH, "causality", "by the causal dependence of the sends in every loop"
    ),
    Method.CAUSAL_ORDER: MethodRow(
        Engine.GRAPH, "causal order", "by the causal order of events on the protocol graph"
    ),
    Method.REACHABILITY: MethodRow(
        Engine.GRAPH, "reachability", "by reachability of an end from every state of the graph"
    ),
    Method.ACYCLIC_MACHINES: MethodRow(
        Engine.GRAPH, "acyclic machines", "by the absence of cycles in the machines of all roles"
    ),
    Method.LONGEST_PATH: MethodRow(
        Engine.GRAPH,
        "longest path",
        "by longest paths in the protocol graph",
        CertificateKind.BUDGETS,
    ),
    Method.CLOSED_FORM: MethodRow(
        Engine.GRAPH, "closed form", "by a formula in the family sizes", CertificateKind.BUDGETS
    ),
    Method.SEARCH: MethodRow(Engine.SEARCH, "search", "by searching every configuration"),
    Method.SEARCH_EVALUATED: MethodRow(
        Engine.SEARCH, "search, evaluated twice", "by searching the states and evaluating the run"
    ),
    Method.PERSISTENT_SETS: MethodRow(Engine.SEARCH, "persistent sets", "by persistent sets"),
    Method.COMPATIBILITY: MethodRow(
        Engine.SEARCH, "k-multiparty compatibility", "by k-multiparty compatibility"
    ),
    Method.ENUMERATION: MethodRow(Engine.SEARCH, "enumeration", "by enumeration"),
    Method.SMT: MethodRow(Engine.SMT, "SMT", "by an SMT solver", CertificateKind.SCRIPTS),
    Method.SMT_EVALUATED: MethodRow(
        Engine.SMT, "SMT, examples evaluated", "by an SMT solver whose example is evaluated"
    ),
    Method.SETS_AND_SMT: MethodRow(
        Engine.SMT, "sets and z3", "by comparing sets of keys and by an SMT solver"
    ),
    Method.INDUCTION: MethodRow(
        Engine.SMT, "induction", "by induction with an SMT solver", CertificateKind.SCRIPTS
    ),
    Method.EXECUTIONS: MethodRow(
        Engine.EXECUTION,
        "executions",
        "by executing the machines of all roles",
        CertificateKind.ACCEPTANCE,
    ),
    Method.ACCEPTANCE_CONDITIONS: MethodRow(
        Engine.EXECUTION, "five conditions", "by the five conditions of the acceptance rule"
    ),
    Method.SUBTYPING: MethodRow(
        Engine.PROJECTION, "subtyping", "by asynchronous subtyping, role by role"
    ),
    Method.PHASE_CONDITIONS: MethodRow(
        Engine.GRAPH,
        "conditions between phases",
        "by the conditions between phases and the orders of all agents",
    ),
    Method.SESSION_ORDERS: MethodRow(
        Engine.GRAPH, "orders of sessions", "by the absence of cycles in the orders of all agents"
    ),
    Method.JOINED_GRAPH: MethodRow(
        Engine.PROJECTION,
        "joined graph",
        "by the complete conditions of implementability on the joined graph of the phases",
    ),
}


def method_named(text: str) -> Method | None:
    """The method of a value of the enumeration or of a title, None when there is no such one."""
    for method, row in METHODS.items():
        if text in (method.value, row.title):
            return method
    return None
