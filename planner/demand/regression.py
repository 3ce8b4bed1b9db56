"""From observations to a density: expectation–maximisation over merged units, local correction, replicates."""

# ruff: noqa: N803, N806 - X, as scikit-learn calls it
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.ensemble import Singles
from planner.demand.grid import Floats, Grid, Ints, grid_of
from planner.demand.kernels import Smoother, choose_bandwidth
from planner.demand.model import DemandModel
from planner.demand.observations import MAX_LEVEL, Surveyed
from planner.demand.validate import blocks, cross_validate, folds, held_out

#: fewest observed workers for which a regression is tried
MIN_WORKERS = 50
#: rounds of expectation and maximisation over merged units
ROUNDS = 3


@dataclass(frozen=True)
class Fitted:
    """A group's distribution as observations make it.

    Attributes
    ----------
    level
        ``"regression"`` or ``"surface"``.
    weights
        Expected workers per cell, before they are scaled to the control totals.
    correction
        ``weights`` over level (a)'s.
    local_sd
        Standard deviation, on the log scale, of what remains unknown locally, per cell.
    replicates
        float32, replicates × cells: the same from resampled blocks.
    scores
        From :func:`planner.demand.validate.cross_validate`, or None.
    model
        The fitted model, or None for a surface.
    """

    level: str
    weights: Floats
    correction: Floats
    local_sd: Singles
    replicates: Singles
    scores: pd.DataFrame | None = None
    model: DemandModel | None = None


def design(covariates: pd.DataFrame, prior: Floats) -> pd.DataFrame:
    """What a :class:`DemandModel` is fitted on: covariates that vary, and level (a) as ``prior``."""
    varied = covariates.loc[:, covariates.max() > covariates.min()]
    return varied.assign(prior=prior)


def spread_units(surveyed: Surveyed, expected: Floats) -> Floats:
    """Counts of units shared out over their cells like ``expected`` (the E step for aggregated counts)."""
    unit = surveyed.unit.to_numpy()
    seen = unit >= 0
    size = surveyed.count.size
    sums = np.bincount(unit[seen], expected[seen], size)
    cells = np.bincount(unit[seen], minlength=size)
    share = np.where(
        (sums > 0)[unit], expected / np.where(sums > 0, sums, 1)[unit], 1 / np.maximum(cells, 1)[unit]
    )
    return np.where(seen, surveyed.count[unit] * share, 0.0)


def exposure_of(surveyed: Surveyed) -> Floats:
    """Share of its workers that the survey sees, per cell (1 where looked, if the share is unknown)."""
    return np.where(surveyed.unit.to_numpy() >= 0, surveyed.share or 1.0, 0.0)


def fit_units(
    X: pd.DataFrame,
    surveyed: Surveyed,
    *,
    estimator: Any = None,
    rounds: int = ROUNDS,
) -> tuple[DemandModel, Floats]:
    """Fit to counts of merged units (Dempster, Laird & Rubin 1977).

    Each unit's count is shared out over its cells as the model expects, the model is fitted to the shared
    counts, and again; level (a) is the first expectation.

    Returns
    -------
    model, y
        The model and the shared-out counts per cell.
    """
    exposure = exposure_of(surveyed)
    model = DemandModel(estimator=estimator)
    expected = X["prior"].to_numpy(float) + 1e-9
    merged = surveyed.unit[surveyed.unit >= 0].duplicated().any()
    y = spread_units(surveyed, expected)
    for _ in range(rounds if merged else 1):
        y = spread_units(surveyed, expected)
        model.fit(X, y, exposure=exposure)
        expected = model.predict(X)
    return model, y


def dispersion(y: Floats, mu: Floats, block: Ints) -> float:
    """Variance of the local ratio of truth to model, from held-out sums over blocks (method of moments).

    ``Var[y_b] = μ_b + σ² μ_b²`` gives ``σ² = Σ((y − μ)² − μ) / Σ μ²``; kept within 0.01 … 2.
    """
    a, b = np.bincount(block, y), np.bincount(block, mu)
    some = b > 0
    square = float((b[some] ** 2).sum())
    value = float(((a[some] - b[some]) ** 2 - b[some]).sum()) / square if square > 0 else 0.25
    return float(np.clip(value, 0.01, 2.0))


def coarser(unit: Ints, block: Ints) -> Ints:
    """Blocks, or units where those are larger (both nest in the same quadtree)."""
    seen = unit >= 0
    first = pd.Series(block[seen]).groupby(unit[seen]).transform("min").to_numpy()
    return np.asarray(np.unique(first, return_inverse=True)[1], np.int64)


