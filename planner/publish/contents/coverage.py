"""Coverage before and after: by district, group, period, radius and other readings, and against the number of sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.publish.contents.columns import Column
from planner.publish.safe import is_missing
from planner.publish.words.names import group_label, period_labels
from planner.publish.words.phrases import phrase
from planner.siting.coverage import Coverage

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.publish.bundle import Bundle

__all__ = [
    "CURVE_COLUMNS",
    "DISTRICT_COLUMNS",
    "GROUP_COLUMNS",
    "PERIOD_COLUMNS",
    "READING_COLUMNS",
    "curve_rows",
    "district_labels",
    "district_rows",
    "district_total",
    "group_rows",
    "open_stations",
    "period_rows",
    "reading_label",
    "reading_rows",
]

DISTRICT_COLUMNS = (
    Column("district", "text", 16),
    Column("workers", "people", 12),
    Column("stations_open", "count", 11),
    Column("sites_new", "count", 11),
    Column("share_before", "share", 11),
    Column("share_after", "share", 11),
    Column("change", "points", 11),
    Column("covered_new", "people", 12),
    Column("backup_after", "share", 13),
)
GROUP_COLUMNS = (
    Column("group", "text", 18),
    Column("workers", "people", 12),
    Column("share_before", "share", 11),
    Column("share_after", "share", 11),
    Column("covered_new", "people", 12),
)
PERIOD_COLUMNS = (Column("period", "text", 18), *GROUP_COLUMNS[1:])
READING_COLUMNS = (
    Column("radius", "text", 26),
    Column("share_before", "share", 11),
    Column("share_after", "share", 11),
)
CURVE_COLUMNS = (
    Column("n", "count", 10),
    Column("curve_share", "share", 10),
    Column("curve_bound", "share", 10),
)


def district_labels(bundle: Bundle) -> dict[str, str]:
    """District key → its name in the study's language."""
    column = f"name_{bundle.settings.study.language}"
    names = zip(bundle.districts["district"], bundle.districts[column], strict=True)
    return {str(key): str(key) if is_missing(name) or not name else str(name) for key, name in names}


def open_stations(bundle: Bundle) -> gpd.GeoDataFrame:
    """The existing stations that are open today."""
    return bundle.stations[bundle.stations["status"] == "open"]


def district_rows(bundle: Bundle) -> pd.DataFrame:
    """Per district: key, label, workers, stations, new sites, shares before and after, change in points, backup."""
    before = bundle.before.by_district.set_index("district")
    after = bundle.after.by_district.set_index("district").reindex(before.index)
    stations = open_stations(bundle)["district"].value_counts()
    new = bundle.chosen["district"].value_counts()
    names = district_labels(bundle)
    keys = [str(key) for key in before.index]
    return pd.DataFrame(
        {
            "key": keys,
            "district": [names.get(key, key) for key in keys],
            "workers": before["workers"].to_numpy(),
            "stations_open": stations.reindex(before.index, fill_value=0).to_numpy(),
            "sites_new": new.reindex(before.index, fill_value=0).to_numpy(),
            "share_before": before["share"].to_numpy(),
            "share_after": after["share"].to_numpy(),
            "change": 100 * (after["share"] - before["share"]).to_numpy(),
            "covered_new": (after["covered"] - before["covered"]).to_numpy(),
            "backup_after": after["backup_share"].to_numpy(),
        }
    )


def district_total(bundle: Bundle) -> dict[str, Any]:
    """The total row under :func:`district_rows`."""
    before, after = bundle.before, bundle.after
    return {
        "district": phrase("total", bundle.settings.study.language),
        "workers": before.workers,
        "stations_open": len(open_stations(bundle)),
        "sites_new": len(bundle.chosen),
        "share_before": before.share,
        "share_after": after.share,
        "change": 100 * (after.share - before.share),
        "covered_new": after.covered - before.covered,
        "backup_after": after.share_backup,
    }


def _before_after(
    label: str, names: Sequence[str], before: pd.DataFrame, after: pd.DataFrame
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            label: list(names),
            "workers": before["workers"].to_numpy(),
            "share_before": before["share"].to_numpy(),
            "share_after": after["share"].to_numpy(),
            "covered_new": after["covered"].to_numpy() - before["covered"].to_numpy(),
        }
    )


def group_rows(bundle: Bundle) -> pd.DataFrame:
    """Per worker group: label, workers, shares before and after, newly covered."""
    names = [group_label(str(g), bundle.settings) for g in bundle.before.by_group["group"]]
    return _before_after("group", names, bundle.before.by_group, bundle.after.by_group)


def period_rows(bundle: Bundle) -> pd.DataFrame:
    """Per period of the day: label, workers, shares before and after, newly covered."""
    labels = period_labels(bundle.settings)
    names = [labels.get(str(p), str(p)) for p in bundle.before.by_period["period"]]
    return _before_after("period", names, bundle.before.by_period, bundle.after.by_period)


def _readings(coverage: Coverage) -> list[tuple[float, float]]:
    """(radius in metres, share), by radius."""
    return sorted((float(radius), share) for radius, share in coverage.by_radius_m.items())


def reading_label(radius_m: float, bundle: Bundle) -> str:
    """What a radius stands for, in words."""
    language = bundle.settings.study.language
    if radius_m in (500, 667, 833) and bundle.settings.circle.walk_kmh == 4.0:
        return phrase(f"reading_{radius_m:g}", language)
    return phrase("reading_m", language, m=f"{radius_m:g}")


def reading_rows(bundle: Bundle) -> pd.DataFrame:
    """The same coverage read in other ways: by radius, by two stations, at any hour, at night."""
    language = bundle.settings.study.language
    after = dict(_readings(bundle.after))
    rows = [(reading_label(r, bundle), share, after.get(r)) for r, share in _readings(bundle.before)]
    rows.append((phrase("reading_backup", language), bundle.before.share_backup, bundle.after.share_backup))
    for name in ("any_hour", "night"):
        if name in bundle.before.readings:
            later = bundle.after.readings.get(name)
            rows.append((phrase(f"reading_{name}", language), bundle.before.readings[name], later))
    return pd.DataFrame(rows, columns=[c.key for c in READING_COLUMNS])


def curve_rows(bundle: Bundle) -> pd.DataFrame | None:
    """The curve as shares: n, covered, upper bound; None where it was not computed."""
    curve = bundle.curve
    if curve is None or not len(curve):
        return None
    curve = curve.sort_values("n", kind="stable")
    bound = curve["bound"] / bundle.before.workers if bundle.before.workers > 0 else 0 * curve["bound"]
    return pd.DataFrame({"n": curve["n"], "curve_share": curve["share"], "curve_bound": bound})
