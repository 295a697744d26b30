"""Search on configurations of communicating machines: shortest runs, liveness, reductions."""
