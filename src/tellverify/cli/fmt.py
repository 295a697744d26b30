"""`tellverify fmt`: canonical layout for files and standard input."""

from __future__ import annotations

import sys

import click

from tellverify.cli.complaints import complain, say
from tellverify.cli.exit import Exit
from tellverify.cli.selection import given_or_included, selected
from tellverify.language.files import inputs
from tellverify.language.files.passages import canonical_file
from tellverify.report.escape import tame
from tellverify.source.text import SourceFile
from tellverify.source.writing import replace_text


@click.command("fmt")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 for a change.")
@click.option("--diff", "show_diff", is_flag=True, help="Show the changes instead of writing them.")
@click.option("--upgrade", is_flag=True, help="Rewrite brace syntax and old spellings, too.")
@click.option("--stdin-name", default="<stdin>", metavar="NAME", help="Path shown for `-`.")
@click.option("-q", "--quiet", is_flag=True, help="Do not list files that are in order.")
def fmt(
    paths: tuple[str, ...],
    only_check: bool,
    show_diff: bool,
    upgrade: bool,
    stdin_name: str,
    quiet: bool,
) -> int:
    """Rewrite protocols in canonical layout.

    PATH is a `.tell` file, a Rust source or Markdown page with protocols, a folder, or `-` for
    standard input, whose text goes to standard output; without one the files that the configuration
    includes are read, or the working folder. Comments and the text around protocols stay, and the
    meaning of a file never changes. A file with errors is left alone. Exit codes: 0 all files are
    canonical now, 1 a file has errors or, with --check, would change, 2 wrong usage, 4 there are no
    files.
    """  # fmt: skip
    run = _Run(only_check, show_diff, upgrade, quiet)
    for path in selected(given_or_included(paths)):
        run.format(inputs.read_found(path, paths, stdin_name), None if path == "-" else path)
    run.summarise()
    return run.code


class _Run:
    """What happened to the files so far."""

    def __init__(self, only_check: bool, show_diff: bool, upgrade: bool, quiet: bool) -> None:
        self.writes = not (only_check or show_diff)
        self.only_check = only_check
        self.show_diff = show_diff
        self.upgrade = upgrade
        self.quiet = quiet
        self.counts = {"changed": 0, "unchanged": 0, "left": 0}
        self.worst = Exit.OK

    @property
    def code(self) -> int:
        """The exit code."""
        if self.worst is not Exit.OK:
            return self.worst
        if not any(self.counts.values()):
            return Exit.NOTHING_SELECTED
        return Exit.REFUTED if self.only_check and self.counts["changed"] else Exit.OK

    def format(self, file: inputs.ReadFile, path: str | None) -> None:
        """Formats one file, or standard input if there is no `path`."""
        source = file.source()
        if file.diagnostic is not None:
            say([file.diagnostic], {})
            self._leave(Exit.REFUTED)
            return
        found = canonical_file(source, upgrade=self.upgrade)
        if not found.is_faithful:
            complain(f"a defect of tellverify: {tame(file.path)} cannot be formatted safely")
            self._leave(Exit.DEFECT)
        say(found.diagnostics, {source.path: source})
        if found.text is None:
            if found.is_faithful:
                self._leave(Exit.REFUTED)
            if path is None and self.writes:
                _print(source.text)
            return
        self._settle(source, found.text, path)

    def _leave(self, code: Exit) -> None:
        self.counts["left"] += 1
        self.worst = max(self.worst, code)

    def _settle(self, source: SourceFile, text: str, path: str | None) -> None:
        """Writes or shows a text."""
        is_changed = text != source.text
        self.counts["changed" if is_changed else "unchanged"] += 1
        if self.show_diff and is_changed:
            _print(_difference(source, text))
        if path is None and self.writes:
            _print(text)
        elif is_changed and path is not None and self.writes:
            try:
                replace_text(path, text)
            except OSError as error:
                complain(f"cannot write {tame(path)}: {error.strerror}")
                self.worst = max(self.worst, Exit.USAGE)
        if is_changed and not self.quiet and (path is not None or not self.writes):
            click.echo(
                f"{'formatted' if self.writes else 'would format'}: {tame(source.path)}",
                err=True,
            )

    def summarise(self) -> None:
        """A line on what happened."""
        if self.quiet:
            return
        verb = "formatted" if self.writes else "to be formatted"
        words = {"changed": verb, "unchanged": "canonical", "left": "left alone"}
        parts = [
            f"{count} {'file' if count == 1 else 'files'} {words[key]}"
            for key, count in self.counts.items()
            if count
        ]
        click.echo(", ".join(parts) or "no files with protocols", err=True)


def _print(text: str) -> None:
    """Text on standard output as UTF-8, with its line breaks as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


def _difference(source: SourceFile, text: str) -> str:
    import difflib

    lines = difflib.unified_diff(
        source.text.splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"{source.path} (as it is)",
        f"{source.path} (canonical)",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
