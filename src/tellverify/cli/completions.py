"""`tellverify completions`: what a shell needs to complete commands, options and file names."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from tellverify.cli.exit import Exit

VARIABLE: Final = "_TELLVERIFY_COMPLETE"
_SHELLS: Final = ("bash", "zsh", "fish")
_NO_FILES: Final = frozenset({"word", "stage"})


@click.command("completions")
@click.argument("shell", type=click.Choice(_SHELLS))
def completions(shell: str) -> int:
    """Print the completion script of a shell.

    For bash: put `eval "$(tellverify completions bash)"` into ~/.bashrc. For zsh the same with
    `zsh` into ~/.zshrc. For fish: `tellverify completions fish >
    ~/.config/fish/completions/tellverify.fish`.
    """  # fmt: skip
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click has no completion for `{shell}`")
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, "tellverify", VARIABLE).source())
    return Exit.OK


def complete_files(command: click.Command) -> None:
    """Let arguments, and options that take a file or folder, complete to file names.

    Only for a process that completes: there nothing is converted, so no path is looked at.
    """
    for parameter in command.params:
        if parameter.type is not click.STRING:
            continue
        is_argument = isinstance(parameter, click.Argument) and parameter.name not in _NO_FILES
        metavar = parameter.metavar or ""
        if is_argument or metavar in ("FILE", "DIR", "PATH"):
            parameter.type = click.Path()
    if isinstance(command, click.Group):
        for one in command.commands.values():
            complete_files(one)
