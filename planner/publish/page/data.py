"""The page's content as plain data: headline, layers and words, packed into one island.

Nothing here is text for a browser to run: every name stays a JSON string that the page's script sets as
``textContent``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.facts.definitions import definitions
from planner.publish.page.board.part import board_part
from planner.publish.page.board.towns import towns_of
from planner.publish.page.cells import cells_part
from planner.publish.page.evidence import evidence_part
from planner.publish.page.ground import areas_part, roads_part, water_part
from planner.publish.page.layers import (
    districts_part,
    extra_part,
    gaps_part,
    hotspots_part,
    sites_part,
    stations_part,
)
from planner.publish.page.names.context import context_part
from planner.publish.page.pack import Island
from planner.publish.page.public import without_boundaries
from planner.publish.page.values import rounded
from planner.tables import is_missing
from planner.telling.contents.coverage import district_labels, district_rows
from planner.telling.contents.records import station_line, synthetic_note
from planner.telling.words.names import crs_label
from planner.telling.words.phrases import words_of
from planner.telling.words.pinyin import sounds_of, texts_in

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["CREDITS", "island_text", "page_content"]

#: Whose data and code the page shows; ``run["credits"]`` may add more.
CREDITS = ("© OpenStreetMap contributors (ODbL)", "GeoNames (CC BY 4.0)", "Leaflet (BSD-2-Clause)")


def _by_district(bundle: Bundle) -> list[dict[str, Any]]:
    """Workers and shares before and after, per district, with its existing and new stations, as printed."""
    return [
        {
            "district": row.key,
            "workers": rounded(row.workers),
            "before": rounded(row.share_before, 3),
            "after": rounded(row.share_after, 3),
            "stations": int(row.stations_open),
            "sites": int(row.sites_new),
            "gain": rounded(row.covered_new),
            "backup": _both(bundle, least=2, district=row.key),
            **_gaps_of(bundle, row.key),
        }
        for row in district_rows(bundle).itertuples()
    ]


def _gaps_of(bundle: Bundle, district: str) -> dict[str, Any]:
    """Gap areas of a district and their workers, as printed."""
    found = {key: bundle.facts.find(key, district=district) for key in ("gap_areas", "gap_workers")}
    return {key: None if f is None else int(f.shown) for key, f in found.items()}


def _both(bundle: Bundle, **scope: Any) -> list[float | None]:
    """The printed share of a state, today and with the plan."""
    found = [bundle.facts.find("share", plan=plan, **scope) for plan in ("today", "proposal")]
    return [None if f is None else f.shown for f in found]


def _band(bundle: Bundle, quantity: str, **scope: Any) -> list[float] | None:
    """The printed band of a figure; None where it has none."""
    found = bundle.facts.find(quantity, **scope)
    band = None if found is None else found.shown_band()
    return None if band is None else list(band)


def _headline(bundle: Bundle) -> dict[str, Any]:
    facts = bundle.facts
    radii = sorted({facts.headline.cutoff_m, *facts.along("share", "cutoff_m")})
    homes = {k: facts.find(q, network="driver_homes", groups="truck") for k, q in _HOMES.items()}
    return {
        "workers": facts.shown("workers", plan=""),
        "covered": [facts.shown("covered", plan="today"), facts.shown("covered")],
        "new": facts.shown("newly_covered", plan="gain"),
        "points": facts.shown("share_gain", plan="gain"),
        "share": _both(bundle),
        "bands": {
            "share": [_band(bundle, "share", plan="today"), _band(bundle, "share")],
            "new": _band(bundle, "newly_covered", plan="gain"),
            "workers": _band(bundle, "workers", plan=""),
        },
        "backup": _both(bundle, least=2),
        "by_radius": [[f"{r:g}", *_both(bundle, cutoff_m=r)] for r in radii],
        "readings": {
            name: _both(bundle, periods=name)
            for name in ("any_hour", "night")
            if facts.find("share", periods=name) is not None
        },
        "hours": {
            name: _both(bundle, hours=name)
            for name in ("time", "workday", "weekend")
            if facts.find("share", hours=name) is not None
        },
        "stations": int(facts.shown("stations_open", plan="today")),
        "stations_told": station_line(bundle),
        "sites": int(facts.shown("sites_new")),
        "gap": facts.shown("gap"),
        "regret": [f.shown for f in (facts.find("regret"), facts.find("regret_most")) if f is not None],
        "status": bundle.solution.status,
        "homes": {key: f.shown for key, f in homes.items() if f is not None},
        "absent": [str(why) for why in bundle.run.get("absent", {}).values()],
        "by_district": _by_district(bundle),
    }


#: Quantities that the page explains.
_GLOSSARY = (
    "workers", "covered", "share", "newly_covered", "share_gain", "gap", "regret", "steadiness", "gap_workers", "drivers_served",
)  # fmt: skip
#: Figures of the driver homes that the page shows, by their quantity.
_HOMES = {"chosen": "homes_new", "drivers": "drivers_served", "gap": "homes_gap", "full": "homes_full"}


def _about(bundle: Bundle) -> dict[str, Any]:
    study, circle = bundle.settings.study, bundle.settings.circle
    named = ["" if is_missing(c) else str(c) for c in bundle.run.get("credits", ())]
    more = [text for text in named if text not in CREDITS]
    return {
        "language": study.language,
        "title": study.title(),
        "synthetic": study.synthetic,
        "note": synthetic_note(bundle.settings),
        "approval": study.map_approval_no,
        **({"base_maps": study.base_maps, "tianditu_key": study.tianditu_key} if study.base_maps else {}),
        "credits": [*CREDITS, *more],
        "minutes": circle.minutes,
        "walk_kmh": circle.walk_kmh,
        "crs": crs_label(bundle.districts.crs),
    }


def _words(language: str, *, public: bool) -> dict[str, str]:
    """The page's labels; those of the public page in place of the internal one's."""
    words = {key.removeprefix("page_"): text for key, text in words_of("page", language).items()}
    if public:
        words |= {"internal": words["public"], "kicker": f"{words['kicker']} · {words['public']}"}
    return words


def page_content(bundle: Bundle, island: Island, *, public: bool = False) -> dict[str, Any]:
    """Everything the page shows, as the island's header; geometry and cells go into ``island``.

    ``public``: without boundaries, and said so.
    """
    import geopandas as gpd

    language = bundle.settings.study.language
    towns = towns_of(bundle, district_labels(bundle))
    bundle = without_boundaries(bundle) if public else bundle
    districts = districts_part(bundle, island)
    board = board_part(bundle, island, districts["id"], towns, drawn=not public)
    bounds = gpd.GeoSeries(bundle.districts.geometry).to_crs(4326).total_bounds
    content = {
        "about": _about(bundle) | {"public": public} | ({"base_maps": ()} if public else {}),
        "words": _words(language, public=public),
        "bounds": [round(float(b), 5) for b in bounds],
        "headline": _headline(bundle),
        "evidence": evidence_part(bundle),
        "glossary": {
            key: [definitions()[key].name(language), definitions()[key].meaning(language)]
            for key in _GLOSSARY
        },
        "districts": districts,
        "water": water_part(bundle.water, island),
        "context": context_part(bundle.context, island),
        "roads": roads_part(bundle.main_roads, island),
        "cells": cells_part(
            bundle.demand,
            bundle.before,
            bundle.after,
            cell_m=bundle.settings.demand.cell_m,
            island=island,
            counted=board is not None,
        ),
        "areas": areas_part(bundle, island),
        "gaps": gaps_part(bundle, island, districts["id"]),
        "hotspots": hotspots_part(bundle, island),
        "stations": stations_part(bundle, island, districts["id"], language),
        "sites": sites_part(bundle, island, districts["id"], language),
        "board": board,
        "extras": [extra_part(layer, island, language) for layer in bundle.extra_layers],
    }
    return content | {"sounds": sounds_of(texts_in(content))}


def island_text(bundle: Bundle, *, public: bool = False) -> str:
    """The page's data island: the packed content in letters, the same for the same bundle."""
    island = Island()
    return island.text(page_content(bundle, island, public=public))
