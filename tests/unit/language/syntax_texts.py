"""Texts, and short ways to look at what the parser makes of them."""

from __future__ import annotations

from textwrap import dedent

from tellverify.diagnostics.model import Diagnostic
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import Parsed, parse
from tellverify.source.text import SourceFile

WHOLE = """\
module freight exposing (Dispatch, Yard)
import crates as c exposing (Crate)
import lanes

-- declarations
proof_bundle Envelope version "2" issuer "ops" constraint "fresh" requires [adherence, bridge]
profile Steady fairness eventual admissibility replay escalation_window bounded
agreement_profile Soft
  visibility pending
  rule unanimous
  usable_at soft_safe
  finalized_at finalized
  evidence witness
role_set Crew = Courier, Depot
role_set Some = subset(Crew, 0..2)
ring Loop = Courier, Depot
type alias Bay = Result BayError Maybe yard.Bay
type alias Crate =
{
  weight : Int
}
type BayError =
  | Full
  | Closed(Unit)
effect Yard
  authoritative claimBay : Parcel -> Result BayError Bay
  { class : authoritative, progress : may_block, region : fragment
  , agreement_use : required, reentrancy : reject_same_fragment }
  load : Unit -> Int
  { class : best_effort progress : immediate region : session agreement_use : none
    reentrancy : allow }
  observe observe : Yard -> Int
  { class : observational }
fragment Hall(floor, gate)
operation stow(item : Crate, bay : Bay) at Depot within Hall(floor) \
progress Stowed requires Steady on timeout => late on stall => stuck agreement Soft \
prestate empty compose threshold_success(2) =
  Depot -> Clerk : Stow
guest runtime Shed =
  uses Yard, Other
  entry stow

{- the protocol
   itself -}
protocol Dispatch requires Envelope uses Yard under Steady =
  roles Courier, Depot, Clerk, Node[4], Peer[N], Signers[*]
  authoritative let bay = check Yard.claimBay(parcel, 3, "x", Yard.load())
  let slip = transfer Crate from Courier to Depot
  Courier { runtime_timeout : 3s } -> Depot : Offer(bay)
  Courier
    { retry : 3
    , trace : "drop-off", sizes : [1, 2], leak : (Clerk, Depot), late : 5 s, idempotent : true, }
    -> Depot : Parcel of freight.model.Box<freight.Crate, Pair<A>>
  Node[0..3] -> Peer[i] : Ping { a, b }
  Signers[*] ->* : Hello
  Node[2] { } ->* : Again(1)
  handoff stow to Depot with slip
  call Notice
  choice Depot at
    | Accept when (bay.free && !full) =>
        Depot -> Courier : Accept
        Depot -> Clerk : Booked
    | Refuse when check Yard.load(x) yields w => Depot -> Courier : Refuse
  par
    | Depot -> Clerk : A
    |
      Courier -> Clerk : B
      Clerk -> Courier : C
  loop decide by Depot
    Depot -> Clerk : More
  loop repeat 3
    Depot -> Clerk : More
  loop repeat N
    Depot -> Clerk : More
  loop while "is_open()"
    Depot -> Clerk : More
  loop forever
    Depot -> Clerk : More
  rec Again
    continue Again
  observe let seen = observe Yard.observe()
  let copy = Ok(bay.free) in
    Depot -> Clerk : Copy
  let none = Nothing
  let some = Just(a.b.c)
  let made = make(1, b)
  let bare = made()
  case check Yard.claimBay(p) of
    | Ok(witness) =>
        Depot -> Clerk : Fine
    | Err(reason, other) => Depot -> Clerk : Sorry
    | Else => ( Depot -> Clerk : One Depot -> Clerk : Two )
  timeout 250ms Depot at
    Depot -> Clerk : Wait
  on timeout =>
    Depot -> Clerk : Late
  on cancel => Depot -> Clerk : Off
  begin stow(a.b, 2) progress Stowed within soon
  await stow
  resolve stow as Success(a.b)
  resolve stow as Timeout
  resolve stow as Cancelled
  invalidate stow
  publish bay as Public
  publish news(bay.free)
  publish news
  materialize proof from Public
  dependent work tidy(bay) required for stow
where
  protocol Notice =
    Depot -> Clerk : Heads
  protocol Other = ( Depot -> Clerk : Tails )
"""


def parsed(text: str) -> Parsed:
    """What the parser makes of a text."""
    return parse(SourceFile("a.tell", text))


def body(text: str) -> ast.Block:
    """The statements of a protocol whose body is `text` behind a `roles` line; no faults."""
    lines = dedent(text).strip("\n").splitlines()
    source = "protocol P =\n  roles A, B, C\n" + "".join(f"  {line}\n" for line in lines)
    result = parsed(source)
    assert [found.message for found in result.diagnostics if found.code.number != "TV151"] == []
    return result.file.protocols[0].body


def statement(text: str) -> ast.Statement:
    """The only statement of `body`."""
    statements = body(text)
    assert len(statements) == 1
    return statements[0]


def faults(text: str) -> list[tuple[str, int, str]]:
    """Number, line and marked text of everything that is found in `text`."""
    source = SourceFile("a.tell", text)
    return [
        (
            one.code.number,
            source.position(one.primary.span.start)[0],
            source.slice(one.primary.span),
        )
        for one in parse(source).diagnostics
    ]


def faults_in_body(text: str) -> list[tuple[str, int, str]]:
    """`faults` of a protocol whose body is `text`; its first line counts as line 1."""
    lines = dedent(text).strip("\n").splitlines()
    source = "protocol P =\n  roles A, B, C\n" + "".join(f"  {line}\n" for line in lines)
    return [(code, line - 2, marked) for code, line, marked in faults(source)]


def only(text: str) -> Diagnostic:
    """The only finding in a text."""
    (found,) = parsed(text).diagnostics
    return found
