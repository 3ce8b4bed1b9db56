"""From text to points and outlines in one datum."""
