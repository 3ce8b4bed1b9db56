"""Solvers behind :mod:`planner.solvers.problems`: checking, reducing, searching, bounding, proving."""
