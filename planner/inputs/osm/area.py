"""Areas, in whatever form they come, in the CRS that is worked in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from planner.errors import PlannerError
from planner.inputs.places.crs import moved

__all__ = ["area_in", "file_bounds"]


def area_in(area: Any, crs: str) -> Any:
    """An area as one valid shapely geometry in ``crs``.

    A GeoDataFrame or GeoSeries brings its CRS; a bare shapely geometry is taken for WGS84 degrees if
    its bounds can be, else for metres in ``crs``.

    Raises
    ------
    PlannerError
        Empty, or without a CRS.
    """
    import shapely

    if hasattr(area, "crs"):
        if area.crs is None:
            raise PlannerError("the area carries no CRS")
        geometry = shapely.union_all(shapely.make_valid(np.asarray(area.geometry.to_crs(crs).array)))
    else:
        geometry = area
        west, south, east, north = shapely.total_bounds(geometry)
        if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
            geometry = moved(geometry, source="EPSG:4326", target=crs)
    if geometry is None or shapely.is_empty(geometry):
        raise PlannerError("the area is empty")
    return shapely.make_valid(geometry)


def file_bounds(path: Path, crs: str) -> Any:
    """The bounds that an OSM file names for itself, as a polygon in ``crs``; None if it names none."""
    import osmium
    import shapely

    try:
        with osmium.io.Reader(str(path), osmium.osm.NOTHING) as reader:
            box = reader.header().box()
    except (RuntimeError, ValueError):
        return None
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    ring = shapely.segmentize(shapely.box(low.lon, low.lat, high.lon, high.lat), 0.01)
    there = moved(ring, source="EPSG:4326", target=crs)
    return there if np.isfinite(shapely.get_coordinates(there)).all() and there.area > 0 else None
