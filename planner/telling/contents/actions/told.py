"""What the plan with five verbs says: sentences, tables by verb and district, the list of actions, run.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.settings.actions import VERBS
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.words.figures import told, told_band
from planner.telling.words.numbers import number, percent, printed
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = [
    "ACTION_COLUMNS", "ACTION_DISTRICT_COLUMNS", "VERB_COLUMNS", "action_district_rows", "action_lines", "action_rows", "actions_run",
    "verb_rows",
]  # fmt: skip

VERB_COLUMNS = (
    Column("verb", "text", 12), Column("actions_n", "count", 8), Column("action_cost", "yuan", 16),
    Column("yearly_yuan", "yuan", 16), Column("action_gain", "people", 14),
)  # fmt: skip
ACTION_DISTRICT_COLUMNS = (
    Column("district", "text", 22), Column("share_before", "share", 12), Column("action_share", "share", 14),
)  # fmt: skip
ACTION_COLUMNS = (
    Column("rank", "count", 6), Column("verb", "text", 8), Column("place_id", "text", 14), Column("place_name", "text", 28),
    Column("district", "text", 12), Column("hours_from", "text", 14), Column("hours_to", "text", 14),
    Column("grade_from", "text", 8), Column("grade_to", "text", 8), Column("action_cost", "yuan", 11),
    Column("yearly_yuan", "yuan", 11), Column("action_gain", "people", 10), Column("workers_refused", "people", 10),
    Column("to_name", "text", 22), Column("year", "text", 8), Column("reason", "text", 60),
)  # fmt: skip


def action_lines(bundle: Bundle) -> tuple[str, ...]:
    """The plan in sentences; none where it was not asked for."""
    facts, language = bundle.facts, bundle.settings.study.language
    if bundle.actions is None:
        return ()
    cost, yearly = (facts.fact(k, plan="actions") for k in ("actions_cost_yuan", "actions_yearly_yuan"))
    lines = [
        phrase(
            "actions_head", language, n=number(facts.shown("actions_n", plan="actions")), cost=number(cost.shown),
            cost_band=told_band(cost), yearly=number(yearly.shown), yearly_band=told_band(yearly),
            before=percent(facts.shown("share", plan="today")), after=percent(facts.shown("share", plan="actions")),
            new=number(facts.shown("actions_new", plan="actions")),
        )
    ]  # fmt: skip
    lines += [_certificate(bundle), *_beside(bundle)]
    night = [facts.find("share", plan=p, periods="night") for p in ("today", "actions")]
    if night[0] is not None and night[1] is not None:
        lines.append(
            phrase("actions_night", language, before=percent(night[0].shown), after=percent(night[1].shown))
        )
    lines.append(
        phrase(
            "actions_losing", language, n=number(facts.shown("actions_lost", plan="actions")),
            open=number(facts.shown("stations_total", plan="actions")),
        )
    )  # fmt: skip
    return (phrase("actions_costs", language), *lines)


def _certificate(bundle: Bundle) -> str:
    facts, language = bundle.facts, bundle.settings.study.language
    gap = printed(facts.shown("gap", plan="actions"), "gap")
    if facts.find("bound", plan="actions") is None:
        return phrase("actions_certificate_goal", language, gap=gap)
    return phrase(
        "actions_certificate", language, missing=number(facts.shown("missing", plan="actions")),
        bound=number(facts.shown("bound", plan="actions")), gap=gap,
        new_gap=printed(facts.shown("gap_of_new", plan="actions"), "gap"),
    )  # fmt: skip


def _beside(bundle: Bundle) -> list[str]:
    """Building alone for the same money."""
    facts, language = bundle.facts, bundle.settings.study.language
    alone = facts.find("actions_build_only", plan="actions")
    if alone is None or alone.shown <= 0:
        return []
    more = facts.shown("actions_new", plan="actions") - alone.shown
    sign = "+" if more >= 0 else ""
    return [
        phrase(
            "actions_beside",
            language,
            alone=told(alone),
            more=number(more),
            share=f"{sign}{percent(more / alone.shown)}",
        )
    ]


def verb_rows(bundle: Bundle) -> pd.DataFrame:
    """Number, cost and gain of each verb, and in all."""
    facts, language = bundle.facts, bundle.settings.study.language

    def row(case: str, gain: float) -> tuple[object, ...]:
        figures = (
            facts.shown(k, plan="actions", case=case)
            for k in ("actions_n", "actions_cost_yuan", "actions_yearly_yuan")
        )
        return (phrase(f"verb_{case or 'all'}", language), *figures, gain)

    rows = [row(v, facts.shown("actions_gain", plan="actions", case=v)) for v in VERBS]
    rows.append(row("", facts.shown("actions_new", plan="actions")))
    return pd.DataFrame(rows, columns=[c.key for c in VERB_COLUMNS])


def action_district_rows(bundle: Bundle) -> pd.DataFrame:
    """Share covered today and with the actions, by district."""
    facts, names = bundle.facts, district_labels(bundle)
    rows = [
        (names.get(key, key), facts.shown("share", plan="today", district=key), f.shown)
        for key, f in facts.along("share", "district", plan="actions").items()
    ]
    return pd.DataFrame(rows, columns=[c.key for c in ACTION_DISTRICT_COLUMNS])


def action_rows(bundle: Bundle) -> pd.DataFrame:
    """The actions as printed, in :data:`ACTION_COLUMNS`."""
    plan, language, names = bundle.actions, bundle.settings.study.language, district_labels(bundle)
    if plan is None:
        return pd.DataFrame(columns=[c.key for c in ACTION_COLUMNS])
    table = pd.DataFrame(plan.actions.drop(columns="geometry"))
    grades = {g.name: g.title(language) for g in bundle.settings.actions.grades}
    return pd.DataFrame(
        {
            **{k: table[k] for k in ("rank", "place_id", "hours_from", "hours_to", "yearly_yuan", "workers_refused", "to_name", "year")},
            "verb": [phrase(f"verb_{v}", language) for v in table["verb"]], "place_name": table["name"],
            "district": [names.get(str(d), str(d)) for d in table["district"]],
            **{k: [grades.get(str(g), str(g)) for g in table[k]] for k in ("grade_from", "grade_to")},
            "action_cost": table["cost_yuan"], "action_gain": table["workers_gained"], "reason": table[f"reason_{language}"],
        }
    )[[c.key for c in ACTION_COLUMNS]]  # fmt: skip


def actions_run(bundle: Bundle) -> dict[str, Any] | None:
    """The part ``actions`` of run.json; None where it was not asked for."""
    plan = bundle.actions
    if plan is None:
        return None
    verbs = {
        str(r.verb): {
            "n": int(r.n), "cost_yuan": round(r.cost_yuan, 2), "yearly_yuan": round(r.yearly_yuan, 2), "workers": round(r.workers, 3),
        }
        for r in plan.by_verb.itertuples()
    }  # fmt: skip
    return {
        "cost_yuan": round(plan.cost_yuan, 2), "yearly_yuan": round(plan.yearly_yuan, 2), "covered": round(plan.after.covered, 3),
        "share": round(plan.after.share, 6), "objective": round(plan.solution.objective, 3), "bound": round(plan.solution.bound, 3),
        "gap": round(plan.solution.gap, 8), "gap_of_new": round(plan.new_gap, 8), "status": plan.solution.status,
        "repeatable": plan.solution.repeatable, "by_verb": verbs, "lost": round(plan.lost, 3), "open": plan.open_after,
        "build_only": None if plan.build_only is None else {
            "objective": round(plan.build_only.objective, 3), "bound": round(plan.build_only.bound, 3),
        },
    }  # fmt: skip
