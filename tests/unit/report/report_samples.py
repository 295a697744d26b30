"""Runs built by hand, for tests of reports."""

from __future__ import annotations

from tellverify.diagnostics.communication import STUCK_ROLE, UNMERGEABLE
from tellverify.diagnostics.model import Annotation, Diagnostic, Severity
from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Conflict,
    Proved,
    Refuted,
    Skipped,
    Unknown,
)
from tellverify.verdict.properties import Property
from tellverify.verdict.run import (
    EvidenceFile,
    Family,
    Input,
    ProtocolReport,
    Run,
    Verdict,
)
from tellverify.verification.reported import located, with_diagnostics

PATH = "protocols/escrow.tell"

ESCROW = """\
module escrow exposing (Escrow)

protocol Escrow =
  roles Buyer, Seller, Courier

  Buyer -> Seller : Order of shop.Basket

  choice Seller at
    | accept =>
        Seller -> Buyer : Accept
        Seller -> Courier : Dispatch of shop.Parcel

    | decline =>
        Seller -> Buyer : Decline
"""

SOURCES = {PATH: SourceFile(PATH, ESCROW)}


def span_of(needle: str, text: str = ESCROW, *, after: str = "") -> Span:
    """The first place of `needle` in `text` behind `after`."""
    start = text.index(needle, text.index(after) if after else 0)
    return Span(start, start + len(needle))


def step(
    send: bool, sender: str, receiver: str, label: str, line: int = 0, branch: str = ""
) -> Step:
    """A step with a site in the escrow file."""
    return Step(send, sender, receiver, label, Site(path=PATH, line=line, branch=branch))


ESCROW_TRACE = Trace(
    fault=Fault.STUCK_ROLE,
    steps=(
        step(True, "Buyer", "Seller", "Order", 6),
        step(False, "Buyer", "Seller", "Order", 6),
        step(True, "Seller", "Buyer", "Decline", 14, "decline"),
        step(False, "Seller", "Buyer", "Decline", 14, "decline"),
    ),
    culprits=("Courier",),
    explanation="`Courier` waits for `Dispatch`, which no role will send",
    minimal=True,
    waiting=(
        Waiting("Buyer", True),
        Waiting("Seller", True),
        Waiting("Courier", False, (("Seller", "Dispatch"),)),
    ),
)

DISPATCH = span_of("Dispatch", after="Courier : ")
DECLINE = span_of("decline")

UNMERGEABLE_COURIER = Diagnostic(
    UNMERGEABLE,
    "`Courier` cannot tell which branch `Seller` chose",
    PATH,
    Annotation(span_of("Seller", after="choice"), "`Seller` decides here"),
    others=(
        Annotation(DISPATCH, "on `accept`, `Courier` receives `Dispatch`"),
        Annotation(DECLINE, "on `decline`, `Courier` receives nothing"),
    ),
    helps=(
        "send `Courier` a message on every branch, for example `Seller -> Courier : Cancelled`",
    ),
    severity=Severity.ERROR,
    protocol="escrow.Escrow",
    refutes="projectable[Courier]",
)

STUCK_COURIER = Diagnostic(
    STUCK_ROLE,
    "`Courier` can wait forever",
    PATH,
    Annotation(DISPATCH, "`Courier` waits here, and all other roles have terminated"),
    protocol="escrow.Escrow",
    refutes="no-stuck-role[Courier]",
)


def verdict(
    prop: Property,
    outcome: Proved | Bounded | Refuted | Unknown | Skipped | Assumed,
    *roles: str,
    required: bool = True,
    line: int = 3,
    configurations: int = 0,
) -> Verdict:
    """A verdict on `escrow.Escrow` or one of its roles."""
    statistics = (("configurations", configurations),) if configurations else ()
    return Verdict(prop, ObligationScope(roles), outcome, required, line, 1, statistics)


MERGE = Proved(Method.STRICT_MERGE)
SEARCH = Proved(Method.SEARCH)

ESCROW_REPORT = ProtocolReport(
    name="escrow.Escrow",
    path=PATH,
    line=3,
    roles=("Buyer", "Seller", "Courier"),
    families=(),
    verdicts=(
        verdict(
            Property.PROJECTABLE,
            Refuted(
                "TV411",
                Conflict("`Courier` receives nothing on `decline`", PATH, DISPATCH, DECLINE),
                Method.STRICT_MERGE,
            ),
            "Courier",
        ),
        verdict(Property.PROJECTABLE, MERGE, "Buyer"),
        verdict(Property.PROJECTABLE, MERGE, "Seller"),
        verdict(
            Property.NO_STUCK_ROLE,
            Refuted("TV512", ESCROW_TRACE, Method.SEARCH),
            "Courier",
            line=11,
            configurations=14,
        ),
        verdict(Property.NO_ORPHAN_MESSAGE, SEARCH, configurations=14),
        verdict(Property.NO_UNSPECIFIED_RECEPTION, SEARCH, configurations=14),
    ),
    event_count=4,
)

_reported, _ = with_diagnostics([ESCROW_REPORT], [UNMERGEABLE_COURIER, STUCK_COURIER])
(REPORTED_ESCROW,) = located(_reported, SOURCES)

VOTE_REPORT = ProtocolReport(
    name="vote.Vote",
    path="protocols/vote.tell",
    line=2,
    roles=("Coordinator", "Witness[0]", "Witness[1]", "Witness[2]"),
    families=(Family("Witness", (1, 2, 3)),),
    verdicts=(
        verdict(Property.NO_DEADLOCK, Bounded("N <= 3, queues <= 4", Method.SEARCH)),
        verdict(Property.NO_ORPHAN_MESSAGE, Bounded("N <= 3, queues <= 4", Method.SEARCH)),
        verdict(Property.NO_UNSPECIFIED_RECEPTION, Assumed("peers sign", "vote.tell:4", "A2")),
        verdict(Property.IMPLEMENTABLE, Unknown("resource limit, 20 000 000", "TV902")),
        verdict(
            Property.CAN_TERMINATE,
            Skipped("`loop forever` at vote.tell:19", "TV942"),
            required=False,
        ),
        *(verdict(Property.NO_STUCK_ROLE, SEARCH, f"Witness[{index}]") for index in range(3)),
    ),
    event_count=12,
)

RUN = Run(
    inputs=(Input(PATH, "0" * 64), Input("protocols/vote.tell", "1" * 64)),
    protocols=(REPORTED_ESCROW, VOTE_REPORT),
    diagnostics=(),
    exit_code=1,
    exit_reason="2 required obligations are refuted",
    evidence=(
        EvidenceFile(
            "protocols/escrow.tell#escrow.Escrow/no-stuck-role[Courier]",
            ".tellverify/escrow.Escrow/no-stuck-role.Courier.itf.json",
            "2" * 64,
        ),
    ),
)
