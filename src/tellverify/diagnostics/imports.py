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
    help="move the shared declarations into a separate module",
    upstream="accepts",
)


def import_cycle(where: Where, modules: Sequence[str], span: Span) -> Diagnostic:
    """`modules` import each other in a cycle that the import at `span` closes."""
    if len(modules) == 1:
        message = f"the module `{modules[0]}` imports itself"
    else:
        named = ", ".join(f"`{name}`" for name in modules[:_SHOWN])
        more = len(modules) - _SHOWN
        rest = f" and {more} more" if more > 0 else ""
        message = f"the modules {named}{rest} import each other in a cycle"
    return finding(
        IMPORT_CYCLE,
        where,
        message,
        (span, f"imports `{modules[0]}` again"),
        notes=(
            "a call is replaced by the body of the protocol, so a cycle of calls would never end",
        ),
    )


MODULE_NOT_FOUND: Final = Code(
    "TV235",
    "module-not-found",
    "an imported module that is not found",
    severity=Severity.WARNING,
)


def module_not_found(
    where: Where, module: str, span: Span, nearest: str, calls: Sequence[Span], alone: bool
) -> Diagnostic:
    """No file declares `module`; `calls` need what it is meant to expose."""
    notes = ["this text was checked alone, so imports are not resolved"] if alone else []
    if not calls:
        notes.append(_IGNORED)
    if nearest:
        helps = (f"did you mean `{nearest}`?",)
    else:
        helps = (f"check this file together with the file that declares `module {module}`",)
    return finding(
        MODULE_NOT_FOUND,
        where,
        f"no checked file declares the module `{module}`",
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
    "an imported name that its module does not declare",
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
        f"the module `{module}` does not declare `{name}`",
        (span, f"not in `{path}`"),
        helps=helps,
    )


NOT_EXPOSED: Final = Code(
    "TV237",
    "not-exposed",
    "an imported name that its module does not expose",
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
        (span, "declared there but not exposed"),
        helps=(f"add `{name}` to the `exposing` list of the module `{module}`",),
        others=[Annotation(header, "the exposed names", path)],
    )


AMBIGUOUS_NAME: Final = Code(
    "TV238",
    "ambiguous-import",
    "an imported name that is ambiguous",
    help="rename one of them, or remove it from the import",
    upstream="accepts",
)


def ambiguous_name(
    where: Where, name: str, span: Span, others: Sequence[tuple[Span, str]]
) -> Diagnostic:
    """`name` is imported at `span` and means something else at `others`."""
    return finding(
        AMBIGUOUS_NAME,
        where,
        f"`{name}` is ambiguous: it names two protocols",
        (span, "imported here"),
        others=others,
    )


MODULE_TWICE: Final = Code(
    "TV239",
    "module-twice",
    "an imported module that is declared by several files",
    help="rename all but one of these modules, or check them separately",
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
        f"{len(headers)} files declare the module `{module}`",
        (span, "ambiguous import"),
        others=named[:_SHOWN],
    )


UNUSED_IMPORT: Final = Code(
    "TV292",
    "unused-import",
    "an imported protocol that is never called",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unused_import(where: Where, name: str, module: str, span: Span) -> Diagnostic:
    """The protocol `name` is imported and never called."""
    return finding(
        UNUSED_IMPORT,
        where,
        f"`{name}` is imported from `{module}` but never called",
        (span, "never called"),
        helps=(f"remove it from the import, or add `call {name}` where it belongs",),
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
        helps = (f"declare `{role}` as in the imported protocol",)
    else:
        message = f"`call {name}` needs the role `{role}`, which `{where.protocol}` does not have"
        helps = (f"add `{role}` to the `roles` of `{where.protocol}`",)
    return finding(
        IMPORTED_ROLE,
        where,
        message,
        (call, f"brings in messages of `{role}`"),
        notes=(
            "the roles of an imported protocol are the roles of the caller with the same names",
        ),
        helps=helps,
        others=[Annotation(declared[1], "declared there", declared[0])],
    )


IMPORTED_CALL: Final = Code(
    "TV294",
    "imported-call",
    "a call into another file, which Telltale rejects",
    severity=Severity.WARNING,
    upstream="rejects",
)


def imported_call(where: Where, name: str, module: str, call: Span, imported: Span) -> Diagnostic:
    """`call name` reaches a protocol of another file."""
    return finding(
        IMPORTED_CALL,
        where,
        f"Telltale ignores the import of `{module}` and rejects `call {name}`",
        (call, "resolved here, unknown to Telltale"),
        others=[(imported, "imported here")],
        helps=(f"copy `{name}` into the `where` section",),
    )
