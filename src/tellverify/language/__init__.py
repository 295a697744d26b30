"""Everything that depends on the surface of the language; analyses see the model alone."""
