"""`tellverify init`: look at a tree, write a configuration for it, and say what a check finds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final

import click

from tellverify.cli.complaints import complain
from tellverify.cli.exit import Exit
from tellverify.diagnostics.model import Severity
from tellverify.diagnostics.wording import counted
from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.report.escape import tame
from tellverify.source.builtin_policies import NAMES, PREFIX
from tellverify.verdict.outcome import Bounded, Proved, status
from tellverify.verdict.run import ProtocolReport, Run
from tellverify.verification.configuration_files import NAME
from tellverify.verification.exit_code import judge
from tellverify.verification.pipeline import TELLTALE, check_paths
from tellverify.verification.setting_values import toml_text

PLACES: Final = ("specs/policy", "policy")
_MOST_SHOWN: Final = 3
_KINDS: Final = (".tell", ".rs", ".md")
_CI: Final = (
    (".github", "docs/ci/github.md, the step `uses: OWNER/tellverify@v0.1.0`"),
    (".gitlab-ci.yml", "docs/ci/gitlab.md, the job that includes `ci/gitlab.yml`"),
    (".pre-commit-config.yaml", "docs/ci/pre-commit.md, the hook `tellverify-check`"),
)

_HEAD = """\
# Configuration of tellverify. `tellverify config schema` describes all keys for editors, and
# `tellverify config show` says which value counts and where it comes from.

# Files that `tellverify check` without a path looks at. Paths are relative to this file.
"""
_REST = """\

# What runs the protocols: with "telltale", text that Telltale drops or rejects is an error.
target = "telltale"

# Findings from this level on make a check fail: "error", "warning" or "never".
# fail-on = "error"

# What is taken on trust, kept by `tellverify audit --write`.
# ledger = "tellverify-assumptions.toml"

# Findings that are known and do not count, kept by `tellverify baseline write`.
# baseline = "tellverify-baseline.json"

# What required obligations need: "proved", "bounded", for single properties also "assumed" or
# "nothing".
[require]
default = "bounded"

# How grave lints are: by code, by name, or by band such as "TV2".
# [levels]
# "unused-role" = "ignore"

# Sizes of role families.
# [bounds]
# instances = { Witness = [1, 2, 3] }
"""


@click.command("init")
def init() -> int:
    """Look at the tree below the working folder and write a `tellverify.toml` for it.

    Says how many protocols there are, which of them a check passes, and what to put into CI. Exit
    codes: 0 the file is written, whatever the check finds; 2 there is one, or it cannot be written.
    """
    return write_configuration()


def write_configuration() -> int:
    """What `init` and `config init` do."""
    if os.path.lexists(NAME):
        complain(f"{NAME} is there already")
        return Exit.USAGE
    paths = list(inputs.find(["."]))
    policy = next((place for place in PLACES if os.path.isdir(place)), None)
    run = check_paths(paths, Options(policy=policy, target=TELLTALE)).run
    if policy is None:
        policy = _known_policy(run)
        if policy is not None:
            run = check_paths(paths, Options(policy=f"{PREFIX}{policy}", target=TELLTALE)).run
    patterns = _patterns(paths)
    try:
        with open(NAME, "x", encoding="utf-8", newline="\n") as file:
            file.write(_text(patterns, policy))
    except OSError as error:
        complain(f"cannot write {NAME}: {error.strerror}")
        return Exit.USAGE
    click.echo("\n".join(_said(run, patterns, policy)))
    return Exit.OK


def _known_policy(run: Run) -> str | None:
    """The built-in policy that lists one of the protocols."""
    from tellverify.obligations.policies import policy_at

    for name in NAMES:
        policy = policy_at(f"{PREFIX}{name}").policy
        if policy is not None and any(policy.protocol(one.name) for one in run.protocols):
            return name
    return None


def _patterns(paths: Sequence[str]) -> tuple[str, ...]:
    """A pattern for each kind of file that holds protocols, from the folder they share."""
    shared = os.path.commonpath([os.path.dirname(path) for path in paths]) if paths else ""
    top = f"{shared}/".replace(os.sep, "/") if shared else ""
    kinds = [kind for kind in _KINDS if any(path.endswith(kind) for path in paths)]
    return tuple(f"{top}**/*{kind}" for kind in kinds or (".tell",))


def _text(patterns: Sequence[str], policy: str | None) -> str:
    listed = ", ".join(toml_text(pattern) for pattern in patterns)
    lines = f"include = [{listed}]\n"
    if policy is None:
        lines += "\n# Packs, capabilities, budgets and ceremonies of the system, or `aura`.\n"
        lines += '# policy = "policy"\n'
    else:
        lines += "\n# Packs, capabilities, budgets and ceremonies of the system.\n"
        lines += f"policy = {toml_text(policy)}\n"
    return f"{_HEAD}{lines}{_REST}"


def _said(run: Run, patterns: Sequence[str], policy: str | None) -> Iterator[str]:
    """At most ten lines on what was found and what to do next."""
    files = {one.path for one in run.protocols}
    bad = [one for one in run.protocols if not _passes(one)]
    broken = sorted({d.path for d in run.diagnostics if d.severity is Severity.ERROR})
    yield f"wrote {NAME}: include {', '.join(patterns)}; {_about_policy(policy)}"
    yield f"{counted(len(run.protocols), 'protocol')} in {counted(len(files), 'file')}"
    yield f"  {len(run.protocols) - len(bad)} pass, {len(bad)} do not"
    for one in bad[:_MOST_SHOWN]:
        yield f"  not: {tame(one.name)}, {tame(one.path)}:{one.line}, {_weakest(one)}"
    if broken:
        yield f"  {counted(len(broken), 'file')} with errors, first {tame(broken[0])}"
    yield "next: tellverify check"
    yield f"CI: {_snippet()}"


def _about_policy(policy: str | None) -> str:
    if policy is None:
        return "no policy, since none is there and no protocol is one of Aura's"
    return f"policy {policy}"


def _snippet() -> str:
    for path, snippet in _CI:
        if os.path.exists(path):
            return f"paste from {snippet}"
    return f"paste from {_CI[0][1]}, or from docs/ci/gitlab.md"


def _passes(report: ProtocolReport) -> bool:
    return judge((report,), (), Options(), any_input=True)[0] == Exit.OK


def _weakest(report: ProtocolReport) -> str:
    """The first required obligation that does not hold, with its outcome."""
    for one in report.verdicts:
        if one.required and not isinstance(one.outcome, Proved | Bounded):
            return f"`{one.name}` {status(one.outcome)}"
    return "no obligation was decided"
