"""SMT-LIB scripts rechecked by the installed solvers."""

from __future__ import annotations

from typing import Final

from tellverify.solver.smtlib import Script, read_script

WORK: Final = 50_000_000


def solvers() -> list[str]:
    """The solvers that scripts are given to: z3, and cvc5 where it is installed."""
    from importlib.util import find_spec

    return [name for name in ("z3", "cvc5") if find_spec(name) is not None]


def judge_script(text: str, names: list[str]) -> tuple[Script, str]:
    """The script, and why it is not confirmed: empty when every named solver gives its answer.

    For `unsat` the core alone has to be unsatisfiable too. Raises BadScript for what cannot be
    read.
    """
    script = read_script(text)
    queries = [("the script", tuple(script.assertions))]
    if script.status == "unsat":
        queries.append(("its core", script.core))
    for name in names:
        for what, chosen in queries:
            answer = _answer(name, script.text(chosen))
            if answer != script.status:
                return script, f"{what} should be {script.status}, {name} finds {answer}"
    return script, ""


def _answer(name: str, script: str) -> str:
    if name == "cvc5":
        from tellverify.solver.cvc5_backend import run_script as by_cvc5

        return by_cvc5(script, WORK)
    from tellverify.solver.z3_backend import run_script as by_z3

    return by_z3(script, WORK)
