"""What the report and the workbook say of the driver homes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.freight.hours import NIGHT
from planner.publish.words.numbers import ceil_percent, number
from planner.publish.words.phrases import phrase

if TYPE_CHECKING:
    from planner.freight.homes import HomesPlan

__all__ = ["absent_lines", "homes_lines", "table_lines"]


def absent_lines(run: Mapping[str, Any]) -> tuple[str, ...]:
    """Why there are no driver homes, as ``run.json`` says it in the study's language; empty where it does not."""
    why = run.get("absent", {}).get("driver_homes", "")
    return (str(why),) if why else ()


def homes_lines(homes: HomesPlan | None, language: str) -> tuple[str, ...]:
    """What the plan of driver homes comes to, in sentences; empty without it. The first says what is counted."""
    if homes is None:
        return ()
    run, assumed = homes.run_json(), homes.assumed

    def say(key: str, **words: object) -> str:
        numbers = {k: number(v) if isinstance(v, (int, float)) else str(v) for k, v in words.items()}
        return phrase(key, language, **numbers)

    least = run["least_cost_yuan"]
    cost = {} if least is None else {"least": least}
    drive = {"hours": f"{assumed['drive_limit_minutes'] / 60:g}", "longest": run["longest_trip_minutes"]}
    drive |= {"n": run["trips_over_4h_per_day"], "bare": run["trips_over_4h_without_home"]}
    return (
        say("homes_meaning"),
        say("homes_result", n=run["chosen"], drivers=run["drivers"], target=run["target"], existing=run["existing"]),
        say("homes_certificate" if least is None else "homes_certificate_cost", gap=ceil_percent(homes.solution.gap),
            bound=run["bound"]),
        say("homes_cost" if least is None else "homes_cheapest", cost=run["cost_yuan"], **cost),
        say("homes_reach", minutes=assumed["catchment_minutes"], detour=assumed["detour_minutes"], based=run["drivers_in_catchment"],
            passing=run["drivers_passing"], all_based=run["drivers_in_catchment_with_existing"],
            all_passing=run["drivers_passing_with_existing"]),
        say("homes_band", **{k: run[f"served_if_{k}"] for k in ("drivers_low", "drivers_high", "turnover_low", "turnover_high")}),
        say("homes_drive_limit" if run["trips_over_4h_per_day"] else "homes_no_long_trip", **drive),
    )  # fmt: skip


def table_lines(homes: HomesPlan, language: str, key: str) -> tuple[str, ...]:
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
