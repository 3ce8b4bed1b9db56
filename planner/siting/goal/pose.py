"""What a study's plan is after, where that is more than the most workers in the circle.

A goal is posed once as rows of a covering problem: a row is a set of demand points with one share of
fading cover, worth its workers times that share. Everything a study may ask for (credits for second
cover, room of a station, scenarios, districts, close pairs, stations that move) then acts on these rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.settings.groups import Period
from planner.settings.siting import Goal
from planner.siting.coverage import Access, worker_cube
from planner.siting.goal.choice import CandidatePulls, StationChoice, pulls_of
from planner.siting.open_times import Patterns
from planner.solvers.concave import Choices, solve_choices
from planner.solvers.covering.composed import Worth, solve_composed, worth_of
from planner.solvers.covering.fair import solve_fair
from planner.solvers.covering.maximal import solve_covering
from planner.solvers.covering.search import best_first
from planner.solvers.effort import Effort
from planner.solvers.infeasible import refuse_impossible
from planner.solvers.merge import equal_columns
from planner.solvers.request import (
    Request,
    check_covered,
    check_covers,
    check_rules,
    check_weights,
)
from planner.solvers.rules import Rules
from planner.solvers.solution import Solution
from planner.solvers.variants import conflicts_within

__all__ = [
    "FADE_RINGS",
    "Ground",
    "PosedGoal",
    "close_sites",
    "fade_shares",
    "goal_value",
    "pose_goal",
    "solve_goal",
    "with_kept",
    "worker_counts",
    "xy_of",
]

Array = NDArray[Any]

#: Rings of equal width between the two distances of ``fade_m``; ring i of k counts 1 − (i + ½)/k.
FADE_RINGS = 5
#: Label of the stations that are open today, where they may move.
_OPEN = "\x00open"


@dataclass(frozen=True)
class Ground:
    """What a plan stands on: demand, districts and candidates, and who reaches what.

    Attributes
    ----------
    demand, districts, candidates
        The study's tables; of the demand its points, merged where the same sites are in reach.
    existing, new
        Ways of travelling to the open stations and to the candidates, same groups in the same order.
    existing_open, new_open
        bool (n_sites × n_periods).
    factors
        Workers per demand scenario and row of ``demand`` over the estimate (aims over scenarios).
    by_time
        Opening hours as they are, the open stations' first, for a plan that is judged by them.
    existing_share, new_share
        Share of each period that sites are open, where that is asked (aim at use).
    choice
        How workers choose (aim at use).
    """

    demand: pd.DataFrame
    districts: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    existing: tuple[Access, ...]
    existing_open: Array
    new: tuple[Access, ...]
    new_open: Array
    factors: Array | None = None
    by_time: Patterns | None = None
    existing_share: Array | None = None
    new_share: Array | None = None
    choice: StationChoice | None = None


@dataclass(frozen=True)
class PosedGoal:
    """Rows of a goal.

    Attributes
    ----------
    goal
        What the study asks for.
    covers
        csr (n_sites × n_rows): candidates first, then the open stations where they may move.
    of
        csr (n_rows × n_points): share of each demand point's weight that belongs to a row.
    times
        How many stations that stay reach each row.
    apart
        Close pairs of candidates (k × 2 positions), which exclude each other or have a price.
    room
        Most weight each site serves; None: no limit.
    movable
        How many open stations stand behind the candidates; ``moves``: how many of them may close.
    factors
        Per scenario and point, for aims over scenarios; ``group``: district of each point, for fair ones.
    counts
        How much a worker of each point counts; in occasions a day where use is the aim.
    pulls
        Odds per candidate and point, where use is the aim.
    """

    goal: Goal
    covers: sparse.csr_array
    of: sparse.csr_array
    times: Array
    apart: Array
    room: Array | None
    movable: int
    moves: int
    factors: Array | None
    group: Array | None
    counts: Array
    pulls: CandidatePulls | None = None

    @property
    def n_candidates(self) -> int:
        """Sites that may be opened."""
        return int(self.covers.shape[0]) - self.movable


def fade_shares(part: Access, fade_m: tuple[float, float] | None) -> Array:
    """How much of its point each stored entry covers, in [0, 1]: rings of fading cover on foot, else the cutoff."""
    data = part.seconds.data.astype(np.float64)
    if fade_m is None or part.metres_per_s is None:
        return (data <= part.cutoff_s).astype(float)
    near, far = fade_m
    out = (data * part.metres_per_s - near) / (far - near)
    ring = np.maximum(np.ceil(out * FADE_RINGS - 1e-9), 0.0)  # 0: within the first distance
    share = np.where(ring == 0, 1.0, 1 - (ring - 0.5) / FADE_RINGS)
    return np.where(ring > FADE_RINGS, 0.0, share)


def _shares(access: Sequence[Access], is_open: Array, fade_m: tuple[float, float] | None) -> sparse.csr_array:
    """How much of each point (way, period, cell) a site covers: csr in (0, 1], as ``cover_matrix`` runs."""
    blocks = []
    for part in access:
        share = fade_shares(part, fade_m)
        rows = np.repeat(np.arange(part.seconds.shape[0]), np.diff(part.seconds.indptr))
        for t in range(is_open.shape[1]):
            on = is_open[rows, t] & (share > 0)
            where = (rows[on], part.seconds.indices[on])
            blocks.append(sparse.coo_array((share[on], where), shape=part.seconds.shape))
    return sparse.csr_array(sparse.hstack(blocks, format="csr"))


def _level(
    new: sparse.csr_array, old: sparse.csr_array, share: float, live: Array
) -> tuple[Array, sparse.csr_array, sparse.csr_array, int]:
    """Points of ``live`` with equal cover at ``share`` or more: (row of each, new, old cover per row, rows)."""
    at = [
        sparse.csr_array(((m.data >= share - 1e-12).astype(float), m.indices, m.indptr), shape=m.shape)
        for m in (new, old)
    ]
    both = sparse.csr_array(sparse.vstack(at, format="csc")[:, live])
    both.eliminate_zeros()
    first, row = equal_columns(both)
    kept = sparse.csr_array(both[:, first])
    return row, kept[: new.shape[0]], kept[new.shape[0] :], len(first)


def pose_goal(goal: Goal, ground: Ground, weights: Array, counts: Array) -> PosedGoal | None:
    """Pose a study's goal; None where it asks for nothing beyond the most workers in the circle.

    ``weights`` per point (way, period, cell); ``counts``: how much a worker there counts (:func:`worker_counts`).
    """
    if goal.plain:
        return None
    if goal.aim == "use" and ground.choice is not None:
        return _posed_use(goal, ground, ground.choice, counts)
    slots = _slots(goal, ground)
    gone = _shares(ground.existing, slots.existing, goal.fade_m)
    come = _shares(ground.new, slots.new, goal.fade_m)
    moving = goal.relocate > 0
    there = weights > 0 if slots.of is None else slots.of @ weights > 0
    live = np.flatnonzero(there & (np.diff(sparse.csc_array(sparse.vstack([gone, come])).indptr) > 0))
    if not len(live):  # nothing in reach of anything: one row, covered by none
        live = np.zeros(1, np.int64)
    rings = [(i + 0.5) / FADE_RINGS for i in range(FADE_RINGS)] if goal.fade_m is not None else []
    covers, of, times, below = [], [], [], 0.0
    for share in [*rings, 1.0]:
        row, by_new, by_old, n_rows = _level(come, gone, share, live)
        covers.append(sparse.vstack([by_new, by_old]) if moving else by_new)
        times.append(np.zeros(n_rows) if moving else np.asarray(by_old.sum(axis=0)).ravel())
        part = np.full(len(live), share - below)
        of.append(sparse.csr_array((part, (row, live)), shape=(n_rows, len(there))))
        below = share
    rows = sparse.csr_array(sparse.vstack(of))
    rows = rows if slots.of is None else sparse.csr_array(rows @ slots.of)
    district = ground.demand["district"].to_numpy(dtype=str)
    blocks = len(weights) // max(1, len(district))
    n_old = ground.existing_open.shape[0] if moving else 0
    over = goal.aim in ("mean", "cvar", "worst") and ground.factors is not None
    return PosedGoal(
        goal=goal,
        covers=_structure(sparse.csr_array(sparse.hstack(covers))),
        of=sparse.csr_array(rows * counts[None, :]),
        times=np.concatenate(times).astype(np.int64),
        apart=close_sites(xy_of(ground.candidates), goal.spacing_m),
        room=_room(goal, ground.candidates["host_kind"].to_numpy(dtype=str), n_old, float(weights.sum())),
        movable=n_old,
        moves=min(goal.relocate, n_old),
        factors=np.tile(ground.factors, (1, blocks)) if over and ground.factors is not None else None,
        group=np.tile(district, blocks) if goal.aim in ("fair", "lexicographic") else None,
        counts=counts,
    )


@dataclass(frozen=True)
class _Slots:
    """Times at which sites are open or not, as rows of a goal stand for them.

    ``existing``, ``new``: bool (n_sites × n_slots); ``of``: csr ((way, slot, cell) × (way, period, cell)), the share of each
    demand point that is there in a slot; None where the slots are the periods.
    """

    existing: Array
    new: Array
    of: sparse.csr_array | None


def _slots(goal: Goal, ground: Ground) -> _Slots:
    """The periods of the day, or the patterns of quarter-hours where hours count as they are."""
    if goal.open_rule == "half":
        return _Slots(ground.existing_open, ground.new_open, None)
    if ground.by_time is None:
        raise ValueError('open_rule = "time" needs the hours of every site by quarter-hours')
    n_old, n_cells = len(ground.existing_open), len(ground.demand)
    share = sparse.csr_array(ground.by_time.share["time"].T)
    by_way = sparse.kron(share, sparse.eye_array(n_cells), format="csr")
    of = sparse.csr_array(sparse.block_diag([by_way] * len(ground.new), format="csr"))
    return _Slots(ground.by_time.open[:n_old], ground.by_time.open[n_old:], of)


def _posed_use(goal: Goal, ground: Ground, choice: StationChoice, counts: Array) -> PosedGoal:
    """Use as a goal: no rows, the odds themselves."""
    nothing = np.zeros(0, np.int64)
    shares = [
        is_open.astype(float) if share is None else share
        for share, is_open in (
            (ground.existing_share, ground.existing_open),
            (ground.new_share, ground.new_open),
        )
    ]
    pulls = pulls_of(choice, ground.existing, shares[0], ground.new, shares[1])
    return PosedGoal(
        goal=goal, covers=sparse.csr_array(pulls.new.shape), of=sparse.csr_array((0, len(counts))), times=nothing,
        apart=close_sites(xy_of(ground.candidates), goal.spacing_m), room=None, movable=0, moves=0, factors=None, group=None,
        counts=counts, pulls=pulls,
    )  # fmt: skip


def close_sites(xy_m: Array, spacing_m: float) -> Array:
    """Pairs of sites (k × 2 positions) nearer than ``spacing_m``."""
    if spacing_m <= 0:
        return np.zeros((0, 2), np.int64)
    return conflicts_within(xy_m[:, 0], xy_m[:, 1], spacing_m)


def xy_of(table: gpd.GeoDataFrame) -> Array:
    """Coordinates of a table of points (n × 2)."""
    return shapely.get_coordinates(table.geometry.to_numpy())


def _structure(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.eliminate_zeros()
    return sparse.csr_array((np.ones(matrix.nnz, np.int8), matrix.indices, matrix.indptr), shape=matrix.shape)


def _room(goal: Goal, host_kind: Array, n_old: int, whole: float) -> Array | None:
    """Workers a site has room for; open stations have room for all."""
    if goal.visits_per_day is None:
        return None
    visits = [goal.visits_by_kind.get(str(kind), goal.visits_per_day) for kind in host_kind]
    return np.concatenate([np.asarray(visits, float) / goal.visits_per_worker, np.full(n_old, whole)])


def _with_open(rules: Rules, goal: PosedGoal) -> Rules:
    """The rules on candidates and, behind them, the open stations, of which so many may close.

    These have a label of their own in the first partition, and none that is limited in the others.
    """
    old = goal.movable
    if not old:
        return rules
    first, *rest = (
        replace(
            q, of=np.concatenate([q.of, np.full(old, len(q.labels))]), labels=(*q.labels, _OPEN),
            least=np.append(q.least, 0), most=np.append(q.most, old),
        )
        for q in rules.partitions
    )  # fmt: skip
    first = replace(first, least=np.append(first.least[:-1], old - goal.moves))
    apart = rules.conflicts.copy()
    apart.resize((rules.n_sites + old,) * 2)
    cost = None if rules.cost is None else np.concatenate([rules.cost, np.zeros(old)])
    p = None if rules.p is None else rules.p + old
    return replace(
        rules, n_sites=rules.n_sites + old, p=p, partitions=(first, *rest), cost=cost, conflicts=apart
    )


def _request(goal: PosedGoal, weights: Array, rules: Rules) -> Request:
    """The covering request of a goal."""
    covers = check_covers(goal.covers)
    covered = check_covered(goal.times > 0, covers.shape[1])
    return Request(covers, np.asarray(goal.of @ weights, float), covered, _with_open(rules, goal))


def worker_counts(goal: Goal, periods: Sequence[Period], ground: Ground, weights: Array) -> Array:
    """How much a worker of each point (way, period, cell) counts: the mean over its groups, times the period's."""
    choice = ground.choice if goal.aim == "use" else None
    if choice is None and not (goal.group_weights or goal.period_weights):
        return np.ones(len(weights))
    per_group = goal.group_weights if choice is None else choice.occasions
    names = [t.name for t in periods]
    by_period = np.array([goal.period_weights.get(t, 1.0) for t in names])
    blocks = []
    for part in ground.new:
        each = np.array([per_group.get(g, 1.0) for g in part.groups])
        cube = worker_cube(ground.demand, part.groups, names)
        blocks.append((np.tensordot(each, cube, axes=1) * by_period).T.ravel())
    counted = np.concatenate(blocks)
    return np.divide(counted, weights, out=np.ones(len(weights)), where=weights > 0)


