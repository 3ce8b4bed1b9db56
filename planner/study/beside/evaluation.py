"""An evaluated list as tables: the whole, by district, group and period, and its sites."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from planner.settings.whole import Settings
from planner.telling.contents.columns import Column, Option
from planner.telling.contents.sites import coordinates
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.study.evaluate import Evaluation

__all__ = ["evaluation_parts", "write_evaluated"]

_SHARES = tuple(Column(k, "share", 12) for k in ("share_today", "share_these", "share_proposed"))
_COMPARED = (Column("workers", "people", 12), *_SHARES, Column("more_than_proposed", "people", 14))


def evaluation_parts(found: Evaluation, sites: gpd.GeoDataFrame, periods: dict[str, str]) -> list[Option]:
    """The parts of the workbook and the page; ``periods``: how they are printed."""
    language = found.language
    whole = pd.DataFrame(
        {
            "plan": [
                phrase(f"evaluate_{k}", language, n=found.proposed_sites)
                for k in ("today", "these", "proposed")
            ],
            "covered": [c.covered for c in (found.before, found.wished, found.proposed)],
            "share": [c.share for c in (found.before, found.wished, found.proposed)],
            "backup_share": [c.share_backup for c in (found.before, found.wished, found.proposed)],
            "covered_new": [
                c.covered - found.before.covered for c in (found.before, found.wished, found.proposed)
            ],
        }
    )
    far = [phrase("evaluate_unreachable", language, n=number(found.unreachable))] if found.unreachable else []
    lines = (phrase("evaluate_sites", language, n=number(found.sites)), *far)
    columns = (Column("plan", "text", 26), Column("covered", "people", 12), Column("share", "share", 10),
               Column("backup_share", "share", 14), Column("covered_new", "people", 12))  # fmt: skip
    parts = [Option("whole", phrase("evaluate_whole", language), lines, columns, whole)]
    labels = found.labels | periods
    for key in ("district", "group", "period"):
        table = found.by(key).rename(
            columns={
                "today": "share_today",
                "these": "share_these",
                "proposed": "share_proposed",
                "difference": "more_than_proposed",
            }
        )
        table[key] = [labels.get(str(v), str(v)) for v in table[key]]
        parts.append(
            Option(
                key, phrase(f"evaluate_by_{key}", language), (), (Column(key, "text", 24), *_COMPARED), table
            )
        )
    there = coordinates(sites.geometry)
    listed = pd.DataFrame(
        {"site_id": sites["station_id"].astype(str), "name": sites["name"].fillna("").astype(str)}
    ).reset_index(drop=True)
    listed["open_hours"] = (
        sites["open_hours"].fillna("").astype(str).to_numpy() if "open_hours" in sites else ""
    )
    listed[["lng_wgs84", "lat_wgs84"]] = there[["lng_wgs84", "lat_wgs84"]].to_numpy()
    columns = (Column("site_id", "text", 18), Column("name", "text", 28), Column("open_hours", "text", 18),
               Column("lng_wgs84", "degrees", 12), Column("lat_wgs84", "degrees", 12))  # fmt: skip
    return [*parts, Option("sites", phrase("evaluate_list", language), (), columns, listed)]


def write_evaluated(
    found: Evaluation, sites: gpd.GeoDataFrame, settings: Settings, out: Path
) -> tuple[Path, Path]:
    """``evaluation.xlsx`` and ``evaluation.html`` in the folder ``out``; their paths."""
    from planner.publish.office.evaluation import write_evaluation
    from planner.study.products import require_folder

    require_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    about = settings.study
    parts = evaluation_parts(found, sites, {p.name: p.label for p in settings.periods})
    title = f"{about.title()} · {phrase('evaluate_title', about.language)}"
    note = phrase("synthetic_yes", about.language) if about.synthetic else ""
    return write_evaluation(parts, out, title=title, language=about.language, note=note)
