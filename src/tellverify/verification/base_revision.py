"""What a revision that has been reviewed already says of the files that are checked."""

from __future__ import annotations

import os
from collections.abc import Iterable

from tellverify.language.files import inputs
from tellverify.language.syntax.directives import directives
from tellverify.language.workspace import Workspace
from tellverify.source.toml import TomlDocument, decode, read_toml
from tellverify.verdict.run import Baseline
from tellverify.verification.baseline import baseline_in
from tellverify.verification.configuration_file import ConfigurationFile
from tellverify.verification.configuration_files import SECTION, SHARED
from tellverify.verification.repository import text_at
from tellverify.verification.suppressions import comment_key

_MARK = "tell:"
_KINDS = ("allow", "assume", "expect")


def reviewed_comments(revision: str, files: Iterable[inputs.ReadFile]) -> tuple[str, ...]:
    """The keys of `allow`, `assume` and `expect` comments of `files` at `revision`, sorted.

    Raises NoRepository where git does not know the revision.
    """
    found: set[str] = set()
    for file in files:
        if file.text is None or _MARK not in file.text:
            continue
        content = text_at(revision, file.path)
        if content is None:
            continue
        before = inputs.decode(file.path, content)
        for judged in Workspace([before]).opened_at(0)[1]:
            found.update(
                comment_key(one, judged.source)
                for one in directives(judged.file, judged.source).found
                if one.kind in _KINDS
            )
    return tuple(sorted(found))


def reviewed_baseline(revision: str, path: str, now: Baseline) -> Baseline:
    """`now` without the known findings that the baseline at `path` does not have at `revision`.

    Raises NoRepository where git does not know the revision, Refused where the file is no baseline.
    """
    content = text_at(revision, path)
    before = () if content is None else baseline_in(path, content.decode("utf-8", "replace")).known
    return Baseline(now.path, tuple(one for one in now.known if one in before), now.previous)


def reviewed_include(revision: str, path: str) -> tuple[str, ...] | None:
    """The `include` patterns of the configuration at `path` at `revision`, None without a file.

    Raises NoRepository where git does not know the revision.
    """
    content = text_at(revision, path)
    if content is None:
        return None
    document = read_toml(path, content.decode("utf-8", "replace"))
    at = SECTION if os.path.basename(path) == SHARED else ()
    found = decode(document, ConfigurationFile, at) if isinstance(document, TomlDocument) else None
    return tuple(found.include) if isinstance(found, ConfigurationFile) else None
