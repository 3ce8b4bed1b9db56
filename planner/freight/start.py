"""What the freight model starts from: zones, gateways, sites and counts, on the truck network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import Finding, finding
from planner.freight.sites import existing_homes, find_sites, left_out
from planner.freight.zones import Gateways, based_drivers, find_gateways, find_generators
from planner.inputs.truck_lists import TruckLists
from planner.roads.network import Network
from planner.roads.reach import snap
from planner.roads.snapping import Snapped
from planner.settings.freight import Freight

__all__ = ["Start", "TruckGround", "find_start", "reachable_only", "snap_places"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TruckGround:
    """What is known of an area before any truck is modelled, all in the study's CRS.

    Attributes
    ----------
    districts, hosts
        As ``planner/tables.py`` lists them.
    demand
        Cells with ``district`` and truck drivers by period (``truck__…``).
    landuse, main_roads
        Layers of the street file; ``main_roads`` with ``class``, ``ref``, ``name`` and ``osm_id``.
    tags
        What the street file says about trucks at hosts (:func:`planner.inputs.truck_lists.read_truck_tags`).
    lists
        The study's own lists.
    """

    districts: gpd.GeoDataFrame
    hosts: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    landuse: gpd.GeoDataFrame
    main_roads: gpd.GeoDataFrame
    tags: pd.DataFrame
    lists: TruckLists


@dataclass(frozen=True, eq=False)
class Start:
    """Where trips begin and end, where homes may stand, and what was counted.

    ``sites`` holds the existing homes first (``exists``), then the candidates; ``counts`` has ``trucks``,
    counted or a share of all vehicles.
    """

    generators: gpd.GeoDataFrame
    drivers: Floats
    gateways: Gateways
    sites: gpd.GeoDataFrame
    counts: gpd.GeoDataFrame


def find_start(ground: TruckGround, network: Network, f: Freight) -> tuple[Start, list[Finding]]:
    """Zones, sites and counts of an area, and what was noticed on the way."""
    hosts, districts, lists = ground.hosts, ground.districts, ground.lists
    counts, found = _on_truck_roads(_in_trucks(lists.counts, f), network, f)
    generators = find_generators(hosts, ground.landuse, districts, merge_m=f.generator_merge_m)
    drivers = based_drivers(generators, ground.demand)
    if drivers.sum() <= 0:
        found.append(finding("FRT-011", source="demand"))
    gateways, more = find_gateways(
        network, shapely.union_all(districts.geometry.to_numpy()), trucks=f.gateway_trucks,
        merge_km=f.gateway_merge_km, roads=ground.main_roads, counts=counts,
    )  # fmt: skip
    found += more
    homes = existing_homes(lists.homes, districts, f)
    candidates, more = find_sites(
        hosts, districts, freight=f, tags=ground.tags, own=lists.sites, homes=lists.homes
    )
    found += more
    sites = gpd.GeoDataFrame(pd.concat([homes, candidates], ignore_index=True), crs=network.crs)
    return Start(generators, drivers, gateways, sites, counts), found


def _in_trucks(counts: gpd.GeoDataFrame, f: Freight) -> gpd.GeoDataFrame:
    """Counts with ``trucks``: as counted, or their share of all vehicles where trucks are not told apart."""
    counted = counts["trucks_per_day"]
    return counts.assign(trucks=counted.where(counted.notna(), counts["vehicles_per_day"] * f.truck_share))


def _on_truck_roads(
    counts: gpd.GeoDataFrame, network: Network, f: Freight
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Counts that stand on a road trucks may use; the others are told and left out."""
    if counts.empty:
        return counts, []
    at = snap(network, counts.geometry, limit_m=1e6)
    far = (at.edge < 0) | (at.metres > max(f.street_within_m, 1000.0))
    found = [
        finding("FRT-003", source=str(r.source), row=int(r.row), field="road", value=r.road,
                metres=f"{m:,.0f}" if np.isfinite(m) else "∞")
        for r, m in zip(counts[far].itertuples(), at.metres[far], strict=True)
    ]  # fmt: skip
    return counts[~far].reset_index(drop=True), found


def snap_places(network: Network, start: Start, f: Freight) -> Snapped:
    """Generators and sites on the truck network; only service areas and homes may stand on a motorway."""
    motorway = np.array([c == "motorway" for c in network.classes])[network.edge_class.astype(int)]
    calm = replace(
        network,
        edge_s_uv=np.where(motorway, np.inf, network.edge_s_uv),
        edge_s_vu=np.where(motorway, np.inf, network.edge_s_vu),
    )
    points = pd.concat([start.generators.geometry, start.sites.geometry], ignore_index=True)
    points = gpd.GeoSeries(points, crs=network.crs)
    n = len(start.generators)
    fast = np.zeros(len(points), bool)
    fast[n:] = start.sites["host_kind"].isin(["service_area", "driver_home"]).to_numpy()
    any_, off = snap(network, points, limit_m=1e5), snap(calm, points, limit_m=1e5)
    limit = np.where(np.arange(len(points)) < n, 3000.0, f.street_within_m)
    limit[n:][start.sites["exists"].to_numpy(bool)] = 1500.0
    edge = np.where(fast, any_.edge, off.edge)
    metres = np.where(fast, any_.metres, off.metres)
    edge = np.where((edge >= 0) & (metres <= limit), edge, -1).astype(np.int32)
    return Snapped(
        edge, np.where(fast, any_.offset_m, off.offset_m), metres, np.where(fast, any_.x_m, off.x_m), np.where(fast, any_.y_m, off.y_m),
        points.index, network.crs,
    )  # fmt: skip


def reachable_only(start: Start, snapped: Snapped) -> tuple[Start, Snapped, list[Finding]]:
    """Generators and sites without a street for trucks leave the model, and are told."""
    n = len(start.generators)
    on = snapped.edge >= 0
    found: list[Finding] = []
    lost = ~on[:n]
    if lost.any():
        names = "、".join(start.generators["name"][lost].head(5))
        found.append(finding("FRT-001", source="hosts", n=int(lost.sum()), limit="3000", names=names))
    if not on[:n].any():
        found.append(finding("FRT-012", source="hosts"))
    exists = start.sites["exists"].to_numpy(bool)
    found += [
        finding("FRT-009", source="driver_homes", field="name", value=name, limit="1500")
        for name in start.sites["name"][~on[n:] & exists]
    ]
    found += left_out("street", int((~on[n:] & ~exists).sum()))
    keep = np.concatenate([on[:n], on[n:] | exists])
    generators = start.generators[on[:n]].reset_index(drop=True)
    drivers = _moved(start, on[:n])
    sites = start.sites[keep[n:]].reset_index(drop=True)
    made = replace(start, generators=generators, drivers=drivers, sites=sites)
    index = pd.RangeIndex(int(keep.sum()))
    return made, Snapped(
        snapped.edge[keep], snapped.offset_m[keep], snapped.metres[keep], snapped.x_m[keep], snapped.y_m[keep],
        index, snapped.crs,
    ), found  # fmt: skip


def _moved(start: Start, on: NDArray[np.bool_]) -> Floats:
    """Drivers of generators that left the model join the nearest one that stays."""
    if on.all() or not on.any():
        return start.drivers[on]
    xy = shapely.get_coordinates(start.generators.geometry.to_numpy())
    stay = np.flatnonzero(on)
    out = np.where(on, start.drivers, 0.0)
    for i in np.flatnonzero(~on):
        out[stay[np.argmin(np.hypot(*(xy[stay] - xy[i]).T))]] += start.drivers[i]
    return out[on]
