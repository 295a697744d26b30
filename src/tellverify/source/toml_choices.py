"""The words that a value of a TOML document may be, by the type that the document is read as."""

from __future__ import annotations

from msgspec import inspect


def choices_of(kind: object, path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The words that the value at `path` of a `kind` may be; none where it may be anything.

    `kind` is a type that msgspec reads. A key that the type does not have leads nowhere.
    """
    at = inspect.type_info(kind)
    for step in path:
        inner = _inside(at, step)
        if inner is None:
            return ()
        at = inner
    return _words(at)


def _inside(kind: inspect.Type, step: str | int) -> inspect.Type | None:
    if isinstance(kind, inspect.StructType):
        return next((one.type for one in kind.fields if one.encode_name == step), None)
    if isinstance(kind, inspect.DictType):
        return kind.value_type
    if isinstance(kind, inspect.ListType):
        return kind.item_type
    if isinstance(kind, inspect.UnionType):
        return next((inner for one in kind.types if (inner := _inside(one, step))), None)
    return None


def _words(kind: inspect.Type) -> tuple[str, ...]:
    if isinstance(kind, inspect.LiteralType):
        return tuple(str(one) for one in kind.values)
    if isinstance(kind, inspect.EnumType):
        return tuple(str(one.value) for one in kind.cls)
    if isinstance(kind, inspect.UnionType):
        return tuple(word for one in kind.types for word in _words(one))
    return ()
