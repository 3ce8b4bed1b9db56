"""Stages of last year's plan: read, found again, and this year's plan beside it."""

from __future__ import annotations

from planner.settings.whole import Settings
from planner.study.stages import Stage
from planner.study.table.pick import change_workers_of, get
from planner.study.takes import derived, setting, stage


def previous_plan(settings: Settings) -> dict[str, Stage]:
    """What this year's plan goes on from; nothing without it."""
    if settings.previous is None:
        return {}
    return {
        "previous": Stage(
            "planner.audit.previous:read_plan",
            {
                "files": derived(_files), "districts": stage("inputs", get("districts")), "crs": stage("inputs", get("crs")),
                "datum": setting("previous.datum"),
            },
            kept=False,
        ),
        "previous_sites": Stage(
            "planner.audit.matched:match_sites",
            {
                "previous": stage("previous"), "candidates": stage("candidates", get("candidates")),
                "stations": stage("stations", get("stations")), "within_m": setting("previous.within_m"),
            },
            kept=False,
        ),
    }  # fmt: skip


def previous_actions(settings: Settings) -> dict[str, Stage]:
    """What the plan with five verbs goes on from; nothing without it."""
    if settings.previous is None:
        return {}
    return {
        "previous_actions": Stage(
            "planner.audit.matched:match_actions",
            {
                "matched": stage("previous_sites"), "places": stage("action_places", get("table")),
                "stations": stage("stations", get("stations")), "within_m": setting("previous.within_m"),
            },
            kept=False,
        ),
    }  # fmt: skip


def previous(settings: Settings) -> dict[str, Stage]:
    """What changes from last year's plan; nothing without it."""
    if settings.previous is None:
        return {}
    within, price = derived(lambda s: s.circle.walk_m), derived(change_workers_of)
    return {
        "added_workers": Stage(
            "planner.siting.proposal:added_workers",
            {"posing": stage("posing"), "posed": stage("problem"), "sited": stage("siting")},
            kept=False,
        ),
        "site_changes": Stage(
            "planner.audit.changes:site_changes",
            {
                "matched": stage("previous_sites"), "chosen": stage("plan", lambda v: v.plan.chosen),
                "candidates": stage("candidates", get("candidates")), "stations": stage("stations", get("stations")),
                "adds": stage("added_workers"), "forbidden": setting("siting.forbidden"), "within_m": within, "price": price,
            },
            kept=False,
        ),
        "earlier_adds": Stage(
            "planner.actions.earlier:added_by_earlier",
            {
                "problem": stage("action_problem"), "solved": stage("actions_solved"),
                "places": stage("previous_actions", get("place")), "verbs": stage("previous_actions", get("alike")),
            },
            kept=False,
        ),
        "action_changes": Stage(
            "planner.audit.changes:action_changes",
            {
                "matched": stage("previous_actions"), "actions": stage("actions", get("actions")), "adds": stage("earlier_adds"),
                "within_m": within, "price": price,
            },
            kept=False,
        ),
    }  # fmt: skip


def _files(settings: Settings) -> object:
    """The files that last year's plan is read from."""
    return () if settings.previous is None else settings.previous.files
