"""Promised against realised: which sites were built, which others, how the new ones are used, and what they did to their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from planner.audit.effect import Effect, EffectRules, neighbours_effect
from planner.audit.pairing import close_pairs, one_to_one
from planner.audit.previous import Previous
from planner.errors import Finding, finding
from planner.inputs.visits import Visits

__all__ = ["VERDICTS", "Audit", "audit_promises"]

Floats = NDArray[np.float64]
#: How visits counted stand to those foretold; ``uncounted``: nothing counted, ``unforetold``: the plan foretold none.
VERDICTS = ("less", "as_foretold", "more", "uncounted", "unforetold")
#: From so many new stations on the effect on neighbours is told without a warning.
_FEW_NEW = 5


@dataclass(frozen=True, eq=False)
class Audit:
    """What was promised, and what came.

    Attributes
    ----------
    promised
        A row per site promised: ``site_id``, ``name``, ``district``, ``workers_gained``, ``built`` (bool), ``station_id`` and
        ``station_name`` of the station there, ``distance_m``, ``visits_day`` (counted) with ``counted_low``, ``counted_high``, ``visits``
        (foretold) with ``visits_low``, ``visits_high``, ``verdict`` (of :data:`VERDICTS`; "" where not built); geometry.
    others
        Stations that opened though none promised them: ``station_id``, ``name``, ``district``, ``visits_day``, geometry; None where it is not
        known which stations stood before.
    closed
        Ids of stations that were open then and are not now; None likewise.
    effect
        On the visits of their neighbours; None where it cannot be read.
    shares
        Share covered ``before`` and ``after`` as promised, and ``today``.
    """

    promised: gpd.GeoDataFrame
    others: gpd.GeoDataFrame | None
    closed: tuple[str, ...] | None
    effect: Effect | None
    shares: dict[str, float]
    source: str
    language: str = "en"
    findings: tuple[Finding, ...] = field(default_factory=tuple)

    def counts(self) -> dict[str, int]:
        """Sites promised and built, others opened, stations closed, built sites by verdict."""
        built = self.promised[self.promised["built"]]
        told = {"promised": len(self.promised), "built": len(built)}
        if self.others is not None and self.closed is not None:
            told |= {"others": len(self.others), "closed": len(self.closed)}
        return told | {v: int((built["verdict"] == v).sum()) for v in VERDICTS}

    def __repr__(self) -> str:
        n = self.counts()
        more = f", {n['others']} others opened, {n['closed']} closed" if "others" in n else ""
        beside = (
            ""
            if self.effect is None
            else f"; neighbours' visits {self.effect.change:+.1%} ({self.effect.low:+.1%} to {self.effect.high:+.1%})"
        )
        return f"Audit({n['built']} of {n['promised']} promised sites built{more}{beside})"

    def _repr_html_(self) -> str:
        shown = pd.DataFrame(self.promised.drop(columns="geometry")).head(30)
        return f"<p>{escape(repr(self))}</p>{shown.to_html(index=False, na_rep='', float_format='{:,.1f}'.format, escape=True)}"


def audit_promises(
    previous: Previous, stations: gpd.GeoDataFrame, workers: Floats, visits: Visits, *, today: Mapping[str, float] | None = None,
    within_m: float = 150.0, rules: EffectRules | None = None, seed: int = 0, language: str = "en",
) -> Audit:  # fmt: skip
    """Compare a plan with the stations of today.

    Parameters
    ----------
    stations, workers
        Today's list (all states, the study's CRS) and the workers in reach of each (n).
    visits
        Counted visits, of stations of the list.
    today
        The share covered ``today``, told beside the promised ones.
    within_m
        A promised site is built where an open station that is new stands so near (one station for one site).
    """
    found = list(previous.findings)
    live = (stations["status"] == "open").to_numpy()
    ids = stations["station_id"].astype(str).to_numpy()
    before = None if previous.stations is None else np.isin(ids, previous.stations)
    fresh = live if before is None else live & ~before
    if before is None:
        found.append(finding("AUD-018", source=previous.source))
    at, metres = _built(previous.sites, stations, np.flatnonzero(fresh), within_m)
    daily = _daily(visits)
    promised = _promised(previous.sites, stations, at, metres, daily)
    if len(promised) and promised["visits"].isna().all():
        found.append(finding("AUD-019", source=previous.source))
    others, closed = None, None
    if before is not None:
        more = np.setdiff1d(np.flatnonzero(fresh), at[at >= 0])
        others = _others(stations, more, daily)
        closed = tuple(sorted(set(previous.stations or ()) - set(ids[live])))
    new = np.flatnonzero(fresh) if before is not None else np.unique(at[at >= 0])
    effect = _effect(
        stations, workers, visits, np.setdiff1d(np.flatnonzero(live), new), new, rules, seed, found
    )
    shares = {**previous.shares, **(today or {})}
    return Audit(promised, others, closed, effect, shares, previous.source, language, tuple(found))


def _others(stations: gpd.GeoDataFrame, at: NDArray[np.int64], daily: pd.DataFrame) -> gpd.GeoDataFrame:
    """Stations at some positions, with their counted visits."""
    table = stations.iloc[at]
    ids = table["station_id"].astype(str)
    counted = daily["rate"].reindex(ids).to_numpy(float)
    return gpd.GeoDataFrame(
        {"station_id": ids.to_numpy(), "name": table["name"].to_numpy(), "district": table["district"].to_numpy(), "visits_day": counted},
        geometry=table.geometry.to_numpy(), crs=stations.crs,
    )  # fmt: skip


def _built(
    sites: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, fresh: NDArray[np.int64], within_m: float
) -> tuple[NDArray[np.int64], Floats]:
    """Position of the station that stands for each site (-1: none), and how far it is (NaN)."""
    at, metres = np.full(len(sites), -1), np.full(len(sites), np.nan)
    there = stations.geometry.iloc[fresh]
    xy = [np.column_stack([g.x.to_numpy(), g.y.to_numpy()]) for g in (sites.geometry, there)]
    pairs = close_pairs(*xy, within_m=within_m)
    taken = one_to_one(pairs, pairs.metres / max(within_m, 1e-9), alone=0.75)
    at[pairs.own[taken]], metres[pairs.own[taken]] = fresh[pairs.other[taken]], pairs.metres[taken]
    return at, metres


def _daily(visits: Visits) -> pd.DataFrame:
    """Visits a day per station with their 90 % band (Poisson; Garwood 1936)."""
    sums = visits.by_station()
    counted, days = sums["visits"].to_numpy(float), sums["days"].to_numpy(float)
    low = np.where(counted > 0, stats.chi2.ppf(0.05, 2 * np.maximum(counted, 1e-9)) / 2, 0.0)
    high = stats.chi2.ppf(0.95, 2 * counted + 2) / 2
    return pd.DataFrame(
        {"rate": counted / days, "low": low / days, "high": high / days}, index=sums.index.astype(str)
    )


def _promised(
    sites: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, at: NDArray[np.int64], metres: Floats, daily: pd.DataFrame
) -> gpd.GeoDataFrame:  # fmt: skip
    """The promised sites with what became of them."""
    built = at >= 0
    ids = np.where(
        built, stations["station_id"].astype(str).to_numpy(dtype=object)[at] if len(stations) else "", ""
    )
    names = np.where(built, stations["name"].to_numpy(dtype=object)[at] if len(stations) else "", "")
    counted = daily.reindex(ids)
    table = sites.assign(
        built=built, station_id=ids, station_name=names, distance_m=metres, visits_day=counted["rate"].to_numpy(float),
        counted_low=counted["low"].to_numpy(float), counted_high=counted["high"].to_numpy(float),
    )  # fmt: skip
    less = table["counted_high"] < table["visits_low"]
    more = table["counted_low"] > table["visits_high"]
    verdict = np.select(
        [~built, table["visits_day"].isna(), table["visits"].isna(), less, more],
        ["", "uncounted", "unforetold", "less", "more"], "as_foretold",
    )  # fmt: skip
    return table.assign(verdict=verdict)


def _effect(
    stations: gpd.GeoDataFrame, workers: Floats, visits: Visits, old: NDArray[np.int64], new: NDArray[np.int64],
    rules: EffectRules | None, seed: int, found: list[Finding],
) -> Effect | None:  # fmt: skip
    """The effect of the new stations on those that stood before, where months of visits tell it."""
    if not len(visits.table) or not len(new):
        return None
    ids = stations["station_id"].astype(str).to_numpy()
    months = sorted(visits.table["month"].unique())
    wide = visits.table.pivot_table(index="station_id", columns="month", values="visits").reindex(
        index=ids, columns=months
    )
    days = visits.table.groupby("month")["days"].first().reindex(months).to_numpy(float)
    opened = _months_opened(stations, new, wide, months)
    known = opened >= 0
    if not known.all():
        found.append(
            finding("AUD-020", source="stations", field="opened", value=int((~known).sum()), total=len(new))
        )
    xy = np.column_stack([stations.geometry.x.to_numpy(), stations.geometry.y.to_numpy()])
    effect = neighbours_effect(
        wide.to_numpy(float)[old], days, xy[old], stations["district"].astype(object).to_numpy()[old], workers[old], xy[new[known]],
        opened[known], rules=rules, seed=seed,
    )  # fmt: skip
    if effect is None:
        found.append(finding("AUD-021", source="visits", field="inputs.visits"))
    elif effect.new < _FEW_NEW:
        found.append(finding("AUD-022", source="visits", value=effect.new))
    return effect


def _months_opened(
    stations: gpd.GeoDataFrame, new: NDArray[np.int64], wide: pd.DataFrame, months: list[str]
) -> NDArray[np.int64]:
    """Month in which each new station opened, as a position in ``months``: its date, else its first month with visits; -1 unknown."""
    dates = (
        stations["opened"].astype(object).to_numpy()[new] if "opened" in stations else np.full(len(new), None)
    )
    counted = wide.notna().to_numpy()[new] & (wide.to_numpy(float)[new] > 0)
    first = np.where(counted.any(axis=1), counted.argmax(axis=1), -1)
    stated = [
        int(np.searchsorted(months, d[:7])) if isinstance(d, str) and d[:7] >= months[0] else -1
        for d in dates
    ]
    return np.array(
        [s if 0 <= s < len(months) else f for s, f in zip(stated, first.tolist(), strict=True)], np.int64
    )
