"""The checks of where stations stand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from planner.errors import Finding, finding
from planner.inputs.places.points import BEYOND_M
from planner.inputs.places.within import district_of
from planner.inputs.tables.headers import plain_name
from planner.inputs.tables.read import as_text

__all__ = [
    "check_stations",
    "close_pairs",
    "in_districts",
    "in_water",
    "match_districts",
]


def close_pairs(x: np.ndarray, y: np.ndarray, *, within_m: float) -> tuple[np.ndarray, np.ndarray]:
    """For each point (metres): the first point of its cluster of near neighbours, and the distance to it.

    Clusters link each point with its nearest other point within ``within_m``; a point alone, or the
    first of its cluster, has itself and 0.
    """
    n = len(x)
    first, metres = np.arange(n), np.zeros(n)
    if n < 2:
        return first, metres
    spots = np.stack([x, y], axis=1)
    away, other = cKDTree(spots).query(spots, k=2)
    # of two points at one spot either may come first
    mate = np.where(other[:, 0] == np.arange(n), other[:, 1], other[:, 0])
    gap = np.where(other[:, 0] == np.arange(n), away[:, 1], away[:, 0])
    near = np.flatnonzero(gap < within_m)
    links = coo_array((np.ones(len(near)), (near, mate[near])), shape=(n, n))
    _, label = connected_components(links, directed=False)
    lowest = np.full(label.max() + 1, n)
    np.minimum.at(lowest, label, np.arange(n))
    first = lowest[label]
    return first, np.hypot(x - x[first], y - y[first])


def match_districts(texts: pd.Series, districts: gpd.GeoDataFrame) -> pd.Series:
    """District keys meant by free text: 吴中 or 吴中区 for 吴中区, 高新区 for 虎丘区（高新区）, SIP by name_en.

    None where no district, or more than one, is meant.
    """
    names: dict[str, str] = {}
    for row in districts[["district", "name_zh", "name_en", "adcode"]].itertuples(index=False):
        for text in row:
            if isinstance(text, str) and text:
                for name in _variants(text):
                    names[name] = row.district if names.get(name, row.district) == row.district else ""

    def meant(text: object) -> str | None:
        if not isinstance(text, str) or not text:
            return None
        for name in _variants(text):
            if names.get(name):
                return names[name]
        plain = plain_name(text)
        inside = {
            key for name, key in names.items() if key and len(name) > 1 and (name in plain or plain in name)
        }
        return inside.pop() if len(inside) == 1 else None

    known = {t: meant(t) for t in texts.dropna().unique()}
    return texts.map(known.get).astype(object)


def _variants(text: str) -> list[str]:
    """A district's name as people shorten it."""
    plain = text.replace("（", "(").replace("）", ")")
    parts = [plain_name(plain), *(plain_name(p) for p in plain.strip(")").split("(")[1:])]
    short = [p[:-1] for p in parts if len(p) > 2 and p[-1] in "区市县"]
    return [p for p in [*parts, *short] if p]


def in_districts(
    stations: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *, stated: bool = True
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Stations with ``district`` set to where they lie, and LOC-003 where their row said otherwise.

    ``stated``: False where the study names no districts, and its only one cannot contradict a row.
    """
    actual = district_of(stations.geometry, districts)
    said = match_districts(stations["district"], districts)
    wrong = stated & stations["district"].notna() & actual.notna() & (said != actual)
    sources = stations.get("source", pd.Series("", index=stations.index))
    rows = stations.get("row", pd.Series(-1, index=stations.index))
    found = [
        finding("LOC-003", source=str(sources[i]), row=int(rows[i]), field="district",
                value=stations.loc[i, "district"], actual=str(actual[i]))
        for i in stations.index[wrong]
    ]  # fmt: skip
    return as_text(stations.assign(district=actual.where(actual.notna(), said)), ["district"]), found


def in_water(
    stations: gpd.GeoDataFrame, water: gpd.GeoDataFrame, *, shore_m: float = 10.0
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Stations without those in water, each of them with its distance to the shore (LOC-001).

    A station nearer than ``shore_m`` metres to the shore is taken to stand on it.
    """
    outlines = water.geometry.to_numpy()
    tree = shapely.STRtree(outlines)
    spots = stations.geometry.to_numpy()
    which, where = tree.query(spots, predicate="intersects")
    depth = np.zeros(len(stations))
    np.maximum.at(depth, which, shapely.distance(spots[which], shapely.boundary(outlines[where])))
    wet = depth > shore_m
    found = [
        finding(
            "LOC-001",
            source=str(r.get("source", "")),
            row=r.get("row"),
            field=str(r["name"]),
            value=f"{d:.0f}",
        )
        for (_, r), d in zip(stations[wet].iterrows(), depth[wet], strict=True)
    ]
    return stations[~wet], found


def check_stations(
    stations: gpd.GeoDataFrame,
    *,
    districts: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame | None = None,
    stated: bool = True,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """The checks that need more than one file: districts, water, ids used by two lists.

    Returns the stations that stand on land, with unique ids and ``district`` set to where they lie.
    Stations more than 2 km outside the districts, which their reader has listed (LOC-002), are left
    out: nobody of the area walks there. ``stated``: whether the study names its districts.
    """
    repeat = stations["station_id"].duplicated(keep="first")
    where = stations["row"].astype("str") + " (" + stations["source"] + ")"
    first = where.groupby(stations["station_id"]).transform("first")
    found = [
        finding(
            "ID-001", source=r.source, row=r.row, field="station_id", value=r.station_id, other=first[r.Index]
        )
        for r in stations[repeat].itertuples()
    ]
    placed = stations[~repeat]
    tree = shapely.STRtree(districts.geometry.to_numpy())
    near, _ = tree.query(placed.geometry.to_numpy(), predicate="dwithin", distance=BEYOND_M)
    placed = placed.iloc[np.unique(near)]
    placed, more = in_districts(placed, districts, stated=stated)
    found += more
    if water is not None and len(water):
        placed, more = in_water(placed, water)
        found += more
    return placed.reset_index(drop=True), found
