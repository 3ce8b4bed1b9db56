"""Where the sites and actions of last year's plan are today: built since, still to be had, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.audit.pairing import close_pairs, one_to_one
from planner.audit.previous import ACTION_COLUMNS, Previous
from planner.errors import Finding, finding, refuse_if_errors
from planner.hours.parse import merged, parse_hours

__all__ = ["Matched", "MatchedActions", "match_actions", "match_sites", "verbs_alike"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: How much nearer a place of the same id counts (shares of the distance allowed).
SAME_ID = 0.5
#: Where an action of each verb is done.
_AT = {
    "build": "candidate", "move": "candidate", "retime": "existing", "upgrade": "existing", "close": "existing", "cobrand": "partner",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Matched:
    """The sites of last year's plan today.

    Attributes
    ----------
    previous
        The plan.
    candidate
        Position of the candidate that is the site, -1 for none.
    station
        Position of the station that opened there since, -1 for none; such a site is no candidate.
    metres
        How far what was found is from the site (NaN: nothing).
    """

    previous: Previous
    candidate: Ints
    station: Ints
    metres: Floats
    findings: tuple[Finding, ...] = ()


def match_sites(
    previous: Previous, candidates: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, *, within_m: float
) -> Matched:
    """Sites of ``previous`` beside today's stations (all states) and candidates; each stands for one site at most.

    Raises
    ------
    InputError
        The plan could not be read, or not one of its sites stands near a station or a candidate (PRV-001).
    """
    refuse_if_errors(previous.findings)
    sites = previous.sites
    station, metres = _built(previous, sites, stations, within_m)
    left = np.flatnonzero(station < 0)
    at, far = _paired(sites.iloc[left], "site_id", candidates, "site_id", within_m)
    candidate = np.full(len(sites), -1)
    candidate[left], metres[left] = at, far
    gone = int(((candidate < 0) & (station < 0)).sum())
    found = []
    if gone and gone == len(sites):
        first = f"{sites['site_id'].iloc[0]}"
        found.append(finding("PRV-001", source=previous.source, row=1, field="previous.run", value=first, total=len(sites), m=f"{within_m:g}"))  # fmt: skip
    elif gone:
        found.append(finding("PRV-002", source=previous.source, value=gone, total=len(sites), m=f"{within_m:g}"))  # fmt: skip
    refuse_if_errors(found)
    return Matched(previous, candidate, station, metres, tuple(found))


def _built(
    previous: Previous, sites: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, within_m: float
) -> tuple[Ints, Floats]:
    """Position of the open station that was not listed then and stands at each site, and how far it is."""
    ids = stations["station_id"].astype(str).to_numpy()
    fresh = (stations["status"] == "open").to_numpy() & ~np.isin(ids, previous.stations or ())
    there = np.flatnonzero(fresh)
    at, metres = _paired(sites, "", stations.iloc[there], "", within_m)
    return np.where(at >= 0, there[at] if len(there) else -1, -1), metres


def _paired(
    own: gpd.GeoDataFrame, own_id: str, other: gpd.GeoDataFrame, other_id: str, within_m: float
) -> tuple[Ints, Floats]:
    """Position in ``other`` of the place that is each of ``own`` (-1), and metres (NaN); one to one, the same id before others."""
    at, metres = np.full(len(own), -1), np.full(len(own), np.nan)
    xy = [np.column_stack([g.x.to_numpy(), g.y.to_numpy()]) for g in (own.geometry, other.geometry)]
    pairs = close_pairs(*xy, within_m=within_m)
    cost = pairs.metres / within_m
    if own_id:
        ids = [t[c].astype(str).to_numpy() for t, c in ((own, own_id), (other, other_id))]
        cost = cost - SAME_ID * (ids[0][pairs.own] == ids[1][pairs.other])
    taken = one_to_one(pairs, cost, alone=0.75)
    at[pairs.own[taken]], metres[pairs.own[taken]] = pairs.other[taken], pairs.metres[taken]
    return at.astype(np.int64), metres


@dataclass(frozen=True, eq=False)
class MatchedActions:
    """The actions of last year's plan today.

    Attributes
    ----------
    table
        A row per action: ``verb``, ``place_id``, ``name`` …, geometry (:data:`planner.audit.previous.ACTION_COLUMNS`).
    place
        Row of the place at which it could still be done, -1 for none.
    ids
        That place's id ("" for none).
    done
        bool: it is done already.
    source
        The file's name.
    whole
        Whether it was a plan with five verbs (False: sites alone, which count as building).
    """

    table: gpd.GeoDataFrame
    place: Ints
    ids: tuple[str, ...]
    done: NDArray[np.bool_]
    source: str
    whole: bool = True
    findings: tuple[Finding, ...] = field(default_factory=tuple)

    @property
    def alike(self) -> tuple[tuple[str, ...], ...]:
        """Per action the verbs that come to the same."""
        return tuple(verbs_alike(str(v)) for v in self.table["verb"])

    @property
    def still(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """(place, verbs) of each action that could still be done."""
        live = np.flatnonzero((self.place >= 0) & ~self.done)
        verbs = self.table["verb"].to_numpy(object)
        return tuple((int(self.place[n]), verbs_alike(str(verbs[n]))) for n in live)


def verbs_alike(verb: str) -> tuple[str, ...]:
    """Verbs that come to the same at their place: a station opens there whether it is built or moves."""
    return ("build", "move") if verb in ("build", "move") else (verb,)


def match_actions(
    matched: Matched, places: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, *, within_m: float
) -> MatchedActions:
    """Last year's actions beside the places of today.

    ``places``: ``place_id``, ``source``, ``open_hours``, ``grade``, geometry; a plan without actions counts as one that builds its sites.
    """
    previous = matched.previous
    table = previous.actions if previous.actions is not None else _as_builds(previous.sites)
    place, done = np.full(len(table), -1), np.zeros(len(table), bool)
    verbs = table["verb"].to_numpy(object)
    ids = np.where(verbs == "move", table["to_id"], table["place_id"])
    table_of = table.assign(_id=ids)
    at = np.array([_AT[v] for v in verbs], object)
    done |= (_built(previous, table, stations, within_m)[0] >= 0) & (at == "candidate")
    for source in ("candidate", "existing", "partner"):
        mine = np.flatnonzero((at == source) & ~done)
        here = np.flatnonzero((places["source"] == source).to_numpy())
        for verb in sorted(set(verbs[mine])):  # a station may be re-timed and upgraded
            rows = mine[verbs[mine] == verb]
            found, _ = _paired(table_of.iloc[rows], "_id", places.iloc[here], "place_id", within_m)
            place[rows] = np.where(found >= 0, here[found] if len(here) else -1, -1)
    done |= _done_there(table, place, places)
    told = () if previous.actions is not None else (finding("PRV-004", source=previous.source, value=len(table)),)  # fmt: skip
    names = [*places["place_id"].astype(str), ""]  # -1: the last
    return MatchedActions(
        table, place.astype(np.int64), tuple(names[p] for p in place), done, previous.source, previous.actions is not None, told
    )  # fmt: skip


def _as_builds(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sites as actions: each is built."""
    data: dict[str, Any] = dict.fromkeys(ACTION_COLUMNS, "")
    data |= {
        "verb": "build", "place_id": sites["site_id"].astype("str"), "name": sites["name"], "district": sites["district"],
        "workers_gained": sites["workers_gained"],
    }  # fmt: skip
    return gpd.GeoDataFrame(pd.DataFrame(data, index=sites.index), geometry=sites.geometry, crs=sites.crs)


def _done_there(table: gpd.GeoDataFrame, place: Ints, places: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Whether a station has the hours or the grade that it was to get, or is closed as it was to be."""
    done = np.zeros(len(table), bool)
    for n, row in enumerate(table.itertuples(index=False)):
        if row.verb == "close":
            done[n] = place[n] < 0
        elif place[n] >= 0 and row.verb == "retime":
            done[n] = _holds(str(places["open_hours"].iloc[place[n]]), str(row.hours_to))
        elif place[n] >= 0 and row.verb == "upgrade":
            done[n] = str(places["grade"].iloc[place[n]]) == str(row.grade_to) != ""
    return done


def _holds(now: str, wanted: str) -> bool:
    """Whether hours hold others."""
    spans: list[Sequence[tuple[int, int]]] = [merged(parse_hours(text).spans) for text in (now, wanted)]
    return bool(spans[1]) and all(any(a <= c and d <= b for a, b in spans[0]) for c, d in spans[1])
