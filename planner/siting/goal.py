"""What a study's plan is after, where that is more than the most workers in the circle.

A goal is posed once as rows of a covering problem: a row is a set of demand points with one share of
fading cover, worth its workers times that share. Everything a study may ask for (credits for second
cover, room of a station, scenarios, districts, close pairs, stations that move) then acts on these rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.settings.whole import Settings
from planner.siting.coverage import Access, worker_cube
from planner.solvers.covering.composed import Worth, solve_composed, worth_of
from planner.solvers.covering.fair import solve_fair
from planner.solvers.covering.maximal import solve_covering
from planner.solvers.effort import effort
from planner.solvers.infeasible import refuse_impossible
from planner.solvers.request import (
    Request,
    check_covered,
    check_covers,
    check_rules,
    check_weights,
)
from planner.solvers.solution import Solution
from planner.solvers.variants import conflicts_within

__all__ = [
    "FADE_RINGS",
    "PosedGoal",
    "close_sites",
    "goal_value",
    "pose_goal",
    "solve_goal",
    "worker_counts",
]

Array = NDArray[Any]

#: Rings of equal width between the two distances of ``fade_m``; ring i of k counts 1 − (i + ½)/k.
FADE_RINGS = 5
#: Region of the stations that are open today, where they may move.
_OPEN = "\x00open"


@dataclass(frozen=True)
class PosedGoal:
    """Rows of a goal.

    Attributes
    ----------
    covers
        csr (n_sites × n_rows): candidates first, then the open stations where they may move.
    of
        csr (n_rows × n_points): share of each demand point's weight that belongs to a row.
    times
        How many stations that stay reach each row.
    apart, price
        Close pairs of candidates (k × 2 positions); None: they exclude each other.
    room
        Most weight each site serves; None: no limit.
    movable
        How many open stations stand behind the candidates; ``moves``: how many of them may close.
    factors
        Per scenario and point, for aims over scenarios; ``group``: district of each point, for fair ones.
    counts
        How much a worker of each point counts.
    """

    covers: sparse.csr_array
    of: sparse.csr_array
    times: Array
    apart: Array
    price: float | None
    room: Array | None
    movable: int
    moves: int
    factors: Array | None
    group: Array | None
    counts: Array

    @property
    def n_candidates(self) -> int:
        """Sites that may be opened."""
        return int(self.covers.shape[0]) - self.movable


def _shares(access: Sequence[Access], is_open: Array, fade_m: tuple[float, float] | None) -> sparse.csr_array:
    """How much of each point (way, period, cell) a site covers: csr in (0, 1], as ``cover_matrix`` runs."""
    blocks = []
    for part in access:
        data = part.seconds.data.astype(np.float64)
        if fade_m is None or part.metres_per_s is None:
            share = (data <= part.cutoff_s).astype(float)
        else:
            near, far = fade_m
            out = (data * part.metres_per_s - near) / (far - near)
            ring = np.maximum(np.ceil(out * FADE_RINGS - 1e-9), 0.0)  # 0: within the first distance
            share = np.where(ring == 0, 1.0, 1 - (ring - 0.5) / FADE_RINGS)
            share = np.where(ring > FADE_RINGS, 0.0, share)
        rows = np.repeat(np.arange(part.seconds.shape[0]), np.diff(part.seconds.indptr))
        for t in range(is_open.shape[1]):
            on = is_open[rows, t] & (share > 0)
            where = (rows[on], part.seconds.indices[on])
            blocks.append(sparse.coo_array((share[on], where), shape=part.seconds.shape))
    return sparse.csr_array(sparse.hstack(blocks, format="csr"))


def _level(
    new: sparse.csr_array, old: sparse.csr_array, share: float, live: Array
) -> tuple[Array, Any, Any, Array]:
    """Points of ``live`` with equal cover at ``share`` or more: (row of each, new, old cover per row)."""
    at = [
        sparse.csr_array(((m.data >= share - 1e-12).astype(float), m.indices, m.indptr), shape=m.shape)
        for m in (new, old)
    ]
    both = sparse.csc_array(sparse.vstack(at, format="csc")[:, live])
    both.eliminate_zeros()
    rng = np.random.default_rng(0)  # two independent random sums tell cover sets apart
    one, two = ((both.T @ rng.random(both.shape[0])).round(9) for _ in range(2))
    _, first, row = np.unique(one + 1j * two, return_index=True, return_inverse=True)
    kept = sparse.csr_array(both[:, first])
    return row.ravel(), kept[: new.shape[0]], kept[new.shape[0] :], first


def pose_goal(
    settings: Settings,
    *,
    existing: Sequence[Access],
    existing_open: Array,
    new: Sequence[Access],
    new_open: Array,
    weights: Array,
    counts: Array,
    xy_m: Array,
    host_kind: Array,
    district: Array,
    factors: Array | None,
) -> PosedGoal | None:
    """Pose the study's goal; None where it asks for nothing beyond the most workers in the circle.

    Parameters
    ----------
    existing, existing_open, new, new_open, weights
        As for :func:`planner.siting.plan.pose`; ``weights`` per point.
    counts
        Per point, how much one of its workers counts (:func:`worker_counts`).
    xy_m, host_kind
        Per candidate: coordinates (n × 2, metres) and kind of host.
    district
        Per cell.
    factors
        Per scenario and cell, for aims over scenarios.
    """
    goal = settings.siting.goal
    if goal.plain:
        return None
    gone, come = _shares(existing, existing_open, goal.fade_m), _shares(new, new_open, goal.fade_m)
    moving = goal.relocate > 0
    live = np.flatnonzero((weights > 0) & (np.diff(sparse.csc_array(sparse.vstack([gone, come])).indptr) > 0))
    live = (
        live if len(live) else np.zeros(1, np.int64)
    )  # nothing in reach of anything: one row, covered by none
    rings = [(i + 0.5) / FADE_RINGS for i in range(FADE_RINGS)] if goal.fade_m is not None else []
    steps = [*rings, 1.0]
    covers, of, times, below = [], [], [], 0.0
    for share in steps:
        row, by_new, by_old, first = _level(come, gone, share, live)
        covers.append(sparse.vstack([by_new, by_old]) if moving else by_new)
        times.append(np.zeros(len(first)) if moving else np.asarray(by_old.sum(axis=0)).ravel())
        part = (share - below) * counts[live]
        of.append(sparse.csr_array((part, (row, live)), shape=(len(first), len(weights))))
        below = share
    blocks = len(weights) // max(1, len(district))
    pairs = close_sites(xy_m, goal.spacing_m)
    n_old = existing_open.shape[0] if moving else 0
    over = goal.aim in ("mean", "cvar", "worst")
    return PosedGoal(
        covers=_structure(sparse.csr_array(sparse.hstack(covers))),
        of=sparse.csr_array(sparse.vstack(of)),
        times=np.concatenate(times).astype(np.int64),
        apart=pairs,
        price=goal.spacing_price,
        room=_room(settings, host_kind, n_old, float(weights.sum())),
        movable=n_old,
        moves=min(goal.relocate, n_old),
        factors=np.tile(factors, (1, blocks)) if over and factors is not None else None,
        group=np.tile(district, blocks) if goal.aim in ("fair", "lexicographic") else None,
        counts=counts,
    )


def close_sites(xy_m: Array, spacing_m: float) -> Array:
    """Pairs of sites (k × 2 positions) nearer than ``spacing_m``."""
    if spacing_m <= 0:
        return np.zeros((0, 2), np.int64)
    return conflicts_within(xy_m[:, 0], xy_m[:, 1], spacing_m)


def _structure(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.eliminate_zeros()
    return sparse.csr_array((np.ones(matrix.nnz, np.int8), matrix.indices, matrix.indptr), shape=matrix.shape)


def _room(settings: Settings, host_kind: Array, n_old: int, whole: float) -> Array | None:
    """Workers a site has room for; open stations have room for all."""
    goal = settings.siting.goal
    if goal.visits_per_day is None:
        return None
    visits = [goal.visits_by_kind.get(str(kind), goal.visits_per_day) for kind in host_kind]
    return np.concatenate([np.asarray(visits, float) / goal.visits_per_worker, np.full(n_old, whole)])


def _request(goal: PosedGoal, weights: Array, rules: Mapping[str, Any]) -> Request:
    """The covering request of a goal: open stations that may move are a region of their own."""
    m, old = goal.n_candidates, goal.movable
    rules = dict(rules)
    region = rules.pop("region", None)
    low, high = dict(rules.pop("quota_min", None) or {}), dict(rules.pop("quota_max", None) or {})
    p = rules.pop("p")
    if old:
        region = np.concatenate(
            [np.full(m, "") if region is None else np.asarray(region, dtype=object), np.full(old, _OPEN)]
        )
        low[_OPEN] = old - goal.moves
        p = None if p is None else p + old
    cost = rules.pop("cost", None)
    if cost is not None:
        cost = np.concatenate([np.asarray(cost, float), np.zeros(old)])
    apart = goal.apart if goal.price is None and len(goal.apart) else None
    checked = check_rules(
        m + old, p, region=region, quota_min=low or None, quota_max=high or None, cost=cost, conflicts=apart, **rules
    )  # fmt: skip
    covers = check_covers(goal.covers)
    return Request(
        covers, np.asarray(goal.of @ weights, float), check_covered(goal.times > 0, covers.shape[1]), checked
    )


def worker_counts(
    settings: Settings, demand: pd.DataFrame, access: Sequence[Access], weights: Array
) -> Array:
    """How much a worker of each point (way, period, cell) counts: the mean over its groups, times the period's."""
    goal = settings.siting.goal
    if not (goal.group_weights or goal.period_weights):
        return np.ones(len(weights))
    periods = [t.name for t in settings.periods]
    by_period = np.array([goal.period_weights.get(t, 1.0) for t in periods])
    blocks = []
    for part in access:
        each = np.array([goal.group_weights.get(g, 1.0) for g in part.groups])
        cube = worker_cube(demand, part.groups, periods)
        blocks.append((np.tensordot(each, cube, axes=1) * by_period).T.ravel())
    counted = np.concatenate(blocks)
    return np.divide(counted, weights, out=np.ones(len(weights)), where=weights > 0)


