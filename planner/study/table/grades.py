"""Stages of grades: the rules, and the open stations judged by them."""

from __future__ import annotations

from typing import Any

from planner.settings.whole import Settings
from planner.study.stages import Stage
from planner.study.table.pick import get, open_of
from planner.study.takes import derived, section, setting, stage


def grades() -> dict[str, Stage]:
    """Rules of grading, and the grades of the open stations."""
    return {
        "grade_rules": Stage(
            "planner.grades.rules:read_rules",
            {
                "grades": setting("inputs.grades"), "costs": setting("inputs.grade_costs"),
                "subsidy_yuan": setting("grades.subsidy_yuan"),
            },
            kept=False,
        ),
        "grades": Stage(
            "planner.grades.whole:grade_stations",
            {
                "settings": section("grades", "reference_date", "low_visits_per_day", "complaints", "least_hours_kept", "review_months"),
                "rules": stage("grade_rules"), "stations": stage("stations", open_of), "covers": stage("covers", _covers),
                "reach": stage("existing"), "points": stage("demand", get("points")), "periods": derived(_periods),
                "visits": stage("visits"), "need_open": setting("circle.open_share"),
            },
            kept=False,
        ),
    }  # fmt: skip


def _covers(table: Any) -> tuple[float, ...]:
    """Workers in reach of the open stations, in their order."""
    return tuple(table.loc[table["status"] == "open", "covers"].astype(float))


def _periods(settings: Settings) -> tuple[str, ...]:
    return tuple(t.name for t in settings.periods)
