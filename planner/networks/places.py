"""Where each network may get new places: hosts under its rules, or the places of the network it stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.errors import Finding, finding
from planner.hours.parse import open_share
from planner.networks.lists import PLACE, SAME_PLACE_M, UnionLists, no_places
from planner.roads.network import Network
from planner.settings.groups import Period
from planner.settings.networks import UnionNetwork, in_order, named
from planner.settings.siting import Siting
from planner.siting.candidates import find_candidates
from planner.tables import HOST_KINDS

__all__ = ["UnionPlaces", "all_places", "host_places", "judge_places", "standing_on"]

#: Where stations may stand counts for the other networks too, but for their own kinds, spacing and cost.
SITE_KEYS = ("street_within_m", "dedupe_m", "default_hours", "host_hours")
#: Columns of a table of candidates.
CANDIDATE = [*PLACE, "cost_yuan"]


@dataclass(frozen=True, eq=False)
class UnionPlaces:
    """Candidates of each planned network by its name (columns of :data:`PLACE` and ``cost_yuan``).

    The candidates of a network that stands on another are that one's places and candidates (``on_candidate``: which of its
    candidates, -1: a place that is there).
    """

    candidates: Mapping[str, gpd.GeoDataFrame]


def host_places(
    networks: Sequence[UnionNetwork], lists: UnionLists, hosts: gpd.GeoDataFrame, districts: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame, network: Network, *, periods: Sequence[Period], siting: Siting, need_open: float,
) -> UnionPlaces:  # fmt: skip
    """Candidates of the networks that may stand in hosts.

    Parameters
    ----------
    networks
        Those that are planned and stand on no other.
    network
        The walking network: a host stands near one of its streets.
    siting
        The rules on hosts that hold for all (:data:`SITE_KEYS`).
    need_open
        A host is open in a period from this share of it on.
    """
    made: dict[str, gpd.GeoDataFrame] = {}
    for one in networks:
        fit = _fitting(one, hosts, periods, siting, need_open)
        rules = siting.model_copy(
            update={
                "host_kinds": one.host_kinds, "min_to_open_m": max(one.apart_m, siting.dedupe_m),
                "every_m": None, "required": (), "cost_yuan": {k: one.cost_of(k) for k in HOST_KINDS},
            }
        )  # fmt: skip
        old = lists.places[one.name].assign(status="open")
        table, _ = find_candidates(fit, network, districts, old, rules=rules, water=water)
        table = table.rename(columns={"site_id": "place_id", "host_kind": "kind"})
        made[one.name] = table.assign(source="hosts", row=0)[CANDIDATE]
    return UnionPlaces(made)


def judge_places(networks: Sequence[UnionNetwork], hosted: UnionPlaces) -> tuple[Finding, ...]:
    """UNI-015 where fewer hosts than wanted may be chosen from.

    How many places of another network one can stand on is known only when that one is planned.
    """
    found = []
    for one in networks:
        n = len(hosted.candidates.get(one.name, ()))
        if one.only_on or not one.exact or one.wanted is None or n >= one.wanted:
            continue
        rules = ", ".join(k for k in ("host_kinds", "near_m", "open_in", "apart_m") if getattr(one, k))
        found.append(
            finding(
                "UNI-015", source="study.toml", field=f"networks.{one.name}.wanted", value=one.wanted, n=n, rules=rules,
                title_en=one.title("en"), title_zh=one.title("zh"),
            )
        )  # fmt: skip
    return tuple(found)


def all_places(
    networks: Sequence[UnionNetwork], lists: UnionLists, hosted: UnionPlaces,
    elsewhere: Mapping[str, gpd.GeoDataFrame], planned: Sequence[str],
) -> UnionPlaces:  # fmt: skip
    """Candidates of every planned network: its hosts, or the places of the one it stands on.

    Parameters
    ----------
    networks
        All of the study.
    hosted
        From :func:`host_places`.
    elsewhere
        New places of the networks that other parts of the study plan, by name: they stand.
    planned
        Names of the networks that get new places here.
    """
    made: dict[str, gpd.GeoDataFrame] = dict(hosted.candidates)
    for one in in_order(networks):
        base = named(networks, one.only_on) if one.only_on else None
        if base is not None and one.name in planned:
            below = lists.places[base.name]
            ahead = made.get(base.name, elsewhere.get(base.name, no_places(below.crs)))
            made[one.name] = standing_on(one, lists.places[one.name], below, ahead)
    return UnionPlaces(made)


def _fitting(
    one: UnionNetwork, hosts: gpd.GeoDataFrame, periods: Sequence[Period], siting: Siting, need_open: float
) -> gpd.GeoDataFrame:
    """Hosts of the network's kinds with the venues it needs near by, open when it must be."""
    fit = hosts[hosts["host_kind"].isin(one.host_kinds)]
    for kind, metres in one.near_m.items():
        fit = fit[nearest_m(fit.geometry, hosts[hosts["host_kind"] == kind].geometry) <= metres]
    wanted = [p for p in periods if p.name in one.open_in]
    if wanted and len(fit):
        stated = fit["open_hours"].fillna("").astype("str")
        usual = fit["host_kind"].map(lambda k: siting.host_hours.get(str(k), siting.default_hours))
        share = open_share(stated.where(stated != "", usual), wanted, default=siting.default_hours)
        fit = fit[(share >= need_open).all(axis=1)]
    return fit


def nearest_m(points: gpd.GeoSeries, others: gpd.GeoSeries) -> NDArray[np.float64]:
    """Straight metres from each point to the nearest of ``others`` (inf: there is none)."""
    if not len(others) or not len(points):
        return np.full(len(points), np.inf)
    far, _ = cKDTree(shapely.get_coordinates(others.to_numpy())).query(
        shapely.get_coordinates(points.to_numpy())
    )
    return np.asarray(far, float)


def standing_on(
    one: UnionNetwork, old: gpd.GeoDataFrame, below: gpd.GeoDataFrame, ahead: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Candidates of a network that stands on another: its places ``below``, then those it may yet get (``ahead``).

    None where the network has a place already, or one nearer than ``apart_m``. ``on_candidate``: row of ``ahead``.
    """
    parts = [below.assign(on_candidate=-1), ahead.assign(on_candidate=np.arange(len(ahead)))]
    table = pd.concat([p for p in parts if len(p)] or parts[:1], ignore_index=True)
    made = gpd.GeoDataFrame(table, geometry="geometry", crs=below.crs)
    free = nearest_m(made.geometry, old.geometry) >= max(one.apart_m, SAME_PLACE_M)
    if one.host_kinds:
        free &= made["kind"].isin(one.host_kinds).to_numpy()
    made = made[free].reset_index(drop=True)
    cost = [one.cost_of(str(k)) for k in made["kind"]]
    return made.assign(cost_yuan=np.asarray(cost, float))[[*CANDIDATE, "on_candidate"]]
