"""The order of the stages, and what one check does."""
