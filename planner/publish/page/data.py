"""The page's content as plain data: tables to WGS84, simplified, rounded and packed into one island.

Nothing here is text for a browser to run: every name stays a JSON string that the page's script sets as
``textContent``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.publish.page.cells import cells_part
from planner.publish.page.pack import Island, Kind
from planner.publish.words.labels import labels
from planner.publish.words.phrases import host_label, period_label

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

    from planner.publish.bundle import Bundle, ExtraLayer

__all__ = ["CREDITS", "island_text", "page_content"]

#: Whose data and code the page shows; ``run["credits"]`` may add more.
CREDITS = ("© OpenStreetMap contributors (ODbL)", "GeoNames (CC BY 4.0)", "Leaflet (BSD-2-Clause)")

#: Simplification tolerances in metres: about a third of a pixel at the zoom where the layer is read.
TOLERANCE_M = {"districts": 25.0, "water": 25.0, "roads": 12.0, "areas": 8.0, "gaps": 10.0, "extra": 8.0}
#: Water bodies and slivers of the new circle smaller than this are not drawn (m²).
LEAST_WATER_M2 = 20_000.0
LEAST_SLIVER_M2 = 2_000.0
#: Holes in the circle smaller than this are filled on the map (not in any figure).
LEAST_HOLE_M2 = 25_000.0
#: Named waters larger than this are labelled, the largest first.
LEAST_LABEL_M2 = 4_000_000.0
MOST_WATER_LABELS = 12
ROAD_CLASSES = ("motorway", "trunk", "primary", "secondary")


def _text(value: object) -> str:
    """Text as it stands; nothing for None and NaN."""
    import pandas as pd

    return "" if value is None or pd.isna(value) else str(value)


def _number(value: object, digits: int = 0) -> float | int | None:
    """A rounded finite number, or None."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    return round(number) if digits == 0 else round(number, digits)


def _texts(table: pd.DataFrame, column: str, change: Callable[[str], str] | None = None) -> list[str]:
    if column not in table.columns:
        return [""] * len(table)
    texts = [_text(v) for v in table[column]]
    return texts if change is None else [change(t) if t else t for t in texts]


def _numbers(table: pd.DataFrame, column: str, digits: int = 0) -> list[float | int | None]:
    if column not in table.columns:
        return [None] * len(table)
    return [_number(v, digits) for v in table[column]]


def _degrees(table: gpd.GeoDataFrame, tolerance_m: float, *, coverage: bool = False) -> list[Any]:
    """Geometries simplified in the (metric) CRS of the table, then in WGS84."""
    import geopandas as gpd
    import shapely

    shapes = np.asarray(table.geometry.array)
    if coverage and len(shapes) and shapely.coverage_is_valid(shapes):
        simple = shapely.coverage_simplify(shapes, tolerance_m)
    else:
        simple = shapely.simplify(shapes, tolerance_m, preserve_topology=True)
    return list(gpd.GeoSeries(simple, crs=table.crs).to_crs(4326).array)


def _points(table: gpd.GeoDataFrame, island: Island) -> list[int]:
    degrees = table.geometry.to_crs(4326)
    return island.points(degrees.x, degrees.y)


def _place_of(table: pd.DataFrame, names: Sequence[str]) -> list[int]:
    """Position of each row's district among ``names``; -1 where it is none of them."""
    where = {name: i for i, name in enumerate(names)}
    return [where.get(name, -1) for name in _texts(table, "district")]


def _districts(bundle: Bundle, island: Island) -> dict[str, Any]:
    table = bundle.districts
    zh = bundle.settings.study.language == "zh"
    names = [
        own or other
        for own, other in zip(
            _texts(table, "name_zh" if zh else "name_en"), _texts(table, "district"), strict=True
        )
    ]
    shapes = _degrees(table, TOLERANCE_M["districts"], coverage=True)
    return {
        "id": _texts(table, "district"),
        "name": names,
        "shapes": island.geometries(shapes, kind="polygon"),
        "label": _points(table.set_geometry(table.geometry.representative_point()), island),
        "population": _numbers(table, "population"),
    }


