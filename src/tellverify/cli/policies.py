"""The policy that a command works with, and the protocols that it looks at under it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, TypeVar

import click

from tellverify.admission.convergence import Sourced
from tellverify.admission.manifest import Derived, derive
from tellverify.cli.complaints import Stopped, complain, say
from tellverify.cli.console import style_of
from tellverify.cli.exit import Exit
from tellverify.cli.selection import selected
from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.diagnostics.structure import UNDECLARED_BUNDLE
from tellverify.language.files import inputs
from tellverify.language.files.neighbours import neighbours
from tellverify.language.workspace import Workspace, named_protocols
from tellverify.obligations.policies import policy_at
from tellverify.policy.check import check_policy
from tellverify.policy.model import Policy
from tellverify.policy.read import read_policy
from tellverify.report.escape import tame
from tellverify.report.style import Style
from tellverify.report.text_findings import diagnostic_lines
from tellverify.source.builtin_policies import is_builtin, name_of_policy
from tellverify.source.text import SourceFile

PLACES: Final = ("specs/policy", "policy")
_Command = TypeVar("_Command", bound=Callable[..., int])


def policy_option(command: _Command) -> _Command:
    """`--policy PATH`."""
    return click.option(
        "--policy",
        "policy_path",
        metavar="PATH",
        envvar="TELLVERIFY_POLICY",
        help=(
            "Policy file or folder, or `aura` for the one that comes with tellverify; without this,"
            " that of the configuration, or specs/policy."
        ),
    )(command)


def policy_path_of(given: str | None) -> str | None:
    """The policy that is meant: as given, as configured, or in its usual place."""
    if given:
        return name_of_policy(given)
    from tellverify.verification.configuration_files import RefusedFile, find

    try:
        found = find(".")
    except RefusedFile as refused:
        print_findings(refused.diagnostics, {refused.source.path: refused.source}, err=True)
        raise Stopped(Exit.USAGE) from None
    if found is not None:
        configured = _configured(found.path, found.text, found.at)
        if configured is not None:
            return configured
    return next((place for place in PLACES if os.path.isdir(place)), None)


def _configured(path: str, text: str, at: tuple[str, ...]) -> str | None:
    """The path of a policy in a configuration, relative to the folder of that."""
    from tellverify.source.toml import TomlFault, read_toml
    from tellverify.verification.configuration_files import shown
    from tellverify.verification.output_paths import escape
    from tellverify.verification.policy_paths import policy_refusal

    document = read_toml(path, text)
    if isinstance(document, TomlFault):
        return None  # `check` reports its faults
    value: object = document.table
    for step in (*at, "policy"):
        value = value.get(step) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        return None
    folder = os.path.dirname(os.path.abspath(path))
    named = name_of_policy(value, folder)
    if is_builtin(named):
        return named
    why = escape(value, folder)
    if why:
        complain(f"{shown(path)}: {why}")
        raise Stopped(Exit.USAGE)
    place = os.path.relpath(os.path.join(folder, named))
    why = policy_refusal(place, folder)
    if why:
        complain(f"{shown(path)}: {why}")
        raise Stopped(Exit.USAGE)
    return place


def load_policy(given: str | None, also: Iterable[str] = ()) -> Policy:
    """The policy; Stopped after its faults have been reported."""
    path = policy_path_of(given)
    if path is None:
        complain(f"there is no policy; name one by --policy, or put it into {PLACES[0]}")
        raise Stopped(Exit.USAGE)
    read = read_policy(path, tuple(also))
    if read.policy is None or not _fits_together(read.policy):
        print_findings(read.diagnostics, read.sources, err=True)
        raise Stopped(Exit.USAGE)
    return read.policy


def _fits_together(policy: Policy) -> bool:
    """Whether a policy has no errors in itself; says them if not. Nothing is decided by one that
    contradicts itself."""
    errors = [each for each in check_policy(policy) if each.severity is Severity.ERROR]
    print_findings(errors, policy_sources(policy), err=True)
    return not errors


def is_usable(path: str | None, runtime: str) -> bool:
    """Whether there is a policy at a path, with such a runtime; reports the fault if not."""
    if path is None:
        complain("a runtime is a profile of a policy; name the policy by --policy")
        return False
    read = policy_at(path)
    if read.policy is None:
        print_findings(read.diagnostics, read.sources, err=True)
        return False
    wanted = runtime or read.policy.admission.runtime
    if wanted not in read.policy.runtimes:
        complain_of_runtime(read.policy, wanted)
        return False
    return True


def complain_of_runtime(policy: Policy, wanted: str) -> None:
    """Say that a policy does not have the runtime that is wanted, or names none."""
    if wanted:
        has = ", ".join(policy.runtimes) or "none"
        complain(f"there is no runtime `{tame(wanted)}`; the policy has {tame(has)}")
    else:
        known = f"one of {', '.join(policy.runtimes)}" if policy.runtimes else "one that you add"
        complain(f"the policy names no runtime: set `runtime` in `[admission]` to {tame(known)}")


def policy_sources(policy: Policy) -> dict[str, SourceFile]:
    """The texts of a policy by path, for findings that point into it."""
    return {document.source.path: document.source for document in policy.documents}


def protocols_under(
    policy: Policy | None, paths: Iterable[str], named: Collection[str]
) -> tuple[list[Sourced], bool, Workspace]:
    """The protocols of files and folders with their manifests; False if some have errors.

    Those that are not `named` are no links to what lies elsewhere. A required pack without a
    declaration is no error here: admission says more about it.
    """
    asked = [inputs.read_found(path, named) for path in selected(tuple(paths))]
    workspace = Workspace(asked, also=neighbours(asked))
    sources = workspace.sources()
    found: list[Sourced] = []
    is_fine = True
    for unit, choreographies in workspace.opened():
        taken: set[str] = set()
        said = list(unit.diagnostics)
        for judged in choreographies:
            errors = [one for one in judged.said if _counts(one)]
            if judged.linked.blocked:
                errors = [one for one in judged.said if one.severity is not Severity.NOTE]
            if errors:
                said += errors
                is_fine = False
                continue
            if judged.is_part:
                continue
            for each in named_protocols(judged, taken):
                derived = derive(judged, each.protocol, policy)
                found.append(Sourced(each, derived))
        say(said, sources)
        is_fine = is_fine and all(one.severity is not Severity.ERROR for one in said)
    return found, is_fine, workspace


def _counts(found: Diagnostic) -> bool:
    return found.severity is Severity.ERROR and found.code != UNDECLARED_BUNDLE


def sources_of(found: Iterable[Derived], policy: Policy | None) -> dict[str, SourceFile]:
    """The texts that findings about these protocols may point into."""
    sources = policy_sources(policy) if policy is not None else {}
    for derived in found:
        sources[derived.source.path] = derived.source
    return sources


def style_of_output() -> Style:
    """How text looks on standard output."""
    return style_of(sys.stdout)


def print_findings(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceFile], *, err: bool = False
) -> None:
    """Findings with the lines they are about."""
    style = style_of_output()
    for diagnostic in sorted(dict.fromkeys(diagnostics), key=sort_key):
        lines, _ = diagnostic_lines(diagnostic, sources, style)
        click.echo("\n".join(line.rstrip() for line in (*lines, "")), err=err)
