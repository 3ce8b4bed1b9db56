"""Which points lie in which district, and which of several at one spot stay."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

__all__ = ["district_of", "one_per_spot"]


def district_of(
    points: gpd.GeoSeries, districts: gpd.GeoDataFrame, *, outside: str | None = None
) -> pd.Series:
    """Key of the district each point lies in (the first where they overlap), ``outside`` where in none.

    ``points`` and ``districts`` in one CRS; the result is on the points' index, as text unless ``outside``
    is None.
    """
    tree = shapely.STRtree(districts.geometry.to_numpy())
    which, where = tree.query(points.geometry.to_numpy(), predicate="intersects")
    found = np.full(len(points), len(districts))
    np.minimum.at(found, which, where)
    keys = np.array([*districts["district"], outside], dtype=object)
    return pd.Series(keys[found], index=points.index, dtype=object if outside is None else "str")


def one_per_spot(xy: npt.NDArray[Any], within_m: float) -> npt.NDArray[np.bool_]:
    """Mask of the points (n × 2, metres) that stay when, in the order given, each drives out later ones nearby."""
    keep = np.ones(len(xy), dtype=bool)
    if within_m <= 0 or len(xy) < 2:
        return keep
    pairs = cKDTree(xy).query_pairs(within_m, output_type="ndarray")
    for first, second in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]:
        if keep[first]:
            keep[second] = False
    return keep
