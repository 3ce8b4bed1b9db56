"""What is covered: workers with an open station within the cutoff, by radius, district, group and period.

``covered`` = Σ workers[point, group, period] over the demand points and periods in which at least one station
within the cutoff is open for at least half of the period (``Circle.open_share``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
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
    ``by_time``: the same by quarter-hours, with its columns in ``cells`` (:func:`read_by_time`), where the hours are known;
    ``of_groups``: group → its own part of every column of ``cells`` that counts workers (float32, same index), so that
    draws which tell groups apart can be read. Those who make a coverage by hand may leave it out.
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
    of_groups: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)

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
    spots = _Spots.of(demand, points, access)
    access = spots.near(access)
    fold = _Fold(spots, periods, np.isin(np.asarray(periods), np.asarray(night)))
    nobody = np.zeros((fold.n_spots, len(periods))), np.zeros((len(demand), len(periods)))
    cells = fold.columns(*nobody, dict.fromkeys(_states(readings_m), np.zeros((1, 1), dtype=bool)))
    by_period = np.zeros((3, len(periods)))
    apart: dict[str, dict[str, Array]] = {}
    groups: list[tuple[str, float, float, float]] = []
    within: list[Within] = []
    for part in access:
        cube, served = spots.cube(part.groups, periods), _served(part, is_open, readings_m)
        whole = worker_cube(demand, part.groups, periods) if points is not None else cube
        if times is not None:
            within.append(Within.of(part.groups, part.seconds, part.cutoff_s, cube))
        total, once, twice = cube.sum(axis=0), served["covered"], served["covered_twice"]
        for column, values in fold.columns(total, whole.sum(axis=0), served).items():
            cells[column] += values
        by_period += [v.sum(axis=0) for v in (whole.sum(axis=0), total * once, total * twice)]
        for name, own, every in zip(part.groups, cube, whole, strict=True):
            groups.append((name, every.sum(), (own * once).sum(), (own * twice).sum()))
            apart[name] = fold.columns(own, every, served)
    found = _coverage(
        demand,
        cells,
        _by("period", periods, *by_period),
        groups,
        _at_any_hour(access, spots),
        readings_m,
        districts,
    )
    if times is not None:
        reading, columns, by_group = read_by_time(
            within, times, spots.fold, workers=np.column_stack([cells[f"workers_in_{t}"] for t in periods]),
            by_group=found.by_group, periods=periods, district=demand["district"],
            districts=list(found.by_district["district"]),
        )  # fmt: skip
        found = replace(found, cells=found.cells.assign(**columns), by_time=reading)
        apart = {name: {**own, **by_group[name]} for name, own in apart.items()}
    small = {name: {c: v.astype(np.float32) for c, v in own.items()} for name, own in apart.items()}
    return replace(found, of_groups={n: pd.DataFrame(own, index=demand.index) for n, own in small.items()})


def _states(readings_m: Sequence[float]) -> list[str]:
    """States that a coverage has, hours by the half: their columns."""
    return ["covered", "covered_twice", "covered_any_hour", *(f"covered_{r:g}m" for r in readings_m)]


def _served(part: Access, is_open: Array, readings_m: Sequence[float]) -> dict[str, Array]:
    """Per state who is served: bool (n_spots × n_periods, × 1 where the hour does not matter)."""
    count = stations_in_reach(part.seconds, part.cutoff_s, is_open)
    always = np.ones((part.seconds.shape[0], 1), dtype=bool)
    any_hour = stations_in_reach(part.seconds, part.cutoff_s, always) >= 1
    near = [stations_in_reach(part.seconds, part.cutoff_for(r), is_open) >= 1 for r in readings_m]
    return dict(zip(_states(readings_m), [count >= 1, count >= 2, any_hour, *near], strict=True))


@dataclass(frozen=True)
class _Fold:
    """Workers of spots and periods summed into the columns of :attr:`Coverage.cells`."""

    spots: _Spots
    periods: Sequence[str]
    is_night: Array

    @property
    def n_spots(self) -> int:
        """How many spots are looked at."""
        return len(self.spots.demand) if self.spots.at is None else len(self.spots.at)

    def columns(self, own: Array, whole: Array, served: Mapping[str, Array]) -> dict[str, Array]:
        """Columns per row of the demand table.

        Parameters
        ----------
        own
            Workers that are looked at (n_spots × n_periods).
        whole
            All workers (n_rows × n_periods).
        served
            As :func:`_served` says.
        """
        once = self.spots.fold(own * served["covered"])
        night = self.is_night
        out = {"workers": whole.sum(axis=1), "covered": once.sum(axis=1)}
        out |= {"covered_night": once[:, night].sum(axis=1), "workers_night": whole[:, night].sum(axis=1)}
        others = {k: v for k, v in served.items() if k != "covered"}
        out |= {k: self.spots.fold((own * v).sum(axis=1)) for k, v in others.items()}
        for k, t in enumerate(self.periods):
            out |= {f"workers_in_{t}": whole[:, k], f"covered_in_{t}": once[:, k]}
        return out


def _coverage(
    demand: gpd.GeoDataFrame, cells: Mapping[str, Array], by_period: pd.DataFrame, groups: Sequence[tuple[str, float, float, float]],
    near: tuple[Array, Array], readings_m: Sequence[float], districts: Sequence[str] | None,
) -> Coverage:  # fmt: skip
    """The tables of a coverage; ``cells``: workers by column, ``near``: stations in reach and metres to the nearest."""
    sums = {column: float(values.sum()) for column, values in cells.items()}
    whole = sums["workers"]
    order = list(districts) if districts is not None else list(pd.unique(demand["district"]))
    code = pd.Index(order).get_indexer(demand["district"])
    three = ("workers", "covered", "covered_twice")
    by_district = [np.bincount(code[code >= 0], cells[c][code >= 0], len(order)) for c in three]
    g = list(zip(*groups, strict=True)) if groups else [(), (), (), ()]
    return Coverage(
        workers=whole,
        covered=sums["covered"],
        share=_share(sums["covered"], whole),
        share_backup=_share(sums["covered_twice"], whole),
        by_radius_m={f"{r:g}": _share(sums[f"covered_{r:g}m"], whole) for r in readings_m},
        by_district=_by("district", order, *by_district),
        by_group=_by("group", [str(v) for v in g[0]], *(np.asarray(v, dtype=float) for v in g[1:])),
        by_period=by_period,
        readings={
            "any_hour": _share(sums["covered_any_hour"], whole),
            "night": _share(sums["covered_night"], sums["workers_night"]),
        },
        cells=pd.DataFrame({"workers": cells["workers"], "covered": cells["covered"], "stations": near[0], "nearest_m": near[1],
                            **{c: v for c, v in cells.items() if c not in ("workers", "covered")}}, index=demand.index),
    )  # fmt: skip


def _at_any_hour(access: Sequence[Access], spots: _Spots) -> tuple[Array, Array]:
    """Opening hours ignored, at the typical point of each row: sites in reach, metres to the nearest."""
    n = len(spots.demand) if spots.at is None else len(spots.at)
    stations, nearest = np.zeros(n, dtype=np.int64), np.full(n, np.nan)
    for part in access:
        always = np.ones((part.seconds.shape[0], 1), dtype=bool)
        stations = np.maximum(stations, stations_in_reach(part.seconds, part.cutoff_s, always)[:, 0])
        if part.metres_per_s is not None:
            nearest = np.fmin(nearest, nearest_seconds(part.seconds) * part.metres_per_s)
    return spots.typical(stations, 0), spots.typical(nearest, np.nan)


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
