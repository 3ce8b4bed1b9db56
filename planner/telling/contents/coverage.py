"""Coverage before and after: by district, group, period, radius and other readings, and against the number of sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.facts.register import plain
from planner.tables import is_missing
from planner.telling.contents.columns import Column
from planner.telling.words.names import group_label, period_labels
from planner.telling.words.numbers import percent
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.facts.register import Fact
    from planner.telling.bundle import Bundle

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
    "timed_columns",
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


def _timed(bundle: Bundle) -> bool:
    """Whether coverage by quarter-hours is known."""
    return bundle.facts.find("share", hours="time") is not None


def timed_columns(columns: tuple[Column, ...], bundle: Bundle) -> tuple[Column, ...]:
    """The columns with the shares by quarter-hours beside those of the half-open rule, where they are known."""
    if not _timed(bundle):
        return columns
    at = 1 + [c.key for c in columns].index("share_after")
    return (
        *columns[:at],
        Column("time_before", "share", 11),
        Column("time_after", "share", 11),
        *columns[at:],
    )


def district_labels(bundle: Bundle) -> dict[str, str]:
    """District key → its name in the study's language."""
    column = f"name_{bundle.settings.study.language}"
    names = zip(bundle.districts["district"], bundle.districts[column], strict=True)
    return {str(key): str(key) if is_missing(name) or not name else str(name) for key, name in names}


def open_stations(bundle: Bundle) -> gpd.GeoDataFrame:
    """The existing stations that are open today."""
    return bundle.stations[bundle.stations["status"] == "open"]


def _shown(figure: Fact | None) -> float:
    return float("nan") if figure is None else figure.shown


def _compared(bundle: Bundle, part: str) -> pd.DataFrame:
    """Per district, group or period (a field of the scope): key, workers, shares today and with the plan, what is gained."""
    facts = bundle.facts
    keys = list(facts.along("workers", part, plan=""))

    def shown(quantity: str, **scope: Any) -> list[float]:
        return [_shown(facts.find(quantity, **{part: key}, **scope)) for key in keys]

    table = pd.DataFrame(
        {
            "key": keys,
            "workers": shown("workers", plan=""),
            "share_before": shown("share", plan="today"),
            "share_after": shown("share"),
            "change": shown("share_gain", plan="gain"),
            "covered_new": shown("newly_covered", plan="gain"),
        }
    )
    if not _timed(bundle):
        return table
    now, then = shown("share", plan="today", hours="time"), shown("share", hours="time")
    return table.assign(time_before=now, time_after=then)


def district_rows(bundle: Bundle) -> pd.DataFrame:
    """Per district: key, label, workers, stations, new sites, shares before and after, change in points, backup."""
    table, facts, names = _compared(bundle, "district"), bundle.facts, district_labels(bundle)
    return table.assign(
        district=[names.get(key, key) for key in table["key"]],
        stations_open=[int(facts.shown("stations_open", plan="today", district=k)) for k in table["key"]],
        sites_new=[int(facts.shown("sites_new", district=k)) for k in table["key"]],
        backup_after=[_shown(facts.find("share", least=2, district=k)) for k in table["key"]],
    )


def district_total(bundle: Bundle) -> dict[str, Any]:
    """The total row under :func:`district_rows`."""
    facts, timed = bundle.facts, dict[str, Any]()
    if _timed(bundle):
        timed["time_before"] = facts.shown("share", plan="today", hours="time")
        timed["time_after"] = facts.shown("share", hours="time")
    return {
        **timed,
        "district": phrase("total", bundle.settings.study.language),
        "workers": facts.shown("workers", plan=""),
        "stations_open": int(facts.shown("stations_open", plan="today")),
        "sites_new": int(facts.shown("sites_new")),
        "share_before": facts.shown("share", plan="today"),
        "share_after": facts.shown("share"),
        "change": facts.shown("share_gain", plan="gain"),
        "covered_new": facts.shown("newly_covered", plan="gain"),
        "backup_after": facts.shown("share", least=2),
    }


def group_rows(bundle: Bundle) -> pd.DataFrame:
    """Per worker group: label, workers, shares before and after, newly covered."""
    table = _compared(bundle, "groups")
    return table.assign(group=[group_label(plain(key), bundle.settings) for key in table["key"]])


def period_rows(bundle: Bundle) -> pd.DataFrame:
    """Per period of the day: label, workers, shares before and after, newly covered."""
    table, labels = _compared(bundle, "periods"), period_labels(bundle.settings)
    return table.assign(period=[labels.get(plain(key), plain(key)) for key in table["key"]])


def reading_label(radius_m: float, bundle: Bundle) -> str:
    """What a radius stands for, in words."""
    language = bundle.settings.study.language
    if radius_m in (500, 667, 833) and bundle.settings.circle.walk_kmh == 4.0:
        return phrase(f"reading_{radius_m:g}", language)
    return phrase("reading_m", language, m=f"{radius_m:g}")


def reading_rows(bundle: Bundle) -> pd.DataFrame:
    """The same coverage read in other ways: by radius, by quarter-hours, by two stations, at any hour, at night."""
    language, facts = bundle.settings.study.language, bundle.facts
    radii = {facts.headline.cutoff_m, *facts.along("share", "cutoff_m")}
    rows = [(reading_label(r, bundle), {"cutoff_m": r}) for r in sorted(radii)]
    rows += [
        (phrase(f"reading_{name}", language), {"hours": name}) for name in ("time", "workday", "weekend")
    ]
    rows.append((phrase("reading_backup", language), {"least": 2}))
    rows += [(phrase(f"reading_{name}", language), {"periods": name}) for name in ("any_hour", "night")]
    shown = [(label, facts.find("share", plan="today", **s), facts.find("share", **s)) for label, s in rows]
    read = [(label, a.shown, b.shown if b else None) for label, a, b in shown if a]
    return pd.DataFrame(read + _kept_rows(bundle), columns=[c.key for c in READING_COLUMNS])


def _kept_rows(bundle: Bundle) -> list[tuple[str, float, float | None]]:
    """What is expected where doors are open for only part of the stated hours: as assumed, and at the low end."""
    language, facts, circle = bundle.settings.study.language, bundle.facts, bundle.settings.circle
    now, then = facts.find("share_kept", plan="today"), facts.find("share_kept")
    timed = facts.find("share", plan="today", hours="time")
    if now is None or then is None or timed is None:
        return []
    rows: list[tuple[str, float, float | None]] = []
    if now.value != timed.value:
        rows.append((phrase("reading_kept", language), now.shown, then.shown))
    low, later = now.shown_band(), then.shown_band()
    if low is not None and later is not None and low[0] != now.shown:
        worst = percent(circle.hours_kept_band[0], 0)
        rows.append((phrase("reading_kept_low", language, share=worst), low[0], later[0]))
    return rows


def curve_rows(bundle: Bundle) -> pd.DataFrame | None:
    """The curve as shares: n, covered, upper bound; None where it was not computed."""
    points = sorted((n, f.shown) for n, f in bundle.facts.along("curve_share", "sites", plan="curve").items())
    if not points:
        return None
    bounds = [bundle.facts.shown("curve_bound", plan="curve", sites=n) for n, _ in points]
    return pd.DataFrame(
        {"n": [n for n, _ in points], "curve_share": [share for _, share in points], "curve_bound": bounds}
    )
