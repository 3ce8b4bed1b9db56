"""The new stations and where they stand: rows in rank order, coordinates in three datums, phases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.facts.register import plain
from planner.inputs.places.crs import chinese
from planner.inputs.places.datum import convert
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.words.names import group_label, host_label
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = [
    "COST_COLUMNS",
    "batch_columns",
    "batch_rows",
    "coordinates",
    "cost_rows",
    "ranked",
    "regret_line",
    "site_columns",
    "site_rows",
    "site_total",
]

_SITES = (
    Column("rank", "count", 6),
    Column("site_id", "text", 16),
    Column("name", "text", 28),
    Column("district", "text", 12),
    Column("town", "text", 14),
    Column("street", "text", 18),
    Column("host_kind", "text", 14),
    Column("open_hours", "text", 14),
    Column("workers_gained", "people", 11),
    Column("workers_in_reach", "people", 11),
    Column("nearest_station_m", "metres", 12),
    Column("nearest_station", "text", 20),
    Column("nearest_station_id", "text", 14),
    Column("cost_yuan", "yuan", 10),
    Column("yuan_per_worker", "yuan", 10),
    Column("workers_alone", "people", 11),
    Column("alone_low", "people", 9),
    Column("alone_high", "people", 9),
    Column("confidence", "share", 9),
    Column("confidence_margin", "share", 9),
    Column("batch", "text", 10),
    Column("reason", "text", 70),
)
#: Columns that are there only where the study asks for what they tell.
_OPTIONAL = ("town", "street", "nearest_station", "nearest_station_id", "yuan_per_worker", "confidence", "confidence_margin",
             "workers_alone", "alone_low", "alone_high", "batch")  # fmt: skip
#: Before the name of a group: what a site brings of it.
_OF = "gained__"
#: A site that newly covers fewer has no price per worker.
_SOME = 0.5
#: Cells of the total row besides the groups': its word, the gain, the cost, the cost per worker.
_TOTALS = 4
COST_COLUMNS = (
    Column("host_kind", "text", 20),
    Column("sites_new", "count", 11),
    Column("cost_yuan", "yuan", 14),
    Column("cost_low", "yuan", 12),
    Column("cost_high", "yuan", 12),
    Column("workers_gained", "people", 13),
    Column("yuan_per_worker", "yuan", 14),
)
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
    table["town"] = table.get("place")
    gained = table["workers_gained"]
    table["yuan_per_worker"] = table["cost_yuan"] / gained.where(gained >= _SOME)
    table["nearest_station_m"] = table["nearest_station_m"].where(np.isfinite(table["nearest_station_m"]))
    joined = table.join(coordinates(chosen.geometry))
    shifted = [c.key for c in _COORDINATES]
    empty = {key: np.nan for key in (*_OPTIONAL, *shifted) if key not in joined}
    groups = [column for column in joined if column.startswith(_OF)]
    keys = [*(c.key for c in _SITES), *groups, *shifted]
    return joined.assign(**empty)[keys].reset_index(drop=True)


def site_columns(bundle: Bundle, table: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of the site table, the gain of each group of several after the whole; optional ones only where something stands in them."""
    asked = (*_OPTIONAL, *(c.key for c in _COORDINATES))
    empty = {key for key in asked if table[key].isna().all() or (table[key].astype(str) == "").all()}
    columns = [c for c in _SITES + _COORDINATES if c.key not in empty]
    groups = [key for key in table if key.startswith(_OF)]
    if len(groups) > 1:
        at = 1 + [c.key for c in columns].index("workers_gained")
        language = bundle.settings.study.language
        for key in reversed(groups):
            name = group_label(key.removeprefix(_OF), bundle.settings)
            columns.insert(at, Column(key, "people", 11, head=phrase("col_of_them", language, group=name)))
    return tuple(columns)


def site_total(bundle: Bundle, columns: Sequence[Column]) -> dict[str, Any]:
    """The total row under the sites: what they bring, in all and per group, and cost.

    The sums per group only where the row stays mostly empty: by that, a list that is handed back knows it is no site.
    """
    facts = bundle.facts
    total: dict[str, Any] = {"rank": phrase("total", bundle.settings.study.language)}
    total |= _sums(bundle, "")
    gain, new = facts.find("sites_gain", plan="gain"), facts.find("newly_covered", plan="gain")
    groups = sum(c.key.startswith(_OF) for c in columns)
    few = _TOTALS + groups <= len(columns) // 3
    if few and gain is not None and new is not None and gain.shown == new.shown and not bundle.closed:
        for name, of in facts.along("newly_covered", "groups", plan="gain").items():
            total[f"{_OF}{plain(name)}"] = of.shown
    return total


def _sums(bundle: Bundle, case: str) -> dict[str, Any]:
    """Sites, gain and cost of all sites or of a kind of host, as registered."""
    facts, cost = bundle.facts, bundle.facts.find("cost_yuan", case=case)
    found = {
        "sites_new": facts.find("sites_new", case=case), "cost_yuan": cost,
        "workers_gained": facts.find("sites_gain", plan="gain", case=case),
        "yuan_per_worker": facts.find("yuan_per_worker", case=case),
    }  # fmt: skip
    low, high = (None, None) if cost is None else cost.shown_band() or (None, None)
    return {key: None if f is None else f.shown for key, f in found.items()} | {
        "cost_low": low,
        "cost_high": high,
    }


def cost_rows(bundle: Bundle) -> tuple[pd.DataFrame, dict[str, Any]]:
    """What each kind of host comes to, the dearest in all first, and the total row; columns :data:`COST_COLUMNS`."""
    language = bundle.settings.study.language
    cases = [str(case) for case in bundle.facts.along("sites_new", "case") if str(case).startswith("host ")]
    rows = [
        {"host_kind": host_label(case.removeprefix("host "), language)} | _sums(bundle, case)
        for case in cases
    ]
    rows.sort(key=lambda row: (-(row["cost_yuan"] or 0), -row["sites_new"], row["host_kind"]))
    table = pd.DataFrame(rows, columns=[c.key for c in COST_COLUMNS], dtype=object)
    return table, {"host_kind": phrase("total", language)} | _sums(bundle, "")


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
