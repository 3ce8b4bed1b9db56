"""Figures of the plan with five verbs: what it covers, costs and gains, beside today and beside building alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from planner.facts.bands import Band, Draws
from planner.facts.definitions import UNITS, parts
from planner.facts.register import Fact, Scope, fact

if TYPE_CHECKING:
    from planner.actions.plan import ActionPlan
    from planner.siting.coverage import Coverage

__all__ = ["action_facts"]

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
    known = draws if draws is not None and len(after.cells) == draws.surfaces.shape[1] else None
    sums = (
        None if known is None else [known.sums(c.cells["covered"].to_numpy(float)) for c in (before, after)]
    )
    whole = None if known is None else known.sums(after.cells["workers"].to_numpy(float))
    yield fact(
        "covered", then, after.covered, band=None if sums is None else Draws.of(sums[1]), source=SOURCE
    )
    yield fact("share", then, after.share, source=SOURCE,
               band=None if sums is None or whole is None else Draws.share(sums[1], whole))  # fmt: skip
    band: Band | None = None if sums is None else Draws.of(sums[1] - sums[0])
    shown = round(after.covered) - round(before.covered)
    yield fact("actions_new", then, after.covered - before.covered, shown=shown, band=band, source=SOURCE)
    late, now = (UNITS["share"].rounded(c.share) for c in (after, before))
    yield fact("actions_points", then, 100 * (after.share - before.share), source=SOURCE,
               shown=UNITS["points"].rounded(100 * (late - now)))  # fmt: skip
    if "night" in after.readings:
        yield fact("share", then.at(periods="night"), after.readings["night"], source=SOURCE)
    yield from _by_district(after, then)
    if plan.build_only is not None:
        alone = plan.build_only.objective - before.covered
        yield fact("actions_build_only", then, alone, source=SOURCE)


def _by_district(after: Coverage, then: Scope) -> Iterator[Fact]:
    table = after.by_district
    shown = parts(table["covered"].tolist(), round(after.covered))
    for r, n in zip(table.itertuples(), shown, strict=True):
        scope = then.at(district=str(r.district))
        yield fact("covered", scope, float(r.covered), shown=n, source=SOURCE)
        yield fact("share", scope, float(r.share), source=SOURCE)


def _certificate(plan: ActionPlan, then: Scope) -> Iterator[Fact]:
    found = plan.solution
    bound = fact("bound", then, max(float(found.bound), float(found.objective)), source=SOURCE)
    yield bound
    missing = max(float(found.bound) - float(found.objective), 0.0)
    yield fact("missing", then, missing, shown=bound.shown - round(plan.after.covered), source=SOURCE)
    yield fact("gap_of_new", then, plan.new_gap, source=SOURCE)