def _totals(group: Array, weights: Array) -> tuple[list[Any], Array]:
    """Districts with demand, and how much."""
    labels, code = np.unique(group, return_inverse=True)
    totals = np.bincount(code, weights, len(labels))
    return list(labels[totals > 0]), totals[totals > 0]


def _worth(goal: PosedGoal, weights: Array) -> Worth:
    """What sites are worth under the study's goal."""
    asked = goal.goal
    priced = asked.spacing_price is not None
    worth = Worth(
        credit=asked.credit or (1.0,), times=goal.times, capacity=goal.room,
        pairs=goal.apart if priced else np.zeros((0, 2), np.int64), price=asked.spacing_price or 0.0,
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


def with_kept(request: Request, kept: Array) -> Request:
    """The request where the first sites count ``kept`` workers besides, each by a demand point that it alone covers."""
    own = np.flatnonzero(kept > 0)
    n_sites = request.covers.shape[0]
    alone = sparse.csr_array((np.ones(len(own)), (own, np.arange(len(own)))), shape=(n_sites, len(own)))
    covers = check_covers(sparse.hstack([request.covers, alone], format="csr"))
    return replace(
        request, covers=covers, weights=np.append(request.weights, kept[own]),
        covered=np.append(request.covered, np.zeros(len(own), bool)),
    )  # fmt: skip


def goal_value(
    goal: PosedGoal, weights: Array, sites: Array, *, closed: Iterable[int] = (), kept: Array | None = None
) -> float:
    """What candidates ``sites`` are worth under the goal, ``closed`` open stations (their positions) gone.

    ``kept``: what each candidate counts besides.
    """
    if kept is not None:
        own = float(kept[np.asarray(sites, np.int64)].sum())
        return own + goal_value(goal, weights, sites, closed=closed)
    if goal.pulls is not None:
        return Choices(goal.pulls.new, goal.pulls.base, weights * goal.counts).value(
            np.asarray(sites, np.int64)
        )
    stay = np.setdiff1d(np.arange(goal.movable), np.asarray(list(closed), np.int64)) + goal.n_candidates
    request = _request(goal, weights, check_rules(goal.n_candidates, None, needs_count=False))
    every = np.concatenate([np.asarray(sites, np.int64), stay]).astype(np.int64)
    return worth_of(request, _worth(goal, weights), every)


def solve_goal(
    goal: PosedGoal, weights: Array, rules: Rules, effort: Effort, known: Solution | None = None, kept: Array | None = None
) -> tuple[Solution, Array]:  # fmt: skip
    """The best plan under the goal: the solution (its sites are candidates) and the open stations that close.

    ``known``: the solution of a neighbouring problem, from which the search sets out; ``kept``: what each candidate counts
    besides, under goals that are sums over demand points (:func:`planner.siting.goal.words.adds_up`).

    Raises
    ------
    ValueError
        No worker counts (all group or period weights in force are 0).
    InfeasibleError
        No plan obeys the rules.
    """
    check_weights(weights * goal.counts, len(weights))
    if goal.pulls is not None:
        refuse_impossible(rules)
        choices = Choices(goal.pulls.new, goal.pulls.base, weights * goal.counts)
        return solve_choices(choices, rules, effort), np.zeros(0, np.int64)
    request, worth = _request(goal, weights, rules), _worth(goal, weights)
    refuse_impossible(request.rules)
    plain, request = request, request if kept is None else with_kept(request, kept)
    totals = None if goal.group is None else _totals(goal.group, weights * goal.counts)[1]
    found = _solved(goal.goal, request, worth, totals, effort, known)
    new = found.chosen[found.chosen < goal.n_candidates]
    if kept is not None and not goal.movable:  # best first whatever last year's plan had
        new = best_first(plain.covers, np.where(plain.covered, 0.0, plain.weights), new)
    closed = np.setdiff1d(np.arange(goal.movable), found.chosen - goal.n_candidates)
    base = goal_value(goal, weights, np.zeros(0, np.int64))
    return replace(found, chosen=new, base=base), closed


def _solved(
    goal: Goal, request: Request, worth: Worth, totals: Array | None, effort: Effort, known: Solution | None
) -> Solution:
    simple = worth.capacity is None and not len(worth.pairs) and len(worth.credit) == 1
    if simple and worth.credit[0] == 1.0 and (worth.scenarios is None or worth.tail == 1.0):
        if worth.scenarios is not None:
            request = replace(request, weights=worth.scenarios.mean(axis=0))
        return solve_covering(request, effort, known)
    quick = replace(effort, rounds=max(2, effort.rounds // 20), gap=1e-3, progress=None)
    start = solve_covering(request, quick, known).chosen
    effort.repeatable &= quick.repeatable
    if totals is not None:
        return solve_fair(request, worth, totals, [start], effort, lexicographic=goal.aim == "lexicographic")
    return solve_composed(request, worth, [start], effort)
