"""Streets of a study area, with a margin around it so that ways that leave it and come back are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from planner.errors import Finding, InputError, PlannerError, finding

if TYPE_CHECKING:
    from planner.roads.build import _Edges

__all__ = ["area_in", "clip"]


def area_in(area: Any, crs: str) -> Any:
    """An area as one shapely geometry in ``crs``.

    A GeoDataFrame or GeoSeries brings its CRS; a bare shapely geometry is taken for degrees (WGS84) if
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
        geometry = shapely.union_all(np.asarray(area.geometry.to_crs(crs).array))
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


def clip(
    edges: _Edges,
    x: np.ndarray,
    y: np.ndarray,
    area: Any,
    *,
    crs: str,
    margin_m: float,
    source: str,
    found: list[Finding],
) -> np.ndarray:
    """Which edges touch the area widened by ``margin_m``; whole edges, never cut.

    Tells (``NET-116``) when the streets seem to have been cut off along the area's outline: more
    dead ends just inside it than streets across it.

    Raises
    ------
    InputError
        No street lies in the area.
    """
    import shapely

    inner = area_in(area, crs)
    outer = shapely.buffer(inner, margin_m) if margin_m else inner
    owner = np.repeat(np.arange(edges.u.size), np.diff(edges.ptr))
    lines = shapely.linestrings(np.column_stack([edges.x, edges.y]), indices=owner)
    shapely.prepare(outer)
    keep = shapely.intersects(outer, lines)
    shapely.prepare(inner)
    within = shapely.contains_xy(inner, x, y)
    if not (keep & (within[edges.u] | within[edges.v] | shapely.intersects(inner, lines))).any():
        raise InputError([*found, finding("NET-115", source=source)])
    across = int((within[edges.u] != within[edges.v]).sum())
    degree = np.bincount(np.concatenate([edges.u, edges.v]), minlength=x.size)
    ends = np.flatnonzero(within & (degree == 1))
    at_rim = shapely.distance(shapely.boundary(inner), shapely.points(x[ends], y[ends])) < 50
    if margin_m and int(at_rim.sum()) > max(5, across):
        found.append(finding("NET-116", source=source, n=int(at_rim.sum()), margin=round(margin_m)))
    return keep
