"""Columns of a table as the page's plain values: texts, rounded numbers, simplified geometry in WGS84."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.telling.words.numbers import printed

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from planner.publish.page.pack import Island

__all__ = [
    "TOLERANCE_M",
    "degrees",
    "numbers_of",
    "place_of",
    "points_of",
    "rounded",
    "texts_of",
    "with_shape",
]

#: Simplification tolerances in metres: about a third of a pixel at the zoom where the layer is read.
TOLERANCE_M = {"districts": 25.0, "water": 25.0, "roads": 12.0, "areas": 8.0, "gaps": 10.0, "extra": 8.0}


def rounded(value: object, digits: int = 0) -> float | int | None:
    """A rounded finite number, or None."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    return round(number) if digits == 0 else round(number, digits)


def texts_of(table: pd.DataFrame, column: str, change: Callable[[str], str] | None = None) -> list[str]:
    """A column as texts, empty where it is missing; ``change`` is applied to those that are not."""
    if column not in table.columns:
        return [""] * len(table)
    texts = [printed(v, "text") for v in table[column]]
    return texts if change is None else [change(t) if t else t for t in texts]


def numbers_of(table: pd.DataFrame, column: str, digits: int = 0) -> list[float | int | None]:
    """A column as rounded numbers, None where it is missing."""
    if column not in table.columns:
        return [None] * len(table)
    return [rounded(v, digits) for v in table[column]]


def degrees(table: gpd.GeoDataFrame, tolerance_m: float, *, coverage: bool = False) -> list[Any]:
    """Geometries simplified in the (metric) CRS of the table, then in WGS84."""
    import geopandas as gpd
    import shapely

    shapes = np.asarray(table.geometry.array)
    if coverage and len(shapes) and shapely.coverage_is_valid(shapes):
        simple = shapely.coverage_simplify(shapes, tolerance_m)
    else:
        simple = shapely.simplify(shapes, tolerance_m, preserve_topology=True)
    return list(gpd.GeoSeries(simple, crs=table.crs).to_crs(4326).array)


def points_of(table: gpd.GeoDataFrame, island: Island) -> list[int]:
    """A table's points, packed."""
    wgs = table.geometry.to_crs(4326)
    return island.points(wgs.x, wgs.y)


def place_of(table: pd.DataFrame, names: Sequence[str]) -> list[int]:
    """Position of each row's district among ``names``; -1 where it is none of them."""
    where = {name: i for i, name in enumerate(names)}
    return [where.get(name, -1) for name in texts_of(table, "district")]


def with_shape(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The rows that can be drawn: geometry neither missing nor empty."""
    import shapely

    shapes = np.asarray(table.geometry.array)
    return table[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
