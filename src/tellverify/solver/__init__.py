"""Questions about data: typed terms, SMT-LIB, the port to a solver, z3 and cvc5."""
