"""What stands between paths and trees: files, choreographies inside others, imports, dialects."""
