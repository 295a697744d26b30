"""The user's temporal properties: their language, automata, and the search that decides them."""
