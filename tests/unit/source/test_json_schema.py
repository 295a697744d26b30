"""Schemas that do not depend on the version of the library that generates them."""

from __future__ import annotations

from tellverify.source.json_schema import canonical


def test_descriptions_do_not_keep_the_indentation_of_the_source() -> None:
    two = {"description": "One.\n\n    Two.\n    ", "items": [{"description": "A.\n      B."}]}
    assert canonical(two) == {
        "description": "One.\n\nTwo.",
        "items": [{"description": "A.\nB."}],
    }


def test_a_property_named_description_is_not_taken_for_text() -> None:
    plain = {"properties": {"description": {"type": "string"}}, "required": ["description"]}
    assert canonical(plain) == plain


def test_the_order_of_alternatives_is_always_the_same() -> None:
    null, text, number = {"type": "null"}, {"type": "string"}, {"type": "integer"}
    one = canonical({"items": {"anyOf": [null, text, number]}})
    assert one == canonical({"items": {"anyOf": [number, null, text]}})
    assert one == {"items": {"anyOf": [number, null, text]}}
