"""Does the model foretell places it has not seen? Cross-validation by blocks of land, never by random cells.

Cells near each other are alike: a model tested on random cells is tested on the neighbours of what it
learned from, and scores too well. A withheld block of several kilometres is what a new district is
to a plan. Both scores are given, so that the difference can be seen. Blocks, and the strip around them that is
withheld from learning too, are measured in metres, so that a score does not hang on the size of a cell.
"""

# ruff: noqa: N803 - X, as scikit-learn calls it
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.grid import Floats, Ints, grid_of
from planner.demand.levels.model import deviance_explained, deviances

#: side of a withheld block in metres, in places large enough
BLOCK_M = 3200.0
#: cells within so many metres of a withheld block are not learnt from either
BUFFER_M = 1000.0
#: a place too small for this many blocks of :data:`BLOCK_M` has smaller ones; the strip shrinks with them
BLOCKS = 24
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


def fitting(cells: gpd.GeoDataFrame) -> tuple[float, float]:
    """Side of withheld blocks and width of the strip around them, in metres, for the cells looked at.

    :data:`BLOCK_M` and :data:`BUFFER_M`; where the cells' area makes fewer than :data:`BLOCKS` such blocks, the
    side that makes as many (at least two cells), and a strip narrower in proportion.
    """
    cell_m = grid_of(cells).cell_m
    side = min(BLOCK_M, max(cell_m * np.sqrt(len(cells) / BLOCKS), 2 * cell_m))
    return float(side), float(BUFFER_M * side / BLOCK_M)


def training(cells: gpd.GeoDataFrame, fold: Ints, buffer_m: float) -> NDArray[np.bool_]:
    """Per fold, the cells to learn from: neither in it nor within ``buffer_m`` of it (edge to edge).

    Returns
    -------
    bool array, folds × cells.
    """
    from scipy.spatial import cKDTree

    grid = grid_of(cells)
    xy = np.column_stack([grid.x_m, grid.y_m])
    names = np.unique(fold)
    learn = fold[None] != names[:, None]
    if buffer_m > 0:
        for row, k in zip(learn, names, strict=True):
            test = fold == k
            near = cKDTree(xy[test]).query(xy[row], distance_upper_bound=buffer_m + grid.cell_m)[0]
            row[row] = ~(near < buffer_m + grid.cell_m - 1e-6)
    return np.asarray(learn)


@dataclass(frozen=True)
class WithheldBlocks:
    """What was foretold of each cell by fits that did not learn from it.

    Attributes
    ----------
    fold, learn
        Fold of each cell; per fold the cells learnt from (folds × cells).
    rates
        Per fold, workers per cell foretold everywhere if all were seen (folds × cells).
    mu, constant, prior
        Counts foretold of each cell by the model, by a constant rate, and by level (a) with its total fitted.
    """

    fold: Ints
    learn: NDArray[np.bool_]
    rates: Floats
    mu: Floats
    constant: Floats
    prior: Floats


def withhold(
    model: Any, X: pd.DataFrame, y: Floats, exposure: Floats, fold: Ints, learn: NDArray[np.bool_]
) -> WithheldBlocks:
    """Fit once per fold to the cells ``learn`` allows and foretell the fold (level (a) is ``X["prior"]``)."""
    from sklearn.base import clone

    n = len(X)
    rates, mu, constant, prior = np.zeros((len(learn), n)), np.zeros(n), np.zeros(n), np.zeros(n)
    usual = X["prior"].to_numpy(float) if "prior" in X.columns else np.ones(n)
    for k, train in zip(np.unique(fold), range(len(learn)), strict=True):
        test, use = fold == k, learn[train]
        seen = float(y[use].sum())
        if not seen > 0:
            continue
        rates[train] = clone(model).fit(X[use], y[use], exposure=exposure[use]).predict(X)
        mu[test] = exposure[test] * rates[train][test]
        constant[test] = exposure[test] * (seen / exposure[use].sum())
        expected = float((exposure * usual)[use].sum())
        prior[test] = (exposure * usual)[test] * (seen / expected if expected > 0 else 0.0)
    return WithheldBlocks(fold, learn, rates, mu, constant, prior)


