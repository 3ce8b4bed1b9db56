"""Figures of the plan with five verbs: what it covers, costs and gains, beside today and beside building alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from planner.facts.bands import Drawn, Draws
from planner.facts.definitions import UNITS, parts
from planner.facts.register import Fact, Scope, fact

if TYPE_CHECKING:
    from planner.actions.plan import ActionPlan

__all__ = ["action_facts"]

Array = NDArray[Any]
SOURCE = "actions"


def action_facts(plan: ActionPlan, here: Scope, *, draws: Draws | None, own_goal: bool) -> Iterator[Fact]:
    """Every figure of ``plan``, whose scope is the plan ``actions``; a verb is a case of it.

    ``own_goal``: plans are compared by something other than covered workers, so that the bound is none of workers.
    """
    then = here.at(plan="actions")
    yield from _covered(plan, then, draws)
    yield fact("gap", then, plan.solution.gap, source=SOURCE)
    if not own_goal:
        yield from _certificate(plan, then)
    yield fact("stations_total", then, plan.open_after, source=SOURCE)
    yield fact("actions_lost", then, plan.lost, source=SOURCE)
    for case, rows in [
        ("", plan.actions),
        *((v, plan.actions[plan.actions["verb"] == v]) for v in plan.by_verb["verb"]),
    ]:
        scope = then.at(case=case)
        yield fact("actions_n", scope, len(rows), source=SOURCE)
        for key, column in (("actions_cost_yuan", "cost_yuan"), ("actions_yearly_yuan", "yearly_yuan")):
            band = (float(rows[f"{column}_low"].sum()), float(rows[f"{column}_high"].sum()))
            yield fact(key, scope, float(rows[column].sum()), band=(min(band), max(band)), source=SOURCE)
    gains = [float(v) for v in plan.by_verb["workers"]]
    new = round(plan.after.covered) - round(plan.before.covered)
    for verb, value, shown in zip(plan.by_verb["verb"], gains, parts(gains, new), strict=True):
        yield fact("actions_gain", then.at(case=str(verb)), value, shown=shown, source=SOURCE)


def _covered(plan: ActionPlan, then: Scope, draws: Draws | None) -> Iterator[Fact]:
    """Covered workers and their share, whole, at night and by district; what is new."""
    before, after = plan.before, plan.after
    old, new = (None if draws is None else draws.under(c) for c in (before, after))

    def drawn(of: Drawn | None, column: str, **where: str) -> Array | None:
        return None if of is None else of.of(column, **where)

    covered = drawn(new, "covered")
    yield fact(
        "covered", then, after.covered, band=None if covered is None else Draws.of(covered), source=SOURCE
    )
    yield _share(then, after.share, covered, drawn(new, "workers"))
    earlier = drawn(old, "covered")
    band = None if covered is None or earlier is None else Draws.of(covered - earlier)
    shown = round(after.covered) - round(before.covered)
    yield fact("actions_new", then, after.covered - before.covered, shown=shown, band=band, source=SOURCE)
    late, now = (UNITS["share"].rounded(c.share) for c in (after, before))
    yield fact("actions_points", then, 100 * (after.share - before.share), source=SOURCE,
               shown=UNITS["points"].rounded(100 * (late - now)))  # fmt: skip
    if "night" in after.readings:
        night = drawn(new, "covered_night"), drawn(new, "workers_night")
        yield _share(then.at(periods="night"), after.readings["night"], *night)
    table = after.by_district
    shown_of = parts(table["covered"].tolist(), round(after.covered))
    for r, n in zip(table.itertuples(), shown_of, strict=True):
        scope, here = then.at(district=str(r.district)), str(r.district)
        mine, all_ = drawn(new, "covered", district=here), drawn(new, "workers", district=here)
        yield fact(
            "covered",
            scope,
            float(r.covered),
            shown=n,
            band=None if mine is None else Draws.of(mine),
            source=SOURCE,
        )
        yield _share(scope, float(r.share), mine, all_)
    if plan.build_only is not None:
        yield fact("actions_build_only", then, plan.build_only.objective - before.covered, source=SOURCE)


def _share(scope: Scope, value: float, covered: Array | None, workers: Array | None) -> Fact:
    band = None if covered is None or workers is None else Draws.share(covered, workers)
    return fact("share", scope, value, band=band, source=SOURCE)


def _certificate(plan: ActionPlan, then: Scope) -> Iterator[Fact]:
    found = plan.solution
    bound = fact("bound", then, max(float(found.bound), float(found.objective)), source=SOURCE)
    yield bound
    missing = max(float(found.bound) - float(found.objective), 0.0)
    yield fact("missing", then, missing, shown=bound.shown - round(plan.after.covered), source=SOURCE)
    yield fact("gap_of_new", then, plan.new_gap, source=SOURCE)
