"""Where truck trips begin and end within the area: ports, logistics parks, industry, markets."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

#: Generators by how much they matter where several stand together.
ZONE_KINDS = ("port", "logistics", "market", "industry", "district")
_HOSTS = {"port": "port", "logistics": "logistics", "industry": "industry"}
_LANDUSE = {"port": "port", "industrial": "industry", "retail": "market", "depot": "logistics"}


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
