"""Two versions of a protocol: which mixtures of old and new roles are safe, and in which order."""
