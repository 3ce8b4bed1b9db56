"""Random fields of what no covariate explains, and the compiled loops over cells that draws pass through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.demand.grid import Floats, Grid
from planner.jit import compiled

__all__ = ["CELL_SD", "LocalField", "shaken", "to_areas"]

Singles = NDArray[np.float32]
#: standard deviation of a field in a cell, where its means over blocks have 1 (by simulation)
CELL_SD = 1.25


@dataclass
class LocalField:
    """A random field, alike within about ``range_m``.

    White noise on a lattice of ``range_m``, interpolated linearly; means over blocks of ``range_m`` have
    variance 1 (single cells :data:`CELL_SD` squared), as the errors it stands for are measured on blocks.
    """

    grid: Grid
    range_m: float
    corner: NDArray[np.int32] = field(init=False, repr=False)
    weight: Singles = field(init=False, repr=False)
    size: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        u, v = self.grid.x_m / self.range_m, self.grid.y_m / self.range_m
        i, j = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
        a, b = u - i, v - j
        i, j = i - (i.min() if i.size else 0), j - (j.min() if j.size else 0)
        width = int(i.max(initial=0)) + 2
        corner = [j * width + i, j * width + i + 1, (j + 1) * width + i, (j + 1) * width + i + 1]
        weight = np.column_stack([(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b])
        self.weight = (CELL_SD * weight / np.sqrt((weight**2).sum(axis=1))[:, None]).astype(np.float32)
        self.corner, self.size = np.column_stack(corner).astype(np.int32), (int(j.max(initial=0)) + 2) * width

    def noise(self, rng: np.random.Generator) -> Singles:
        """White noise on the lattice, float32."""
        return rng.standard_normal(self.size, dtype=np.float32)

    def draw(self, rng: np.random.Generator) -> Singles:
        """One field, float32 per cell."""
        noise = self.noise(rng)
        return np.asarray((self.weight * noise[self.corner]).sum(axis=1), np.float32)


def shaken(weight: Singles, fields: tuple[LocalField, LocalField], noises: Any, sds: Any) -> Singles:
    """Weights times the exponential of two fields with standard deviations ``sds``, numbers or one per cell."""
    near, far = (np.atleast_1d(np.asarray(sd, np.float32)) for sd in sds)
    (a, b), out = fields, np.empty(weight.size, np.float32)
    _heights(a.corner, a.weight, noises[0], near, b.corner, b.weight, noises[1], far, out)
    return np.asarray(np.multiply(np.exp(out, out=out), weight, out=out))


def to_areas(weight: Singles, base: Singles, area: NDArray[np.int32], totals: Floats) -> Singles:
    """Weights where the estimate has somebody, scaled to the areas' totals; the estimate itself where they have none.

    Parameters
    ----------
    weight, base
        float32 per cell: weights, and the estimate's workers.
    area
        Area of each cell, a position in ``totals``.
    """
    return np.asarray(_to_areas(weight, base, area, np.array(totals, np.float64)), np.float32)


@compiled
def _heights(corner, weight, noise, sd, far_corner, far_weight, far_noise, far_sd, out):  # type: ignore[no-untyped-def]
    many, far_many = sd.size > 1, far_sd.size > 1
    for i in range(out.size):
        a = sd[i] if many else sd[0]
        b = far_sd[i] if far_many else far_sd[0]
        near, far = np.float32(0.0), np.float32(0.0)
        for k in range(4):
            near += weight[i, k] * noise[corner[i, k]]
            far += far_weight[i, k] * far_noise[far_corner[i, k]]
        out[i] = a * near + b * far - np.float32(0.5) * (a * a + b * b)


@compiled
def _to_areas(weight, base, area, totals):  # type: ignore[no-untyped-def]
    sums, own = np.zeros(totals.size), np.zeros(totals.size)
    at, a, b = 0, 0.0, 0.0  # neighbours are mostly of one area
    for i in range(weight.size):
        if area[i] != at:
            sums[at] += a
            own[at] += b
            at, a, b = area[i], 0.0, 0.0
        if base[i] > 0:
            a += weight[i]
            b += base[i]
    if weight.size:
        sums[at] += a
        own[at] += b
    factor = np.zeros(totals.size, np.float32)
    for k in range(totals.size):
        if sums[k] > 0:
            factor[k] = totals[k] / sums[k]
        elif own[k] > 0:
            factor[k] = totals[k] / own[k]
    out = np.zeros(weight.size, np.float32)
    for i in range(weight.size):
        if base[i] > 0:
            k = area[i]
            out[i] = factor[k] * (weight[i] if sums[k] > 0 else base[i])
    return out
