"""cvc5 as the second opinion on SMT-LIB scripts. The only module that imports it."""

from __future__ import annotations

import cvc5


def run_script(script: str, work: int) -> str:
    """The answer of cvc5 to an SMT-LIB script with one `check-sat`, or why it has no answer."""
    solver = cvc5.Solver()
    solver.setOption("rlimit", str(work))
    parser = cvc5.InputParser(solver)
    answers = []
    try:
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "script")
        symbols = parser.getSymbolManager()
        while not (command := parser.nextCommand()).isNull():
            said = str(command.invoke(solver, symbols)).strip()
            if said and said != "success":
                answers.append(said)
    except RuntimeError as error:  # also what the parser raises
        return f"cvc5 failed: {str(error)[:80]}"
    said = " ".join(answers)
    return said if said in ("sat", "unsat", "unknown") else f"cvc5 says: {said[:80]}"
