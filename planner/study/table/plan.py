"""Stages of the plan and of the questions to it."""

from __future__ import annotations

from planner.equity.front import POINTS
from planner.settings.whole import Settings
from planner.siting.questions.ask import CHANGE
from planner.siting.questions.pilots import NOISE
from planner.siting.questions.streets import MISSING
from planner.study.stages import Stage
from planner.study.table.keys import COUNTS, RULES
from planner.study.table.pick import change_workers_of, factors_of, get, open_of, points_of
from planner.study.takes import derived, fixed, part, section, setting, stage


def plan(settings: Settings) -> dict[str, Stage]:
    """The rules judged, the problem posed and solved, how steady it is, the plan."""
    choice = stage("choice") if settings.siting.goal.aim == "use" else fixed(None)
    return {
        "rules": Stage(
            "planner.siting.proposal:judge",
            {
                "siting": section("siting", *RULES, "scenarios"),
                "candidates": stage("candidates", get("candidates")), "districts": stage("inputs", get("districts")),
                "change_workers": derived(change_workers_of),
            },
            kept=False,
        ),
        "worth": Stage(
            "planner.siting.rules:judge_worth",
            {
                "group_weights": setting("siting.goal.group_weights"),
                "period_weights": setting("siting.goal.period_weights"),
                "groups": derived(lambda s: tuple(g.name for g in s.headline_groups)),
                "periods": derived(lambda s: tuple(t.name for t in s.periods)),
                "demand": stage("demand", get("demand")),
            },
            kept=False,
        ),
        "factors": Stage(
            "planner.siting.proposal:demand_factors",
            {
                "surfaces": stage("demand", get("surfaces")), "demand": stage("demand", get("demand")),
                "scenarios": derived(_aimed_at),
            },
            kept=False,
        ),
        "classes": Stage(
            "planner.siting.classes:merge_points",
            {
                "demand": stage("demand", get("demand")), "points": stage("demand", get("points")),
                "existing": stage("existing"), "new": stage("new"),
            },
            kept=False,
        ),
        "posing": Stage(
            "planner.siting.proposal:posing_of",
            {
                "siting": section("siting", *RULES), "periods": setting("periods"),
                "groups": derived(lambda s: tuple(g.name for g in s.headline_groups)), "seed": setting("study.seed"),
                "need_open": setting("circle.open_share"),
                "demand": stage("demand", get("demand")), "points": stage("demand", get("points")),
                "districts": stage("inputs", get("districts")),
                "candidates": stage("candidates", get("candidates")), "existing": stage("existing"), "new": stage("new"),
                "classes": stage("classes"), "factors": stage("factors"), "choice": choice,
                "earlier": stage("previous_sites", get("candidate")) if settings.previous is not None else fixed(None),
                "change_workers": derived(change_workers_of),
            },
            kept=False,
        ),
        "problem": Stage(
            "planner.siting.proposal:pose_problem", {"posing": stage("posing"), "judged": stage("rules")},
            kept=False, guards=("worth",),
        ),
        "siting": Stage("planner.siting.proposal:solve_study", {"posing": stage("posing"), "posed": stage("problem")}),
        "confidence": Stage(
            "planner.siting.proposal:steadiness",
            {
                "posing": stage("posing"), "posed": stage("problem"), "sited": stage("siting"),
                "factors": stage("demand", factors_of), "within_m": derived(_walk_m),
                "scenarios": setting("siting.scenarios"),
            },
        ),
        "nearest": Stage(
            "planner.siting.reach:nearest_station",
            {
                "network": stage("network:walk"), "stations": stage("stations", lambda v: open_of(v).geometry),
                "candidates": stage("candidates", get("candidates")), "walk_kmh": setting("circle.walk_kmh"),
            },
            kept=False,
        ),
        "stand_ins": Stage(
            "planner.siting.proposal:find_stand_ins",
            {
                "posing": stage("posing"), "posed": stage("problem"), "sited": stage("siting"),
                "network": stage("network:walk"), "max_m": derived(lambda s: s.circle.walk_m),
                "walk_kmh": setting("circle.walk_kmh"), "snap_limit_m": setting("circle.snap_limit_m"),
            },
            kept=False,
        ),
        "plan": Stage(
            "planner.siting.proposal:make_plan",
            {
                "settings": part(
                    "periods", "circle.readings_m", "circle.open_share", "siting.batches", "study.language",
                    of_groups=(*COUNTS, "name_zh", "name_en"),
                ),
                "posing": stage("posing"), "posed": stage("problem"), "sited": stage("siting"),
                "stations": stage("covers"), "hosts": stage("inputs", get("hosts")), "before": stage("coverage"),
                "nearest": stage("nearest"), "streets": stage("inputs", get("streets")),
                "places": stage("inputs", get("places")), "towns": stage("inputs", get("towns")), "stand_ins": stage("stand_ins"),
                "hindsight": stage("confidence"),
            },
            kept=False,
        ),
    }  # fmt: skip


