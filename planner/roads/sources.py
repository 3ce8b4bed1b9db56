"""Anything a planner calls "the streets", brought to one form: files, graphs and tables of lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from planner.errors import InputError, PlannerError, finding
from planner.inputs.osm_streets import Streets, read_osm_streets

__all__ = ["read_streets", "streets_from_lines"]


def read_streets(source: Any) -> Streets:
    """Read streets from a path, a graph or a GeoDataFrame."""
    if isinstance(source, str | Path):
        return _from_file(Path(source))
    if hasattr(source, "geometry"):
        return streets_from_lines(source)
    raise PlannerError(f"cannot read streets from a {type(source).__name__}")


def _from_file(path: Path) -> Streets:
    name = path.name.lower()
    if not path.is_file():
        raise InputError([finding("NET-102", source=path.name, value=str(path))])
    if name.endswith((".osm", ".osm.pbf", ".pbf", ".osm.gz", ".osm.bz2")):
        return read_osm_streets(path)
    import geopandas as gpd

    return streets_from_lines(gpd.read_file(path), name=path.name)


def streets_from_lines(lines: Any, *, name: str = "streets") -> Streets:
    """Streets from a GeoDataFrame of lines; columns named as OSM keys are read as tags."""
    import shapely

    if lines.crs is None:
        raise InputError([finding("NET-103", source=name)])
    shapes = np.asarray(lines.geometry.array)
    parts, row = shapely.get_parts(shapes, return_index=True)
    is_line = (shapely.get_type_id(parts) == 1) & ~shapely.is_empty(parts)
    parts, row = parts[is_line], row[is_line]
    if parts.size == 0:
        raise InputError([finding("NET-101", source=name)])
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    size = np.bincount(owner, minlength=parts.size)
    return Streets(
        crs=lines.crs.to_string(), x=xy[:, 0].copy(), y=xy[:, 1].copy(),
        line_ptr=np.concatenate([[0], np.cumsum(size)]), line_vertex=np.arange(len(xy)),
        line_id=row.astype(np.int64), line_tags=np.zeros(parts.size, np.int32), tags=({},), source=name,
    )  # fmt: skip
