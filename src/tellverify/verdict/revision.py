"""Which revision of which repository a run is about, and where its lines can be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec

_ADDRESS: Final = re.compile(
    r"https?://[A-Za-z0-9.:_\[\]-]+(?:/[A-Za-z0-9._~%!$&'()*+,;=:@/#{}-]*)?"
)


class Revision(msgspec.Struct, frozen=True):
    """The revision that was checked, as a service of CI or the command line names it.

    `base` is what it is compared with. `sources` is the address of a line of a file, with `{path}`
    and `{line}` in it, empty if there is none.
    """

    commit: str = ""
    branch: str = ""
    base: str = ""
    repository: str = ""
    sources: str = ""

    def link(self, path: str, line: int) -> str:
        """The address of a line, empty where `path` leaves the repository or none is known."""
        slashed = path.replace("\\", "/").removeprefix("./")
        if not self.sources or slashed.startswith("/") or ".." in slashed.split("/"):
            return ""
        named = quote(slashed.encode("utf-8", "backslashreplace"), safe="/")
        return self.sources.replace("{path}", named).replace("{line}", str(line))


def is_address(text: str) -> bool:
    """Whether `text` is an address over http that a page may link to."""
    return _ADDRESS.fullmatch(text) is not None


def revision_of(environment: Mapping[str, str]) -> Revision | None:
    """What the variables of GitHub Actions or GitLab CI say; None outside of them."""
    commit = environment.get("GITHUB_SHA", "")
    server, name = (
        environment.get("GITHUB_SERVER_URL", ""),
        environment.get("GITHUB_REPOSITORY", ""),
    )
    if commit and name:
        repository = _address(f"{server.rstrip('/')}/{name}")
        return Revision(
            commit,
            environment.get("GITHUB_HEAD_REF") or environment.get("GITHUB_REF_NAME", ""),
            environment.get("GITHUB_BASE_REF", ""),
            repository,
            f"{repository}/blob/{commit}/{{path}}#L{{line}}" if repository else "",
        )
    commit = environment.get("CI_COMMIT_SHA", "")
    if commit:
        repository = _address(environment.get("CI_PROJECT_URL", ""))
        return Revision(
            commit,
            environment.get("CI_COMMIT_REF_NAME", ""),
            environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""),
            repository,
            f"{repository}/-/blob/{commit}/{{path}}#L{{line}}" if repository else "",
        )
    return None


def _address(text: str) -> str:
    return text if is_address(text) else ""
