"""Worker density for the page: cells on a regular grid, packed, with class breaks a reader can say aloud.

The grid lives in the study's CRS; the browser needs it in Web Mercator. Between the two stands one
cubic polynomial each way, fitted here and checked: over a prefecture its error stays far below a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.errors import PlannerError
from planner.publish.page.pack import Island

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from planner.siting.coverage import Coverage

__all__ = ["GridCells", "cells_part", "grid_cells", "mercator", "nice_breaks"]

#: Largest error of the fitted map, as a share of a cell's side.
_FIT_LIMIT = 0.05


def mercator(lng: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Web Mercator in units of the whole world, y downwards (n × 2): 0,0 is the north-west corner."""
    y = 0.5 - np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / (2 * np.pi)
    return np.column_stack([(lng + 180) / 360, y])


def nice_breaks(values: NDArray[np.float64], *, classes: int = 6) -> list[float]:
    """Class breaks from the series 1-2-5 that spread the positive values over about ``classes`` classes.

    Returns the inner breaks, ascending; a value v is in class ``sum(v >= breaks)``. About a tenth of all
    workers are in cells below the least break and a tenth above the largest, so that the ramp is spent
    on where workers are.

    Examples
    --------
    >>> nice_breaks(np.geomspace(0.1, 1000, 500))
    [100.0, 200.0, 500.0, 1000.0]
    """
    positive = values[values > 0]
    if not len(positive) or classes < 2:
        return []
    ordered = np.sort(positive)
    below = np.cumsum(ordered) / ordered.sum()
    low, high = (float(ordered[np.searchsorted(below, share)]) for share in (0.1, 0.9))
    first, last = int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1
    series = np.array([m * 10.0**e for e in range(first, last + 1) for m in (1, 2, 5)])
    wanted = np.geomspace(low, high, classes - 1)
    nearest = {float(series[np.argmin(np.abs(np.log(series / w)))]) for w in wanted}
    return sorted(round(b, 6) for b in nearest)


