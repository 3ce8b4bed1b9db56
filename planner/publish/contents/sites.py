"""The new stations and where they stand: rows in rank order, coordinates in three datums, phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.inputs.places.datum import convert
from planner.publish.contents.columns import Column
from planner.publish.contents.coverage import district_labels
from planner.publish.words.names import host_label
from planner.publish.words.phrases import phrase

if TYPE_CHECKING:
    from planner.publish.bundle import Bundle

__all__ = [
    "batch_columns",
    "batch_rows",
    "coordinates",
    "plan_cost",
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
    Column("confidence", "share", 9),
    Column("kept", "share", 11),
    Column("batch", "text", 10),
    Column("reason", "text", 70),
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
    """``lng_/lat_`` of points in WGS84, GCJ-02 and BD-09, degrees to six decimals (0.1 m), same index."""
    wgs = points.to_crs(4326)
    lng, lat = wgs.x.to_numpy(), wgs.y.to_numpy()
    columns: dict[str, Any] = {"lng_wgs84": lng, "lat_wgs84": lat}
    targets: tuple[Literal["gcj02", "bd09"], ...] = ("gcj02", "bd09")
    for target in targets:
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
    if "kept" not in table:
        table["kept"] = np.nan
    joined = table.join(coordinates(chosen.geometry))
    return joined[[c.key for c in _SITES + _COORDINATES]].reset_index(drop=True)


def site_columns(table: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of the site table; ``confidence``, ``kept`` and ``batch`` only where something stands in them."""
    optional = {"confidence", "kept", "batch"}
    empty = {key for key in optional if table[key].isna().all() or (table[key].astype(str) == "").all()}
    return tuple(c for c in _SITES + _COORDINATES if c.key not in empty)


def plan_cost(bundle: Bundle) -> tuple[float, float, float] | None:
    """Cost of all chosen sites (yuan) with its band, both summed by kind of host; None where a cost is not known."""
    costs = site_rows(bundle)["cost_yuan"].to_numpy(dtype=float)
    if not len(costs) or np.isnan(costs).any():
        return None
    bands = np.array([bundle.settings.siting.cost_of(str(kind)) for kind in ranked(bundle)["host_kind"]])
    return float(costs.sum()), float(bands[:, 1].sum()), float(bands[:, 2].sum())


def batch_rows(bundle: Bundle) -> pd.DataFrame | None:
    """Phases in order: sites, workers they add, share once built, regret; None for a plan in one piece.

    ``workers_gained`` is marginal in rank order, so sums up to the end of a phase are exact as long as
    phases follow the ranks.
    """
    chosen = ranked(bundle)
    batch = chosen["batch"].fillna("").astype(str)
    if (batch == "").all():
        return None
    sums = chosen.groupby(batch, sort=False)["workers_gained"].agg(["size", "sum"])
    covered = bundle.before.covered + sums["sum"].cumsum()
    share = covered / bundle.before.workers if bundle.before.workers > 0 else 0 * covered
    regret = pd.Series(dtype=float)
    if bundle.phases is not None and len(bundle.phases):
        regret = bundle.phases.drop_duplicates("name").set_index("name")["regret"]
    return pd.DataFrame(
        {
            "batch": sums.index.to_numpy(),
            "sites_new": sums["size"].to_numpy(),
            "covered_new": sums["sum"].to_numpy(),
            "share_after": share.to_numpy(),
            "regret": regret.reindex(sums.index).to_numpy(dtype=float),
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
