"""A command whose help shows its options under headings."""

from __future__ import annotations

from typing import Final

import click

SECTIONS_OF_CHECK: Final[dict[str, str]] = {
    "protocols": "Selection",
    "instances": "Bounds",
    "rlimit": "Time, memory and processes",
    "require": "Pass or fail",
    "allow": "Findings",
    "policy": "Admission and budgets",
    "style": "Output",
    "config": "Configuration and input",
    "watch": "Watching and cache",
    "fix": "Fixes",
    "may_write": "Server",
}
"""The first option of each section by its parameter, with the heading."""


class SectionedCommand(click.Command):
    """`check`: its options stand in sections, in the order in which they are declared."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under the headings of their sections."""
        sections: dict[str, list[tuple[str, str]]] = {}
        title = "Options"
        for parameter in self.get_params(ctx):
            title = SECTIONS_OF_CHECK.get(parameter.name or "", title)
            if parameter.name == "help":
                title = "Help"
            row = parameter.get_help_record(ctx)
            if row is not None and isinstance(parameter, click.Option):
                sections.setdefault(title, []).append(row)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