def _terms(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Monomials up to degree 3 (n × 10), in the order that the page's script evaluates."""
    return np.column_stack([u**i * v**j for i in range(4) for j in range(4 - i)])


def _fit(source: NDArray[np.float64], target: NDArray[np.float64]) -> dict[str, list[float]]:
    """Cubic polynomial from ``source`` to ``target`` (both n × 2), on source coordinates scaled to ±1."""
    centre = (source.max(0) + source.min(0)) / 2
    half = np.maximum((source.max(0) - source.min(0)) / 2, 1e-12)
    a = _terms(*((source - centre) / half).T)
    x, y = (np.linalg.lstsq(a, target[:, k], rcond=None)[0].tolist() for k in (0, 1))
    return {"centre": centre.tolist(), "half": half.tolist(), "x": x, "y": y}


def _apply(fit: dict[str, list[float]], source: NDArray[np.float64]) -> NDArray[np.float64]:
    a = _terms(*((source - np.array(fit["centre"])) / np.array(fit["half"])).T)
    return np.column_stack([a @ np.array(fit["x"]), a @ np.array(fit["y"])])


def _maps(
    origin: NDArray[np.float64], cell_m: float, shape: tuple[int, int], crs: Any
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Grid lattice (column, row) → Web Mercator, and back.

    Raises
    ------
    PlannerError
        The area is so large that a cubic no longer follows the projection.
    """
    import geopandas as gpd

    columns, rows = shape
    lattice = np.array(
        [(c, r) for c in np.linspace(0, columns, 15) for r in np.linspace(0, rows, 15)], dtype=float
    )
    metric = origin + lattice * cell_m
    degrees = gpd.GeoSeries.from_xy(metric[:, 0], metric[:, 1], crs=crs).to_crs(4326)
    world = mercator(degrees.x.to_numpy(), degrees.y.to_numpy())
    there, back = _fit(lattice, world), _fit(world, lattice)
    there_and_back = _apply(back, _apply(there, lattice))
    cell = np.hypot(*(world.max(0) - world.min(0))) / np.hypot(columns, rows)
    worst = max(
        float(np.abs(_apply(there, lattice) - world).max() / cell),
        float(np.abs(there_and_back - lattice).max()),
    )
    if worst > _FIT_LIMIT:
        raise PlannerError(f"the page's density grid would be misplaced by {worst:.2f} of a cell")
    return there, back


def _grid(demand: gpd.GeoDataFrame, cell_m: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Origin of the grid that the whole cells stand on, and column and row of every cell (n × 2)."""
    bounds = demand.geometry.bounds.to_numpy()
    size = np.column_stack([bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]])
    whole = (np.abs(size - cell_m) < 0.01 * cell_m).all(axis=1)
    corner = bounds[whole][0, :2] if whole.any() else bounds[0, :2]
    centre = (bounds[:, :2] + bounds[:, 2:]) / 2
    index = np.floor((centre - corner) / cell_m + 1e-9).astype(np.int64)
    return corner + index.min(0) * cell_m, index - index.min(0)


@dataclass(frozen=True, eq=False)
class GridCells:
    """The grid's cells that have workers.

    ``held``: rows of the demand table that have workers; ``key``: of each of these its place in the grid (row × columns +
    column); ``keys``: the places, ascending: the order in which the page numbers its cells.
    """

    origin: NDArray[np.float64]
    columns: int
    rows: int
    held: NDArray[np.int64]
    key: NDArray[np.int64]
    keys: NDArray[np.int64]


def grid_cells(demand: gpd.GeoDataFrame, cell_m: float) -> GridCells | None:
    """The cells of the demand table that have workers, on one grid; None where there are none."""
    held = np.flatnonzero(demand["workers"].to_numpy(dtype=float) > 0)
    if not len(held):
        return None
    origin, index = _grid(demand.iloc[held], cell_m)
    columns, rows = (int(v) for v in index.max(0) + 1)
    key = index[:, 1] * columns + index[:, 0]
    return GridCells(origin, columns, rows, held, key, np.unique(key))


def cells_part(
    demand: gpd.GeoDataFrame,
    before: Coverage,
    after: Coverage,
    *,
    cell_m: float,
    island: Island,
    counted: bool = False,
) -> dict[str, Any] | None:
    """Pack the cells that have workers; None where there are none.

    Cells cut by a district's border share a place in the grid: their workers are added. ``counted``: the page counts them
    from its board, only the places are told.

    Returns
    -------
    dict
        ``key`` (row × columns + column, ascending, as differences), ``workers`` (times ``per``), ``now`` and ``then`` (per
        mille of them covered today and with the new sites, opening hours counted), ``breaks``, the maps of :func:`_maps`.
    """
    import pandas as pd

    grid = grid_cells(demand, cell_m)
    if grid is None:
        return None
    some, held = demand.iloc[grid.held], demand.index[grid.held]
    covered = [
        c.cells["covered"].reindex(held, fill_value=0.0).to_numpy(dtype=float) for c in (before, after)
    ]
    table = pd.DataFrame(
        {
            "key": grid.key,
            "workers": some["workers"].to_numpy(dtype=float),
            "now": covered[0],
            "then": covered[1],
        }
    )
    cells = table.groupby("key", sort=True).sum()
    workers = cells["workers"].to_numpy(dtype=float)
    there, back = _maps(grid.origin, cell_m, (grid.columns, grid.rows), demand.crs)
    part: dict[str, Any] = {
        "columns": grid.columns,
        "rows": grid.rows,
        "cell_m": cell_m,
        "key": island.integers(cells.index.to_numpy(), delta=True),
        "breaks": nice_breaks(workers),
        "there": there,
        "back": back,
    }
    if counted:
        return part
    # thousandths, finer where cells are emptier, so that the cells add up to the headline
    per = 10 ** (3 + max(0, round(-np.log10(workers.mean()))))
    now, then = (island.integers(np.rint(1000 * cells[c] / workers)) for c in ("now", "then"))
    packed = island.integers(np.maximum(np.rint(workers * per), 1))
    return {**part, "workers": packed, "per": per, "now": now, "then": then}
