"""What is claimed of every family size, against the definitions at each of several sizes."""

from __future__ import annotations

import itertools
import os
from typing import NamedTuple

import pytest
from family_texts import FamilyText, plain_verdict
from random_families import random_family_text

from tellverify.projection.generic_member import expand, same_runs


class Row(NamedTuple):
    """A protocol just inside or outside of the class, and what is known of it.

    `holds`, `refuted` and `no_graph` are sizes of the families in the order of declaration;
    `outside` is a part of the reason for which nothing is claimed, empty where it is, from
    `least` on.
    """

    text: str
    cutoffs: tuple[int, ...]
    holds: tuple[tuple[int, ...], ...] = ()
    refuted: tuple[tuple[int, ...], ...] = ()
    stuck: tuple[tuple[int, ...], ...] = ()
    no_graph: tuple[tuple[int, ...], ...] = ()
    outside: str = ""
    least: tuple[int, ...] = ()


ROWS = {
    "rounds": Row(
        """protocol P =
  roles Boss, Clerk, Auditor, Crew[N]
  choice Boss at
    | Fixed =>
      Boss -> Clerk : Fixed
      loop repeat 5
        Clerk -> Auditor : Page
      Clerk -> Auditor : Last
      Auditor -> Boss : Yes
      Boss -> Crew[*] : Yes
    | Each =>
      Boss -> Clerk : Each
      loop repeat N
        Clerk -> Auditor : Page
      Clerk -> Auditor : Last
      Auditor -> Boss : No
      Boss -> Crew[*] : No
""",
        (0,),
        holds=((1,), (2,), (3,), (4,), (6,), (7,)),
        refuted=((5,),),
        outside="`loop repeat N` has as many rounds",
    ),
    "tag to the first member": Row(
        """protocol P =
  roles Chair, Members[N]
  choice Chair at
    | Yes =>
      Chair -> Members[*] : Done
      Members[*] -> Chair : Kept
    | No =>
      Chair -> Members[*] : Done
      Members[*] -> Chair : Dropped
""",
        (1,),
        holds=((1,),),
        refuted=((2,), (3,), (4,)),
        outside="not implementable at N = 2",
    ),
    "tag to the first of a range": Row(
        """protocol P =
  roles Chair, Members[N]
  choice Chair at
    | Yes =>
      Chair -> Members[1..N] : Done
      Members[1..N] -> Chair : Kept
    | No =>
      Chair -> Members[1..N] : Done
      Members[1..N] -> Chair : Dropped
""",
        (2,),
        holds=((2,),),
        refuted=((3,), (4,)),
        outside="not implementable at N = 3",
    ),
    "one member told": Row(
        """protocol P =
  roles Coordinator, Devices[N]
  choice Coordinator at
    | Commit =>
      Coordinator -> Devices[*] : Commit
    | Abort =>
      Coordinator -> Devices[0] : Abort
""",
        (1,),
        holds=((1,),),
        stuck=((2,), (3,), (4,)),
        least=(1,),
    ),
    "peers": Row(
        """protocol P =
  roles A, Peers[N]
  A -> Peers[*] : Go
  Peers[*] -> Peers[*] : Hello
""",
        (0,),
        holds=((1,), (2,), (3,)),
        outside="lets a family of any size send to itself",
    ),
    "peers by name": Row(
        """protocol P =
  roles A, Peers[N]
  A -> Peers[N] : Go
  Peers[N] -> Peers[N] : Hello
""",
        (0,),
        holds=((1,), (2,), (3,)),
        outside="lets a family of any size send to itself",
    ),
    "a sender skips itself": Row(
        """protocol P =
  roles A, D[N]
  choice D[0] at
    | Yes =>
      D[0] -> D[*] : Go
      D[*] -> A : Kept
    | No =>
      D[0] -> D[*] : Go
      D[*] -> A : Dropped
""",
        (2,),
        holds=((1,), (2,)),
        refuted=((3,), (4,)),
        outside="not implementable at N = 3",
    ),
    "another size as a bound": Row(
        """protocol P =
  roles A, D[N], E[M]
  choice A at
    | Yes =>
      A -> D[0..M] : X
      D[*] -> E[*] : Kept
    | No =>
      A -> D[0..M] : Y
      D[*] -> E[*] : Dropped
""",
        (1, 0),
        holds=((1, 1), (2, 2)),
        refuted=((2, 1),),
        outside="`D[0..M]` has the bound `M`",
    ),
    "the grid": Row(
        """protocol P =
  roles A, D[N], E[M]
  choice A at
    | X =>
      A -> D[*] : X
      D[1..N] -> E[2..M] : X
      E[2..M] -> A : Kept
    | Y =>
      A -> D[*] : Y
      D[1..N] -> E[2..M] : X
      E[2..M] -> A : Dropped
""",
        (2, 3),
        holds=((1, 1), (2, 2), (2, 1), (3, 2)),
        refuted=((1, 3), (1, 4)),
        outside="not implementable at N = 1, M = 3",
    ),
    "a member by number": Row(
        """protocol P =
  roles A, D[N]
  A -> D[2] : X
""",
        (3,),
        holds=((3,), (4,), (5,)),
        no_graph=((1,), (2,)),
        least=(3,),
    ),
}


def _told(branches: str, rest: str = "") -> str:
    return f"protocol P =\n  roles A, B, D[N]\n{branches}{rest}"


def _pending(yes: str, no: str, rest: str = "") -> Row:
    return Row(
        _told(f"  choice A at\n    | Yes =>\n{yes}    | No =>\n{no}", rest),
        (2,),
        holds=((1,), (2,)),
        refuted=((3,), (4,)),
        outside="not implementable at N = 3",
    )


