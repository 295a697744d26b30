"""Mutated files through every command that reads a file, each in this process.

    python tests/fuzz/commands.py [--inputs 20000] [--seed 0] [--only check-tell ...]

What must not come: a traceback, exit code 70, more than ten seconds of processor time, or a
process that has grown by a gigabyte. An input that takes more than two seconds is stopped by an
alarm and tried again with ten.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from mutations import mutated

from tellverify.cli.group import run

ROOT: Final = Path(__file__).resolve().parents[2]
FIRST_ALARM: Final = 2.0
ALARM: Final = 10.0
LARGEST_GROWTH: Final = 2**30
_SMALL = ("--steps", "50000", "--events", "20000")


class FileCommand(NamedTuple):
    """A command with the files it reads: `mutate` is the name of the one that is changed."""

    name: str
    mutate: str
    files: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]


class FuzzFinding(NamedTuple):
    """What went wrong for one input."""

    number: int
    command: str
    what: str
    content: bytes


SHOP = """\
-- tell: property paid: never Ship && count(Pay) < 1
-- tell: budget(Buyer = 40)
module shop exposing (Shop)
protocol Shop =
  roles Buyer, Seller, D[N]
  Buyer { guard_capability : "shop:order", flow_cost : 3 } -> Seller : Order
  choice Seller at
    | Accept when (n > 3) =>
        Seller -> Buyer : Accept
        Buyer -> Seller : Pay
        Seller -> D[*] : Ship
    | Refuse =>
        Seller -> Buyer : Refuse
        Seller -> D[*] : Idle
"""
PLAIN = """\
module plain exposing (Plain)
protocol Plain =
  roles A, B
  rec Again
    choice A at
      | More =>
          A -> B : More
          B -> A : Seen
          continue Again
      | Stop =>
          A -> B : Stop
