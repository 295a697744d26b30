"""Evidence for verdicts: runs, lassos and their files."""
