"""The least changes to a protocol after which it is implementable."""
