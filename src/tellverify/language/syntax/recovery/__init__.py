"""What a text with syntax errors still means, and what would mend it."""
