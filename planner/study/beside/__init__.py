"""Plans beside each other: lists of sites that people bring back, two studies compared."""