def _by_district(bundle: Bundle) -> list[dict[str, Any]]:
    """Workers and shares before and after, per district, with its existing and new stations."""
    after = {_text(r.district): r for r in bundle.after.by_district.itertuples()}
    old = bundle.stations[bundle.stations["status"] == "open"] if len(bundle.stations) else bundle.stations
    old_count = dict.fromkeys(after, 0) | old["district"].value_counts().to_dict()
    new_count = dict.fromkeys(after, 0) | bundle.chosen["district"].value_counts().to_dict()
    rows = []
    for row in bundle.before.by_district.itertuples():
        name = _text(row.district)
        rows.append(
            {
                "district": name,
                "workers": _number(row.workers),
                "before": _number(row.share, 5),
                "after": _number(after[name].share if name in after else None, 5),
                "stations": int(old_count.get(name, 0)),
                "sites": int(new_count.get(name, 0)),
            }
        )
    return rows


def _headline(bundle: Bundle) -> dict[str, Any]:
    before, after = bundle.before, bundle.after
    open_now = int((bundle.stations["status"] == "open").sum()) if len(bundle.stations) else 0
    return {
        "workers": _number(before.workers),
        "covered": [_number(before.covered), _number(after.covered)],
        "share": [_number(before.share, 5), _number(after.share, 5)],
        "backup": [_number(before.share_backup, 5), _number(after.share_backup, 5)],
        "by_radius": [
            [name, _number(before.by_radius_m[name], 5), _number(after.by_radius_m.get(name), 5)]
            for name in sorted(before.by_radius_m, key=float)
        ],
        "readings": {
            name: [_number(before.readings[name], 5), _number(after.readings.get(name), 5)]
            for name in sorted(before.readings)
        },
        "stations": open_now,
        "sites": len(bundle.chosen),
        "gap": _number(bundle.solution.gap, 9),
        "status": _text(bundle.solution.status),
        "homes": {
            key: _number(value, 6)
            for key, value in (bundle.run.get("driver_homes") or {}).items()
            if key in ("chosen", "drivers", "gap")
        },
        "by_district": _by_district(bundle),
    }


def _stations(bundle: Bundle, island: Island, districts: Sequence[str], language: str) -> dict[str, Any]:
    table = bundle.stations[~bundle.stations.geometry.is_empty & bundle.stations.geometry.notna()]
    return {
        "at": _points(table, island),
        "name": _texts(table, "name"),
        "kind": _texts(table, "kind"),
        "status": _texts(table, "status"),
        "grade": _texts(table, "grade"),
        "hours": _texts(table, "open_hours"),
        "host": _texts(table, "host", lambda kind: host_label(kind, language)),
        "district": _place_of(table, districts),
        "covers": _numbers(table, "covers"),
        "area": _numbers(table, "area_m2", 1),
    }


def _sites(bundle: Bundle, island: Island, districts: Sequence[str], language: str) -> dict[str, Any]:
    table = bundle.chosen.sort_values("rank", kind="stable")
    batches = list(dict.fromkeys(_texts(table, "batch")))
    reasons = _texts(table, f"reason_{language}")
    return {
        "at": _points(table, island),
        "rank": _numbers(table, "rank"),
        "id": _texts(table, "site_id"),
        "name": _texts(table, "name"),
        "host": _texts(table, "host_kind", lambda kind: host_label(kind, language)),
        "hours": _texts(table, "open_hours"),
        "district": _place_of(table, districts),
        "gain": _numbers(table, "workers_gained", 1),
        "reach": _numbers(table, "workers_in_reach", 1),
        "nearest": _numbers(table, "nearest_station_m"),
        "confidence": _numbers(table, "confidence", 3),
        "batches": batches,
        "batch": [batches.index(b) for b in _texts(table, "batch")],
        "reason": [r or other for r, other in zip(reasons, _texts(table, "reason"), strict=True)],
    }


def _generalised(area: BaseGeometry, tolerance_m: float) -> BaseGeometry:
    """An area without the smallest parts and holes (inner yards of a block), its outline simplified."""
    import shapely

    kept = []
    for part in shapely.get_parts(area):
        if part.geom_type != "Polygon" or part.area < LEAST_SLIVER_M2:
            continue
        holes = np.array([shapely.Polygon(ring) for ring in part.interiors], dtype=object)
        large = [h.exterior for h in holes[shapely.area(holes) >= LEAST_HOLE_M2]] if len(holes) else []
        kept.append(shapely.Polygon(part.exterior, large))
    # part by part and without checking all against all, which takes minutes on a city's circle
    simple = shapely.simplify(kept, tolerance_m, preserve_topology=False)
    return shapely.disjoint_subset_union_all(shapely.make_valid(simple))