def _body(answer: str, before: str = "", deeper: str = "") -> str:
    pad = "      " + deeper
    return f"{before}{pad}A -> D[1..N] : Go\n{pad}D[1..N] -> B : {answer}\n"


ROWS["after publish"] = _pending(
    _body("Kept", "      publish started\n"), _body("Dropped", "      publish started\n")
)
ROWS["in a call"] = _pending(
    "      call Keep\n",
    "      call Drop\n",
    "where\n  protocol Keep =\n" + _body("Kept") + "  protocol Drop =\n" + _body("Dropped"),
)
ROWS["in a case"] = _pending(
    "      case host of\n        | Ok(x) =>\n" + _body("Kept", deeper="      "),
    "      case host of\n        | Ok(x) =>\n" + _body("Dropped", deeper="      "),
)
ROWS["in a nested choice"] = _pending(
    "      choice A at\n        | Go =>\n" + _body("Kept", deeper="      "),
    "      choice A at\n        | Go =>\n" + _body("Dropped", deeper="      "),
)


@pytest.mark.parametrize("name", ROWS)
def test_what_is_claimed_just_inside_and_outside_of_the_class(name: str) -> None:
    row = ROWS[name]
    given = FamilyText(row.text)
    assert not given.errors, given.errors
    assert tuple(symbol.cutoff for symbol in given.symbols()) == row.cutoffs
    for sizes in row.holds:
        assert plain_verdict(given.at(sizes)) == (True, frozenset()), sizes
    for sizes in row.refuted:
        assert plain_verdict(given.at(sizes))[0] is False, sizes
    for sizes in row.stuck:
        implementable, stuck = plain_verdict(given.at(sizes))
        assert implementable and stuck, sizes
    assert all(given.at(sizes) is None for sizes in row.no_graph)
    every = given.every_size()
    if row.outside:
        assert row.outside in every.outside
    else:
        assert every.claimed and tuple(n for _, n in every.least) == row.least
        assert bool(every.stuck) == bool(row.stuck)


TEXTS = int(os.environ.get("TELLVERIFY_TEXTS", "200"))
_MOST_EVENTS = 400


def _sizes(given: FamilyText) -> list[tuple[int, ...]]:
    """The grid and some way beyond it: one symbol to 6, two to 4 (never less than cut-off + 3)."""
    most = 6 if len(given.symbols()) == 1 else 4
    tops = [max(most, symbol.cutoff + 3) for symbol in given.symbols()]
    return list(itertools.product(*(range(1, top + 1) for top in tops)))


def _image(sizes: tuple[int, ...], given: FamilyText) -> tuple[int, ...]:
    """The point of the grid that stands for `sizes`."""
    return tuple(min(n, s.cutoff + 1) for n, s in zip(sizes, given.symbols(), strict=True))


def _disagreement(given: FamilyText) -> str:
    """How what is claimed differs from the definitions at some size; empty when it does not."""
    every = given.every_size()
    found: dict[tuple[int, ...], tuple[bool | None, frozenset[str]] | None] = {}
    for sizes in sorted(_sizes(given), key=sum):
        graph = given.at(sizes)
        if graph is None or graph.event_count > _MOST_EVENTS:
            found[sizes] = None
            continue
        implementable, stuck = plain_verdict(graph)
        found[sizes] = implementable, frozenset(role.partition("[")[0] for role in stuck)
    usable = {tuple(n for _, n in one.sizes) for one in every.grid if not one.fault}
    for sizes, verdict in found.items():
        image = _image(sizes, given)
        if image in usable and verdict is not None and verdict != found[image]:
            return f"{sizes}: {verdict}, but {found[image]} at {image}"
        if not every.claimed or any(
            n < low for n, (_, low) in zip(sizes, every.least, strict=True)
        ):
            continue
        if verdict is None or verdict[0] is not True or not verdict[1] <= set(every.stuck):
            return f"{sizes}: {verdict}, but this is claimed: {every}"
    return ""


@pytest.mark.parametrize("part", range(4))
def test_claims_of_random_texts_hold_at_every_size_that_is_tried(part: int) -> None:
    claimed = 0
    for seed in range(part, TEXTS, 4):
        given = FamilyText(random_family_text(seed))
        assert not given.errors, random_family_text(seed)
        assert _disagreement(given) == "", random_family_text(seed)
        claimed += given.every_size().claimed
    assert claimed >= TEXTS // 40


def test_the_graph_with_more_members_is_the_expansion_of_the_generic_one() -> None:
    compared = 0
    for seed in range(TEXTS):
        given = FamilyText(random_family_text(seed))
        if not given.every_size().claimed:
            continue
        symbols = given.symbols()
        graph = given.at([symbol.cutoff + 1 for symbol in symbols])
        assert graph is not None
        generic = {family: s.cutoff for s in symbols for family in s.families}
        for more in itertools.product((1, 2, 3), repeat=len(symbols)):
            larger = given.at([s.cutoff + n for s, n in zip(symbols, more, strict=True)])
            members = {f: n for s, n in zip(symbols, more, strict=True) for f in s.families}
            assert larger is not None
            assert same_runs(larger, expand(graph, generic, members)), random_family_text(seed)
            compared += 1
    assert compared >= TEXTS // 10


def test_an_expansion_with_another_number_of_members_has_other_runs() -> None:
    given = FamilyText(ROWS["one member told"].text)
    two, three = given.at([2]), given.at([3])
    assert two is not None and three is not None
    assert same_runs(three, expand(two, {"Devices": 1}, {"Devices": 2}))
    assert not same_runs(three, expand(two, {"Devices": 1}, {"Devices": 1}))
    assert not same_runs(three, expand(two, {"Devices": 0}, {"Devices": 2}))
