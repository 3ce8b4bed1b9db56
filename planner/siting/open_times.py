"""Opening hours as they are: workers weighted by the quarter-hours in which a station in reach is open.

A worker of a period is there in each of its minutes alike. Of these the share counts in which at least one station
within the cutoff is open: the union of their hours, not "open for at least half of the period".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.hours.week import QUARTERS, STATED, WEEKEND, WORKDAYS, WeekHours

__all__ = ["DAYS", "OpenTimes", "Patterns", "TimeReading", "Within", "read_by_time"]

Array = NDArray[Any]

#: Kinds of day that are read, and the days of :class:`planner.hours.week.WeekHours` that each is the mean of.
DAYS = {"time": STATED, "workday": WORKDAYS, "weekend": WEEKEND}
#: Log chance of a shut door that is taken for none.
_NEVER = -60.0
#: Entries of a block of points × patterns.
_BLOCK = 8_000_000


@dataclass(frozen=True)
class Patterns:
    """Quarter-hours in which the same sites are open, merged.

    Attributes
    ----------
    open
        bool (n_sites × n_patterns).
    share
        Per kind of day (:data:`DAYS`) the share of each period that falls into each pattern (n_periods × n_patterns;
        rows sum to 1).
    """

    open: Array
    share: dict[str, Array]


@dataclass(frozen=True, eq=False)
class OpenTimes:
    """When sites are open, and how far they keep to it.

    Attributes
    ----------
    week
        Open quarter-hours of each site.
    kept
        Share of its stated hours that each site keeps: low, middle, high (n_sites × 3).
    clock
        Share of each period in each quarter-hour (n_periods × 96).
    """

    week: WeekHours
    kept: Array
    clock: Array

    def only(self, sites: Array) -> OpenTimes:
        """The sites at some positions."""
        return OpenTimes(self.week.only(sites), self.kept[sites], self.clock)

    def beside(self, other: OpenTimes) -> OpenTimes:
        """These sites, then the others."""
        return OpenTimes(self.week.beside(other.week), np.vstack([self.kept, other.kept]), self.clock)

    def always(self) -> OpenTimes:
        """The same sites, open day and night."""
        return OpenTimes(self.week.always(), np.ones_like(self.kept), self.clock)

    def patterns(self, kinds: Sequence[str] = tuple(DAYS)) -> Patterns:
        """The quarter-hours of some kinds of day, merged where the same sites are open."""
        days = sorted({d for kind in kinds for d in DAYS[kind]})
        used, row = np.unique(self.week.of, return_inverse=True)
        columns = self.week.open[used][:, days].reshape(len(used), len(days) * QUARTERS)
        if not len(used):  # no site at all: one pattern, of nobody open
            columns = np.zeros((1, columns.shape[1]), bool)
        found, pattern = np.unique(columns, axis=1, return_inverse=True)
        pattern = pattern.reshape(len(days), -1)
        share = {}
        for kind in kinds:
            wanted = [days.index(d) for d in DAYS[kind]]
            flat, n = pattern[wanted].ravel(), found.shape[1]
            share[kind] = np.array(
                [np.bincount(flat, np.tile(c, len(wanted)), n) / len(wanted) for c in self.clock]
            )
        return Patterns(found[row.ravel()], share)


@dataclass(frozen=True)
class Within:
    """Points within the cutoff of sites by one way of travelling, and who is there.

    ``near``: csr (n_sites × n_points), a stored entry is within the cutoff; ``workers``: (n_groups × n_points ×
    n_periods) of ``groups``.
    """

    groups: tuple[str, ...]
    near: sparse.csr_array
    workers: Array

    @classmethod
    def of(
        cls, groups: tuple[str, ...], seconds: sparse.csr_array, cutoff_s: float, workers: Array
    ) -> Within:
        """From travel times (s) and the cutoff."""
        keep = seconds.data <= cutoff_s
        ends = np.concatenate([[0], np.cumsum(keep)])[seconds.indptr]
        ones = np.ones(int(keep.sum()), np.float32)
        return cls(
            groups, sparse.csr_array((ones, seconds.indices[keep], ends), shape=seconds.shape), workers
        )


@dataclass(frozen=True)
class TimeReading:
    """Coverage weighted by time.

    Attributes
    ----------
    covered, share
        Workers, and their share of all, on the day of the stated hours.
    workday, weekend
        The share from Monday to Friday, and on Saturday and Sunday.
    kept
        Share expected where doors are found open for only so much of the stated hours: low, middle, high.
    by_district, by_group, by_period
        The label, workers, covered, share.
    """

    covered: float
    share: float
    workday: float
    weekend: float
    kept: tuple[float, float, float]
    by_district: pd.DataFrame
    by_group: pd.DataFrame
    by_period: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"TimeReading({self.share:.1%} by quarter-hours; Monday to Friday {self.workday:.1%}, weekend "
            f"{self.weekend:.1%}; as hours are kept {self.kept[1]:.1%} ({self.kept[0]:.1%} to {self.kept[2]:.1%}))"
        )


def read_by_time(
    reach: Sequence[Within], times: OpenTimes, fold: Callable[[Array], Array], *, workers: Array, by_group: pd.DataFrame,
    periods: Sequence[str], district: pd.Series, districts: Sequence[str],
) -> tuple[TimeReading, dict[str, Array], dict[str, dict[str, Array]]]:  # fmt: skip
    """Coverage by quarter-hours, and its columns per row of the demand table: of all, and of each group.

    Parameters
    ----------
    reach
        One entry per way of travelling, sites in the order of ``times``.
    fold
        Sums values of points over the rows of the demand table (the first axis).
    workers
        All workers per row and period (n_rows × n_periods).
    by_group
        ``group``, ``workers`` in the order of ``reach``.
    district
        District of each row; ``districts``: their order.

    Returns
    -------
    reading, columns, columns by group
        ``covered_by_time``, ``covered_workday``, ``covered_weekend``, ``covered_by_time_in_{period}`` per row.
    """
    patterns = times.patterns()
    rows = {kind: np.zeros_like(workers) for kind in DAYS}
    kept, groups = np.zeros(3), dict[str, dict[str, Array]]()
    for way in reach:
        total, certain = way.workers.sum(axis=0), _found_open(way.near, patterns, None)
        for kind, got in certain.items():
            rows[kind] += fold(total * got)
        for name, own in zip(way.groups, way.workers, strict=True):
            groups[name] = _columns({kind: fold(own * got) for kind, got in certain.items()}, periods)
        for n, share in enumerate(times.kept.T):
            sure = bool((share == 1).all())
            chance = certain if sure else _found_open(way.near, patterns, share, ("time",))
            kept[n] += float((total * chance["time"]).sum())
    whole, of_groups = float(workers.sum()), [float(c["covered_by_time"].sum()) for c in groups.values()]
    scale = whole if whole > 0 else 1.0
    code = pd.Index(districts).get_indexer(district)
    here = code >= 0
    by_district = [
        np.bincount(code[here], v[here].sum(axis=1), len(districts)) for v in (workers, rows["time"])
    ]
    reading = TimeReading(
        covered=float(rows["time"].sum()),
        share=float(rows["time"].sum() / scale),
        workday=float(rows["workday"].sum() / scale),
        weekend=float(rows["weekend"].sum() / scale),
        kept=(float(kept[0] / scale), float(kept[1] / scale), float(kept[2] / scale)),
        by_district=_table("district", districts, *by_district),
        by_group=_table("group", list(by_group["group"]), by_group["workers"].to_numpy(float), np.asarray(of_groups, float)),
        by_period=_table("period", periods, workers.sum(axis=0), rows["time"].sum(axis=0)),
    )  # fmt: skip
    return reading, _columns(rows, periods), groups


def _columns(rows: dict[str, Array], periods: Sequence[str]) -> dict[str, Array]:
    """Columns per row of the demand table; ``rows``: per kind of day workers covered (n_rows × n_periods)."""
    return {
        "covered_by_time": rows["time"].sum(axis=1),
        "covered_workday": rows["workday"].sum(axis=1),
        "covered_weekend": rows["weekend"].sum(axis=1),
        **{f"covered_by_time_in_{t}": rows["time"][:, k] for k, t in enumerate(periods)},
    }


def _table(label: str, names: Sequence[str], workers: Array, covered: Array) -> pd.DataFrame:
    share = covered / np.where(workers > 0, workers, 1.0)
    return pd.DataFrame({label: list(names), "workers": workers, "covered": covered, "share": share})


def _found_open(
    near: sparse.csr_array, patterns: Patterns, kept: Array | None, kinds: Sequence[str] = tuple(DAYS)
) -> dict[str, Array]:
    """Per kind of day the share of each period in which a point finds an open door (n_points × n_periods).

    ``kept``: the chance that a site is open when it says so, each on its own; None: for sure.
    """
    to_sites = sparse.csr_array(near.T)
    if kept is None:
        each = patterns.open.astype(np.float32)
    else:
        shut = np.maximum(np.log(np.maximum(1 - kept, 1e-300)), _NEVER)
        each = patterns.open * shut[:, None]
    n_points, n_periods = near.shape[1], len(next(iter(patterns.share.values())))
    out = {kind: np.zeros((n_points, n_periods)) for kind in kinds}
    step = max(1, _BLOCK // max(1, each.shape[1]))
    for start in range(0, n_points, step):
        some = slice(start, min(start + step, n_points))
        met = to_sites[some] @ each
        chance = (met > 0.5).astype(np.float64) if kept is None else -np.expm1(met)
        for kind in kinds:
            out[kind][some] = chance @ patterns.share[kind].T
    return out
