"""From rows to points: one datum, one CRS, every doubt said, nothing silently moved.

The order: read the numbers, put junk and gaps aside, test for swapped columns, for metres and
degrees under the wrong label, for precision; convert the datum; project; compare with the area.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from planner.errors import Finding, Severity, finding, told
from planner.inputs.places import coordinates
from planner.inputs.places import crs as crs_
from planner.inputs.places.datums import Streets, to_wgs84
from planner.inputs.places.notes import Notes
from planner.inputs.tables.read import RawTable
from planner.settings.inputs import Table

__all__ = ["Places", "locate"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_JUNK = (999.0, 9999.0, 99999.0, 999999.0, 9999999.0, -999.0, -9999.0, -99999.0)
_CHINA_LAND = (73.0, 3.0, 135.5, 54.0)
_MAX_LOST = 0.01
_MAX_OUTSIDE = 0.10
#: Stations farther than this (m) from the area count for nobody in it.
BEYOND_M = 2000.0
_KEPT = told("; it stands in to_geocode.csv", "，已列入 to_geocode.csv")
_HINT = {
    True: told("check its coordinates and the list's datum, or give districts that hold it",
               "请核对坐标与坐标系，或提供包含它的行政区边界"),
    False: told("the area is only what the streets enclose; give inputs.districts, or a street file that reaches further, or "
                "check the list's datum", "研究范围仅为街道所围区域；请提供 inputs.districts 或范围更大的街道文件，或核对清单的坐标系"),
}  # fmt: skip


@dataclass
class Places:
    """Where each row of a table stands (n rows; NaN where it stands nowhere).

    Attributes
    ----------
    lng, lat
        WGS84 degrees.
    x, y
        Metres in the study's CRS.
    missing
        Rows without coordinates (the file says nothing); other NaN rows were refused, with a finding.
    findings
        In the order of the steps.
    """

    lng: Floats
    lat: Floats
    x: Floats
    y: Floats
    missing: Mask
    findings: list[Finding] = field(default_factory=list)

    @property
    def used(self) -> Mask:
        """Rows that stand somewhere."""
        return np.isfinite(self.x) & np.isfinite(self.y)

    def points(self, crs: str) -> gpd.GeoSeries:
        """Points in the study's CRS, None where unused; index 0 … n − 1."""
        found = np.full(len(self.x), None, dtype=object)
        found[self.used] = shapely.points(self.x[self.used], self.y[self.used])
        return gpd.GeoSeries(found, crs=crs)


def locate(
    raw: RawTable,
    table: Table,
    *,
    crs: str,
    area: BaseGeometry | None = None,
    streets: Streets = None,
    stated: bool = True,
) -> Places:
    """Points of a table in WGS84 and in the study's CRS.

    Parameters
    ----------
    crs
        The study's metric CRS.
    area
        The study's area in that CRS, for the tests of place and of swapped columns.
    streets
        What tells the distance to streets, or m × 2 WGS84 degrees along them, for the test of the datum.
    stated
        Whether the study states its area; one that is only drawn around streets refuses nobody near it.
    """
    job = Notes(raw, table)
    read = _from_geometry(job, crs) if raw.geometry is not None else _from_columns(job, crs)
    n = len(raw.rows)
    if read is None:
        empty = np.full(n, np.nan)
        nowhere = np.full(n, raw.geometry is None and not {"lng", "lat", "x", "y", "lnglat"} & set(raw.roles))
        return Places(empty, empty.copy(), empty.copy(), empty.copy(), nowhere, job.found)
    lng, lat, missing = read
    box = _wgs84_box(area, crs)
    _swapped(job, lng, lat, box)
    bad = np.isfinite(lng) & np.isfinite(lat) & ((np.abs(lng) > 180) | (np.abs(lat) > 90))
    job.each("XY-011", bad, _pair(lng, lat))
    lng[bad] = lat[bad] = np.nan
    lng, lat = to_wgs84(job, lng, lat, streets)
    x, y = crs_.transform(lng, lat, source="EPSG:4326", target=crs)
    lost = np.isfinite(lng) & ~(np.isfinite(x) & np.isfinite(y))
    share = lost.sum() / max(1, np.isfinite(lng).sum())
    job.each("XY-003", lost, _pair(lng, lat), severity="E" if share > _MAX_LOST else "W")
    gone = ~(np.isfinite(x) & np.isfinite(y))
    lng, lat, x, y = (np.where(gone, np.nan, v) for v in (lng, lat, x, y))
    unread = {f.row for f in job.found if f.code == "XY-013"}
    _gaps(job, missing, np.isin(job.raw.rows, [r for r in unread if r is not None]))
    if n and gone.all() and not any(f.severity == "E" for f in job.found):
        job.whole("XY-015", field="lng/lat", value=n)
    if area is not None:
        _outside(job, x, y, area, stated)
    return Places(lng, lat, x, y, missing, job.found)


