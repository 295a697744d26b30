"""Diagnostics about runs: what the roles together do wrong, and where."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import Annotation, Code, Diagnostic, Severity

_HELP: Final = {
    "TV411": "by itself no fault of the protocol, but Telltale's own compiler refuses it",
    "TV421": "let the role that decides tell every role that must act differently",
    "TV511": "make sure that on every branch somebody can go on",
    "TV512": "send the waiting role a message on every branch, or let it finish before the choice",
    "TV513": "let the message be expected on every branch on which it may arrive",
    "TV514": "let its receiver take the message on every branch on which it may be sent",
    "TV521": "let the receiver answer before the sender goes on",
    "TV522": "give the loop a way out",
    "TV641": "put the stages of the guard chain in an order in which transport comes last",
    "TV642": "raise the budget, or lower the costs on this run",
    "TV643": "bound the loop, or let what it sends cost nothing",
    "TV644": "raise the budget of the observers, or show them less on this run",
    "TV645": "charge at least 1 for every message that gets a receipt",
    "TV646": "keep the charges of each copy apart, and add them up when copies merge",
    "TV651": "record the beginning first, and one outcome last, on every branch",
    "TV654": "reduce facts by what is known, not by the order in which it was written",
    "TV523": "let somebody decide in every round, and end the loop after a number of rounds",
}


def refutation(
    code: Code,
    message: str,
    path: str,
    primary: Annotation,
    *,
    others: tuple[Annotation, ...] = (),
    notes: tuple[str, ...] = (),
    protocol: str,
    refutes: str,
    required: bool,
) -> Diagnostic:
    """An obligation is refuted; an error when it is required, else a warning."""
    return Diagnostic(
        code,
        message,
        path,
        primary,
        others,
        notes,
        (_HELP[code.number],) if code.number in _HELP else (),
        Severity.ERROR if required else Severity.WARNING,
        protocol,
        refutes,
    )
