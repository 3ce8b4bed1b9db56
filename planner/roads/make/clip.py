"""Streets of a study area, with a margin around it so that ways that leave it and come back are kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from planner.errors import Finding, InputError, finding
from planner.inputs.osm.area import area_in
from planner.roads.make.cut import Edges, packed

__all__ = ["clip"]


def clip(
    edges: Edges,
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
    owner, shapes = np.repeat(np.arange(edges.u.size), edges.size), packed(edges)
    lines = shapely.linestrings(np.column_stack([shapes.x, shapes.y]), indices=owner)
    del owner, shapes
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
