"""The plan of the union's networks: each one's new places with bound and gap, money shared, lists reviewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.streets.standing import DemandPoints
from planner.errors import Finding, finding, told
from planner.networks.lists import UnionLists
from planner.networks.people import UnionPeople
from planner.networks.places import UnionPlaces, nearest_m
from planner.networks.reach import NetworkReach, open_columns
from planner.networks.review import review_places
from planner.networks.shared import Pooled, plan_together
from planner.networks.solve import LookFor, NetworkBlock, Short, block_of, gains, solve_block
from planner.progress import Progress
from planner.settings.groups import Period
from planner.settings.networks import Union, UnionNetwork, in_order, named
from planner.solvers.problems import conflicts_within
from planner.solvers.solution import Solution, gap_text, relative_gap

__all__ = ["NetworkPlan", "NetworksPlan", "PoolPlan", "plan_networks"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class NetworkPlan:
    """A network's new places.

    Attributes
    ----------
    chosen
        Best first: rank, place_id, name, kind, district, open_hours, cost_yuan, people_gained (beside those before it),
        people_in_reach, nearest_own_m (straight metres to the nearest place that is there; inf: none), reason_zh, reason_en, geometry.
    solution
        Objective and bound: people of the network served, those of today among them. A network that shares money has the bound of
        all together (:class:`PoolPlan`): its own is then its people.
    people, before, after
        People it is for, served today and with the new places.
    """

    chosen: gpd.GeoDataFrame
    solution: Solution
    people: float
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class PoolPlan:
    """The networks that share the common budget.

    ``table``: network, new, spent_yuan, gained (people newly served), new_apart, gained_apart (each with its part of the
    budget alone). ``worth`` and ``bound``: people newly served × worth, all networks; ``worth_apart``: planned apart.
    """

    table: pd.DataFrame
    budget_yuan: float
    spent_yuan: float
    worth: float
    worth_apart: float
    bound: float
    repeatable: bool

    @property
    def gap(self) -> float:
        """``|bound − worth| / worth``."""
        return relative_gap(self.worth, self.bound)


@dataclass(frozen=True, eq=False)
class NetworksPlan:
    """What is planned and found for the networks of the union.

    Attributes
    ----------
    plans
        Network → its new places, for those that are planned here.
    reviews
        Network → its list looked through (:func:`planner.networks.review.review_places`).
    pool
        The networks that share money; None where none do.
    findings
        What was noticed.
    """

    plans: Mapping[str, NetworkPlan]
    reviews: Mapping[str, gpd.GeoDataFrame]
    pool: PoolPlan | None = None
    findings: tuple[Finding, ...] = field(default=())

    def new_places(self) -> dict[str, gpd.GeoDataFrame]:
        """New places by network."""
        return {name: plan.chosen for name, plan in self.plans.items()}

    def table(self) -> pd.DataFrame:
        """A row per planned network: new, cost_yuan, people, before, after, gap."""
        rows = [
            (name, len(p.chosen), float(p.chosen["cost_yuan"].sum()), p.people, p.before, p.after, p.solution.gap)
            for name, p in self.plans.items()
        ]  # fmt: skip
        heads = ["network", "new", "cost_yuan", "people", "before", "after", "gap"]
        return pd.DataFrame(rows, columns=heads)

    def __repr__(self) -> str:
        said = ", ".join(
            f"{name}: {len(p.chosen)} new, gap {gap_text(p.solution.gap)}" for name, p in self.plans.items()
        )
        return f"NetworksPlan({said or 'nothing planned'}; {len(self.reviews)} lists reviewed)"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.table().to_html(index=False, escape=True)}"


@dataclass(frozen=True, eq=False)
class _Site:
    """A planned network with its problem and the candidates it may be posed on."""

    network: UnionNetwork
    block: NetworkBlock
    candidates: gpd.GeoDataFrame
    old: gpd.GeoDataFrame

    @property
    def needs(self) -> Array:
        """Which candidate of the network below each candidate stands on; -1: none."""
        if "on_candidate" not in self.candidates:
            return np.full(len(self.candidates), -1)
        return self.candidates["on_candidate"].to_numpy(np.int64)


def plan_networks(
    networks: Sequence[UnionNetwork], union: Union, lists: UnionLists, places: UnionPlaces, reach: NetworkReach,
    people: UnionPeople, points: DemandPoints, *, periods: Sequence[Period], default_hours: str, need_open: float,
    seed: int, progress: Progress | None = None,
) -> NetworksPlan:  # fmt: skip
    """Plan every network that asks for new places and review the lists that are to be.

    A network that stands on another is planned after it. Those that share the budget of ``union`` are planned together,
    before those that stand on them and have money of their own.
    """
    look = LookFor(union.work_limit, union.gap, union.time_limit_s, seed, progress)
    sites: dict[str, _Site] = {}
    reviews: dict[str, gpd.GeoDataFrame] = {}
    for one in in_order(networks):
        if not (one.planned or one.review):
            continue
        old, new = lists.places[one.name], places.candidates.get(one.name)
        seconds_old, seconds_new = reach.split(one.name, len(old))
        who = people.of(one, points)
        hours: dict[str, Any] = {"periods": periods, "default_hours": default_hours, "need_open": need_open}
        open_old = open_columns(old["open_hours"], **hours)
        if one.review:
            reviews[one.name] = review_places(old, who, seconds_old, open_old, cutoff_s=one.minutes * 60.0)
        elif new is not None:
            block = block_of(
                who, seconds_old, seconds_new, cutoff_s=one.minutes * 60.0, open_old=open_old,
                open_new=open_columns(new["open_hours"], **hours), cost=new["cost_yuan"].to_numpy(float),
                conflicts=_too_near(new, one.apart_m), wanted=one.wanted,
            )  # fmt: skip
            sites[one.name] = _Site(one, block, new, old)
    chosen, solved, pool, found = _chosen(list(sites.values()), networks, union, look)
    plans = {name: _plan_of(site, chosen[name], solved[name], networks) for name, site in sites.items()}
    return NetworksPlan(
        {n.name: plans[n.name] for n in networks if n.name in plans}, reviews, pool, tuple(found)
    )


def _too_near(sites: gpd.GeoDataFrame, apart_m: float) -> NDArray[np.int64]:
    if apart_m <= 0 or not len(sites):
        return np.zeros((0, 2), np.int64)
    x, y = shapely.get_coordinates(sites.geometry.to_numpy()).T
    return conflicts_within(x, y, apart_m)


Chosen = dict[str, NDArray[np.int64]]


def _chosen(
    sites: Sequence[_Site], networks: Sequence[UnionNetwork], union: Union, look: LookFor
) -> tuple[Chosen, dict[str, Solution], PoolPlan | None, list[Finding]]:
    """Positions of each network's new places, with its solution.

    First come the networks that stand on none that shares money, then those that share it, then the others.
    """
    chosen: Chosen = {}
    solved: dict[str, Solution] = {}
    found: list[Finding] = []
    pooled = [s for s in sites if s.network.shares_budget]
    after = _above({s.network.name for s in pooled}, networks)
    pool = None
    for late in (False, True):
        if late and pooled:
            pool, rows_of = _pool(pooled, networks, chosen, union, look)
            for each, rows in zip(pooled, rows_of, strict=True):
                chosen[each.network.name] = rows
                solved[each.network.name] = _of_pool(each.block, rows, repeatable=pool.repeatable)
        for site in sites:
            one = site.network
            if one.shares_budget or (one.name in after) != late:
                continue
            rows = _standing(site, networks, chosen)
            answer, short = solve_block(site.block.only(rows), look, budget=one.budget_yuan)
            chosen[one.name], solved[one.name] = rows[answer.chosen], answer
            if short:
                found.append(_short_of(one, len(answer.chosen), short))
    return chosen, solved, pool, found


def _above(names: set[str], networks: Sequence[UnionNetwork]) -> set[str]:
    """Networks that stand, perhaps over others, on one of ``names``."""
    found = set(names)
    for one in in_order(networks):
        base = named(networks, one.only_on) if one.only_on else None
        if base is not None and base.name in found:
            found.add(one.name)
    return found - names


def _standing(site: _Site, networks: Sequence[UnionNetwork], chosen: Chosen) -> NDArray[np.int64]:
    """Candidates that stand on a place that is there or already chosen."""
    base = named(networks, site.network.only_on) if site.network.only_on else None
    ahead = np.zeros(0, np.int64) if base is None else chosen.get(base.name, np.zeros(0, np.int64))
    if base is not None and not base.planned:  # what it gets is planned elsewhere, and stands
        return np.arange(len(site.candidates))
    return np.flatnonzero((site.needs < 0) | np.isin(site.needs, ahead))


def _pool(
    pooled: Sequence[_Site], networks: Sequence[UnionNetwork], chosen: Chosen, union: Union, look: LookFor
) -> tuple[PoolPlan, list[NDArray[np.int64]]]:
    """The networks that share money, planned together; positions of their candidates."""
    names = [s.network.name for s in pooled]
    rows: list[NDArray[np.int64]] = []
    on: dict[int, tuple[int, NDArray[np.int64]]] = {}
    for k, site in enumerate(pooled):
        base = named(networks, site.network.only_on) if site.network.only_on else None
        if base is None or base.name not in names:
            rows.append(_standing(site, networks, chosen))
            continue
        below = names.index(base.name)
        place = np.full(len(pooled[below].candidates) + 1, -2)  # -2: no candidate that can stand there
        place[rows[below]], place[-1] = np.arange(len(rows[below])), -1
        needs = place[site.needs]
        rows.append(np.flatnonzero(needs != -2))
        on[k] = (below, needs[rows[k]])
    blocks = [s.block.only(r) for s, r in zip(pooled, rows, strict=True)]
    found = plan_together(
        blocks, [s.network.worth for s in pooled], float(union.budget_yuan or 0.0), look, on=on
    )
    return _pool_plan(names, blocks, found), [r[c] for r, c in zip(rows, found.chosen, strict=True)]


def _pool_plan(names: Sequence[str], blocks: Sequence[NetworkBlock], found: Pooled) -> PoolPlan:
    table = pd.DataFrame(
        {
            "network": names,
            "new": [len(c) for c in found.chosen],
            "spent_yuan": [float(b.cost[c].sum()) for b, c in zip(blocks, found.chosen, strict=True)],
            "gained": [b.gained(c) for b, c in zip(blocks, found.chosen, strict=True)],
            "new_apart": [len(c) for c in found.separate],
            "gained_apart": [b.gained(c) for b, c in zip(blocks, found.separate, strict=True)],
        }
    )
    return PoolPlan(
        table, found.budget, found.spent, found.worth, found.separate_worth, found.bound, found.repeatable
    )


def _of_pool(block: NetworkBlock, rows: NDArray[np.int64], *, repeatable: bool) -> Solution:
    """A pooled network's part: no bound of its own but its people."""
    value = block.served + block.gained(rows)
    return Solution(
        rows, value, max(value, block.people), "feasible", 0.0, repeatable=repeatable, base=block.served
    )


