"""Reading and judging what the user brings: one datum, every finding told."""
