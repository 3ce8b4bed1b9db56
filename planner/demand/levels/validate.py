"""Does the model foretell places it has not seen? Cross-validation by blocks of land, never by random cells.

Cells near each other are alike: a model tested on random cells is tested on the neighbours of what it
learned from, and scores too well. A withheld block of several kilometres is what a new district is
to a plan. Both scores are given, so that the difference can be seen.
"""

# ruff: noqa: N803 - X, as scikit-learn calls it
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.grid import Floats, Ints, grid_of
from planner.demand.levels.model import deviance_explained

NOTE = (
    "Random cells have their neighbours in the training data, so their score is too good; "
    "withheld blocks (kilometres, districts) say how well a place is foretold that nobody counted. The two are "
    "close for a model of few coefficients, and far apart for one that can learn places by heart."
)


def blocks(cells: gpd.GeoDataFrame, *, by: str = "km", block_m: float = 3200.0) -> NDArray[np.int64]:
    """A block number per cell: squares of ``block_m`` metres (``by="km"``) or districts (``"district"``)."""
    if by == "district":
        return np.asarray(pd.factorize(cells["district"], sort=True)[0], np.int64)
    if by != "km":
        raise ValueError(f'blocks are by "km" or "district", not {by!r}')
    grid = grid_of(cells)
    size = max(round(block_m / grid.cell_m), 1)
    pairs = (grid.row // size) * (1 << 32) + grid.col // size
    return np.asarray(np.unique(pairs, return_inverse=True)[1], np.int64)


def folds(block: Ints, number: int, seed: int, *, weight: Floats | None = None) -> Ints:
    """A fold per cell, whole blocks together; blocks are dealt out heaviest first, so that folds are alike."""
    rng = np.random.default_rng(seed)
    n = int(block.max(initial=-1)) + 1
    sums = np.bincount(block, weight, n) + rng.random(n) * 1e-6
    load, fold_of = np.zeros(number), np.zeros(n, np.int64)
    for b in np.argsort(-sums):
        fold_of[b] = int(np.argmin(load))
        load[fold_of[b]] += sums[b]
    return np.asarray(fold_of[block])


def held_out(
    model: Any,
    X: pd.DataFrame,
    y: Floats,
    exposure: Floats,
    fold: Ints,
) -> tuple[Floats, Floats]:
    """Predicted counts of each cell by a model that did not see its fold, and those of a constant rate."""
    from sklearn.base import clone

    mu, constant = np.zeros(len(X)), np.zeros(len(X))
    for k in np.unique(fold):
        test = fold == k
        train = ~test
        if not y[train].sum() > 0:
            continue
        fitted = clone(model).fit(X[train], y[train], exposure=exposure[train])
        mu[test] = exposure[test] * fitted.predict(X[test])
        constant[test] = exposure[test] * (y[train].sum() / exposure[train].sum())
    return mu, constant


def scaled_prior(prior: Floats, y: Floats, exposure: Floats, fold: Ints) -> Floats:
    """Level (a)'s counts per cell, its total fitted on the other folds."""
    mu = np.zeros(y.size)
    for k in np.unique(fold):
        test, train = fold == k, fold != k
        expected = (exposure * prior)[train].sum()
        mu[test] = (exposure * prior)[test] * (y[train].sum() / expected if expected > 0 else 0.0)
    return mu


def cross_validate(
    model: Any,
    X: pd.DataFrame,
    y: Floats,
    *,
    cells: gpd.GeoDataFrame,
    exposure: Floats | None = None,
    unit: Ints | None = None,
    number: int = 5,
    block_m: float = 3200.0,
    schemes: Sequence[str] = ("random cells", "km blocks", "districts"),
    seed: int = 0,
    return_predictions: bool = False,
) -> Any:
    """Held-out deviance explained, by blocks and by random cells, beside each other.

    Parameters
    ----------
    model
        A :class:`planner.demand.levels.model.DemandModel` or the like (``fit(X, y, exposure=)``, ``predict``).
    X, y, exposure
        As in its ``fit``; ``X`` may hold the column ``prior`` (level (a)).
    cells
        Rows as in ``X``: their place and district.
    unit
        Scores compare sums over these units (see ``Surveyed``); None: cells.
    number
        Folds; districts are withheld one by one.

    Returns
    -------
    DataFrame
        Per scheme: ``folds``, ``against_constant`` and ``against_weights`` (deviance explained against a
        constant rate and against level (a); NaN without prior), ``correlation`` of sums over 1.6 km blocks.
        ``attrs["note"]`` says why the schemes differ. With ``return_predictions`` also the held-out counts
        per cell, by scheme.
    """
    y = np.asarray(y, float)
    shares = np.ones(y.size) if exposure is None else np.asarray(exposure, float)
    units = np.arange(y.size) if unit is None else np.asarray(unit)
    rows, kept = [], {}
    for scheme in schemes:
        fold = _folds_of(scheme, cells, y, units, number, block_m, seed)
        if fold is None:
            continue
        mu, constant = held_out(model, X, y, shares, fold)
        kept[scheme] = mu
        seen = shares > 0
        y_u, mu_u, constant_u = (_sums(units[seen], v[seen]) for v in (y, mu, constant))
        against = np.nan
        if "prior" in X.columns:
            prior = scaled_prior(X["prior"].to_numpy(float), y, shares, fold)
            against = deviance_explained(y_u, mu_u, _sums(units[seen], prior[seen]))
        rows.append(
            {
                "scheme": scheme,
                "folds": int(np.unique(fold).size),
                "against_constant": deviance_explained(y_u, mu_u, constant_u),
                "against_weights": against,
                "correlation": _correlation(y, mu, cells),
            }
        )
    table = pd.DataFrame(rows).set_index("scheme")
    table.attrs["note"] = NOTE
    return (table, kept) if return_predictions else table


def _sums(units: Ints, values: Floats) -> Floats:
    return np.bincount(units, values).astype(float)


def foretell(
    cells: gpd.GeoDataFrame,
    covariates: pd.DataFrame,
    *,
    target: str = "restaurants",
    block_m: float = 1600.0,
    number: int = 5,
    estimator: Any = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Foretell venues of one kind from the other covariates, in places withheld.

    A test on real data where nobody has counted workers: venues are places of work whose true map is known.
    The kind is taken out of the covariates, its counts are withheld block by block and foretold from the
    rest, beside two baselines fitted on the same folds.

    Returns
    -------
    DataFrame
        Per scheme (``random cells``, ``km blocks``): ``venues``, deviance explained ``against_constant`` and
        ``against_population`` (a model of residents alone), ``population_against_constant``, and the
        ``correlation`` of sums over 1.6 km blocks.
    """
    from planner.demand.levels.model import DemandModel

    y = covariates[target].round().to_numpy(float)
    rest = covariates.drop(columns=target)
    rest = rest.loc[:, rest.max() > rest.min()]
    ones = np.ones(y.size)
    rows = []
    for scheme in ("random cells", "km blocks"):
        fold = _folds_of(scheme, cells, y, np.arange(y.size), number, block_m, seed)
        if fold is None:
            continue
        mu, constant = held_out(DemandModel(estimator=estimator), rest, y, ones, fold)
        people, _ = held_out(DemandModel(), rest[["population"]], y, ones, fold)
        rows.append(
            {
                "scheme": scheme,
                "venues": int(y.sum()),
                "against_constant": deviance_explained(y, mu, constant),
                "against_population": deviance_explained(y, mu, people),
                "population_against_constant": deviance_explained(y, people, constant),
                "correlation": _correlation(y, mu, cells),
            }
        )
    table = pd.DataFrame(rows).set_index("scheme")
    table.attrs["note"] = NOTE
    return table


def _folds_of(
    scheme: str,
    cells: gpd.GeoDataFrame,
    y: Floats,
    units: Ints,
    number: int,
    block_m: float,
    seed: int,
) -> Ints | None:
    """The folds of a scheme; None where there are too few blocks to withhold any."""
    if scheme == "random cells":
        block = np.unique(units, return_inverse=True)[1]
        fold = np.random.default_rng(seed).integers(0, number, int(block.max()) + 1)
        return np.asarray(fold[block])
    if scheme == "districts":
        block = blocks(cells, by="district")
        return block if block.max() > 0 else None
    block = blocks(cells, by="km", block_m=block_m)
    if block.max() < 1:
        return None
    return folds(block, min(number, int(block.max()) + 1), seed, weight=y)


def _correlation(y: Floats, mu: Floats, cells: gpd.GeoDataFrame) -> float:
    block = blocks(cells, by="km", block_m=1600.0)
    a, b = np.bincount(block, y), np.bincount(block, mu)
    if a.size < 3 or a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