def _totals(group: Array, weights: Array) -> tuple[list[Any], Array]:
    """Districts with demand, and how much."""
    labels, code = np.unique(group, return_inverse=True)
    totals = np.bincount(code, weights, len(labels))
    return list(labels[totals > 0]), totals[totals > 0]


def _worth(settings: Settings, goal: PosedGoal, weights: Array) -> Worth:
    """What sites are worth under the study's goal."""
    asked = settings.siting.goal
    credit = asked.credit or (1.0,)
    worth = Worth(
        credit=credit, times=goal.times, capacity=goal.room,
        pairs=goal.apart if goal.price is not None else np.zeros((0, 2), np.int64), price=goal.price or 0.0,
    )  # fmt: skip
    if goal.group is not None:
        labels, totals = _totals(goal.group, weights * goal.counts)
        rows = [
            goal.of @ (weights * (goal.group == d)) / all_ for d, all_ in zip(labels, totals, strict=True)
        ]
        return replace(worth, scenarios=np.stack(rows), tail=1.0 / len(labels))
    if goal.factors is not None:
        scenarios = np.stack([goal.of @ (weights * f) for f in goal.factors])
        tails = {"mean": 1.0, "worst": 1.0 / len(scenarios), "cvar": max(asked.tail, 1.0 / len(scenarios))}
        return replace(worth, scenarios=scenarios, tail=tails[asked.aim])
    return worth


