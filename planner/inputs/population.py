"""Residents as points: a grid, the buildings of a street file, or district totals spread evenly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from planner.errors import Finding, Severity, finding
from planner.inputs.places import coordinates
from planner.inputs.places.points import locate
from planner.inputs.places.within import district_of
from planner.inputs.tables.read import RawTable, as_text, read_table
from planner.settings.inputs import Population, Table

__all__ = ["FLOOR_M2_PER_PERSON", "read_population", "with_population"]

#: Floor area per resident where no total is stated. Own assumption, near the urban mean of the 2020 census.
FLOOR_M2_PER_PERSON = 40.0
#: Storeys of a building whose tags do not say. Own assumption.
DEFAULT_LEVELS = 3.0
#: Points that residents are spread over are no more than about this.
_MOST_POINTS = 4e6
#: No place that a row can stand for has more residents than this.
_MOST = 1e8
#: Districts' totals and the points' sum are told apart when they differ by more than this share.
_DIFFERS = 0.05
#: Buildings (OpenStreetMap) in which nobody lives.
_NOT_HOMES = """
industrial warehouse garage garages carport shed greenhouse roof hut barn stable cowshed sty farm_auxiliary
retail commercial office supermarket kiosk school kindergarten university college hospital church chapel mosque
temple shrine cathedral train_station transportation hangar parking service transformer_tower toilets stadium
sports_hall pavilion grandstand public civic government fire_station bunker ruins construction storage_tank
silo water_tower bridge
"""


def read_population(
    population: Population, *, crs: str, districts: gpd.GeoDataFrame, osm_path: Path | None = None,
    buildings: gpd.GeoDataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:  # fmt: skip
    """Points with ``population`` (persons), ``district`` (key), in the study's metric CRS.

    ``grid``: points, or cells taken at a point in them. ``buildings``: footprint × storeys of the
    OSM file ``population.path`` (else ``osm_path``), scaled to ``total`` or at 40 m² per person.
    ``districts``: the districts' totals (or ``total`` by area): in ``buildings`` (of the street file) as far as their floor
    has room at 40 m² per person; for the rest nobody knows where they live (column ``placed``: False): evenly over the
    outlines, one point per 100 m (200 m above 400 km²). ``total`` scales the sum within the districts.
    """
    if population.kind == "grid":
        frame, found = _grid(population, crs)
    elif population.kind == "buildings":
        frame, found = _buildings(population, crs, districts, osm_path)
    else:
        frame, found = _even(population, crs, districts, buildings)
    if frame.empty:
        return _points(frame, crs), found
    frame = frame.assign(district=district_of(frame.geometry, districts))
    outside = frame["district"].isna()
    lost, everyone = frame["population"][outside].sum(), frame["population"].sum()
    if lost > 0 and population.kind == "grid":
        found.append(
            finding(
                "POP-003", source=_source(population), value=f"{lost:,.0f}", share=f"{lost / everyone:.1%}"
            )
        )
    frame = frame[~outside]
    kept = frame["population"].sum()
    if population.total is not None and kept > 0 and population.kind != "districts":
        factor = population.total / kept
        frame = frame.assign(population=frame["population"] * factor)
        total = f"{population.total:,.0f}"
        found.append(
            finding("POP-004", source=_source(population), field="total", value=total, factor=f"{factor:.4g}")
        )
    known, counted = districts["population"].sum(min_count=len(districts)), population.total or kept
    if known > 0 and abs(known - counted) > _DIFFERS * counted:
        value = f"{known:,.0f} / {counted:,.0f}"
        found.append(finding("POP-007", source=_source(population), field="population", value=value))
    return _points(frame, crs), found


def with_population(
    districts: gpd.GeoDataFrame, population: gpd.GeoDataFrame, *, total: float | None
) -> gpd.GeoDataFrame:
    """Districts whose population is not given get the sum of the population table within them.

    Where that table is empty too, they share ``total`` (nobody if None) by area.
    """
    missing = districts["population"].isna()
    if not missing.any():
        return districts
    if len(population):
        at, which = shapely.STRtree(districts.geometry.to_numpy()).query(
            population.geometry.to_numpy(), predicate="intersects"
        )
        sums = np.bincount(which, population["population"].to_numpy()[at], len(districts))
    else:
        area = districts.geometry.area.to_numpy()
        sums = area / max(area.sum(), 1e-9) * (total or 0.0)  # no area: the streets were refused
    return districts.assign(population=districts["population"].where(~missing, sums))


def _source(population: Population) -> str:
    return "" if population.path is None else population.path.name


def _points(frame: gpd.GeoDataFrame, crs: str) -> gpd.GeoDataFrame:
    if frame.empty:
        columns = {"population": pd.Series(dtype=float), "district": pd.Series(dtype=object)}
        return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=crs), crs=crs)
    kept = [c for c in ("population", "district", "placed", "geometry") if c in frame]
    return as_text(frame[kept].reset_index(drop=True), ["district"])


def _nothing(crs: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"population": pd.Series(dtype=float)}, geometry=gpd.GeoSeries([], crs=crs), crs=crs
    )


def _nobody(source: str, why_en: str, why_zh: str, severity: Severity = "W") -> Finding:
    return finding("POP-006", source=source, severity=severity, why_en=why_en, why_zh=why_zh)


def _grid(population: Population, crs: str) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    if population.path is None:
        return _nothing(crs), [_nobody("", "path is missing", "缺少 path", "E")]
    table = Table(path=population.path, crs=population.crs, datum="wgs84")
    raw, found = read_table(table, kind="population")
    if raw is None:
        return _nothing(crs), found
    raw, more = _with_column(raw, population.column)
    found = [f for f in found if not (f.code == "TAB-007" and f.field == "population")] + more
    if "population" not in raw.roles:
        return _nothing(crs), found
    places = locate(raw, table, crs=crs)
    found += [f for f in places.findings if f.code not in ("XY-004", "XY-006", "GEO-003")]
    people, bad = coordinates.parse_column(
        raw.column("population"), raw.rows, source=raw.source, field=population.column
    )
    found += [
        finding("POP-002", source=f.source, row=f.row, value=f.value) for f in bad if f.code == "XY-013"
    ]
    for i in np.flatnonzero(people < 0):
        found.append(finding("POP-001", source=raw.source, row=raw.rows[i], value=f"{people[i]:g}"))
    for i in np.flatnonzero(people > _MOST):
        found.append(
            finding(
                "POP-009",
                source=raw.source,
                row=raw.rows[i],
                field=population.column,
                value=f"{people[i]:,.0f}",
            )
        )
    keep = places.used & (people > 0)
    frame = gpd.GeoDataFrame({"population": people}, geometry=places.points(crs), crs=crs)
    return frame[keep], found


def _with_column(raw: RawTable, column: str) -> tuple[RawTable, list[Finding]]:
    """The table with its population column settled: the stated one, else a known alias."""
    roles = dict(raw.roles)
    if column in raw.cells.columns:
        roles["population"] = column
    found = []
    if "population" not in roles:
        names = ", ".join(str(c) for c in raw.cells.columns)
        found.append(finding("POP-008", source=raw.source, field="column", value=column, names=names))
    return RawTable(raw.source, raw.cells, raw.rows, roles, raw.geometry, raw.crs), found


def _buildings(
    population: Population, crs: str, districts: gpd.GeoDataFrame, osm_path: Path | None
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    from planner.inputs.osm import layers as osm

    path = population.path or osm_path
    if path is None:
        return _nothing(crs), [
            _nobody("", "kind = buildings needs an OSM file", "kind = buildings 需要 OSM 文件", "E")
        ]
    area = shapely.union_all(districts.geometry.to_numpy()) if len(districts) else None
    buildings: Any = osm.read_layers(path, crs=crs, area=area).buildings
    homes, floor = _floors(buildings)
    if homes.empty:
        return _nothing(crs), [
            _nobody(path.name, "the file holds no residential building", "文件中没有住宅建筑")
        ]
    found = []
    if population.total is None:
        rate = FLOOR_M2_PER_PERSON
        found.append(finding("POP-005", source=path.name, value=f"{floor.sum():,.0f}", rate=f"{rate:g}"))
    frame = gpd.GeoDataFrame(
        {"population": (floor / FLOOR_M2_PER_PERSON).to_numpy()},
        geometry=gpd.GeoSeries(shapely.point_on_surface(homes.geometry.to_numpy()), crs=crs), crs=crs,
    )  # fmt: skip
    return frame[frame["population"] > 0], found


def _floors(buildings: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """The buildings in which people may live, and the floor (m²) of each."""
    homes = buildings[~buildings.get("kind", pd.Series("", index=buildings.index)).isin(_NOT_HOMES.split())]
    levels = pd.to_numeric(homes.get("levels", pd.Series(np.nan, index=homes.index)), errors="coerce")
    return homes, homes.geometry.area * levels.where(levels > 0, DEFAULT_LEVELS)


def _housed(
    buildings: gpd.GeoDataFrame, people: npt.NDArray[Any], districts: gpd.GeoDataFrame, crs: str
) -> tuple[gpd.GeoDataFrame, npt.NDArray[Any]]:
    """Residents of districts in the buildings that are drawn, and how many of each district these do not hold.

    Each building holds a person per 40 m²; where that is room for more than there are, all live in buildings.
    """
    homes, floor = _floors(buildings)
    spots = gpd.GeoSeries(shapely.point_on_surface(homes.geometry.to_numpy()), crs=crs)
    keys = pd.Index(districts["district"].astype(str))
    at = keys.get_indexer(district_of(spots, districts, outside="").to_numpy())
    room = np.where(at >= 0, floor.to_numpy(float) / FLOOR_M2_PER_PERSON, 0.0)
    whole = np.bincount(at[at >= 0], room[at >= 0], len(keys))
    full = np.minimum(1.0, people / np.where(whole > 0, whole, 1.0))
    held = np.where(at >= 0, room * full[at], 0.0)
    frame = gpd.GeoDataFrame({"population": held, "placed": True}, geometry=spots, crs=crs)
    return frame[held > 0], people - whole * full


def _even(
    population: Population, crs: str, districts: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """District totals in buildings, the rest over evenly spaced points; missing totals are shares of ``total`` by area."""
    people, area = districts["population"].to_numpy(float), districts.geometry.area.to_numpy()
    if np.isnan(people).any():
        rest = (population.total or 0.0) - np.nansum(people)
        blank = np.isnan(people)
        if population.total is None or rest < 0:
            english = "some districts have none and no total is stated"
            return _nothing(crs), [_nobody("", english, "部分行政区没有人口，也未写明 total")]
        people = np.where(blank, rest * area / area[blank].sum(), people)
    step = max(100.0 if area.sum() <= 400e6 else 200.0, float(np.sqrt(_boxes_m2(districts) / _MOST_POINTS)))
    housed = _nothing(crs).assign(placed=True)
    if buildings is not None and len(buildings):
        housed, people = _housed(buildings, people, districts, crs)
    parts = [_spread(shape, n, step) for shape, n in zip(districts.geometry, people, strict=True) if n > 1e-6]
    if not parts:
        return housed, []
    spots, shares = np.concatenate([p for p, _ in parts]), np.concatenate([s for _, s in parts])
    rest = {"population": shares, "placed": False}
    evenly = gpd.GeoDataFrame(rest, geometry=gpd.GeoSeries(spots, crs=crs), crs=crs)
    return pd.concat([housed, evenly], ignore_index=True) if len(housed) else evenly, []


def _boxes_m2(districts: gpd.GeoDataFrame) -> float:
    """Sum of the districts' bounding boxes, over which points are laid."""
    west, south, east, north = districts.bounds.to_numpy(float).T
    return float(((east - west) * (north - south)).sum())


def _spread(shape: Any, people: float, step: float) -> tuple[Any, Any]:
    """Points every ``step`` metres within ``shape`` (at least one), and an equal share of people for each."""
    west, south, east, north = shape.bounds
    xs = np.arange(np.floor(west / step), np.ceil(east / step)) * step + step / 2
    ys = np.arange(np.floor(south / step), np.ceil(north / step)) * step + step / 2
    x, y = (v.ravel() for v in np.meshgrid(xs, ys))
    shapely.prepare(shape)
    inside = shapely.contains_xy(shape, x, y)
    spots = shapely.points(x[inside], y[inside]) if inside.any() else np.array([shape.point_on_surface()])
    return spots, np.full(len(spots), people / len(spots))
