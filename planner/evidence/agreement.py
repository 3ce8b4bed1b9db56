"""How our travel times agree with another router's: row by row, as a robust line, and where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import Finding, finding
from planner.inputs.times import RouterTimes
from planner.progress import Progress, silent
from planner.roads.network import Network
from planner.roads.reach import snap, travel_times

__all__ = ["MODE_WORDS", "Agreement", "agreement", "compared", "fitted"]

Array = NDArray[Any]
MODE_WORDS = {
    "walk": ("walking", "步行"), "ebike": ("e-bike", "电动车"), "car": ("car", "小汽车"), "truck": ("truck", "货车"),
}  # fmt: skip
#: Rows that the line is fitted to: so many of the sorted ones, evenly spread.
_MOST_FITTED = 1_500
#: Destinations searched at once.
_AT_ONCE = 200


@dataclass(frozen=True)
class Agreement:
    """Travel times beside another router's.

    Attributes
    ----------
    rows
        One row per compared way: ``row`` (in the file), ``mode``, ``ours_min``, ``theirs_min``, ``difference_min``
        (theirs minus ours), both ends (``from_lng`` …, study CRS ``from_x`` …); the greatest differences first.
    summary
        One row per mode: ``mode``, ``ways``, ``slope`` with ``slope_low``, ``slope_high`` (95 %) and ``intercept_min``
        (theirs on ours, Theil–Sen; NaN with fewer than three ways), ``median_min``, ``p95_min`` (of the absolute
        difference), ``within_30s``, ``within_60s`` (shares).
    findings
        What was noticed: rows that could not be read, lie off the streets or have no way.
    """

    rows: pd.DataFrame
    summary: pd.DataFrame
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        told = (
            f"{r.mode}: {r.ways:,} ways, theirs = {r.slope:.3f} × ours {r.intercept_min:+.2f} min, "
            f"median difference {r.median_min:+.2f} min, {r.within_60s:.0%} within a minute"
            for r in self.summary.itertuples(index=False)
        )
        return f"Agreement({'; '.join(told) or 'nothing to compare'})"

    def _repr_html_(self) -> str:
        shown = self.summary.to_html(index=False, escape=True, float_format="{:.3f}".format, na_rep="–")
        most = self.rows.head(10)[["row", "mode", "ours_min", "theirs_min", "difference_min"]]
        return f"<p>{escape(repr(self))}</p>{shown}" + most.to_html(
            index=False, escape=True, float_format="{:.2f}".format
        )


def fitted(ours: Array, theirs: Array) -> tuple[float, float, float, float]:
    """Theil–Sen line of ``theirs`` on ``ours``: slope, its 95 % bounds, intercept; NaN with fewer than three or all ``ours`` equal.

    Of more than 1,500 pairs, so many along the sorted ``ours``: the same ones every time.
    """
    from scipy.stats import theilslopes

    x, y = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if len(x) < 3 or np.ptp(x) == 0:
        return (float("nan"),) * 4
    order = np.lexsort((y, x))
    some = order[np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_FITTED)).round().astype(int))]
    slope, _, low, high = theilslopes(y[some], x[some], alpha=0.95)
    return float(slope), float(low), float(high), float(np.median(y - slope * x))


def compared(mode: str, ours_min: Array, theirs_min: Array) -> dict[str, Any]:
    """A row of :attr:`Agreement.summary` from the minutes of each way."""
    difference = np.asarray(theirs_min, float) - np.asarray(ours_min, float)
    slope, low, high, intercept = fitted(ours_min, theirs_min)
    off = np.abs(difference)
    return {
        "mode": mode, "ways": len(difference), "slope": slope, "slope_low": low, "slope_high": high,
        "intercept_min": intercept, "median_min": float(np.median(difference)), "p95_min": float(np.quantile(off, 0.95)),
        "within_30s": float((off <= 0.5 + 1e-9).mean()), "within_60s": float((off <= 1 + 1e-9).mean()),
    }  # fmt: skip


def agreement(
    given: RouterTimes, network: Callable[[str], Network], *, source: str, snap_limit_m: float,
    progress: Progress | None = None,
) -> Agreement:  # fmt: skip
    """Compare the ways of a list with our own.

    Parameters
    ----------
    network
        The network of a mode; asked only for modes that the list has.
    source
        The list's name, for the findings.
    snap_limit_m
        Ends farther than this from every street are left out.
    """
    say, found, parts, summary = progress or silent, list(given.findings), [], []
    modes = list(dict.fromkeys(given.table["mode"]))
    for n, mode in enumerate(modes):
        say("travel times", n / len(modes))
        table = given.table[given.table["mode"] == mode].reset_index(drop=True)
        ours = _ours(table, network(mode), mode, source, snap_limit_m, found)
        known = np.isfinite(ours)
        if known.any():
            theirs = table["minutes"].to_numpy(dtype=float)
            summary.append(compared(mode, ours[known], theirs[known]))
            part = table.assign(ours_min=ours, theirs_min=theirs, difference_min=theirs - ours)
            parts.append(part[known].drop(columns="minutes"))
    if not parts and not any(f.severity == "E" for f in found):
        found.append(finding("TIM-006", source=source))
    rows = (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame({c: [] for c in ("row", "mode", "ours_min", "theirs_min", "difference_min")})
    )
    order = rows["difference_min"].abs().sort_values(ascending=False, kind="stable").index
    return Agreement(rows.loc[order].reset_index(drop=True), pd.DataFrame(summary), tuple(found))


def _ours(
    table: pd.DataFrame, network: Network, mode: str, source: str, limit_m: float, found: list[Finding]
) -> Array:
    """Our minutes per row; NaN where an end lies off the streets or there is no way, each with a finding."""
    ends = {
        end: gpd.GeoSeries.from_xy(table[f"{end}_x"], table[f"{end}_y"], crs=network.crs)
        for end in ("from", "to")
    }
    at = {end: snap(network, points, limit_m=limit_m) for end, points in ends.items()}
    en, zh = MODE_WORDS[mode]
    on = np.ones(len(table), dtype=bool)
    for end, end_en, end_zh in (("from", "origin", "起点"), ("to", "destination", "终点")):
        off = np.asarray(at[end].edge) < 0
        on &= ~off
        found += [
            finding(
                "TIM-004", source=source, row=int(table["row"].iloc[i]), value=_place(table, end, i), end_en=end_en,
                end_zh=end_zh, mode_en=en, mode_zh=zh, limit=f"{limit_m:g}",
            )
            for i in np.flatnonzero(off)
        ]  # fmt: skip
    longest_s = 60 * float(table["minutes"].max()) * 2 + 900 if len(table) else 0.0
    ours = np.full(len(table), np.nan)
    for rows in _blocks(table, on):
        sites, site = np.unique(table[["to_x", "to_y"]].to_numpy()[rows], axis=0, return_inverse=True)
        points, point = np.unique(table[["from_x", "from_y"]].to_numpy()[rows], axis=0, return_inverse=True)
        made = [gpd.GeoSeries.from_xy(*xy.T, crs=network.crs) for xy in (sites, points)]
        seconds = travel_times(network, *made, cutoff_s=longest_s, limit_m=limit_m).seconds
        ours[rows] = _picked(seconds, site.ravel(), point.ravel()) / 60
    found += [
        finding(
            "TIM-005", source=source, row=int(table["row"].iloc[i]), value=f"{table['minutes'].iloc[i]:.1f}", mode_en=en,
            mode_zh=zh, limit=f"{longest_s / 60:.0f}", from_at=_place(table, "from", i), to_at=_place(table, "to", i),
        )
        for i in np.flatnonzero(on & ~np.isfinite(ours))
    ]  # fmt: skip
    return ours


def _place(table: pd.DataFrame, end: str, i: Any) -> str:
    return f"{table[f'{end}_lng'].iloc[i]:.5f}, {table[f'{end}_lat'].iloc[i]:.5f}"


def _blocks(table: pd.DataFrame, on: Array) -> Iterator[Array]:
    """Positions of the rows that are on the streets, so many destinations at a time."""
    rows = np.flatnonzero(on)
    if not len(rows):
        return
    to = table[["to_x", "to_y"]].to_numpy()[rows]
    which = np.unique(to, axis=0, return_inverse=True)[1].ravel() // _AT_ONCE
    for block in range(int(which.max()) + 1):
        yield rows[which == block]


def _picked(seconds: Any, row: Array, column: Array) -> Array:
    """Entries of a sparse matrix, NaN where none is stored (a stored 0 s is one)."""
    n = seconds.shape[1]
    site = np.repeat(np.arange(seconds.shape[0], dtype=np.int64), np.diff(seconds.indptr))
    stored = site * n + seconds.indices
    wanted = row.astype(np.int64) * n + column
    at = np.minimum(np.searchsorted(stored, wanted), max(len(stored) - 1, 0))
    hit = (stored[at] == wanted) if len(stored) else np.zeros(len(wanted), dtype=bool)
    return np.where(hit, seconds.data[at].astype(float) if len(stored) else np.nan, np.nan)
