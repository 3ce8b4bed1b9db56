"""Bands of sums, shares and gains from the demand draws: 5, 50 and 95 % points, never summed from bands of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.demand.ensemble import band

__all__ = ["Band", "Draws"]

Array = NDArray[Any]
#: 5 %, 50 % and 95 % points.
Band = tuple[float, float, float]


@dataclass(frozen=True)
class Draws:
    """The demand draws (draws × cells, headline workers), read under one state after the other.

    A cell's workers vary from draw to draw; how they divide into groups and periods, and so which share of them is covered,
    is as estimated.

    Attributes
    ----------
    surfaces
        float (draws × cells).
    workers
        Estimated workers per cell.
    """

    surfaces: Array
    workers: Array

    def sums(self, part: Array, cells: Array | None = None) -> Array:
        """Per draw the workers of a state, ``part`` (workers per cell) of all ``workers``; of some cells only."""
        share = part / np.where(self.workers > 0, self.workers, np.inf)
        share = share if cells is None else np.where(cells, share, 0.0)
        return np.asarray(self.surfaces @ share.astype(self.surfaces.dtype), dtype=float)

    @staticmethod
    def of(values: Array) -> Band:
        """Band of a figure given per draw."""
        each = np.asarray(values, dtype=float)
        low, high = band(each[:, None])
        return low.item(), float(np.median(each)), high.item()

    @staticmethod
    def share(part: Array, whole: Array) -> Band:
        """Band of a share, both given per draw; 0 in a draw where nobody works."""
        return Draws.of(part / np.where(whole > 0, whole, np.inf))
