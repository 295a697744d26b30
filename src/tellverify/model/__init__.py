"""The model that analyses share: graph, machines, local types, runs, formulas; what a run means."""