def local_correction(
    y: Floats, mu: Floats, grid: Grid, variance: float, bandwidth_m: float
) -> tuple[Floats, Singles]:
    """How much more was seen around a cell than the model expects, shrunk towards 1 (gamma–Poisson).

    With a gamma prior of mean 1 and variance σ² for the local ratio, and kernel sums S of what was seen and
    expected near the cell (the kernel is 1 at the cell), the posterior mean is
    ``(1/σ² + S_y) / (1/σ² + S_μ)`` and its relative standard deviation ``(1/σ² + S_y)^-½``.
    """
    smoother = Smoother(grid, bandwidth_m)
    peak = np.maximum(smoother.own.astype(float), 1e-9)
    seen, expected = smoother(y) / peak, smoother(mu) / peak
    shape = 1 / variance
    return (shape + seen) / (shape + expected), (1 / np.sqrt(shape + seen)).astype(np.float32)


def fit_regression(
    cells: gpd.GeoDataFrame,
    covariates: pd.DataFrame,
    prior: Floats,
    surveyed: Surveyed,
    *,
    estimator: Any = None,
    replicates: int = 12,
    local_m: float = 1000.0,
    seed: int = 0,
) -> Fitted:
    """Level (b) for one group: regression, scores on withheld blocks, local correction, replicates.

    Parameters
    ----------
    cells, covariates
        The cells in use and their covariates.
    prior
        Level (a)'s workers per cell.
    surveyed
        What was seen.
    estimator
        Passed to :class:`DemandModel`.
    replicates
        Fits to resampled blocks (Poisson bootstrap).
    local_m
        Bandwidth of the local correction.
    """
    grid, X = grid_of(cells), design(covariates, prior)
    unit, exposure = surveyed.unit.to_numpy(), exposure_of(surveyed)
    model, y = fit_units(X, surveyed, estimator=estimator)
    seen = unit >= 0
    block_m = grid.cell_m * 2**MAX_LEVEL
    schemes = ("random cells", "km blocks")
    scores = cross_validate(
        DemandModel(estimator=estimator), X[seen], y[seen], cells=cells[seen], exposure=exposure[seen],
        unit=unit[seen], block_m=block_m, schemes=schemes, seed=seed,
    )  # fmt: skip
    block = blocks(cells, block_m=block_m)
    fold = folds(block[seen], 5, seed, weight=y[seen])
    mu, _ = held_out(DemandModel(estimator=estimator), X[seen], y[seen], exposure[seen], fold)
    fine = coarser(unit, blocks(cells, block_m=grid.cell_m * 4))
    variance = dispersion(y[seen], mu, fine)
    expected = model.predict(X)
    ratio, sd = local_correction(y, exposure * expected, grid, variance, local_m)
    again = _replicates(X, y, exposure, block, ratio, estimator, replicates, seed)
    weights = expected * ratio
    safe = np.where(prior > 0, prior, 1.0)
    return Fitted("regression", weights, np.where(prior > 0, weights / safe, 0.0), sd, again, scores, model)


def _replicates(
    X: pd.DataFrame,
    y: Floats,
    exposure: Floats,
    block: Ints,
    ratio: Floats,
    estimator: Any,
    number: int,
    seed: int,
) -> Singles:
    """Predictions of fits in which each block counts a Poisson(1) number of times."""
    rng = np.random.default_rng([seed, 20])
    out = np.zeros((number, len(X)), np.float32)
    for k in range(number):
        times = rng.poisson(1.0, int(block.max()) + 1).astype(float)[block]
        if not (y * times).sum() > 0:
            times = np.ones(y.size)
        fitted = DemandModel(estimator=estimator).fit(X, y * times, exposure=exposure * times)
        out[k] = fitted.predict(X) * ratio
    return out


def fit_surface(
    cells: gpd.GeoDataFrame, prior: Floats, surveyed: Surveyed, *, bandwidth_m: float | None = None
) -> Fitted:
    """Level (c) for one group: what was seen, smoothed by the bandwidth that foretells it best."""
    grid = grid_of(cells)
    y = spread_units(surveyed, prior + 1e-9) / (surveyed.share or 1.0)
    h = choose_bandwidth(y, grid)[0] if bandwidth_m is None else bandwidth_m
    smoother = Smoother(grid, h)
    weights = smoother(y)
    near = weights / np.maximum(smoother.own.astype(float), 1e-9) * (surveyed.share or 1.0)
    sd = (1 / np.sqrt(4.0 + near)).astype(np.float32)
    safe = np.where(prior > 0, prior, 1.0)
    correction = np.where(prior > 0, weights / safe, 0.0)
    return Fitted("surface", weights, correction, sd, weights[None].astype(np.float32))


@dataclass
class Replicated:
    """Draws of a group at level (b) or (c): a replicate, and its own local uncertainty per cell."""

    name: str
    replicates: Singles
    band: tuple[float, float]
    local_sd: Any

    def draw(self, rng: np.random.Generator, number: int) -> Singles:  # noqa: ARG002 - replicates are drawn before
        """The next replicate."""
        return self.replicates[number % len(self.replicates)]
