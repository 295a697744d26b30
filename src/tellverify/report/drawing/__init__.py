"""Charts and graphs as text, SVG, DOT and Mermaid."""
