"""Workflows: protocols composed in sequence, in parallel, by local steps, and over link bundles."""
