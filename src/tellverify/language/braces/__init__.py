"""The old surface with braces, onto the same tree."""
