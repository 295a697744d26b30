"""Search on configurations of communicating machines."""
