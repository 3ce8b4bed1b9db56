"""Outlines made fit for use: valid polygons in the study's CRS, every mending listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from planner.errors import Finding, finding
from planner.inputs.places import crs as crs_
from planner.inputs.places import datum as datum_
from planner.inputs.tables.read import RawTable
from planner.settings.inputs import Table

__all__ = ["outlines", "polygons_of"]

Moving = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
Shapes = npt.NDArray[Any]
_SLIVER_M2 = 1.0
_CHANGE = 0.01
#: An outline of more edges than this is fine; two edges longer than this (m) that meet in it make a spike.
_FINE, _SPIKE_M = 8, 50_000.0


def polygons_of(shape: Any) -> Any:
    """The polygons of any geometry as one polygon or multipolygon (empty polygon if there are none)."""
    parts = shapely.get_parts(shape)
    while any(shapely.get_type_id(parts) >= 4):
        parts = shapely.get_parts(parts)
    flat = [p for p in parts if p.geom_type == "Polygon" and not p.is_empty]
    return flat[0] if len(flat) == 1 else shapely.multipolygons(flat) if flat else shapely.Polygon()


def _mended(shape: Any) -> Any:
    """A valid polygon or multipolygon without slivers."""
    fixed = polygons_of(shapely.make_valid(shape))
    parts = shapely.get_parts(fixed)
    area = shapely.area(parts)
    keep = area > max(_SLIVER_M2, 1e-9 * area.sum()) if len(parts) else np.zeros(0, bool)
    return polygons_of(shapely.multipolygons(parts[keep])) if keep.any() else shapely.Polygon()


def outlines(raw: RawTable, table: Table, *, crs: str) -> tuple[gpd.GeoSeries, list[Finding]]:
    """Polygons of a layer in the study's CRS, index 0 … n − 1; None where a row has no usable outline.

    Codes: CRS-001 … CRS-003, XY-001, XY-003, GEO-002, GEO-004 … GEO-006, DIS-005.
    """
    source, n = raw.source, len(raw.rows)
    none = gpd.GeoSeries(np.full(n, None, object), crs=crs)
    label = table.crs or raw.crs
    if raw.geometry is None:
        return none, [finding("DIS-005", source=source)]
    missing = " (.prj)" if source.lower().endswith(".shp") else ""
    if label is None:
        return none, [finding("CRS-001", source=source, field="crs", missing=missing)]
    shapes = raw.geometry.copy()
    bounds = shapely.bounds(shapes)
    x, y = bounds[:, [0, 2]].ravel(), bounds[:, [1, 3]].ravel()
    swapped = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
    if crs_.is_geographic(label) and swapped.mean() > 0.5 and not table.swap:
        return none, [finding("XY-001", source=source, field="swap", value=f"{n}/{n}")]
    found: list[Finding] = []
    if table.swap:
        shapes = shapely.transform(shapes, lambda c: c[:, ::-1])
        x, y = y, x
        found.append(finding("XY-014", source=source))
    if not crs_.plausible(x, y, label):
        better = crs_.suggest(x, y, study_crs=crs) or "?"
        return none, [finding("CRS-002", source=source, field="crs", value=label, better=better)]
    if not crs_.is_geographic(label):
        found.append(finding("CRS-003", source=source, field="crs", value=label, target=crs))
    shapes, impossible = _possible(shapes, raw, label)
    found += impossible
    shapes, nowhere = _somewhere(shapes, raw, lambda c: _moved(c, label, table, crs))
    found += nowhere
    moved = shapely.transform(shapes, lambda c: _moved(c, label, table, crs))
    return gpd.GeoSeries(_judged(shapes, moved, raw, crs, found), crs=crs), found


def _moved(points: npt.NDArray[np.float64], label: str, table: Table, crs: str) -> npt.NDArray[np.float64]:
    """Vertices from the layer's CRS and datum to the study's CRS."""
    lng, lat = crs_.transform(points[:, 0], points[:, 1], source=label, target="EPSG:4326")
    if table.datum in ("gcj02", "bd09"):
        lng, lat = datum_.convert(lng, lat, source=table.datum)
    return np.stack(crs_.transform(lng, lat, source="EPSG:4326", target=crs), axis=1)


def _judged(shapes: Shapes, moved: Shapes, raw: RawTable, crs: str, found: list[Finding]) -> Shapes:
    """Mended shapes; None where nothing is left. Findings are appended."""
    label = _labels(raw)
    result = np.full(len(moved), None, object)
    for i, shape in enumerate(moved):
        where = {"source": raw.source, "row": int(raw.rows[i]), "value": label.iloc[i]}
        if shape is None or shapes[i].is_empty:
            if not any(f.code in ("GEO-007", "XY-003") and f.row == where["row"] for f in found):
                found.append(finding("GEO-004", **where))
            continue
        kind = shapely.get_type_id(shape)
        if kind == 7:
            found.append(finding("GEO-005", **where))
        valid = bool(shapely.is_valid(shape))
        fixed = polygons_of(shape) if valid else _mended(shape)
        if fixed.is_empty:
            found.append(finding("GEO-004", **where))
            continue
        if not valid:
            change = abs(fixed.area - shape.area) / fixed.area
            code = "GEO-006" if change > _CHANGE else "GEO-002"
            found.append(finding(code, change=f"{change:.1%}", **where))
        result[i] = fixed
        spike = _spike(fixed)
        if spike is not None:
            x, y, metres = spike
            lng, lat = crs_.transform([x], [y], source=crs, target="EPSG:4326")
            found.append(finding("GEO-008", source=raw.source, row=int(raw.rows[i]), field=str(label.iloc[i]),
                                 value=f"{metres / 1000:.0f}", place=f"{lng[0]:.4f}, {lat[0]:.4f}"))  # fmt: skip
    return result


def _somewhere(shapes: Shapes, raw: RawTable, move: Moving) -> tuple[Shapes, list[Finding]]:
    """The shapes without those that have a vertex without a place in the study's CRS (XY-003, an error: no district may be lost)."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    lost = ~np.isfinite(move(xy)).all(axis=1)
    shapes, found = shapes.copy(), []
    for i in np.unique(owner[lost]):
        x, y = xy[lost & (owner == i)][0]
        found.append(
            finding("XY-003", source=raw.source, row=int(raw.rows[i]), severity="E", value=f"{x:g}, {y:g}")
        )
        shapes[i] = None
    return shapes, found


