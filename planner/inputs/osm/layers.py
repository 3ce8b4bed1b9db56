"""What an OSM file says about a place besides its streets: hosts, water, land use, buildings, main roads, places."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import Finding, InputError, finding
from planner.inputs.places.crs import moved

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["ATTRIBUTION", "OsmLayers", "host_kind", "is_osm", "lakes", "no_layers", "read_layers"]

ATTRIBUTION = "© OpenStreetMap contributors (ODbL 1.0, https://www.openstreetmap.org/copyright)"

MAIN_ROADS = ("motorway", "trunk", "primary", "secondary")
#: Classes of ways whose name is an address.
_STREETS = (
    "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "pedestrian", "road",
    "service",
)  # fmt: skip
_WATERWAYS = ("river", "canal", "stream", "drain", "ditch")
_LANDUSE_KEYS = ("landuse", "leisure", "natural", "amenity")
_LANDUSE_NATURAL = {"wood", "scrub", "grassland", "heath", "wetland", "beach", "bare_rock"}
_LANDUSE_LEISURE = {"park", "garden", "pitch", "golf_course", "nature_reserve", "playground", "sports_centre"}
_LANDUSE_AMENITY = {"university", "school", "college", "hospital", "parking"}
_KEYS = (
    "amenity", "shop", "office", "leisure", "landuse", "building", "natural", "water", "waterway", "highway",
    "railway", "public_transport", "man_made", "industrial", "harbour", "place",
)  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class OsmLayers:
    """Layers of an OSM file, all in one metric CRS; ``osm_id`` is ``n``, ``w`` or ``r`` with the number.

    Attributes
    ----------
    hosts
        Points: ``host_id``, ``name``, ``host_kind`` (:data:`planner.tables.HOST_KINDS`), ``open_hours``
        (``"08:00-20:00"``, ``;``-joined, "" if unknown).
    water
        Areas and lines: ``kind`` (``lake``, ``river``, ``canal``, ``reservoir``, ``pond`` …; of lines
        ``river_line``, ``canal_line``, ``stream_line``, ``coastline``), ``name``, ``name_en`` ("" if not given).
    landuse
        Areas: ``kind``, ``name``.
    buildings
        Areas: ``kind``, ``levels`` (float, NaN if unknown), ``name``.
    main_roads
        Lines: ``class`` (motorway, trunk, primary, secondary, each with ``_link``), ``name``, ``ref``.
    places
        Points: ``name``, ``kind`` (city, town, suburb, village …).
    streets
        Lines: ``name``; those that have one, motorways, paths and stairs left out.
    """

    hosts: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    landuse: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    main_roads: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(getattr(self, k)):,} {k}" for k in _COLUMNS)
        return f"<OsmLayers: {parts}; {self.hosts.crs}>"


_COLUMNS = {
    "hosts": ("host_id", "name", "host_kind", "open_hours", "week_hours"),
    "water": ("osm_id", "kind", "name", "name_en"),
    "landuse": ("osm_id", "kind", "name"),
    "buildings": ("osm_id", "kind", "levels", "name"),
    "main_roads": ("osm_id", "class", "name", "ref"),
    "places": ("osm_id", "name", "kind"),
    "streets": ("name",),
}


@functools.cache
def _host_table() -> dict[str, list[tuple[str, str, str, str]]]:
    """``osm_hosts.csv`` by key, in its order: value (``*`` any), a second tag, and the kind."""
    text = resources.files("planner.inputs.osm").joinpath("hosts.csv").read_text("utf-8")
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["key"], []).append(
            (row["value"], row["also_key"], row["also_value"], row["host_kind"])
        )
    return found


def host_kind(tags: Mapping[str, str]) -> str:
    """The kind of host venue that tags describe (first match in ``osm_hosts.csv``), or ""."""
    for key, rules in _host_table().items():
        value = tags.get(key)
        if value is None:
            continue
        for wanted, also_key, also_value, kind in rules:
            if wanted in (value, "*") and (not also_key or tags.get(also_key) == also_value):
                return kind
    return ""


def is_osm(path: Path | str) -> bool:
    """Whether a street file holds OpenStreetMap's own objects (hosts, water, buildings), by its name."""
    return Path(path).name.lower().endswith((".osm", ".pbf", ".osm.bz2", ".osm.gz"))


