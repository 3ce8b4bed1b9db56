"""Solvers behind :mod:`planner.siting.problems`: checking, reducing, searching, bounding, proving."""
