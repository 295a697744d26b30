"""Formulas in the sizes of families agree with the graphs at these sizes."""

from __future__ import annotations

import random

import pytest

from tellverify.annotations.longest_paths import PathShape, worst_case
from tellverify.annotations.metadata import Metadata, metadata_of
from tellverify.annotations.polynomial import constant, largest, text_of, value_of, variable
from tellverify.annotations.rules import default_rules
from tellverify.annotations.worst_case_formula import FormulaReader, NoFormula, TermGroup
from tellverify.language.lowering.lower import lower
from tellverify.language.lowering.sites import record_entries
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile

RULES = default_rules()


class Writer:
    """A random protocol with two families of one size and one of another."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lines = ["protocol P =", "  roles A, B, F[N], G[N], H[*]"]
        self.label = 0
        self.block("  ", 3, [])

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def send(self, indent: str, sender: str | None = None) -> None:
        refs = ("A", "B", "F[*]", "G[*]", "H[*]")
        p = sender or self.rng.choice(refs)
        q = self.rng.choice([r for r in refs if r != p])
        self.label += 1
        record = f" {{ flow_cost : {self.rng.choice((0, 1, 3, 7, 20))} }}"
        if self.rng.random() < 0.2:
            record = ""
        target = "->*" if self.rng.random() < 0.1 else f"-> {q}"
        self.lines.append(f"{indent}{p}{record} {target} : m{self.label}")

    def block(self, indent: str, depth: int, bound: list[str], first: str | None = None) -> None:
        self.send(indent, first)
        for _ in range(self.rng.randint(0, 2)):
            self.statement(indent, depth, bound)

    def statement(self, indent: str, depth: int, bound: list[str]) -> None:
        kind = self.rng.random() if depth else 0.0
        add = self.lines.append
        if kind < 0.45:
            self.send(indent)
        elif kind < 0.7:
            decider = self.rng.choice(("A", "B"))
            add(f"{indent}choice {decider} at")
            for label in ("l1", "l2", "l3")[: self.rng.randint(2, 3)]:
                add(f"{indent}  | {label} =>")
                self.block(indent + "      ", depth - 1, bound, decider)
                if bound and self.rng.random() < 0.2:
                    add(f"{indent}      continue {self.rng.choice(bound)}")
        elif kind < 0.8:
            name = f"X{len(bound)}"
            add(f"{indent}rec {name}")
            self.block(indent + "  ", depth - 1, [*bound, name])
        elif kind < 0.92:
            times = self.rng.choice(("repeat 2", "repeat 3", "repeat N", 'while "p"'))
            add(f"{indent}loop {times}")
            self.block(indent + "  ", depth - 1, [])
        else:
            add(f"{indent}par")
            for _ in range(2):
                add(f"{indent}  |")
                self.send(indent + "      ")


def reader_of(protocol: ast.Protocol) -> FormulaReader:
    def metadata(record: ast.Record | None) -> Metadata:
        return metadata_of(record_entries(record), RULES)

    return FormulaReader(protocol, metadata)


@pytest.mark.parametrize("block", range(4))
def test_formulas_agree_with_graphs(block: int) -> None:
    formulas = loops = 0
    for seed in range(block, 160, 4):
        text = Writer(seed).text
        source = SourceFile("p.tell", text)
        parsed = parse(source)
        (protocol,) = parsed.file.protocols
        reader = reader_of(protocol)
        for sizes in ({"F": 1, "G": 1, "H": 2}, {"F": 2, "G": 2, "H": 1}):
            lowered = lower(parsed.file, source, protocol, sizes, 20_000)
            graph = lowered.graph
            if graph is None or lowered.diagnostics:
                continue
            shape = PathShape(graph)
            for role in ("A", "B", "F", "H"):
                costs = {
                    number: [
                        metadata_of(graph.site_of(e).annotations, RULES).cost
                        if graph.sender[e] == number
                        else 0
                        for e in range(graph.event_count)
                    ]
                    for number, name in enumerate(graph.roles)
                    if name.partition("[")[0] == role
                }
                worst = [worst_case(shape, each) for each in costs.values()]
                try:
                    formula = reader.worst(TermGroup(role), lambda m: m.cost)
                except NoFormula:
                    loops += any(not one.is_bounded for one in worst)
                    continue
                assert all(one.is_bounded for one in worst), (seed, text)
                total = max(one.total for one in worst)
                assert value_of(formula, reader.sizes(sizes)) == total, (seed, role, sizes, text)
                formulas += 1
    assert formulas > 100
    assert loops > 0


def test_polynomials() -> None:
    n, m = variable("N"), variable("M")
    assert str(n * constant(150) + constant(200)) == "150·N + 200"
    assert str(n * n + m + constant(-3)) == "N^2 + M - 3"
    assert str(constant(0)) == "0"
    assert (n * n).is_at_least(n)
    assert not n.is_at_least(m)
    assert not n.is_at_least(constant(2))
    assert (n * constant(3)).is_at_least(n + constant(2))
    both = largest((n * constant(2),), (m,), (n,))
    assert text_of(both) == "max(2·N, M)"
    assert value_of(both, {"N": 2, "M": 9}) == 9


def test_the_size_of_a_cost_is_not_limited() -> None:
    assert str(constant(2**80) * variable("N")) == f"{2**80}·N"
