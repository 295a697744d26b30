"""`tellverify init`: look at a tree, write a configuration for it, and say what a check finds."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from typing import Final

import click
import msgspec

from tellverify.cli.complaints import complain
from tellverify.cli.exit import Exit
from tellverify.diagnostics.brace import BRACE_SURFACE, OLD_SPELLING
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
_FORMER: Final = (OLD_SPELLING, BRACE_SURFACE)
_KINDS: Final = (".tell", ".rs", ".md")
_STEP: Final = '- {{uses: OWNER/tellverify@v0.1.0, with: {{commands: "{commands}"}}}}'
_GITLAB: Final = (
    "include: [{{project: GROUP/tellverify, ref: v0.1.0, file: ci/gitlab.yml}}]"
    "   # TELL_COMMANDS: {commands}"
)
_HOOK: Final = "- {{repo: https://example.com/OWNER/tellverify, rev: v0.1.0, hooks: [{hook}]}}"
# A file that a system in use has, its page, where the snippet belongs, and the snippet.
_CI: Final = (
    (".github", "docs/ci/github.md", "paste among the `steps` of a job", _STEP),
    (".gitlab-ci.yml", "docs/ci/gitlab.md", "paste into .gitlab-ci.yml", _GITLAB),
    (".pre-commit-config.yaml", "docs/ci/pre-commit.md", "paste among the `repos`", _HOOK),
)

_HEAD = """\
# Configuration of tellverify. `tellverify config schema` describes all keys for editors, and
# `tellverify config show` says which value counts and where it comes from.

# Files that `tellverify check` without a path looks at. Paths are relative to this file.
"""
_TARGET = """\

# The system that runs the protocols: text that "telltale" drops or rejects is an error.
"""
_REST = """\

# Findings from this level on make a check fail: "error", "warning" or "never".
# fail-on = "error"

# Assumptions, kept by `tellverify audit --write`.
# ledger = "tellverify-assumptions.toml"

# Findings that are known and do not fail a check, kept by `tellverify baseline write`.
# baseline = "tellverify-baseline.json"

# The weakest outcome accepted for required obligations: "proved", "bounded", for single
# properties also "assumed" or "nothing".
[require]
default = "bounded"

# The levels of lints: by code, by name, or by band such as "TV2".
# [levels]
# "unused-role" = "ignore"

