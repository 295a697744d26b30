"""Diagnostics about the shape of a source: deviations from house style, and legacy forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from tellverify.diagnostics.model import (
    Annotation,
    Code,
    Diagnostic,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

Named: TypeAlias = tuple[str, Span]
"""A name and where it stands."""


NO_MODULE: Final = Code(
    "TV371",
    "no-module",
    "a file without a module header",
    help="begin the file with `module NAME exposing (PROTOCOL)`",
)


def no_module(where: Where, span: Span) -> Diagnostic:
    """A file without a header."""
    return finding(
        NO_MODULE,
        where,
        "the file has no `module` header",
        (span, "the name of this protocol may clash with another file"),
    )


EXPOSING_LIST: Final = Code(
    "TV373",
    "exposing-list",
    "a header that does not expose exactly the protocol",
    severity=Severity.WARNING,
)


def exposing_list(where: Where, span: Span, exposed: Sequence[str], wanted: str) -> Diagnostic:
    """A header that does not expose just the protocol."""
    listed = ", ".join(f"`{name}`" for name in exposed) or "nothing"
    return finding(
        EXPOSING_LIST,
        where,
        f"the header exposes {listed}, but the protocol is `{wanted}`",
        (span, "not exactly the protocol"),
        helps=(f"write `exposing ({wanted})`",),
    )


def exposed_unknown(where: Where, span: Span, name: str, protocols: Sequence[str]) -> Diagnostic:
    """A header that exposes a name which nothing in its file has."""
    wanted = ", ".join(protocols)
    return finding(
        EXPOSING_LIST,
        where,
        f"the header exposes `{name}`, which the file does not declare",
        (span, "nothing here has this name"),
        notes=("an import of the name fails",),
        helps=(f"write `exposing ({wanted})`",) if wanted else (f"remove `{name}`",),
        upstream="accepts",
    )


OPEN_FAMILY: Final = Code(
    "TV375",
    "open-family",
    "a family declared without a size",
)


def open_family(where: Where, name: str, span: Span) -> Diagnostic:
    """A family that is declared without a size."""
    return finding(
        OPEN_FAMILY,
        where,
        f"the family `{name}` is declared without a size",
        (span, "cannot be projected"),
        helps=(f"write `{name}[N]`",),
    )


SMALL_PROTOCOL: Final = Code(
    "TV389",
    "small-protocol",
    "a protocol of one party, or a plain request with its response",
    severity=Severity.NOTE,
)


def one_party(where: Where, protocol: Named) -> Diagnostic:
    """A protocol in which one party acts by itself."""
    return finding(
        SMALL_PROTOCOL,
        where,
        f"`{protocol[0]}` is an operation of a single party",
        (protocol[1], "no message goes from one party to another"),
        helps=("use effect handlers instead of a choreography",),
    )


def request_and_response(where: Where, protocol: Named) -> Diagnostic:
    """A protocol of two messages, one each way."""
    return finding(
        SMALL_PROTOCOL,
        where,
        f"`{protocol[0]}` is a plain request with its response",
        (protocol[1], "one message each way"),
        helps=("use direct transport, unless its guards or facts are needed",),
    )


NUMBERED_ROLES: Final = Code(
    "TV376",
    "numbered-roles",
    "roles that differ only in their number",
    severity=Severity.NOTE,
)


def numbered_roles(where: Where, stem: str, roles: Sequence[Named]) -> Diagnostic:
    """Roles that do the same and differ in their number."""
    listed = ", ".join(f"`{name}`" for name, _ in roles)
    return finding(
        NUMBERED_ROLES,
        where,
        f"{listed} behave alike",
        (roles[0][1].to(roles[-1][1]), "numbered roles"),
        helps=(f"declare a family `{stem}s[N]`, if their number may change",),
    )


BRANCH_STYLE: Final = Code(
    "TV377",
    "branch-style",
    "a branch not named in UpperCamelCase",
    severity=Severity.WARNING,
    help="rename it; the name is sent over the wire, so rebuild both sides",
)


def branch_style(where: Where, label: Named) -> Diagnostic:
    """A branch whose name is not UpperCamelCase."""
    return finding(
        BRANCH_STYLE,
        where,
        f"the branch `{label[0]}` is not named in UpperCamelCase",
        (label[1], "another naming style"),
    )


IGNORED_REFUSAL: Final = Code(
    "TV378",
    "ignored-refusal",
    "a refusal that has no effect",
    severity=Severity.NOTE,
    help="move the statements that require consent into its branch",
)


def ignored_refusal(where: Where, label: Named, following: Named) -> Diagnostic:
    """A refusal after which the protocol continues as after consent."""
    return finding(
        IGNORED_REFUSAL,
        where,
        f"after `{label[0]}` the protocol continues with `{following[0]}` as after any branch",
        (following[1], "also reached after the refusal"),
        others=[(label[1], "refused here")],
    )


ODD_LAYOUT: Final = Code(
    "TV379",
    "odd-layout",
    "a file that is not in canonical layout",
    severity=Severity.NOTE,
    help="run `tellverify fmt` or `tellverify lint --fix`",
)


def layout(where: Where, span: Span) -> Diagnostic:
    """A text that is not in canonical layout."""
    return finding(
        ODD_LAYOUT,
        where,
        "the file is not in canonical layout",
        (span, "the first line that differs"),
    )


ENTRY_ORDER: Final = Code(
    "TV381",
    "entry-order",
    "annotations in an unusual order",
    severity=Severity.NOTE,
    help="sort them",
)


def entry_order(where: Where, span: Span) -> Diagnostic:
    """Annotations in an unusual order."""
    return finding(
        ENTRY_ORDER,
        where,
        "the annotations are not in their usual order",
        (span, "parallel, guard_capability, flow_cost, journal_facts, leak, link"),
    )


ODD_NAME: Final = Code(
    "TV382",
    "odd-name",
    "a module or protocol in another naming style",
    severity=Severity.NOTE,
    help="rename it and all references to it",
)


def odd_name(where: Where, name: Named, what: str, style: str) -> Diagnostic:
    """A module or protocol whose name is in another style."""
    return finding(
        ODD_NAME,
        where,
        f"`{name[0]}` is {what} and not named in {style}",
        (name[1], "another naming style"),
    )


FOREIGN_PAYLOAD: Final = Code(
    "TV383",
    "foreign-payload",
    "a payload type without its crate path",
    severity=Severity.NOTE,
)


def foreign_payload(where: Where, shown: str, span: Span) -> Diagnostic:
    """A payload type whose path does not begin at the crate."""
    return finding(
        FOREIGN_PAYLOAD,
        where,
        f"the path of the payload type `{shown}` does not begin with `crate`",
        (span, "may resolve differently in another module"),
        helps=(f"write `crate.{shown}`, or the path of the module that defines the type",),
    )


MODULE_CLASH: Final = Code(
    "TV384",
    "module-clash",
    "two files with the same module name",
    help="give each module a distinct name",
)


def module_clash(where: Where, name: Named, first: Named, path: str) -> Diagnostic:
    """Two files with one module name."""
    return finding(
        MODULE_CLASH,
        where,
        f"another file also declares the module `{name[0]}`",
        (name[1], "the same name"),
        others=(Annotation(first[1], "the first declaration", path),),
    )


DEAD_LINK: Final = Code(
    "TV385",
    "dead-link",
    "a link to a bundle that no runtime consumes",
)


def dead_link(where: Where, span: Span, bundle: str, live: Sequence[str]) -> Diagnostic:
    """A link to a bundle that no runtime consumes."""
    known = ", ".join(f"`{one}`" for one in live)
    return finding(
        DEAD_LINK,
        where,
        f"no runtime consumes the link bundle `{bundle}`",
        (span, "obsolete link"),
        helps=(f"delete it; live bundles are {known}" if known else "delete it",),
    )


UNEVEN_LINK: Final = Code(
    "TV386",
    "uneven-link",
    "links to one bundle that differ",
    severity=Severity.WARNING,
    help="make all links of a role to a bundle identical",
)


def uneven_link(where: Where, span: Span, first: Span, role: str, bundle: str) -> Diagnostic:
    """Two links of one role and bundle that say different things."""
    return finding(
        UNEVEN_LINK,
        where,
        f"this link of `{role}` to `{bundle}` has other exports or imports than the first",
        (span, "differs"),
        others=[(first, "the first link")],
    )


LEGACY_ANNOTATION: Final = Code(
    "TV387",
    "legacy-annotation",
    "a legacy annotation",
    severity=Severity.WARNING,
)


def legacy_annotation(where: Where, key: str, span: Span, *, is_spent: bool) -> Diagnostic:
    """A legacy key; `is_spent` when it granted something."""
    helps = ["delete it"]
    if is_spent:
        helps.append("if the leakage still matters, declare it with `leak`")
    return finding(
        LEGACY_ANNOTATION,
        where,
        f"`{key}` is a legacy annotation that is never read",
        (span, "has no effect"),
        helps=tuple(helps),
    )


UNSANCTIONED_ANNOTATION: Final = Code(
    "TV388",
    "unsanctioned-annotation",
    "an annotation that no policy sanctions",
    severity=Severity.WARNING,
    help="delete it, or sanction it in the policy",
)


def unsanctioned_annotation(where: Where, key: str, span: Span) -> Diagnostic:
    """A key that is let through and not sanctioned."""
    return finding(
        UNSANCTIONED_ANNOTATION,
        where,
        f"`{key}` is tolerated, but it is not a sanctioned annotation",
        (span, "not in any policy"),
    )


PHASE_COMMENT: Final = Code(
    "TV391",
    "phase-comment",
    "a comment that restates the structure",
    severity=Severity.WARNING,
    help="delete it",
)


def phase_comment(where: Where, span: Span) -> Diagnostic:
    """A comment that says what the structure says."""
    return finding(
        PHASE_COMMENT,
        where,
        "the comment restates the structure of the protocol",
        (span, "the statements already say this"),
    )


LORE_COMMENT: Final = Code(
    "TV392",
    "lore-comment",
    "a comment about links, ownership or migration",
    severity=Severity.WARNING,
    help="delete it, or mark an invariant with `-- invariant:`",
)


def lore_comment(where: Where, span: Span) -> Diagnostic:
    """A comment about links, bundles, ownership or migration."""
    return finding(
        LORE_COMMENT,
        where,
        "the comment is about links, ownership or migration, which the runtime decides",
        (span, "not decided here"),
    )


RESTATING_COMMENT: Final = Code(
    "TV393",
    "restating-comment",
    "a comment that restates a message",
    severity=Severity.WARNING,
    help="delete it, or mark an invariant with `-- invariant:`",
)


def restating_comment(where: Where, span: Span) -> Diagnostic:
    """A comment that says what one message says."""
    return finding(
        RESTATING_COMMENT,
        where,
        "the comment restates the message beside it",
        (span, "adds nothing"),
    )


FIXTURE_COMMENT: Final = Code(
    "TV394",
    "fixture-comment",
    "a comment in a compatibility fixture",
    severity=Severity.WARNING,
    help="delete it",
)


def fixture_comment(where: Where, span: Span) -> Diagnostic:
    """A comment in a fixture, which is to differ in its messages alone."""
    return finding(
        FIXTURE_COMMENT,
        where,
        "this compatibility fixture has a comment",
        (span, "only its messages are compared"),
    )


UNMARKED_COMMENT: Final = Code(
    "TV395",
    "unmarked-comment",
    "a comment without a marker",
    severity=Severity.NOTE,
    help="write `-- invariant: ...`, or delete it",
)


def unmarked_comment(where: Where, span: Span) -> Diagnostic:
    """A comment that does not say what kind it is."""
    return finding(
        UNMARKED_COMMENT,
        where,
        "the comment has no marker that says why it is kept",
        (span, "perhaps an invariant"),
    )


OWNERSHIP_STATEMENT: Final = Code(
    "TV396",
    "ownership-statement",
    "a statement that moves ownership",
    severity=Severity.WARNING,
    help="move it by reconfiguration in the runtime, under admission",
)


def ownership_statement(where: Where, span: Span, what: str) -> Diagnostic:
    """A statement that moves ownership inside of a choreography."""
    return finding(
        OWNERSHIP_STATEMENT,
        where,
        f"the {what} moves ownership inside the choreography",
        (span, "belongs to the runtime"),
    )


FACT_STYLE: Final = Code(
    "TV397",
    "fact-style",
    "facts in two naming styles in one file",
    severity=Severity.NOTE,
    help="write either `token_of_an_event` or `Type::Variant` throughout",
)


def fact_style(where: Where, span: Span, first: Span) -> Diagnostic:
    """Facts as tokens and as variants of a type in one file."""
    return finding(
        FACT_STYLE,
        where,
        "the facts of this file use two naming styles",
        (span, "one style"),
        others=[(first, "the other")],
    )


PARALLEL_USE: Final = Code(
    "TV398",
    "parallel-use",
    "`parallel` where it has no effect, or missing",
    severity=Severity.NOTE,
)


def parallel_use(where: Where, span: Span, label: str, *, is_there: bool) -> Diagnostic:
    """`parallel` on a message between single roles, or a fan-out without it."""
    if is_there:
        message = f"`parallel` has no effect on `{label}`, which goes from one role to one role"
        helps = ("delete it",)
    else:
        message = f"`{label}` goes to or from a whole family without `parallel`"
        helps = ("write `parallel : true` if the order of the members does not matter",)
    return finding(
        PARALLEL_USE,
        where,
        message,
        (span, "here"),
        helps=helps,
    )


IMPLICIT_COST: Final = Code(
    "TV399",
    "implicit-cost",
    "annotations without an explicit cost",
    severity=Severity.NOTE,
)


def implicit_cost(where: Where, span: Span, cost: int) -> Diagnostic:
    """A record without `flow_cost`."""
    return finding(
        IMPLICIT_COST,
        where,
        f"the annotations give no cost, so {cost} is charged",
        (span, "no `flow_cost`"),
        helps=(f"write `flow_cost : {cost}`, or what the message should cost",),
    )
