"""Writes the pages that follow from the program itself.

    python docs/build.py

`cli.md` is the reference of commands and options, `codes.md` the index of explain pages,
`tellverify.1` the manual page, `certificates.md` in part: its table of what an acceptance rests
on. The `README.md` beside each proof of a spec says what the proof is about. A test holds that they
are up to date.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import click

from tellverify.cli.commands import COMMANDS
from tellverify.cli.group import tellverify
from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.explain import page
from tellverify.policy.read import read_policy
from tellverify.verdict.properties import PROPERTIES
from tellverify.version import VERSION

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SPECS = ROOT / "specs"
GENERATED = "<!-- written by docs/build.py -->"
BANDS = {
    "0": "Configuration, suppressions, inputs",
    "1": "Layout and grammar",
    "2": "Names, structure, recursion, role families",
    "3": "Effects, authority, linear use, case analysis",
    "4": "Projection, merge, implementability",
    "5": "Safety and progress of communication",
    "6": "Guards, refinements and data",
    "7": "Theorem packs and admission",
    "8": "Change between versions, replayed logs",
    "9": "Limits: bound reached, unknown, unsupported",
}
EXITS = {
    0: "every required obligation has the required strength, and no finding counts",
    1: "a required obligation is refuted, or a finding counts; this includes files with errors",
    2: "wrong usage or configuration, or a report that could not be written",
    3: "nothing is refuted, but a required obligation is not known or weaker than required",
    4: "no protocol was selected",
    70: "a defect of tellverify; a file with details is named",
    129: "ended by HUP",
    130: "interrupted",
    143: "ended by TERM",
}


def commands() -> Iterator[tuple[str, str, click.Command]]:
    """Every command with its full name and its line in the list; groups before their members."""
    context = click.Context(tellverify, info_name="tellverify")
    for name, row in COMMANDS.items():
        command = tellverify.get_command(context, name)
        assert command is not None
        yield f"tellverify {name}", row[2], command
        if isinstance(command, click.Group):
            for inner, one in command.commands.items():
                yield f"tellverify {name} {inner}", one.get_short_help_str(90), one


def usage(name: str, command: click.Command) -> str:
    """The line that says how a command is called."""
    words = [name]
    if any(isinstance(one, click.Option) for one in command.params):
        words.append("[OPTIONS]")
    words += [
        one.metavar or _argument(one) for one in command.params if isinstance(one, click.Argument)
    ]
    if isinstance(command, click.Group):
        words.append("COMMAND [ARGS]...")
    return " ".join(words)


def _argument(argument: click.Argument) -> str:
    text = (argument.name or "").upper()
    if isinstance(argument.type, click.Choice):
        text = f"[{'|'.join(map(str, argument.type.choices))}]"
    elif not argument.required:
        text = f"[{text}]"
    return f"{text}..." if argument.nargs == -1 else text


def options(command: click.Command) -> list[tuple[str, str]]:
    """Each option with its values, and what it does."""
    found = []
    for one in command.params:
        if not isinstance(one, click.Option) or one.hidden:
            continue
        names = ", ".join([*one.opts, *one.secondary_opts])
        if not one.is_flag and not one.count:
            names += f" {_values(one)}"
        text = one.help or ""
        if one.show_default and one.default is not None and not one.is_flag:
            text += f" Default: {one.default}."
        found.append((names, " ".join(text.split())))
    return found


def _values(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    return "N" if isinstance(option.type, click.types.IntParamType) else "TEXT"


def paragraphs(command: click.Command) -> list[str]:
    """The help of a command, a string for each paragraph."""
    text = (command.help or "").replace("\b", "").replace("\f", "")
    return [" ".join(part.split()) for part in text.strip().split("\n\n") if part.strip()]


def cli_page() -> str:
    """The reference of all commands, in Markdown."""
    lines = [GENERATED, "", "# Commands", "", "| command | does |", "| --- | --- |"]
    known = list(commands())
    for name, short, _ in known:
        anchor = name.replace(" ", "-")
        lines.append(f"| [`{name}`](#{anchor}) | {_cell(short)} |")
    for name, _, command in known:
        lines += ["", f"## {name}", "", "```", usage(name, command), "```"]
        for text in paragraphs(command):
            lines += ["", _prose(text)]
        rows = options(command)
        if rows:
            lines += ["", "| option | |", "| --- | --- |"]
            lines += [f"| `{_cell(names)}` | {_cell(_prose(text))} |" for names, text in rows]
    lines += ["", "## Exit codes of `check`", "", "| code | means |", "| --- | --- |"]
    lines += [f"| {code} | {text} |" for code, text in EXITS.items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _prose(text: str) -> str:
    """Text outside of code spans without what Markdown would read as markup."""
    parts = text.split("`")
    return "`".join(
        part if at % 2 else part.replace("<", "&lt;").replace("*", "\\*")
        for at, part in enumerate(parts)
    )


def codes_page() -> str:
    """The index of codes and properties, in Markdown."""
    lines = [
        *(GENERATED, "", "# Codes", ""),
        "`tellverify explain CODE` shows the page of a code: what it means, an example, how to fix",
        "it, why it matters. A number is never used again.",
    ]
    ordered = sorted(CODES.values(), key=lambda code: code.number)
    for band, group in groupby(ordered, key=lambda code: code.number[2]):
        lines += ["", f"## TV{band}xx: {BANDS[band].lower()}", ""]
        lines += ["| code | name | kind | severity | means |", "| --- | --- | --- | --- | --- |"]
        for code in group:
            number = code.number
            if page(code) is not None:
                number = f"[{number}](../src/tellverify/diagnostics/explain/{number}.md)"
            lines.append(
                f"| {number} | `{code.name}` | {code.kind} | {code.severity} |"
                f" {_cell(_prose(code.title))} |"
            )
    lines += ["", "## Properties", "", "| property | says | required |", "| --- | --- | --- |"]
    for prop, stated in PROPERTIES.items():
        required = "yes" if stated.required else "no"
        lines.append(f"| `{prop}` | {_cell(_prose(stated.sentence))} | {required} |")
    return "\n".join(lines) + "\n"


def manual_page() -> str:
    """The manual page, in the macros of man(7)."""
    lines = [
        '.\\" written by docs/build.py',
        f'.TH TELLVERIFY 1 "" "tellverify {VERSION}" "User Commands"',
        ".SH NAME",
        "tellverify \\- decide whether every role of a choreography can play its part",
        ".SH SYNOPSIS",
        ".B tellverify",
        ".I COMMAND",
        "[\\fIOPTIONS\\fR] [\\fIARGS\\fR]...",
        ".SH DESCRIPTION",
        "Reads choreographies in the .tell language and answers each question about them with a",
        "proof for all runs, or with the shortest run that shows the fault.",
        ".SH COMMANDS",
    ]
    for name, _, command in commands():
        lines += [f".SS {_roff(usage(name, command))}"]
        for text in paragraphs(command):
            lines += [_roff(text), ".PP"]
        for names, text in options(command):
            lines += [".TP", f"\\fB{_roff(names)}\\fR", _roff(text) or "\\&"]
    lines += [".SH EXIT STATUS", "Of check:"]
    for code, text in EXITS.items():
        lines += [".TP", f"\\fB{code}\\fR", _roff(text)]
    lines += [
        ".SH ENVIRONMENT",
        ".TP",
        "\\fBNO_COLOR\\fR",
        "When set, there are no colours.",
        ".TP",
        "\\fBFORCE_COLOR\\fR",
        "When set, the output is taken for a terminal.",
        ".TP",
        "\\fBGITHUB_STEP_SUMMARY\\fR",
        "A Markdown report to this file is appended to it.",
    ]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    shown = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown


TRUSTED = ("<!-- trusted, written by docs/build.py -->\n", "<!-- end of trusted -->\n")
# Accepted files of each kind, by what they are called.
ACCEPTED = {
    "a certificate": "proofs/*/implementable.certificate.json",
    "a trace beside a graph": "counterexamples/traces/*/*.itf.json",
}
TIMED = "counterexamples/traces/*/*.timed.json"
FAULTY = """-- tell: faults crash(crash <= 1)
protocol Ping =
  roles A, B

  A -> B : Ask
  B -> A : Answer
