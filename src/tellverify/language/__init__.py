"""Everything that knows the surface of the language; analyses see the model alone."""
