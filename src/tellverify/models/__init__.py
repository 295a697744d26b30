"""Laws of data and models of patterns: one language of expressions, a solver, and evaluation."""
