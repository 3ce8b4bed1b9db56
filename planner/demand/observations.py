"""Counts and samples of workers, aggregated on reading: nothing finer than a cell is ever kept.

Points (orders, GPS fixes, visits) or counts (at stations, at street corners) become sums over cells; the
points themselves are not stored. A sum under ``min_observed`` is merged with its neighbours into a larger
unit until it is large enough, or suppressed: every map made from observations is made from these units.
The cells' own sums serve only to estimate coefficients and bandwidths, are not shown and not written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.checks import ABSURD
from planner.demand.grid import Floats, Grid, Ints, grid_of
from planner.demand.points import in_water
from planner.errors import Finding, finding
from planner.inputs.observations import read_observations
from planner.settings.demand import Demand
from planner.settings.inputs import Table

#: observations that name no group: they stand for all headline groups together
ANY_GROUP = "*"
#: a unit is at most 2**MAX_LEVEL cells wide
MAX_LEVEL = 4


@dataclass(frozen=True)
class Surveyed:
    """What was seen of one group.

    Attributes
    ----------
    unit
        On the cells' index: the number of the unit each cell belongs to, -1 where nobody looked.
    count
        Workers seen per unit; 0 or at least ``min_observed``.
    share
        Share of the workers that the survey sees, or None if unknown (then only ratios count).
    min_observed
        Smallest count shown.
    sums
        Workers seen per cell, NaN where nobody looked; for coefficients only (see the module).
    """

    unit: pd.Series
    count: Floats
    share: float | None
    min_observed: int
    sums: pd.Series = field(repr=False)

    @property
    def total(self) -> float:
        """Workers seen."""
        return float(self.sums.sum())

    @property
    def exposure(self) -> Floats:
        """Share of its workers that the survey sees, per cell: 0 where nobody looked, 1 if it is unknown."""
        return np.where(self.sums.isna(), 0.0, self.share or 1.0)

    def on(self, cells: gpd.GeoDataFrame) -> Surveyed:
        """The same survey on some of the cells; units are made again there."""
        return surveyed_of(
            self.sums.reindex(cells.index), grid_of(cells), share=self.share, min_observed=self.min_observed
        )[0]


@dataclass(frozen=True)
class Observations:
    """Observed workers by group (:data:`ANY_GROUP` where none was named)."""

    groups: Mapping[str, Surveyed]

    def __repr__(self) -> str:
        parts = [
            f"{name}: {s.total:,.0f} workers in {int((s.count > 0).sum()):,} units"
            for name, s in self.groups.items()
        ]
        return "Observations(" + "; ".join(parts) + ")"


def aggregate(
    records: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    *,
    groups: Sequence[str] = (),
    share: float | None = None,
    surveyed: Any = None,
    min_observed: int = 3,
    water: gpd.GeoDataFrame | None = None,
    residents: pd.Series | None = None,
    seen_here_only: bool = False,
) -> tuple[Observations, list[Finding]]:
    """Sum observations over cells and hide small numbers.

    Parameters
    ----------
    records
        Points in the cells' CRS; columns ``count`` (1 where absent) and ``group`` (optional).
    cells
        From :func:`planner.demand.cells.make_cells`.
    groups
        Names of the study's groups; records of others are not used. Empty: all are.
    share
        Share of the workers that the sample holds (0.05: one in twenty); None if unknown.
    surveyed
        Polygon in which the survey looked: cells there without a record count as zero. None: everywhere.
    min_observed
        Smallest count that may be kept as it is.
    water
        Polygons; records in them are not used.
    residents
        Residents per cell, on the cells' index, for the plausibility test.
    seen_here_only
        True for counts at places: cells without a record were not looked at, rather than empty.

    Returns
    -------
    observations, findings
        DEM-002, 003, 007, 008, 012, 016, 017.
    """
    grid = grid_of(cells)
    found: list[Finding] = []
    x, y, count, group = _fields(records, found)
    cell = grid.locate(x, y)
    wet = in_water(x, y, water)
    if "land_share" in cells:
        wet |= (cell >= 0) & (cells["land_share"].to_numpy()[cell] <= 0)
    for code, lost in (("DEM-007", cell < 0), ("DEM-008", (cell >= 0) & wet)):
        if lost.any():
            found.append(finding(code, source="observations", n=int(lost.sum()), total=len(records)))
    strange = sorted(set(group) - set(groups) - {ANY_GROUP}) if groups else []
    if strange:
        found.append(finding("DEM-016", source="observations", field="group", value=", ".join(strange)))
    use = (cell >= 0) & ~wet & np.isfinite(count) & (count >= 0) & ~np.isin(group, strange)
    looked = _looked(grid, surveyed)
    result = {}
    for name in sorted(set(group[use])):
        mine = use & (group == name)
        sums = np.bincount(cell[mine], count[mine], len(grid)).astype(float)
        met = np.isin(np.arange(len(grid)), cell[mine])
        here = met if seen_here_only else looked | met
        found += _absurd(sums, share, residents, name)
        series = pd.Series(np.where(here, sums, np.nan), index=cells.index, name=name)
        result[name], merged, hidden = surveyed_of(series, grid, share=share, min_observed=min_observed)
        if merged or hidden:
            found.append(
                finding("DEM-012", source="observations", field=name, group=name, limit=min_observed,
                        merged=merged, n=f"{hidden:g}")
            )  # fmt: skip
    return Observations(result), found


def _fields(
    records: gpd.GeoDataFrame, found: list[Finding]
) -> tuple[Floats, Floats, Floats, NDArray[np.object_]]:
    """Coordinates, counts and groups; DEM-002 and DEM-017 for counts that cannot be."""
    points = records.geometry.to_numpy()
    missing = shapely.is_missing(points) | shapely.is_empty(points)
    x, y = np.full(len(points), np.nan), np.full(len(points), np.nan)
    x[~missing], y[~missing] = shapely.get_x(points[~missing]), shapely.get_y(points[~missing])
    count = np.ones(len(points))
    if "count" in records.columns:
        count = pd.to_numeric(records["count"], errors="coerce").to_numpy(float)
        if (~np.isfinite(count)).any():
            n = int((~np.isfinite(count)).sum())
            found.append(finding("DEM-017", source="observations", field="count", value="count", n=n))
        if (count < 0).any():
            worst = f"{np.nanmin(count):g}"
            n = int((count < 0).sum())
            found.append(finding("DEM-002", source="observations", field="count", value=worst, n=n))
    group = np.full(len(points), ANY_GROUP, dtype=object)
    if "group" in records.columns:
        group = records["group"].fillna(ANY_GROUP).astype(str).to_numpy(object)
    return x, y, count, group


def _looked(grid: Grid, surveyed: Any) -> NDArray[np.bool_]:
    if surveyed is None:
        return np.ones(len(grid), bool)
    return np.asarray(shapely.contains_xy(surveyed, grid.x_m, grid.y_m))


def _absurd(sums: Floats, share: float | None, residents: pd.Series | None, name: str) -> list[Finding]:
    """DEM-003: cells with more workers than residents × 50."""
    if residents is None:
        return []
    many = sums / (share or 1.0)
    over = many > ABSURD * np.maximum(residents.to_numpy(float), 1)
    if not over.any():
        return []
    return [
        finding("DEM-003", source="observations", field=name, value=f"{many[over].max():g}",
                n=int(over.sum()), limit=f"{ABSURD:g}")
    ]  # fmt: skip


def surveyed_of(
    sums: pd.Series, grid: Grid, *, share: float | None, min_observed: int
) -> tuple[Surveyed, int, float]:
    """A survey from its sums per cell (NaN: not looked at); also cells merged and workers suppressed."""
    values = sums.to_numpy(float)
    seen = np.isfinite(values)
    held = np.where(seen, values, 0.0)
    unit, merged, lost = merge_small(held, seen, grid, min_observed)
    known = unit >= 0
    count = np.bincount(unit[known], held[known]).astype(float)
    numbers = pd.Series(unit, index=sums.index, name="unit")
    return Surveyed(numbers, count, share, min_observed, sums), merged, lost


def merge_small(
    sums: Floats, seen: NDArray[np.bool_], grid: Grid, min_observed: int, *, max_level: int = MAX_LEVEL
) -> tuple[Ints, int, float]:
    """Units such that each holds nobody or at least ``min_observed``, built upwards over a quadtree.

    Cells with enough stand alone. What is left of a block of 2 × 2, 4 × 4 … cells, empty cells and small
    counts together, becomes one unit at the first size at which it holds enough. The rests of the largest
    blocks that hold nobody are units of nobody; those that hold too few are one unit together, or, where
    even that holds too few, count as not looked at.

    Returns
    -------
    unit, merged, lost
        Unit of each cell (-1: not looked at, or suppressed), cells with small counts that were merged, and
        workers suppressed.
    """
    unit = np.full(len(grid), -1, np.int64)
    pending, offset = seen.copy(), 0
    for level in range(max_level + 1):
        block = _block(grid, level)
        held = np.bincount(block[pending], sums[pending], int(block.max(initial=-1)) + 1)
        enough = held >= min_observed
        if level == max_level:
            enough |= held == 0
        ready = pending & enough[block]
        ids, inverse = np.unique(block[ready], return_inverse=True)
        unit[ready] = inverse + offset
        offset += ids.size
        pending &= ~ready
    if pending.any() and sums[pending].sum() >= min_observed:
        unit[pending] = offset
        pending[:] = False
    lost = float(sums[pending].sum())
    merged = int(((sums > 0) & (sums < min_observed) & (unit >= 0)).sum())
    return unit, merged, lost


def _block(grid: Grid, level: int) -> Ints:
    """Number of the block of ``2**level`` cells that holds each cell; blocks of each level nest."""
    if not len(grid):
        return np.zeros(0, np.int64)
    return Grid(grid.cell_m * 2**level, grid.col >> level, grid.row >> level).flat()


def observe(
    table: Table | None,
    cells: gpd.GeoDataFrame,
    *,
    demand: Demand,
    groups: Sequence[str],
    water: gpd.GeoDataFrame | None = None,
    residents: pd.Series | None = None,
) -> tuple[Observations | None, list[Finding]]:
    """The observations of a study, read and summed over cells in one go; None where it has none.

    What is wrong with the file is told where it is judged (:func:`planner.inputs.load.load_inputs`);
    the findings here are :func:`aggregate`'s. ``residents`` (per cell, on the cells' index) serves the
    test for absurd counts.
    """
    if table is None:
        return None, []
    records, _ = read_observations(table, crs=cells.crs)
    if not len(records):
        return None, []
    return aggregate(
        records, cells, groups=groups, share=demand.observed_share, min_observed=demand.min_observed,
        water=water, residents=residents, seen_here_only=demand.observed_at_places,
    )  # fmt: skip
