"""Choreographies in files as separate texts, and files with such texts changed.

The text around a choreography, its indentation included, is not part of it, so that one inside a
Rust source or Markdown page has the canonical layout of a separate file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.model import Annotation, Diagnostic, Severity
from tellverify.language.files.extraction import (
    MARKDOWN,
    RUST,
    SourceFragment,
    extract,
    read_fragment,
)
from tellverify.language.syntax.canonical import Canonical, canonical
from tellverify.language.syntax.spans import same_tree
from tellverify.language.syntax.surface import read_tell
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_BLANK: Final = re.compile(r"[ \t]*")
_MARKED: Final = re.compile(r"[ \t]*(?://[/!]|\*|[> \t]*)[ \t]*")  # as documentation or a quote
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_STAYS: Final = "; it shares its lines with other text, and stays as it is"


class Passage(msgspec.Struct, frozen=True):
    """A choreography of a file, as a text whose first column is where its lines begin.

    Its lines end with `\\n`, those of the file with `line_break`.
    `indent` stands before each of them there: blanks, or also the marks of a comment or a quote.
    `lines` are the lines of the file that it fills, or None when it shares one with other text or
    stands in a string with escapes; then it cannot be changed, and `offset` is where it begins.
    One that `is_part` of a protocol has no canonical layout and is not changed either. One of a
    page or of documentation `is_example`, which stands for no module of a program.
    """

    text: str
    lines: Span | None
    indent: str = ""
    offset: int = 0
    line_break: str = "\n"
    is_part: bool = False
    is_example: bool = False

    def source(self, path: str) -> SourceFile:
        """The text as a source file."""
        return SourceFile(path, self.text)

    def placed(self, found: Diagnostic, file: SourceFile) -> Diagnostic:
        """A finding about the text with the places that it has in the file."""
        own = self.source(file.path)

        def place(offset: int) -> int:
            if self.lines is None:
                return min(max(offset + self.offset, 0), len(file.text))
            line, column = own.position(offset)
            start = file.start_of(file.position(self.lines.start)[0] + line - 1)
            return min(start + len(self.indent) + column - 1, len(file.text))

        def moved(one: Annotation) -> Annotation:
            start = place(one.span.start)
            end = max(place(one.span.end), start)
            return msgspec.structs.replace(one, span=Span(start, end))

        if self.lines == Span(0, len(file.text)) and not self.indent:
            return found
        others = tuple(moved(one) if _is_own(one, file) else one for one in found.others)
        return msgspec.structs.replace(found, primary=moved(found.primary), others=others)


def _is_own(one: Annotation, file: SourceFile) -> bool:
    return not one.path or one.path == file.path


def passages(source: SourceFile) -> list[Passage]:
    """The choreographies of a file, in its order; a `.tell` file is one as a whole."""
    if not source.path.endswith((RUST, MARKDOWN)):
        return [Passage(source.text, Span(0, len(source.text)))]
    return [_passage(source.text, fragment) for fragment in extract(source).fragments]


def _passage(text: str, fragment: SourceFragment) -> Passage:
    inner, start = fragment.text, fragment.offset
    is_example = fragment.is_example
    apart = Passage(inner, None, "", start, is_part=fragment.is_part, is_example=is_example)
    if fragment.is_part or start < 0 or not inner.strip():
        return apart
    first = start + len(inner) - len(inner.lstrip())
    begin = text.rfind("\n", 0, first) + 1
    last = start + len(inner.rstrip())
    end = text.find("\n", last)
    end = len(text) if end < 0 else end + 1
    is_marked = not text.startswith(inner, start)
    indent = _indent(_lines(text[begin:end]), _MARKED if is_marked else _BLANK)
    before = text[begin:first].removeprefix(indent)
    if before.strip() or text[last:end].strip() or "\t" in indent:
        return apart
    bare = indent.rstrip()
    lines = _lines(text[begin:end])
    if not all(line.startswith(indent) or line.strip() == bare.strip() for line in lines):
        return apart
    own = "".join(
        line.removeprefix(indent) if line.startswith(indent) else line.removeprefix(bare)
        for line in lines
    )
    if is_marked and own.split() != inner.split():
        return apart
    line_break = "\r\n" if "\r\n" in own else "\n"
    plain = own.replace("\r\n", "\n")
    return Passage(plain, Span(begin, end), indent, start, line_break, is_example=is_example)


def _indent(lines: Sequence[str], form: re.Pattern[str]) -> str:
    """What all lines with content begin with, as far as it has a form."""
    found = [(match[0], line) for line in lines if (match := form.match(line)) is not None]
    starts = [start for start, line in found if line.strip() != start.strip()]
    pairs = enumerate(zip(min(starts), max(starts), strict=False))
    return min(starts)[: next((at for at, (one, other) in pairs if one != other), None)]


def _lines(text: str) -> list[str]:
    """The lines of a text with their line breaks."""
    return _LINE.findall(text)


def rewritten(source: SourceFile, texts: Sequence[str | None]) -> str | None:
    """The file with new texts of its passages, where None leaves one unchanged.

    None when the file would not read back with just these texts.
    """
    text = source.text
    known = passages(source)
    for passage, new in reversed(list(zip(known, texts, strict=True))):
        if new is None or new == passage.text:
            continue
        if passage.lines is None:
            return None
        lines = _lines(new)
        bare = passage.indent.rstrip()
        block = "".join((passage.indent if line.strip() else bare) + line for line in lines)
        block = block.replace("\n", passage.line_break)
        text = text[: passage.lines.start] + block + text[passage.lines.end :]
    if text == source.text:
        return text
    wanted = [
        passage.text if new is None else new for passage, new in zip(known, texts, strict=True)
    ]
    return text if _reads_as(SourceFile(source.path, text), wanted) else None


def _reads_as(source: SourceFile, texts: Sequence[str]) -> bool:
    """Whether the choreographies of a file have the same trees as `texts`, one by one."""
    if not source.path.endswith((RUST, MARKDOWN)):
        return [source.text] == list(texts)
    found = extract(source).fragments
    return len(found) == len(texts) and all(
        fragment.is_part
        or same_tree(
            read_fragment(source, fragment).file,
            read_tell(SourceFile(source.path, text)).file,
            indented=True,
        )
        for fragment, text in zip(found, texts, strict=True)
    )


def canonical_file(source: SourceFile, *, upgrade: bool = False) -> Canonical:
    """`source` with all its choreographies in canonical layout, and nothing else changed.

    One that shares a line with other text stays unchanged, and is not upgraded, which is said.
    """
    if not source.path.endswith((RUST, MARKDOWN)):
        return canonical(source, upgrade=upgrade)
    said: list[Diagnostic] = list(extract(source).diagnostics)
    texts: list[str | None] = []
    complete = all(one.severity is not Severity.ERROR for one in said)
    for passage in passages(source):
        if passage.is_part:
            texts.append(None)
            continue
        is_apart = passage.lines is not None
        found = canonical(passage.source(source.path), upgrade=upgrade and is_apart)
        for one in found.diagnostics:
            if upgrade and not is_apart and one.severity is not Severity.ERROR:
                one = msgspec.structs.replace(one, message=f"{one.message}{_STAYS}")
            said.append(passage.placed(one, source))
        if found.text is None:
            if not found.is_faithful:
                return found
            complete = False
        texts.append(found.text if is_apart else None)
    if not complete:
        return Canonical(None, tuple(said))
    text = rewritten(source, texts)
    return Canonical(text, tuple(said), is_faithful=text is not None)
