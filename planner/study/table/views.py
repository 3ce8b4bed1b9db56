"""Stages of what is shown besides."""

from __future__ import annotations

from planner.settings.groups import Group
from planner.settings.whole import Settings
from planner.siting.reach import Way, cutoff_s
from planner.study.stages import Stage
from planner.study.table.pick import get, open_of, reach_name, reach_of, second_groups
from planner.study.takes import derived, section, setting, stage, stages


def views(settings: Settings) -> dict[str, Stage]:
    """Second modes, the circle as drawn, gaps, the figures' font."""

    def way(g: Group) -> Way:
        return Way(str(g.second_mode), g.minutes, (g.name,))

    seconds = {reach_name("second", way(g)): g for g in second_groups(settings)}
    fade = settings.siting.goal.fade_m
    return {
        "sites": Stage(
            "planner.siting.reach:places_of",
            {
                "stations": stage("stations", get("stations")), "candidates": stage("candidates", get("candidates")),
                "chosen": stage("siting", lambda v: v.solution.chosen),
            },
            kept=False,
        ),
        **{
            name: reach_of(str(g.second_mode), cutoff_s(way(g), settings.circle, fade), stage("sites"))
            for name, g in seconds.items()
        },
        "second_views": Stage(
            "planner.siting.reach:second_views",
            {
                "groups": derived(_second_groups),
                "seconds": stages(reach_name("second", way(g)) for g in second_groups(settings)),
                "points": stage("demand", get("points")), "existing": stage("existing"), "new": stage("new"),
                "chosen": stage("siting", lambda v: v.solution.chosen), "periods": setting("periods"), "need_open": setting("circle.open_share"),
            },
            kept=False,
        ),
        "fairness": Stage(
            "planner.equity.fairness:fairness",
            {
                **{k: stage("classes", get(k)) for k in ("demand", "existing", "new")},
                "chosen": stage("siting", lambda v: v.solution.chosen), "closed": stage("siting", get("closed")),
                "periods": setting("periods"), "need_open": setting("circle.open_share"),
            },
            kept=False,
        ),
        "area_today": Stage(
            "planner.siting.reach:circle_area",
            {
                "network": stage("network:walk"), "at": stage("stations", lambda v: open_of(v).geometry),
                "circle": section("circle", "minutes"),
            },
        ),
        "areas": Stage(
            "planner.siting.reach:circle_areas",
            {
                "network": stage("network:walk"), "today": stage("area_today"), "both": stage("sites"),
                "circle": section("circle", "minutes"),
            },
        ),
        "gaps": Stage(
            "planner.siting.gaps:gap_areas",
            {
                "demand": stage("demand", get("demand")), "coverage": stage("plan", lambda v: v.plan.after),
                "cell_m": setting("demand.cell_m"), "places": stage("inputs", get("places")),
            },
            kept=False,
        ),
        "font": Stage(
            "planner.publish.office.drawing:judge_font", {"language": setting("study.language")}, kept=False
        ),
    }  # fmt: skip


def _second_groups(settings: Settings) -> tuple[Group, ...]:
    """The same with nothing but how they travel."""
    keys = {"name", "second_mode", "minutes"}
    return tuple(
        Group.model_construct(**{k: getattr(g, k) for k in keys}, profile={}) for g in second_groups(settings)
    )
