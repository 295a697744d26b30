"""One decider per family of properties, and the values that deciders share."""
