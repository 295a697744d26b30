"""The numbers that stand for roles, labels and sites in programs and graphs."""

from __future__ import annotations

from collections.abc import Mapping

from tellverify.language.lowering.families import RoleTable
from tellverify.language.lowering.sites import site_of
from tellverify.language.syntax import ast
from tellverify.model.site import Site
from tellverify.source.text import SourceFile


class StateNumbering:
    """Roles, labels and sites by number; shared by all programs of one protocol.

    `imported` says which protocols that can be called stand in other files.
    """

    def __init__(
        self,
        source: SourceFile,
        roles: RoleTable,
        imported: Mapping[str, SourceFile] | None = None,
    ) -> None:
        self.home = self.source = source  # `source` is where the statement at hand stands
        self.imported = imported or {}
        self.roles = roles
        self.labels: dict[str, int] = {}
        self.sites: list[Site] = []
        self._site_of: dict[tuple[int, str], int] = {}

    def label(self, text: str) -> int:
        """The number of a label."""
        return self.labels.setdefault(text, len(self.labels))

    def site(self, statement: ast.Send | ast.Broadcast, branch: str) -> int:
        """The site of a statement in a branch; copies of a statement share it."""
        key = (id(statement), branch)
        number = self._site_of.get(key)
        if number is None:
            number = self._site_of[key] = len(self.sites)
            self.sites.append(site_of(self.source, statement.message, statement.record, branch))
        return number

    def head_site(self, loop: ast.Loop, branch: str) -> int:
        """The site of an event that stands nowhere in the text but comes from a loop's head."""
        key = (id(loop), branch)
        number = self._site_of.get(key)
        if number is None:
            number = self._site_of[key] = len(self.sites)
            line, column = self.source.position(loop.head.start)
            self.sites.append(Site(self.source.path, loop.head, line, column, "", branch))
        return number

    def timer_site(self, timeout: ast.Timeout, branch: str) -> int:
        """The site of the head of a timeout; copies of the statement share it."""
        key = (id(timeout), branch)
        number = self._site_of.get(key)
        if number is None:
            number = self._site_of[key] = len(self.sites)
            line, column = self.source.position(timeout.head.start)
            self.sites.append(Site(self.source.path, timeout.head, line, column, "", branch))
        return number
