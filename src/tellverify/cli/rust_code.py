"""Rust code that a policy refers to: tables of admission, and tests about admission."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from tellverify.cli.complaints import Stopped, complain
from tellverify.cli.exit import Exit
from tellverify.cli.policies import policy_sources, print_findings
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.rust_code import needs_library
from tellverify.policy.model import Policy
from tellverify.source.files import Unreadable
from tellverify.source.text import SourceFile, read_text

if TYPE_CHECKING:
    from tellverify.admission.rust_tests import AdmissionTest

LARGEST = 8_000_000
_Command = TypeVar("_Command", bound=Callable[..., int])


def root_option(command: _Command) -> _Command:
    """`--root DIR`."""
    return click.option(
        "--root",
        default=".",
        type=click.Path(exists=True, file_okay=False),
        metavar="DIR",
        help="The folder that the paths of the policy are relative to; the working folder.",
    )(command)


def needs_extra(error: ModuleNotFoundError, what: str) -> Stopped:
    """How a command ends that cannot read Rust; raises `error` if something else is missing."""
    if not needs_library(error):
        raise error
    complain(f"{what} need the extra `tellverify[rust]`")
    return Stopped(Exit.USAGE)


class TablesRead(msgspec.Struct, frozen=True):
    """The findings about tables of admission, with the texts that they point into."""

    diagnostics: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, SourceFile] = {}


def tables_of(policy: Policy, root: str) -> TablesRead:
    """How the tables of admission that a policy names differ from it.

    Raises Stopped where Rust cannot be read.
    """
    if not policy.admission_tables:
        return TablesRead()
    try:
        from tellverify.admission.rust_tables import compared_tables
    except ModuleNotFoundError as error:
        raise needs_extra(error, "tables of admission in Rust") from None
    found, sources = compared_tables(
        policy, lambda path: read_text(os.path.join(root, path), LARGEST)
    )
    return TablesRead(found, sources)


def tables_agree(policy: Policy, root: str) -> bool:
    """Whether the tables of admission say what the policy says; tells what differs."""
    found = tables_of(policy, root)
    print_findings(found.diagnostics, {**policy_sources(policy), **found.sources}, err=True)
    return not found.diagnostics


def tests_of(policy: Policy, root: str) -> Mapping[str, tuple[AdmissionTest, ...]] | str:
    """The tests about admission below a folder, by protocol, or why none were looked for."""
    if not policy.admission_tests.about:
        return "the policy does not say how to find them"
    files = list(_texts(policy.admission_tests.files, root))
    if not files:
        return {}
    try:
        from tellverify.admission.rust_tests import tests_of_admission
    except ModuleNotFoundError as error:
        if not needs_library(error):
            raise
        return "that needs the extra `tellverify[rust]`"
    return tests_of_admission(policy, files)


def _texts(patterns: tuple[str, ...], root: str) -> Iterator[tuple[str, str]]:
    """The Rust sources that patterns name, with paths relative to the root."""
    from tellverify.verification.include import included

    top = "" if root == "." else f"{root.rstrip('/')}/"
    wanted = [f"{top}{pattern}" for pattern in patterns]
    for path in included(wanted, counts=lambda path: path.endswith(".rs"))[0]:
        try:
            yield os.path.relpath(path, root).replace(os.sep, "/"), read_text(path, LARGEST)
        except Unreadable as error:
            complain(f"cannot read {path}: {error}")
