"""Figures of the union's networks: places, people served, the circle of each and of all, money shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from planner.facts.register import Fact, Scope, fact

if TYPE_CHECKING:
    from planner.networks.circle import ServiceCircle
    from planner.networks.plan import NetworkPlan, PoolPlan
    from planner.networks.whole import UnionResult

__all__ = ["POOL", "UNION", "network_facts"]

#: Names of all networks together, and of those that share money, in a scope (no network's own name has a colon).
UNION, POOL = "union:all", "union:pool"


def network_facts(union: UnionResult | None, here: Scope) -> Iterator[Fact]:
    """Every figure of the networks; none where the study did not ask for them."""
    if union is None:
        return
    counted = union.today.counted
    for plan, serving in (("today", union.today), ("proposal", union.after)):
        all_ = serving.circle()
        yield from _circle(all_, here.at(plan=plan, network=UNION))
        only = all_.table.set_index("network")["only"]
        every = serving.circle(serving.names)
        for row in every.table.itertuples():
            at = here.at(plan=plan, network=str(row.network))
            yield fact("network_places", at, row.places)
            yield fact("network_covered", at, row.covered)
            yield fact("network_circle", at, row.share)
            yield fact("network_served", at, row.served)
            yield fact("network_share", at, row.served_share)
            if row.network in counted:
                yield fact("network_only", at, float(only[row.network]))
    for one in union.networks:
        at = here.at(network=one.name)
        low, high = one.people.band
        own = union.today.own.set_index("network").loc[one.name, "people"]
        yield fact("network_people", at.at(plan=""), own, band=(own * low, own * high))
        if one.name in union.plan.plans:
            yield from _planned(union.plan.plans[one.name], at, shared=one.shares_budget)
        if one.name in union.plan.reviews:
            listed = union.plan.reviews[one.name]
            today = at.at(plan="today")
            yield fact("network_redundant", today, int((listed["verdict"] == "redundant").sum()))
            yield fact("network_may_close", today, int(listed["may_close"].sum()))
            yield fact("network_alone", today, int((listed["verdict"] == "alone").sum()))
    if union.plan.pool is not None:
        yield from _pool(union.plan.pool, here.at(network=POOL))


def _circle(circle: ServiceCircle, at: Scope) -> Iterator[Fact]:
    yield fact("network_places", at, int(circle.table["places"].sum()))
    yield fact("network_covered", at, circle.covered)
    yield fact("network_circle", at, circle.share)
    yield fact("network_twice", at, circle.share_twice)
    yield fact("network_doubles", at, len(circle.doubles))


def _planned(plan: NetworkPlan, at: Scope, *, shared: bool) -> Iterator[Fact]:
    yield fact("network_new", at, len(plan.chosen))
    yield fact("network_cost", at, float(plan.chosen["cost_yuan"].sum()))
    if not shared:  # the bound is that of all that share money
        yield fact("network_gap", at, plan.solution.gap)


def _pool(pool: PoolPlan, at: Scope) -> Iterator[Fact]:
    yield fact("network_new", at, int(pool.table["new"].sum()))
    yield fact("network_cost", at, pool.spent_yuan)
    yield fact("network_worth", at, pool.worth)
    yield fact("network_worth", at.at(plan="apart"), pool.worth_apart)
    yield fact("network_gap", at, pool.gap)
