"""Obligations of one protocol graph, or of machines from elsewhere, and runs that refute them."""
