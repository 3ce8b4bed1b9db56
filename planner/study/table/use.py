"""Stages from coverage to use, and of the plans that would have been made in the past."""

from __future__ import annotations

from typing import Any

from planner.settings.whole import Settings
from planner.study.stages import Stage
from planner.study.table.pick import get, open_of
from planner.study.takes import derived, fixed, section, setting, stage

#: Settings of use that say how workers choose, and those that the visits to expect are read with.
LAW = ("visits_per_day", "visits_band", "halving_minutes", "halving_band", "factor", "factor_band", "share",
       "idle_minutes", "visit_minutes", "least_counted", "block_m")  # fmt: skip
CHOICE = ("share", "idle_minutes", "visit_minutes")
DRAWN = ("share", "idle_minutes", "idle_band", "visit_minutes", "draws")


def use() -> dict[str, Stage]:
    """Counted visits, how workers choose, the visits to expect."""
    return {
        "spots": Stage(
            "planner.siting.classes:merge_points",
            {
                "demand": stage("demand", get("demand")), "points": stage("demand", get("points")),
                "existing": stage("existing"), "new": stage("new"), "by_point": fixed(True),
            },
            kept=False,
        ),
        "visits": Stage(
            "planner.inputs.visits:read_visits",
            {"visits": setting("inputs.visits"), "stations": stage("stations", _ids)},
            kept=False,
        ),
        "law_of_use": Stage(
            "planner.evidence.use:law_of_use",
            {
                "use": section("use", *LAW), "circle": section("circle", "hours_kept", "hours_kept_band"),
                "demand": stage("spots", get("demand")), "periods": derived(_periods),
                "stations": stage("stations", open_of), "existing": stage("spots", get("existing")), "visits": stage("visits"),
                "seed": setting("study.seed"),
            },
        ),
        "choice": Stage(
            "planner.evidence.use:choice_of",
            {
                "use": section("use", *CHOICE), "circle": section("circle", "hours_kept", "hours_kept_band"),
                "law": stage("law_of_use"), "stations": stage("stations", open_of),
                "candidates": stage("candidates", get("candidates")),
                "groups": derived(lambda s: tuple(g.name for g in s.headline_groups)),
            },
            kept=False,
        ),
        "use": Stage(
            "planner.evidence.use:expected_use",
            {
                "use": section("use", *DRAWN), "circle": section("circle", "hours_kept", "hours_kept_band"),
                "law": stage("law_of_use"), "demand": stage("spots", get("demand")),
                "districts": stage("inputs", get("districts")), "periods": derived(_periods),
                "stations": stage("stations", open_of), "candidates": stage("candidates", get("candidates")),
                "existing": stage("spots", get("existing")), "new": stage("spots", get("new")), "sited": stage("siting"), "seed": setting("study.seed"),
            },
        ),
        "backtest": Stage(
            "planner.evidence.backtest:backtest",
            {
                "siting": section("siting", "gap", "work_limit", "time_limit_s"), "demand": stage("classes", get("demand")),
                "points": stage("demand", get("points")), "of": stage("classes", get("of")),
                "population": stage("inputs", get("population")), "stations": stage("stations", open_of),
                "existing": stage("classes", get("existing")), "new": stage("classes", get("new")), "periods": derived(_periods),
                "need_open": setting("circle.open_share"), "seed": setting("study.seed"),
            },
        ),
    }  # fmt: skip


def _periods(settings: Settings) -> tuple[str, ...]:
    return tuple(t.name for t in settings.periods)


def _ids(value: Any) -> tuple[str, ...]:
    """Ids of all stations, open or not."""
    return tuple(value.stations["station_id"].astype(str))


def asked_of(settings: Settings) -> tuple[str, ...]:
    """Stages of use that a run asks for."""
    return ("law_of_use", "use") if settings.use.enabled else ()
