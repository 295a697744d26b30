"""Findings about imports: modules, what they declare and expose, and what calls need of them."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Diagnostic, Severity
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span

_SHOWN = 4
_IGNORED = "Telltale reads imports and ignores them"


def import_cycle(where: Where, modules: Sequence[str], span: Span) -> Diagnostic:
    """`modules` import each other in a circle that the import at `span` closes."""
    if len(modules) == 1:
        message = f"the module `{modules[0]}` imports itself"
    else:
        named = ", ".join(f"`{name}`" for name in modules[:_SHOWN])
        more = len(modules) - _SHOWN
        rest = f" and {more} more" if more > 0 else ""
        message = f"the modules {named}{rest} import each other in a circle"
    return where.finding(
        codes.IMPORT_CYCLE,
        message,
        (span, f"imports `{modules[0]}` again"),
        notes=("a call is replaced by the text of the protocol, which would never end",),
        helps=("move what both need into a module of its own",),
        upstream="accepts",
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
    return where.finding(
        codes.MODULE_NOT_FOUND,
        f"the module `{module}` is not among the files given",
        (span, "no such module"),
        others=[(call, "this call needs it") for call in calls[:_SHOWN]],
        notes=tuple(notes),
        helps=helps,
        upstream="rejects" if calls else "accepts",
        severity=Severity.ERROR if calls else None,
    )


def not_declared_there(
    where: Where, name: str, module: str, path: str, span: Span, nearest: str
) -> Diagnostic:
    """`module` in the file `path` declares nothing called `name`."""
    if nearest:
        helps = (f"did you mean `{nearest}`?",)
    else:
        helps = (f"remove `{name}` from the import, or declare it in `{path}`",)
    return where.finding(
        codes.NOT_DECLARED_THERE,
        f"the module `{module}` declares no `{name}`",
        (span, f"not in `{path}`"),
        helps=helps,
        upstream="accepts",
    )


def not_exposed(
    where: Where, name: str, module: str, path: str, span: Span, header: Span
) -> Diagnostic:
    """`module` declares `name` but does not expose it; `header` is its line in `path`."""
    found = where.finding(
        codes.NOT_EXPOSED,
        f"the module `{module}` does not expose `{name}`",
        (span, "declared there, but not for others"),
        helps=(f"add `{name}` to the `exposing` of the module `{module}`",),
        upstream="accepts",
    )
    return _with(found, [Annotation(header, "what it exposes", path)])


def ambiguous_name(
    where: Where, name: str, span: Span, others: Sequence[tuple[Span, str]]
) -> Diagnostic:
    """`name` is imported at `span` and means something else at `others`."""
    return where.finding(
        codes.AMBIGUOUS_NAME,
        f"`{name}` may mean two protocols",
        (span, "imported here"),
        others=others,
        helps=("rename one of them, or leave it out of the import",),
        upstream="accepts",
    )


def module_twice(
    where: Where, module: str, span: Span, headers: Sequence[tuple[str, Span]]
) -> Diagnostic:
    """More than one file begins with `module`."""
    found = where.finding(
        codes.MODULE_TWICE,
        f"there are {len(headers)} files with the module `{module}`",
        (span, "which of them?"),
        helps=("rename all but one of these modules, or check fewer files together",),
        upstream="accepts",
    )
    named = [Annotation(at, f"`{module}` is declared here", path) for path, at in headers]
    return _with(found, named[:_SHOWN])


def unused_import(where: Where, name: str, module: str, span: Span) -> Diagnostic:
    """The protocol `name` is imported and never called."""
    return where.finding(
        codes.UNUSED_IMPORT,
        f"nothing calls `{name}`, which is imported from `{module}`",
        (span, "never called"),
        helps=(f"remove it from the import, or write `call {name}` where it belongs",),
        upstream="accepts",
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
    found = where.finding(
        codes.IMPORTED_ROLE,
        message,
        (call, f"brings in messages of `{role}`"),
        notes=("roles of an imported protocol are those of the caller with the same names",),
        helps=helps,
        upstream="rejects",
    )
    return _with(found, [Annotation(declared[1], "declared there", declared[0])])


def imported_call(where: Where, name: str, module: str, call: Span, imported: Span) -> Diagnostic:
    """`call name` reaches a protocol of another file."""
    return where.finding(
        codes.IMPORTED_CALL,
        f"Telltale ignores the import of `{module}`, and refuses `call {name}`",
        (call, "resolved here, unknown there"),
        others=[(imported, "imported here")],
        helps=(f"copy `{name}` into the `where` section for Telltale",),
        upstream="rejects",
    )


def _with(found: Diagnostic, others: Sequence[Annotation]) -> Diagnostic:
    return Diagnostic(
        found.code,
        found.message,
        found.path,
        found.primary,
        (*found.others, *others),
        found.notes,
        found.helps,
        found.severity,
        found.protocol,
        found.refutes,
        found.upstream,
    )
