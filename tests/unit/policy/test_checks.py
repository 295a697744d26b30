"""What a policy is told about itself, each with the place that is at fault."""

from __future__ import annotations

import pytest

from tellverify.policy.check import check_policy
from tellverify.policy.read import read_policy_text

PROTOCOL = '[[protocols]]\nid = "n"\nmodule = "m"\nprotocol = "P"\n'
PACK = (
    'grants = [{ key = "k", all = ["f"] }]\n'
    '[[families]]\nname = "own"\n[[consumers]]\nname = "c"\n'
    '[[capabilities]]\nkey = "k"\nfamily = "own"\nconsumers = ["c"]\n'
    '[[packs]]\nname = "K"\nstatus = "active"\nruntime = ["k"]\n'
)
FULL = '[[runtimes]]\nname = "full"\nfacts = ["f"]\n'


def said(text: str) -> list[tuple[str, str]]:
    """Codes with the text that each points at."""
    read = read_policy_text(f"format = 1\n{text}")
    assert read.policy is not None, read.diagnostics
    source = read.policy.documents[0].source
    return [(one.code.number, source.slice(one.primary.span)) for one in check_policy(read.policy)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PACK + FULL, []),
        (PACK, []),
        (PACK + FULL.replace('"f"', '"g"'), [("TV062", '"k"')]),
        (PACK.replace('consumers = ["c"]\n', "") + FULL, [("TV063", '"k"')]),
        (PACK.replace('runtime = ["k"]\n', ""), [("TV068", '"active"')]),
        (
            PACK + FULL + '[[runtimes]]\nname = "less"\nextends = "full"\nwithout = ["ff"]\n',
            [("TV061", '"ff"')],
        ),
        (FULL + '[[runtimes]]\nname = "a"\nextends = "b"\n', [("TV061", '"b"')]),
        (
            '[[runtimes]]\nname = "a"\nextends = "b"\n[[runtimes]]\nname = "b"\nextends = "a"\n',
            [("TV068", '"b"'), ("TV068", '"a"')],
        ),
        (PROTOCOL + 'packs = ["K"]\n', [("TV061", '"K"')]),
        (PROTOCOL + 'class = "C"\n', [("TV061", '"C"')]),
        (
            PROTOCOL + '[[non_goals]]\nname = "g"\nreason = "r"\nprotocols = ["n"]\n'
            '[[non_goals]]\nname = "h"\nreason = "r"\nprotocols = ["n"]\n',
            [("TV065", '"n"')],
        ),
        (
            PROTOCOL + 'plane = "data"\n[adaptive_privacy]\ncontrol_plane = ["n"]\n',
            [("TV068", '"data"')],
        ),
        (
            PACK + FULL + PROTOCOL + 'packs = ["K"]\n[[waves]]\nname = "free"\nprotocols = ["n"]\n',
            [("TV068", '"K"')],
        ),
        (
            PACK + FULL + PROTOCOL + 'packs = ["K"]\n'
            '[[non_goals]]\nname = "g"\nreason = "r"\nprotocols = ["n"]\n',
            [("TV068", '"K"')],
        ),
        (
            '[guard_chain]\norder = ["a", "b"]\nbefore = [["b", "a"]]\n',
            [("TV068", '["b", "a"]')],
        ),
        ('[guard_chain]\norder = ["a"]\nbefore = [["a", "z"]]\n', [("TV061", '["a", "z"]')]),
        ('[guard_chain]\norder = ["a", "a"]\n', [("TV068", '["a", "a"]')]),
        ('[budgets]\npreset = "p"\n', [("TV061", '"p"')]),
        ('[admission]\nruntime = "r"\n', [("TV061", '"r"')]),
        (
            '[links]\nlive = [{ bundle = "b", protocol = "p" }]\n',
            [("TV061", '"p"')],
        ),
    ],
)
def test_each_fault_is_told_once_at_its_place(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(text) == expected


def test_a_near_name_is_proposed() -> None:
    read = read_policy_text(f"format = 1\n{PACK}{PROTOCOL}keys = ['kk']\n")
    assert read.policy is not None
    (only,) = check_policy(read.policy)
    assert only.helps == ("did you mean `k`?",)