def _possible(shapes: Shapes, raw: RawTable, label: str) -> tuple[Shapes, list[Finding]]:
    """The shapes without those that have a vertex which is no place (GEO-007); GEOS takes such a ring for an open one."""
    found: list[Finding] = []
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    bad = ~np.isfinite(xy).all(axis=1)
    if crs_.is_geographic(label):
        bad |= (np.abs(xy[:, 0]) > 180) | (np.abs(xy[:, 1]) > 90)
    shapes = shapes.copy()
    for i in np.unique(owner[bad]):
        first = xy[bad & (owner == i)]
        found.append(
            finding(
                "GEO-007",
                source=raw.source,
                row=int(raw.rows[i]),
                value=f"{first[0][0]:g}, {first[0][1]:g}",
                n=len(first),
            )
        )
        shapes[i] = None
    return shapes, found


def _spike(shape: Any) -> tuple[float, float, float] | None:
    """A vertex far out between two long edges of a fine outline: where it is, and how far from its neighbours; else None."""
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        xy = shapely.get_coordinates(ring)
        edges = np.hypot(*np.diff(xy, axis=0).T)
        usual = float(np.median(edges)) if len(edges) > _FINE else np.inf
        both = np.minimum(edges, np.roll(edges, 1))  # of the edges that meet in each vertex the shorter
        worst = int(np.argmax(both))
        if both[worst] > max(_SPIKE_M, 100 * usual):
            return float(xy[worst][0]), float(xy[worst][1]), float(both[worst])
    return None


def _labels(raw: RawTable) -> pd.Series:
    """Something to call each row by."""
    for role in ("district", "name_zh", "name_en", "name"):
        if role in raw.roles:
            return raw.column(role).fillna("")
    return pd.Series([""] * len(raw.rows), dtype=object)
