"""An area as people draw it: without specks and with fewer corners."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely


def generalise(area: Any, *, least_m2: float = 20_000.0, tolerance_m: float = 8.0) -> Any:
    """The area without parts and holes smaller than ``least_m2``, its rings simplified.

    Between streets a service area has a hole per block; for a picture of a city only the large ones (lakes,
    rail yards) mean something.

    Parameters
    ----------
    area
        (Multi)Polygon, metric CRS.
    least_m2
        Holes and parts below this are filled and left out.
    tolerance_m
        Douglas-Peucker tolerance.

    Returns
    -------
    Valid MultiPolygon (empty if nothing is left).
    """
    parts = shapely.get_parts(area)
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    outer = shapely.polygons(shapely.get_exterior_ring(parts)) if len(parts) else parts
    inner, of_part = shapely.get_rings(parts, return_index=True)
    first = np.r_[True, of_part[1:] != of_part[:-1]] if len(of_part) else np.zeros(0, bool)
    holes = shapely.polygons(inner[~first])
    big = shapely.area(holes) >= least_m2
    keep = shapely.area(outer) >= least_m2
    solid = _simple(outer[keep], tolerance_m)
    lakes = _simple(holes[big], tolerance_m)
    whole = shapely.difference(shapely.union_all(solid), shapely.union_all(lakes)) if len(solid) else None
    if whole is None or whole.is_empty:
        return shapely.MultiPolygon()
    left = shapely.get_parts(whole)
    return shapely.MultiPolygon(list(left[shapely.area(left) >= least_m2]))


def _simple(polygons: Any, tolerance_m: float) -> Any:
    """Polygons with fewer corners, each valid."""
    return shapely.make_valid(shapely.simplify(polygons, tolerance_m, preserve_topology=False))
