"""Where truck trips begin and end: ports, logistics parks, industry, markets, and the gateways of the area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from planner.errors import Finding, finding
from planner.roads.network import Network

#: Generators by how much they matter where several stand together.
ZONE_KINDS = ("port", "logistics", "market", "industry", "district")
_HOSTS = {"port": "port", "logistics": "logistics", "industry": "industry"}
_LANDUSE = {"port": "port", "industrial": "industry", "retail": "market", "depot": "logistics"}
GATE_CLASSES = ("motorway", "trunk", "primary")


def find_generators(
    hosts: gpd.GeoDataFrame, landuse: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *, merge_m: float
) -> gpd.GeoDataFrame:
    """Generators of truck trips, one per spot, with kind, name and district (CRS of the hosts).

    A district that holds none gets its middle as one, so that every driver has somewhere to start.
    """
    crs = hosts.crs
    rows = [
        (_HOSTS[k], n, p)
        for k, n, p in zip(hosts["host_kind"], hosts["name"], hosts.geometry, strict=True)
        if k in _HOSTS
    ]
    used = landuse[landuse["kind"].isin(_LANDUSE)]
    rows += [
        (_LANDUSE[k], n, g.representative_point())
        for k, n, g in zip(used["kind"], used["name"], used.geometry, strict=True)
    ]
    table = gpd.GeoDataFrame(
        {"kind": [r[0] for r in rows], "name": [str(r[1] or "") for r in rows]},
        geometry=gpd.GeoSeries([r[2] for r in rows], crs=crs), crs=crs,
    )  # fmt: skip
    table["district"] = district_of(table.geometry, districts)
    table = table[table["district"] != ""]
    place = {k: i for i, k in enumerate(ZONE_KINDS)}
    table = table.assign(_rank=table["kind"].map(place), _x=table.geometry.x, _y=table.geometry.y)
    table = table.sort_values(["_rank", "name", "_x", "_y"], kind="stable").reset_index(drop=True)
    keep = one_per_spot(shapely.get_coordinates(table.geometry.to_numpy()), merge_m)
    table = table[keep].drop(columns=["_rank", "_x", "_y"])
    lonely = districts[~districts["district"].isin(table["district"])]
    middles = gpd.GeoDataFrame(
        {"kind": "district", "name": lonely["name_zh"].astype(str), "district": lonely["district"]},
        geometry=lonely.geometry.representative_point(), crs=crs,
    )  # fmt: skip
    table = gpd.GeoDataFrame(pd.concat([table, middles.to_crs(crs)], ignore_index=True), crs=crs)
    table.insert(0, "zone_id", [f"Z{i + 1:03d}" for i in range(len(table))])
    return table


def one_per_spot(xy: NDArray[Any], within_m: float) -> NDArray[np.bool_]:
    """Mask of the points that stay when, in the order given, each drives out later ones nearby."""
    keep = np.ones(len(xy), dtype=bool)
    if within_m <= 0 or len(xy) < 2:
        return keep
    pairs = cKDTree(xy).query_pairs(within_m, output_type="ndarray")
    for first, second in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]:
        if keep[first]:
            keep[second] = False
    return keep


def district_of(points: gpd.GeoSeries, districts: gpd.GeoDataFrame) -> list[str]:
    """Key of the district each point lies in (the first by order where two overlap), "" outside."""
    which = shapely.STRtree(districts.geometry.to_numpy()).query(points.to_numpy(), predicate="intersects")
    found = pd.Series(which[1], index=which[0]).groupby(level=0).min()
    keys = districts["district"].astype(str).to_numpy()
    return [str(keys[found[i]]) if i in found.index else "" for i in range(len(points))]


def based_drivers(generators: gpd.GeoDataFrame, demand: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Truck drivers of each generator: those of the cells nearest to it in the same district."""
    columns = [c for c in demand.columns if str(c).startswith("truck__")]
    drivers = demand[columns].to_numpy(float).sum(1) if columns else np.zeros(len(demand))
    points = shapely.get_coordinates(shapely.centroid(demand.geometry.to_numpy()))
    spots = shapely.get_coordinates(generators.geometry.to_numpy())
    out = np.zeros(len(generators))
    cell_in, zone_in = (
        demand["district"].astype(str).to_numpy(),
        generators["district"].astype(str).to_numpy(),
    )
    for district in sorted(set(cell_in)):
        cells = np.flatnonzero((cell_in == district) & (drivers > 0))
        zones = np.flatnonzero(zone_in == district)
        zones = zones if len(zones) else np.arange(len(generators))
        if len(cells) and len(zones):
            _, near = cKDTree(spots[zones]).query(points[cells])
            out += np.bincount(zones[near], drivers[cells], len(generators))
    return out


@dataclass(frozen=True, eq=False)
class Gateways:
    """Where main roads cross the outline of the area.

    ``table``: zone_id, kind (class of the biggest road), name, trucks_per_day, counted, point.
    ``doors``: per gateway the network nodes where trucks come in and where they leave.
    """

    table: gpd.GeoDataFrame
    doors: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


