"""SMT-LIB 2.6 scripts of answered queries, and reading them back.

A script stands for itself: declarations, one named assertion a line, the expected answer and, for
`unsat`, which assertions are enough. Only this form is read back, so a script cannot print its own
answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.solver.port import Answer, Premise, Sat, Solver, SolverBudget, Unsat
from tellverify.solver.term import (
    Add,
    Bool,
    Conjunction,
    Disjunction,
    Equal,
    If,
    Int,
    Less,
    NegatedTerm,
    Scale,
    Term,
    TermVariable,
    TwoOf,
    folded,
    variables_of,
)

ENDING: Final = ".smt2"
VERSION: Final = "; tellverify/smt-1"
LARGEST: Final = 20_000_000
_DEEPEST: Final = 2_000
_LOGIC: Final = "(set-logic QF_LIA)"
_FIXED: Final = ("(set-info :smt-lib-version 2.6)", _LOGIC)
_SIGNS: Final[dict[type[Term], str]] = {
    NegatedTerm: "not",
    Conjunction: "and",
    Disjunction: "or",
    Equal: "=",
    Less: "<",
    If: "ite",
}
_HEAD: Final = re.compile(r"; (obligation|source|sha256): (.*)")
_STATUS: Final = re.compile(r"\(set-info :status (sat|unsat)\)")
_CORE: Final = re.compile(r'\(set-info :core "(p\d+(?: p\d+)*)?"\)')
_DECLARED: Final = re.compile(r"\(declare-const (x\d+) (?:Bool|Int)\)")
_ASSERTED: Final = re.compile(r"\(assert \(! ([-a-z0-9 ()<>=+*]+) :named (p\d+)\)\)")
_WORDS: Final = frozenset(
    ["true", "false", "not", "and", "or", "ite", "<", ">", "<=", ">=", "=", "+", "-", "*"]
)
_TOKEN: Final = re.compile(r"[()]|[^ ()]+")
_NAMED: Final = re.compile(r"; [px]\d+: .*")


class About(msgspec.Struct, frozen=True):
    """What a script belongs to: an obligation and the file it was asked of."""

    obligation: str
    source: str
    sha256: str


class Script(msgspec.Struct, frozen=True):
    """A script read back: lines before the assertions, these by name, and the expected answer."""

    about: About
    status: str
    core: tuple[str, ...]
    head: tuple[str, ...]
    assertions: Mapping[str, str]

    def text(self, names: Sequence[str]) -> str:
        """The query of these assertions alone."""
        chosen = [f"(assert {self.assertions[name]})" for name in names]
        return "\n".join([*self.head, *chosen, "(check-sat)", ""])


class BadScript(Exception):
    """Why a text is not such a script; the text names the line."""


def write_script(premises: Sequence[Premise], answer: Sat | Unsat, about: About) -> str:
    """The query as a script. Names of premises and variables stand in comments."""
    return with_heading(query_lines(premises, answer), about)


def with_heading(query: str, about: About) -> str:
    """The script of a query that `query_lines` has written."""
    lines = [
        VERSION,
        f"; obligation: {_shown(about.obligation)}",
        f"; source: {_shown(about.source)}",
        f"; sha256: {about.sha256}",
        query,
    ]
    return "\n".join(lines)


def query_lines(premises: Sequence[Premise], answer: Sat | Unsat) -> str:
    """The lines of a script that do not depend on what the query belongs to."""
    variables = variables_of(premise.term for premise in premises)
    names = {name: f"x{i}" for i, name in enumerate(variables)}
    numbers = {premise.name: f"p{i}" for i, premise in enumerate(premises)}
    lines = [
        _FIXED[0],
        f"(set-info :status {'sat' if isinstance(answer, Sat) else 'unsat'})",
    ]
    if isinstance(answer, Unsat):
        lines.append(f'(set-info :core "{" ".join(numbers[name] for name in answer.core)}")')
    lines.append(_LOGIC)
    for name, variable in variables.items():
        lines.append(f"; {names[name]}: {_shown(name)}")
        lines.append(f"(declare-const {names[name]} {variable.sort})")
    for premise in premises:
        number = numbers[premise.name]
        lines.append(f"; {number}: {_shown(premise.name)}")
        lines.append(f"(assert (! {_written(premise.term, names)} :named {number}))")
    return "\n".join([*lines, "(check-sat)", ""])


def _shown(text: str) -> str:
    """A text as a part of one comment line."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _written(term: Term, names: Mapping[str, str]) -> str:
    """A term in prefix form."""

    def build(one: Term, parts: Sequence[str]) -> str:
        match one:
            case TermVariable(name):
                return names[name]
            case Bool(value):
                return "true" if value else "false"
            case Int(number):
                return _number(number)
            case Conjunction() | Disjunction() if len(parts) < 2:
                return parts[0] if parts else ("true" if isinstance(one, Conjunction) else "false")
            case TwoOf():
                return f"(<= 2 (+ 0 {' '.join(f'(ite {part} 1 0)' for part in parts)}))"
            case Add():
                return f"(+ 0 {' '.join(parts) or '0'})"
            case Scale(factor, _):
                return f"(* {_number(factor)} {parts[0]})"
            case NegatedTerm() | Conjunction() | Disjunction() | Equal() | Less() | If():
                return f"({_SIGNS[type(one)]} {' '.join(parts)})"

    return folded(term, build)


