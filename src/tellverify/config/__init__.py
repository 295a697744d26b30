"""Configuration: where it is found, what may stand in it, and which layer wins."""
