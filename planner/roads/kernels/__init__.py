"""Compiled loops of the roads."""
