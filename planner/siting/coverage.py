"""What is covered: workers with an open station within the cutoff, by radius, district, group and period.

``covered`` = Σ workers[point, group, period] over the demand points and periods in which at least one station
within the cutoff is open for at least half of the period (``Circle.open_share``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.demand.streets.standing import DemandPoints
from planner.siting.open_times import OpenTimes, TimeReading, Within, read_by_time

Array = NDArray[Any]


@dataclass(frozen=True)
class Access:
    """Who reaches what, for the groups that travel the same way.

    Attributes
    ----------
    groups
        Names of the groups.
    seconds
        csr_array (n_sites × n_cells), seconds from the cell's point to the site; stored = reached.
    cutoff_s
        Cutoff in seconds.
    metres_per_s
        Speed on foot, so that other radii can be read; None for modes that have no single speed.
    """

    groups: tuple[str, ...]
    seconds: sparse.csr_array
    cutoff_s: float
    metres_per_s: float | None = None

    def cutoff_for(self, radius_m: float) -> float:
        """Cutoff (s) of a reading in metres; modes without one speed keep their own cutoff.

        The metres that the cutoff itself comes to, in whole ones (667 of 666.7), are the cutoff: one number.
        """
        if self.metres_per_s is None or abs(radius_m - self.cutoff_s * self.metres_per_s) <= 0.5:
            return self.cutoff_s
        return radius_m / self.metres_per_s


@dataclass(frozen=True)
class Coverage:
    """Workers within reach of an open station.

    ``by_district`` [district, workers, covered, share, backup_share], ``by_group`` and
    ``by_period`` likewise; ``cells`` on the demand index: workers, covered (workers), stations (within
    the cutoff at any hour), nearest_m, and as other states have it covered_twice (by two or more), covered_any_hour,
    covered_night and workers_night, ``covered_500m`` …,
    ``workers_in_{period}`` and ``covered_in_{period}`` (workers); ``readings``: other ways to read the same thing (shares);
    ``by_time``: the same by quarter-hours, with its columns in ``cells`` (:func:`read_by_time`), where the hours are known.
    """

    workers: float
    covered: float
    share: float
    share_backup: float
    by_radius_m: dict[str, float]
    by_district: pd.DataFrame
    by_group: pd.DataFrame
    by_period: pd.DataFrame
    readings: dict[str, float]
    cells: pd.DataFrame
    by_time: TimeReading | None = None

    def __repr__(self) -> str:
        return (
            f"Coverage({self.covered:,.0f} of {self.workers:,.0f} workers, {self.share:.1%}; "
            f"by two or more stations {self.share_backup:.1%})"
        )

    def _repr_html_(self) -> str:
        table = self.by_district.to_html(index=False, float_format=lambda v: f"{v:,.3f}", escape=True)
        return f"<p>{escape(repr(self))}</p>{table}"


def worker_cube(demand: pd.DataFrame, groups: Sequence[str], periods: Sequence[str]) -> Array:
    """Workers as float64 [n_groups, n_cells, n_periods] from the columns ``{group}__{period}``."""
    if not groups:
        return np.zeros((0, len(demand), len(periods)))
    columns = [f"{g}__{t}" for g in groups for t in periods]
    flat = demand[columns].to_numpy(dtype=float)
    return np.moveaxis(flat.reshape(len(demand), len(groups), len(periods)), 1, 0)


def stations_in_reach(seconds: sparse.csr_array, cutoff_s: float, is_open: Array) -> Array:
    """Number of open sites within the cutoff, per cell and period.

    Parameters
    ----------
    seconds
        csr (n_sites × n_cells); a stored 0 s counts as reached.
    cutoff_s
        Inclusive cutoff.
    is_open
        bool (n_sites × n_periods).
    """
    near = sparse.csr_array(
        ((seconds.data <= cutoff_s).astype(np.float32), seconds.indices, seconds.indptr), shape=seconds.shape
    )
    return np.rint(near.T @ is_open.astype(np.float32)).astype(np.int32)


def nearest_seconds(seconds: sparse.csr_array) -> Array:
    """Least stored seconds per column (n_cells); NaN where no site reaches."""
    least = np.full(seconds.shape[1], np.inf)
    np.minimum.at(least, seconds.indices, seconds.data)
    return np.where(np.isfinite(least), least, np.nan)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


def _by(label: str, names: Sequence[str], workers: Array, covered: Array, backup: Array) -> pd.DataFrame:
    safe = np.where(workers > 0, workers, np.inf)
    return pd.DataFrame(
        {
            label: list(names),
            "workers": workers,
            "covered": covered,
            "share": covered / safe,
            "backup_share": backup / safe,
        }
    )


@dataclass(frozen=True)
class _Spots:
    """Where coverage is looked at: the rows of the demand table, or those demand points that reach any site.

    ``at``: positions of the points; None: the rows themselves.
    """

    demand: pd.DataFrame
    points: DemandPoints | None
    at: Array | None

    @classmethod
    def of(cls, demand: pd.DataFrame, points: DemandPoints | None, access: Sequence[Access]) -> _Spots:
        if points is None:
            return cls(demand, None, None)
        met = np.zeros(len(points), dtype=bool)
        for part in access:
            met[part.seconds.indices] = True
        return cls(demand, points, np.flatnonzero(met))

    def near(self, access: Sequence[Access]) -> list[Access]:
        """The access with only the columns that are looked at."""
        at = self.at
        return list(access) if at is None else [replace(a, seconds=a.seconds[:, at]) for a in access]

    def cube(self, groups: Sequence[str], periods: Sequence[str]) -> Array:
        """Workers [n_groups, n_spots, n_periods]."""
        if self.points is None:
            return worker_cube(self.demand, groups, periods)
        return self.points.cube(groups, periods, self.at)

    def fold(self, values: Array) -> Array:
        """Values of spots summed over the rows of the demand table (the first axis)."""
        if self.points is None or self.at is None:
            return values
        cell, n = self.points.cell[self.at], len(self.demand)
        if values.ndim == 1:
            return np.bincount(cell, values, n)
        return np.column_stack([np.bincount(cell, v, n) for v in values.T])

    def typical(self, values: Array, absent: float) -> Array:
        """The value at the typical point of each row; ``absent`` where that point reaches no site."""
        if self.points is None or self.at is None:
            return values
        every = np.full(len(self.points), absent, dtype=values.dtype)
        every[self.at] = values
        return every[self.points.typical]


def measure_coverage(
    demand: gpd.GeoDataFrame,
    access: Sequence[Access],
    open_share: Array,
    *,
    points: DemandPoints | None = None,
    periods: Sequence[str],
    night: Sequence[str] = ("22_06",),
    readings_m: Sequence[float] = (500, 667, 833),
    need_open: float = 0.5,
    districts: Sequence[str] | None = None,
    times: OpenTimes | None = None,
) -> Coverage:
    """Measure coverage by the sites of ``access`` (rows in the order of ``open_share``).

    Parameters
    ----------
    demand
        The demand table (n_cells).
    access
        One entry per way of travelling; together their groups are the headline's.
    open_share
        float (n_sites × n_periods): share of each period that the site is open.
    points
        The demand points that the table sums: the columns of ``access`` are these, and a cell is covered in part.
        None: they are the rows of ``demand``.
    night
        Periods read as night in ``readings["night"]``.
    need_open
        A site serves a period when it is open for at least this share of it.
    districts
        Order of the districts in ``by_district``; as they come when None.
    times
        When the sites are open by quarter-hours: then the coverage is read so too (``by_time``).
    """
    is_open = open_share >= need_open
    n_cells, n_periods = len(demand), len(periods)
    spots = _Spots.of(demand, points, access)
    access = spots.near(access)
    workers = np.zeros((n_cells, n_periods))
    once, twice = np.zeros_like(workers), np.zeros_like(workers)
    groups: list[tuple[str, float, float, float]] = []
    totals: list[Array] = []  # workers per spot and period, per way of travelling
    within: list[Within] = []
    for part in access:
        cube = spots.cube(part.groups, periods)
        total, count = cube.sum(axis=0), stations_in_reach(part.seconds, part.cutoff_s, is_open)
        whole = worker_cube(demand, part.groups, periods) if points is not None else cube
        totals.append(total)
        if times is not None:
            within.append(Within.of(part.groups, part.seconds, part.cutoff_s, cube))
        workers += whole.sum(axis=0)
        once += spots.fold(total * (count >= 1))
        twice += spots.fold(total * (count >= 2))
        for name, own, every in zip(part.groups, cube, whole, strict=True):
            groups.append((name, every.sum(), (own * (count >= 1)).sum(), (own * (count >= 2)).sum()))
    found = _coverage(
        demand, spots, access, totals, (workers, once, twice), groups, is_open, periods=periods, night=night,
        readings_m=readings_m, districts=districts,
    )  # fmt: skip
    if times is None:
        return found
    reading, columns = read_by_time(
        within, times, spots.fold, workers=workers, by_group=found.by_group, periods=periods, district=demand["district"],
        districts=list(found.by_district["district"]),
    )  # fmt: skip
    return replace(found, cells=found.cells.assign(**columns), by_time=reading)


def _coverage(
    demand: gpd.GeoDataFrame, spots: _Spots, access: Sequence[Access], totals: Sequence[Array],
    cells: tuple[Array, Array, Array], groups: Sequence[tuple[str, float, float, float]], is_open: Array, *,
    periods: Sequence[str], night: Sequence[str], readings_m: Sequence[float], districts: Sequence[str] | None,
) -> Coverage:  # fmt: skip
    """The tables of a coverage; ``cells``: workers, and those covered by one and by two, per row and period."""
    workers, once, twice = cells
    whole = float(workers.sum())
    order = list(districts) if districts is not None else list(pd.unique(demand["district"]))
    code = pd.Index(order).get_indexer(demand["district"])
    sums = [
        np.bincount(code[code >= 0], v[code >= 0].sum(axis=1), len(order)) for v in (workers, once, twice)
    ]
    is_night = np.isin(np.asarray(periods), np.asarray(night))
    stations, nearest, any_hour = _at_any_hour(access, totals, spots)
    by_radius = _by_radius(access, totals, is_open, readings_m, spots)
    g = list(zip(*groups, strict=True)) if groups else [(), (), (), ()]
    return Coverage(
        workers=whole,
        covered=float(once.sum()),
        share=_share(once.sum(), whole),
        share_backup=_share(twice.sum(), whole),
        by_radius_m={k: _share(v.sum(), whole) for k, v in by_radius.items()},
        by_district=_by("district", order, *sums),
        by_group=_by("group", [str(v) for v in g[0]], *(np.asarray(v, dtype=float) for v in g[1:])),
        by_period=_by("period", periods, *(v.sum(axis=0) for v in (workers, once, twice))),
        readings={
            "any_hour": _share(any_hour.sum(), whole),
            "night": _share(once[:, is_night].sum(), workers[:, is_night].sum()),
        },
        cells=pd.DataFrame(
            {
                "workers": workers.sum(axis=1),
                "covered": once.sum(axis=1),
                "stations": stations,
                "nearest_m": nearest,
                "covered_twice": twice.sum(axis=1),
                "covered_any_hour": any_hour,
                "covered_night": once[:, is_night].sum(axis=1),
                "workers_night": workers[:, is_night].sum(axis=1),
                **{f"covered_{name}m": v for name, v in by_radius.items()},
                **{f"workers_in_{t}": workers[:, k] for k, t in enumerate(periods)},
                **{f"covered_in_{t}": once[:, k] for k, t in enumerate(periods)},
            },
            index=demand.index,
        ),
    )


def _at_any_hour(
    access: Sequence[Access], totals: Sequence[Array], spots: _Spots
) -> tuple[Array, Array, Array]:
    """Opening hours ignored, per row: sites in reach of its typical point, metres to the nearest, workers covered.

    ``totals``: workers (n_spots × n_periods) per way of travelling.
    """
    n = len(spots.demand) if spots.at is None else len(spots.at)
    stations, nearest = np.zeros(n, dtype=np.int64), np.full(n, np.nan)
    covered = np.zeros(n)
    for part, total in zip(access, totals, strict=True):
        always = np.ones((part.seconds.shape[0], 1), dtype=bool)
        near = stations_in_reach(part.seconds, part.cutoff_s, always)[:, 0]
        covered += total.sum(axis=1) * (near >= 1)
        stations = np.maximum(stations, near)
        if part.metres_per_s is not None:
            nearest = np.fmin(nearest, nearest_seconds(part.seconds) * part.metres_per_s)
    return spots.typical(stations, 0), spots.typical(nearest, np.nan), spots.fold(covered)


def _by_radius(
    access: Sequence[Access],
    totals: Sequence[Array],
    is_open: Array,
    readings_m: Sequence[float],
    spots: _Spots,
) -> dict[str, Array]:
    """Workers covered per row at each walking distance (m); ``totals`` as for :func:`_at_any_hour`."""
    covered: dict[str, Array] = {}
    for part, total in zip(access, totals, strict=True):
        for radius in readings_m:
            reached = stations_in_reach(part.seconds, part.cutoff_for(radius), is_open) >= 1
            name = f"{radius:g}"
            covered[name] = covered.get(name, 0.0) + spots.fold((total * reached).sum(axis=1))
    return covered


def cover_matrix(access: Sequence[Access], is_open: Array) -> sparse.csr_array:
    """Which site covers which (way of travelling, period, cell): csr bool-like (n_sites × n_points).

    Columns run over ``access``, then periods, then cells, as :func:`cover_weights` does.
    """
    blocks = []
    for part in access:
        keep = part.seconds.data <= part.cutoff_s
        rows = np.repeat(np.arange(part.seconds.shape[0]), np.diff(part.seconds.indptr))[keep]
        cols = part.seconds.indices[keep]
        for t in range(is_open.shape[1]):
            on = is_open[rows, t]
            ones = np.ones(int(on.sum()), dtype=np.int8)
            blocks.append(sparse.coo_array((ones, (rows[on], cols[on])), shape=part.seconds.shape))
    return sparse.csr_array(sparse.hstack(blocks, format="csr"))


def cover_weights(demand: pd.DataFrame, access: Sequence[Access], periods: Sequence[str]) -> Array:
    """Workers per column of :func:`cover_matrix`, float64 (n_points)."""
    return np.concatenate([worker_cube(demand, p.groups, periods).sum(axis=0).T.ravel() for p in access])


def gap_areas(
    demand: gpd.GeoDataFrame,
    coverage: Coverage,
    *,
    cell_m: float,
    places: gpd.GeoDataFrame | None = None,
    least_workers: float = 10.0,
) -> gpd.GeoDataFrame:
    """Connected areas of a district whose workers have no station: name, district, workers, geometry.

    A cell belongs to a gap when its workers without a station exceed the mean workers of an inhabited cell;
    cells of a district that touch form one area; areas under ``least_workers`` are left out. Largest
    first, named by the place nearest to the area's middle.
    """
    missing = coverage.cells["workers"] - coverage.cells["covered"]
    inhabited = coverage.cells["workers"] > 0
    floor = float(coverage.cells.loc[inhabited, "workers"].mean()) if inhabited.any() else 0.0
    picked = demand.loc[(missing > floor).to_numpy(), ["district", "geometry"]].assign(workers=missing)
    parts = []
    for district, cells in picked.groupby("district", sort=True):
        areas = shapely.get_parts(shapely.union_all(cells.geometry.buffer(cell_m * 0.01).to_numpy()))
        inside = shapely.point_on_surface(cells.geometry.to_numpy())  # a centroid may lie outside a cut cell
        cell, area = shapely.STRtree(areas).query(inside, predicate="intersects")
        cell, first = np.unique(cell, return_index=True)
        workers = np.bincount(area[first], cells["workers"].to_numpy()[cell], len(areas))
        parts.append(
            gpd.GeoDataFrame({"district": district, "workers": workers}, geometry=areas, crs=demand.crs)
        )
    columns = ["name", "district", "workers", "geometry"]
    if not parts:
        return gpd.GeoDataFrame({c: [] for c in columns}, geometry="geometry", crs=demand.crs)
    gaps = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=demand.crs)
    gaps = gaps[gaps["workers"] >= least_workers]
    gaps = gaps.sort_values("workers", ascending=False, kind="stable").reset_index(drop=True)
    gaps["name"] = _nearest_names(gaps, places)
    return gaps[columns]


def _nearest_names(areas: gpd.GeoDataFrame, places: Any) -> list[str]:
    """Name of the place nearest to each area's middle; empty where no places are known."""
    if places is None or len(places) == 0:
        return [""] * len(areas)
    tree = shapely.STRtree(places.geometry.to_numpy())
    near = tree.nearest(areas.geometry.representative_point().to_numpy())
    return [str(v) for v in places["name"].to_numpy()[near]]
