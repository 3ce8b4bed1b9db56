"""The certificate of a plan with a goal of its own (``siting.goal``), which counts in that and not in workers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from planner.publish.words.phrases import phrase
from planner.siting.goal_rules import measure_in_words

if TYPE_CHECKING:
    from planner.publish.bundle import Bundle

__all__ = ["goal_figures", "goal_lines", "goal_pairs"]


def _is_share(bundle: Bundle) -> bool:
    return bundle.settings.siting.goal.aim in ("fair", "lexicographic")


def _told(value: float, bundle: Bundle, *, up: bool = False) -> str:
    """A value of the goal in print: a share, or a number (of workers, weighted); bounds are rounded up."""
    if _is_share(bundle):
        return f"{math.ceil(value * 1e4 - 1e-6) / 100:.2f}%" if up else f"{value:.2%}"
    return f"{math.ceil(value - 1e-6) if up else round(value):,}"


def goal_lines(bundle: Bundle) -> tuple[str, ...]:
    """The certificate in sentences; empty where plans are compared by covered workers."""
    goal, language, found = bundle.settings.siting.goal, bundle.settings.study.language, bundle.solution
    if not goal.own_measure:
        return ()
    en, zh = measure_in_words(goal)
    value, bound = _told(found.objective, bundle), _told(found.bound, bundle, up=True)
    gap = f"{math.ceil(found.gap * 1e5 - 1e-9) / 1e3:.3f}%"
    lines = [
        phrase("cert_goal", language, measure=zh if language == "zh" else en),
        phrase("cert_goal_optimal", language, value=value)
        if found.status == "optimal"
        else phrase("cert_goal_gap", language, value=value, bound=bound, gap=gap),
        phrase("cert_scope", language),
    ]
    return (*lines, *([] if found.repeatable else [phrase("cert_cut", language)]))


def goal_figures(bundle: Bundle) -> tuple[tuple[str, str], ...]:
    """The certificate's figures as (label, text); empty where plans are compared by covered workers."""
    if not bundle.settings.siting.goal.own_measure:
        return ()
    language, found = bundle.settings.study.language, bundle.solution
    return (
        (phrase("cert_goal_value", language), _told(found.objective, bundle)),
        (phrase("cert_goal_bound", language), _told(found.bound, bundle, up=True)),
        (phrase("cert_gap_label", language), f"{math.ceil(found.gap * 1e5 - 1e-9) / 1e3:.3f}%"),
    )


def goal_pairs(bundle: Bundle) -> list[tuple[str, Any, str]]:
    """The certificate's figures as (label, number, kind); empty where plans are compared by covered workers."""
    if not bundle.settings.siting.goal.own_measure:
        return []
    language, found = bundle.settings.study.language, bundle.solution
    kind = "share" if _is_share(bundle) else "people"
    return [
        (phrase("cert_goal_value", language), found.objective, kind),
        (phrase("cert_goal_bound", language), found.bound, kind),
        (phrase("cert_gap_label", language), math.ceil(found.gap * 1e5 - 1e-9) / 1e5, "gap"),
    ]
