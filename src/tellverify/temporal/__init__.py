"""Properties of the user: their language, automata, and the search that decides them."""
