"""From streets as they stand in a source to the edges of one mode's network."""
