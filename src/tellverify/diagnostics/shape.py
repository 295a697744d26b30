"""Diagnostics about the shape of a source: what is not as the house writes it, and legacy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span

Named: TypeAlias = tuple[str, Span]
"""A name and where it stands."""


def no_module(where: Where, span: Span) -> Diagnostic:
    """A file without a header."""
    return where.finding(
        codes.NO_MODULE,
        "the file has no `module` header",
        (span, "the name of this protocol can clash with that of another file"),
        helps=("begin the file with `module NAME exposing (PROTOCOL)`",),
    )


def exposing_list(where: Where, span: Span, exposed: Sequence[str], wanted: str) -> Diagnostic:
    """A header that does not expose just the protocol."""
    listed = ", ".join(f"`{name}`" for name in exposed) or "nothing"
    return where.finding(
        codes.EXPOSING_LIST,
        f"the header exposes {listed}, and the protocol is `{wanted}`",
        (span, "not the protocol alone"),
        helps=(f"write `exposing ({wanted})`",),
    )


def open_family(where: Where, name: str, span: Span) -> Diagnostic:
    """A family that is declared without a size."""
    return where.finding(
        codes.OPEN_FAMILY,
        f"the family `{name}` is declared without a size",
        (span, "cannot be projected"),
        helps=(f"write `{name}[N]`",),
    )


def numbered_roles(where: Where, stem: str, roles: Sequence[Named]) -> Diagnostic:
    """Roles that do the same and differ in their number."""
    listed = ", ".join(f"`{name}`" for name, _ in roles)
    return where.finding(
        codes.NUMBERED_ROLES,
        f"{listed} do the same",
        (roles[0][1].to(roles[-1][1]), "numbered roles"),
        helps=(f"declare a family `{stem}s[N]`, if their number may change",),
    )


def branch_style(where: Where, label: Named) -> Diagnostic:
    """A branch whose name is not UpperCamelCase."""
    return where.finding(
        codes.BRANCH_STYLE,
        f"the branch `{label[0]}` is not named in UpperCamelCase",
        (label[1], "named otherwise"),
        helps=("rename it; the name travels, so both sides must be built again",),
    )


def ignored_refusal(where: Where, label: Named, following: Named) -> Diagnostic:
    """A refusal after which the protocol goes on like after consent."""
    return where.finding(
        codes.IGNORED_REFUSAL,
        f"after `{label[0]}` the protocol goes on with `{following[0]}` like after any branch",
        (following[1], "also after the refusal"),
        others=[(label[1], "refused here")],
        helps=("move what only consent leads to into its branch",),
    )


def layout(where: Where, span: Span) -> Diagnostic:
    """A text that is not in canonical layout."""
    return where.finding(
        codes.ODD_LAYOUT,
        "the file is not in canonical layout",
        (span, "the first line that differs"),
        helps=("run `tellverify fmt` or `tellverify lint --fix`",),
    )


def entry_order(where: Where, span: Span) -> Diagnostic:
    """Annotations in an unusual order."""
    return where.finding(
        codes.ENTRY_ORDER,
        "the annotations are not in their usual order",
        (span, "parallel, guard_capability, flow_cost, journal_facts, leak, link"),
        helps=("sort them",),
    )


def odd_name(where: Where, name: Named, what: str, style: str) -> Diagnostic:
    """A module or protocol whose name is in another style."""
    return where.finding(
        codes.ODD_NAME,
        f"`{name[0]}` is {what} and not named in {style}",
        (name[1], "named otherwise"),
        helps=("rename it, and all that refers to it",),
    )


def foreign_payload(where: Where, shown: str, span: Span) -> Diagnostic:
    """A payload type whose path does not begin at the crate."""
    return where.finding(
        codes.FOREIGN_PAYLOAD,
        f"the payload type `{shown}` is not named from `crate` on",
        (span, "means something else in another module"),
        helps=(f"write `crate.{shown}`, or the path where the type stands",),
    )


def module_clash(where: Where, name: Named, first: Named, path: str) -> Diagnostic:
    """Two files with one module name."""
    found = where.finding(
        codes.MODULE_CLASH,
        f"the module `{name[0]}` is in another file, too",
        (name[1], "the same name"),
        helps=("give each module a name of its own",),
    )
    return msgspec.structs.replace(found, others=(Annotation(first[1], "the first one", path),))


def dead_link(where: Where, span: Span, bundle: str, live: Sequence[str]) -> Diagnostic:
    """A link to a bundle that no runtime consumes."""
    known = ", ".join(f"`{one}`" for one in live)
    return where.finding(
        codes.DEAD_LINK,
        f"no runtime consumes the link bundle `{bundle}`",
        (span, "preserves lore of former times"),
        helps=(f"delete it; live bundles are {known}" if known else "delete it",),
    )


def uneven_link(where: Where, span: Span, first: Span, role: str, bundle: str) -> Diagnostic:
    """Two links of one role and bundle that say different things."""
    return where.finding(
        codes.UNEVEN_LINK,
        f"`{role}` links `{bundle}` with other exports or imports than before",
        (span, "differs"),
        others=[(first, "from this")],
        helps=("let all links of a role and bundle say the same",),
    )


def legacy_annotation(where: Where, key: str, span: Span, *, is_spent: bool) -> Diagnostic:
    """A key of former times; `is_spent` when it granted something."""
    helps = ["delete it"]
    if is_spent:
        helps.append("if it still matters what observers learn, say so with `leak`")
    return where.finding(
        codes.LEGACY_ANNOTATION,
        f"`{key}` is an annotation of former times that nothing reads",
        (span, "has no effect"),
        helps=tuple(helps),
    )


def unsanctioned_annotation(where: Where, key: str, span: Span) -> Diagnostic:
    """A key that is let through and not sanctioned."""
    return where.finding(
        codes.UNSANCTIONED_ANNOTATION,
        f"`{key}` is let through, but is none of the sanctioned annotations",
        (span, "no policy speaks of it"),
        helps=("delete it, or have it sanctioned in the policy",),
    )


def phase_comment(where: Where, span: Span) -> Diagnostic:
    """A comment that says what the structure says."""
    return where.finding(
        codes.PHASE_COMMENT,
        "the comment restates the structure of the protocol",
        (span, "the statements say this"),
        helps=("delete it",),
    )


def lore_comment(where: Where, span: Span) -> Diagnostic:
    """A comment about links, bundles, ownership or migration."""
    return where.finding(
        codes.LORE_COMMENT,
        "the comment tells of links, ownership or migration, which the runtime decides",
        (span, "not decided here"),
        helps=("delete it, or mark an invariant with `-- invariant:`",),
    )


def restating_comment(where: Where, span: Span) -> Diagnostic:
    """A comment that says what one message says."""
    return where.finding(
        codes.RESTATING_COMMENT,
        "the comment says what the message beside it says",
        (span, "adds nothing"),
        helps=("delete it, or mark an invariant with `-- invariant:`",),
    )


def fixture_comment(where: Where, span: Span) -> Diagnostic:
    """A comment in a fixture, which is to differ in its messages alone."""
    return where.finding(
        codes.FIXTURE_COMMENT,
        "a fixture of compatibility has a comment",
        (span, "its messages alone are compared"),
        helps=("delete it",),
    )


def unmarked_comment(where: Where, span: Span) -> Diagnostic:
    """A comment that does not say what kind it is."""
    return where.finding(
        codes.UNMARKED_COMMENT,
        "the comment has no mark that says why it stays",
        (span, "perhaps an invariant"),
        helps=("write `-- invariant: ...`, or delete it",),
    )


def ownership_statement(where: Where, span: Span, what: str) -> Diagnostic:
    """A statement that moves ownership inside of a choreography."""
    return where.finding(
        codes.OWNERSHIP_STATEMENT,
        f"the {what} moves ownership inside of the choreography",
        (span, "belongs to the runtime"),
        helps=("let the runtime's reconfiguration move it, under admission",),
    )


def fact_style(where: Where, span: Span, first: Span) -> Diagnostic:
    """Facts as tokens and as variants of a type in one file."""
    return where.finding(
        codes.FACT_STYLE,
        "facts of the file are named in two styles",
        (span, "one style"),
        others=[(first, "the other")],
        helps=("write either `token_of_an_event` or `Type::Variant` throughout",),
    )


def parallel_use(where: Where, span: Span, label: str, *, is_there: bool) -> Diagnostic:
    """`parallel` on a message between single roles, or a fan-out without it."""
    if is_there:
        message = f"`parallel` does nothing on `{label}`, which goes from one role to one role"
        helps = ("delete it",)
    else:
        message = f"`{label}` goes to or from a whole family without `parallel`"
        helps = ("write `parallel : true`, if the members need no order",)
    return where.finding(codes.PARALLEL_USE, message, (span, "here"), helps=helps)


def implicit_cost(where: Where, span: Span, cost: int) -> Diagnostic:
    """A record without `flow_cost`."""
    return where.finding(
        codes.IMPLICIT_COST,
        f"the annotations name no cost, so {cost} is charged",
        (span, "no `flow_cost`"),
        helps=(f"write `flow_cost : {cost}`, or what the message should cost",),
    )
