"""From observations to a density: regression, local correction from merged counts, replicates."""

# ruff: noqa: N803, N806 - X, as scikit-learn calls it
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from sklearn.base import clone

from planner.demand.ensemble import Singles
from planner.demand.grid import Floats, Grid, Ints, grid_of
from planner.demand.kernels import Smoother, choose_bandwidth
from planner.demand.levels.model import DemandModel, poisson_deviance
from planner.demand.levels.validate import (
    Withheld,
    blocks,
    cross_validate,
    fitting,
    gain,
    score,
    surely_better,
)
from planner.demand.observations import Surveyed

#: prior precision of the regression's standardised coefficients, in workers
PENALTY = 10.0
#: a penalty under which the regression's coefficients are zero and only the mixture's shares are learnt
SHARES_ALONE = 1e6
#: fewest observed workers for which a regression is tried
MIN_WORKERS = 50
#: how many well-observed blocks the expected local error weighs
PRIOR_BLOCKS = 10.0
#: share of the local variance that a local correction usually smooths away
SMOOTHED_AWAY = 0.2
#: times the counts are split to tune the local correction
SPLITS = 4
#: a loss of deviance explained that is none
NEGLIGIBLE = 0.001
#: bandwidths tried for the local correction, in metres
LOCAL_M = (200.0, 300.0, 450.0, 700.0, 1000.0, 1500.0)


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
        From :func:`planner.demand.levels.validate.cross_validate`, or None.
    model
        The fitted model, or None for a surface.
    local
        How the local correction was made, or None.
    dropped
        By how much the local correction that nearby counts ask for foretold withheld blocks worse than the
        regression alone, where it was narrowed for that (deviance explained), else None.
    """

    level: str
    weights: Floats
    correction: Floats
    local_sd: Singles
    replicates: Singles
    scores: pd.DataFrame | None = None
    model: DemandModel | None = None
    local: Local | None = None
    dropped: float | None = None


def design(covariates: pd.DataFrame, prior: Floats) -> pd.DataFrame:
    """What a :class:`DemandModel` is fitted on: covariates that vary, and level (a) as ``prior``."""
    varied = covariates.loc[:, covariates.max() > covariates.min()]
    return varied.assign(prior=prior)


def spread_units(surveyed: Surveyed, expected: Floats) -> Floats:
    """Counts of units shared out over their cells like ``expected``; what maps are made from."""
    unit = surveyed.unit.to_numpy()
    seen = unit >= 0
    size = surveyed.count.size
    if not size:
        return np.zeros(unit.size)
    sums = np.bincount(unit[seen], expected[seen], size)
    cells = np.bincount(unit[seen], minlength=size)
    even = 1 / np.maximum(cells, 1)
    share = np.where((sums > 0)[unit], expected / np.where(sums > 0, sums, 1)[unit], even[unit])
    return np.where(seen, surveyed.count[unit] * share, 0.0)


def excess(y: Floats, mu: Floats, spread: Floats) -> float:
    """How much more counts vary than by chance: ``c`` in ``Var[y] = μ + c · spread²``.

    Method of moments, each block weighted by 1/μ so that dense blocks do not decide alone.
    """
    some = mu > 0
    below = float((spread[some] ** 2 / mu[some]).sum())
    above = float((((y - mu)[some] ** 2 - mu[some]) / mu[some]).sum())
    return above / below if below > 0 else 0.0


def dispersion(y: Floats, mu: Floats, expected_sd: float) -> float:
    """Variance of the local ratio of truth to model, from held-out counts of blocks.

    Drawn towards ``expected_sd²`` (see :func:`drawn_to`).
    """
    start = max(expected_sd, 0.1) ** 2
    return float(np.clip(drawn_to(start, excess(y, mu, mu), mu), 0.02, 2.0))


def drawn_to(usual: float, found: float, mu: Floats) -> float:
    """A variance found in counts, drawn to the usual one with the weight of :data:`PRIOR_BLOCKS`.

    What was found weighs as much as the signal that the usual variance would give, squared, stands out of
    Poisson noise: ``(σ² Σμ)² / 2n``.
    """
    some = mu > 0
    signal = (usual * float(mu[some].sum())) ** 2 / max(2.0 * float(some.sum()), 1.0)
    return (signal * found + PRIOR_BLOCKS * usual) / (signal + PRIOR_BLOCKS)


def local_correction(
    y: Floats, mu: Floats, grid: Grid, variance: float, bandwidth_m: float
) -> tuple[Floats, Floats]:
    """How much more was seen around a cell than the model expects, shrunk towards 1 (gamma–Poisson).

    With a gamma prior of mean 1 and variance σ² for the local ratio, and kernel sums S of what was seen and
    expected near the cell (the kernel is 1 at the cell), the posterior mean is
    ``(1/σ² + S_y) / (1/σ² + S_μ)`` and its relative standard deviation ``(1/σ² + S_y)^-½``. With an infinite
    bandwidth nothing is corrected, and all of σ² remains.
    """
    shape = 1 / variance
    if not np.isfinite(bandwidth_m):
        return np.ones(y.size), np.full(y.size, 1 / np.sqrt(shape))
    smoother = Smoother(grid, bandwidth_m)
    peak = np.maximum(smoother.own.astype(float), 1e-9)
    seen, expected = smoother(y) / peak, smoother(mu) / peak
    return (shape + seen) / (shape + expected), 1 / np.sqrt(shape + seen)


@dataclass(frozen=True)
class Local:
    """How the local correction is made, chosen on workers set aside.

    Attributes
    ----------
    variance
        σ², of the ratio of truth to regression over blocks.
    bandwidth_m
        Of the correction; infinite where none foretells the workers set aside best.
    remaining
        τ², what the correction smooths away, on top of the gamma posterior's variance.
    """

    variance: float
    bandwidth_m: float
    remaining: float


def tune_local(
    surveyed: Surveyed,
    expected: Floats,
    grid: Grid,
    block: Ints,
    variance: float,
    seed: int,
    *,
    factor: float = 1.0,
) -> list[Local]:
    """Bandwidths of the local correction, best first, and how far off each still is.

    The counts are thinned, :data:`SPLITS` times: each worker seen goes to a learning part (two in three) or a
    testing part, which are independent if counts are Poisson. The correction is made from the first, small
    counts merged as always, and judged on the second. No correction at all is one of the candidates.

    Parameters
    ----------
    expected
        The regression's workers per cell.
    block
        Blocks over which the remaining error is measured.
    factor
        Overdispersion: counts are taken as so many times fewer, which is what they are worth.

    Returns
    -------
    list
        The best bandwidth, and after it the narrower ones that are better than none, widest first; the last is
        no correction.
    """
    rng, keep = np.random.default_rng([seed, 31]), 2 / 3
    mu = surveyed.exposure * expected / factor
    tried = (*LOCAL_M, np.inf)
    off, left = np.zeros(len(tried)), np.zeros(len(tried))
    for _ in range(SPLITS):
        y, test = _thinned(surveyed, surveyed.exposure * expected, grid, keep, rng, factor)
        test = _sums(block, test)
        for k, h in enumerate(tried):
            ratio, sd = local_correction(y, keep * mu, grid, variance, h)
            m = (1 - keep) * mu * ratio
            m_b = _sums(block, m)
            off[k] += poisson_deviance(test, m_b) / SPLITS
            left[k] += _remaining(test, m_b, _sums(block, m * sd), SMOOTHED_AWAY * variance) / SPLITS
    best = int(np.argmin(off))
    narrower = [k for k in range(best - 1, -1, -1) if off[k] < off[-1]]
    order = [best, *narrower, len(LOCAL_M)] if best < len(LOCAL_M) else [best]
    low = SMOOTHED_AWAY * variance / 2
    return [Local(variance, tried[k], float(np.clip(left[k], low, 2.0))) for k in order]


def _thinned(
    surveyed: Surveyed, expected: Floats, grid: Grid, keep: float, rng: np.random.Generator, factor: float
) -> tuple[Floats, Floats]:
    """A learning part, small counts merged and shared out again, and a testing part, per cell.

    Both in workers that are independent of each other: counts divided by the factor of overdispersion; fractions
    are rounded up or down at random.
    """
    sums = surveyed.sums
    held = sums.fillna(0).to_numpy(float) / factor
    whole = np.floor(held)
    if (held > whole + 1e-9).any():
        whole += rng.random(held.size) < held - whole
    whole = np.round(whole).astype(np.int64)
    learn = rng.binomial(whole, keep)
    units = surveyed.holding(sums.where(sums.isna(), learn * factor), grid)
    return spread_units(units, expected + 1e-12) / factor, (whole - learn).astype(float)


def _remaining(test: Floats, mu: Floats, posterior: Floats, usual: float) -> float:
    """τ²: how much more the testing part varies than chance and the posterior explain, relative to μ²."""
    some = mu > 0
    if not some.any():  # nobody was seen where anybody is expected
        return usual
    known = float((posterior[some] ** 2 / mu[some]).sum()) / float(mu[some].sum())
    return drawn_to(usual, excess(test, mu, mu) - known, mu)


def _sums(area: Ints, values: Floats) -> Floats:
    return np.bincount(area, values).astype(float)


def fit_regression(
    cells: gpd.GeoDataFrame,
    covariates: pd.DataFrame,
    prior: Floats,
    surveyed: Surveyed,
    *,
    estimator: Any = None,
    replicates: int = 12,
    local_m: float = 1000.0,
    local_sd: float = 0.5,
    factor: float = 1.0,
    seed: int = 0,
) -> Fitted:
    """Level (b) for one group: regression, scores on withheld blocks, local correction, replicates.

    Where the regression is not surely better than level (a) on withheld blocks, the mixture's shares alone are
    learnt, which carry farther. The local correction is scored by the folds of the regression, from the cells each fold may learn from, and
    narrowed, to nothing if need be, while it foretells worse than the regression alone by more than a standard
    error.

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
        Size of the blocks over which errors are taken to be alike.
    local_sd
        What the local error is expected to be before counts speak.
    factor
        Overdispersion of the counts: they weigh so many times less.
    """
    grid, X = grid_of(cells), design(covariates, prior)
    y, exposure = surveyed.sums.fillna(0).to_numpy(float), surveyed.exposure
    seen = exposure > 0
    block_m, buffer_m = fitting(cells[seen])
    ways = [PENALTY * factor] if estimator is not None else [PENALTY * factor, SHARES_ALONE]
    models = [DemandModel(estimator=estimator, penalty=p) for p in ways]
    tried = []
    for model in models:
        tried.append(
            cross_validate(
                model, X[seen], y[seen], cells=cells[seen], exposure=exposure[seen], block_m=block_m,
                buffer_m=buffer_m, schemes=("random cells", "km blocks"), seed=seed, return_predictions=True,
            )
        )  # fmt: skip
        if surely_better(tried[-1][0], "km blocks"):
            break
    else:
        tried, model = tried[:1], models[0]
    scores, made = tried[-1]
    held: Withheld | None = made.get("km blocks")
    expected = model.fit(X, y, exposure=exposure).predict(X)
    fine = blocks(cells, block_m=local_m)
    mu = exposure * expected
    if held is not None:
        mu[seen] = held.mu
    variance = dispersion(_sums(fine, y) / factor, _sums(fine, mu) / factor, local_sd)
    reaches = tune_local(surveyed, expected, grid, fine, variance, seed, factor=factor)
    local, dropped = reaches[0], None
    if held is not None:
        local, dropped, row = _reach(reaches, held, surveyed, cells, block_m, factor)
        scores.loc["km blocks, corrected"] = pd.Series(row)
    shared = spread_units(surveyed, exposure * expected + 1e-12) / factor
    ratio, sd = local_correction(shared, exposure * expected / factor, grid, variance, local.bandwidth_m)
    block = blocks(cells, block_m=block_m)
    again = _replicates(model, X, y, exposure, block, ratio, replicates, seed)
    weights = expected * ratio
    left = np.sqrt(sd**2 + local.remaining).astype(np.float32)
    safe = np.where(prior > 0, prior, 1.0)
    correction = np.where(prior > 0, weights / safe, 0.0)
    return Fitted("regression", weights, correction, left, again, scores, model, local, dropped)


def _reach(
    reaches: list[Local],
    held: Withheld,
    surveyed: Surveyed,
    cells: gpd.GeoDataFrame,
    block_m: float,
    factor: float,
) -> tuple[Local, float | None, dict[str, Any]]:
    """The first local correction that foretells the folds as well as the regression alone, and its score.

    Between them: by how much the first of all is worse, None if that one was taken.
    """
    seen = surveyed.exposure > 0
    y, exposure, land = surveyed.sums.to_numpy(float)[seen], surveyed.exposure[seen], cells[seen]
    block, dropped = blocks(land, block_m=block_m), None
    for local in reaches:
        mu = _corrected(held, surveyed, cells, local, factor)
        more, se = gain(y, mu, held.mu, block)
        if more >= -max(se, NEGLIGIBLE):
            break
        dropped = more if dropped is None else dropped
    row = score("", held, mu, y, exposure, land, np.arange(y.size), block_m)
    return local, dropped, row


def _corrected(
    held: Withheld, surveyed: Surveyed, cells: gpd.GeoDataFrame, local: Local, factor: float
) -> Floats:
    """Counts of the cells looked at as regression and local correction foretell them, fold by fold."""
    seen = surveyed.exposure > 0
    there = surveyed.on(cells[seen])
    grid, exposure, out = grid_of(cells[seen]), there.exposure, held.mu.copy()
    for k, (rates, learn) in enumerate(zip(held.rates, held.learn, strict=True)):
        test = held.fold == np.unique(held.fold)[k]
        known = there.holding(there.sums.where(learn), grid)
        mu = np.where(learn, exposure * rates, 0.0)
        y = spread_units(known, mu + 1e-12) / factor
        ratio, _ = local_correction(y, mu / factor, grid, local.variance, local.bandwidth_m)
        out[test] *= ratio[test]
    return np.asarray(out)


def _replicates(
    model: DemandModel,
    X: pd.DataFrame,
    y: Floats,
    exposure: Floats,
    block: Ints,
    ratio: Floats,
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
        out[k] = clone(model).fit(X, y * times, exposure=exposure * times).predict(X) * ratio
    return out


def fit_surface(
    cells: gpd.GeoDataFrame, prior: Floats, surveyed: Surveyed, *, bandwidth_m: float | None = None
) -> Fitted:
    """Level (c) for one group: what was seen, smoothed by the bandwidth that foretells it best.

    A cell that was not looked at, or set aside, holds what level (a) says, brought to the total of the rest.
    """
    grid, exposure = grid_of(cells), surveyed.exposure
    looked = (exposure > 0) & (surveyed.unit.to_numpy() >= 0)
    safe = np.where(looked, exposure, 1.0)
    y = np.where(looked, spread_units(surveyed, exposure * (prior + 1e-9)) / safe, 0.0)
    known = float(prior[looked].sum())
    y = np.where(looked, y, prior * (float(y.sum()) / known if known > 0 else 1.0))
    h = choose_bandwidth(y, grid)[0] if bandwidth_m is None else bandwidth_m
    smoother = Smoother(grid, h)
    weights = smoother(y)
    near = weights / np.maximum(smoother.own.astype(float), 1e-9) * (surveyed.share or 1.0)
    sd = (1 / np.sqrt(4.0 + near)).astype(np.float32)
    some = np.where(prior > 0, prior, 1.0)
    correction = np.where(prior > 0, weights / some, 0.0)
    return Fitted("surface", weights, correction, sd, weights[None].astype(np.float32))
