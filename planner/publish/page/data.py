"""The page's content as plain data: headline, layers and words, packed into one island.

Nothing here is text for a browser to run: every name stays a JSON string that the page's script sets as
``textContent``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.publish.contents.coverage import district_rows, open_stations
from planner.publish.contents.records import synthetic_note
from planner.publish.page.cells import cells_part
from planner.publish.page.ground import areas_part, roads_part, water_part
from planner.publish.page.layers import (
    districts_part,
    extra_part,
    gaps_part,
    hotspots_part,
    sites_part,
    stations_part,
)
from planner.publish.page.pack import Island
from planner.publish.page.values import rounded
from planner.publish.safe import is_missing
from planner.publish.words.names import crs_label
from planner.publish.words.phrases import words_of

if TYPE_CHECKING:
    from planner.publish.bundle import Bundle

__all__ = ["CREDITS", "island_text", "page_content"]

#: Whose data and code the page shows; ``run["credits"]`` may add more.
CREDITS = ("© OpenStreetMap contributors (ODbL)", "GeoNames (CC BY 4.0)", "Leaflet (BSD-2-Clause)")


def _by_district(bundle: Bundle) -> list[dict[str, Any]]:
    """Workers and shares before and after, per district, with its existing and new stations."""
    return [
        {
            "district": row.key,
            "workers": rounded(row.workers),
            "before": rounded(row.share_before, 5),
            "after": rounded(row.share_after, 5),
            "stations": int(row.stations_open),
            "sites": int(row.sites_new),
        }
        for row in district_rows(bundle).itertuples()
    ]


def _headline(bundle: Bundle) -> dict[str, Any]:
    before, after = bundle.before, bundle.after
    return {
        "workers": rounded(before.workers),
        "covered": [rounded(before.covered), rounded(after.covered)],
        "share": [rounded(before.share, 5), rounded(after.share, 5)],
        "backup": [rounded(before.share_backup, 5), rounded(after.share_backup, 5)],
        "by_radius": [
            [name, rounded(before.by_radius_m[name], 5), rounded(after.by_radius_m.get(name), 5)]
            for name in sorted(before.by_radius_m, key=float)
        ],
        "readings": {
            name: [rounded(before.readings[name], 5), rounded(after.readings.get(name), 5)]
            for name in sorted(before.readings)
        },
        "stations": len(open_stations(bundle)),
        "sites": len(bundle.chosen),
        "gap": rounded(bundle.solution.gap, 9),
        "status": bundle.solution.status,
        "homes": {
            key: rounded(value, 6)
            for key, value in (bundle.run.get("driver_homes") or {}).items()
            if key in ("chosen", "drivers", "gap")
        },
        "by_district": _by_district(bundle),
    }


def _about(bundle: Bundle) -> dict[str, Any]:
    study, circle = bundle.settings.study, bundle.settings.circle
    named = ["" if is_missing(c) else str(c) for c in bundle.run.get("credits", ())]
    more = [text for text in named if text not in CREDITS]
    return {
        "language": study.language,
        "title": study.title(),
        "synthetic": study.synthetic,
        "note": synthetic_note(bundle),
        "approval": study.map_approval_no,
        "credits": [*CREDITS, *more],
        "minutes": circle.minutes,
        "walk_kmh": circle.walk_kmh,
        "crs": crs_label(bundle.districts.crs),
    }


def page_content(bundle: Bundle, island: Island) -> dict[str, Any]:
    """Everything the page shows, as the island's header; geometry and cells go into ``island``."""
    import geopandas as gpd

    language = bundle.settings.study.language
    districts = districts_part(bundle, island)
    bounds = gpd.GeoSeries(bundle.districts.geometry).to_crs(4326).total_bounds
    return {
        "about": _about(bundle),
        "words": {key.removeprefix("page_"): text for key, text in words_of("page", language).items()},
        "bounds": [round(float(b), 5) for b in bounds],
        "headline": _headline(bundle),
        "districts": districts,
        "water": water_part(bundle.water, island),
        "roads": roads_part(bundle.main_roads, island),
        "cells": cells_part(
            bundle.demand, bundle.before, bundle.after, cell_m=bundle.settings.demand.cell_m, island=island
        ),
        "areas": areas_part(bundle, island),
        "gaps": gaps_part(bundle, island, districts["id"]),
        "hotspots": hotspots_part(bundle, island),
        "stations": stations_part(bundle, island, districts["id"], language),
        "sites": sites_part(bundle, island, districts["id"], language),
        "extras": [extra_part(layer, island, language) for layer in bundle.extra_layers],
    }


def island_text(bundle: Bundle) -> str:
    """The page's data island: base64 of the packed content, the same for the same bundle."""
    island = Island()
    return island.text(page_content(bundle, island))
