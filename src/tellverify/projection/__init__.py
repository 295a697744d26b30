"""Local machines, merge, and the complete check of implementability."""