def _pair(x: Floats, y: Floats) -> Callable[[int], str]:
    """How a row's coordinates are written in a finding."""
    return lambda i: f"{x[i]:.7g}, {y[i]:.7g}"


def _wgs84_box(area: BaseGeometry | None, crs: str) -> tuple[float, float, float, float] | None:
    if area is None or area.is_empty:
        return None
    west, south, east, north = area.bounds
    xs, ys = np.meshgrid(np.linspace(west, east, 5), np.linspace(south, north, 5))
    lng, lat = crs_.transform(xs, ys, source=crs, target="EPSG:4326")
    return float(np.nanmin(lng)), float(np.nanmin(lat)), float(np.nanmax(lng)), float(np.nanmax(lat))


def _from_geometry(job: Notes, crs: str) -> tuple[Floats, Floats, Mask] | None:
    """Points of a layer as degrees; polygons and lines stand at a point on them (GEO-003)."""
    geometry = job.raw.geometry
    assert geometry is not None  # noqa: S101
    label = job.table.crs or job.raw.crs
    missing = np.array([g is None or g.is_empty for g in geometry], bool)
    if label is None:
        job.whole(
            "CRS-001", field="crs", missing=" (.prj)" if job.raw.source.lower().endswith(".shp") else ""
        )
        return None
    shapes = geometry.copy()
    shapes[missing] = None
    other = ~missing & (shapely.get_type_id(shapes) != 0)
    single = other & (shapely.get_type_id(shapes) == 4) & (shapely.get_num_geometries(shapes) == 1)
    if (other & ~single).any():
        job.whole("GEO-003", value=int((other & ~single).sum()))
    spots = shapely.point_on_surface(shapes)
    x, y = shapely.get_x(spots), shapely.get_y(spots)
    if job.table.swap:
        job.whole("XY-014")
        x, y = y, x
    job.each("XY-013", ~missing & ~(np.isfinite(x) & np.isfinite(y)), field="geometry", read="nan")
    if not crs_.plausible(x, y, label) and not _look_swapped(x, y):
        job.whole("CRS-002", field="crs", value=label, better=crs_.suggest(x, y, study_crs=crs) or "?")
        return None
    junk = _junk(job, x, y)
    x[junk], y[junk] = np.nan, np.nan
    if not crs_.is_geographic(label):
        job.whole("CRS-003", field="crs", value=label, target=crs)
        x, y = crs_.transform(x, y, source=label, target="EPSG:4326")
    return x, y, missing


def _look_swapped(x: Floats, y: Floats) -> bool:
    ok = np.isfinite(x) & np.isfinite(y)
    return bool(
        ok.any() and ((np.abs(y[ok]) > 90) & (np.abs(y[ok]) <= 180) & (np.abs(x[ok]) <= 90)).mean() > 0.5
    )


def _from_columns(job: Notes, crs: str) -> tuple[Floats, Floats, Mask] | None:
    """Coordinates of a plain table as degrees."""
    raw = job.raw
    first, second = _coordinate_texts(job)
    if first is None or second is None:
        return None
    names = [raw.roles.get(r, raw.roles.get("lnglat", "")) for r in ("lng", "lat")]
    x, more_x = coordinates.parse_column(
        first, raw.rows, source=raw.source, field=names[0] or raw.roles.get("x", "")
    )
    y, more_y = coordinates.parse_column(
        second, raw.rows, source=raw.source, field=names[1] or raw.roles.get("y", "")
    )
    job.found += more_x + more_y
    missing = (first.isna() | second.isna()).to_numpy()
    junk = _junk(job, x, y)
    x[junk | missing], y[junk | missing] = np.nan, np.nan
    unread = np.isnan(x) | np.isnan(y)
    x[unread], y[unread] = np.nan, np.nan
    if job.table.swap:
        job.whole("XY-014")
        x, y, first, second = y, x, second, first
    label = job.table.crs
    if label is None or crs_.is_geographic(label):
        if np.isfinite(x).any() and not crs_.plausible(x, y, "EPSG:4326") and not _look_swapped(x, y):
            better = crs_.suggest(x, y, study_crs=crs) or "?"
            job.whole("CRS-002", field="crs", value=label or "EPSG:4326", better=better)
            return None
        job.each("XY-004", _rough(x, y, first, second), _pair(x, y))
        return x, y, missing
    if not crs_.plausible(x, y, label):
        job.whole("CRS-002", field="crs", value=label, better=crs_.suggest(x, y, study_crs=crs) or "?")
        return None
    lng, lat = crs_.transform(x, y, source=label, target="EPSG:4326")
    return lng, lat, missing


