"""The page's layers of places: districts, stations, sites, gap areas, hot spots, and further ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from planner.publish.page.values import (
    TOLERANCE_M,
    degrees,
    numbers_of,
    place_of,
    points_of,
    texts_of,
    with_shape,
)
from planner.telling.contents.coverage import district_labels
from planner.telling.contents.places import fullest_first
from planner.telling.contents.sites import ranked
from planner.telling.words.names import host_label, period_labels

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.publish.page.pack import Island, Kind
    from planner.telling.bundle import Bundle, ExtraLayer, PopupField

__all__ = [
    "districts_part",
    "extra_part",
    "gaps_part",
    "hotspots_part",
    "shape_kind",
    "sites_part",
    "stations_part",
]


def districts_part(bundle: Bundle, island: Island) -> dict[str, Any]:
    """The districts' outlines, names and where their names stand."""
    table, names = bundle.districts, district_labels(bundle)
    keys = texts_of(table, "district")
    shapes = degrees(table, TOLERANCE_M["districts"], coverage=True)
    return {
        "id": keys,
        "name": [names[key] for key in keys],
        "shapes": island.geometries(shapes, kind="polygon"),
        "label": points_of(table.set_geometry(table.geometry.representative_point()), island),
        "population": numbers_of(table, "population"),
    }


def stations_part(bundle: Bundle, island: Island, districts: Sequence[str], language: str) -> dict[str, Any]:
    """The existing stations that have a place, each with its district's position in ``districts``."""
    table = with_shape(bundle.stations)
    return {
        "at": points_of(table, island),
        "name": texts_of(table, "name"),
        "kind": texts_of(table, "kind"),
        "status": texts_of(table, "status"),
        "grade": texts_of(table, "grade"),
        "hours": texts_of(table, "open_hours"),
        "host": texts_of(table, "host", lambda kind: host_label(kind, language)),
        "district": place_of(table, districts),
        "covers": numbers_of(table, "covers"),
        "area": numbers_of(table, "area_m2", 1),
    }


def sites_part(bundle: Bundle, island: Island, districts: Sequence[str], language: str) -> dict[str, Any]:
    """The new stations in rank order, each with its district's position in ``districts``."""
    table = ranked(bundle)
    batches = list(dict.fromkeys(texts_of(table, "batch")))
    reasons = texts_of(table, f"reason_{language}")
    return {
        "at": points_of(table, island),
        "rank": numbers_of(table, "rank"),
        "id": texts_of(table, "site_id"),
        "name": texts_of(table, "name"),
        "host": texts_of(table, "host_kind", lambda kind: host_label(kind, language)),
        "hours": texts_of(table, "open_hours"),
        "district": place_of(table, districts),
        "gain": numbers_of(table, "workers_gained"),
        "reach": numbers_of(table, "workers_in_reach"),
        "nearest": numbers_of(table, "nearest_station_m"),
        "confidence": numbers_of(table, "confidence", 3),
        "margin": numbers_of(table, "confidence_margin", 3),
        "alone": numbers_of(table, "workers_alone"),
        "alone_low": numbers_of(table, "alone_low"),
        "alone_high": numbers_of(table, "alone_high"),
        "kept": None if bundle.kept is None else [int(n) for n in bundle.kept.sum(axis=1)],
        "cases": 0 if bundle.kept is None else bundle.kept.shape[1],
        "batches": batches,
        "batch": [batches.index(b) for b in texts_of(table, "batch")],
        "reason": [r or other for r, other in zip(reasons, texts_of(table, "reason"), strict=True)],
    }


def gaps_part(bundle: Bundle, island: Island, districts: Sequence[str]) -> dict[str, Any]:
    """The gap areas, most workers first."""
    table = fullest_first(bundle.gaps)
    return {
        "shapes": island.geometries(degrees(table, TOLERANCE_M["gaps"]), kind="polygon"),
        "name": texts_of(table, "name"),
        "workers": numbers_of(table, "workers"),
        "district": place_of(table, districts),
    }


def hotspots_part(bundle: Bundle, island: Island) -> dict[str, Any] | None:
    """The hot spots; None where there are none."""
    table = bundle.hotspots
    if table is None or not len(table):
        return None
    hours = period_labels(bundle.settings)
    return {
        "shapes": island.geometries(degrees(table, TOLERANCE_M["gaps"]), kind="polygon"),
        "name": texts_of(table, "name"),
        "workers": numbers_of(table, "workers"),
        "area": numbers_of(table, "area_km2", 2),
        "peak": texts_of(table, "peak_period", lambda p: hours.get(p, p)),
    }


def extra_part(layer: ExtraLayer, island: Island, language: str) -> dict[str, Any]:
    """A further layer: its shapes, its style, and the lines of its popups."""
    zh = language == "zh"
    table = with_shape(layer.table)
    kind = shape_kind(table)
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
        "name": texts_of(table, layer.name_column) if layer.name_column else [""] * len(table),
        "fields": [_popup_line(field, table, zh=zh) for field in layer.fields],
    }  # fmt: skip
    if kind == "point":
        part["at"] = points_of(table, island)
    else:
        part["shapes"] = island.geometries(degrees(table, TOLERANCE_M["extra"]), kind=kind)
    if layer.width_column:
        part["width"] = {
            "values": numbers_of(table, layer.width_column, 1),
            "px": list(layer.width_px),
            "unit": layer.widths_zh if zh else layer.widths_en,
        }
    return part


def shape_kind(table: gpd.GeoDataFrame) -> Literal["point"] | Kind:
    """What a layer's shapes are."""
    kinds = set(table.geometry.geom_type)
    if kinds <= {"Point"}:
        return "point"
    return "line" if kinds <= {"LineString", "MultiLineString"} else "polygon"


def _popup_line(field: PopupField, table: gpd.GeoDataFrame, *, zh: bool) -> dict[str, Any]:
    text = field.digits is None
    return {
        "label": field.zh if zh else field.en,
        "unit": field.unit_zh if zh else field.unit_en,
        "values": texts_of(table, field.column)
        if text
        else numbers_of(table, field.column, field.digits or 0),
    }
