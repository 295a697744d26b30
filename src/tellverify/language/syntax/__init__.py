"""The layout surface: lexer, parser, recovery, tree, printing."""
