"""Mutated files through the whole check: `python tests/property/fuzz.py [INPUTS] [SEED]`.

Mutations work on bytes and on tokens of the specs and the faulty protocols. A traceback or an
input that takes more than ten seconds ends the run with exit code 1 and the input on standard
output.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from time import perf_counter

from tellverify.language.files.inputs import decode
from tellverify.obligations.options import Options
from tellverify.verification.pipeline import check_files

ROOT = Path(__file__).resolve().parents[2]
SEEDS = [
    path.read_bytes()
    for folder in ("specs", "counterexamples")
    for path in sorted((ROOT / folder).glob("*.tell"))
]
TOKENS = [
    "choice",
    "at",
    "|",
    "=>",
    "rec",
    "continue",
    "X",
    "par",
    "loop",
    "while",
    "repeat",
    "3",
    "decide",
    "by",
    "forever",
    "->",
    "->*",
    ":",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "*",
    "N",
    "A",
    "B",
    "of",
    "when",
    "case",
    "let",
    "in",
    "where",
    "protocol",
    "=",
    "roles",
    ",",
    "--",
    "{-",
    "-}",
    "timeout",
    "5s",
    "on",
    "cancel",
    "call",
    "effect",
    "type",
    "import",
    "module",
    "exposing",
    '"',
    "check",
    "observe",
    "transfer",
    "handoff",
    "\\n",
    "\\t",
    "\\r",
    "\\0",
    "é",
    "🙂",
]
ESCAPES = {"\\n": "\n    ", "\\t": "\t", "\\r": "\r", "\\0": "\0"}
OPTIONS = Options(search_limit=2_000)
LONGEST = 10.0


def mutated(seed: int) -> bytes:
    """One file after one to four mutations, equal for equal seeds."""
    rng = random.Random(seed)
    content = rng.choice(SEEDS)
    if len(content) > 1_500 and rng.random() < 0.5:
        start = rng.randrange(len(content) - 1_000)
        content = content[:200] + content[start : start + 900]
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(content) + 1)
        end = min(len(content), start + rng.randint(0, 30))
        match rng.randrange(5):
            case 0:
                token = rng.choice(TOKENS)
                content = content[:start] + f"{ESCAPES.get(token, token)} ".encode() + content[end:]
            case 1:
                content = content[:start] + content[end:]
            case 2:
                content = content[:start] + bytes([rng.randrange(256)]) + content[start:]
            case 3:
                content = content[:end] + content[start:end] + content[end:]
            case _:
                place = rng.randrange(len(content) + 1)
                content = content[:place] + content[start:end] + content[place:]
    return content


def checked(seed: int) -> float:
    """Check one mutated file; the seconds it took. Raises whatever the check raises."""
    start = perf_counter()
    check_files([decode("fuzz.tell", mutated(seed))], OPTIONS)
    return perf_counter() - start


def main() -> int:
    """Check many; 0 when every one got an answer in time."""
    count, first = ([int(word) for word in sys.argv[1:]] + [20_000, 0][len(sys.argv) - 1 :])[:2]
    slowest = 0.0
    for seed in range(first, first + count):
        try:
            slowest = max(slowest, checked(seed))
            if slowest > LONGEST:
                raise TimeoutError(f"{slowest:.1f} seconds")
        except Exception as error:
            sys.stdout.write(f"seed {seed}: {error!r}\n{mutated(seed)!r}\n")
            return 1
    sys.stdout.write(f"{count} inputs, none without an answer, slowest {slowest:.2f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
