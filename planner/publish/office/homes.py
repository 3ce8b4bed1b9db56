"""Driver homes in the report and the workbook: tables that come with their headings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from planner.freight.hours import NIGHT
from planner.freight.words import COLUMN_NAMES, SHEETS, heading
from planner.publish.words.numbers import ceil_percent, number
from planner.publish.words.phrases import phrase

if TYPE_CHECKING:
    from planner.freight.homes import HomesPlan


@dataclass(frozen=True, eq=False)
class HomesPart:
    """A table of the driver homes: heading, sentences above it, the names of its figure and of its sheet."""

    heading: str
    lines: tuple[str, ...]
    table: pd.DataFrame
    picture: str
    sheet: str


#: Tables that do not stand on the first sheet of the homes in the workbook.
_SHEET = {
    "candidates": "home_candidates",
    "hours": "home_model",
    "counts": "home_model",
    "assumptions": "home_assumptions",
}


def homes_lines(homes: HomesPlan | None, language: str) -> tuple[str, ...]:
    """What the plan of driver homes comes to, in sentences; empty without it. The first says what is counted."""
    if homes is None:
        return ()
    run, f = homes.run_json(), homes.settings

    def say(key: str, **words: object) -> str:
        numbers = {k: number(v) if isinstance(v, (int, float)) else str(v) for k, v in words.items()}
        return phrase(key, language, **numbers)

    least = run["least_cost_yuan"]
    cost = {} if least is None else {"least": least}
    drive = {"hours": f"{f.drive_limit_minutes / 60:g}", "longest": run["longest_trip_minutes"]}
    drive |= {"n": run["trips_over_4h_per_day"], "bare": run["trips_over_4h_without_home"]}
    return (
        say("homes_meaning"),
        say("homes_result", n=run["chosen"], drivers=run["drivers"], target=run["target"], existing=run["existing"]),
        say("homes_certificate" if least is None else "homes_certificate_cost", gap=ceil_percent(homes.solution.gap),
            bound=run["bound"]),
        say("homes_cost" if least is None else "homes_cheapest", cost=run["cost_yuan"], **cost),
        say("homes_reach", minutes=f.catchment_minutes, detour=f.detour_minutes, based=run["drivers_in_catchment"],
            passing=run["drivers_passing"], all_based=run["drivers_in_catchment_with_existing"],
            all_passing=run["drivers_passing_with_existing"]),
        say("homes_band", **{k: run[f"served_if_{k}"] for k in ("drivers_low", "drivers_high", "turnover_low", "turnover_high")}),
        say("homes_drive_limit" if run["trips_over_4h_per_day"] else "homes_no_long_trip", **drive),
    )  # fmt: skip


def _part_lines(homes: HomesPlan, language: str, key: str) -> tuple[str, ...]:
    """Sentences above one of the tables."""
    if key == "hours":
        day = homes.day
        top = day.loc[day["trucks"].idxmax()]
        night = day.loc[NIGHT, "share"].sum()
        words = {
            "hour": f"{int(top['hour'])}:00–{int(top['hour']) + 1}:00",
            "n": number(top["trucks"]),
            "share": f"{night:.0%}",
        }
        return (phrase("homes_hours_note", language, **words),)
    if key == "counts":
        used = int(homes.checks["used"].sum())
        words = {"n": number(len(homes.checks)), "used": number(used)}
        lines = [phrase("homes_counts_note" if used else "homes_counts_compared", language, **words)]
        far = homes.checks[
            (homes.checks["modelled"] < homes.checks["trucks_low"])
            | (homes.checks["modelled"] > homes.checks["trucks_high"])
        ]
        names = [f"{r.road} ({r.ratio:.2f})" for r in far[~far["used"]].itertuples()]
        if names:
            lines.append(
                phrase("homes_counts_off", language, names=phrase("list_stop", language).join(names))
            )
        return tuple(lines)
    return (phrase("homes_assumptions_note", language),) if key == "assumptions" else ()


def homes_tables(
    homes: HomesPlan | None, language: str, districts: Mapping[str, str], *, printed: bool
) -> list[HomesPart]:
    """Tables of the driver homes; ``districts``: the name of each; ``printed``: without long lists and coordinates."""
    if homes is None:
        return []
    keys = {heading(key, language): key for key in SHEETS}
    column = COLUMN_NAMES["district"][0 if language == "zh" else 1]

    def named(table: pd.DataFrame) -> pd.DataFrame:
        return (
            table.assign(**{column: table[column].replace(dict(districts))})
            if column in table.columns
            else table
        )

    pictures = {"homes": "homes", "hours": "homes_hours"}
    return [
        HomesPart(
            name,
            _part_lines(homes, language, keys[name]),
            named(table),
            pictures.get(keys[name], ""),
            _SHEET.get(keys[name], "homes"),
        )
        for name, table in homes.tables(language, printed=printed).items()
    ]


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
