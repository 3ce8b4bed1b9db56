"""An area in whatever form it comes, as one geometry in the CRS that is worked in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj

from planner.errors import PlannerError

__all__ = ["area_in"]


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
            move = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
            geometry = shapely.transform(
                geometry, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1]))
            )
    if geometry is None or shapely.is_empty(geometry):
        raise PlannerError("the area is empty")
    return shapely.make_valid(geometry)
