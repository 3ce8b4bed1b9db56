"""What the report and the workbook say of the driver homes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from planner.freight.hours import NIGHT
from planner.telling.words.homes import capped, checklist_states
from planner.telling.words.numbers import ceil_percent, number, percent
from planner.telling.words.phrases import phrase

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
    run, assumed, totals = homes.run_json(), homes.assumed, homes.totals

    def say(key: str, **words: object) -> str:
        numbers = {k: number(v) if isinstance(v, (int, float)) else str(v) for k, v in words.items()}
        return phrase(key, language, **numbers)

    least = run["least_cost_yuan"]
    cost = {} if least is None else {"least": least}
    priced = "" if least is None else "_cost"
    proven = homes.solution.gap <= 0
    every = {
        "all_based": run["drivers_in_catchment_with_existing"],
        "all_passing": run["drivers_passing_with_existing"],
    }
    beside = say("homes_reach_existing", **every) if run["existing"] else ""
    drive = {"hours": f"{assumed['drive_limit_minutes'] / 60:g}", "longest": run["longest_trip_minutes"]}
    over = totals["trips_over_4h_per_day"]
    if over:
        drive |= {
            "share": percent(over / totals["trips_per_day"]),
            "bare": percent(totals["trips_over_4h_without_home"] / over),
        }
    counted = say("homes_flows_counted" if homes.calibrated else "homes_flows_modelled")
    return (
        say("homes_meaning", stays=f"{homes.stays.used:.3g}", visits=f"{assumed['visits_per_driver_month']:g}", counted=counted),
        say("homes_result", plan=_plan(homes, say), aim=_aim(homes, say), drivers=run["drivers"], existing=run["existing"]),
        _limits(homes, say),
        say(f"homes_best{priced}") if proven
        else say(f"homes_certificate{priced}", gap=ceil_percent(homes.solution.gap), bound=run["bound"]),
        _ties(homes, say),
        say("homes_cost" if least is None else "homes_cheapest", cost=run["cost_yuan"], **cost),
        say("homes_reach", minutes=assumed["catchment_minutes"], detour=assumed["detour_minutes"], based=run["drivers_in_catchment"],
            passing=run["drivers_passing"], existing=beside),
        say("homes_band", drivers=_range(run, "drivers", say), turnover=_range(run, "turnover", say)),
        say("homes_drive_limit" if over else "homes_no_long_trip", **drive),
        *_sums(homes, say),
    )  # fmt: skip


def _limits(homes: HomesPlan, say: Callable[..., str]) -> str:
    """Where bays bind, so that the number served is room and no count of demand."""
    full, every = homes.limited, len(homes.chosen)
    return say(
        f"homes_limited_{'none' if not full else 'all' if full == every else 'some'}", n=full, all=every
    )


def _ties(homes: HomesPlan, say: Callable[..., str]) -> str:
    """How many plans serve as many drivers, and how one of them was chosen."""
    ties = homes.ties
    if ties.plans == 1:
        return say("homes_tied_one" if ties.exact else "homes_tied_unknown")
    key = "homes_tied" if ties.exact else "homes_tied_least"
    return say(key, n=ties.plans, detour=f"{ties.detour_minutes:.1f}")


def _sums(homes: HomesPlan, say: Callable[..., str]) -> tuple[str, ...]:
    """What counts at homes do to stays per bay, and sums of trips with their bands where a count calibrates them."""
    out, totals, stays = [], homes.totals, homes.stays
    if stays.homes:
        out.append(
            say("homes_fitted", n=stays.homes, assumed=f"{stays.assumed:.3g}", used=f"{stays.used:.3g}")
        )
    if homes.calibrated:
        words: dict[str, object] = {}
        for name, key in (("trips", "trips"), ("through", "through_trips"), ("exchange", "exchange_trips")):
            low, high = (number(totals[f"{key}_per_day_{end}"]) for end in ("low", "high"))
            words |= {name: totals[f"{key}_per_day"], f"{name}_range": f"{low}–{high}"}
        out.append(say("homes_trips", **words))
    return tuple(out)


def _plan(homes: HomesPlan, say: Callable[..., str]) -> str:
    """How many homes are new, and how many are upgrades of existing ones."""
    upgraded = int((homes.chosen["host_kind"] == "upgrade").sum())
    new = len(homes.chosen) - upgraded
    kind = "both" if new and upgraded else "upgraded" if upgraded else "new"
    return say(f"homes_plan_{kind}", n=new, u=upgraded)


def _aim(homes: HomesPlan, say: Callable[..., str]) -> str:
    """How many drivers are to be served: the target, or as many as can be."""
    target = homes.run_json()["target"]
    if target is None:
        return say("homes_aim_none", max=homes.assumed["max_homes"])
    return say("homes_aim_target", target=target)


def _range(run: Mapping[str, Any], what: str, say: Callable[..., str]) -> str:
    """Drivers served if there are 30 % fewer or more of ``what``: a range, or the one figure that both print as."""
    low, high = (number(run[f"served_if_{what}_{end}"]) for end in ("low", "high"))
    return say("homes_same", n=low) if low == high else say("homes_range", low=low, high=high)


def _site_lines(homes: HomesPlan, language: str, key: str) -> tuple[str, ...]:
    """Above a table of sites: how many meet the checklist as far as is known, and where the cap on bays bites."""
    table = {"homes": homes.chosen, "comparison": homes.existing, "candidates": homes.candidates}[key]
    out = []
    if key != "homes" and len(table):
        states = checklist_states(table)
        counts = {s: number(states.count(s)) for s in ("yes", "no", "unknown")}
        out.append(phrase("homes_meets_note", language, n=number(len(table)), **counts))
    large = capped(table, homes.assumed)
    if len(large):
        stop, few = phrase("homes_lines_stop", language), large.head(5)
        bays = {str(r.name or r.site_id): f"{r.bays_there:.0f}" for r in few.itertuples(index=False)}
        names = stop.join(phrase("homes_cap_place", language, name=name, n=n) for name, n in bays.items())
        names = names if len(few) == len(large) else phrase("homes_cap_more", language, names=names)
        words = {"max": f"{homes.assumed['max_bays']:g}", "n": number(len(large)), "names": names}
        out.append(phrase("homes_cap_note", language, **words))
    if key != "comparison" and (table["host_kind"] == "upgrade").any():
        out.append(phrase("homes_upgrade_note", language))
    return tuple(out)


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
        return (
            phrase("homes_hours_note" if homes.calibrated else "homes_hours_note_shares", language, **words),
        )
    if key == "counts":
        used = int(homes.checks["used"].sum())
        words = {"n": number(len(homes.checks)), "used": number(used)}
        lines = [phrase("homes_counts_note" if used else "homes_counts_compared", language, **words)]
        far = homes.checks[
            (homes.checks["modelled"] < homes.checks["trucks_low"])
            | (homes.checks["modelled"] > homes.checks["trucks_high"])
        ]
        names = [
            phrase("homes_counts_road", language, road=r.road, ratio=f"{r.ratio:.2f}")
            for r in far[~far["used"]].itertuples()
        ]
        if names:
            lines.append(
                phrase("homes_counts_off", language, names=phrase("list_stop", language).join(names))
            )
        return tuple(lines)
    if key in ("homes", "comparison", "candidates"):
        return _site_lines(homes, language, key)
    return (phrase("homes_assumptions_note", language),) if key == "assumptions" else ()
