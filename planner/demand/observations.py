"""Counts and samples of workers, aggregated on reading: nothing finer than a cell is ever kept.

Points (orders, GPS fixes, visits) or counts (at stations, at street corners) become sums over cells; the
points themselves are not stored. A sum under ``min_observed`` is merged with its neighbours into a larger
unit until it is large enough, or suppressed: every map made from observations is made from these units.
The cells' own sums serve only to estimate coefficients and bandwidths, are not shown and not written.
Where records name their workers (``worker_id``), a worker's records sum to one, so that every unit holds
``min_observed`` different people; no name is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.checks import ABSURD
from planner.demand.grid import Floats, Grid, Ints, grid_of
from planner.demand.points import in_water
from planner.demand.surveys.crowded import crowded
from planner.demand.surveys.records import ANY_GROUP, Sightings, one_each, share_per_cell, sightings, trimmed
from planner.errors import Finding, finding
from planner.inputs.observations import read_observations
from planner.settings.demand import Demand
from planner.settings.inputs import Table

#: a unit is at most 2**MAX_LEVEL cells wide
MAX_LEVEL = 4
#: cells without a sampling share, of those looked at, up to which the survey's share as a whole is known
MOSTLY = 0.05
#: fractions of a worker that are lost in adding them up
ROUNDING = 1e-6


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
    shares
        Share seen of each cell's workers (column ``sampling_share``), or None where one share holds for all.
    places
        Counts at chosen places, rather than a sample of all there are.
    """

    unit: pd.Series
    count: Floats
    share: float | None
    min_observed: int
    sums: pd.Series = field(repr=False)
    shares: pd.Series | None = field(default=None, repr=False)
    places: bool = False

    @property
    def total(self) -> float:
        """Workers seen."""
        return float(self.sums.sum())

    @property
    def exposure(self) -> Floats:
        """Share of its workers that the survey sees, per cell: 0 where nobody looked, 1 if it is unknown."""
        each: Any = (self.share or 1.0) if self.shares is None else self.shares.to_numpy(float)
        return np.where(self.sums.isna(), 0.0, each)

    def on(self, cells: gpd.GeoDataFrame) -> Surveyed:
        """The same survey on some of the cells; units are made again there."""
        shares = None if self.shares is None else self.shares.reindex(cells.index)
        return replace(self, shares=shares).holding(self.sums.reindex(cells.index), grid_of(cells))

    def holding(self, sums: pd.Series, grid: Grid) -> Surveyed:
        """The survey with other sums per cell; units are made again."""
        made = surveyed_of(sums, grid, share=self.share, min_observed=self.min_observed)[0]
        return replace(made, shares=self.shares, places=self.places)


@dataclass(frozen=True)
class Observations:
    """Observed workers by group (:data:`ANY_GROUP` where none was named), and the file they are from."""

    groups: Mapping[str, Surveyed]
    source: str = "observations"

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
    source: str = "observations",
) -> tuple[Observations, list[Finding]]:
    """Sum observations over cells and hide small numbers.

    Parameters
    ----------
    records
        Points in the cells' CRS; columns ``count`` (1 where absent) and, optional, ``group``,
        ``sampling_share`` (share of the workers present that the record's set could have seen there; sums are
        divided by it, a tiny one weighing at most :data:`~planner.demand.surveys.records.MOST_WEIGHT` times
        the median), ``worker_id`` (a worker's records sum to 1) and ``row``.
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
    source
        Name of the file, for the findings.

    Returns
    -------
    observations, findings
        DEM-002, 003, 007, 008, 012, 016, 017; SUR-001, 003, 005, 006, 009, 010.
    """
    grid = grid_of(cells)
    found: list[Finding] = []
    s = sightings(records, source, found)
    x, y, group = s.x, s.y, s.group
    cell = grid.locate(x, y)
    wet = in_water(x, y, water)
    if "land_share" in cells:
        wet |= (cell >= 0) & (cells["land_share"].to_numpy()[cell] <= 0)
    for code, lost in (("DEM-007", cell < 0), ("DEM-008", (cell >= 0) & wet)):
        if lost.any():
            found.append(
                finding(code, source=source, row=s.row[lost][0], n=int(lost.sum()), total=len(records))
            )
    strange = sorted(set(group) - set(groups) - {ANY_GROUP}) if groups else []
    if strange:
        first = s.row[np.isin(group, strange)][0]
        found.append(finding("DEM-016", source=source, row=first, field="group", value=", ".join(strange)))
    use = (cell >= 0) & ~wet & np.isfinite(s.count) & (s.count >= 0) & ~np.isin(group, strange) & ~s.bad
    if use.any():
        found += _people(s, use, min_observed, source)
    looked = _looked(grid, surveyed)
    result = {}
    for name in sorted(set(group[use])):
        mine = use & (group == name)
        met = np.isin(np.arange(len(grid)), cell[mine])
        here = met if seen_here_only else looked | met
        part = _summed(s, mine, cell, grid, here, share, source, found)
        found += _absurd(part.sums, part.exposure, residents, name, source)
        held = _set_aside(part, s, mine, cell, cells, name, source, found, places=seen_here_only)
        series = pd.Series(held, index=cells.index, name=name)
        made, merged, hidden = surveyed_of(series, grid, share=part.share, min_observed=min_observed)
        given = s.share is not None and bool(np.isfinite(s.share[mine]).any())
        shares = pd.Series(part.exposure, index=cells.index) if given else None
        result[name] = replace(made, shares=shares, places=seen_here_only)
        if merged or hidden:
            found.append(
                finding("DEM-012", source=source, field=name, group=name, limit=min_observed,
                        merged=merged, n=f"{hidden:g}")
            )  # fmt: skip
    return Observations(result, source), found