def held_out(
    model: Any,
    X: pd.DataFrame,
    y: Floats,
    exposure: Floats,
    fold: Ints,
) -> tuple[Floats, Floats]:
    """Predicted counts of each cell by a model that did not see its fold, and those of a constant rate."""
    learn = fold[None] != np.unique(fold)[:, None]
    made = withhold(model, X, y, exposure, fold, learn)
    return made.mu, made.constant


def gain(y: Floats, mu: Floats, baseline: Floats, block: Ints) -> tuple[float, float]:
    """Deviance explained against a baseline, and its standard error over blocks.

    The gain is a sum of one term per block, ``D(baseline) − D(mu)``; its standard error is that of a sum of as
    many independent terms, ``√(B / (B − 1) Σ (term − mean)²)``, on the same scale. Infinite with one block.
    """
    worst, ours = deviances(y, baseline), deviances(y, mu)
    each = np.bincount(block, worst - ours)[np.bincount(block) > 0]
    total, n = float(worst.sum()), each.size
    if n < 2 or not total > 0:
        return 0.0 if not total > 0 else float(each.sum() / total), float("inf")
    return float(each.sum() / total), float(np.sqrt(n / (n - 1) * ((each - each.mean()) ** 2).sum()) / total)


def cross_validate(
    model: Any,
    X: pd.DataFrame,
    y: Floats,
    *,
    cells: gpd.GeoDataFrame,
    exposure: Floats | None = None,
    unit: Ints | None = None,
    number: int = 5,
    block_m: float = BLOCK_M,
    buffer_m: float = BUFFER_M,
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
    block_m, buffer_m
        Side of a withheld block, and how far around blocks and districts nothing is learnt from, in metres.

    Returns
    -------
    DataFrame
        Per scheme: ``folds``, ``against_constant`` and ``against_weights`` (deviance explained against a
        constant rate and against level (a); NaN without prior), ``standard_error`` (of ``against_weights``, over
        blocks of ``block_m``), ``correlation`` of sums over 1.6 km blocks.
        ``attrs["note"]`` says why the schemes differ. With ``return_predictions`` also the held-out counts
        per cell, by scheme (:class:`WithheldBlocks`).
    """
    y = np.asarray(y, float)
    shares = np.ones(y.size) if exposure is None else np.asarray(exposure, float)
    units = np.arange(y.size) if unit is None else np.asarray(unit)
    rows, kept = [], {}
    for scheme in schemes:
        fold = _folds_of(scheme, cells, y, units, number, block_m, seed)
        if fold is None:
            continue
        learn = training(cells, fold, 0.0 if scheme == "random cells" else buffer_m)
        made = kept[scheme] = withhold(model, X, y, shares, fold, learn)
        rows.append(score(scheme, made, made.mu, y, shares, cells, units, block_m, "prior" in X.columns))
    table = pd.DataFrame(rows).set_index("scheme")
    table.attrs["note"] = NOTE
    return (table, kept) if return_predictions else table


def surely_better(scores: pd.DataFrame, scheme: str) -> bool:
    """Whether a scheme's gain over level (a) exceeds one standard error; False where it was not scored."""
    if scheme not in scores.index:
        return False
    return bool(scores.loc[scheme, "against_weights"] > scores.loc[scheme, "standard_error"])


def score(
    scheme: str,
    made: WithheldBlocks,
    mu: Floats,
    y: Floats,
    exposure: Floats,
    cells: gpd.GeoDataFrame,
    units: Ints,
    block_m: float,
    prior: bool = True,
) -> dict[str, Any]:
    """A row of :func:`cross_validate`'s table, for counts ``mu`` foretold under the folds of ``made``."""
    seen = exposure > 0
    number = np.unique(units[seen], return_inverse=True)[1]
    y_u, mu_u, constant_u, prior_u = (_sums(number, v[seen]) for v in (y, mu, made.constant, made.prior))
    block = np.zeros(y_u.size, np.int64)
    block[number] = blocks(cells, block_m=block_m)[seen]  # a unit lies in the block of its last cell
    against, se = gain(y_u, mu_u, prior_u, block) if prior else (np.nan, np.nan)
    return {
        "scheme": scheme,
        "folds": len(made.learn),
        "against_constant": deviance_explained(y_u, mu_u, constant_u),
        "against_weights": against,
        "standard_error": se,
        "correlation": _correlation(y, mu, cells),
    }


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
