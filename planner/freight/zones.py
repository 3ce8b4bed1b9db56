"""Where truck trips begin and end: generators within the area, gateways where main roads lead out of it."""

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
from planner.inputs.places.within import district_of, one_per_spot
from planner.roads.network import Network

Ints = NDArray[np.int64]

#: Generators by how much they matter where several stand together.
ZONE_KINDS = ("port", "logistics", "market", "industry", "district")
_HOSTS = {"port": "port", "logistics": "logistics", "industry": "industry"}
_LANDUSE = {"port": "port", "industrial": "industry", "retail": "market", "depot": "logistics"}
GATE_CLASSES = ("motorway", "trunk", "primary")
#: Gaps between districts up to twice this wide are no outline (metres).
SLIVER_M = 50.0
#: A main road that ends this near to the outline was cut there (metres).
CUT_M = 150.0


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
    texts = {"kind": [r[0] for r in rows], "name": [str(r[1] or "") for r in rows]}
    table = gpd.GeoDataFrame(
        pd.DataFrame(texts, dtype="str"), geometry=gpd.GeoSeries([r[2] for r in rows], crs=crs), crs=crs
    )
    table["district"] = district_of(table.geometry, districts, outside="")
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
    """Where main roads cross the outline of the area, or were cut off at it.

    ``table``: zone_id, kind (class of the biggest road), name, trucks_per_day, counted, point.
    ``doors``: per gateway the network nodes where trucks come in and where they leave; ``ways``: the street they come
    in and leave by at each of them (-1: the road was cut off there, it is the first or last one they drive on).
    """

    table: gpd.GeoDataFrame
    doors: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    ways: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = ()


def find_gateways(
    network: Network,
    area: shapely.Geometry,
    *,
    trucks: Mapping[str, float],
    merge_km: float,
    roads: gpd.GeoDataFrame | None = None,
    counts: gpd.GeoDataFrame | None = None,
) -> tuple[Gateways, list[Finding]]:
    """Gateways of the truck network, those of one class of road within ``merge_km`` taken together.

    Parameters
    ----------
    trucks
        Trucks a day by class of road, both directions; each gateway counts once.
    roads
        The main roads with ``ref`` and ``name``, to name a gateway by.
    counts
        Counted ``trucks_per_day`` at points: within ``merge_km`` (at least 1 km) they win.
    """
    kinds = np.array(network.classes, dtype=object)[network.edge_class.astype(int)]
    crossing, inner, inward, xy = _ways_out(network, np.isin(kinds, GATE_CLASSES), outer_outline(area))
    label = _together(xy, merge_km * 1000, kinds[crossing])
    degree = np.bincount(np.concatenate([network.edge_u, network.edge_v]), minlength=network.n_nodes)
    way = np.where(degree[inner] == 1, -1, crossing)  # a road cut off begins there: nobody turns into it
    rows, doors, ways, found = [], [], [], list[Finding]()
    for one in range(label.max(initial=-1) + 1):
        mine = np.flatnonzero(label == one)
        edges, nodes = crossing[mine], inner[mine]
        come = np.isfinite(np.where(inward[mine], network.edge_s_uv[edges], network.edge_s_vu[edges]))
        leave = np.isfinite(np.where(inward[mine], network.edge_s_vu[edges], network.edge_s_uv[edges]))
        if not (come.any() and leave.any()):
            continue
        both = [np.unique(np.column_stack([nodes, way[mine]])[part], axis=0) for part in (come, leave)]
        doors.append((tuple(both[0][:, 0].tolist()), tuple(both[1][:, 0].tolist())))
        ways.append((tuple(both[0][:, 1].tolist()), tuple(both[1][:, 1].tolist())))
        kind = str(kinds[edges[0]])
        rows.append({
            "kind": kind, "trucks_per_day": float(trucks.get(kind, 0.0)), "counted": False,
            "geometry": shapely.Point(*xy[mine].mean(0)),
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
    return Gateways(table, tuple(doors), tuple(ways)), found


def outer_outline(area: shapely.Geometry) -> shapely.Geometry:
    """The area without holes and without gaps between its parts: a way through them does not leave it."""
    closed = shapely.buffer(area, SLIVER_M, join_style="mitre")
    parts = shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(closed)))
    return shapely.buffer(shapely.union_all(parts), -SLIVER_M, join_style="mitre")


def _ways_out(
    network: Network, main: NDArray[np.bool_], outline: shapely.Geometry
) -> tuple[Ints, Ints, NDArray[np.bool_], NDArray[Any]]:
    """Main streets that leave the area: edge, its node inside, whether u→v leads in, and where it leaves.

    A street leaves where it crosses the outline, and where it ends within ``CUT_M`` of it (extracts are
    often cut at the boundary).
    """
    shapely.prepare(outline)
    inside = shapely.contains_xy(outline, network.x_m, network.y_m)
    u, v = network.edge_u.astype(np.int64), network.edge_v.astype(np.int64)
    over = np.flatnonzero(main & (inside[u] != inside[v]))
    inner = np.where(inside[u[over]], u[over], v[over])
    degree = np.bincount(np.concatenate([u, v]), minlength=network.n_nodes)
    last = np.where(degree[u] == 1, u, v)
    cut = np.flatnonzero(main & (degree[last] == 1) & inside[u] & inside[v])
    tips = shapely.points(network.x_m[last[cut]], network.y_m[last[cut]])
    cut = cut[shapely.distance(tips, shapely.boundary(outline)) <= CUT_M]
    edges, nodes = np.concatenate([over, cut]), np.concatenate([inner, last[cut]])
    inward = np.concatenate([inner == v[over], last[cut] == u[cut]])
    xy = np.vstack([
        _on_outline(network, over, inner, outline),
        np.column_stack([network.x_m[last[cut]], network.y_m[last[cut]]]),
    ])  # fmt: skip
    fits = network.counts[nodes]
    return edges[fits], nodes[fits], inward[fits], xy[fits]


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


def _together(xy: NDArray[Any], within_m: float, kinds: NDArray[Any]) -> Ints:
    """Label of the group of points of the same kind that hang together within a distance."""
    if len(xy) == 0:
        return np.zeros(0, np.int64)
    pairs = cKDTree(xy).query_pairs(within_m, output_type="ndarray")
    pairs = pairs[kinds[pairs[:, 0]] == kinds[pairs[:, 1]]]
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
    """Gateways with the volume of a count that stands at them, on the road the gateway is named by.

    A count without a road belongs to the nearest gateway, and so does any where no name is known. Counts
    of one road at one gateway are averaged, those of several roads (a merged gateway) added.
    """
    if counts is None or counts.empty or table.empty:
        return table
    known = counts[np.isfinite(counts["trucks_per_day"].to_numpy(float))]
    roads = known["road"].fillna("").astype(str).to_numpy()
    names = table["name"].astype(str).to_numpy()
    seen: dict[int, dict[str, list[float]]] = {}
    for point, trucks, road in zip(known.geometry, known["trucks_per_day"], roads, strict=True):
        metres = shapely.distance(table.geometry.to_numpy(), point)
        fits = (names == road) | np.isin(names, GATE_CLASSES) | (road == "")
        metres = np.where(fits, metres, np.inf)
        i = int(np.argmin(metres))
        if metres[i] <= within_m:
            seen.setdefault(i, {}).setdefault(road, []).append(float(trucks))
    volume, flag = table["trucks_per_day"].to_numpy(float).copy(), np.zeros(len(table), bool)
    for i, by_road in seen.items():
        volume[i], flag[i] = sum(float(np.mean(v)) for v in by_road.values()), True
    return table.assign(trucks_per_day=volume, counted=flag)
