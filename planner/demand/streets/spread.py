"""From places to streets: what a venue draws, or a building houses, shared out over the street around it.

A place gives to every piece of street within reach in proportion to its metres and to a Gaussian of the distance,
cut at :data:`TRUNCATE` standard deviations; what it gives sums to what it has. Nothing here knows of cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.demand.grid import Floats, Ints
from planner.demand.kernels import BACKGROUND, BANDWIDTHS_M, FEW
from planner.jit import compiled

__all__ = ["STRAY_M", "StreetIndex", "bandwidth_of"]

#: standard deviations after which the kernel is cut
TRUNCATE = 3.0
#: a place with no street within its kernel gives to the nearest one within so many metres
STRAY_M = 500.0
#: side of the squares in which pieces are looked up, metres
_SIDE_M = 250.0
#: places at most at which a bandwidth is scored
_SCORED = 1000


@compiled
def _share_out(vx, vy, mass, sigma, x, y, weight, ptr, box, out, lone):  # type: ignore[no-untyped-def]
    """Give the mass of each place to the pieces around it; ``lone`` marks places without any."""
    x0, y0, side, nx, ny = box
    cut = (TRUNCATE * sigma) ** 2
    reach = int(np.ceil(TRUNCATE * sigma / side))
    for v in range(len(vx)):
        col, row = int(np.floor((vx[v] - x0) / side)), int(np.floor((vy[v] - y0) / side))
        first, last = max(col - reach, 0), min(col + reach, nx - 1)
        total = 0.0
        for go in range(2):
            for r in range(max(row - reach, 0), min(row + reach, ny - 1) + 1):
                if first > last:
                    break
                for p in range(ptr[r * nx + first], ptr[r * nx + last + 1]):
                    d2 = (x[p] - vx[v]) ** 2 + (y[p] - vy[v]) ** 2
                    if d2 <= cut and weight[p] > 0.0:
                        k = weight[p] * np.exp(-0.5 * d2 / (sigma * sigma))
                        if go == 0:
                            total += k
                        else:
                            out[p] += mass[v] * k / total
            if total <= 0.0:
                lone[v] = True
                break


@compiled
def _log_density(x, y, mass, at, sigma, even):  # type: ignore[no-untyped-def]
    """Σ mass · log density at the places ``at`` as the other places foretell it."""
    whole, found, total = mass.sum(), 0.0, 0.0
    cut = (TRUNCATE * sigma) ** 2
    scale = 1.0 / (2.0 * np.pi * sigma * sigma)
    for i in at:
        near = 0.0
        for j in range(len(x)):
            d2 = (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2
            if j != i and d2 <= cut:
                near += mass[j] * np.exp(-0.5 * d2 / (sigma * sigma))
        others = max(whole - mass[i], 1e-12)
        found += mass[i] * np.log((1.0 - BACKGROUND) * near * scale / others + BACKGROUND * even)
        total += mass[i]
    return found / total


def bandwidth_of(
    x_m: Floats, y_m: Floats, mass: Floats, *, area_m2: float, bandwidths_m: Sequence[float] = BANDWIDTHS_M
) -> float:
    """The bandwidth (m) under which each place is best foretold by the others; 0 for fewer than ``FEW``.

    Leave-one-out log-likelihood of a Gaussian kernel density (Silverman 1986, §3.4.4), a share ``BACKGROUND``
    spread evenly over ``area_m2``. Of many places every n-th is scored, against all.
    """
    if mass.sum() < FEW or np.count_nonzero(mass > 0) < 2:
        return 0.0
    at = np.flatnonzero(mass > 0)
    at = at[:: max(len(at) // _SCORED, 1)].copy()
    scores = [_log_density(x_m, y_m, mass, at, float(h), 1.0 / area_m2) for h in bandwidths_m]
    return float(bandwidths_m[int(np.argmax(scores))])


@dataclass(frozen=True, eq=False)
class StreetIndex:
    """Pieces of street in squares, for "what is near here"."""

    x: Floats
    y: Floats
    order: Ints
    ptr: Ints
    box: tuple[float, float, float, int, int]

    @classmethod
    def of(cls, x_m: Floats, y_m: Floats) -> StreetIndex:
        """Index the points of pieces."""
        x0, y0 = (float(v.min()) if v.size else 0.0 for v in (x_m, y_m))
        far = max((float(np.ptp(v)) if v.size else 0.0 for v in (x_m, y_m)), default=0.0)
        side = max(_SIDE_M, far / 4000)
        col, row = ((v - z) // side for v, z in ((x_m, x0), (y_m, y0)))
        nx, ny = (int(v.max(initial=0)) + 1 for v in (col, row))
        square = (row * nx + col).astype(np.int64)
        order = np.argsort(square, kind="stable")
        ptr = np.concatenate([[0], np.cumsum(np.bincount(square, minlength=nx * ny))])
        return cls(x_m[order], y_m[order], order, ptr, (x0, y0, side, nx, ny))

    def share_out(
        self, x_m: Floats, y_m: Floats, mass: Floats, *, bandwidth_m: float, weight: Floats
    ) -> tuple[Floats, Ints]:
        """What each piece gets of places with ``mass``.

        Parameters
        ----------
        x_m, y_m, mass
            The places.
        bandwidth_m
            Standard deviation of the kernel; 0: all to the nearest piece.
        weight
            Metres of each piece that count; pieces of none get nothing.

        Returns
        -------
        received, alone
            float64 per piece; positions of places with no piece that counts within :data:`STRAY_M`, whose mass is
            not in it.
        """
        received = np.zeros(self.x.size)
        lone = np.ones(x_m.size, bool)
        if bandwidth_m > 0:
            lone[:] = False
            _share_out(
                x_m, y_m, mass, float(bandwidth_m), self.x, self.y, weight[self.order], self.ptr, self.box, received,
                lone,
            )  # fmt: skip
        out = np.zeros(self.x.size)
        out[self.order] = received
        left = np.flatnonzero(lone)
        near = self._nearest(x_m[left], y_m[left], weight)
        np.add.at(out, near[near >= 0], mass[left[near >= 0]])
        return out, left[near < 0]

    def _nearest(self, x_m: Floats, y_m: Floats, weight: Floats) -> Ints:
        """The nearest piece that counts within :data:`STRAY_M`; -1 for none."""
        from scipy.spatial import cKDTree

        some = np.flatnonzero(weight[self.order] > 0)
        if not some.size or not x_m.size:
            return np.full(x_m.size, -1, np.int64)
        tree = cKDTree(np.column_stack([self.x[some], self.y[some]]))
        far, at = tree.query(np.column_stack([x_m, y_m]), distance_upper_bound=STRAY_M)
        met = np.isfinite(far)
        return np.where(met, self.order[some[np.where(met, at, 0)]], -1)
