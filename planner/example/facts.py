"""The fact tables of the embedded Suzhou, read from ``data/suzhou`` into metres (EPSG:4549).

The tables hold what is known: districts and populations, town centres, lakes, the Yangtze shore,
motorways and national roads as waypoints, ports and parks. Nothing here is random.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

CRS = "EPSG:4549"
Floats = NDArray[np.float64]

_TO_METRES = Transformer.from_crs(4326, CRS, always_xy=True)
TABLES = (
    "districts.csv", "districts.geojson", "towns.csv", "water.csv", "roads.csv", "lines.csv", "places.csv",
    "driver_homes.csv", "truck_counts.csv", "host_kinds.csv", "study.toml", "sources.md",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A named line of the tables: smoothed waypoints in metres."""

    kind: str
    ref: str
    name_zh: str
    name_en: str
    geometry: Any


@dataclass(frozen=True)
class Facts:
    """Everything the generator starts from; geometry in EPSG:4549."""

    districts: gpd.GeoDataFrame
    towns: pd.DataFrame
    water: gpd.GeoDataFrame
    hills: gpd.GeoDataFrame
    islands: gpd.GeoDataFrame
    roads: tuple[Line, ...]
    lines: tuple[Line, ...]
    places: pd.DataFrame
    city: Any
    land: Any


def folder() -> Path:
    """Where the tables are: inside an installed wheel, or beside the package in a checkout.

    Raises
    ------
    FileNotFoundError
        Neither place holds them.
    """
    inside = Path(str(resources.files("planner"))) / "data" / "suzhou"
    beside = Path(__file__).resolve().parents[2] / "data" / "suzhou"
    for place in (inside, beside):
        if (place / "districts.geojson").is_file():
            return place
    raise FileNotFoundError(f"the tables of the embedded Suzhou are missing: {inside}")


def digest() -> str:
    """Hash of the tables and of the generator's own text: the key of the built folder."""
    sha = hashlib.sha256()
    for name in TABLES:
        sha.update(name.encode() + b"\0" + (folder() / name).read_bytes())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        sha.update(path.name.encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()[:16]


def to_metres(lng: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS84 degrees to EPSG:4549 metres."""
    x, y = _TO_METRES.transform(lng, lat)
    return np.asarray(x, float), np.asarray(y, float)


def to_degrees(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """EPSG:4549 metres to WGS84 degrees."""
    lng, lat = _TO_METRES.transform(x, y, direction="INVERSE")
    return np.asarray(lng, float), np.asarray(lat, float)


def smooth(points: Floats, *, closed: bool, rounds: int = 2) -> Floats:
    """Round the corners of a polyline or ring (Chaikin 1974); ends of open lines stay."""
    for _ in range(rounds):
        a, b = points[:-1], points[1:]
        if closed:
            a, b = points, np.roll(points, -1, axis=0)
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        points = cut if closed else np.vstack([points[:1], cut, points[-1:]])
    return points


def _points(text: str) -> Floats:
    degrees = np.array([[float(v) for v in pair.split()] for pair in text.split(";")])
    return np.column_stack(to_metres(degrees[:, 0], degrees[:, 1]))


def _shore(points: Floats, name: str, bend: float) -> Floats:
    """A ring with coves: midpoints moved sideways by a share of their side, then rounded.

    The same name always gives the same coves; the table's corners stay within some 100 m.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for _ in range(3):
        side = np.roll(points, -1, axis=0) - points
        across = np.column_stack([-side[:, 1], side[:, 0]]) * rng.uniform(-bend, bend, (len(points), 1))
        points = np.stack([points, points + side / 2 + across], axis=1).reshape(-1, 2)
    return smooth(points, closed=True, rounds=1)


def _polygons(table: pd.DataFrame) -> gpd.GeoDataFrame:
    bends = {"river": 0.03, "hill": 0.2}
    rings = [
        _shore(_points(text), name, bends.get(kind, 0.16))
        for text, name, kind in zip(table["points"], table["name_zh"], table["kind"], strict=True)
    ]
    shapes = [shapely.make_valid(shapely.simplify(shapely.Polygon(ring), 12.0)) for ring in rings]
    return gpd.GeoDataFrame(table.drop(columns="points"), geometry=shapes, crs=CRS)


def _lines(table: pd.DataFrame, kind: str) -> tuple[Line, ...]:
    return tuple(
        Line(row[kind], row.get("ref", ""), row["name_zh"], row["name_en"],
             shapely.LineString(smooth(_points(row["points"]), closed=False)))
        for row in table.to_dict("records")
    )  # fmt: skip


def _with_metres(table: pd.DataFrame) -> pd.DataFrame:
    x, y = to_metres(table["lng"].to_numpy(float), table["lat"].to_numpy(float))
    return table.assign(x=x, y=y)


def read_facts() -> Facts:
    """Read every table; lakes are cut by their islands, water and hills clipped to the city."""
    place = folder()

    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(
            place / name, dtype={"ref": str, "adcode": str}, keep_default_na=False, encoding="utf-8"
        )

    units = gpd.read_file(place / "districts.geojson", engine="pyogrio").to_crs(CRS)
    units = units[["adcode", "geometry"]].merge(table("districts.csv"), on="adcode", sort=False)
    city = shapely.make_valid(shapely.unary_union(units.geometry.to_numpy()))
    shapes = _polygons(table("water.csv"))
    islands = shapes[shapes["kind"] == "island"].reset_index(drop=True)
    wet = shapes[shapes["kind"].isin(["lake", "river"])].reset_index(drop=True)
    near = city.buffer(1500, quad_segs=4)
    cut = shapely.intersection(shapely.difference(wet.geometry.to_numpy(), islands.union_all()), near)
    wet = wet.set_geometry(gpd.GeoSeries(cut, crs=CRS))
    towns = _with_metres(table("towns.csv"))
    towns = towns.assign(
        weight=towns["weight"].astype(float), radius_m=towns["radius_km"].astype(float) * 1000
    )
    land = shapely.difference(shapely.simplify(city, 120), wet.union_all())
    return Facts(
        districts=units, towns=towns, water=wet, hills=shapes[shapes["kind"] == "hill"].reset_index(drop=True),
        islands=islands, roads=_lines(table("roads.csv"), "class"), lines=_lines(table("lines.csv"), "kind"),
        places=_with_metres(table("places.csv")), city=city, land=land,
    )  # fmt: skip