def lakes(water: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The areas among the water features (rivers drawn as lines left out)."""
    return water[water.geom_type.isin(["Polygon", "MultiPolygon"])]


def read_layers(
    path: Path | str,
    *,
    crs: str,
    area: Any = None,
    progress: Callable[[str, float], None] | None = None,
) -> OsmLayers:
    """Read the layers of an ``.osm`` or ``.osm.pbf`` file, streaming (relations first, then all).

    Parameters
    ----------
    crs
        Metric CRS of the layers.
    area
        Keep only what touches it: GeoDataFrame, GeoSeries or shapely geometry.

    Raises
    ------
    InputError
        The file is missing, no OSM file, or cut short (with the byte reached).
    """
    path = Path(path)
    say = progress or (lambda _label, _share: None)
    if not path.is_file():
        raise InputError([finding("NET-102", source=path.name, value=str(path))])
    rows: dict[str, list[Row]] = {k: [] for k in _COLUMNS}
    shapes: dict[str, list[str]] = {k: [] for k in _COLUMNS}
    broken = 0
    say("reading hosts, water and buildings", 0.0)
    for layer, row, shape in _things(path):
        if shape is None:
            broken += 1
            continue
        rows[layer].append(row)
        shapes[layer].append(shape)
    say("reading hosts, water and buildings", 0.7)
    found = [finding("OSM-001", source=path.name, n=broken)] if broken else []
    frames = {k: _frame(k, rows[k], shapes[k], crs, area) for k in _COLUMNS}
    say("reading hosts, water and buildings", 1.0)
    return OsmLayers(**frames, findings=tuple(found))


def no_layers(crs: str) -> OsmLayers:
    """The layers of a street file that has streets only."""
    return OsmLayers(**{name: _frame(name, [], [], crs, None) for name in _COLUMNS})


def _things(path: Path) -> Iterator[tuple[str, Row, str | None]]:
    """(layer, attributes, WKB in hex) of everything in the file that belongs to a layer."""
    import osmium

    from planner.inputs.osm.faults import OSM_ERRORS, broken_file, check_places, location_store

    check_places(path)
    wkb = osmium.geom.WKBFactory()
    wanted = osmium.filter.KeyFilter(*_KEYS)
    try:
        with location_store(path) as store:
            processor = (
                osmium.FileProcessor(str(path)).with_locations(store).with_areas(wanted).with_filter(wanted)
            )
            for thing in processor:
                if thing.is_relation():
                    continue
                tags = dict(thing.tags)
                if thing.is_node():
                    found, name, make = _of_node(tags), f"n{thing.id}", wkb.create_point
                elif thing.is_way():
                    found, name, make = _of_line(tags), f"w{thing.id}", wkb.create_linestring
                else:
                    found, make = _of_area(tags), wkb.create_multipolygon
                    name = f"{'w' if thing.from_way() else 'r'}{thing.orig_id()}"
                if not found:
                    continue
                shape = _shape(make, thing)
                for layer, row in found:
                    key = "host_id" if layer == "hosts" else "osm_id"
                    yield (
                        layer,
                        {key: name, "name": _name(tags), "name_en": tags.get("name:en", ""), **row},
                        shape,
                    )
    except OSM_ERRORS as error:
        raise broken_file(path, error) from error


def _shape(make: Callable[[Any], str], thing: Any) -> str | None:
    """Geometry in hex, or None where nodes are missing or an area does not close."""
    import osmium

    try:
        return make(thing)
    except (osmium.InvalidLocationError, RuntimeError):
        return None


def _name(tags: Mapping[str, str]) -> str:
    return next((tags[k] for k in ("name", "name:zh", "name:en", "brand", "operator") if tags.get(k)), "")


def _host(tags: Mapping[str, str]) -> list[tuple[str, Row]]:
    from planner.inputs.osm.hours import hours_of_tag

    kind = host_kind(tags)
    if not kind:
        return []
    hours, week = hours_of_tag(tags.get("opening_hours", ""))
    return [("hosts", {"host_kind": kind, "open_hours": hours, "week_hours": week})]


def _of_node(tags: Mapping[str, str]) -> list[tuple[str, Row]]:
    found = _host(tags)
    if "place" in tags and _name(tags):
        found.append(("places", {"kind": tags["place"]}))
    return found


def _of_line(tags: Mapping[str, str]) -> list[tuple[str, Row]]:
    cls = tags.get("highway", "")
    named = [("streets", Row())] if cls.removesuffix("_link") in _STREETS and "name" in tags else []
    if cls.removesuffix("_link") in MAIN_ROADS:
        return [("main_roads", {"class": cls, "ref": tags.get("ref", "")}), *named]
    if named:
        return named
    if tags.get("waterway") in _WATERWAYS and tags.get("area") != "yes":
        return [("water", {"kind": f"{tags['waterway']}_line"})]
    if tags.get("natural") == "coastline":
        return [("water", {"kind": "coastline"})]
    return []


def _of_area(tags: Mapping[str, str]) -> list[tuple[str, Row]]:
    found = _host(tags)
    if tags.get("building", "no") != "no":
        found.append(("buildings", {"kind": tags["building"], "levels": _levels(tags)}))
    water = _water_kind(tags)
    if water:
        found.append(("water", {"kind": water}))
    else:
        kind = _landuse_kind(tags)
        if kind:
            found.append(("landuse", {"kind": kind}))
    return found


def _water_kind(tags: Mapping[str, str]) -> str:
    if tags.get("natural") == "water":
        return tags.get("water", "lake")
    if tags.get("waterway") in ("riverbank", "dock"):
        return "river" if tags["waterway"] == "riverbank" else "dock"
    return tags["landuse"] if tags.get("landuse") in ("reservoir", "basin") else ""


def _landuse_kind(tags: Mapping[str, str]) -> str:
    allowed = {"leisure": _LANDUSE_LEISURE, "natural": _LANDUSE_NATURAL, "amenity": _LANDUSE_AMENITY}
    for key in _LANDUSE_KEYS:
        value = tags.get(key, "")
        if value and value in allowed.get(key, {value}):
            return value
    return ""


def _levels(tags: Mapping[str, str]) -> float:
    """Storeys, else height over 3 m a storey; NaN if neither can be read."""
    for key, per_level in (("building:levels", 1.0), ("height", 3.0)):
        text = tags.get(key, "").removesuffix("m").strip()
        try:
            value = float(text) / per_level
        except ValueError:
            continue
        if 0 < value < 200:
            return value
    return float("nan")


def _frame(layer: str, rows: list[Row], shapes: list[str], crs: str, area: Any) -> gpd.GeoDataFrame:
    """One layer in ``crs``: hosts and places as points, the rest as they are, within ``area``."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    columns = _COLUMNS[layer]
    table = pd.DataFrame(rows, columns=list(columns))
    for column in columns:
        table[column] = table[column].astype(float if column == "levels" else "str")
    geometry = shapely.from_wkb(np.array(shapes, dtype=object)) if shapes else np.zeros(0, object)
    series = gpd.GeoSeries(moved(geometry, source="EPSG:4326", target=crs), crs=crs)
    if layer in ("hosts", "places"):
        series = series.centroid
    elif layer in ("water", "landuse", "buildings"):
        single = shapely.get_num_geometries(series.array) == 1
        parts = np.asarray(series.array)
        series = gpd.GeoSeries(np.where(single, shapely.get_geometry(parts, 0), parts), crs=crs)
    frame = gpd.GeoDataFrame(table, geometry=series.array, crs=crs)
    if area is not None and len(frame):
        from planner.inputs.osm.area import area_in

        within = area_in(area, crs)
        shapely.prepare(within)
        frame = frame[shapely.intersects(within, np.asarray(frame.geometry.array))].reset_index(drop=True)
    return frame
