"""The spec cases: Markdown documents with a text, its finding, the output, and a near miss.

A document of `tests/spec/cases` has one section for each case:

    ## R3: more closing than opening brackets

    - finding: TV124 at ")"

    ```tell body
    A -> B : M)
    ```

    ```text
    error[TV124]: ...
    ```

    Near miss:

    ```tell body
    A -> B : M()
    ```

`finding` names the code and, as a JSON string, the text that it points at. `also` names codes that
the text cannot avoid, and `Telltale` says what Telltale does where it does not reject. The fence of
kind `text` is the output of a check; `pytest tests/spec --rewrite` writes it anew. A rule that no
text can break has a paragraph with the reason and `stands`, the codes or properties that
stand for it.

After `tell` stands what the text is: `file` a whole file; `body` statements below `roles A, B, C`,
with the rest of the line behind the name of the protocol; `declarations` what stands above a
protocol that uses none of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tellverify.diagnostics.model import Diagnostic
from tellverify.language.checks.wellformed import check_structure
from tellverify.language.syntax.parser import parse
from tellverify.report.style import Style
from tellverify.report.text_findings import diagnostic_lines
from tellverify.source.text import SourceFile

FOLDER = Path(__file__).parent / "cases"
PATH = "p.tell"
SECTION = re.compile(r"^## (?P<name>[\w-]+): (?P<title>.+)$", re.M)
FENCE = re.compile(r"^```(?P<kind>[a-z]+)(?P<what>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)
ITEM = re.compile(r"^- (?P<key>finding|also|Telltale|stands): (?P<value>.+)$", re.M)
FINDING = re.compile(r"(?P<code>TV\d{3}) at (?P<span>\".*\")")
CODE_SPAN = re.compile(r"`([^`]+)`")
STORE = """\
effect Store
  authoritative claim : Bay -> Slot
  { class : authoritative, progress : may_block, region : session
  , agreement_use : required, reentrancy : allow }
  command ask : Bay -> Slot
  { class : best_effort, progress : immediate, region : session
  , agreement_use : none, reentrancy : allow }
  observe look : Bay -> Slot
  { class : observational, progress : immediate, region : session
  , agreement_use : none, reentrancy : allow }
"""
AGREEMENT = """\
agreement_profile Soft
  visibility pending
  rule unanimous
  usable_at soft_safe
  finalized_at finalized
  evidence witness
"""


@dataclass(frozen=True)
class Case:
    """One section of a document; a rule without texts has `stands` alone."""

    document: str
    name: str
    text: str = ""
    near: str = ""
    output: str = ""
    code: str = ""
    span: str = ""
    also: frozenset[str] = frozenset()
    telltale: str = "rejects"
    stands: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def documents() -> list[Path]:
    """The documents, by name."""
    return sorted(FOLDER.glob("*.md"))


def cases() -> list[Case]:
    """All cases of all documents, in their order."""
    return [case for path in documents() for case in _cases(path)]


def _sections(text: str) -> Iterator[tuple[re.Match[str], str]]:
    heads = list(SECTION.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        yield head, text[head.end() : end]


def _cases(path: Path) -> Iterator[Case]:
    for head, section in _sections(path.read_text("utf-8")):
        items = {item["key"]: item["value"] for item in ITEM.finditer(section)}
        if "stands" in items:
            stands = tuple(CODE_SPAN.findall(items["stands"]))
            yield Case(path.name, head["name"], stands=stands)
            continue
        finding = FINDING.fullmatch(items["finding"])
        fences = list(FENCE.finditer(section))
        if finding is None or [fence["kind"] for fence in fences] != ["tell", "text", "tell"]:
            raise ValueError(f"{path.name}: {head['name']} is not written like a case")
        text, output, near = fences
        yield Case(
            path.name,
            head["name"],
            text=whole(text["what"].strip(), text["text"]),
            near=whole(near["what"].strip(), near["text"]),
            output=output["text"],
            code=finding["code"],
            span=json.loads(finding["span"]),
            also=frozenset(items.get("also", "").split()),
            telltale=items.get("Telltale", "rejects"),
        )


def whole(what: str, text: str) -> str:
    """The whole file around the text of a fence."""
    kind, _, head = what.partition(" ")
    if kind == "file":
        return text
    if kind == "declarations":
        return f"{STORE}{AGREEMENT}{text}\nprotocol P =\n  roles A, B\n  A -> B : Go\n"
    if kind != "body":
        raise ValueError(f"a text is a file, a body or declarations, not {kind!r}")
    lines = ["roles A, B, C", "A -> B : Go", "A -> C : Go", *text.removesuffix("\n").split("\n")]
    body = "".join(f"  {line}\n" for line in lines)
    return f"{STORE}protocol P{' ' if head else ''}{head} =\n{body}"


def findings(text: str) -> tuple[SourceFile, list[Diagnostic]]:
    """What parsing and the static rules find in a file."""
    source = SourceFile(PATH, text)
    parsed = parse(source)
    return source, [*parsed.diagnostics, *check_structure(parsed.file, source)]


def output(text: str) -> str:
    """The findings of a file as a check prints them."""
    source, found = findings(text)
    style = Style(width=100)
    blocks = [diagnostic_lines(one, {PATH: source}, style)[0] for one in found]
    return "\n\n".join("\n".join(line.rstrip() for line in lines) for lines in blocks) + "\n"


def rewrite(path: Path) -> None:
    """Write the outputs of a document anew."""
    text = path.read_text("utf-8")
    made = [(case, output(case.text)) for case in _cases(path) if case.text]
    for case, new in made:
        head = f"## {case.name}: "
        start = text.index(head)
        old = text.index("```text\n", start) + len("```text\n")
        text = text[:old] + new + text[old + len(case.output) :]
    path.write_text(text, "utf-8")
