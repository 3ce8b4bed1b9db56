"""Stages of the plan with five verbs."""

from __future__ import annotations

from planner.equity.front import POINTS
from planner.settings.whole import Settings
from planner.siting.reach import cutoff_s, ways_of
from planner.study.stages import Stage
from planner.study.table.pick import change_workers_of, get, hours_of, open_of, reach_name, reach_of
from planner.study.table.previous import previous_actions
from planner.study.takes import derived, fixed, section, setting, stage, stages

#: The clock above every search.
CLOCK = derived(lambda settings: settings.searching("siting").time_limit_s)
#: Settings of [actions] that only say how the result is spread or asked, not what may be done.
ASKED = ("enabled", "years", "frontier", "work_limit", "gap", "partners")


def actions(settings: Settings) -> dict[str, Stage]:
    """ActionPlaces, options, the plan."""
    asked = bool(settings.actions.partners)
    return {
        **(_partners(settings) if asked else {}),
        "action_places": Stage(
            "planner.actions.proposal:places_of_actions",
            {
                "stations": stage("stations", open_of), "candidates": stage("candidates", get("candidates")),
                "classes": stage("action_classes" if asked else "classes"),
                "default_hours": setting("siting.default_hours"),
                "partners": stage("partners") if asked else fixed(None),
            },
            kept=False,
        ),
        "action_rules": Stage(
            "planner.actions.proposal:judge",
            {
                "actions": derived(_posed), "siting": section("siting", "goal", "refused"), "stations": stage("stations", open_of),
                "candidates": stage("candidates", get("candidates")), "districts": stage("inputs", get("districts")),
                "partners": stage("partners") if asked else fixed(None),
            },
            kept=False,
        ),
        **previous_actions(settings),
        "action_problem": Stage(
            "planner.actions.proposal:pose_action_problem",
            {
                "actions": derived(_posed), "siting": section("siting", "goal", "cost_yuan", "default_cost_yuan", "refused"),
                "periods": setting("periods"), "places": stage("action_places"),
                "districts": stage("inputs", get("districts")), "need_open": setting("circle.open_share"), "judged": stage("action_rules"),
                "earlier": stage("previous_actions", get("still")) if settings.previous is not None else fixed(()),
                "change_workers": derived(change_workers_of),
            },
            kept=False,
        ),
        "actions_solved": Stage(
            "planner.actions.proposal:solve_action_problem",
            {
                "problem": stage("action_problem"), "actions": section("actions", "lost_most", "lost_most_by_district", "work_limit", "gap"),
                "time_limit_s": CLOCK, "seed": setting("study.seed"),
            },
        ),
        "actions": Stage(
            "planner.actions.proposal:make_action_plan",
            {
                "problem": stage("action_problem"), "solved": stage("actions_solved"), "actions": section("actions", "years", "grades"),
                "before": stage("coverage"), "existing": stage("existing"), "new": stage("new"),
                "partners": stage("partner_reach") if asked else fixed(None),
                "stations": stage("stations", open_of), "ways": stage("ways"), "demand": stage("demand", get("demand")),
                "points": stage("demand", get("points")), "districts": stage("inputs", get("districts")),
                "periods": setting("periods"),
                "circle": section("circle", "minutes", "walk_kmh", "readings_m", "open_share", "hours_kept", "hours_kept_band"),
                "network": stage("network:walk"), "default_hours": setting("siting.default_hours"),
                "off_h": derived(lambda s: s.demand.off_h), "language": setting("study.language"),
                "snap_limit_m": setting("circle.snap_limit_m"),
            },
            kept=False,
        ),
        "actions_fair_front": Stage(
            "planner.actions.fair:action_fair_front",
            {
                "problem": stage("action_problem"), "solved": stage("actions_solved"), "actions": section("actions", "work_limit", "gap"),
                "periods": setting("periods"), "points": fixed(POINTS), "aversion": setting("siting.inequality_aversion"),
                "time_limit_s": CLOCK, "seed": setting("study.seed"),
            },
        ),
        "money_front": Stage(
            "planner.actions.frontier:money_front",
            {
                "problem": stage("action_problem"), "actions": section("actions", "work_limit", "gap"),
                "points": setting("actions.frontier"), "time_limit_s": CLOCK, "seed": setting("study.seed"),
            },
        ),
    }  # fmt: skip


def _posed(settings: Settings) -> object:
    """The section with money for all years together, and what is only asked of the result at its defaults."""
    own = settings.actions
    plain = type(own)()
    money = {"budget_yuan": own.budget, "yearly_yuan": own.yearly}
    return own.model_copy(update={**{k: getattr(plain, k) for k in ASKED}, **money})


def _partners(settings: Settings) -> dict[str, Stage]:
    ways = ways_of(settings.headline_groups, settings.circle) if settings.headline_groups else ()
    far = {w: cutoff_s(w, settings.circle, None) for w in ways}
    posts = stage("partners", lambda v: v.posts.geometry)
    return {
        "partners": Stage(
            "planner.actions.partners:read_partners",
            {
                "partners": setting("actions.partners"), "districts": stage("inputs", get("districts")),
                "crs": stage("inputs", get("crs")),
            },
        ),
        **{reach_name("partners", w): reach_of(w.mode, far[w], posts) for w in ways},
        "partner_reach": Stage(
            "planner.siting.reach:site_reach",
            {
                "ways": stage("ways"), "seconds": stages(reach_name("partners", w) for w in ways),
                "hours": stage("partners", lambda v: hours_of(v.posts)), "default_hours": setting("siting.default_hours"),
                "periods": setting("periods"), "circle": section("circle", "walk_kmh", "hours_kept", "hours_kept_band"),
                "off_h": derived(lambda s: s.demand.off_h),
            },
            kept=False,
        ),
        "action_classes": Stage(
            "planner.actions.partners:classes_with",
            {
                "demand": stage("demand", get("demand")), "points": stage("demand", get("points")),
                "existing": stage("existing"), "new": stage("new"), "partners": stage("partner_reach"),
            },
            kept=False,
        ),
    }  # fmt: skip
