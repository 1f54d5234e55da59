"""Pictures of computation graphs: parts of a model, layout, SVG and DOT."""
