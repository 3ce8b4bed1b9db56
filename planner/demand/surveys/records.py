"""Records of a survey as arrays: where, how many, of which group, with which chance of being seen."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.grid import Floats, Grid, Ints
from planner.errors import Finding, finding

#: observations that name no group: they stand for all headline groups together
ANY_GROUP = "*"
#: a record weighs at most this many times the median record, however small its sampling share (Potter 1990)
MOST_WEIGHT = 10.0
#: what a row adds to both sides when the shares of a cell's rows are averaged, so that rows of nobody count
HALF = 0.5
#: neighbours with a known share that speak for a cell without one
NEIGHBOURS = 8


@dataclass(frozen=True)
class Sightings:
    """Records as columns of one length.

    Attributes
    ----------
    x, y
        Metres in the study's CRS, NaN where a record has no place.
    count
        Workers, NaN where it is not a number.
    group
        Name of the group, :data:`ANY_GROUP` where none was named.
    share
        Share of the workers present that the record's set could have seen there (0 to 1], NaN where the file
        says nothing; None if it has no such column.
    worker
        A number per worker, -1 where unknown; None if the file has no such column.
    row
        Rows as the file's user counts them.
    bad
        Records whose share cannot be.
    """

    x: Floats
    y: Floats
    count: Floats
    group: NDArray[np.object_]
    share: Floats | None
    worker: Ints | None
    row: Ints
    bad: NDArray[np.bool_]


def sightings(records: gpd.GeoDataFrame, source: str, found: list[Finding]) -> Sightings:
    """The records' columns, read and judged: DEM-002, DEM-017 and SUR-005 join the findings."""
    points = records.geometry.to_numpy()
    missing = shapely.is_missing(points) | shapely.is_empty(points)
    x, y = np.full(len(points), np.nan), np.full(len(points), np.nan)
    x[~missing], y[~missing] = shapely.get_x(points[~missing]), shapely.get_y(points[~missing])
    rows = records["row"].to_numpy(np.int64) if "row" in records.columns else np.arange(1, len(points) + 1)
    count = np.ones(len(points))
    if "count" in records.columns:
        count = pd.to_numeric(records["count"], errors="coerce").to_numpy(float)
        lost = ~np.isfinite(count)
        if lost.any():
            found.append(finding("DEM-017", source=source, row=rows[lost][0], field="count", value="count",
                                 n=int(lost.sum())))  # fmt: skip
        below = count < 0
        if below.any():
            found.append(finding("DEM-002", source=source, row=rows[below][0], field="count",
                                 value=f"{np.nanmin(count):g}", n=int(below.sum())))  # fmt: skip
    group = np.full(len(points), ANY_GROUP, dtype=object)
    if "group" in records.columns:
        group = records["group"].fillna(ANY_GROUP).astype(str).to_numpy(object)
    share, bad = _shares(records, rows, source, found)
    return Sightings(x, y, count, group, share, _workers(records), rows, bad)


def _shares(
    records: gpd.GeoDataFrame, rows: Ints, source: str, found: list[Finding]
) -> tuple[Floats | None, NDArray[np.bool_]]:
    """Sampling shares (5% is 0.05), NaN where blank; and which cannot be (SUR-005)."""
    bad = np.zeros(len(records), bool)
    if "sampling_share" not in records.columns:
        return None, bad
    given = records["sampling_share"]
    text = given.astype(object).where(given.notna(), "").astype(str).str.strip().str.replace("％", "%")
    percent = text.str.endswith("%").to_numpy(bool)
    number = pd.to_numeric(text.str.rstrip("%"), errors="coerce").to_numpy(float)
    number = np.where(percent, number / 100, number)
    bad = (text != "").to_numpy(bool) & ~((number > 0) & (number <= 1))
    if bad.any():
        found.append(finding("SUR-005", source=source, row=rows[bad][0], field="sampling_share",
                             value=str(text.to_numpy()[bad][0]), n=int(bad.sum())))  # fmt: skip
    return np.where(bad, np.nan, number), bad


def _workers(records: gpd.GeoDataFrame) -> Ints | None:
    if "worker_id" not in records.columns:
        return None
    given = records["worker_id"]
    text = given.astype(object).where(given.notna(), "").astype(str).str.strip()
    return np.where(text == "", -1, pd.factorize(text)[0]).astype(np.int64)


def one_each(count: Floats, worker: Ints | None) -> Floats:
    """Counts in which each known worker's records sum to 1 (those of unknown workers stay as they are).

    Whatever cells a sum is then taken over, it is at most the number of different people seen there: a sum of
    ``min_observed`` holds at least as many.
    """
    if worker is None:
        return count
    known = worker >= 0
    sums = np.bincount(worker[known], count[known])
    weight = count.copy()
    total = sums[worker[known]]
    weight[known] = np.where(total > 0, count[known] / np.where(total > 0, total, 1.0), 0.0)
    return weight


def trimmed(share: Floats, row: Ints, source: str, found: list[Finding]) -> Floats:
    """Shares of which none weighs more than :data:`MOST_WEIGHT` times the median record (SUR-006)."""
    known = np.isfinite(share)
    if not known.any():
        return share
    least = float(np.median(share[known])) / MOST_WEIGHT
    low = known & (share < least)
    if low.any():
        found.append(finding("SUR-006", source=source, row=row[low][0], field="sampling_share",
                             value=f"{share[low].min():g}", n=int(low.sum()), least=f"{least:.3g}",
                             limit=f"{MOST_WEIGHT:g}"))  # fmt: skip
    return np.where(low, least, share)


def share_per_cell(
    grid: Grid, cell: Ints, weight: Floats, share: Floats, here: NDArray[np.bool_], rest: float | None
) -> Floats:
    """Share of the workers that the survey could see in each cell.

    The rows of a cell each speak for the workers at their own spot, so a cell's share is ``Σ n / Σ (n / share)``
    (Horvitz & Thompson 1952 for the cell's workers), every row with half a worker more than it counts.

    Parameters
    ----------
    grid
        The cells.
    cell, weight, share
        Cell, workers and share of each row; share NaN where unknown.
    here
        Cells the survey looked at.
    rest
        Share where no row says it; None: the harmonic mean of the nearest cells with one.

    Returns
    -------
    float64 array
        One share per cell, 0 where nobody looked.
    """
    if rest is not None:
        share = np.where(np.isfinite(share), share, rest)
    known = np.isfinite(share)
    n = np.bincount(cell[known], weight[known] + HALF, len(grid))
    people = np.bincount(cell[known], (weight[known] + HALF) / share[known], len(grid))
    told = people > 0
    out = np.where(told, n / np.where(told, people, 1.0), np.nan)
    blank = here & ~told
    if blank.any() and rest is not None:
        out[blank] = rest
    elif blank.any():
        out[blank] = _nearest(grid, told, blank, out)
    return np.where(here, out, 0.0)


def _nearest(grid: Grid, told: NDArray[np.bool_], blank: NDArray[np.bool_], share: Floats) -> Floats:
    from scipy.spatial import cKDTree

    if not told.any():
        return np.ones(int(blank.sum()))
    xy = np.column_stack([grid.x_m, grid.y_m])
    k = min(NEIGHBOURS, int(told.sum()))
    near = cKDTree(xy[told]).query(xy[blank], k=k)[1].reshape(-1, k)
    return np.asarray(1 / (1 / share[told][near]).mean(axis=1))
