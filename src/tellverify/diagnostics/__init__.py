"""Findings about source files and their words."""
