"""Where a site is, as people say it: its street and the town or quarter around it."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

__all__ = ["whereabouts"]

Array = NDArray[Any]
#: Kinds of place that an address names, and how far the nearest may be; before them the others.
_TOWNS = ("town", "suburb", "borough", "quarter", "city_district", "municipality")
TOWN_M, PLACE_M, STREET_M = 5000.0, 2000.0, 100.0


def whereabouts(
    points: gpd.GeoSeries,
    streets: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    towns: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """``street`` and ``place`` of each point, "" where none is near; all in one metric CRS.

    The street: the nearest of ``streets`` (lines with ``name``) within 100 m. The place: the town in whose outline (``towns``: areas with
    ``name``) it lies, where there are none the nearest town, suburb or
    quarter of ``places`` (points with ``name`` and ``kind``) within 5 km, else any nearest place within 2 km.
    """
    town = places["kind"].isin(_TOWNS).to_numpy(dtype=bool)
    near, other = _nearest(points, places[town], TOWN_M), _nearest(points, places[~town], PLACE_M)
    near = np.where(near != "", near, other)
    within = np.full(len(points), "", dtype=object)
    if towns is not None:
        within = _nearest(points, towns, 0.0)
    return pd.DataFrame(
        {"street": _nearest(points, streets, STREET_M), "place": np.where(within != "", within, near)}
    )


def _nearest(points: gpd.GeoSeries, named: gpd.GeoDataFrame, within_m: float) -> Array:
    """Name of the nearest of ``named`` within ``within_m``, of those in which a point lies where that is 0; the first by name."""
    names = named["name"].fillna("").astype("str").str.strip().to_numpy(dtype=object)
    order = np.argsort(names, kind="stable")
    order = order[names[order] != ""]
    out = np.full(len(points), "", dtype=object)
    if not len(order) or not len(points):
        return out
    tree = shapely.STRtree(named.geometry.to_numpy()[order])
    if within_m > 0:
        which, where = tree.query_nearest(points.to_numpy(), max_distance=within_m, all_matches=True)
    else:
        which, where = tree.query(points.to_numpy(), predicate="covered_by")
    first = np.full(len(points), len(order))
    np.minimum.at(first, which, where)
    hit = first < len(order)
    out[hit] = names[order[first[hit]]]
    return out
