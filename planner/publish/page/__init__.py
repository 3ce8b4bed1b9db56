"""The page ``map.html``."""
