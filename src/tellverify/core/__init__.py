"""The model that every analysis shares: protocol graph, machines, semantics."""
