"""Which metric CRS a study works in, and whether coordinates can be what their label says."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj

from planner.errors import PlannerError

__all__ = [
    "auto_crs",
    "chinese",
    "is_geographic",
    "moved",
    "plausible",
    "suggest",
    "transform",
    "transformer",
]

#: Geodetic CRS that agree with WGS84 to less than a metre by definition: WGS84 itself, CGCS2000.
_SAME_DATUM = {4326, 4490}
#: Land China in whole degrees, for choosing a zone only.
_CHINA_ZONES = (73.5, 3.0, 136.5, 54.0)


def auto_crs(lng: npt.ArrayLike, lat: npt.ArrayLike) -> str:
    """The metric CRS for places around (lng, lat), WGS84 degrees, as ``"EPSG:4549"``.

    In China the CGCS2000 3-degree Gauss-Krueger zone of the nearest meridian (75, 78 … 135 E:
    EPSG:4534 … 4554), elsewhere the UTM zone, both at the middle of the points' extent.

    Raises
    ------
    ValueError
        No finite coordinate, or none that is a longitude and latitude.
    """
    x, y = np.asarray(lng, float).ravel(), np.asarray(lat, float).ravel()
    keep = np.isfinite(x) & np.isfinite(y)
    if not keep.any():
        raise ValueError("auto_crs needs at least one finite coordinate")
    mid_x, mid_y = (float(v[keep].min() + v[keep].max()) / 2 for v in (x, y))
    if not (-180 <= mid_x <= 180 and -90 <= mid_y <= 90):
        raise ValueError(f"({mid_x:g}, {mid_y:g}) is not a longitude and latitude in degrees")
    if chinese(mid_x, mid_y).all():
        meridian = min(int((mid_x + 1.5) // 3), 45) * 3
        return f"EPSG:{4534 + (meridian - 75) // 3}"
    zone = min(int((mid_x + 180) // 6) + 1, 60)
    return f"EPSG:{(32600 if mid_y >= 0 else 32700) + zone}"


def chinese(lng: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether EPSG's area of use of the CGCS2000 3-degree zone at each longitude reaches each latitude (degrees)."""
    x, y = np.atleast_1d(np.asarray(lng, float)), np.atleast_1d(np.asarray(lat, float))
    west, south, east, north = _CHINA_ZONES
    found = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    zone = np.minimum((np.where(found, x, 75.0) + 1.5) // 3, 45).astype(int)
    for z in np.unique(zone[found]):
        area = _crs(f"EPSG:{4534 + int(z) - 25}").area_of_use
        here = zone == z
        found[here] &= area is not None and (y[here] >= area.south) & (y[here] <= area.north)
    return np.asarray(found)


@functools.lru_cache(maxsize=64)
def _crs(name: str) -> Any:
    try:
        return pyproj.CRS.from_user_input(name)
    except pyproj.exceptions.CRSError as error:
        raise PlannerError(f"unknown CRS {name!r}: use a code such as EPSG:4549") from error


def is_geographic(name: str) -> bool:
    """Whether a CRS counts in degrees.

    Raises
    ------
    PlannerError
        A CRS that pyproj does not know.
    """
    return bool(_crs(name).is_geographic)


@functools.lru_cache(maxsize=64)
def transformer(source: str, target: str) -> Any:
    """The transformer between two CRS (x or lng first), made once; each thread fills in its own part of it.

    Looking for a datum shift between WGS84 and CGCS2000 takes 40 ms in each thread and finds none: it is not looked for.

    Raises
    ------
    PlannerError
        A CRS that pyproj does not know.
    """
    a, b = _crs(source), _crs(target)
    if a.to_epsg() == 4326:
        a = _alike(b) or a
    elif b.to_epsg() == 4326:
        b = _alike(a) or b
    return pyproj.Transformer.from_crs(a, b, always_xy=True)


def _alike(crs: Any) -> Any:
    """The degrees of a CRS where its datum is that of WGS84 within a metre and no shift between the two is known; else None."""
    degrees = crs.geodetic_crs
    return degrees if degrees is not None and degrees.to_epsg() in _SAME_DATUM else None


def transform(
    x: npt.ArrayLike, y: npt.ArrayLike, *, source: str, target: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Coordinates (x or lng first) from one CRS to another; NaN where there is no result.

    Raises
    ------
    PlannerError
        A CRS that pyproj does not know.
    """
    fx, fy = transformer(source, target).transform(np.asarray(x, float), np.asarray(y, float))
    ok = np.isfinite(fx) & np.isfinite(fy)
    return np.where(ok, fx, np.nan), np.where(ok, fy, np.nan)


def moved(geometry: Any, *, source: str, target: str) -> Any:
    """Geometries (one, or an array of them) from one CRS to another; raises as :func:`transform` does."""
    import shapely

    move = transformer(source, target).transform
    return shapely.transform(geometry, lambda xy: np.column_stack(move(xy[:, 0], xy[:, 1])))


def plausible(x: npt.ArrayLike, y: npt.ArrayLike, crs: str) -> bool:
    """Whether most finite coordinates fall where ``crs`` can hold them (its area of use, ± 3°).

    Degrees labelled with a metric CRS and metres labelled with degrees both fail.
    """
    px, py = np.asarray(x, float).ravel(), np.asarray(y, float).ravel()
    keep = np.isfinite(px) & np.isfinite(py)
    if not keep.any():
        return True
    px, py = px[keep], py[keep]
    degrees = (np.abs(px) <= 180) & (np.abs(py) <= 90)
    if is_geographic(crs):
        return bool(degrees.mean() > 0.5)
    if degrees.mean() > 0.5:
        return False
    lng, lat = transform(px, py, source=crs, target="EPSG:4326")
    area = _crs(crs).area_of_use
    if area is None:
        return bool(np.isfinite(lng).mean() > 0.5)
    inside = (lng > area.west - 3) & (lng < area.east + 3) & (lat > area.south - 3) & (lat < area.north + 3)
    return bool(inside.mean() > 0.5)


def suggest(x: npt.ArrayLike, y: npt.ArrayLike, *, study_crs: str) -> str:
    """The CRS these coordinates most probably are in, as a code, or ``""``.

    Degrees → EPSG:4326; metres that suit the study's CRS → that; metres with a zone number in
    front of the easting → the zoned CGCS2000 CRS (EPSG:4513 … 4533); Web Mercator → EPSG:3857.
    """
    px, py = np.asarray(x, float).ravel(), np.asarray(y, float).ravel()
    keep = np.isfinite(px) & np.isfinite(py)
    if not keep.any():
        return ""
    with np.errstate(over="ignore"):  # the middle of two numbers near the largest there is
        mx, my = float(np.median(px[keep])), float(np.median(py[keep]))
    if abs(mx) <= 180 and abs(my) <= 90:
        return "EPSG:4326"
    if 25e6 <= mx < 46e6:
        return f"EPSG:{4513 + int(mx // 1e6) - 25}"
    if 8e6 < mx < 15.1e6 and 0 < my < 7.2e6:
        return "EPSG:3857"
    return study_crs if 0 < mx < 1e6 and plausible([mx], [my], study_crs) else ""