def find_gateways(
    network: Network,
    area: shapely.Geometry,
    *,
    trucks: Mapping[str, float],
    merge_km: float,
    roads: gpd.GeoDataFrame | None = None,
    counts: gpd.GeoDataFrame | None = None,
) -> tuple[Gateways, list[Finding]]:
    """Gateways of the truck network, those within ``merge_km`` taken together.

    Parameters
    ----------
    trucks
        Trucks a day by class of road, both directions; each road counts once per gateway and class.
    roads
        The main roads with ``ref`` and ``name``, to name a gateway by.
    counts
        Counted ``trucks_per_day`` at points: within ``merge_km`` (at least 1 km) they win.
    """
    shapely.prepare(area)
    inside = shapely.contains_xy(area, network.x_m, network.y_m)
    kinds = np.array(network.classes, dtype=object)[network.edge_class.astype(int)]
    main = np.isin(kinds, GATE_CLASSES)
    u, v = network.edge_u.astype(np.int64), network.edge_v.astype(np.int64)
    crossing = np.flatnonzero(main & (inside[u] != inside[v]))
    inner = np.where(inside[u[crossing]], u[crossing], v[crossing])
    fits = network.counts[inner]
    crossing, inner = crossing[fits], inner[fits]
    xy = _on_outline(network, crossing, inner, area)
    label = _together(xy, merge_km * 1000)
    rows, doors, found = [], [], list[Finding]()
    for one in range(label.max(initial=-1) + 1):
        mine = np.flatnonzero(label == one)
        edges, nodes = crossing[mine], inner[mine]
        from_u = inside[v[edges]]  # u lies outside: u→v comes in
        come = np.isfinite(np.where(from_u, network.edge_s_uv[edges], network.edge_s_vu[edges]))
        leave = np.isfinite(np.where(from_u, network.edge_s_vu[edges], network.edge_s_uv[edges]))
        present = [c for c in GATE_CLASSES if (kinds[edges] == c).any()]
        if not (come.any() and leave.any()):
            continue
        doors.append((tuple(np.unique(nodes[come]).tolist()), tuple(np.unique(nodes[leave]).tolist())))
        rows.append({
            "kind": present[0], "trucks_per_day": float(sum(trucks.get(c, 0.0) for c in present)),
            "counted": False, "geometry": shapely.Point(*xy[mine].mean(0)),
        })  # fmt: skip
    table = gpd.GeoDataFrame(
        rows or {"kind": [], "trucks_per_day": [], "counted": [], "geometry": []},
        geometry="geometry",
        crs=network.crs,
    )
    table.insert(0, "zone_id", [f"G{i + 1:03d}" for i in range(len(table))])
    table.insert(1, "name", _names(table, roads))
    if table.empty:
        found.append(finding("FRT-002", source="streets"))
    table = _counted(table, counts, max(merge_km, 1.0) * 1000)
    return Gateways(table, tuple(doors)), found


def _on_outline(
    network: Network, edges: NDArray[Any], inner: NDArray[Any], area: shapely.Geometry
) -> NDArray[Any]:
    """Where each street crosses the outline; its inner end if the crossing is no single point."""
    ends = np.column_stack([network.edge_u[edges], network.edge_v[edges]])
    lines = shapely.linestrings(np.stack([network.x_m[ends], network.y_m[ends]], axis=-1))
    hit = shapely.intersection(lines, shapely.boundary(area))
    point = shapely.get_type_id(hit) == 0
    usable = point & ~shapely.is_empty(hit)
    out = np.column_stack([network.x_m[inner], network.y_m[inner]])
    out[usable] = np.column_stack([shapely.get_x(hit[usable]), shapely.get_y(hit[usable])])
    return out


def _together(xy: NDArray[Any], within_m: float) -> NDArray[np.int64]:
    """Label of the group of points that hang together within a distance."""
    if len(xy) == 0:
        return np.zeros(0, np.int64)
    pairs = cKDTree(xy).query_pairs(within_m, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy)))
    _, label = connected_components(links, directed=False)
    return np.asarray(label, np.int64)


def _names(table: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None) -> list[str]:
    """Reference (G42) or name of the nearest main road, else the class."""
    if roads is None or roads.empty or table.empty:
        return [str(k) for k in table["kind"]]
    tree = shapely.STRtree(roads.geometry.to_numpy())
    out = []
    for point, kind in zip(table.geometry, table["kind"], strict=True):
        near = tree.query(point.buffer(1500), predicate="intersects")
        near = sorted(
            near, key=lambda i: (str(roads["class"].iloc[i]) != kind, roads.geometry.iloc[i].distance(point))
        )
        words = [str(roads["ref"].iloc[i] or roads["name"].iloc[i] or "") for i in near]
        out.append(next((w for w in words if w and w != "nan"), str(kind)))
    return out


def _counted(table: gpd.GeoDataFrame, counts: gpd.GeoDataFrame | None, within_m: float) -> gpd.GeoDataFrame:
    """Gateways with the volume of a count that stands at them."""
    if counts is None or counts.empty or table.empty:
        return table
    known = counts[np.isfinite(counts["trucks_per_day"].to_numpy(float))]
    volume, flag = table["trucks_per_day"].to_numpy(float).copy(), np.zeros(len(table), bool)
    for point, trucks in zip(known.geometry, known["trucks_per_day"], strict=True):
        metres = shapely.distance(table.geometry.to_numpy(), point)
        i = int(np.argmin(metres))
        if metres[i] <= within_m:
            volume[i], flag[i] = (volume[i] if flag[i] else 0.0) + float(trucks), True
    return table.assign(trucks_per_day=volume, counted=flag)
