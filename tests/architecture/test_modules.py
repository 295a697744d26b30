"""How large modules are, and which import each other; each exception has its reason here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import tellverify

PACKAGE = Path(tellverify.__file__).parent
SMALLEST, LARGEST = 40, 400
MODULES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix(): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.stem != "__init__"
}

SMALL = {
    "__main__": "entry point of `python -m tellverify`",
    "cli/closed_streams": "loaded only where a standard stream is closed, before anything else",
    "cli/exit": "loaded with the group, before any command",
    "diagnostics/wording": "words of every package, from findings to pages; loads nothing",
    "evidence/neutral": "writes graph files; rechecking a run rests on reading them alone",
    "evidence/recheck/certificate_file": "rechecking a run rests on nothing of certificates",
    "language/checks/suggest": "near names for policies, logs and formulas, which load no check",
    "language/files/work_tree": "git and configurations ask for a work tree and read no protocol",
    "lint/finding": "cuts a circle between the rules of lint and the table that names them",
    "model/configuration": "a run is rechecked step by step, without whole systems",
    "model/defect": "raised from every package, caught by none",
    "model/delivery": "rechecking a run without faults rests on nothing of faulty channels",
    "model/failure": "outages are applied to machines without the runs in which they happen",
    "model/fault": "names of faults for the registry of properties, which loads no run",
    "model/limits": "the command line catches it and loads no machine",
    "model/parallel_order": "searches read what lowering makes, and load no lowering",
    "model/roles": "names of roles for every package; rechecking rests on no sizes",
    "model/site": "places of events in evidence, which is rechecked without graphs",
    "model/sizes": "rechecking a run with faults rests on names of roles and on no sizes",
    "model/timer_steps": "charts name steps of timers and load no semantics of timeouts",
    "obligations/instance_outcome": "cuts a circle between the table and the deciders it names",
    "policy/json_schema": "loaded only to print the schema of policies",
    "properties/timed_configurations": "only protocols with timeouts load their search",
    "report/titles": "formats for readers have titles, and those for programs have ids",
    "search/computed_table": "five searches fill tables as they go; none loads another",
    "search/simulated_run": "what was simulated is printed without the simulation",
    "search/terminal": "the two searches by layers, of which one loads numpy, end alike",
    "solver/cvc5_backend": "the home of cvc5, which is optional",
    "source/json_schema": "loaded only to print or generate a schema",
    "source/region": "places in runs and reports, which load no text",
    "source/span": "places in texts for every package; loads nothing",
    "verdict/extension_sentences": "rechecking a run without timeouts rests on nothing of it",
    "verdict/sentences": "rechecking rests on nothing else of the registry of properties",
    "verification/log_monitors": "what `log replay` asks of deciders, which commands do not load",
    "verification/policy_paths": "loaded only where a configuration names a policy",
    "verification/refused": "commands catch it before they load a check",
    "verification/telltale_target": "loaded only where Telltale is the target",
    "version": "loaded before anything else at start-up",
}
LARGE = {
    "diagnostics/admission": "table of codes",
    "diagnostics/flow": "table of codes",
    "diagnostics/shape": "table of codes",
    "diagnostics/structure": "table of codes",
    "diagnostics/syntax": "table of codes",
    "diagnostics/workflows": "table of codes",
    "language/syntax/ast": "the tree",
    "policy/rows": "table of the rows of a policy",
    "verdict/properties": "table of properties",
}
CIRCLES = {
    ("evidence/divergence", "evidence/trace_replay"): (
        "a step that is rejected is put into words, which an accepted run does not rest on"
    ),
    ("evidence/fault_run", "evidence/formula_fault_run", "evidence/formula_run", "evidence/itf"): (
        "a run without faults and without a formula rests on nothing of those with one"
    ),
    ("evidence/recheck/timed_traces", "evidence/recheck/traces"): (
        "a run without timeouts rests on nothing of those with timeouts"
    ),
    ("model/delivery", "model/faulty_channels"): (
        "a run without faults rests on nothing of faulty channels"
    ),
    ("obligations/parallel", "obligations/table"): (
        "a protocol with parallel branches is decided by deciding graphs without"
    ),
    ("obligations/temporal_answers", "obligations/timed_formulas"): (
        "for types alone: an answer is united from those on protocols with timeouts"
    ),
}


def lines_of(name: str) -> int:
    """The number of lines of a module."""
    return len(MODULES[name].read_text(encoding="utf-8").splitlines())


def test_a_module_is_small_for_a_reason() -> None:
    small = {name for name in MODULES if lines_of(name) < SMALLEST}
    assert small - SMALL.keys() == set(), "merge it into the module of its subject"
    assert SMALL.keys() - small == set(), "no reason is needed any more"


def test_a_module_is_large_for_a_reason() -> None:
    large = {name for name in MODULES if lines_of(name) > LARGEST}
    assert large - LARGE.keys() == set(), "part it where it has two subjects"
    assert LARGE.keys() - large == set(), "no reason is needed any more"


def test_modules_import_each_other_for_a_reason() -> None:
    """Imports within functions and for types count too."""
    assert set(circles()) == CIRCLES.keys()


def test_circles_are_found() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set[str]()}
    assert list(circles(edges)) == [("b", "c")]


def circles(edges: dict[str, set[str]] | None = None) -> Iterator[tuple[str, ...]]:
    """The largest groups of modules each of which reaches all others."""
    edges = imports() if edges is None else edges
    reached = {name: reachable(name, edges) for name in edges}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in edges
        if name in reached[name]
    }
    yield from sorted(groups)


def reachable(name: str, edges: dict[str, set[str]]) -> set[str]:
    """The modules that `name` imports at any distance."""
    found: set[str] = set()
    todo = [name]
    while todo:
        new = edges[todo.pop()] - found
        found |= new
        todo.extend(new)
    return found


def imports() -> dict[str, set[str]]:
    """By module, the modules of the package that it imports anywhere."""
    return {
        name: {
            imported
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tellverify")
            for imported in named_by(node)
            if imported in MODULES
        }
        for name, path in MODULES.items()
    }


def named_by(node: ast.ImportFrom) -> Iterator[str]:
    """What may be modules in `from tellverify.a import b`: `a` and `a/b`."""
    module = (node.module or "").removeprefix("tellverify").lstrip(".").replace(".", "/")
    yield module
    for alias in node.names:
        yield f"{module}/{alias.name}".lstrip("/")
