"""Errors that newcomers make: one finding each, with a help that leads on."""

from __future__ import annotations

import pytest

from tellverify.diagnostics.model import Severity
from tellverify.obligations.options import Options
from tellverify.verification.pipeline import check_text

HEAD = "protocol P =\n  roles A, B, C, D\n"
CASES = {
    "a choice with the role behind": (
        "  choice at A\n    | L =>\n        A -> B : L\n    | R =>\n        A -> B : R\n",
        "TV161",
        "fmt --upgrade",
    ),
    "a guard without parentheses": (
        "  choice A at\n    | L when x > 1 =>\n        A -> B : L\n    | R => A -> B : R\n",
        "TV131",
        "put the condition into parentheses",
    ),
    "a misspelt recursion": (
        "  rec Loop\n    A -> B : L\n    continue Lop\n",
        "TV231",
        "did you mean `continue Loop`?",
    ),
    "a loop with break": (
        "  loop\n    choice A at\n      | L =>\n        A -> B : L\n      | R =>\n"
        "        A -> B : R\n        break\n",
        "TV131",
        "a loop that ends is `rec Name`",
    ),
    "a loop that breaks at its end": (
        "  loop\n    A -> B : L\n    break\n",
        "TV131",
        "a loop that ends is `rec Name`",
    ),
    "an if with else": (
        "  if A then\n    A -> B : L\n  else\n    A -> B : R\n",
        "TV131",
        "there is no `if`",
    ),
    "a timeout with the role behind": (
        "  timeout 5s at A\n    B -> A : L\n  on timeout =>\n    A -> B : R\n",
        "TV131",
        "`timeout 5s R at`",
    ),
    "a timeout without a unit": (
        "  timeout 5 A at\n    B -> A : L\n  on timeout =>\n    A -> B : R\n",
        "TV116",
        "write `ms`, `s`, `m` or `h`",
    ),
    "an alternative without an arrow": (
        "  timeout 5s A at\n    B -> A : L\n  on timeout\n    A -> B : R\n",
        "TV131",
        "write `on timeout =>`",
    ),
    "an arrow that points back": ("  A <- B : M\n", "TV131", "the arrow points to the receiver"),
    "a message in quotes": ('  A -> B : "M"\n', "TV131", "a message is a name without quotes"),
    "a type behind a colon": ("  A -> B : M : Int\n", "TV131", "`Label of path.Type`"),
    "branches without bars": (
        "  choice A at\n    L =>\n      A -> B : L\n    R =>\n      A -> B : R\n",
        "TV131",
        "begin each branch with `|`",
    ),
    "semicolons": ("  A -> B : M;\n  B -> A : N;\n", "TV131", "remove `;`"),
    "a recursion without a body": (
        "  rec Loop\n  A -> B : M\n  continue Loop\n",
        "TV131",
        "indent the lines below deeper",
    ),
    "an unknown receiver in one branch": (
        "  choice A at\n    | L =>\n      A -> B : L\n    | R =>\n      A -> E : R\n",
        "TV201",
        "add `E` to the `roles`",
    ),
    "a call of nothing": ("  call Other\n", "TV222", "declare `protocol Other`"),
    "a blank that is no space": (
        "  A -> B : M\n\u00a0\u00a0A -> B : N\n",
        "TV131",
        "U+00A0 NO-BREAK SPACE",
    ),
    "a par without bars": (
        "  par\n    A -> B : L\n    C -> D : M\n  A -> B : X\n",
        "TV131",
        "begin each branch with `|`",
    ),
    "a body in braces": (
        "  choice A at {\n    L => { A -> B : L; }\n    R => { A -> B : R; }\n  }\n",
        "TV132",
        "without braces and semicolons",
    ),
    "a misspelt statement": ("  chose A at\n    | L =>\n        A -> B : L\n", "TV131", "`choice`"),
    "a verb": ("  A sends B : M\n", "TV131", "`A -> B : Message`"),
    "an else": ("  A -> B : M\n  else\n    A -> B : N\n", "TV131", "there is no `else`"),
    "an index with arithmetic": ("  A -> B[i+1] : M\n", "TV131", "an index has no arithmetic"),
    "a window": ("  A[i..i+3] -> B : M\n", "TV131", "an index has no arithmetic"),
    "some of a family": ("  2 of D -> A : X\n", "TV131", "no statement counts members"),
    "a threshold": ("  threshold(2) D -> A : X\n", "TV131", "no statement counts members"),
    "a dashed arrow": ("  A --> B : M\n", "TV131", "what follows `--` is a comment"),
    "two messages": ("  A -> B : M and N\n", "TV131", "a send has one message"),
    "two receivers": ("  A -> B, C : M\n", "TV131", "a send has one receiver"),
    "no message": ("  A -> B\n", "TV131", "`A -> B : Message`"),
    "a dot for a colon": ("  A -> B . M\n", "TV131", "`A -> B : Message`"),
    "a choice by": ("  choice by A\n    | L =>\n        A -> B : L\n", "TV131", "`choice R at`"),
    "a choice without at": (
        "  choice A\n    | L =>\n        A -> B : L\n",
        "TV131",
        "`choice R at`",
    ),
    "a branch with a colon": (
        "  choice A at\n    | L :\n        A -> B : L\n",
        "TV131",
        "`| Label =>`",
    ),
    "a branch with an equals sign": (
        "  choice A at\n    | L =\n        A -> B : L\n",
        "TV131",
        "`| Label =>`",
    ),
    "a star for all roles": ("  A -> * : M\n", "TV131", "`A ->* : Message`"),
    "a loop without an end": ("  loop\n    A -> B : L\n", "TV131", "`loop decide by R`"),
    "a break": ("  A -> B : L\n  break\n", "TV131", "without `continue Name`"),
    "a timed choice": ("  timed_choice A at 5s\n", "TV131", "`timeout 5s R at`"),
    "a receive": ("  A -> B : M\n  receive M\n", "TV131", "a message is one statement"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_slip_is_one_finding_that_leads_on(name: str) -> None:
    body, code, words = CASES[name]
    found = check_text(HEAD + body, Options()).run.findings
    told = [one for one in found if one.severity is not Severity.NOTE or one.code.number == code]
    told = [one for one in told if one.code.number != "TV206"]  # spare roles of the sample
    assert [one.code.number for one in told] == [code]
    assert any(words in text for text in told[0].helps), told[0].helps


def test_braces_inside_a_module_are_one_finding() -> None:
    text = "module m exposing (P)\n\nprotocol P = {\n  roles A, B;\n  A -> B : L;\n}\n"
    found = check_text(text, Options()).run.findings
    assert [one.code.number for one in found] == ["TV132"]


def test_what_is_wrong_elsewhere_is_still_told() -> None:
    text = HEAD + "  A -> E : L\n  A -> B M\n  B -> F : X\n"
    found = check_text(text, Options()).run.findings
    assert [one.code.number for one in found] == ["TV201", "TV131", "TV201"]


def test_what_any_member_may_do_is_told_how_to_be_modelled() -> None:
    family = "protocol P =\n  roles A, D[N]\n"
    text = family + "  choice D[*] at\n    | Ok =>\n        D[*] -> A : Ok\n    | No =>\n"
    found = check_text(text + "        D[*] -> A : No\n", Options()).run.findings
    assert [one.code.number for one in found] == ["TV217"]
    assert "let all of them answer" in found[0].helps[0]
    found = check_text(family + "  any -> A : Abort\n", Options()).run.findings
    (undeclared,) = [one for one in found if one.code.number == "TV201"]
    assert "`F[*]`" in undeclared.helps[0]
    found = check_text(family + "  D[i] -> A : X\n", Options()).run.findings
    (window,) = [one for one in found if one.code.number == "TV214"]
    assert "a window over the members" in window.notes[0]
    for index in ("[any]", "", "[9]"):
        choice = f"  choice D{index} at\n    | X =>\n        D[*] -> A : X\n"
        found = check_text(family.replace("N", "3") + choice, Options()).run.findings
        assert found[0].code.number in ("TV213", "TV214", "TV217")
        assert found[0].helps[0].startswith("name a single member by its index;")
        follows = [one for one in found[1:] if one.code.number == "TV242"]
        assert len(follows) == (index == "[9]")


@pytest.mark.parametrize(
    "first", ["protocol P:\n  roles A, B", "protocol P\n  roles A, B", "roles A, B"]
)
def test_the_first_line_of_a_protocol(first: str) -> None:
    found = check_text(f"{first}\n  A -> B : X\n", Options()).run.findings
    assert found[0].helps == ("a protocol begins with `protocol Name =`",)


def test_a_role_that_was_meant_is_not_also_unused() -> None:
    text = "protocol P =\n  roles Alice, Bob\n  Alise -> Bob : X\n"
    (found,) = check_text(text, Options()).run.findings
    assert (found.code.number, found.helps) == ("TV201", ("did you mean `Alice`?",))


BODY = "protocol P =\n  roles A, B\n  A -> B : X\n"
FILES = {
    "braces around a module": (
        "module m exposing (P) {\n  protocol P = {\n    roles A, B\n    A -> B : X\n  }\n}\n",
        "TV132",
        "without braces and semicolons",
    ),
    "misspelt roles": (BODY.replace("roles", "rolse"), "TV131", "did you mean `roles`?"),
    "capital roles": (BODY.replace("roles", "Roles"), "TV131", "did you mean `roles`?"),
    "roles without commas": (BODY.replace("A, B", "A B"), "TV131", "separate roles by commas"),
    "a comment of another language": (
        BODY.replace("  roles", "  # who\n  roles"),
        "TV131",
        "comments begin with `--`",
    ),
    "a fence of Markdown": (f"```tell\n{BODY}```\n", "TV131", "remove the fence"),
    "an end": (f"{BODY}end\n", "TV131", "a block ends where its indentation ends"),
    "a module without exports": (f"module m\n\n{BODY}", "TV131", "exposing (Protocol)"),
    "exports without parentheses": (f"module m exposing P\n\n{BODY}", "TV131", "(Protocol)"),
    "a misspelt comment": (f"-- tell: expct TV512\n{BODY}", "TV023", "did you mean `expect`?"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_slip_in_a_file_is_one_finding_that_leads_on(name: str) -> None:
    text, code, words = FILES[name]
    (found,) = check_text(text, Options()).run.findings
    assert found.code.number == code
    assert words in found.helps[0]


def test_lines_with_the_same_slip_are_named_in_one_finding() -> None:
    lines = "".join(f"  A -> B : X{number};\n" for number in range(9))
    (found,) = check_text(HEAD + lines, Options()).run.findings
    assert found.notes == ("the same on lines 4, 5, 6, 7, 8, 9 and 2 more",)


def test_the_word_at_fault_is_shown_and_its_line() -> None:
    (found,) = check_text(f"{BODY}end\n", Options()).run.findings
    assert found.message == "expected a declaration, found `end`"
    assert found.primary.span.start == len(BODY)
