"""Patterns of resilience as models: actions on states, judged for all values of parameters."""
