"""From syntax tree to protocol graph: the last place that sees the language."""
