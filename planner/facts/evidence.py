"""Figures of the questions that are answered only where asked: the fairness front, what to find out first, pilots."""

from __future__ import annotations

from collections.abc import Iterator

from planner.facts.definitions import UNITS
from planner.facts.plan import Parts
from planner.facts.register import Fact, Scope, fact

__all__ = ["MOST_UNKNOWNS", "front_facts", "knowledge_facts", "pilot_facts"]

#: So many unknowns are printed, those that are worth most.
MOST_UNKNOWNS = 20


def front_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """Per plan of the front (``front 1`` covers most) its workers, bound, gap, worst-off district's share and price."""
    found = p.fair_front
    if found is None or not len(found.table):
        return
    whole, plan = p.before.workers if p.before.workers > 0 else 1.0, round(p.after.covered)
    for n, r in enumerate(found.table.itertuples(), start=1):
        scope, covered = here.at(plan=f"front {n}"), float(r.covered)
        yield fact("covered", scope, covered, source="fair_front")
        yield fact("share", scope, covered / whole, source="fair_front")
        yield fact("fewer", scope, plan - covered, shown=plan - round(covered), source="fair_front")
        bound = max(float(r.bound), covered)
        yield fact("bound", scope, bound, source="fair_front")
        yield fact("gap", scope, float(r.gap), source="fair_front")
        yield fact("least_share", scope, float(r.least_share), source="fair_front")
        yield fact("front_price", scope, float(r.price), source="fair_front")
        yield fact("front_price_most", scope, float(r.price_most), source="fair_front")
    yield fact("least_bound", here.at(plan="front"), found.least_bound, source="fair_front")


def knowledge_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """What knowing all could gain, and what each of the first unknowns (``unknown 1`` is worth most) removes of it."""
    found = p.knowledge
    if found is None:
        return
    scope, source = here.at(plan="known"), "knowledge"
    yield fact("learn_regret", scope, found.regret, source=source)
    shown = max(UNITS["people_up"].rounded(found.ceiling), UNITS["people"].rounded(found.regret))
    yield fact("learn_ceiling", scope, found.ceiling, shown=shown, source=source)
    for n, r in enumerate(found.table.head(MOST_UNKNOWNS).itertuples(), start=1):
        one = scope.at(case=f"unknown {n}")
        yield fact("learn_removes", one, float(r.removes), source=source)
        yield fact("learn_chance", one, float(r.chance), source=source)
        yield fact("learn_part", one, float(r.part), source=source)


def pilot_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """Regret left by each order of building, and per pilot the workers that its count will tell apart."""
    found = p.pilots
    if found is None:
        return
    for order, left in found.simulated.mean().items():
        yield fact("pilots_left", here.at(plan=f"pilots {order}"), float(left), source="pilots")
    for r in found.table.itertuples():
        one = here.at(plan="pilots", case=f"pilot {int(r.place)}")
        band = (float(r.workers_low), float(r.workers_high))
        yield fact("pilot_workers", one, float(r.workers), band=band, source="pilots")
        yield fact("pilot_explained", one, float(r.explained), source="pilots")
