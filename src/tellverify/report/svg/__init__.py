"""Pictures as SVG, drawn without any other program: graphs, machines and sequence charts."""
