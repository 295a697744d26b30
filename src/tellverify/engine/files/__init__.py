"""Evidence as files."""
