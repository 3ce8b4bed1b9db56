"""A place out of a local OpenStreetMap extract: its streets and hosts, its outline, and those of its districts and towns."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.errors import PlannerError, finding
from planner.inputs.osm.faults import OSM_ERRORS, broken_file, check_places, location_store
from planner.inputs.osm.layers import ATTRIBUTION
from planner.inputs.places.crs import auto_crs
from planner.inputs.tables.local import check_file
from planner.leaving import temporary_folder

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["cut_place"]

#: Outlines inside a place make its districts where they cover this much of it.
_COVERING = 0.5
_NAMES = ("name", "name:zh", "name:en", "official_name", "alt_name")
_STEP = 200_000
_MAX_BYTES = 8 * 2**30


def cut_place(
    place: str, source: Path, out: Path, *, margin_m: float = 1000.0, progress: Callable[[str, float], None] | None = None
) -> Path:  # fmt: skip
    """Write ``streets.osm.pbf``, ``boundary.geojson``, ``study.toml`` and, where the extract has them, ``districts.geojson`` and ``towns.geojson``.

    ``place``: the name of an administrative boundary in ``source``, in any of its languages. The next lower level of boundaries that
    covers at least half of it are its districts, the one below its towns.

    Raises
    ------
    PlannerError
        No boundary of that name (with those that are nearly so), or no street in it.
    InputError
        The extract cannot be read.
    """
    from planner.errors import InputError
    from planner.fetch.overpass import study_text

    say = progress or (lambda _label, _share: None)
    wrong = check_file(source, max_bytes=_MAX_BYTES)
    if wrong:
        raise InputError(wrong)
    check_places(source)
    say("reading outlines", 0.0)
    table = _boundaries(source)
    boundary = _named(table, place, source.name)
    inside = _levels(table, boundary)
    shape = boundary.geometry
    west, south, east, north = shape.bounds
    wide = (
        _frame([boundary])
        .to_crs(auto_crs([west, east], [south, north]))
        .buffer(margin_m)
        .to_crs(4326)
        .union_all()
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(out.parent, f".{out.name}.") as beside:
        say("cutting streets", 0.4)
        _cut(source, beside / "streets.osm.pbf", wide, place)
        layers = {"boundary": [boundary], **dict(zip(("districts", "towns"), inside, strict=False))}
        for name, rows in layers.items():
            (beside / f"{name}.geojson").write_text(_geojson(rows), "utf-8")
        districts = "districts.geojson" if "districts" in layers else "boundary.geojson"
        towns = "towns.geojson" if "towns" in layers else ""
        text = study_text(place, buildings=True, margin_m=margin_m, districts=districts, towns=towns)
        (beside / "study.toml").write_text(text, "utf-8")
        out.mkdir(parents=True, exist_ok=True)
        for file in sorted(beside.iterdir()):
            file.replace(out / file.name)
    say("cutting streets", 1.0)
    return out


def _boundaries(source: Path) -> gpd.GeoDataFrame:
    """Administrative boundaries: their names, level, population (text) and outline in degrees."""
    import osmium

    wkb = osmium.geom.WKBFactory()
    wanted = osmium.filter.TagFilter(("boundary", "administrative"))
    rows: list[Any] = []
    try:
        with location_store(source) as store:
            things = (
                osmium.FileProcessor(str(source)).with_locations(store).with_areas(wanted).with_filter(wanted)
            )
            for thing in things:
                if not thing.is_area():
                    continue
                tags = dict(thing.tags)
                level = tags.get("admin_level", "")
                if not level.isdigit() or not tags.get("name"):
                    continue
                try:
                    shape = shapely.from_wkb(wkb.create_multipolygon(thing))
                except OSM_ERRORS:
                    continue  # an outline that leaves the extract does not close
                rows.append((tags, int(level), shapely.make_valid(shape)))
    except OSM_ERRORS as error:
        raise broken_file(source, error) from error
    return _frame_of(rows)


def _frame_of(rows: list[Any]) -> gpd.GeoDataFrame:
    import geopandas as gpd

    data = {"tags": [r[0] for r in rows], "level": [r[1] for r in rows]}
    return gpd.GeoDataFrame(data, geometry=[r[2] for r in rows], crs=4326)


def _frame(rows: list[Any]) -> gpd.GeoSeries:
    import geopandas as gpd

    return gpd.GeoSeries([r.geometry for r in rows], crs=4326)


def _named(table: gpd.GeoDataFrame, place: str, source: str) -> Any:
    """The boundary of a name, the highest level (the largest area) first."""
    plain = place.strip().casefold()
    hit = [any(str(tags.get(k, "")).casefold() == plain for k in _NAMES) for tags in table["tags"]]
    found = table[np.array(hit, bool)] if len(table) else table
    if not len(found):
        names = sorted({tags["name"] for tags in table["tags"]})
        near = difflib.get_close_matches(place, names, n=5, cutoff=0.3) or names[:10]
        raise PlannerError.of(finding("OSM-009", source=source, value=place, nearest=", ".join(near) or "-"))
    order = found.assign(size=shapely.area(found.geometry.to_numpy())).sort_values(
        ["level", "size"], ascending=[True, False]
    )
    return next(order.itertuples())


def _levels(table: gpd.GeoDataFrame, boundary: Any) -> list[list[Any]]:
    """Outlines within the boundary, a list for each lower level that covers enough of it, the next lower first."""
    lower = table[table["level"] > boundary.level]
    if not len(lower):
        return []
    shapes = lower.geometry.to_numpy()
    part = shapely.area(shapely.intersection(shapes, boundary.geometry)) / np.maximum(
        shapely.area(shapes), 1e-15
    )
    lower = lower[part > _COVERING]
    found = []
    for level in sorted(lower["level"].unique()):
        rows = lower[lower["level"] == level]
        covered = float(shapely.area(rows.geometry.to_numpy()).sum())
        if covered >= (_COVERING - 1e-9) * boundary.geometry.area and len(rows) > 1:
            found.append(list(rows.itertuples()))
    return found


def _geojson(rows: list[Any]) -> str:
    """Outlines as a districts table; ``population`` where it is tagged as a number."""
    features = []
    for row in rows:
        tags = row.tags
        people = tags.get("population", "").replace(",", "").replace(" ", "")
        properties = {"district": tags["name"], "name_zh": tags.get("name:zh", tags["name"]), "name_en": tags.get("name:en", tags["name"]),
                      "admin_level": int(row.level)}  # fmt: skip
        if people.isdigit():
            properties["population"] = int(people)
        features.append(
            {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(row.geometry)}
        )
    return json.dumps(
        {"type": "FeatureCollection", "attribution": ATTRIBUTION, "features": features}, ensure_ascii=False
    )


def _cut(source: Path, target: Path, area: Any, place: str) -> None:
    """Everything that touches ``area``, ways whole, as an OSM file in order."""
    import osmium

    inside, ways, streets = _nodes_inside(source, area), set[int](), 0
    with osmium.BackReferenceWriter(
        str(target), ref_src=str(source), overwrite=True, remove_tags=False
    ) as writer:
        for thing in osmium.FileProcessor(str(source)):
            if thing.is_node():
                if thing.id in inside and len(thing.tags):
                    writer.add_node(thing)
            elif thing.is_way():
                if any(n.ref in inside for n in thing.nodes):
                    streets += "highway" in thing.tags
                    writer.add_way(thing)
                    ways.add(thing.id)
            elif any(m.type == "w" and m.ref in ways for m in thing.members):
                kept = (
                    thing.tags.get("boundary") != "administrative"
                )  # of a province only what is here would come along
                if kept:
                    writer.add_relation(thing)
    if not streets:
        raise PlannerError.of(finding("OSM-002", value=place))


def _nodes_inside(source: Path, area: Any) -> set[int]:
    """Numbers of the nodes within an area (degrees)."""
    import osmium

    shapely.prepare(area)
    found: set[int] = set()
    ids, xs, ys = list[int](), list[float](), list[float]()

    def judge() -> None:
        hit = shapely.contains_xy(area, np.array(xs), np.array(ys))
        found.update(np.array(ids, np.int64)[hit].tolist())
        for values in (ids, xs, ys):
            values.clear()

    for node in osmium.FileProcessor(str(source), osmium.osm.NODE):
        if node.location.valid():
            ids.append(node.id)
            xs.append(node.location.lon)
            ys.append(node.location.lat)
        if len(ids) >= _STEP:
            judge()
    if ids:
        judge()
    return found
