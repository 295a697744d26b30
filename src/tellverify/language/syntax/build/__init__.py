"""From reductions of the grammar to nodes of the tree."""