def _areas(bundle: Bundle, island: Island) -> dict[str, Any]:
    """The circle today and what the new sites add to it, each as one geometry."""
    import geopandas as gpd
    import shapely

    today, later = (
        _generalised(area, TOLERANCE_M["areas"]) for area in (bundle.area_before, bundle.area_after)
    )
    added = [p for p in shapely.get_parts(shapely.difference(later, today)) if p.area >= LEAST_SLIVER_M2]
    both = gpd.GeoSeries([today, shapely.union_all(added)], crs=bundle.districts.crs).to_crs(4326)
    return {
        "before": island.geometries([both.iloc[0]], kind="polygon"),
        "added": island.geometries([both.iloc[1]], kind="polygon"),
    }


def _roads(roads: gpd.GeoDataFrame, island: Island) -> list[dict[str, Any]]:
    """Main roads by class, links with their class, joined into long lines."""
    import geopandas as gpd
    import shapely

    classes = np.array([c.removesuffix("_link") for c in _texts(roads, "class")], dtype=object)
    parts = []
    for name in ROAD_CLASSES:
        lines = np.asarray(roads.geometry.array)[classes == name]
        if not len(lines):
            continue
        joined = shapely.line_merge(shapely.union_all(shapely.get_parts(lines)))
        simple = shapely.simplify(shapely.get_parts(joined), TOLERANCE_M["roads"])
        degrees = gpd.GeoSeries(simple, crs=roads.crs).to_crs(4326)
        parts.append({"class": name, "shapes": island.geometries(degrees, kind="line")})
    return parts


def _water(water: gpd.GeoDataFrame, island: Island) -> dict[str, Any]:
    import geopandas as gpd
    import shapely

    shapes = np.asarray(water.geometry.array)
    flat = shapely.get_type_id(shapes)
    areas = shapes[np.isin(flat, (3, 6)) & (shapely.area(shapes) >= LEAST_WATER_M2)]
    whole = gpd.GeoDataFrame(geometry=gpd.GeoSeries([shapely.union_all(areas)], crs=water.crs))
    named = _named_water(water[np.isin(flat, (3, 6))])
    return {
        "shapes": island.geometries(_degrees(whole, TOLERANCE_M["water"]), kind="polygon"),
        "label": _points(named, island),
        "name": _texts(named, "name"),
        "room": _numbers(named, "room"),
    }


