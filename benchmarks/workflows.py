"""Workflows: how long sequences, parallel sessions and a changed protocol of many take.

    python benchmarks/workflows.py [--phases N]

Prints seconds, and ratios within one run: these hold on other machines as well.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tellverify.language.files.inputs import read_any
from tellverify.obligations.options import Options
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Run
from tellverify.verification.cache import Cache
from tellverify.workflows.workflow_check import check_workflows

_BODY = """
protocol {name} =
  roles Client, Server, Store
  Client -> Server : Ask{number}
  choice Server at
    | Yes =>
      Server -> Client : Yes
      Server -> Store : Yes
      Store -> Server : Kept
    | No =>
      Server -> Client : No
      Server -> Store : No
"""
_AGENTS = 'agents = { Client = "phone", Server = "gateway", Store = "store" }\n'
_CALL = """module call exposing (Call)

protocol Call =
  roles Client, Server
  Client -> Server : Ask
  Server -> Client : Answer
"""


def _protocol(folder: Path, number: int, extra: str = "") -> str:
    name = f"P{number}"
    text = f"module p{number} exposing ({name})\n{_BODY.format(name=name, number=number)}{extra}"
    (folder / f"p{number}.tell").write_text(text, encoding="utf-8")
    return f"p{number}.tell"


def _sequence(folder: Path, phases: int, protocols: int) -> Path:
    """A workflow of `phases` phases of 5 events a branch, of `protocols` different protocols."""
    names = [_protocol(folder, number) for number in range(protocols)]
    rows = [
        f'[[workflow.w.phase]]\nprotocol = "{names[n % protocols]}"\n{_AGENTS}go_on = ["Yes"]\n'
        for n in range(phases)
    ]
    path = folder / "sequence.toml"
    path.write_text("".join(rows), encoding="utf-8")
    return path


def _calls(folder: Path, sessions: int, *, crossed: bool) -> Path:
    (folder / "call.tell").write_text(_CALL, encoding="utf-8")
    rows = []
    for n in range(sessions):
        ends = ("A", f"W{n}") if not crossed else (("A", "B") if n % 2 else ("B", "A"))
        rows.append(
            f'[[workflow.s{n}.phase]]\nprotocol = "call.tell"\n'
            f'agents = {{ Client = "{ends[0]}", Server = "{ends[1]}" }}\n'
        )
    if crossed:
        own = [f'"s{n}"' for n in range(sessions)]
        rows.append(f"[agents.A]\norder = [{', '.join(own)}]\n")
        rows.append(f"[agents.B]\norder = [{', '.join(reversed(own))}]\n")
    path = folder / f"calls{crossed}.toml"
    path.write_text("".join(rows), encoding="utf-8")
    return path


def _run(path: Path, cache: str = "") -> Run:
    kept = Cache(cache) if cache else None
    found = check_workflows([read_any(str(path))], Options(), cache=kept).run
    if kept is not None:
        kept.close()
    return found


def _seconds(work: Callable[[], Run], times: int = 3) -> tuple[float, Run]:
    taken = []
    for _ in range(times):
        begun = time.process_time()
        run = work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken), run


def _said(name: str, seconds: float, run: Run, ratio: str = "") -> None:
    outcome = next(
        v.outcome for p in run.protocols for v in p.verdicts if v.property is Property.COMPOSITION
    )
    print(f"{name:<58}{seconds * 1000:9.1f} ms  {type(outcome).__name__.lower():<9}{ratio}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--phases", type=int, default=1_000)
    phases = parser.parse_args().phases
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        few, run = _seconds(lambda: _run(_sequence(folder, phases // 10, 4)))
        _said(f"{phases // 10} phases of 4 protocols", few, run)
        path = _sequence(folder, phases, 4)
        many, run = _seconds(lambda: _run(path))
        _said(f"{phases} phases of 4 protocols", many, run, f"{many / few:.1f} times 1/10")
        path = _calls(folder, 8, crossed=False)
        apart, run = _seconds(lambda: _run(path))
        _said("8 calls beside each other, by orders", apart, run)
        path = _calls(folder, 4, crossed=True)
        crossed, run = _seconds(lambda: _run(path))
        _said("4 calls in crossed orders, by search", crossed, run, f"{crossed / apart:.1f} times")
        path = _sequence(folder, phases, phases)
        cold, run = _seconds(lambda: _run(path), 1)
        _said(f"{phases} phases of as many protocols, without a cache", cold, run)
        cache = str(folder / "cache" / "verdicts.sqlite")
        filled, run = _seconds(lambda: _run(path, cache), 1)
        _said(f"{phases} protocols, filling a cache", filled, run, f"{filled / cold:.2f} times")
        number = 0

        def changed() -> Run:
            nonlocal number
            number += 1
            _protocol(folder, number, f"-- changed {number}\n")
            return _run(path, cache)

        warm, run = _seconds(changed)
        _said(f"{phases} protocols, one changed", warm, run, f"1/{cold / warm:.0f} of cold")


if __name__ == "__main__":
    main()
