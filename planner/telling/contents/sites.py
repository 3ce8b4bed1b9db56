"""The new stations and where they stand: rows in rank order, coordinates in three datums, phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.inputs.places.crs import chinese
from planner.inputs.places.datum import convert
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.words.names import host_label
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = [
    "batch_columns",
    "batch_rows",
    "coordinates",
    "ranked",
    "regret_line",
    "site_columns",
    "site_rows",
]

_SITES = (
    Column("rank", "count", 6),
    Column("site_id", "text", 16),
    Column("name", "text", 28),
    Column("district", "text", 12),
    Column("host_kind", "text", 14),
    Column("open_hours", "text", 14),
    Column("workers_gained", "people", 11),
    Column("workers_in_reach", "people", 11),
    Column("nearest_station_m", "metres", 12),
    Column("cost_yuan", "yuan", 10),
    Column("workers_alone", "people", 11),
    Column("alone_low", "people", 9),
    Column("alone_high", "people", 9),
    Column("confidence", "share", 9),
    Column("confidence_margin", "share", 9),
    Column("batch", "text", 10),
    Column("reason", "text", 70),
)
#: Columns that are there only where the study asks for what they tell.
_OPTIONAL = ("confidence", "confidence_margin", "workers_alone", "alone_low", "alone_high", "batch")
_COORDINATES = tuple(
    Column(f"{axis}_{datum}", "degrees", 12)
    for datum in ("wgs84", "gcj02", "bd09")
    for axis in ("lng", "lat")
)
_BATCH_COLUMNS = (
    Column("batch", "text", 18),
    Column("sites_new", "count", 11),
    Column("covered_new", "people", 12),
    Column("share_after", "share", 13),
    Column("regret", "share", 13),
)


def coordinates(points: gpd.GeoSeries) -> pd.DataFrame:
    """``lng_/lat_`` of points in WGS84, GCJ-02 and BD-09, degrees to six decimals (0.1 m), same index.

    Where no point lies in China, whose maps alone are shifted, WGS84 only.
    """
    wgs = points.to_crs(4326)
    lng, lat = wgs.x.to_numpy(), wgs.y.to_numpy()
    columns: dict[str, Any] = {"lng_wgs84": lng, "lat_wgs84": lat}
    targets: tuple[Literal["gcj02", "bd09"], ...] = ("gcj02", "bd09")
    for target in targets if not len(lng) or chinese(lng, lat).any() else ():
        columns[f"lng_{target}"], columns[f"lat_{target}"] = convert(lng, lat, source="wgs84", target=target)
    return pd.DataFrame(columns, index=points.index).round(6)


def ranked(bundle: Bundle) -> gpd.GeoDataFrame:
    """The chosen sites in rank order."""
    return bundle.chosen.sort_values("rank", kind="stable")


def site_rows(bundle: Bundle) -> pd.DataFrame:
    """The chosen sites in rank order with the columns of :func:`site_columns`."""
    language = bundle.settings.study.language
    chosen = ranked(bundle)
    table = pd.DataFrame(chosen.drop(columns=chosen.geometry.name))
    names = district_labels(bundle)
    kinds = [host_label(kind, language) for kind in table["host_kind"]]
    table["district"] = [names.get(str(d), str(d)) for d in table["district"]]
    table["name"] = [
        name if isinstance(name, str) and name.strip() else phrase("unnamed_site", language, kind=kind)
        for name, kind in zip(table["name"], kinds, strict=True)
    ]
    table["host_kind"] = kinds
    table["reason"] = table[f"reason_{language}"]
    if "cost_yuan" not in table:
        costs = bundle.candidates.set_index("site_id")["cost_yuan"]
        table["cost_yuan"] = table["site_id"].map(costs)
    table["nearest_station_m"] = table["nearest_station_m"].where(np.isfinite(table["nearest_station_m"]))
    joined = table.join(coordinates(chosen.geometry))
    shifted = [c.key for c in _COORDINATES]
    empty = {key: np.nan for key in (*_OPTIONAL, *shifted) if key not in joined}
    return joined.assign(**empty)[[c.key for c in _SITES + _COORDINATES]].reset_index(drop=True)


def site_columns(table: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of the site table; optional ones only where something stands in them."""
    asked = (*_OPTIONAL, *(c.key for c in _COORDINATES))
    empty = {key for key in asked if table[key].isna().all() or (table[key].astype(str) == "").all()}
    return tuple(c for c in _SITES + _COORDINATES if c.key not in empty)


def batch_rows(bundle: Bundle) -> pd.DataFrame | None:
    """Phases in order: sites, workers they add, share once built, regret; None for a plan in one piece."""
    facts = bundle.facts
    names = list(facts.along("phase_sites", "batch"))
    if not names:
        return None
    regret = [facts.find("phase_regret", batch=n) for n in names]
    return pd.DataFrame(
        {
            "batch": names,
            "sites_new": [int(facts.shown("phase_sites", batch=n)) for n in names],
            "covered_new": [facts.shown("phase_covered", batch=n) for n in names],
            "share_after": [facts.shown("phase_share", batch=n) for n in names],
            "regret": [np.nan if r is None else r.shown for r in regret],
        }
    )


def batch_columns(table: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of :func:`batch_rows`; the regret only where it is known."""
    return tuple(c for c in _BATCH_COLUMNS if c.key != "regret" or table["regret"].notna().any())


def regret_line(bundle: Bundle) -> str:
    """What the regret of a phase means; empty where it is not known."""
    table = batch_rows(bundle)
    if table is None or not table["regret"].notna().any():
        return ""
    return phrase("intro_regret", bundle.settings.study.language)
