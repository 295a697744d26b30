"""One constructor per diagnostic: domain values in, words out. A module per band of codes."""
