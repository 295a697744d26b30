"""Renderings of a finished run."""
