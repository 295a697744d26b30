"""Results by content, in one SQLite file that any number of processes may use at once.

A key covers all that decides a result, and an entry counts only with a code that the key of this
user makes: an entry of anyone else is not used. A file that is corrupt, foreign, tracked by git or
cannot be written is left alone, and `notes` says so.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

import tellverify
from tellverify.diagnostics.wording import counted
from tellverify.language.files.inputs import ReadFile
from tellverify.obligations.options import Options
from tellverify.verification.cache_key import NoKey, is_sealed, seal, user_key
from tellverify.version import VERSION

_APPLICATION: Final = 0x54454C4C
_FORMAT: Final = 2
_WAIT: Final = 5.0  # seconds that a process waits for another one to write
_MOST: Final = 20_000  # results that are kept
_LARGEST: Final = 64_000_000  # bytes of one result
_AT_ONCE: Final = 500  # keys of one question
_TABLE: Final = "CREATE TABLE result (key TEXT PRIMARY KEY, text BLOB NOT NULL, seal BLOB NOT NULL)"


class Cache:
    """The results in the file at `path`; without one that can be used, it is always empty."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.notes: list[str] = []
        self._key = b""
        self._connection = self._opened()
        self._new: list[tuple[str, bytes]] = []

    def _opened(self) -> sqlite3.Connection | None:
        try:
            self._key = user_key()
        except NoKey as error:
            self._say(str(error))
            return None
        if _came_with_the_files(self.path):
            self._say("git tracks it")
            return None
        connection = None
        try:
            os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
            connection.execute("PRAGMA trusted_schema = OFF")
            # One transaction: another process may make the file between two questions about it.
            connection.execute("BEGIN")
            marks = _marks(connection)
            connection.execute("COMMIT")
            if marks == (0, 0, 0):
                connection.execute("BEGIN IMMEDIATE")
                marks = _marks(connection)
                if marks != (0, 0, 0):  # it was made in the meantime
                    connection.execute("COMMIT")
            if marks[:2] == (_APPLICATION, _FORMAT) and _has_our_table(connection):
                return connection
            if marks != (0, 0, 0):
                self._say("it was written by something else, or another version")
                connection.close()
                return None
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
            connection.execute("COMMIT")
            _write_ahead(connection)
        except (sqlite3.Error, OSError) as error:
            self._say(_reason(error))
            if connection is not None:
                connection.close()
            return None
        return connection

    def _say(self, why: str) -> None:
        self.notes.append(f"the cache {self.path} is not used: {why}")

    def lookup(self, keys: Iterable[str]) -> dict[str, bytes]:
        """The stored texts of those keys that have one that this user has stored."""
        if self._connection is None:
            return {}
        found = {}
        strange = 0
        try:
            for key, text, given in self._rows(self._connection, list(keys)):
                if (
                    isinstance(text, bytes)
                    and isinstance(given, bytes)
                    and is_sealed(self._key, key, text, given)
                ):
                    found[key] = text
                else:
                    strange += 1
        except sqlite3.Error as error:
            self._give_up(error)
            return {}
        if strange:
            some = counted(strange, "entry")
            self.notes.append(f"{some} of the cache {self.path} not used: made with another key")
        return found

    @staticmethod
    def _rows(
        connection: sqlite3.Connection, keys: Sequence[str]
    ) -> Iterator[tuple[str, object, object]]:
        """The key, text and seal of each entry, in the order of `keys`."""
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            rows = connection.execute(
                "SELECT key, text, seal FROM result"
                f" WHERE key IN ({marks}) AND length(text) <= {_LARGEST}",
                part,
            )
            found = {key: (key, text, seal) for key, text, seal in rows}
            yield from (found[key] for key in part if key in found)

    def store(self, key: str, text: bytes) -> None:
        """Keep a text; it is written when the cache is closed."""
        self._new.append((key, text))

    def close(self) -> None:
        """Write new entries. Those that cannot be written are lost, and reported."""
        connection = self._connection
        if connection is None:
            return
        try:
            if self._new:
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(
                    "INSERT OR REPLACE INTO result (key, text, seal) VALUES (?, ?, ?)",
                    [(key, text, seal(self._key, key, text)) for key, text in self._new],
                )
                connection.execute(
                    "DELETE FROM result WHERE rowid <= (SELECT max(rowid) FROM result) - ?",
                    (_MOST,),
                )
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up(error)
            return
        connection.close()
        self._connection = None

    def _give_up(self, error: sqlite3.Error) -> None:
        self._say(_reason(error))
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer go on side by side; later, if another process has it open."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise


