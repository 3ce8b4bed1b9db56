"""Compiled loops of the roads; they load Numba and are therefore only imported inside functions."""
