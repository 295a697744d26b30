"""Which files are read, choreographies inside other files, and what git ignores."""