def _rough(x: Floats, y: Floats, first: pd.Series, second: pd.Series) -> Mask:
    """Rows whose degrees are written with two decimals or fewer (``120.620000`` is not rough)."""
    rough = np.isfinite(x) & np.isfinite(y)
    for values, texts in ((x, first), (y, second)):
        rough[rough] = np.abs(values[rough] * 100 - np.rint(values[rough] * 100)) < 1e-6
        rough[rough] = coordinates.decimals(texts[rough]) <= 2
    return rough


def _coordinate_texts(job: Notes) -> tuple[pd.Series | None, pd.Series | None]:
    """The two coordinate columns as text, from lng/lat, x/y or one column of pairs."""
    raw = job.raw
    for pair in (("lng", "lat"), ("x", "y")):
        if all(role in raw.roles for role in pair):
            return raw.column(pair[0]), raw.column(pair[1])
    if "lnglat" in raw.roles:
        return coordinates.split_pairs(raw.column("lnglat"))
    wanted = [r for r in ("lng", "lat") if r not in raw.roles]
    near = ", ".join(str(c) for c in raw.cells.columns)
    job.whole("TAB-008", field="/".join(wanted), value="", nearest=near)
    return None, None


def _junk(job: Notes, x: Floats, y: Floats) -> Mask:
    """Rows at (0, 0) or with fillers such as 9999 (XY-005)."""
    zero = (np.abs(x) < 1e-9) & (np.abs(y) < 1e-9)
    filler = np.isin(x, _JUNK) | np.isin(y, _JUNK)
    junk = np.asarray(zero | filler)
    job.each("XY-005", junk, _pair(x, y))
    return junk


def _swapped(job: Notes, lng: Floats, lat: Floats, box: tuple[float, float, float, float] | None) -> None:
    """Say where latitude stands in the longitude's column; such rows are not used (in place)."""
    west, south, east, north = (
        _CHINA_LAND if box is None else (box[0] - 1.5, box[1] - 1.5, box[2] + 1.5, box[3] + 1.5)
    )

    def inside(a: Floats, b: Floats) -> Mask:
        return (a >= west) & (a <= east) & (b >= south) & (b <= north)

    impossible = (np.abs(lat) > 90) & (np.abs(lat) <= 180) & (np.abs(lng) <= 90)
    swapped = np.isfinite(lng) & ((inside(lat, lng) & ~inside(lng, lat)) | impossible)
    if not swapped.any():
        return
    if swapped.sum() > 0.5 * np.isfinite(lng).sum():
        share = f"{int(swapped.sum())}/{int(np.isfinite(lng).sum())}"
        job.whole("XY-001", field="swap", value=share)
    else:
        job.each("XY-002", swapped, _pair(lng, lat))
    lng[swapped] = lat[swapped] = np.nan


def _gaps(job: Notes, missing: Mask, unread: Mask) -> None:
    """Rows without coordinates (or with such as cannot be read), and whether they are too many."""
    address = job.raw.column("address").to_list()
    known = np.array([a is not None for a in address], bool)
    job.each("XY-006", missing & known, lambda i: address[i] or "", kept=_KEPT)
    job.each("XY-006", missing & ~known, lambda _: "", kept="")
    lost = missing | unread
    share, limit = lost.mean() if len(lost) else 0.0, job.table.max_missing_share
    if share > limit:
        count = f"{int(lost.sum())}/{len(lost)}"
        job.whole(
            "XY-007", field="max_missing_share", value=count, share=f"{share:.0%}", limit=f"{limit:.0%}"
        )


def _outside(job: Notes, x: Floats, y: Floats, area: BaseGeometry, stated: bool) -> None:
    """Rows outside the area, by how far; too many are an error (of an area that is not stated: too many that are far away)."""
    used = np.isfinite(x) & np.isfinite(y)
    shapely.prepare(area)
    out = used.copy()
    out[used] = ~shapely.intersects_xy(area, x[used], y[used])
    if not out.any():
        return
    share = out.sum() / used.sum()
    far = shapely.distance(area, shapely.points(x[out], y[out]))
    refused = share if stated else (far > BEYOND_M).sum() / used.sum()
    severity: Severity = "E" if refused > _MAX_OUTSIDE else "W"
    for i, metres in zip(np.flatnonzero(out), far, strict=True):
        job.found.append(
            finding("LOC-002", source=job.raw.source, row=int(job.raw.rows[i]), severity=severity,
                    value=f"{metres / 1000:.2f}", share=f"{share:.0%}", hint=_HINT[stated])
        )  # fmt: skip
