"""Districts: outlines, names, populations and quotas."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from planner import tables
from planner.errors import Finding, finding
from planner.inputs.places import coordinates
from planner.inputs.places.outlines import outlines
from planner.inputs.tables.read import RawTable, as_text, read_table
from planner.settings.inputs import Table

__all__ = ["no_towns", "read_districts", "read_towns"]

_OVERLAP_M2 = 20_000.0
_GAP_M2 = 100_000.0
#: The widest province is 2,400 km across.
_WIDEST_M = 2_500_000.0


def read_districts(
    table: Table, *, crs: str, near: BaseGeometry | None = None
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Read the districts of a study, as ``tables.py`` lists them, in the study's metric CRS.

    The key ``district`` is the column of that name, else the Chinese name, else the English one.
    Outlines that cross themselves are mended, rings that are open closed; overlaps and gaps are
    listed with their area. ``near``: where the streets lie, in ``crs``; districts that do not touch it
    are another city's (DIS-002).
    """
    raw, found = read_table(table, kind="districts")
    if raw is None:
        return tables.empty("districts", crs, source="text", row="int"), found
    shapes, more = outlines(raw, table, crs=crs)
    found += more
    frame, more = _columns(raw)
    found += more
    frame = gpd.GeoDataFrame(frame, geometry=shapes, crs=crs)
    frame = frame[frame.geometry.notna() & frame["district"].notna()]
    repeat = frame["district"].duplicated(keep="first")
    found += [
        finding("DIS-003", source=raw.source, row=int(row), value=key)
        for key, row in zip(frame["district"][repeat], frame["row"][repeat], strict=True)
    ]
    frame = frame[~repeat].reset_index(drop=True)
    wide = frame.total_bounds if len(frame) else np.zeros(4)
    if max(wide[2] - wide[0], wide[3] - wide[1]) > _WIDEST_M:
        span = f"{(wide[2] - wide[0]) / 1000:,.0f} × {(wide[3] - wide[1]) / 1000:,.0f}"
        return tables.empty("districts", crs, source="text", row="int"), [
            *found,
            finding("DIS-007", source=raw.source, value=span),
        ]
    found += _fit(frame, raw.source)
    if near is not None and len(frame) and not frame.intersects(near).any():
        found.append(finding("DIS-002", source=raw.source))
    if frame.empty and not any(f.severity == "E" for f in found):
        found.append(finding("DIS-005", source=raw.source))
    return tables.check("districts", frame), found


def no_towns(crs: str | None = None) -> gpd.GeoDataFrame:
    """No outline of a town."""
    return gpd.GeoDataFrame({"name": pd.array([], dtype="str")}, geometry=gpd.GeoSeries([], crs=crs))


def read_towns(table: Table, *, crs: str) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Read outlines of towns and subdistricts (镇、街道): ``name`` and outline, in the study's metric CRS.

    Columns and outlines are read as those of districts; several may have one name, and they need not fill the area.
    """
    raw, found = read_table(table, kind="districts")
    if raw is None:
        return no_towns(crs), found
    shapes, more = outlines(raw, table, crs=crs)
    frame, names = _columns(raw)
    towns = gpd.GeoDataFrame({"name": frame["district"]}, geometry=shapes, crs=crs)
    towns = towns[towns.geometry.notna() & towns["name"].notna()].reset_index(drop=True)
    return towns, [*found, *more, *(f for f in names if f.field == "district")]


def _columns(raw: RawTable) -> tuple[pd.DataFrame, list[Finding]]:
    found: list[Finding] = []
    key = raw.column("district")
    for role in ("name_zh", "name_en"):
        key = key.where(key.notna(), raw.column(role))
    if key.isna().any():
        names = ", ".join(str(c) for c in raw.cells.columns)
        found += [
            finding("TAB-008", source=raw.source, row=int(row), field="district", nearest=names)
            for row in raw.rows[key.isna()]
        ]
    data: dict[str, object] = {"district": key, "adcode": raw.column("adcode")}
    for role in ("name_zh", "name_en"):
        name = raw.column(role)
        data[role] = name.where(name.notna(), key)
    for role in ("population", "quota_min", "quota_max"):
        values, more = coordinates.parse_column(raw.column(role), raw.rows, source=raw.source, field=role)
        found += [f for f in more if f.code != "XY-013"]
        for i in np.flatnonzero(np.isnan(values) & raw.column(role).notna().to_numpy()):
            found.append(
                finding("STA-003", source=raw.source, row=raw.rows[i], field=role, value=raw.column(role)[i])
            )
        for i in np.flatnonzero(values < 0):
            found.append(
                finding("STA-004", source=raw.source, row=raw.rows[i], field=role, value=f"{values[i]:g}")
            )
        data[role] = np.where(values < 0, np.nan, values)
    frame = pd.DataFrame(data).assign(source=raw.source, row=raw.rows)
    return as_text(frame, ["district", "name_zh", "name_en", "adcode", "source"]), found


def _fit(frame: gpd.GeoDataFrame, source: str) -> list[Finding]:
    """Overlaps between districts (DIS-001) and gaps enclosed by them (DIS-004)."""
    shapes, names = frame.geometry.to_numpy(), frame["district"].to_numpy()
    found: list[Finding] = []
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for i, j in sorted(zip(one[one < two], two[one < two], strict=True)):
        shared = shapely.area(shapely.intersection(shapes[i], shapes[j]))
        if shared > _OVERLAP_M2:
            pair = f"{names[i]}, {names[j]}"
            found.append(
                finding("DIS-001", source=source, field="district", value=pair, area=f"{shared / 1e6:.2f}")
            )
    whole = shapely.union_all(shapes) if len(shapes) else shapely.Polygon()
    parts = shapely.get_parts(whole)
    rings, owner = shapely.get_rings(parts, return_index=True)
    first = np.diff(owner, prepend=-1) != 0  # of the rings of one polygon, the first is its outside
    gaps = sum(shapely.area(shapely.polygons(r)) for r in rings[~first])
    if gaps > _GAP_M2:
        found.append(finding("DIS-004", source=source, field="district", area=f"{gaps / 1e6:.2f}"))
    return found
