"""Questions about data: typed terms, the port to a solver, and what is asked of it."""
