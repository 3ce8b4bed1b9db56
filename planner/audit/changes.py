"""What changes from last year's plan to this one: what is kept, dropped, added, and what was built since, each with why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.audit.matched import Matched, MatchedActions, verbs_alike

__all__ = ["CHANGES", "Changes", "action_changes", "site_changes"]

Floats = NDArray[np.float64]
#: What became of a site or action: built or done since, in this plan too, no longer in it, new in it.
CHANGES = ("built", "kept", "dropped", "added")
_COLUMNS = (
    "change", "verb", "place_id", "name", "district", "workers_then", "workers_now", "why", "other_name", "other_verb", "other_m", "geometry",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Changes:
    """What changes from last year's plan to this one.

    Attributes
    ----------
    table
        ``change`` (of :data:`CHANGES`), ``verb``, ``place_id``, ``name``, ``district``, ``workers_then`` (promised, NaN where it was not),
        ``workers_now`` (what it brings in its turn; of what is dropped: what it would add to this plan; NaN where it is built), ``why``:
        ``stands`` (a station stands there: ``other_name``, ``other_m`` away), ``done``, ``kept``, ``gone`` (there is no such place any
        more), ``forbidden``, ``other`` (something else is done there: ``other_verb``), ``less`` (others do more), ``new`` or ``instead``
        (of what is dropped near: ``other_name``, ``other_m`` away); geometry.
    least
        What the site of this plan adds to the others that adds least; NaN for actions.
    price
        What a change had to be worth, in workers.
    source
        The file's name of last year's plan.
    """

    table: gpd.GeoDataFrame
    least: float
    price: float
    source: str

    def counts(self) -> dict[str, int]:
        """How many of each of :data:`CHANGES`."""
        return {c: int((self.table["change"] == c).sum()) for c in CHANGES}

    def __repr__(self) -> str:
        n = self.counts()
        price = f"; a change has to be worth {self.price:,.0f} workers" if self.price > 0 else ""
        return f"Changes({n['kept']} kept, {n['dropped']} dropped, {n['added']} added, {n['built']} built since{price})"

    def _repr_html_(self) -> str:
        shown = pd.DataFrame(self.table.drop(columns="geometry")).head(40)
        return f"<p>{escape(repr(self))}</p>{shown.to_html(index=False, na_rep='', float_format='{:,.0f}'.format, escape=True)}"


def site_changes(
    matched: Matched, chosen: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, adds: Floats, *,
    forbidden: Sequence[str], within_m: float, price: float,
) -> Changes:  # fmt: skip
    """The new stations beside those of last year.

    ``adds``: per candidate what it would add to this plan; ``within_m``: how far what is dropped may be from what is added to be named
    with it.
    """
    ids, sites = candidates["site_id"].astype(str).to_numpy(), matched.previous.sites
    plan = chosen.set_index(chosen["site_id"].astype(str))
    rows, seen = [], set()
    for n, site in enumerate(sites.itertuples(index=False)):
        at, station = int(matched.candidate[n]), int(matched.station[n])
        row = _row(site, site.site_id, "build", site.workers_gained)
        if station >= 0:
            of = stations.iloc[station]
            row |= {
                "change": "built",
                "why": "stands",
                "other_name": str(of["name"] or of["station_id"]),
                "other_m": matched.metres[n],
            }
        elif at < 0:
            row |= {"change": "dropped", "why": "gone"}
        elif ids[at] in plan.index:
            seen.add(ids[at])
            row |= {"change": "kept", "why": "kept", "place_id": ids[at], "workers_now": float(plan["workers_gained"].loc[ids[at]])}  # fmt: skip
        else:
            why = "forbidden" if ids[at] in set(forbidden) else "less"
            row |= {"change": "dropped", "why": why, "place_id": ids[at], "workers_now": float(adds[at])}
        rows.append(row)
    for site in chosen.itertuples(index=False):
        if str(site.site_id) not in seen:
            new = _row(site, site.site_id, "build", np.nan)
            rows.append({**new, "change": "added", "why": "new", "workers_now": float(site.workers_gained)})
    least = float(chosen["workers_alone"].min()) if len(chosen) else np.nan
    return Changes(_finished(rows, within_m, chosen.crs), least, price, matched.previous.source)


def action_changes(
    matched: MatchedActions, actions: gpd.GeoDataFrame, adds: Floats, *, within_m: float, price: float
) -> Changes:
    """The actions beside those of last year; ``adds``: per earlier action what it would add to this plan."""
    verb, start = actions["verb"].to_numpy(object), actions["place_id"].astype(str).to_numpy()
    here = np.where(verb == "move", actions["to_id"].astype(str), start)
    rows, seen = [], set()
    for n, old in enumerate(matched.table.itertuples(index=False)):
        row = _row(old, old.to_id if old.verb == "move" else old.place_id, old.verb, old.workers_gained)
        same = np.flatnonzero((here == matched.ids[n]) & np.isin(verb, verbs_alike(old.verb)))
        if old.verb == "close":  # a station that moves closes there too
            same = np.flatnonzero((start == matched.ids[n]) & np.isin(verb, ("close", "move")))
        if matched.done[n]:
            row |= {"change": "built", "why": "done"}
        elif matched.place[n] < 0:
            row |= {"change": "dropped", "why": "gone"}
        elif len(same):
            seen.add(int(same[0]))
            row |= {"change": "kept", "why": "kept", "place_id": matched.ids[n], "workers_now": float(actions["workers_gained"].iloc[same[0]])}  # fmt: skip
        else:
            other = np.flatnonzero((here == matched.ids[n]) | (start == matched.ids[n]))
            row |= {"change": "dropped", "why": "less", "workers_now": float(adds[n])}
            row |= {"why": "other", "other_verb": str(verb[other[0]])} if len(other) else {}
        rows.append(row)
    for n, new in enumerate(actions.itertuples(index=False)):
        if n not in seen:
            made = _row(new, here[n], new.verb, np.nan)
            rows.append({**made, "change": "added", "why": "new", "workers_now": float(new.workers_gained)})
    return Changes(_finished(rows, within_m, actions.crs), np.nan, price, matched.source)


def _row(of: Any, place_id: Any, verb: str, then: float) -> dict[str, Any]:
    name, district = ("" if v is None or v != v else str(v) for v in (of.name, of.district))
    return {
        "verb": verb, "place_id": str(place_id), "name": name, "district": district, "workers_then": then, "workers_now": np.nan,
        "other_name": "", "other_verb": "", "other_m": np.nan, "geometry": of.geometry,
    }  # fmt: skip


def _finished(rows: list[dict[str, Any]], within_m: float, crs: Any) -> gpd.GeoDataFrame:
    """Rows by what became of them; what is added is named with the nearest that is dropped near it, each once."""
    table = gpd.GeoDataFrame(pd.DataFrame(rows, columns=list(_COLUMNS)), geometry="geometry", crs=crs)
    table["_order"] = table["change"].map({c: n for n, c in enumerate(CHANGES)})
    table = table.sort_values("_order", kind="stable").drop(columns="_order").reset_index(drop=True)
    gone, come = (
        np.flatnonzero(((table["change"] == c) & (table["verb"] != "close")).to_numpy())
        for c in ("dropped", "added")
    )
    if not len(gone) or not len(come):
        return table
    xy = np.column_stack([table.geometry.x, table.geometry.y])
    near = cKDTree(xy[gone])
    free = set(range(len(gone)))
    for n in come:
        metres, at = near.query(xy[n], k=len(gone), distance_upper_bound=within_m)
        for m, k in zip(np.atleast_1d(metres), np.atleast_1d(at), strict=True):
            if np.isfinite(m) and k in free:
                free.discard(int(k))
                old = gone[int(k)]
                table.loc[n, ["why", "other_name", "other_m"]] = ["instead", table["name"].iloc[old] or table["place_id"].iloc[old], float(m)]  # fmt: skip
                break
    return table