def _walk_m(settings: Settings) -> float:
    """What counts as the same place: the circle's metres on foot."""
    return settings.circle.walk_m


def _aimed_at(settings: Settings) -> int:
    """How many demand scenarios the plan itself is after; none where it is the estimate."""
    return settings.siting.scenarios if settings.siting.goal.aim in ("mean", "cvar", "worst") else 0


def questions() -> dict[str, Stage]:
    """The finished plan and what is asked of it."""
    within = derived(_walk_m)
    return {
        "against_half": Stage(
            "planner.siting.proposal:against_half",
            {
                "posing": stage("posing"),
                "planned": stage("plan"),
                "circle": section("circle", "readings_m", "open_share"),
            },
        ),
        "finished": Stage(
            "planner.siting.questions.ask:finish",
            {
                "posing": stage("posing"),
                "posed": stage("problem"),
                "sited": stage("siting"),
                "planned": stage("plan"),
            },
            kept=False,
        ),
        "curve:searched": Stage(
            "planner.siting.questions.ask:curve",
            {"posing": stage("posing"), "posed": stage("problem"), "numbers": setting("siting.curve")},
        ),
        "curve": Stage(
            "planner.siting.questions.ask:curve_with_plan",
            {"table": stage("curve:searched"), "of": stage("finished")},
            kept=False,
        ),
        "alternatives": Stage(
            "planner.siting.questions.ask:alternatives",
            {"of": stage("finished"), "k": setting("siting.alternatives"), "within_m": within},
        ),
        "replacements": Stage(
            "planner.siting.questions.ask:replacements",
            {"of": stage("finished"), "found": stage("stand_ins"), "k": setting("siting.replacements")},
            kept=False,
        ),
        "fewer_streets": Stage(
            "planner.siting.questions.streets:fewer_streets",
            {
                "posing": stage("posing"),
                "network": stage("network:walk"),
                "stations": stage("stations", lambda v: open_of(v).geometry),
                "points": stage("demand", points_of),
                "ways": stage("ways"),
                "circle": section("circle", "minutes", "walk_kmh", "readings_m"),
                "fade_m": setting("siting.goal.fade_m"),
                "snap_limit_m": setting("circle.snap_limit_m"),
                "seed": setting("study.seed"),
                "share": fixed(MISSING),
            },
            kept=False,
        ),
        "hanging": Stage(
            "planner.siting.questions.hanging:hanging_cells",
            {
                "network": stage("network:walk"),
                "demand": stage("demand", get("demand")),
                "typical": stage("demand", lambda v: v.points.typical),
                "stations": stage("stations", lambda v: open_of(v).geometry),
                "reach": stage("existing"),
                "ways": stage("ways"),
                "coverage": stage("coverage"),
                "snap_limit_m": setting("circle.snap_limit_m"),
            },
            kept=False,
        ),
        "sensitivity": Stage(
            "planner.siting.questions.ask:sensitivity",
            {
                "of": stage("finished"),
                "circle": section("circle", "minutes", "walk_kmh", "readings_m"),
                "change": fixed(CHANGE),
                "within_m": within,
                "fewer": stage("fewer_streets"),
                "missing": fixed(MISSING),
            },
        ),
        "fair_front": Stage(
            "planner.equity.front:fair_front",
            {
                "of": stage("finished"),
                "points": fixed(POINTS),
                "quotas": fixed(True),
                "time_limit_s": fixed(300.0),
            },
        ),
        "rule_prices": Stage(
            "planner.siting.questions.ask:rule_prices",
            {"of": stage("finished"), "fair": fixed(False), "time_limit_s": fixed(120.0)},
        ),
        "knowledge": Stage(
            "planner.siting.questions.learn:value_of_information",
            {"of": stage("finished"), "factors": stage("demand", factors_of)},
        ),
        "pilots": Stage(
            "planner.siting.questions.learn:pilots",
            {
                "of": stage("finished"),
                "factors": stage("demand", factors_of),
                "k": fixed(20),
                "noise": fixed(NOISE),
            },
        ),
    }
