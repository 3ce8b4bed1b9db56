"""The union's circle of service: who has a place of one network, of several or of all within reach, and who has two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from planner.demand.streets.standing import DemandPoints
from planner.networks.lists import UnionLists
from planner.networks.people import UnionPeople
from planner.networks.reach import modes_of, open_columns
from planner.progress import Progress, silent
from planner.roads.network import Network
from planner.settings.groups import Period
from planner.settings.networks import UnionNetwork, named
from planner.siting.coverage import stations_in_reach
from planner.siting.reach import Way, reach_seconds

__all__ = ["ServiceCircle", "Serving", "serve_networks"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ServiceCircle:
    """Who has a place of some networks within the circle's minutes.

    Attributes
    ----------
    networks
        Those that count.
    workers, covered, twice
        Workers of the headline; with an open place of at least one of the networks in reach; of at least two.
    table
        A row per network: network, places, covered (workers), share, only (workers whom no other of the networks serves),
        people (whom the network is for), served, served_share (by its own mode and minutes).
    by_district
        district, workers, covered, share, twice_share.
    doubles
        Places of two of the networks that stand within the study's ``union.double_m``: network, place_id, name, other,
        other_id, other_name, metres. A place that must stand on the other's is not told.
    """

    networks: tuple[str, ...]
    workers: float
    covered: float
    twice: float
    table: pd.DataFrame
    by_district: pd.DataFrame
    doubles: pd.DataFrame

    @property
    def share(self) -> float:
        """Share of the workers in the circle."""
        return self.covered / self.workers if self.workers > 0 else 0.0

    @property
    def share_twice(self) -> float:
        """Share of the workers whom two networks or more serve."""
        return self.twice / self.workers if self.workers > 0 else 0.0

    def __repr__(self) -> str:
        return (
            f"ServiceCircle({len(self.networks)} networks: {self.covered:,.0f} of {self.workers:,.0f} workers, {self.share:.1%}; "
            f"by two networks or more {self.share_twice:.1%}; {len(self.doubles):,} pairs of places side by side)"
        )

    def _repr_html_(self) -> str:
        table = self.table.to_html(index=False, float_format=lambda v: f"{v:,.3f}", escape=True)
        return f"<p>{escape(repr(self))}</p>{table}"


@dataclass(frozen=True, eq=False)
class Serving:
    """Who is served by which network: what every circle is read off.

    Attributes
    ----------
    names
        Networks, in the study's order.
    counted
        Those that count where none are named.
    served
        csr (n_networks × n_columns): stored where a network has an open place in reach; columns are workers at a demand point in a
        period.
    weights, district, point
        Workers per column; position of its district in ``districts``; its demand point.
    districts
        district, workers.
    own
        network, places, people, served.
    places
        network, place_id, name, workers (in reach while it is open), geometry: all places.
    based
        Network → the one it stands on.
    double_m
        Places of two networks so near are side by side.
    """

    names: tuple[str, ...]
    counted: tuple[str, ...]
    served: sparse.csr_array
    weights: Array
    district: Array
    point: Array
    districts: pd.DataFrame
    own: pd.DataFrame
    places: gpd.GeoDataFrame
    based: Mapping[str, str]
    double_m: float

    def circle(self, networks: Sequence[str] | None = None) -> ServiceCircle:
        """The circle of some networks by name; of those that count where None."""
        names = self.counted if networks is None else tuple(networks)
        rows = [self.names.index(n) for n in names]
        mine = sparse.csr_array(self.served[rows])
        times = np.bincount(mine.indices, minlength=mine.shape[1])
        ones = sparse.csr_array((np.ones(mine.nnz), mine.indices, mine.indptr), shape=mine.shape)
        covered = np.asarray(ones @ self.weights).reshape(-1)
        only = np.asarray(ones @ np.where(times == 1, self.weights, 0.0)).reshape(-1)
        total = float(self.districts["workers"].sum())
        own = self.own.iloc[rows]
        table = pd.DataFrame(
            {
                "network": list(names),
                "places": own["places"].to_numpy(),
                "covered": covered,
                "share": covered / total if total > 0 else 0.0,
                "only": only,
                "people": own["people"].to_numpy(),
                "served": own["served"].to_numpy(),
                "served_share": _shares(own["served"], own["people"]),
            }
        )
        return ServiceCircle(
            names, total, float(self.weights[times >= 1].sum()), float(self.weights[times >= 2].sum()), table,
            self._by_district(times), self.doubles(names),
        )  # fmt: skip

    def _by_district(self, times: Array) -> pd.DataFrame:
        n = len(self.districts)
        sums = [np.bincount(self.district, self.weights * (times >= k), n) for k in (1, 2)]
        workers = self.districts["workers"]
        return self.districts.assign(
            covered=sums[0], share=_shares(sums[0], workers), twice_share=_shares(sums[1], workers)
        )

    def doubles(self, networks: Sequence[str]) -> pd.DataFrame:
        """Places of two of the networks that stand side by side."""
        mine = self.places[self.places["network"].isin(list(networks))].reset_index(drop=True)
        xy = shapely.get_coordinates(mine.geometry.to_numpy())
        pairs = (
            cKDTree(xy).query_pairs(self.double_m, output_type="ndarray")
            if len(mine)
            else np.zeros((0, 2), int)
        )
        pairs = np.sort(pairs.reshape(-1, 2), axis=1)
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        a, b = mine.iloc[pairs[:, 0]], mine.iloc[pairs[:, 1]]
        table = pd.DataFrame(
            {
                "network": a["network"].to_numpy(), "place_id": a["place_id"].to_numpy(), "name": a["name"].to_numpy(),
                "other": b["network"].to_numpy(), "other_id": b["place_id"].to_numpy(), "other_name": b["name"].to_numpy(),
                "metres": np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) if len(pairs) else np.zeros(0),
            }
        )  # fmt: skip
        stands = [
            self.based.get(x) == y or self.based.get(y) == x or x == y
            for x, y in zip(table["network"], table["other"], strict=True)
        ]
        return table[~np.array(stands, bool)].reset_index(drop=True)


def _shares(part: Any, whole: Any) -> Array:
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def serve_networks(
    networks: Sequence[UnionNetwork], lists: UnionLists, elsewhere: Mapping[str, gpd.GeoDataFrame] | None,
    planned: Mapping[str, gpd.GeoDataFrame] | None, people: UnionPeople, points: DemandPoints, ways: Sequence[Way], streets: Sequence[Network], own_streets: Sequence[Network], *,
    periods: Sequence[Period], default_hours: str, need_open: float, snap_limit_m: float, double_m: float,
    count_partners: bool, progress: Progress | None = None,
) -> Serving:  # fmt: skip
    """Who is served by which network.

    Parameters
    ----------
    lists
        The places that are there.
    elsewhere, planned
        New places by network, of other parts of the study and of the networks' own plan; None: those of today alone.
    ways
        How the headline's groups travel; ``streets``: a network of streets for each.
    own_streets
        A network of streets for each of :func:`planner.networks.reach.modes_of`.
    """
    say = progress or silent
    table, owner = _all_places(networks, [lists.places, elsewhere or {}, planned or {}])
    is_open = open_columns(table["open_hours"], periods, default_hours=default_hours, need_open=need_open)
    names = [p.name for p in periods]
    hits, weights, spots, known = [], [], [], {}
    workers_at = np.zeros(len(table))
    for way, roads in zip(ways, streets, strict=True):
        say("union:circle", 0.1)
        cutoff = way.minutes * 60.0
        seconds = reach_seconds(
            roads, table.geometry, points.geometry, cutoff_s=cutoff, snap_limit_m=snap_limit_m
        )
        known[way.mode, way.minutes] = seconds
        who = points.by_period(way.groups, names)
        hits.append(_by_network(seconds, cutoff, is_open[:, :-1], owner, len(networks)))
        weights.append(who.T.ravel())
        spots.append(np.tile(np.arange(len(points)), len(names)))
        near = sparse.csr_array((np.ones(seconds.nnz), seconds.indices, seconds.indptr), shape=seconds.shape)
        workers_at += ((near @ who) * is_open[:, :-1]).sum(axis=1)
    served, weight = sparse.csr_array(sparse.hstack(hits, format="csr")), np.concatenate(weights)
    point = np.concatenate(spots)
    district = points.table["district"].cat.codes.to_numpy(np.int64)[point]
    labels = points.table["district"].cat.categories.astype(str)
    totals = pd.DataFrame({"district": labels, "workers": np.bincount(district, weight, len(labels))})
    met = np.bincount(served.indices, minlength=served.shape[1]) > 0
    keep = np.flatnonzero(met & (weight > 0))
    by_mode = dict(zip(modes_of(networks), own_streets, strict=True))
    own = []
    for k, one in enumerate(networks):
        say("union:circle", 0.4 + 0.6 * k / len(networks))
        rows = np.flatnonzero(owner == k)
        found = known.get((one.mode, one.minutes))
        seconds = found[rows] if found is not None else reach_seconds(
            by_mode[one.mode], table.geometry.iloc[rows], points.geometry, cutoff_s=one.minutes * 60.0,
            snap_limit_m=snap_limit_m,
        )  # fmt: skip
        who = people.of(one, points)
        hit = stations_in_reach(seconds, one.minutes * 60.0, is_open[rows]) >= 1
        own.append((one.name, len(rows), float(who.sum()), float(who[hit].sum())))
    return Serving(
        tuple(n.name for n in networks), tuple(n.name for n in networks if count_partners or not n.partner),
        sparse.csr_array(served[:, keep]), weight[keep], district[keep], point[keep], totals,
        pd.DataFrame(own, columns=["network", "places", "people", "served"]),
        table[["network", "place_id", "name", "new", "geometry"]].assign(workers=workers_at), _based(networks), double_m,
    )  # fmt: skip


def _based(networks: Sequence[UnionNetwork]) -> dict[str, str]:
    found = {n.name: named(networks, n.only_on) for n in networks if n.only_on}
    return {name: base.name for name, base in found.items() if base is not None}


def _all_places(
    networks: Sequence[UnionNetwork], places: Sequence[Mapping[str, gpd.GeoDataFrame]]
) -> tuple[gpd.GeoDataFrame, Array]:
    """Every place of every network in one table, and the position of its network."""
    columns = ["place_id", "name", "open_hours", "geometry"]
    parts, owner, crs = [], [], None
    for k, one in enumerate(networks):
        for n, source in enumerate(places):
            table = source.get(one.name)
            crs = table.crs if table is not None else crs
            if table is not None and len(table):
                parts.append(table[columns].assign(network=one.name, new=n > 0))
                owner += [k] * len(table)
    if not parts:
        empty = gpd.GeoDataFrame({c: [] for c in columns}, geometry="geometry", crs=crs)
        return empty.assign(network="", new=False), np.zeros(0, int)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs), np.array(owner)


def _by_network(seconds: Any, cutoff_s: float, is_open: Array, owner: Array, n: int) -> sparse.csr_array:
    """Sparse (n_networks × periods · points): where a network has an open place in reach."""
    rows = []
    for k in range(n):
        mine = np.flatnonzero(owner == k)
        hit = stations_in_reach(seconds[mine], cutoff_s, is_open[mine]) >= 1
        rows.append(sparse.csr_array(hit.T.ravel().astype(np.int8)[None, :]))
    return sparse.csr_array(sparse.vstack(rows, format="csr"))
