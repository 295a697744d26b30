"""Measures how fast text becomes a tree and is checked, and how that depends on its length."""

from __future__ import annotations

import sys
from time import process_time

from tellverify.language.checks.wellformed import check_structure
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile

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
    roles = ", ".join(["Server", "Auditor", *(f"Client{number}" for number in range(blocks))])
    return f"protocol Long =\n  roles {roles}\n" + "".join(
        _BLOCK.format(number) for number in range(blocks)
    )


def seconds_per_line(lines: int) -> tuple[float, float]:
    """The least processor time per line in a few rounds: text to tree, and rules on the tree."""
    text = protocol_of(lines)
    count = text.count("\n")
    parsing = checking = float("inf")
    for _ in range(_ROUNDS):
        source = SourceFile("long.tell", text)
        start = process_time()
        parsed = parse(source)
        middle = process_time()
        check_structure(parsed.file, source)
        parsing = min(parsing, middle - start)
        checking = min(checking, process_time() - middle)
        if not parsed.file.complete:
            sys.exit("the text that is measured has faults")
    return parsing / count, checking / count


def main() -> None:
    """Prints lines per second at two lengths, and their ratio per line."""
    short, long = seconds_per_line(2_000), seconds_per_line(20_000)
    for name, least, most in zip(("text to tree", "rules"), short, long, strict=True):
        sys.stdout.write(
            f"{name:<13} 2,000 lines: {1 / least:>9,.0f} lines per second;"
            f"   20,000 lines: {1 / most:>9,.0f};   time per line {most / least:.2f} times\n"
        )


if __name__ == "__main__":
    main()