def goal_value(
    settings: Settings, goal: PosedGoal, weights: Array, sites: Array, *, closed: Iterable[int] = ()
) -> float:
    """What candidates ``sites`` are worth under the goal, ``closed`` open stations (their positions) gone."""
    stay = np.setdiff1d(np.arange(goal.movable), np.asarray(list(closed), np.int64)) + goal.n_candidates
    request = _request(goal, weights, {"p": max(1, len(sites))} if not goal.movable else {"p": 1})
    every = np.concatenate([np.asarray(sites, np.int64), stay]).astype(np.int64)
    return worth_of(request, _worth(settings, goal, weights), every)


def solve_goal(
    settings: Settings, goal: PosedGoal, weights: Array, rules: Mapping[str, Any], look: Mapping[str, Any]
) -> tuple[Solution, Array]:
    """The best plan under the goal: the solution (its sites are candidates) and the open stations that close.

    Parameters
    ----------
    rules
        ``p`` (None: the budget alone), required, forbidden, region, quota_min, quota_max, cost, budget.
    look
        time_limit_s, gap, work_limit, seed, progress.

    Raises
    ------
    ValueError
        No worker counts (all group or period weights in force are 0).
    InfeasibleError
        No plan obeys the rules.
    """
    check_weights(weights * goal.counts, len(weights))
    request, worth = _request(goal, weights, rules), _worth(settings, goal, weights)
    refuse_impossible(request.rules)
    totals = None if goal.group is None else _totals(goal.group, weights * goal.counts)[1]
    found = _solved(settings, request, worth, totals, look)
    new = found.chosen[found.chosen < goal.n_candidates]
    closed = np.setdiff1d(np.arange(goal.movable), found.chosen - goal.n_candidates)
    base = goal_value(settings, goal, weights, np.zeros(0, np.int64))
    return replace(found, chosen=new, base=base), closed


def _solved(
    settings: Settings, request: Request, worth: Worth, totals: Array | None, look: Mapping[str, Any]
) -> Solution:
    hard = effort(look["time_limit_s"], look["gap"], look["work_limit"], look["seed"], look["progress"])
    simple = worth.capacity is None and not len(worth.pairs) and len(worth.credit) == 1
    if simple and worth.credit[0] == 1.0 and (worth.scenarios is None or worth.tail == 1.0):
        if worth.scenarios is not None:
            request = replace(request, weights=worth.scenarios.mean(axis=0))
        return solve_covering(request, hard)
    quick = replace(hard, rounds=max(2, hard.rounds // 20), gap=1e-3, progress=None)
    start = solve_covering(request, quick).chosen
    hard.repeatable &= quick.repeatable
    aim = settings.siting.goal.aim
    if totals is not None:
        return solve_fair(request, worth, totals, [start], hard, lexicographic=aim == "lexicographic")
    return solve_composed(request, worth, [start], hard)
