"""The table of stages: what is computed, by which function of which room, from what.

Everything about a stage follows from its row: its key, the order, what a change recomputes, what can run side by
side. A new stage is a new row; its function lives in a room and returns a frozen value.
"""

from __future__ import annotations

from collections.abc import Mapping

from planner.settings.whole import Settings
from planner.study.stages import Stage
from planner.study.table.actions import actions
from planner.study.table.grades import grades
from planner.study.table.ground import inputs
from planner.study.table.homes import homes
from planner.study.table.plan import plan, questions
from planner.study.table.previous import previous, previous_plan
from planner.study.table.today import today
from planner.study.table.union import union
from planner.study.table.use import asked_of, use
from planner.study.table.views import views


def table_of(settings: Settings) -> Mapping[str, Stage]:
    """The stages of a study, each after those whose values it takes."""
    return {
        **inputs(),
        **today(settings),
        **use(),
        **grades(),
        **previous_plan(settings),
        **plan(settings),
        **questions(),
        **actions(settings),
        **previous(settings),
        **homes(),
        **views(settings),
        **union(settings),
    }


def asked(settings: Settings) -> tuple[str, ...]:
    """The stages that the products of a study are made from."""
    rules = settings.siting
    switched = {
        "homes": settings.freight.enabled, "alternatives": rules.alternatives > 0, "replacements": rules.replacements > 0,
        "sensitivity": rules.sensitivity, "rule_prices": rules.sensitivity, "hanging": rules.sensitivity,
        "against_half": rules.goal.open_rule == "time", "grades": settings.grades.enabled,
        "actions": settings.actions.enabled, "site_changes": settings.previous is not None,
        "action_changes": settings.previous is not None and settings.actions.enabled,
    }  # fmt: skip
    evidence = {"fair_front": "fair_front", "value_of_information": "knowledge", "pilots": "pilots"}
    always = ("hotspots", "covers", "plan", "curve", "second_views", "fairness", "areas", "gaps", "font")
    networks = (
        ("union:plan", "union:today", "union:after") if settings.networks and settings.union.in_run else ()
    )
    return (*always, *(name for name, on in switched.items() if on), *asked_of(settings),
            *(name for key, name in evidence.items() if key in rules.evidence), *networks)  # fmt: skip
