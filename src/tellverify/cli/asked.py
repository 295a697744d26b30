"""The files that a check is asked about, and which of their comments count."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from tellverify.cli.check_options import Flags
from tellverify.cli.nearest import nearest
from tellverify.diagnostics.wording import counted, listed
from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.report.escape import tame
from tellverify.verification.settings import Settings


def paths_of(flags: Flags, settings: Settings) -> tuple[Sequence[str], list[str]]:
    """The paths that are named, or what the configuration includes."""
    patterns = settings.include
    if flags.strict and patterns and not _is_reviewed_include(settings, flags.base):
        return flags.paths or (".",), ["--strict: `include` is not that of the base revision"]
    everything = not flags.paths or flags.paths == (".",)
    if not patterns or not everything:
        return flags.paths or (".",), []
    from tellverify.verification.include import included

    found, empty = included(patterns)
    notes = [f"no file matches `{pattern}` of `include`" for pattern in empty]
    left = sorted(set(inputs.find(["."])) - set(found))
    if left:
        names = listed([tame(path) for path in left], 5)
        some = counted(len(left), "file")
        notes.append(f"`include` leaves out {some} that may hold protocols: {names}")
    return found, notes


def files_of(paths: Sequence[str], flags: Flags, settings: Settings) -> tuple[list[str], list[str]]:
    """The files that paths name, and what to tell about others that may hold protocols.

    A file that git tracks is checked although `.gitignore` names it, as git itself keeps it. What
    the configuration excludes is left out and counted; under `--strict` it is checked.
    """
    left = inputs.LeftOut([], [], [], [])
    found = list(inputs.find(paths, left))
    notes = [_missing(path) for path in paths if path != "-" and not os.path.lexists(path)]
    if left.ignored or left.hidden:
        tracked, more = _tracked(left, found)
        found += tracked
        notes += more
    if left.alike:
        notes.append(
            f"{_named(left.alike)} with protocols under a suffix that is not read: left out"
        )
    if left.links:
        some = listed([tame(path) for path in left.links], 5)
        to = "folders, or to files that are checked," if _leads_to_file(left.links) else "folders"
        notes.append(f"{counted(len(left.links), 'link')} to {to} not followed: {some}")
    if settings.exclude and flags.strict:
        notes.append("--strict: `exclude` of the configuration does not count")
    elif settings.exclude:
        from tellverify.verification.include import without_excluded

        kept = list(without_excluded(found, flags.paths, settings.exclude, settings.folder))
        if len(kept) < len(found):
            excluded = sorted(set(found) - set(kept))
            notes.append(f"`exclude` leaves out {_named(excluded)}")
        found = kept
    return found, notes


def _tracked(left: inputs.LeftOut, found: Sequence[str]) -> tuple[list[str], list[str]]:
    """The ignored files that git tracks, and what to tell about these and hidden ones."""
    from tellverify.verification.git import NoRepository
    from tellverify.verification.repository import tracked_in

    try:
        tracked = [path for path in tracked_in(left.ignored) if path not in found]
        hidden = tracked_in(left.hidden)
    except NoRepository as error:
        unseen = sorted(path for path in left.ignored if os.path.basename(path) != ".git")
        some = f"{counted(len(unseen), 'entry')} ({listed(list(map(tame, unseen)), 5)})"
        return [], [f"`.gitignore` leaves out {some}: {tame(str(error))}"] if unseen else []
    notes = []
    if tracked:
        notes.append(f"`.gitignore` names {_named(tracked)} that git tracks: checked")
    if hidden:
        notes.append(f"{_named(hidden)} with protocols in entries that begin with a dot: left out")
    return tracked, notes


def read_asked(paths: Sequence[str], flags: Flags) -> list[inputs.ReadFile]:
    """The texts of files; one that was found, not named, is no link to what lies elsewhere."""
    return [inputs.read_found(path, flags.paths, flags.stdin_name) for path in paths]


def unchecked_texts(flags: Flags, settings: Settings, checked: Sequence[str]) -> list[str]:
    """The texts that a check without paths reads in the folder of the configuration, and this one
    does not.
    """
    if not settings.path:
        return []
    whole = msgspec.structs.replace(flags, paths=())
    paths, _ = paths_of(whole, settings)
    named, _ = files_of(paths, whole, settings)
    read = {os.path.normpath(path) for path in checked}
    others = [path for path in named if os.path.normpath(path) not in read]
    return [one.text for one in read_asked(others, whole) if one.text is not None]


def _missing(path: str) -> str:
    """That nothing is called `path`, with what its folder has that may be meant."""
    folder, name = os.path.split(path)
    try:
        beside = sorted(os.listdir(folder or "."))
    except OSError:
        beside = []
    meant = nearest(name, beside)
    hint = f"; did you mean `{tame(os.path.join(folder, meant))}`?" if meant else ""
    return f"there is no `{tame(path)}`{hint}"


def _leads_to_file(links: Sequence[str]) -> bool:
    return any(not os.path.isdir(path) for path in links)


def _named(paths: Sequence[str]) -> str:
    return f"{counted(len(paths), 'file')} ({listed([tame(path) for path in paths], 5)})"


def _is_reviewed_include(settings: Settings, base: str | None) -> bool:
    """Whether the base revision of the configuration includes the same files."""
    from tellverify.verification.base_revision import reviewed_include
    from tellverify.verification.git import NoRepository

    try:
        before = None if base is None else reviewed_include(base, settings.path)
    except NoRepository:
        before = None
    return before == settings.include


def reviewed(
    options: Options, files: Sequence[inputs.ReadFile], base: str | None
) -> tuple[Options, list[str]]:
    """The options with the comments and the baseline that the base revision has too."""
    from tellverify.verification.base_revision import reviewed_baseline, reviewed_comments
    from tellverify.verification.git import NoRepository

    known = options.baseline
    nothing = None if known is None else msgspec.structs.replace(known, known=())
    strict = msgspec.structs.replace(options, reviewed=(), baseline=nothing)
    if base is None:
        return strict, []
    try:
        comments = reviewed_comments(base, files)
        if known is not None:
            known = reviewed_baseline(base, known.path, known)
    except NoRepository as error:
        return strict, [f"no comment and no baseline counts: {error}"]
    return msgspec.structs.replace(options, reviewed=comments, baseline=known), []
