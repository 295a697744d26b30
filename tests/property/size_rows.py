"""Family protocols just inside and outside of what generic members decide."""

from __future__ import annotations

from typing import NamedTuple


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
