"""Recovery from syntax errors: the remaining meaning of a text, and remedies."""
