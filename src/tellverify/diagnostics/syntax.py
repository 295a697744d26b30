"""Findings of the lexer and the parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Code, Diagnostic
from tellverify.source.span import Span

if TYPE_CHECKING:
    from collections.abc import Sequence


def _finding(
    code: Code,
    path: str,
    span: Span,
    message: str,
    label: str = "",
    *,
    others: Sequence[Annotation] = (),
    notes: Sequence[str] = (),
    helps: Sequence[str] = (),
    upstream: str = "",
) -> Diagnostic:
    return Diagnostic(
        code,
        message,
        path,
        Annotation(span, label),
        others=tuple(others),
        notes=tuple(notes),
        helps=tuple(helps),
        severity=code.severity,
        upstream=upstream,
    )


# Layout


def tab_indentation(path: str, span: Span, more: int) -> Diagnostic:
    """A tab in the white space that a line begins with; `more` further lines have one."""
    return _finding(
        codes.TAB_INDENTATION,
        path,
        span,
        "a tab in the indentation of a line",
        "this is a tab",
        notes=[f"so {_lines(more)} further down"] if more else [],
        helps=["indent with spaces only"],
        upstream="rejects",
    )


def _lines(count: int) -> str:
    return "is 1 line" if count == 1 else f"are {count} lines"


def inconsistent_indentation(path: str, span: Span, column: int, open_at: int) -> Diagnostic:
    """A line at `column`, between the block at column `open_at` and the next deeper one."""
    return _finding(
        codes.INCONSISTENT_INDENTATION,
        path,
        span,
        f"this line begins at column {column}, where no open block began",
        helps=[f"begin it at column {open_at}, or at the column of a deeper line above"],
        upstream="rejects",
    )


def unexpected_indentation(path: str, span: Span, helps: Sequence[str] = ()) -> Diagnostic:
    """A deeper line where no block can begin."""
    return _finding(
        codes.UNEXPECTED_INDENTATION,
        path,
        span,
        "this line is indented deeper, but nothing above it opens a block",
        helps=helps or ["begin it at the column of the line above"],
        upstream="rejects",
    )


def swallowed_line(path: str, span: Span, message: Span, label: str) -> Diagnostic:
    """A line deeper than the message `label` above it."""
    return _finding(
        codes.SWALLOWED_LINE,
        path,
        span,
        f"this line is deeper than `{label}` above it, so Telltale reads it as its payload",
        "read here as a statement, dropped by Telltale",
        others=[Annotation(message, "the message that swallows it")],
        helps=["begin the line at the column of the statement above"],
        upstream="drops",
    )


def comment_before_code(path: str, span: Span) -> Diagnostic:
    """A block comment before code that opens or closes a block."""
    return _finding(
        codes.COMMENT_BEFORE_CODE,
        path,
        span,
        "a block comment stands before code that begins or ends a block",
        "Telltale reads this line as a continuation of the one above",
        helps=["put the comment on a line of its own"],
        upstream="accepts",
    )


# Characters


def character_name(char: str) -> str:
    """A character in words: its code point and its Unicode name."""
    from unicodedata import name

    named = name(char, "")
    return f"U+{ord(char):04X} {named}" if named else f"U+{ord(char):04X}"


def control_character(path: str, span: Span, char: str, more: int) -> Diagnostic:
    """A control or direction character; the text has `more` further ones."""
    return _finding(
        codes.CONTROL_CHARACTER,
        path,
        span,
        f"the text has the control character {character_name(char)}",
        notes=[f"{more} further control character{'s' * (more > 1)} in this file"] if more else [],
        helps=["remove it"],
        upstream="rejects",
    )


def lone_carriage_return(path: str, span: Span, more: int) -> Diagnostic:
    """A carriage return that no line feed follows; the text has `more` further ones."""
    return _finding(
        codes.LONE_CARRIAGE_RETURN,
        path,
        span,
        "a carriage return without a line feed",
        "read here as the end of a line, by Telltale as a space",
        notes=[f"{more} further one{'s' * (more > 1)} in this file"] if more else [],
        helps=["end lines with a line feed"],
        upstream="accepts",
    )


def byte_order_mark(path: str) -> Diagnostic:
    """A byte order mark at the start of the file."""
    return _finding(
        codes.BYTE_ORDER_MARK,
        path,
        Span(0, 1),
        "the file begins with a byte order mark",
        helps=["save it as UTF-8 without byte order mark"],
        upstream="rejects",
    )


def foreign_name(path: str, span: Span, name: str) -> Diagnostic:
    """A name with a letter outside ASCII, or with an underscore in front."""
    foreign = next((char for char in name if not char.isascii()), "")
    if not foreign:
        return _finding(
            codes.FOREIGN_NAME,
            path,
            span,
            f"the name `{name}` begins with an underscore",
            helps=["begin it with a letter"],
            upstream="rejects",
        )
    return _finding(
        codes.FOREIGN_NAME,
        path,
        span,
        f"the name `{name}` has the character `{foreign}`, {character_name(foreign)}",
        helps=["names are made of ASCII letters, digits and underscores"],
        upstream="rejects",
    )


def number_too_large(path: str, span: Span) -> Diagnostic:
    """A number above 2^64 - 1."""
    return _finding(
        codes.NUMBER_TOO_LARGE,
        path,
        span,
        "this number does not fit into 64 bits",
        upstream="rejects",
    )


def unknown_unit(path: str, span: Span, unit: str) -> Diagnostic:
    """A duration whose unit is none of the four."""
    return _finding(
        codes.UNKNOWN_UNIT,
        path,
        span,
        f"`{unit}` is not a unit of time",
        helps=["write `ms`, `s`, `m` or `h`"],
        upstream="rejects",
    )


# Brackets, strings and comments


def unclosed_comment(path: str, span: Span) -> Diagnostic:
    """A `{-` without its `-}`."""
    return _finding(
        codes.UNCLOSED_COMMENT,
        path,
        span,
        "this block comment does not end",
        "the rest of the file is in it",
        helps=["end it with `-}`; block comments do not nest"],
    )


def unclosed_string(path: str, span: Span) -> Diagnostic:
    """A string without its closing quote."""
    return _finding(
        codes.UNCLOSED_STRING,
        path,
        span,
        "this string does not end",
        helps=['end it with `"`'],
    )


def unclosed_bracket(path: str, span: Span, bracket: str) -> Diagnostic:
    """An opening bracket without its closing one."""
    return _finding(
        codes.UNCLOSED_BRACKET,
        path,
        span,
        f"this `{bracket}` is not closed",
        helps=[f"close it with `{_CLOSER[bracket]}`"],
    )


_CLOSER = {"(": ")", "[": "]", "{": "}"}


def unmatched_bracket(path: str, span: Span, bracket: str) -> Diagnostic:
    """A closing bracket without its opening one."""
    return _finding(
        codes.UNMATCHED_BRACKET,
        path,
        span,
        f"this `{bracket}` closes nothing",
        helps=["remove it"],
        upstream="rejects",
    )


def escaped_quote(path: str, span: Span) -> Diagnostic:
    """A string whose last character is a backslash."""
    return _finding(
        codes.ESCAPED_QUOTE,
        path,
        span,
        "this string ends in a backslash",
        notes=["strings have no escapes, yet Telltale's layout reads `\\\"` as a quote inside"],
        helps=["write the string without backslash"],
        upstream="rejects",
    )


def string_over_lines(path: str, span: Span) -> Diagnostic:
    """A string with a line break outside of brackets."""
    return _finding(
        codes.STRING_OVER_LINES,
        path,
        span,
        "this string goes over the end of its line",
        notes=["Telltale takes the indentation inside it for layout"],
        helps=["keep a string on one line"],
    )


def nested_bracket(path: str, span: Span, bracket: str) -> Diagnostic:
    """A bracket of the kind that encloses opaque text, inside that text."""
    closer = _CLOSER[bracket]
    return _finding(
        codes.NESTED_BRACKET,
        path,
        span,
        f"a `{bracket}` inside text that ends at the first `{closer}`",
        helps=[f"write the text without `{bracket}` and `{closer}`"],
        upstream="rejects",
    )


# Grammar


def syntax_error(
    path: str, span: Span, expected: Sequence[str], found: str, helps: Sequence[str] = ()
) -> Diagnostic:
    """`found` stands where one of `expected` should; both in words of the language."""
    wanted = _alternatives(expected)
    return _finding(
        codes.SYNTAX_ERROR,
        path,
        span,
        f"expected {wanted}, found {found}" if wanted else f"{found} cannot stand here",
        f"expected {wanted}" if wanted else "",
        helps=helps,
        upstream="rejects",
    )


def _alternatives(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"


def brace_body(path: str, span: Span, head: str) -> Diagnostic:
    """A hand-written brace where a block begins after `head`."""
    return _finding(
        codes.BRACE_BODY,
        path,
        span,
        f"a brace opens a body after `{head}`",
        helps=["indent the body on the lines below, or put it in parentheses"],
        upstream="rejects",
    )


def removed_statement(path: str, span: Span, word: str, instead: str) -> Diagnostic:
    """A statement of an older language."""
    return _finding(
        codes.REMOVED_STATEMENT,
        path,
        span,
        f"the statement `{word}` is no longer part of the language",
        helps=[instead],
        upstream="rejects",
    )


def empty_parentheses(path: str, span: Span, wanted: str) -> Diagnostic:
    """`( )` where a body stands."""
    return _finding(
        codes.EMPTY_PARENTHESES,
        path,
        span,
        f"these parentheses hold no {wanted}",
        upstream="rejects",
    )


def equals_on_later_line(path: str, span: Span, head: Span, what: str) -> Diagnostic:
    """The `=` of a declaration that begins on an earlier line."""
    return _finding(
        codes.EQUALS_ON_LATER_LINE,
        path,
        span,
        f"the `=` of this {what} is on a later line than its head",
        others=[Annotation(head, "the head begins here")],
        helps=["write the head up to `=` on one line"],
        upstream="rejects",
    )


def no_protocol(path: str) -> Diagnostic:
    """The file has no protocol."""
    return _finding(
        codes.NO_PROTOCOL,
        path,
        Span(0, 0),
        "the file has no protocol",
        helps=["begin one with `protocol Name =`"],
        upstream="rejects",
    )


def second_protocol(path: str, span: Span, name: str, first: Span) -> Diagnostic:
    """A protocol after the first."""
    return _finding(
        codes.SECOND_PROTOCOL,
        path,
        span,
        f"`{name}` is a second protocol in this file",
        others=[Annotation(first, "the first protocol")],
        helps=["put each protocol into its own file, or into a `where` section if it is called"],
        upstream="rejects",
    )


def declaration_after_protocol(path: str, span: Span, protocol: Span) -> Diagnostic:
    """A declaration after the protocol."""
    return _finding(
        codes.DECLARATION_AFTER_PROTOCOL,
        path,
        span,
        "this declaration stands after the protocol",
        others=[Annotation(protocol, "the protocol must be the last")],
        helps=["move it in front of the protocol"],
        upstream="rejects",
    )


def misplaced_header(path: str, span: Span, word: str) -> Diagnostic:
    """A `module` that is not first, or an `import` after a declaration."""
    first = "at the start of the file" if word == "module" else "before every declaration"
    return _finding(
        codes.MISPLACED_HEADER,
        path,
        span,
        f"`{word}` stands {first} and at no other place",
        helps=["move it up, and keep only one `module` line"]
        if word == "module"
        else ["move it up"],
        upstream="rejects",
    )


def removed_word_in_front(path: str, span: Span, word: str) -> Diagnostic:
    """A line that begins with the word of a removed statement, but is none."""
    return _finding(
        codes.REFUSED_UPSTREAM,
        path,
        span,
        f"Telltale refuses every line that begins with `{word}`, the word of a removed statement",
        helps=[f"do not begin a line with `{word}`: move it behind another word, or rename it"],
        upstream="rejects",
    )


def brace_after_loop(path: str, span: Span, loop: Span) -> Diagnostic:
    """A brace that is anywhere behind the word `loop`."""
    return _finding(
        codes.REFUSED_UPSTREAM,
        path,
        span,
        "Telltale takes any brace behind a `loop` for its body, and refuses the file",
        others=[Annotation(loop, "the `loop`")],
        helps=["use `rec` in place of `loop`, or move what has braces in front of it"],
        upstream="rejects",
    )


def brace_on_line(path: str, span: Span, head: Span, word: str) -> Diagnostic:
    """A brace on the line of `word`, which Telltale takes for the body."""
    return _finding(
        codes.REFUSED_UPSTREAM,
        path,
        span,
        f"Telltale takes a brace on the line of `{word}` for its body, and refuses the file",
        others=[Annotation(head, f"the `{word}`")],
        helps=["write the body on lines of its own"],
        upstream="rejects",
    )


def keyword_in_front(path: str, span: Span, name: str, keyword: str) -> Diagnostic:
    """A name that begins with a keyword which Telltale cuts off."""
    return _finding(
        codes.REFUSED_UPSTREAM,
        path,
        span,
        f"Telltale reads `{name}` as `{keyword} {name[len(keyword) :]}`",
        notes=["its keywords have no word boundary"],
        helps=["rename it"],
        upstream="rejects",
    )


def too_many_faults(path: str, span: Span, limit: int) -> Diagnostic:
    """More faults than `limit`, of which the first beyond it is at `span`."""
    return _finding(
        codes.TOO_MANY_FAULTS,
        path,
        span,
        f"this file has more than {limit} faults",
        "the faults from here on are not shown",
        helps=["mend the faults above and run again"],
    )
