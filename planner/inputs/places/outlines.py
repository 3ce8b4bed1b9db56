"""Outlines made fit for use: valid polygons in the study's CRS, every mending listed."""

from __future__ import annotations

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

Shapes = npt.NDArray[Any]
_SLIVER_M2 = 1.0
_CHANGE = 0.01


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
    moved = shapely.transform(shapes, lambda c: _moved(c, label, table, crs))
    return gpd.GeoSeries(_judged(shapes, moved, raw, found), crs=crs), found


def _moved(points: npt.NDArray[np.float64], label: str, table: Table, crs: str) -> npt.NDArray[np.float64]:
    """Vertices from the layer's CRS and datum to the study's CRS."""
    lng, lat = crs_.transform(points[:, 0], points[:, 1], source=label, target="EPSG:4326")
    if table.datum in ("gcj02", "bd09"):
        lng, lat = datum_.convert(lng, lat, source=table.datum)
    return np.stack(crs_.transform(lng, lat, source="EPSG:4326", target=crs), axis=1)


def _judged(shapes: Shapes, moved: Shapes, raw: RawTable, found: list[Finding]) -> Shapes:
    """Mended shapes; None where nothing is left. Findings are appended."""
    label = _labels(raw)
    result = np.full(len(moved), None, object)
    for i, shape in enumerate(moved):
        where = {"source": raw.source, "row": int(raw.rows[i]), "value": label.iloc[i]}
        if shape is None or shapes[i].is_empty:
            found.append(finding("GEO-004", **where))
            continue
        if not np.isfinite(shapely.get_coordinates(shape)).all():
            found.append(finding("XY-003", **where))
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
    return result


def _labels(raw: RawTable) -> pd.Series:
    """Something to call each row by."""
    for role in ("district", "name_zh", "name_en", "name"):
        if role in raw.roles:
            return raw.column(role).fillna("")
    return pd.Series([""] * len(raw.rows), dtype=object)
