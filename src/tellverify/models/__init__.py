"""Laws of data and models of patterns: one expression language, a solver, and evaluation."""