@dataclass(frozen=True)
class _Summed:
    """A group's records summed over cells: workers seen, share of them seen, the same over all cells."""

    sums: Floats
    exposure: Floats
    share: float | None


def _summed(
    s: Sightings,
    mine: NDArray[np.bool_],
    cell: Ints,
    grid: Grid,
    here: NDArray[np.bool_],
    share: float | None,
    source: str,
    found: list[Finding],
) -> _Summed:
    """Sum a group's records over cells; SUR-006 and SUR-010 on their sampling shares."""
    weight = one_each(s.count[mine], None if s.worker is None else s.worker[mine])
    sums = np.bincount(cell[mine], weight, len(grid)).astype(float)
    if s.share is None or not np.isfinite(s.share[mine]).any():
        return _Summed(sums, np.where(here, share or 1.0, 0.0), share)
    each = trimmed(s.share[mine], s.row[mine], source, found)
    exposure = share_per_cell(grid, cell[mine], weight, each, here, share)
    told = np.isin(np.arange(len(grid)), cell[mine][np.isfinite(each)])
    blank = int((here & ~told).sum())
    if blank and share is None:
        found.append(
            finding("SUR-010", source=source, field="sampling_share", n=blank, total=int(here.sum()))
        )
    people = float((sums[sums > 0] / exposure[sums > 0]).sum())
    known = (
        share is not None or blank <= MOSTLY * here.sum()
    )  # else nobody says that the survey saw everything
    return _Summed(sums, exposure, float(sums.sum()) / people if people > 0 and known else share)


def _people(s: Sightings, use: NDArray[np.bool_], min_observed: int, source: str) -> list[Finding]:
    """Whether small counts are counts of people: SUR-003 without ``worker_id``, SUR-009 where it is blank."""
    if s.worker is None:
        return [finding("SUR-003", source=source, field="worker_id", limit=min_observed)]
    blank = use & (s.worker < 0)
    if not blank.any():
        return []
    n, row = int(blank.sum()), s.row[blank][0]
    return [finding("SUR-009", source=source, row=row, field="worker_id", n=n, total=int(use.sum()))]


def _set_aside(
    part: _Summed,
    s: Sightings,
    mine: NDArray[np.bool_],
    cell: Ints,
    cells: gpd.GeoDataFrame,
    name: str,
    source: str,
    found: list[Finding],
    *,
    places: bool,
) -> Floats:
    """Sums per cell, NaN where nobody looked or one cell holds too much of the survey (SUR-001)."""
    held = np.where(part.exposure > 0, part.sums, np.nan)
    for k, much in zip(*crowded(part.sums, part.exposure, places=places), strict=True):
        rows = s.row[mine & (cell == k)]
        held[k] = np.nan
        found.append(
            finding("SUR-001", source=source, row=rows[0], field=f"{name} {cells['cell_id'].iloc[k]}",
                    value=f"{part.sums[k]:,.10g}", cell=cells["cell_id"].iloc[k], group=name,
                    share=f"{much:.0%}", rows=len(rows))
        )  # fmt: skip
    return held


def _looked(grid: Grid, surveyed: Any) -> NDArray[np.bool_]:
    if surveyed is None:
        return np.ones(len(grid), bool)
    return np.asarray(shapely.contains_xy(surveyed, grid.x_m, grid.y_m))


def _absurd(
    sums: Floats, exposure: Floats, residents: pd.Series | None, name: str, source: str
) -> list[Finding]:
    """DEM-003: cells with more workers than residents × 50."""
    if residents is None:
        return []
    many = sums / np.where(exposure > 0, exposure, 1.0)
    over = many > ABSURD * np.maximum(residents.to_numpy(float), 1)
    if not over.any():
        return []
    return [
        finding("DEM-003", source=source, field=name, value=f"{many[over].max():g}",
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
        enough = held >= min_observed - ROUNDING
        if level == max_level:
            enough |= held == 0
        ready = pending & enough[block]
        ids, inverse = np.unique(block[ready], return_inverse=True)
        unit[ready] = inverse + offset
        offset += ids.size
        pending &= ~ready
    if pending.any() and sums[pending].sum() >= min_observed - ROUNDING:
        unit[pending] = offset
        pending[:] = False
    lost = float(sums[pending].sum())
    merged = int(((sums > 0) & (sums < min_observed - ROUNDING) & (unit >= 0)).sum())
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
        source=Path(table.path).name,
    )  # fmt: skip