"""
LOG = "".join(
    f'{{"session": "s", "role": "{role}", "direction": "{way}", "peer": "{peer}",'
    f' "label": "{label}"}}\n'
    for role, way, peer, label in (
        ("A", "send", "B", "More"),
        ("B", "receive", "A", "More"),
        ("B", "send", "A", "Seen"),
        ("A", "receive", "B", "Seen"),
        ("A", "send", "B", "Stop"),
        ("B", "receive", "A", "Stop"),
    )
)
CONFIGURATION = """\
include = ["*.tell"]
fail-on = "warning"
policy = "aura"
reports = ["json=out/r.json"]
evidence = "out/evidence"
[bounds]
steps = 5000
instances = { D = [1, 2] }
[properties]
one = "never Pay after Ship"
[require]
default = "bounded"
[levels]
"unused-role" = "ignore"
"""
PAGE = f"# A page\n\n```tell\n{PLAIN}```\n\n> ```tell\n> {PLAIN.splitlines()[1]}\n> ```\n"
RUST = f'fn main() {{ tell! {{ r#"{PLAIN}"# }} }}\ntell!(include_str!("p.tell"));\n'


def commands(folder: Path) -> list[FileCommand]:
    """All commands; files that only a command can make are made in `folder`."""
    made = _made(folder)
    text = {"p.tell": PLAIN, "shop.tell": SHOP}
    sample = {name: (ROOT / path).read_text("utf-8") for name, path in _SAMPLES.items()} | made

    def of(name: str, mutate: str, *arguments: str, also: Sequence[str] = ()) -> FileCommand:
        every = {**sample, **text}
        return FileCommand(
            name, mutate, tuple((one, every[one]) for one in (mutate, *also)), arguments
        )

    policy = ("--policy", "policy.toml")
    limits = ("--steps", "20000", "--timeout", "2")
    compared = ("check", "shop.tell", "--baseline", "baseline.json", "--isolated")
    given, rules = ("handover.tell",), ("policy.toml",)
    alone = "--without-sources"
    log = ("replay", "log.jsonl", "p.tell")
    return [
        of("check", "shop.tell", "check", "shop.tell", "--isolated", *_SMALL),
        of("check-policy", "shop.tell", "check", "shop.tell", "--policy", "aura", *_SMALL),
        of("check-page", "page.md", "check", "page.md", "--isolated"),
        of("check-rust", "lib.rs", "check", "lib.rs", "--isolated", also=["p.tell"]),
        of("faithful", "p.tell", "check", "p.tell", "--dialect", "faithful", "--isolated"),
        of("target", "shop.tell", "check", "shop.tell", "--target", "telltale", "--isolated"),
        of("machines", "m.json", "check", "--isolated", "--machines", "m.json"),
        of("configuration", "tellverify.toml", "check", also=["shop.tell"]),
        of("config-show", "tellverify.toml", "config", "show", also=["p.tell"]),
        of("baseline", "baseline.json", *compared, also=["shop.tell"]),
        of("ledger", "l.toml", "audit", "p.tell", "--ledger", "l.toml", also=["p.tell"]),
        of("policy", "policy.toml", "policy", "check", "policy.toml"),
        of(
            "policy-in-check",
            "policy.toml",
            "check",
            "handover.tell",
            *policy,
            also=given,
        ),
        of("admit", "policy.toml", "admit", "handover.tell", *policy, also=given),
        of(
            "admit-manifest",
            "manifest.json",
            "admit",
            "manifest.json",
            *policy,
            also=rules,
        ),
        of("accept", "handover.tell", "accept", "handover.tell", *policy, also=rules),
        of("manifest", "handover.tell", "manifest", "handover.tell", *policy, also=rules),
        of("run", "p.tell", "run", "p.tell", "--no-policy", "--steps", "50"),
        of("laws", "laws.toml", "laws", "laws.toml", *limits),
        of(
            "patterns",
            "pattern.toml",
            "patterns",
            "pattern.toml",
            "--steps",
            "20000",
            "--timeout",
            "2",
        ),
        of("facts", "facts.toml", "facts", "check", "facts.toml"),
        of(
            "recheck-certificate",
            "c.certificate.json",
            "recheck",
            "c.certificate.json",
            "--without-sources",
        ),
        of("recheck-trace", "t.itf.json", "recheck", "t.itf.json", alone),
        of("recheck-budgets", "budgets.json", "recheck", "budgets.json", alone),
        of("replay", "t.itf.json", "replay", "t.itf.json"),
        of("replay-log", "log.jsonl", *log, also=["p.tell"]),
        of(
            "replay-part",
            "log.jsonl",
            "replay",
            "log.jsonl",
            "p.tell",
            "--from",
            "any",
            also=["p.tell"],
        ),
        of("report", "run.json", "report", "run.json", "--html", "out.html"),
        of("report-text", "run.json", "report", "run.json"),
        of("project", "p.tell", "project", "p.tell"),
        of("show", "p.tell", "show", "graph", "p.tell"),
        of("tokens", "p.tell", "show", "tokens", "p.tell"),
        of("tiers", "shop.tell", "show", "tiers", "shop.tell"),
        of("fmt", "shop.tell", "fmt", "--diff", "shop.tell"),
        of("lint", "shop.tell", "lint", "shop.tell"),
        of("ignore", ".gitignore", "check", "--isolated", ".", also=["p.tell"]),
    ]


_SAMPLES: Final = {
    "handover.tell": "tests/golden/policy/handover.tell",
    "policy.toml": "counterexamples/admission/policy.toml",
    "manifest.json": "counterexamples/admission/flattened_drift.json",
    "laws.toml": "specs/laws/coordinators.toml",
    "pattern.toml": "counterexamples/patterns/retry_once_too_often.toml",
    "t.itf.json": "counterexamples/traces/DeadlockOfThree-88e21d32211a/no-deadlock.itf.json",
    "c.certificate.json": (
        "counterexamples/traces/NotMergeable-05dd269cf871/implementable.certificate.json"
    ),
}


def _made(folder: Path) -> dict[str, str]:
    """Files that commands write, and small ones."""
    (folder / "p.tell").write_text(PLAIN)
    (folder / "shop.tell").write_text(SHOP)
    with _quiet(folder):
        run(["check", "p.tell", "--isolated", "--report", "json=run.json", "--format", "none"])
        run(["baseline", "write", "shop.tell", "--isolated", "--baseline", "baseline.json"])
        run(["audit", "p.tell", "--isolated", "--ledger", "l.toml", "--write"])
        run(["project", "p.tell", "--format", "json"])
    budgets = next((ROOT / "proofs").glob("ota*/budgets.json")).read_text("utf-8")
    schema = next((ROOT / "specs" / "facts").glob("*.toml")).read_text("utf-8")
    found = {
        "page.md": PAGE,
        "lib.rs": RUST,
        "log.jsonl": LOG,
        "tellverify.toml": CONFIGURATION,
        "budgets.json": budgets,
        "facts.toml": schema,
        ".gitignore": "*.log\n/build/**\n!p.tell\n[a-z]?x\n",
        "m.json": MACHINES,
    }
    for name in ("run.json", "baseline.json", "l.toml"):
        path = folder / name
        found[name] = path.read_text("utf-8") if path.exists() else "{}"
    return found


MACHINES = (ROOT / "tests" / "fuzz" / "machines.json").read_text("utf-8")


# One input


def fuzzed(command: FileCommand, number: int, folder: Path) -> FuzzFinding | None:
    """Run a command on its mutated file; None when it behaves."""
    content = _content(command, number)
    for seconds in (FIRST_ALARM, ALARM):
        _laid(command, content, folder)
        before = _memory()
        what = _failure(command.arguments, folder, seconds)
        if what != _SLOW:
            break
    if not what and _memory() - before > LARGEST_GROWTH:
        what = f"grew by {(_memory() - before) >> 20} MB"
    return FuzzFinding(number, command.name, what, content) if what else None


def _content(command: FileCommand, number: int) -> bytes:
    rng = random.Random(number)
    return mutated(dict(command.files)[command.mutate].encode(), rng, command.mutate)


def _laid(command: FileCommand, content: bytes, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in command.files:
        (folder / name).write_bytes(content if name == command.mutate else text.encode())


_SLOW: Final = "too slow"


class _Alarm(BaseException):
    """The processor time is over; no `except Exception` takes it."""


def _failure(arguments: Sequence[str], folder: Path, seconds: float) -> str:
    """What is wrong with how a command ends, empty when nothing is."""

    rung = False

    def stop(signum: int, frame: object) -> None:
        nonlocal rung
        rung = True
        raise _Alarm

    old = signal.signal(signal.SIGPROF, stop)
    error = ""
    try:
        with _quiet(folder) as said:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            try:
                code = run(list(arguments))
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    except _Alarm:
        return _SLOW
    except BaseException as fault:
        return _SLOW if rung else f"raises {fault!r}"
    finally:
        signal.signal(signal.SIGPROF, old)
        gc.collect()
    if rung:  # in a call of another language, which has turned the alarm into an error of its own
        return _SLOW
    if code == 70:
        error = "exit code 70"
        report = re.search(r"details are in (\S+)", said())
        if report:
            error += ": " + Path(report[1]).read_text("utf-8").strip().splitlines()[-1]
            os.remove(report[1])
    elif "Traceback (most recent call last)" in said():
        error = "prints a traceback"
    return error


def _memory() -> int:
    """The largest resident size of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextmanager
