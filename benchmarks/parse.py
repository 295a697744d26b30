"""Measures how fast text becomes a tree: lines per second, and how that depends on length."""

from __future__ import annotations

import sys
from time import process_time

from tellverify.source.text import SourceFile
from tellverify.syntax.parser import parse

_BLOCK = """\
  Client{0} {{ guard_capability : "relay:forward", flow_cost : {0} }} -> Server : Ask{0} of a.b.Body
  Server -> Client{0} : Receipt(ticket{0})
  -- the server decides
  choice Server at
    | Accept{0} =>
        Server -> Client{0} : Accept{0}
        Client{0} -> Auditor : Logged
    | Refuse{0} when (load > {0}) =>
        Server -> Client{0} : Refuse{0}
        Client{0} ->* : Closed
  let slip{0} = check Yard.claim(ticket{0})
  rec Again{0}
    Client{0} -> Server : Ping
    continue Again{0}
"""
_ROUNDS = 7


def protocol_of(lines: int) -> str:
    """A protocol of about so many lines, with every frequent construct."""
    blocks = lines // _BLOCK.count("\n")
    return "protocol Long =\n  roles Server, Auditor\n" + "".join(
        _BLOCK.format(number) for number in range(blocks)
    )


def seconds_per_line(lines: int) -> float:
    """The least processor time per line in a few rounds."""
    text = protocol_of(lines)
    count = text.count("\n")
    best = float("inf")
    for _ in range(_ROUNDS):
        source = SourceFile("long.tell", text)
        start = process_time()
        parsed = parse(source)
        best = min(best, process_time() - start)
        if not parsed.file.complete:
            sys.exit("the text that is measured has faults")
    return best / count


def main() -> None:
    """Prints lines per second at two lengths, and their ratio per line."""
    short, long = seconds_per_line(2_000), seconds_per_line(20_000)
    sys.stdout.write(f"2,000 lines: {1 / short:,.0f} lines per second\n")
    sys.stdout.write(f"20,000 lines: {1 / long:,.0f} lines per second\n")
    sys.stdout.write(f"time per line, 20,000 to 2,000 lines: {long / short:.2f}\n")


if __name__ == "__main__":
    main()
