"""From the tree to the global protocol graph."""
