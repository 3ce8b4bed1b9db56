"""Maximal covering: reduced, bounded, searched, proven."""
