"""A whole check: settings, stages, processes, cache, assumptions, exit code, evidence written."""
