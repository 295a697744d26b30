"""Sources with facts as they were at a revision of git."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from tellverify.annotations.fact_schemas import SchemaRead
from tellverify.annotations.schema_files import RUST, schemas_in_text
from tellverify.cli.complaints import Stopped, complain
from tellverify.cli.exit import Exit
from tellverify.cli.rust_code import needs_extra
from tellverify.report.escape import tame
from tellverify.verification.git import NoRepository, ask, differences


def schemas_at(path: str, revision: str) -> Sequence[SchemaRead]:
    """The schemas that a file had at a revision, shown under `label_at`.

    Raises Stopped with what git says, and where Rust cannot be read for lack of the extra.
    """
    name = f"{revision}:./{os.path.relpath(path).replace(os.sep, '/')}"
    text = _git(revision, "cat-file", "blob", name).decode("utf-8", "replace")
    try:
        return schemas_in_text(text, label_at(path, revision), path)
    except ModuleNotFoundError as error:
        raise needs_extra(error, "facts in Rust sources") from None


def label_at(path: str, revision: str) -> str:
    """How a file at a revision is shown."""
    return f"{revision}:{path}"


def changed_since(revision: str) -> Iterator[str]:
    """The Rust sources below the working folder that were otherwise at a revision, in order.

    Those that the revision does not have are left out. Raises Stopped with what git says.
    """
    _git(revision, "cat-file", "-e", f"{revision}^{{commit}}")
    try:
        words = differences(".", "--name-status", "--no-renames", "--relative", revision, "--")
    except NoRepository as error:
        raise _stopped(error) from None
    for status, path in zip(words[::2], words[1::2], strict=True):
        if path.endswith(RUST) and status != "A":
            yield path


def _git(revision: str, *arguments: str) -> bytes:
    try:
        if revision.startswith("-"):
            raise NoRepository(f"`{revision}` is not a git revision")
        return ask(".", *arguments)
    except NoRepository as error:
        raise _stopped(error) from None


def _stopped(error: NoRepository) -> Stopped:
    complain(f"--against: {tame(str(error))}")
    return Stopped(Exit.USAGE)
