"""Which files a check reads, and their texts. Every fault of an input is a diagnostic."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec

from tellverify.diagnostics import inputs as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.files.work_tree import leads_out
from tellverify.source.files import OverLimit, Unreadable, read_bytes
from tellverify.source.text import SourceFile

LIMIT = 64 * 1024 * 1024
SUFFIX = ".tell"
EMBEDDING = (".rs", ".md")  # files that may hold choreographies among other text
READ = (SUFFIX, *EMBEDDING)
_INCLUDING = ("include_str", "#include")
_ALIKE = (*READ, ".markdown", ".mdx")


class ReadFile(msgspec.Struct, frozen=True):
    """A file that was read: its text, or the diagnostic that says why there is none."""

    path: str
    sha256: str
    text: str | None
    diagnostic: Diagnostic | None = None

    def source(self) -> SourceFile:
        """The text as a source file, empty when it could not be read."""
        return SourceFile(self.path, self.text or "")


class LeftOut(msgspec.Struct, frozen=True):
    """What a walk over folders left out: entries by `.gitignore` or a dot, and links.

    Links are those to folders, and those to files that the walk found under their own names.
    `alike` are files with choreographies whose suffix is not read, such as `.TELL`.
    """

    ignored: list[str]
    hidden: list[str]
    links: list[str]
    alike: list[str]


def find(
    paths: Iterable[str],
    left_out: LeftOut | None = None,
    counts: Callable[[str], bool] | None = None,
    suffixes: tuple[str, ...] = READ,
) -> Iterator[str]:
    """The files that `paths` name: files as given, folders walked in sorted order.

    In folders `*.tell` counts, and the Rust sources and Markdown pages that hold choreographies or
    cannot be read; a folder that cannot be read counts as a file that cannot. Entries that begin
    with a dot or that `.gitignore` names are left out and links to folders are not followed, which
    `left_out` then has. A file that is named twice is read once. With `counts` it says which files
    in folders count, of those with one of the `suffixes`.
    """
    wanted = may_hold_protocols if counts is None else counts
    seen: set[str] = set()
    left = LeftOut([], [], [], []) if left_out is None else left_out
    for path in paths:
        below = _once(_walk(path, left, wanted, suffixes), left) if os.path.isdir(path) else [path]
        for found in below:
            shown = found.replace(os.sep, "/")
            if shown not in seen:
                seen.add(shown)
                yield shown


def _once(paths: Iterable[str], left: LeftOut) -> Iterator[str]:
    """The paths without links to others of them, which `left` then has."""
    listed = list(paths)
    links = {path for path in listed if os.path.islink(path)}
    places = {os.path.realpath(path) for path in listed if links and path not in links}
    for path in listed:
        if path in links and os.path.realpath(path) in places:
            left.links.append(path)
        else:
            yield path


def _walk(
    folder: str, left: LeftOut, counts: Callable[[str], bool], suffixes: tuple[str, ...]
) -> Iterator[str]:
    from tellverify.language.files.gitignore import ignored_at

    top = os.path.abspath(folder)
    rules = {top: ignored_at(top)}
    broken: list[str] = []

    def note(error: OSError) -> None:
        broken.append(os.path.normpath(str(error.filename or folder)))

    for where, folders, files in os.walk(folder, onerror=note):
        yield from broken
        broken.clear()
        here = os.path.abspath(where)
        ignored = rules.pop(here).within(here)

        def is_kept(name: str, *, is_folder: bool) -> bool:
            path = os.path.normpath(os.path.join(where, name))  # noqa: B023  # used at once
            if name.startswith("."):
                left.hidden.append(path)
            elif ignored.leaves_out(os.path.join(here, name), is_folder=is_folder):  # noqa: B023
                left.ignored.append(path)
            else:
                return True
            return False

        folders[:] = sorted(name for name in folders if is_kept(name, is_folder=True))
        for name in folders:
            rules[os.path.join(here, name)] = ignored
            if os.path.islink(os.path.join(where, name)):
                left.links.append(os.path.normpath(os.path.join(where, name)))
        for name in sorted(files):
            path = os.path.normpath(os.path.join(where, name))
            is_wanted = name.endswith(suffixes)
            looks_alike = suffixes == READ and name.lower().endswith(_ALIKE)
            if not (is_wanted or looks_alike) or not is_kept(name, is_folder=False):
                continue
            if not is_wanted:
                left.alike.extend([path] * _is_alike(path))
            elif counts(path):
                yield path
    yield from broken


def may_hold_protocols(path: str) -> bool:
    """Whether a file is one of those that a walk over its folder would find."""
    return path.endswith(SUFFIX) or (path.endswith(EMBEDDING) and _holds_choreographies(path))


def _is_alike(path: str) -> bool:
    """Whether a file whose suffix is not read would hold protocols under one that is."""
    lower = path.lower()
    if lower.endswith(SUFFIX):
        return os.path.isfile(path)
    return _holds_choreographies(path, lower if lower.endswith(EMBEDDING) else f"{path}.md")


def may_include(file: ReadFile) -> bool:
    """Whether a file may name others that are checked with it, as a Rust source or a page does."""
    text = file.text or ""
    return file.path.endswith(EMBEDDING) and any(word in text for word in _INCLUDING)


def beside(folder: str) -> Iterator[str]:
    """The `*.tell` files, Rust sources and Markdown pages right in a folder, in sorted order.

    Those that `find` leaves out are left out; a folder that cannot be read has none.
    """
    from tellverify.language.files.gitignore import ignored_at

    here = os.path.abspath(folder or ".")
    try:
        names = sorted(os.listdir(here))
    except OSError:
        return
    ignored = ignored_at(here).within(here)
    for name in names:
        if name.startswith(".") or not name.endswith((SUFFIX, *EMBEDDING)):
            continue
        place = os.path.join(here, name)
        if os.path.isfile(place) and not ignored.leaves_out(place, is_folder=False):
            yield os.path.join(folder, name).replace(os.sep, "/")


def _holds_choreographies(path: str, read_as: str = "") -> bool:
    """Whether there is one in a Rust source or Markdown page, or may be in one that is broken.

    `read_as` is another name, whose suffix counts.
    """
    try:
        content = read_bytes(path, LIMIT)
    except Unreadable:
        return os.path.exists(path)  # a link that leads nowhere holds nothing
    if b"tell" not in content.lower():
        return False
    from tellverify.language.files.extraction import extract

    return not extract(SourceFile(read_as or path, content.decode("utf-8", "replace"))).is_empty


def read(path: str, *, embedded: bool = True) -> ReadFile:
    """Read one file. Never blocks on a pipe or device, never raises for a bad file.

    Other files than `*.tell` are read if `embedded` and their suffix is one of `EMBEDDING`.
    """
    if path.endswith(SUFFIX) or (embedded and path.endswith(EMBEDDING)):
        return read_any(path)
    return read_any(path, say.not_a_tell_file(path))


def read_any(path: str, refusal: Diagnostic | None = None) -> ReadFile:
    """Read one file whatever its suffix; a regular file is refused with `refusal`, if given."""
    try:
        content = read_bytes(path, LIMIT)
    except OverLimit as error:
        return _failed(path, refusal or say.too_large(path, error.size, LIMIT))
    except Unreadable as error:
        return _failed(path, say.unreadable(path, str(error)))
    return decode(path, content) if refusal is None else _failed(path, refusal)


def read_given(path: str, stdin_name: str = "<stdin>") -> ReadFile:
    """Read a file as a command line names it: `-` is standard input under another name."""
    if path == "-":
        return decode(stdin_name, sys.stdin.buffer.read(LIMIT + 1))
    return read(path)


def is_strange(path: str, named: Collection[str]) -> bool:
    """Whether a file that was found and is not `named` is a link out of its work tree."""
    return path not in named and leads_out(path)


def read_found(path: str, named: Collection[str], stdin_name: str = "<stdin>") -> ReadFile:
    """Read a file that was found; only one that is among the `named` may be a link out of its tree.

    Findings quote what they are about, and a fix is written through a link.
    """
    if is_strange(path, named):
        return refused_link(path)
    return read_given(path, stdin_name)


def refused_link(path: str) -> ReadFile:
    """A file that is not read, since it is a link out of the checked folder."""
    return _failed(path, say.unreadable(path, "it is a link out of the folder that is checked"))


def decode(path: str, content: bytes) -> ReadFile:
    """The text of `content`, which must be UTF-8 and not too large."""
    digest = hashlib.sha256(content).hexdigest()
    if len(content) > LIMIT:
        return ReadFile(path, digest, None, say.too_large(path, len(content), LIMIT))
    try:
        return ReadFile(path, digest, content.decode("utf-8"))
    except UnicodeDecodeError as error:
        bad = say.not_utf8(path, error.start, content[error.start])
        return ReadFile(path, digest, None, bad)


def _failed(path: str, diagnostic: Diagnostic) -> ReadFile:
    return ReadFile(path, "", None, diagnostic)