def _number(value: int) -> str:
    return str(value) if value >= 0 else f"(- {-value})"


def read_script(text: str) -> Script:
    """Read a script back.

    Raises BadScript, with the line, for anything that `write_script` would not have written.
    """
    if len(text) > LARGEST:
        raise BadScript("it is too large")
    lines = text.split("\n")
    if lines[0] != VERSION:
        raise BadScript(f"line 1: it does not begin with `{VERSION}`")
    if lines[-2:] != ["(check-sat)", ""]:
        raise BadScript("it does not end with `(check-sat)`")
    reading = _ScriptReading()
    for number, line in enumerate(lines[1:-2], 2):
        reading.take(line, number)
    return reading.script()


class _ScriptReading:
    def __init__(self) -> None:
        self._about: dict[str, str] = {}
        self._status = ""
        self._core: tuple[str, ...] | None = None
        self._head: list[str] = []
        self._assertions: dict[str, str] = {}
        self._declared: set[str] = set()

    def take(self, line: str, number: int) -> None:
        if line in _FIXED or _NAMED.fullmatch(line):
            self._head += [line] if line == _LOGIC else []
        elif found := _HEAD.fullmatch(line):
            self._about[found[1]] = found[2]
        elif found := _STATUS.fullmatch(line):
            self._status = found[1]
        elif found := _CORE.fullmatch(line):
            self._core = tuple((found[1] or "").split())
        elif found := _DECLARED.fullmatch(line):
            self._declared.add(found[1])
            self._head.append(line)
        elif found := _ASSERTED.fullmatch(line):
            _check_term(found[1], self._declared, number)
            if found[2] in self._assertions:
                raise BadScript(f"line {number}: `{found[2]}` is there twice")
            self._assertions[found[2]] = found[1]
        else:
            raise BadScript(f"line {number}: this is no line of such a script")

    def script(self) -> Script:
        about = self._about
        if not self._status or not self._assertions or about.keys() != set(About.__struct_fields__):
            raise BadScript("it does not state its subject and the expected answer")
        core = self._core
        if (core is None) != (self._status == "sat") or not set(core or ()) <= set(
            self._assertions
        ):
            raise BadScript("its core is not one of its assertions")
        return Script(
            About(about["obligation"], about["source"], about["sha256"]),
            self._status,
            core or (),
            tuple(self._head),
            self._assertions,
        )


def _check_term(text: str, declared: set[str], line: int) -> None:
    depth = 0
    for token in _TOKEN.findall(text):
        depth += {"(": 1, ")": -1}.get(token, 0)
        known = token in "()" or token in _WORDS or token in declared or token.isdigit()
        if not known or depth < 0:
            raise BadScript(f"line {line}: `{token[:40]}` has no meaning here")
        if depth > _DEEPEST:  # solvers read terms by recursion
            raise BadScript(f"line {line}: a term is nested too deeply")
    if depth:
        raise BadScript(f"line {line}: a bracket is not closed")


class Recording:
    """Passes queries on and keeps those that were answered, in their order."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._answered: list[tuple[Sequence[Premise], Sat | Unsat]] = []

    def check(self, premises: Sequence[Premise], budget: SolverBudget) -> Answer:
        """See `Solver`."""
        answer = self._solver.check(premises, budget)
        if isinstance(answer, Sat | Unsat):
            self._answered.append((tuple(premises), answer))
        return answer

    def queries(self) -> list[str]:
        """The lines of the answered queries; terms that share parts are written out in full."""
        return [query_lines(premises, answer) for premises, answer in self._answered]

    def scripts(self, stem: str, about: About) -> list[tuple[str, str, str]]:
        """A file for each answered query: what it belongs to, its name and its text."""
        return scripts_of(self.queries(), stem, about)


def scripts_of(queries: Iterable[str], stem: str, about: About) -> list[tuple[str, str, str]]:
    """Scripts of recorded queries, as `Recording.scripts` gives them."""
    return [
        (f"{about.obligation}#{i}", f"{stem}.{i}{ENDING}", with_heading(query, about))
        for i, query in enumerate(queries, 1)
    ]
