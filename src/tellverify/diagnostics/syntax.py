"""Findings of the lexer and the parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    Severity,
    finding,
)
from tellverify.diagnostics.wording import series
from tellverify.source.span import Span

if TYPE_CHECKING:
    from collections.abc import Sequence


# Layout


TAB_INDENTATION: Final = Code(
    "TV101",
    "tab-indentation",
    "a tab in the indentation of a line",
    help="indent with spaces only",
    upstream="rejects",
)


def tab_indentation(path: str, span: Span, more: int) -> Diagnostic:
    """A tab in the white space that a line begins with; `more` further lines have one."""
    return finding(
        TAB_INDENTATION,
        path,
        "a tab in the indentation of a line",
        (span, "this is a tab"),
        notes=[_lines(more)] if more else [],
    )


def _lines(count: int) -> str:
    return (
        "1 more line is indented with a tab"
        if count == 1
        else f"{count} more lines are indented with tabs"
    )


INCONSISTENT_INDENTATION: Final = Code(
    "TV102",
    "inconsistent-indentation",
    "a line returns to a column where no block begins",
    upstream="rejects",
)


def inconsistent_indentation(path: str, span: Span, column: int, open_at: int) -> Diagnostic:
    """A line at `column`, between the block at column `open_at` and the next deeper one."""
    return finding(
        INCONSISTENT_INDENTATION,
        path,
        f"this line begins at column {column}, where no open block begins",
        (span, ""),
        helps=[f"begin it at column {open_at}, or at the column of a deeper line above"],
    )


UNEXPECTED_INDENTATION: Final = Code(
    "TV103",
    "unexpected-indentation",
    "a line that is indented more deeply although no block can begin",
    upstream="rejects",
)


def unexpected_indentation(path: str, span: Span, helps: Sequence[str] = ()) -> Diagnostic:
    """A deeper line where no block can begin."""
    return finding(
        UNEXPECTED_INDENTATION,
        path,
        "this line is indented more deeply, but nothing above it opens a block",
        (span, ""),
        helps=helps or ["begin it at the column of the line above"],
    )


SWALLOWED_LINE: Final = Code(
    "TV104",
    "swallowed-line",
    "a line that Telltale reads as the payload of the message above",
    help="begin the line at the column of the statement above",
    upstream="drops",
)


def swallowed_line(path: str, span: Span, message: Span, label: str) -> Diagnostic:
    """A line deeper than the message `label` above it."""
    return finding(
        SWALLOWED_LINE,
        path,
        f"this line is deeper than `{label}` above it, so Telltale reads it as its payload",
        (span, "read here as a statement, dropped by Telltale"),
        others=[(message, "the message that swallows it")],
    )


COMMENT_BEFORE_CODE: Final = Code(
    "TV105",
    "comment-before-code",
    "a block comment in front of code, which hides the code from the layout rule",
    help="put the comment on a separate line",
    upstream="accepts",
)


def comment_before_code(path: str, span: Span) -> Diagnostic:
    """A block comment before code that opens or closes a block."""
    return finding(
        COMMENT_BEFORE_CODE,
        path,
        "a block comment precedes code that begins or ends a block",
        (span, "Telltale reads this line as a continuation of the one above"),
    )


# Characters


def character_name(char: str) -> str:
    """A character in words: its code point and its Unicode name."""
    from unicodedata import name

    named = name(char, "")
    return f"U+{ord(char):04X} {named}" if named else f"U+{ord(char):04X}"


CONTROL_CHARACTER: Final = Code(
    "TV111",
    "control-character",
    "a control character in the text",
    help="remove it",
    upstream="rejects",
)


def control_character(path: str, span: Span, char: str, more: int) -> Diagnostic:
    """A control or direction character; the text has `more` further ones."""
    return finding(
        CONTROL_CHARACTER,
        path,
        f"the text contains the control character {character_name(char)}",
        (span, ""),
        notes=[f"{more} more control character{'s' * (more > 1)} in this file"] if more else [],
    )


LONE_CARRIAGE_RETURN: Final = Code(
    "TV112",
    "lone-carriage-return",
    "a carriage return without a line feed",
    help="end lines with a line feed",
    upstream="accepts",
)


def lone_carriage_return(path: str, span: Span, more: int) -> Diagnostic:
    """A carriage return that no line feed follows; the text has `more` further ones."""
    return finding(
        LONE_CARRIAGE_RETURN,
        path,
        "a carriage return without a line feed",
        (span, "read here as a line end, by Telltale as a space"),
        notes=[f"{more} more in this file"] if more else [],
    )


BYTE_ORDER_MARK: Final = Code(
    "TV113",
    "byte-order-mark",
    "a byte order mark at the start of the file",
    severity=Severity.NOTE,
    help="save it as UTF-8 without a byte order mark",
    upstream="rejects",
)


def byte_order_mark(path: str) -> Diagnostic:
    """A byte order mark at the start of the file."""
    return finding(
        BYTE_ORDER_MARK,
        path,
        "the file begins with a byte order mark",
        (Span(0, 1), ""),
    )


FOREIGN_NAME: Final = Code(
    "TV114",
    "foreign-name",
    "a name that is not made of ASCII letters, digits and underscores",
    upstream="rejects",
)


def foreign_name(path: str, span: Span, name: str) -> Diagnostic:
    """A name with a letter outside ASCII, or with an underscore in front."""
    foreign = next((char for char in name if not char.isascii()), "")
    if not foreign:
        return finding(
            FOREIGN_NAME,
            path,
            f"the name `{name}` begins with an underscore",
            (span, ""),
            helps=["begin it with a letter"],
        )
    return finding(
        FOREIGN_NAME,
        path,
        f"the name `{name}` contains `{foreign}`, {character_name(foreign)}",
        (span, ""),
        helps=["names are made of ASCII letters, digits and underscores"],
    )


NUMBER_TOO_LARGE: Final = Code(
    "TV115",
    "number-too-large",
    "a number that does not fit into 64 bits",
    upstream="rejects",
)


def number_too_large(path: str, span: Span) -> Diagnostic:
    """A number above 2^64 - 1."""
    return finding(
        NUMBER_TOO_LARGE,
        path,
        "this number does not fit into 64 bits",
        (span, ""),
    )


UNKNOWN_UNIT: Final = Code(
    "TV116",
    "unknown-unit",
    "a duration in an unknown unit",
    help="write `ms`, `s`, `m` or `h`",
    upstream="rejects",
)


def unknown_unit(path: str, span: Span, unit: str) -> Diagnostic:
    """A duration whose unit is none of the four."""
    return finding(
        UNKNOWN_UNIT,
        path,
        f"`{unit}` is not a unit of time",
        (span, ""),
    )


# Brackets, strings and comments


UNCLOSED_COMMENT: Final = Code(
    "TV121",
    "unclosed-comment",
    "a block comment that is not closed",
    help="close it with `-}`; block comments do not nest",
)


def unclosed_comment(path: str, span: Span) -> Diagnostic:
    """A `{-` without its `-}`."""
    return finding(
        UNCLOSED_COMMENT,
        path,
        "this block comment is not closed",
        (span, "it swallows the rest of the file"),
    )


UNCLOSED_STRING: Final = Code(
    "TV122",
    "unclosed-string",
    "a string that is not closed",
    help='close it with `"`',
)


def unclosed_string(path: str, span: Span) -> Diagnostic:
    """A string without its closing quote."""
    return finding(
        UNCLOSED_STRING,
        path,
        "this string is not closed",
        (span, ""),
    )


UNCLOSED_BRACKET: Final = Code(
    "TV123",
    "unclosed-bracket",
    "a bracket that is not closed",
)


def unclosed_bracket(path: str, span: Span, bracket: str) -> Diagnostic:
    """An opening bracket without its closing one."""
    return finding(
        UNCLOSED_BRACKET,
        path,
        f"this `{bracket}` is not closed",
        (span, ""),
        helps=[f"close it with `{_CLOSER[bracket]}`"],
    )


_CLOSER = {"(": ")", "[": "]", "{": "}"}


UNMATCHED_BRACKET: Final = Code(
    "TV124",
    "unmatched-bracket",
    "a closing bracket without an opening one",
    help="remove it",
    upstream="rejects",
)


def unmatched_bracket(path: str, span: Span, bracket: str) -> Diagnostic:
    """A closing bracket without its opening one."""
    return finding(
        UNMATCHED_BRACKET,
        path,
        f"this `{bracket}` closes nothing",
        (span, ""),
    )


ESCAPED_QUOTE: Final = Code(
    "TV125",
    "escaped-quote",
    "a string that ends in a backslash",
    help="remove the backslash",
    upstream="rejects",
)


def escaped_quote(path: str, span: Span) -> Diagnostic:
    """A string whose last character is a backslash."""
    return finding(
        ESCAPED_QUOTE,
        path,
        "this string ends in a backslash",
        (span, ""),
        notes=["strings have no escapes, but Telltale's layout reads `\\\"` as a quote inside"],
    )


STRING_OVER_LINES: Final = Code(
    "TV126",
    "string-over-lines",
    "a string that continues on the next line",
    severity=Severity.WARNING,
    help="keep the string on one line",
)


def string_over_lines(path: str, span: Span) -> Diagnostic:
    """A string with a line break outside of brackets."""
    return finding(
        STRING_OVER_LINES,
        path,
        "this string continues on the next line",
        (span, ""),
        notes=["Telltale reads the indentation inside it as layout"],
    )


NESTED_BRACKET: Final = Code(
    "TV127",
    "nested-bracket",
    "a nested bracket in opaque text, which ends at the first closing bracket",
    upstream="rejects",
)


def nested_bracket(path: str, span: Span, bracket: str) -> Diagnostic:
    """A bracket of the kind that encloses opaque text, inside that text."""
    closer = _CLOSER[bracket]
    return finding(
        NESTED_BRACKET,
        path,
        f"a nested `{bracket}` in text that ends at the first `{closer}`",
        (span, ""),
        helps=[f"write the text without `{bracket}` and `{closer}`"],
    )


# Grammar


SYNTAX_ERROR: Final = Code(
    "TV131",
    "syntax-error",
    "text that does not match the grammar",
    upstream="rejects",
)


def syntax_error(
    path: str, span: Span, expected: Sequence[str], found: str, helps: Sequence[str] = ()
) -> Diagnostic:
    """`found` stands where one of `expected` should; both in words of the language."""
    wanted = series(expected, last="or")
    return finding(
        SYNTAX_ERROR,
        path,
        f"expected {wanted}, found {found}" if wanted else f"{found} is not allowed here",
        (span, f"expected {wanted}" if wanted else ""),
        helps=helps,
    )


TIMEOUT_WITHOUT_ALTERNATIVE: Final = Code(
    "TV449",
    "timeout-without-alternative",
    "a `timeout` without `on timeout`",
    help="write `on timeout =>` at the column of `timeout`, and its statements below it",
    upstream="rejects",
)


def timeout_without_alternative(path: str, span: Span) -> Diagnostic:
    """The timeout whose head is `span` does not state what happens when its timer fires."""
    return finding(
        TIMEOUT_WITHOUT_ALTERNATIVE,
        path,
        "this `timeout` has no `on timeout`",
        (span, "what happens when this timer fires?"),
    )


BRACE_BODY: Final = Code(
    "TV132",
    "brace-body",
    "a body in braces instead of an indented one",
    help="indent the body on the lines below, without braces and semicolons",
    upstream="rejects",
)


def brace_body(path: str, span: Span, head: str) -> Diagnostic:
    """A hand-written brace where a block begins after `head`."""
    return finding(
        BRACE_BODY,
        path,
        f"a brace opens a body after `{head}`",
        (span, ""),
    )


REMOVED_STATEMENT: Final = Code(
    "TV133",
    "removed-statement",
    "a statement that is no longer part of the language",
    upstream="rejects",
)


def removed_statement(path: str, span: Span, word: str, instead: str) -> Diagnostic:
    """A statement of an older language."""
    return finding(
        REMOVED_STATEMENT,
        path,
        f"the statement `{word}` is no longer part of the language",
        (span, ""),
        helps=[instead],
    )


EMPTY_PARENTHESES: Final = Code(
    "TV134",
    "empty-parentheses",
    "an empty body in parentheses",
    upstream="rejects",
)


def empty_parentheses(path: str, span: Span, wanted: str) -> Diagnostic:
    """`( )` where a body stands."""
    return finding(
        EMPTY_PARENTHESES,
        path,
        f"these parentheses contain no {wanted}",
        (span, ""),
    )


EQUALS_ON_LATER_LINE: Final = Code(
    "TV135",
    "equals-on-later-line",
    "the `=` of a declaration on a later line than its head",
    help="write the head and `=` on one line",
    upstream="rejects",
)


def equals_on_later_line(path: str, span: Span, head: Span, what: str) -> Diagnostic:
    """The `=` of a declaration that begins on an earlier line."""
    return finding(
        EQUALS_ON_LATER_LINE,
        path,
        f"the `=` of this {what} is on a later line than its head",
        (span, ""),
        others=[(head, "the head begins here")],
    )


NO_PROTOCOL: Final = Code(
    "TV141",
    "no-protocol",
    "a file without a protocol",
    help="declare one with `protocol Name =`",
    upstream="rejects",
)


def no_protocol(path: str) -> Diagnostic:
    """The file has no protocol."""
    return finding(
        NO_PROTOCOL,
        path,
        "the file has no protocol",
        (Span(0, 0), ""),
    )


SECOND_PROTOCOL: Final = Code(
    "TV142",
    "second-protocol",
    "a file with more than one protocol",
    help="move it into its own file, or into the `where` section if it is called",
    upstream="rejects",
)


def second_protocol(path: str, span: Span, name: str, first: Span) -> Diagnostic:
    """A protocol after the first."""
    return finding(
        SECOND_PROTOCOL,
        path,
        f"`{name}` is a second protocol in this file",
        (span, ""),
        others=[(first, "the first protocol")],
    )


DECLARATION_AFTER_PROTOCOL: Final = Code(
    "TV143",
    "declaration-after-protocol",
    "a declaration after the protocol",
    help="move it before the protocol",
    upstream="rejects",
)


def declaration_after_protocol(path: str, span: Span, protocol: Span) -> Diagnostic:
    """A declaration after the protocol."""
    return finding(
        DECLARATION_AFTER_PROTOCOL,
        path,
        "this declaration comes after the protocol",
        (span, ""),
        others=[(protocol, "the protocol must come last")],
    )


MISPLACED_HEADER: Final = Code(
    "TV144",
    "misplaced-header",
    "a `module` or `import` line in the wrong place",
    upstream="rejects",
)


def misplaced_header(path: str, span: Span, word: str) -> Diagnostic:
    """A `module` that is not first, or an `import` after a declaration."""
    first = "at the start of the file" if word == "module" else "before every declaration"
    return finding(
        MISPLACED_HEADER,
        path,
        f"`{word}` is allowed only {first}",
        (span, ""),
        helps=["move it up, and keep only one `module` line"]
        if word == "module"
        else ["move it up"],
    )


REFUSED_UPSTREAM: Final = Code(
    "TV151",
    "refused-upstream",
    "text that is unambiguous but that Telltale rejects",
    severity=Severity.WARNING,
    upstream="rejects",
)


def removed_word_in_front(path: str, span: Span, word: str) -> Diagnostic:
    """A line that begins with the word of a removed statement, but is none."""
    return finding(
        REFUSED_UPSTREAM,
        path,
        f"Telltale rejects every line that begins with `{word}`, a removed keyword",
        (span, ""),
        helps=[f"do not begin a line with `{word}`: rename it, or put another word before it"],
    )


def brace_after_loop(path: str, span: Span, loop: Span) -> Diagnostic:
    """A brace that is anywhere behind the word `loop`."""
    return finding(
        REFUSED_UPSTREAM,
        path,
        "Telltale reads any brace after a `loop` as its body and rejects the file",
        (span, ""),
        others=[(loop, "the `loop`")],
        helps=["use `rec` instead of `loop`, or move the statement with braces before it"],
    )


def brace_on_line(path: str, span: Span, head: Span, word: str) -> Diagnostic:
    """A brace on the line of `word`, which Telltale takes for the body."""
    return finding(
        REFUSED_UPSTREAM,
        path,
        f"Telltale reads a brace on the line of `{word}` as its body and rejects the file",
        (span, ""),
        others=[(head, f"the `{word}`")],
        helps=["write the body on separate lines"],
    )


def keyword_in_front(path: str, span: Span, name: str, keyword: str) -> Diagnostic:
    """A name that begins with a keyword which Telltale cuts off."""
    return finding(
        REFUSED_UPSTREAM,
        path,
        f"Telltale reads `{name}` as `{keyword} {name[len(keyword) :]}`",
        (span, ""),
        notes=["Telltale's keywords do not end at a word boundary"],
        helps=["rename it"],
    )


TOO_MANY_FAULTS: Final = Code(
    "TV191",
    "too-many-faults",
    "more errors than one report shows",
    kind=Kind.LIMIT,
    help="fix the errors above and run again",
)


def too_many_faults(path: str, span: Span, limit: int) -> Diagnostic:
    """More faults than `limit`, of which the first beyond it is at `span`."""
    return finding(
        TOO_MANY_FAULTS,
        path,
        f"this file has more than {limit} errors",
        (span, "errors from here on are not shown"),
    )
