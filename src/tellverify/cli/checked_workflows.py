"""The workflows of a check: those that the configuration names, and those in comments."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tellverify.cli.check_options import Flags
from tellverify.language.files.inputs import ReadFile
from tellverify.obligations.options import Options
from tellverify.verification.checked import FileResult
from tellverify.verification.settings import Settings

_COMMENT: Final = re.compile(r"tell:[ \t]*workflow\b")


class CheckedWorkflows(msgspec.Struct, frozen=True):
    """The paths whose workflows are decided, and the checked files with other ones in comments.

    `confined` is the folder below which lies what they name, or empty.
    """

    wanted: tuple[str, ...]
    commented: tuple[ReadFile, ...]
    confined: str

    def results(self, options: Options, cache: str) -> Callable[[], Sequence[FileResult]] | None:
        """The function that decides the wanted workflows and finds faults of the others; None where
        there are none. `cache` is the file of the cache, or empty.
        """
        if not self.wanted and not self.commented:
            return None

        def found() -> Sequence[FileResult]:
            from tellverify.workflows.comment_faults import comment_faults
            from tellverify.workflows.workflow_check import configured_results

            faults = comment_faults(self.commented, options, self.confined)
            if not self.wanted:
                return faults
            return [*configured_results(self.wanted, options, cache, self.confined), *faults]

        return found

    def notes(self, options: Options) -> list[str]:
        """Which workflows are not decided, by file, and what decides them."""
        if not self.commented:
            return []
        from tellverify.workflows.comment_faults import workflow_names

        return [
            f"{path}: `tellverify workflow check` decides {_listed(names)}, this check does not"
            for path, names in workflow_names(self.commented, options)
        ]


def checked_workflows(
    settings: Settings, flags: Flags, files: Sequence[ReadFile]
) -> CheckedWorkflows:
    """The workflows of the configuration below the paths that are asked for, and those in comments
    of `files`, which are checked.
    """
    confined = settings.folder if "workflows" in settings.confined else ""
    if flags.machines:
        return CheckedWorkflows((), (), confined)
    asked = [os.path.normpath(path) for path in flags.paths]
    decided = [
        path
        for path in settings.workflows
        if not asked or any(_contains(one, os.path.normpath(path)) for one in asked)
    ]
    commented = [
        file
        for file in files
        if file.text is not None
        and _COMMENT.search(file.text)
        and not any(
            _contains(os.path.normpath(path), os.path.normpath(file.path)) for path in decided
        )
    ]
    return CheckedWorkflows(tuple(decided), tuple(commented), confined)


def _contains(folder: str, path: str) -> bool:
    return folder in (path, ".") or path.startswith(os.path.join(folder, ""))


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names)
    return f"the workflow {listed}" if len(names) == 1 else f"the workflows {listed}"
