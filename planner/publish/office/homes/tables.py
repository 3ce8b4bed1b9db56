"""Tables of the driver homes for the report and the workbook, with their headings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.freight.hours import NIGHT
from planner.publish.office.homes.lines import table_lines
from planner.telling.words.homes import (
    assumptions,
    candidates_in_words,
    chosen_in_words,
    existing_in_words,
    kind_word,
)
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.freight.homes import HomesPlan

__all__ = ["HomesPart", "homes_tables", "is_number", "shown"]


@dataclass(frozen=True, eq=False)
class HomesPart:
    """A table of the driver homes: heading, sentences above it, the names of its figure and of its sheet.

    ``keys``: what each column holds; ``notes``: paragraphs below a printed table.
    """

    heading: str
    lines: tuple[str, ...]
    table: pd.DataFrame
    picture: str
    sheet: str
    keys: tuple[str, ...]
    notes: tuple[str, ...] = ()


#: Tables that do not stand on the first sheet of the homes in the workbook.
_SHEET = {
    "candidates": "home_candidates",
    "hours": "home_model",
    "counts": "home_model",
    "assumptions": "home_assumptions",
}
_PICTURES = {"homes": "homes", "hours": "homes_hours"}
_REACH = ("drivers_in_catchment", "drivers_passing", "trucks_passing")
_SITE = (
    "name",
    "host_kind",
    "district",
    "lng",
    "lat",
    "bays",
    "bays_there",
    "drivers",
    "limited",
    "stays_per_bay",
    *_REACH,
    "meets",
    "lacks",
)
_COUNTS = (
    "road",
    "place",
    "vehicles_per_day",
    "trucks",
    "trucks_low",
    "trucks_high",
    "before",
    "modelled",
    "ratio",
    "basis",
)
#: Columns of each table, in the order of the tables.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "homes": ("rank", *_SITE, "reason", "visits_per_day", "nearest_home_km", "cost_yuan", "site_id"),
    "comparison": ("site_id", *_SITE, "visits_counted", "relation", "source"),
    "candidates": (
        "site_id", "name", "host_kind", "district", "lng", "lat", "bays", "bays_there", *_REACH, "cost_yuan", "meets", "lacks"
    ),
    "hours": ("hour", "local", "long", "under_way", "local_share", "long_share", "share"),
    "counts": (*_COUNTS, "source"),
    "curve": ("homes", "drivers", "full", "bound"),
    "assumptions": ("word", "value", "low", "high", "source"),
}  # fmt: skip
#: What fits across a page: columns of the printed tables (the others are printed whole, candidates not at all).
_PRINTED: dict[str, tuple[str, ...]] = {
    "homes": ("rank", "name", "district", "bays", "drivers", "limited", "lacks"),
    "comparison": ("name", "district", "bays", "drivers", "limited", "drivers_in_catchment", "relation"),
    "candidates": (),
    "counts": _COUNTS,
}
#: Columns as wide as those that other tables of the report have.
_WIDE = {"word": "parameter", "source": "basis", "place": "gap_place", "basis": "used"}
_WHOLE = (
    "bays", "bays_there", "drivers", *_REACH, "visits_per_day", "visits_counted", "modelled", "before", "local", "long", "under_way", "bound",
)  # fmt: skip
_TWO_DIGITS = ("nearest_home_km", "ratio", "share", "local_share", "long_share", "stays_per_bay")


def homes_tables(
    plan: HomesPlan | None, language: str, districts: Mapping[str, str], *, printed: bool
) -> list[HomesPart]:
    """Tables of the driver homes that have a row.

    ``districts``: the name of each; ``printed``: without long lists and coordinates.
    """
    if plan is None:
        return []
    out = []
    for key, columns in _COLUMNS.items():
        columns = _PRINTED.get(key, columns) if printed else columns
        if not columns:
            continue
        table = _in_words(_table(plan, key, language, printed=printed), language, districts)
        if not len(table):  # no home yet, no count given
            continue
        kept = [c for c in columns if c in table.columns]
        heads = {c: phrase(f"homes_col_{c}", language) for c in kept}
        made = pd.DataFrame(table[kept]).rename(columns=heads).reset_index(drop=True)
        out.append(
            HomesPart(
                phrase(f"homes_table_{key}", language), table_lines(plan, language, key), made,
                _PICTURES.get(key, ""), _SHEET.get(key, "homes"), tuple(_WIDE.get(c, c) for c in kept),
                _reasons(table, language) if printed and key == "homes" else (),
            )
        )  # fmt: skip
    return out


def _reasons(table: pd.DataFrame, language: str) -> tuple[str, ...]:
    """Why each home: a paragraph across the page, as no column is wide enough."""
    return tuple(
        phrase("site_reason", language, n=number(rank), name=name, reason=reason)
        for rank, name, reason in zip(table["rank"], table["name"], table["reason"], strict=True)
    )


def _table(plan: HomesPlan, key: str, language: str, *, printed: bool) -> pd.DataFrame:
    """What stands in one of the tables, with columns for each language."""
    match key:
        case "homes":
            return chosen_in_words(plan)
        case "comparison":
            return existing_in_words(plan)
        case "candidates":
            return candidates_in_words(plan)
        case "hours":
            return _hours(plan.day, language, step=4 if printed else 1, counted=plan.calibrated)
        case "counts":
            return _counts(plan.checks, language)
        case "curve":
            return plan.curve
        case _:
            made = assumptions(plan)
            source = made["source" if language == "en" else f"source_{language}"]
            return made.assign(word=made[language], source=source)


def _counts(checks: pd.DataFrame, language: str) -> pd.DataFrame:
    """Counts with their places and what they were used for, in words."""
    used, other = phrase("homes_basis_used", language), phrase("homes_basis_compared", language)
    made = checks.assign(place=checks[f"place_{language}"], basis=np.where(checks["used"], used, other))
    return made if checks["used"].any() else made.drop(columns="before")  # nothing was adjusted


def _hours(day: pd.DataFrame, language: str, *, step: int, counted: bool) -> pd.DataFrame:
    """Trucks under way by the hour (means of ``step`` hours), and in the night together; shares of the day if not ``counted``."""
    made = day.assign(under_way=day["trucks"], share=100 * day["share"])
    if not counted:
        return _hour_shares(made, language, step=step)
    block, trucks = made["hour"] // step, ["local", "long", "under_way"]
    means = made.groupby(block)[trucks].mean().assign(share=made.groupby(block)["share"].sum())
    names = [f"{h:02d}:00–{h + step:02d}:00" for h in range(0, 24, step)]
    night = made[NIGHT]
    last = {
        "hour": phrase("homes_night", language),
        **night[trucks].mean().to_dict(),
        "share": night["share"].sum(),
    }
    return pd.concat([means.assign(hour=names), pd.DataFrame([last])], ignore_index=True)


def _hour_shares(made: pd.DataFrame, language: str, *, step: int) -> pd.DataFrame:
    """Shares of the day's trucks under way by ``step`` hours, within the area and through its gateways."""
    whole = max(float(made["trucks"].sum()), 1e-12)
    parts = {"local_share": 100 * made["local"] / whole, "long_share": 100 * made["long"] / whole}
    shares = made.assign(**parts)[["local_share", "long_share", "share"]]
    names = [f"{h:02d}:00–{h + step:02d}:00" for h in range(0, 24, step)]
    last = {"hour": phrase("homes_night", language), **shares[NIGHT].sum().to_dict()}
    by_block = shares.groupby(made["hour"] // step).sum().assign(hour=names)
    return pd.concat([by_block, pd.DataFrame([last])], ignore_index=True)


def _in_words(table: pd.DataFrame, language: str, districts: Mapping[str, str]) -> pd.DataFrame:
    """Columns of the language, coordinates, kinds and districts in words, whole numbers where nothing finer is meant."""
    made = table.copy()
    if isinstance(table, gpd.GeoDataFrame):
        xy = shapely.get_coordinates(table.geometry.to_crs(4326).to_numpy())
        made = pd.DataFrame(made.drop(columns="geometry")).assign(
            lng=xy[:, 0].round(6), lat=xy[:, 1].round(6)
        )
    for name in ("meets", "lacks", "limited", "reason", "relation", "source"):
        if f"{name}_{language}" in made.columns:
            made[name] = made[f"{name}_{language}"]
    if "host_kind" in made.columns:
        made["host_kind"] = [kind_word(k, language) for k in made["host_kind"]]
        unnamed = [phrase("unnamed_site", language, kind=kind) for kind in made["host_kind"]]
        made["name"] = np.where(made["name"].astype(str) == "", unnamed, made["name"].astype(str))
    if "district" in made.columns:
        made["district"] = made["district"].replace(dict(districts))
    for columns, digits in ((_WHOLE, 0), (_TWO_DIGITS, 2)):
        for c in columns:
            if c in made.columns:
                made[c] = made[c].astype(float).round(digits)
    return made


def is_number(table: pd.DataFrame, column: str) -> bool:
    """Whether a column holds numbers only."""
    return bool(
        pd.api.types.is_numeric_dtype(table[column]) and not pd.api.types.is_bool_dtype(table[column])
    )


def shown(value: object) -> str:
    """A cell as printed: whole numbers with separators, other numbers with up to two digits, missing empty."""
    if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NA:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        whole = float(value).is_integer() or abs(float(value)) >= 100
        return number(float(value), 0 if whole else 2)
    return str(value)
