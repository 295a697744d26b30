"""Modules, imports, and what the faithful dialect rewrites."""
