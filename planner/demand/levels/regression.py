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
from planner.demand.grid import Floats, Ints, grid_of
from planner.demand.kernels import Smoother, choose_bandwidth
from planner.demand.levels.local import (
    Local,
    block_sums,
    dispersion,
    local_correction,
    spread_units,
    tune_local,
)
from planner.demand.levels.model import DemandModel
from planner.demand.levels.validate import (
    WithheldBlocks,
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
#: a loss of deviance explained that is none
NEGLIGIBLE = 0.001


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
    held: WithheldBlocks | None = made.get("km blocks")
    expected = model.fit(X, y, exposure=exposure).predict(X)
    fine = blocks(cells, block_m=local_m)
    mu = exposure * expected
    if held is not None:
        mu[seen] = held.mu
    variance = dispersion(block_sums(fine, y) / factor, block_sums(fine, mu) / factor, local_sd)
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
    held: WithheldBlocks,
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
    held: WithheldBlocks, surveyed: Surveyed, cells: gpd.GeoDataFrame, local: Local, factor: float
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