def _named_water(water: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The widest place of each of the largest waters that have a name; ``room``: half its width (m)."""
    import geopandas as gpd
    import shapely

    if "name" not in water.columns:
        water = water.assign(name=None)
    named = water[water["name"].notna() & (water.geometry.area >= LEAST_LABEL_M2)]
    largest = named.assign(_area=named.geometry.area).sort_values("_area", ascending=False, kind="stable")
    largest = largest[~largest["name"].duplicated()].head(MOST_WATER_LABELS)
    radius = [shapely.maximum_inscribed_circle(shape, 50) for shape in largest.geometry]
    return gpd.GeoDataFrame(
        {"name": largest["name"].to_numpy(), "room": [line.length for line in radius]},
        geometry=[shapely.Point(line.coords[0]) for line in radius],
        crs=water.crs,
    )


def _gaps(bundle: Bundle, island: Island, districts: Sequence[str]) -> dict[str, Any]:
    table = (
        bundle.gaps.sort_values("workers", ascending=False, kind="stable")
        if len(bundle.gaps)
        else bundle.gaps
    )
    return {
        "shapes": island.geometries(_degrees(table, TOLERANCE_M["gaps"]), kind="polygon"),
        "name": _texts(table, "name"),
        "workers": _numbers(table, "workers"),
        "district": _place_of(table, districts),
    }


def _hotspots(bundle: Bundle, island: Island) -> dict[str, Any] | None:
    table = bundle.hotspots
    if table is None or not len(table):
        return None
    hours = {p.name: period_label(p) for p in bundle.settings.periods}
    return {
        "shapes": island.geometries(_degrees(table, TOLERANCE_M["gaps"]), kind="polygon"),
        "name": _texts(table, "name"),
        "workers": _numbers(table, "workers"),
        "area": _numbers(table, "area_km2", 2),
        "peak": _texts(table, "peak_period", lambda p: hours.get(p, p)),
    }


def _extra(layer: ExtraLayer, island: Island, language: str) -> dict[str, Any]:
    """A further layer: its shapes, its style, and the lines of its popups."""
    zh = language == "zh"
    table = layer.table[~layer.table.geometry.is_empty & layer.table.geometry.notna()]
    kinds = set(table.geometry.geom_type)
    kind = (
        "point" if kinds <= {"Point"} else "line" if kinds <= {"LineString", "MultiLineString"} else "polygon"
    )
    part: dict[str, Any] = {
        "key": layer.key,
        "label": layer.zh if zh else layer.en,
        "kind": kind,
        "style": {
            "colour": layer.colour, "opacity": layer.fill_opacity, "dashed": layer.dashed,
            "outline": layer.outline, "shape": layer.shape,
        },
        "shown": layer.shown,
        "searchable": layer.searchable and kind == "point",
        "name": _texts(table, layer.name_column) if layer.name_column else [""] * len(table),
        "fields": [
            {
                "label": f.zh if zh else f.en,
                "unit": f.unit_zh if zh else f.unit_en,
                "values": _texts(table, f.column) if f.digits is None else _numbers(table, f.column, f.digits),
            }
            for f in layer.fields
        ],
    }  # fmt: skip
    if kind == "point":
        part["at"] = _points(table, island)
    else:
        shapes = _degrees(table, TOLERANCE_M["extra"])
        pack: Kind = "line" if kind == "line" else "polygon"
        part["shapes"] = island.geometries(shapes, kind=pack)
    if layer.width_column:
        part["width"] = {
            "values": _numbers(table, layer.width_column, 1),
            "px": list(layer.width_px),
            "unit": layer.widths_zh if zh else layer.widths_en,
        }
    return part


def _about(bundle: Bundle) -> dict[str, Any]:
    study, circle = bundle.settings.study, bundle.settings.circle
    zh = study.language == "zh"
    more = [_text(c) for c in bundle.run.get("credits", ()) if _text(c) not in CREDITS]
    return {
        "language": study.language,
        "title": study.title(),
        "synthetic": study.synthetic,
        "note": study.synthetic_note_zh if zh else study.synthetic_note_en,
        "approval": study.map_approval_no,
        "credits": [*CREDITS, *more],
        "minutes": circle.minutes,
        "walk_kmh": circle.walk_kmh,
        "crs": _text(bundle.districts.crs),
    }


def page_content(bundle: Bundle, island: Island) -> dict[str, Any]:
    """Everything the page shows, as the island's header; geometry and cells go into ``island``."""
    import geopandas as gpd

    language = bundle.settings.study.language
    districts = _districts(bundle, island)
    bounds = gpd.GeoSeries(bundle.districts.geometry).to_crs(4326).total_bounds
    return {
        "about": _about(bundle),
        "words": labels(language, "page_"),
        "bounds": [round(float(b), 5) for b in bounds],
        "headline": _headline(bundle),
        "districts": districts,
        "water": _water(bundle.water, island),
        "roads": _roads(bundle.main_roads, island),
        "cells": cells_part(
            bundle.demand, bundle.before, bundle.after, cell_m=bundle.settings.demand.cell_m, island=island
        ),
        "areas": _areas(bundle, island),
        "gaps": _gaps(bundle, island, districts["id"]),
        "hotspots": _hotspots(bundle, island),
        "stations": _stations(bundle, island, districts["id"], language),
        "sites": _sites(bundle, island, districts["id"], language),
        "extras": [_extra(layer, island, language) for layer in bundle.extra_layers],
    }


def island_text(bundle: Bundle) -> str:
    """The page's data island: base64 of the packed content, the same for the same bundle."""
    island = Island()
    return island.text(page_content(bundle, island))
