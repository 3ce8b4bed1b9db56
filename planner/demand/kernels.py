"""Smoothing on the grid: compact Gaussian kernels that keep mass out of water, bandwidth by likelihood.

A venue draws workers beyond the edge of its cell. How far is not a matter of taste: the bandwidth
is the one under which each venue is best foretold by the others (leave-one-out likelihood).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.grid import Floats, Grid

#: bandwidths tried, in metres (standard deviation of the Gaussian)
BANDWIDTHS_M = (100.0, 150.0, 200.0, 300.0, 450.0, 700.0, 1000.0)
#: standard deviations after which the kernel is cut
TRUNCATE = 3.5
#: share of a venue expected anywhere in the area, so that a lonely one has a finite likelihood
BACKGROUND = 0.02
#: with fewer points than this a covariate does not tell its own bandwidth
FEW = 10


def _filtered(raster: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(raster, sigma, mode="constant", truncate=TRUNCATE), np.float32)


class Smoother:
    """A mass-keeping Gaussian kernel on the cells of a grid.

    Each cell's value is shared out over the cells within reach in proportion to the kernel, and only over
    cells of the table (water and empty land take nothing), so that sums stay as they are.

    Parameters
    ----------
    grid
        The cells that may hold something.
    bandwidth_m
        Standard deviation of the kernel in metres; 0 smooths nothing.
    """

    def __init__(self, grid: Grid, bandwidth_m: float) -> None:
        self.grid = grid
        self.bandwidth_m = bandwidth_m
        self._sigma = bandwidth_m / grid.cell_m
        self._flat = grid.flat()
        self._reach = np.ones(len(grid), np.float32)
        if self._sigma > 0 and len(grid):
            self._reach = np.maximum(self._spread(np.ones(len(grid))), 1e-6)

    def _spread(self, values: Floats) -> NDArray[np.float32]:
        raster = np.zeros(self.grid.shape[0] * self.grid.shape[1], np.float32)
        raster[self._flat] = values
        return _filtered(raster.reshape(self.grid.shape), self._sigma).ravel()[self._flat]

    @property
    def own(self) -> NDArray[np.float32]:
        """Share of a cell's value that stays in the cell."""
        if self._sigma <= 0:
            return np.ones(len(self.grid), np.float32)
        return np.asarray(_central_weight(self._sigma) / self._reach, np.float32)

    def __call__(self, values: Floats) -> Floats:
        """Smooth one value per cell; the sum is kept."""
        values = np.asarray(values, float)
        total = values.sum()
        if self._sigma <= 0 or not len(self.grid) or total <= 0:
            return values.copy()
        out = np.maximum(self._spread(values / self._reach), 0).astype(float)
        return np.asarray(out * (total / out.sum()))


def _central_weight(sigma: float) -> float:
    radius = int(TRUNCATE * sigma + 0.5)
    line = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return float((line[radius] / line.sum()) ** 2)


def choose_bandwidth(
    counts: Floats,
    grid: Grid,
    *,
    bandwidths_m: Sequence[float] = BANDWIDTHS_M,
    smoothers: dict[float, Smoother] | None = None,
) -> tuple[float, pd.Series]:
    """The bandwidth under which each point is best foretold by the others.

    Leave-one-out log-likelihood of a kernel density on the grid (Silverman 1986, §3.4.4), with a share
    :data:`BACKGROUND` spread evenly.

    Parameters
    ----------
    counts
        Points per cell (fractions count in proportion).
    grid
        The cells.
    bandwidths_m
        What is tried.
    smoothers
        Kernels made before, by bandwidth; new ones are added.

    Returns
    -------
    bandwidth, scores
        The best, in metres (0 with fewer than :data:`FEW` points), and the mean log-likelihood per
        point of each.
    """
    made = {} if smoothers is None else smoothers
    counts = np.asarray(counts, float)
    total, held = counts.sum(), counts > 0
    scores = {}
    if total < FEW:
        return 0.0, pd.Series(dtype=float)
    for h in bandwidths_m:
        if h not in made:
            made[h] = Smoother(grid, h)
        own = np.minimum(counts, 1.0) * made[h].own
        others = np.maximum(made[h](counts) - own, 0)[held] / max(total - 1, 1)
        density = (1 - BACKGROUND) * others + BACKGROUND / len(grid)
        scores[h] = float((counts[held] * np.log(density)).sum() / total)
    table = pd.Series(scores, name="log_likelihood").rename_axis("bandwidth_m")
    return float(table.idxmax()), table


def smooth(
    covariates: pd.DataFrame,
    grid: Grid,
    *,
    columns: Sequence[str],
    bandwidths_m: Mapping[str, float] | float | None = None,
    kernel: Any = None,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Smooth covariates on the grid.

    Parameters
    ----------
    covariates
        On the cells of ``grid``, non-negative.
    columns
        Those to smooth; the others pass through.
    bandwidths_m
        Metres by column, or one for all; where not given it is chosen by :func:`choose_bandwidth`, and for
        columns with fewer than :data:`FEW` points, chosen for all columns together.
    kernel
        Sparse matrix (cells × cells) used in place of the Gaussian, e.g. network distances; a column of it
        says where the mass of a cell goes, and is scaled to sum to 1.

    Returns
    -------
    smoothed, bandwidths
        A new table with the sums of the old; and the metres used, by column (empty with ``kernel``).
    """
    table = covariates.copy()
    if kernel is not None:
        for name in columns:
            table[name] = _by_kernel(kernel, table[name].to_numpy(float))
        return table, {}
    made: dict[float, Smoother] = {}
    used: dict[str, float] = {}
    together: float | None = None
    for name in columns:
        values = table[name].to_numpy(float)
        given = bandwidths_m.get(name) if isinstance(bandwidths_m, Mapping) else bandwidths_m
        if given is None and values.sum() < FEW:
            if together is None:
                everything = covariates[list(columns)].sum(axis=1).to_numpy(float)
                together = choose_bandwidth(everything, grid, smoothers=made)[0]
            given = together
        h = choose_bandwidth(values, grid, smoothers=made)[0] if given is None else float(given)
        if h not in made:
            made[h] = Smoother(grid, h)
        table[name] = made[h](values)
        used[name] = h
    return table, used


def _by_kernel(kernel: Any, values: Floats) -> Floats:
    """Spread values by the columns of a sparse kernel; a cell the kernel does not know keeps its own."""
    sums = np.asarray(kernel.sum(axis=0)).ravel()
    known = sums > 0
    spread = kernel @ np.where(known, values / np.where(known, sums, 1), 0)
    return np.asarray(spread + np.where(known, 0, values))
