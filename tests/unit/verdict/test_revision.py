"""The revision of a run: what CI says, and addresses of lines."""

from __future__ import annotations

import pytest

from tellverify.verdict.revision import Revision, is_address, revision_of

GITHUB = {
    "GITHUB_SHA": "abc",
    "GITHUB_SERVER_URL": "https://git.example",
    "GITHUB_REPOSITORY": "org/repo",
    "GITHUB_REF_NAME": "main",
}
GITLAB = {
    "CI_COMMIT_SHA": "def",
    "CI_PROJECT_URL": "https://lab.example/org/repo",
    "CI_COMMIT_REF_NAME": "topic",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
}


def test_ci_names_the_revision() -> None:
    assert revision_of({}) is None
    github = revision_of(GITHUB)
    assert github is not None
    assert (github.commit, github.branch, github.base) == ("abc", "main", "")
    assert github.link("a b/x.tell", 3) == "https://git.example/org/repo/blob/abc/a%20b/x.tell#L3"
    request = revision_of({**GITHUB, "GITHUB_HEAD_REF": "topic", "GITHUB_BASE_REF": "main"})
    assert request is not None and (request.branch, request.base) == ("topic", "main")
    gitlab = revision_of(GITLAB)
    assert gitlab is not None and gitlab.base == "main"
    assert gitlab.link("./x.tell", 1) == "https://lab.example/org/repo/-/blob/def/x.tell#L1"


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.tell", "a/../../x.tell"])
def test_a_path_outside_of_the_repository_has_no_address(path: str) -> None:
    assert Revision(sources="https://x.example/{path}#L{line}").link(path, 1) == ""


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "https://", 'https://x"onclick="', "file:///x", "https://a b"]
)
def test_only_addresses_over_http_are_links(text: str) -> None:
    assert not is_address(text)
    hostile = revision_of({**GITHUB, "GITHUB_SERVER_URL": text})
    assert hostile is None or hostile.link("x.tell", 1) == ""
