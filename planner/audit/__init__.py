"""Audits: our list against a map platform, and what a plan promised against what came."""
