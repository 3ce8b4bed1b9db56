"""Layers for QGIS."""