"""
LOADED = """import sys
from tellverify.evidence.recheck.evidence_files import recheck
for path in sys.argv[1:]:
    recheck(path)
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "tellverify"))
"""


def modules_loaded(paths: Sequence[Path]) -> dict[str, int]:
    """The lines of every module that was loaded when the rechecker had accepted some files."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = {}
    for name in done.stdout.split():
        path = (ROOT / "src").joinpath(*name.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        found[name] = len(file.read_text(encoding="utf-8").splitlines())
    return found


def accepted_files() -> dict[str, list[Path]]:
    """Files that the rechecker accepts, by kind; runs with timeouts are a kind of their own."""
    timed = [path for file in ROOT.glob(TIMED) for path in file.parent.glob("*.itf.json")]
    found = {
        kind: [path for path in sorted(ROOT.glob(pattern)) if path not in timed]
        for kind, pattern in ACCEPTED.items()
    }
    return found | {"a trace with timeouts": sorted(timed)}


def modules_of_faulty_run() -> dict[str, int]:
    """The same of a run in which a role crashes; the repository has none of this kind."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "ping.tell")
        source.write_text(FAULTY, encoding="utf-8")
        command = [sys.executable, "-m", "tellverify", "check", str(source), "--evidence", folder]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return modules_loaded(sorted(Path(folder).glob("*/*.itf.json")))


def certificates_page() -> str:
    """The page on certificates, with the table of what an acceptance rests on counted anew."""
    text = (HERE / "certificates.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(TRUSTED[0])
    _, _, behind = rest.partition(TRUSTED[1])
    loaded = {kind: modules_loaded(paths) for kind, paths in accepted_files().items()}
    loaded["a trace with crashes or faulty channels"] = modules_of_faulty_run()
    rows = ["| an acceptance of | modules | lines |", "| --- | --- | --- |"]
    for kind, modules in loaded.items():
        rows.append(f"| {kind} | {len(modules)} | {sum(modules.values()):,} |")
    return before + TRUSTED[0] + "\n".join(rows) + "\n" + TRUSTED[1] + behind


PAGES = {
    "certificates.md": certificates_page,
    "cli.md": cli_page,
    "codes.md": codes_page,
    "tellverify.1": manual_page,
}


def renderings() -> dict[str, str]:
    """How each spec differs from Aura's own file, by file name, from `specs/README.md`."""
    text = (SPECS / "README.md").read_text(encoding="utf-8")
    table = text.partition("| file | differs in |")[2].partition("\n\n")[0]
    rows = (line.strip("|").split("|") for line in table.split("\n")[2:])
    return {cells[0].strip().strip("`"): cells[1].strip() for cells in rows}


def proof_page(folder: Path) -> str:
    """What the proofs of one spec are about, and how that differs from Aura's own file."""
    qualified = folder.name.rpartition("-")[0]
    policy = read_policy(str(SPECS / "policy")).policy
    row = policy.protocol(qualified) if policy is not None else None
    texts = {path.name: path.read_text(encoding="utf-8") for path in SPECS.glob("*.tell")}
    module, _, protocol = qualified.partition(".")
    (name,) = (
        name
        for name, text in texts.items()
        if f"module {module} " in text and f"protocol {protocol} " in text
    )
    up = "../" * (len(folder.relative_to(ROOT).parts))
    known = renderings().get(name)
    differs = (
        f"It differs from Aura's file in {known}; roles, the order of messages, choices and packs"
        " are the same."
        if known is not None
        else "Roles, the order of messages, choices and packs follow Aura's file; as many messages"
        " carry each annotation, and each role spends as much. Labels, payload paths, facts and"
        " single costs were not compared one by one."
    )
    title = row.name if row is not None else qualified
    words = (
        f"The files here are about [specs/{name}]({up}specs/{name}), and about no other file. It is"
        f" our rendering of Aura's protocol under its real id, not Aura's own file. {differs}"
        f" [specs]({up}specs/README.md#where-they-differ-from-auras-own-files) says more."
    )
    shown = "\n".join(textwrap.wrap(words, 100, break_long_words=False, break_on_hyphens=False))
    return f"{GENERATED}\n\n# `{title}`\n\n{shown}\n"


def proof_folders() -> Iterator[Path]:
    """The folders with proofs of specs."""
    for top in (ROOT / "proofs", ROOT / "proofs" / "packs"):
        yield from sorted(path for path in top.iterdir() if path.is_dir() and "." in path.name)


PAGES.update(
    (f"../{path.relative_to(ROOT).as_posix()}/README.md", partial(proof_page, path))
    for path in proof_folders()
)


def main() -> None:
    """Write all pages."""
    for name, write in PAGES.items():
        (HERE / name).write_text(write(), encoding="utf-8", newline="\n")
        print(HERE / name)


if __name__ == "__main__":
    main()