def _marks(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Whose file it is, in which version, and how much is in it; all 0 for a new one."""
    (found,) = connection.execute("PRAGMA application_id").fetchone()
    (form,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(found), int(form), int(tables)


def _has_our_table(connection: sqlite3.Connection) -> bool:
    """Whether the file has the table of results and nothing else, such as a view or a trigger."""
    rows = connection.execute("SELECT type, sql FROM sqlite_master ORDER BY type DESC").fetchall()
    return rows == [("table", _TABLE), ("index", None)]


def _came_with_the_files(path: str) -> bool:
    """Whether git tracks the file: then it came with the files that are checked."""
    if not os.path.lexists(path):
        return False
    from tellverify.verification.repository import is_tracked

    return is_tracked(path)


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else str(error)
    return (text or type(error).__name__).lower()


class Keys:
    """The keys of the files of one check."""

    def __init__(self, files: Sequence[ReadFile], options: Options) -> None:
        decisive = msgspec.structs.replace(
            options,
            baseline=None,
            ledger=None,
            required_at=(),
            today="",
            fail_on="",
            seconds=None,
            total=None,
            until=None,
        )
        self._common = _digest(
            [
                str(_FORMAT),
                VERSION,
                "\n".join(_package()),
                "\n".join(_solvers()),
                repr(decisive),
                *(part for file in _policy(options) for part in _sum(file)),
            ]
        )
        self._all = _digest(part for file in files for part in (file.path, file.sha256))

    def key(self, file: ReadFile, *, imports: bool) -> str:
        """The key of one file; one that `imports` depends on all files of the check."""
        return _digest([self._common, file.path, file.sha256, self._all if imports else ""])


def package_digest() -> str:
    """The SHA-256 of all that decides results besides the files and options of a check.

    Python, the package and the solvers, by version or content.
    """
    return _digest([sys.version, VERSION, *_package(), *_solvers()])


def _policy(options: Options) -> Iterator[str]:
    if options.policy:
        yield from files_of_policy(options.policy)


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%s" % (len(encoded), encoded))
    return digest.hexdigest()


@functools.cache
def _package() -> tuple[str, ...]:
    """Names and sums of the files of this package: a clone changes without a version.

    Times and sizes would not do: who restores them after a change would get old results.
    """
    top = os.path.dirname(os.path.abspath(tellverify.__file__))
    found: list[str] = []
    todo = [top]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.is_dir():
                    if entry.name != "__pycache__" and entry.name != "explain":
                        todo.append(entry.path)
                else:
                    found.extend((os.path.relpath(entry.path, top), *_sum(entry.path)))
    return tuple(found)


def _solvers() -> Iterator[str]:
    """Names and versions of the solvers, as their packages have them; nothing is imported."""
    for folder in sys.path:
        try:
            names = sorted(os.listdir(folder or "."))
        except OSError:
            continue
        for name in names:
            if name.startswith(("z3_solver-", "cvc5-", "tree_sitter")) and name.endswith(
                ".dist-info"
            ):
                yield name


def files_of_policy(path: str) -> Iterator[str]:
    """The paths of the files that a policy is read from, and of schemas it names.

    A policy of the package is among the files of the package.
    """
    todo = [path] if os.path.isfile(path) else []
    for where, folders, names in os.walk(path):
        folders.sort()
        todo.extend(os.path.join(where, name) for name in sorted(names))
    seen = set(todo)
    for file in todo:  # grows by imports
        yield file
        yield from _schemas(file)
        for name in _imports(file):
            if name not in seen:
                seen.add(name)
                todo.append(name)


def _imports(path: str) -> list[str]:
    """The files that a file of a policy imports, found without reading TOML."""
    try:
        with open(path, encoding="utf-8") as file:
            lists = re.findall(r"\bimport\s*=\s*\[([^\]]*)\]", file.read())
    except (OSError, UnicodeDecodeError):
        return []
    names = [name for one in lists for name in re.findall(r"""["']([^"'\n]+)["']""", one)]
    return [os.path.join(os.path.dirname(path), name) for name in names]


def _schemas(path: str) -> Iterator[str]:
    """The fact schemas that a file of a policy names, found without reading TOML."""
    try:
        with open(path, encoding="utf-8") as file:
            named = re.findall(r"""\bschema\s*=\s*["']([^"'\n]+)""", file.read())
    except (OSError, UnicodeDecodeError):
        return
    for name in named:
        yield os.path.join(os.path.dirname(path), name)


def _sum(path: str) -> Iterator[str]:
    yield path
    try:
        with open(path, "rb") as file:
            yield hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        yield _reason(error)