# Sizes of role families.
# [bounds]
# instances = { Witness = [1, 2, 3] }
"""


@click.command("init")
def init() -> int:
    """Scan the tree below the working folder and write a `tellverify.toml` for it.

    Says how many protocols there are, which of them a check passes, which other commands pass, and
    what to put into CI. Exit codes: 0 the file is written, whatever the check finds; 2 there is
    one, or it cannot be written.
    """
    return write_configuration()


def write_configuration() -> int:
    """What `init` and `config init` do."""
    if os.path.lexists(NAME):
        complain(f"{NAME} is there already")
        return Exit.USAGE
    found = list(inputs.find(["."]))
    refused = [path for path in found if _is_to_be_refused(path)]
    paths = [path for path in found if path not in refused]
    policy = next((place for place in PLACES if os.path.isdir(place)), None)
    options = Options(policy=policy, target=TELLTALE)
    run = check_paths(paths, options).run
    old = sorted({d.path for d in run.diagnostics if d.code in _FORMER})
    if policy is None:
        policy = _known_policy(run)
    known = f"{PREFIX}{policy}" if policy is not None and options.policy is None else options.policy
    wanted = msgspec.structs.replace(options, policy=known, target="" if old else options.target)
    if wanted != options:
        run = check_paths(paths, wanted).run
    patterns = _patterns(paths)
    try:
        with open(NAME, "x", encoding="utf-8", newline="\n") as file:
            file.write(_text(patterns, refused, policy, has_target=not old))
    except OSError as error:
        complain(f"cannot write {NAME}: {error.strerror}")
        return Exit.USAGE
    codes = _codes(policy is not None) if run.protocols else {}
    click.echo("\n".join(_said(run, patterns, refused, policy, codes, old)))
    return Exit.OK


def _is_to_be_refused(path: str) -> bool:
    """Whether a source is a test that the compiler must refuse: what it says is beside it."""
    stem, suffix = os.path.splitext(path)
    return suffix == ".rs" and os.path.isfile(f"{stem}.stderr")


def _codes(has_policy: bool) -> dict[str, int]:
    """The exit codes of the other commands of CI on the tree, as it is configured now.

    Commands that find nothing to do, or cannot work here, are left out; those that may lack
    nothing but the library for Rust have the code of wrong usage.
    """
    from tellverify.cli.group import run as command

    left_out = {Exit.NOTHING_SELECTED}
    if find_spec("tree_sitter_rust") is not None:
        left_out.add(Exit.USAGE)
    found = {}
    for name in ("lint", *(("admit", "accept") if has_policy else ()), "facts"):
        arguments = ("facts", "check") if name == "facts" else (name,)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = command(arguments)
        if code not in left_out:
            found[name] = code
    return found


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


def _text(
    patterns: Sequence[str], refused: Sequence[str], policy: str | None, *, has_target: bool
) -> str:
    listed = ", ".join(toml_text(pattern) for pattern in patterns)
    lines = f"include = [{listed}]\n"
    if refused:
        lines += "\n# Tests that the compiler must refuse, as the `.stderr` beside each says.\n"
        lines += "".join(["exclude = [\n", *(f"  {toml_text(one)},\n" for one in refused), "]\n"])
    if policy is None:
        lines += "\n# Packs, capabilities, budgets and ceremonies of the system, or `aura`.\n"
        lines += '# policy = "policy"\n'
    else:
        lines += "\n# Packs, capabilities, budgets and ceremonies of the system.\n"
        lines += f"policy = {toml_text(policy)}\n"
    target = f'{"" if has_target else "# "}target = "telltale"\n'
    return f"{_HEAD}{lines}{_TARGET}{target}{_REST}"


def _said(
    run: Run,
    patterns: Sequence[str],
    refused: Sequence[str],
    policy: str | None,
    codes: Mapping[str, int],
    old: Sequence[str],
) -> Iterator[str]:
    """At most ten lines on what was found and what to do next."""
    files = {one.path for one in run.protocols}
    bad = [one for one in run.protocols if not _passes(one)]
    broken = sorted({d.path for d in run.diagnostics if d.severity is Severity.ERROR})
    yield f"wrote {NAME}: include {', '.join(patterns)}; {_about_policy(policy)}"
    total = f"{counted(len(run.protocols), 'protocol')} in {counted(len(files), 'file')}"
    good = len(run.protocols) - len(bad)
    passing, failing = "passes" if good == 1 else "pass", "does" if len(bad) == 1 else "do"
    yield f"{total}: {good} {passing}, {len(bad)} {failing} not"
    for one in bad[: _MOST_SHOWN - bool(old) - bool(refused)]:
        yield f"  not: {tame(one.name)}, {tame(one.path)}:{one.line}, {_weakest(one)}"
    if refused:
        count = counted(len(refused), "test")
        yield f"  left out: {count} that the compiler must refuse, first {tame(refused[0])}"
    if broken:
        yield f"  {counted(len(broken), 'file')} with errors, first {tame(broken[0])}"
    if old:
        yield (
            f"  {counted(len(old), 'file')} in an old spelling, first {tame(old[0])}:"
            " `tellverify fmt --upgrade`, then set `target`"
        )
    green = [name for name, code in codes.items() if code == Exit.OK]
    without = [name for name, code in codes.items() if code == Exit.USAGE]
    rest = [name for name in codes if name not in (*green, *without)]
    also = [
        f"{verb} {', '.join(names)}"
        for verb, names in (
            ("passing", green),
            ("failing", rest),
            ("not without the extra `tellverify[rust]`:", without),
        )
        if names
    ]
    if also:
        yield f"other commands for CI: {'; '.join(also)}"
    yield f"next: tellverify {'check' if bad or broken or not rest else rest[0]}"
    page, place, snippet = _snippet()
    yield f"CI: {place}, or see {page} of tellverify"
    yield f"  {snippet.format(commands=' '.join(['check', *green]), hook='{id: tellverify-check}')}"


def _about_policy(policy: str | None) -> str:
    if policy is None:
        return "no policy, since none is there and no protocol is one of Aura's"
    return f"policy {policy}"


def _snippet() -> tuple[str, str, str]:
    """The page, the place and the snippet for the system in use; GitHub's without one."""
    used = next((row for row in _CI if os.path.exists(row[0])), _CI[0])
    return used[1:]


def _passes(report: ProtocolReport) -> bool:
    return judge((report,), (), Options(), any_input=True)[0] == Exit.OK


def _weakest(report: ProtocolReport) -> str:
    """The first required obligation that does not hold, with its outcome."""
    for one in report.verdicts:
        if one.required and not isinstance(one.outcome, Proved | Bounded):
            return f"`{one.name}` {status(one.outcome)}"
    return "no obligation was decided"