def _short_of(one: UnionNetwork, n: int, why: Short) -> Finding:
    rules = ", ".join(k for k in ("host_kinds", "only_on", "apart_m") if getattr(one, k))
    return finding(
        "UNI-021" if why == "apart" else "UNI-022", source="study.toml", field=f"networks.{one.name}.wanted", value=one.wanted or "", n=n, rules=rules,
        title_en=one.title("en"), title_zh=one.title("zh"),
    )  # fmt: skip


def _plan_of(
    site: _Site, rows: NDArray[np.int64], solution: Solution, networks: Sequence[UnionNetwork]
) -> NetworkPlan:
    """The new places as a table, and what they do, counted afresh."""
    block, table = site.block, site.candidates.iloc[rows].reset_index(drop=True)
    gained = gains(block.covers, block.weights, rows)
    reached = np.asarray(block.covers[rows].astype(float) @ block.weights).reshape(-1)
    far = nearest_m(table.geometry, site.old.geometry)
    base = named(networks, site.network.only_on) if site.network.only_on else None
    reasons = [_reason(g, m, str(name), base) for g, m, name in zip(gained, far, table["name"], strict=True)]
    chosen = table.drop(columns=["on_candidate"], errors="ignore").assign(
        rank=np.arange(1, len(table) + 1), people_gained=gained, people_in_reach=reached, nearest_own_m=far,
        reason_zh=[r.zh for r in reasons], reason_en=[str(r) for r in reasons],
    )  # fmt: skip
    after = block.served + float(gained.sum())
    return NetworkPlan(chosen, solution, block.people, block.served, after)


def _reason(gained: float, nearest: float, name: str, base: UnionNetwork | None) -> Any:
    """Why a place is proposed, in one sentence of each language."""
    if base is None:
        if not np.isfinite(nearest):
            return told(
                "serves {n} people whom no place of the network serves",
                "服务 {n} 名尚无此类阵地可达的对象",
                n=f"{gained:,.0f}",
            )
        return told(
            "serves {n} people more; the network's nearest place is {m} m away (straight line)",
            "新增服务 {n} 人；最近的同类阵地直线距离 {m} 米", n=f"{gained:,.0f}", m=f"{nearest:,.0f}",
        )  # fmt: skip
    return told(
        "serves {n} people more, on {name} ({en})", "新增服务 {n} 人，设在{zh}“{name}”", n=f"{gained:,.0f}", name=name,
        en=base.title("en"), zh=base.title("zh"),
    )  # fmt: skip
