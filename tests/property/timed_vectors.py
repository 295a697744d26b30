"""Protocols with timeouts whose faults, and the lengths of shortest runs to them, are known."""

from __future__ import annotations

from dataclasses import dataclass, field

COMPLETE = "complete"  # properties that are not refuted are proved
BOUNDED = "bounded"


@dataclass(frozen=True)
class Expected:
    """Lengths by property, and of the run after which a role is stuck, by role."""

    coverage: str = COMPLETE
    lengths: dict[str, int] = field(default_factory=dict)
    stuck: dict[str, int] = field(default_factory=dict)
    configurations: int | None = None


@dataclass(frozen=True)
class Vector:
    text: str
    attempts: Expected
    keep: Expected | None = None
    late: dict[str, int] = field(default_factory=dict)  # under `attempts`, some labels
    bound: int = 3


DEADLOCK = "no-deadlock"
ORPHAN = "no-orphan-message"
SPOILT = "no-unspecified-reception"
AGREEMENT = "timeout-agreement"
FRESH = "fresh-messages"

# A message is an orphan once its receiver has finished, though others may go on. With the older
# definition (no event, all may stop, a message left) the orphans of T1, T4, T5, T6, T7 and T10
# under `keep` need 4, 8, 8, 10, 14 and 4 events.
VECTORS = {
    "T1": Vector(
        "C(W->C Ready / C->W Cancel)",
        Expected(configurations=8),
        Expected(lengths={ORPHAN: 3}),
        late={"Ready": 2},
    ),
    "T1 with cancel": Vector(
        "C(W->C Ready / C->W Cancel / C->W Back)",
        Expected(configurations=13),
        Expected(lengths={ORPHAN: 3}),
        late={"Ready": 2},
    ),
    "T2": Vector(
        "C(C->W Req; W->C Ready; C->W Go / C->X Abort)",
        Expected(lengths={DEADLOCK: 6}, stuck={"W": 4}),
        Expected(lengths={DEADLOCK: 6, ORPHAN: 5}, stuck={"W": 4}),
    ),
    "T3": Vector(
        "C(W->C Ready / W->C GiveUp)",
        Expected(lengths={DEADLOCK: 2}, stuck={"C": 1}),
        Expected(lengths={DEADLOCK: 2, SPOILT: 2}, stuck={"C": 1}),
    ),
    "T4": Vector(
        "rec L { C(C->S Req; S->C Res / continue L) }",
        Expected(configurations=18),
        Expected(BOUNDED, lengths={FRESH: 6, ORPHAN: 8}),
    ),
    "T5": Vector(
        "C(C->S Req; S->C Res / C(C->S Req; S->C Res / C->S Fail))",
        Expected(configurations=25),
        Expected(lengths={FRESH: 6, ORPHAN: 7}),
    ),
    "T6": Vector(
        "C(C->A Ask; A(A->B Sub; B->A SubOk / A->B Drop; A->C Partial); A->C Done"
        " / C->A Stop; A->B Stop)",
        Expected(),
        Expected(lengths={ORPHAN: 8}),
    ),
    "T7": Vector(
        "C->D0 Vote; C->D1 Vote; C->D2 Vote; C(D0->C Yes; D1->C Yes; D2->C Yes;"
        " C->D0 Commit; C->D1 Commit; C->D2 Commit / C->D0 Abort; C->D1 Abort; C->D2 Abort)",
        Expected(configurations=242),
        Expected(lengths={ORPHAN: 9}),
    ),
    "T8": Vector(
        "C(W->C Ready / C->W Skip); W->C Data; C->W Ack",
        Expected(configurations=19),
        Expected(lengths={DEADLOCK: 5, SPOILT: 3}, stuck={"C": 3, "W": 5}),
    ),
    "T9": Vector("C(C->W Go / C->W Cancel)", Expected(), Expected()),
    "T10": Vector(
        "C(W->C Ready / C->X Abort)",
        Expected(lengths={AGREEMENT: 4}),
        Expected(lengths={ORPHAN: 3}),
    ),
    "T11": Vector(
        "B(A->B One; A->B Two / B->A Stop); C->B Left; C->A Right",
        Expected(lengths={DEADLOCK: 9}, stuck={"A": 8}),
    ),
    "T12": Vector(
        "rec L { C(C->S Req; S->P Log; S->C Res; continue L / C->S Stop; S->P Stop) }",
        Expected(BOUNDED, configurations=89),
        bound=2,
    ),
    "T13": Vector(
        "C(C->X go; X->W a; C->W b; W->C d / C->X s; C->W stop)",
        Expected(),
        Expected(lengths={DEADLOCK: 7, ORPHAN: 10}, stuck={"W": 6}),
    ),
    "T14": Vector("rec L { B(B->C m0; continue L / / B->C m3); B->A m4 }", Expected(BOUNDED)),
    "T15": Vector(
        "rec L { C(A(B->A z; A->B y / B->A w); A->C d / C->A s; C->B t; continue L) }",
        Expected(BOUNDED),
        bound=2,
    ),
    "P1": Vector(
        "C(choice {C->A m5; C->B m6 | C->A m7} / ); A->B m1",
        Expected(lengths={ORPHAN: 5}),
    ),
    "P2": Vector(
        "B(A->C m1; C(B->C m4 / C->B m5; A->B m7) / )",
        Expected(lengths={AGREEMENT: 6}),
    ),
    "P3": Vector("rec L { B(A->B m1; B->A m2; A->B m3; continue L / B->A m4) }", Expected()),
    "P4": Vector(
        "rec L { C(A(A->B y; B->A z / A->B w); A->C d / C->A s; C->B t; continue L) }",
        Expected(BOUNDED),
        bound=2,
    ),
    "P5": Vector("rec L { A(C->A m1 / A->C m2; continue L) }; A->B m3", Expected(BOUNDED)),
    "P6": Vector("A(C->A m3 / / A->C m7); A->B m9; B->C m10", Expected()),
    "P7": Vector("rec L { C(B->C q; B->C r; continue L / C->B s; C->A t) }", Expected(BOUNDED)),
    # Found by chance: each tells a wrong draft of the rules from the rules.
    "M1": Vector(
        "rec L { A(B->C m0; B->A m1; choice {A->B m2; continue L | A->C m3} / C->A m4; C->A m5) };"
        " A->B m6; A->B m7",
        Expected(BOUNDED, lengths={DEADLOCK: 4}, stuck={"A": 1, "B": 3, "C": 3}),
        bound=2,
    ),
    "M2": Vector(
        "A(C->B m0; C->A m1; B->A m2; choice {B->C m3 | B->A m4} / C->B m5); B->C m6",
        Expected(lengths={AGREEMENT: 8}),
        bound=2,
    ),
    "M3": Vector(
        "A(A->B m0; B(B->A m1; A->B m0 / B->A m2); choice {A->B m3; B->A m4 | A->B m5; A->B m6}"
        " / A->B m7); A->B m8; A->B m9",
        Expected(BOUNDED),
        bound=2,
    ),
    "M4": Vector(
        "rec L { B(A->B m1; B->C m0; A->C m0 / B->C m2; C->A m0; continue L) }",
        Expected(BOUNDED),
        bound=2,
    ),
    "M5": Vector(
        "rec L { B(rec M { B(A->B m0; B->A m1; A->B m2; choice {A->B m3; B->A m4 | A->B m5}"
        " / B->A m6; continue M / B->A m0) }; B->A m4 / B->A m7; continue L) }",
        Expected(BOUNDED),
        bound=2,
    ),
}
