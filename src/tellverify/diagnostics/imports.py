"""Findings about imports: modules, what they declare and expose, and what calls need of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Annotation,
    Code,
    Diagnostic,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

_SHOWN = 4
_IGNORED = "Telltale reads imports and ignores them"


IMPORT_CYCLE: Final = Code(
    "TV234",
    "import-cycle",
    "modules that import each other",
    help="move what both need into a module of its own",
    upstream="accepts",
)


def import_cycle(where: Where, modules: Sequence[str], span: Span) -> Diagnostic:
    """`modules` import each other in a circle that the import at `span` closes."""
    if len(modules) == 1:
        message = f"the module `{modules[0]}` imports itself"
    else:
        named = ", ".join(f"`{name}`" for name in modules[:_SHOWN])
        more = len(modules) - _SHOWN
        rest = f" and {more} more" if more > 0 else ""
        message = f"the modules {named}{rest} import each other in a circle"
    return finding(
        IMPORT_CYCLE,
        where,
        message,
        (span, f"imports `{modules[0]}` again"),
        notes=("a call is replaced by the text of the protocol, which would never end",),
    )


MODULE_NOT_FOUND: Final = Code(
    "TV235",
    "module-not-found",
    "an imported module that no file declares",
    severity=Severity.WARNING,
)


def module_not_found(
    where: Where, module: str, span: Span, nearest: str, calls: Sequence[Span], alone: bool
) -> Diagnostic:
    """No file declares `module`; `calls` need what it is meant to expose."""
    notes = ["this text was checked alone, so that no import is resolved"] if alone else []
    if not calls:
        notes.append(_IGNORED)
    if nearest:
        helps = (f"did you mean `{nearest}`?",)
    else:
        helps = (f"check this file together with the file that begins with `module {module}`",)
    return finding(
        MODULE_NOT_FOUND,
        where,
        f"the module `{module}` is not among the files given",
        (span, "no such module"),
        others=[(call, "this call needs it") for call in calls[:_SHOWN]],
        notes=tuple(notes),
        helps=helps,
        upstream="rejects" if calls else "accepts",
        severity=Severity.ERROR if calls else None,
    )


NOT_DECLARED_THERE: Final = Code(
    "TV236",
    "not-declared-there",
    "an imported name that its module does not have",
    upstream="accepts",
)


def not_declared_there(
    where: Where, name: str, module: str, path: str, span: Span, nearest: str
) -> Diagnostic:
    """`module` in the file `path` declares nothing called `name`."""
    if nearest:
        helps = (f"did you mean `{nearest}`?",)
    else:
        helps = (f"remove `{name}` from the import, or declare it in `{path}`",)
    return finding(
        NOT_DECLARED_THERE,
        where,
        f"the module `{module}` declares no `{name}`",
        (span, f"not in `{path}`"),
        helps=helps,
    )


NOT_EXPOSED: Final = Code(
    "TV237",
    "not-exposed",
    "an imported name that its module keeps to itself",
    upstream="accepts",
)


def not_exposed(
    where: Where, name: str, module: str, path: str, span: Span, header: Span
) -> Diagnostic:
    """`module` declares `name` but does not expose it; `header` is its line in `path`."""
    return finding(
        NOT_EXPOSED,
        where,
        f"the module `{module}` does not expose `{name}`",
        (span, "declared there, but not for others"),
        helps=(f"add `{name}` to the `exposing` of the module `{module}`",),
        others=[Annotation(header, "what it exposes", path)],
    )


AMBIGUOUS_NAME: Final = Code(
    "TV238",
    "ambiguous-import",
    "an imported name that means something else too",
    help="rename one of them, or leave it out of the import",
    upstream="accepts",
)


def ambiguous_name(
    where: Where, name: str, span: Span, others: Sequence[tuple[Span, str]]
) -> Diagnostic:
    """`name` is imported at `span` and means something else at `others`."""
    return finding(
        AMBIGUOUS_NAME,
        where,
        f"`{name}` may mean two protocols",
        (span, "imported here"),
        others=others,
    )


MODULE_TWICE: Final = Code(
    "TV239",
    "module-twice",
    "an imported module that several files declare",
    help="rename all but one of these modules, or check fewer files together",
    upstream="accepts",
)


def module_twice(
    where: Where, module: str, span: Span, headers: Sequence[tuple[str, Span]]
) -> Diagnostic:
    """More than one file begins with `module`."""
    named = [Annotation(at, f"`{module}` is declared here", path) for path, at in headers]
    return finding(
        MODULE_TWICE,
        where,
        f"there are {len(headers)} files with the module `{module}`",
        (span, "which of them?"),
        others=named[:_SHOWN],
    )


UNUSED_IMPORT: Final = Code(
    "TV292",
    "unused-import",
    "an imported protocol that nothing calls",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unused_import(where: Where, name: str, module: str, span: Span) -> Diagnostic:
    """The protocol `name` is imported and never called."""
    return finding(
        UNUSED_IMPORT,
        where,
        f"nothing calls `{name}`, which is imported from `{module}`",
        (span, "never called"),
        helps=(f"remove it from the import, or write `call {name}` where it belongs",),
    )


IMPORTED_ROLE: Final = Code(
    "TV293",
    "imported-role",
    "a role of an imported protocol that the caller lacks",
    upstream="rejects",
)


def imported_role(
    where: Where, name: str, role: str, call: Span, declared: tuple[str, Span], how: str
) -> Diagnostic:
    """`call name` needs `role`, which the caller lacks, or declares in another way (`how`)."""
    if how:
        message = f"`call {name}` needs the role `{role}`, which `{where.protocol}` declares {how}"
        helps = (f"declare `{role}` as it is declared there",)
    else:
        message = f"`call {name}` needs the role `{role}`, which `{where.protocol}` does not have"
        helps = (f"add `{role}` to the `roles` of `{where.protocol}`",)
    return finding(
        IMPORTED_ROLE,
        where,
        message,
        (call, f"brings in messages of `{role}`"),
        notes=("roles of an imported protocol are those of the caller with the same names",),
        helps=helps,
        others=[Annotation(declared[1], "declared there", declared[0])],
    )


IMPORTED_CALL: Final = Code(
    "TV294",
    "imported-call",
    "a call into another file, which Telltale refuses",
    severity=Severity.WARNING,
    upstream="rejects",
)


def imported_call(where: Where, name: str, module: str, call: Span, imported: Span) -> Diagnostic:
    """`call name` reaches a protocol of another file."""
    return finding(
        IMPORTED_CALL,
        where,
        f"Telltale ignores the import of `{module}`, and refuses `call {name}`",
        (call, "resolved here, unknown there"),
        others=[(imported, "imported here")],
        helps=(f"copy `{name}` into the `where` section for Telltale",),
    )