def _quiet(folder: Path) -> Iterator[Callable[[], str]]:
    """Work in `folder` with streams that are kept; the text of standard error so far."""
    here, streams = ROOT, (sys.stdin, sys.stdout, sys.stderr)
    errors = io.BytesIO()
    os.chdir(folder)
    sys.stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    sys.stderr = io.TextIOWrapper(errors, encoding="utf-8", errors="backslashreplace")

    written = sys.stderr

    def said() -> str:
        written.flush()
        return errors.getvalue().decode("utf-8", "replace")

    kept: list[str] = []
    try:
        yield lambda: kept[0] if kept else said()
    finally:
        os.chdir(here)
        sys.stdin, sys.stdout, sys.stderr = streams
        kept.append(errors.getvalue().decode("utf-8", "replace") if not errors.closed else "")


def survey(numbers: Sequence[int], folder: Path, only: Sequence[str] = ()) -> list[FuzzFinding]:
    """What goes wrong for the inputs with these numbers, which take all commands in turn."""
    (folder / "made").mkdir()
    chosen = [one for one in commands(folder / "made") if not only or one.name in only]
    found = []
    gc.collect()
    gc.freeze()  # what was there before is not looked through again after every input
    for number in numbers:
        fault = fuzzed(chosen[number % len(chosen)], number, folder / "input")
        if fault is not None:
            found.append(fault)
            shown = fault.content[:4000]
            print(f"{fault.number} {fault.command}: {fault.what}\n{shown!r}", flush=True)
    gc.unfreeze()
    return found


def main() -> int:
    """Try many inputs; 0 when every command behaves on all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()
    with tempfile.TemporaryDirectory() as folder:
        numbers = range(asked.seed, asked.seed + asked.inputs)
        found = survey(numbers, Path(folder), asked.only)
    print(f"{asked.inputs} inputs, {len(found)} that a command does not stand")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
