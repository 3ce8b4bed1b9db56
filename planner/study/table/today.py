"""Stages of coverage by the stations of today."""

from __future__ import annotations

from typing import Any

from planner.settings.whole import Settings
from planner.siting.reach import Way, cutoff_s, ways_of
from planner.study.stages import Stage
from planner.study.table.pick import get, hours_of, open_of, reach_name, reach_of
from planner.study.takes import derived, groups, section, setting, stage, stages


def today(settings: Settings) -> dict[str, Stage]:
    """Who reaches the stations of today and the candidates, and coverage by the former."""
    ways = ways_of(settings.headline_groups, settings.circle) if settings.headline_groups else ()
    sites = {
        "stations": stage("stations", lambda v: open_of(v).geometry),
        "candidates": stage("candidates", lambda v: v.candidates.geometry),
    }
    far = {w: cutoff_s(w, settings.circle, settings.siting.goal.fade_m) for w in ways}
    return {
        "ways": Stage(
            "planner.siting.reach:ways_of",
            {"groups": groups("headline_groups", "name", "mode", "minutes"), "circle": section("circle", "minutes")},
            kept=False,
        ),
        **{reach_name(kind, w): reach_of(w.mode, far[w], of) for kind, of in sites.items() for w in ways},
        "existing": _joined(ways, "stations", stage("stations", lambda v: hours_of(open_of(v)))),
        "new": _joined(ways, "candidates", stage("candidates", lambda v: hours_of(v.candidates))),
        "coverage": Stage(
            "planner.siting.reach:measure",
            {
                "demand": stage("demand", get("demand")), "points": stage("demand", get("points")), "reach": stage("existing"),
                "districts": stage("inputs", get("districts")), "periods": setting("periods"),
                "circle": section("circle", "readings_m", "open_share"),
            },
        ),
        "covers": Stage(
            "planner.siting.reach:covers_of",
            {
                "stations": stage("stations", get("stations")), "reach": stage("existing"),
                "points": stage("demand", get("points")), "periods": setting("periods"),
                "need_open": setting("circle.open_share"),
            },
            kept=False,
        ),
    }  # fmt: skip


def _joined(ways: tuple[Way, ...], kind: str, hours: Any) -> Stage:
    return Stage(
        "planner.siting.reach:site_reach",
        {
            "ways": stage("ways"), "seconds": stages(reach_name(kind, w) for w in ways), "hours": hours,
            "default_hours": setting("siting.default_hours"), "periods": setting("periods"),
            "circle": section("circle", "walk_kmh", "hours_kept", "hours_kept_band"),
            "off_h": derived(lambda s: s.demand.off_h),
        },
        kept=False,
    )  # fmt: skip
