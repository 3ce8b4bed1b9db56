"""The actions of a plan in the order in which they do most, and what each does alone, in the plan, and if it is refused."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from planner.actions.options import KEEP
from planner.actions.pose import ActionProblem

__all__ = ["Change", "Tally", "changes_of", "in_order", "substitutes"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Change:
    """One action: the options it takes back and those it puts in their place.

    ``place``: row of the place it is done to (of a move: the station that moves); ``to``: where it stands then.
    """

    verb: str
    place: int
    to: int
    out: tuple[int, ...]
    into: tuple[int, ...]


def changes_of(problem: ActionProblem, chosen: Array) -> list[Change]:
    """The actions that a choice of options comes to; stations that move are paired with the nearest places, district by district."""
    table = problem.options.table
    verb, place = table["verb"].to_numpy(object), problem.place
    keep = {int(place[o]): int(o) for o in problem.keep}
    taken = [int(o) for o in np.sort(chosen) if verb[o] != KEEP]
    pairs = _pairs(problem, [o for o in taken if verb[o] == "close"], [o for o in taken if verb[o] == "move"])
    moved = {o for pair in pairs for o in pair}
    made = []
    for o in taken:
        if o not in moved:
            n = int(place[o])
            made.append(Change(str(verb[o]), n, n, (keep[n],) if n in keep else (), (o,)))
    for close, move in pairs:
        old = int(place[close])
        made.append(Change("move", old, int(place[move]), (keep[old],), (close, move)))
    return made


def _pairs(problem: ActionProblem, close: Sequence[int], move: Sequence[int]) -> list[tuple[int, int]]:
    """Stations that move and places moved to, so that they go the least way in all; within a district.

    A station that has to close, and not to move, is paired last.
    """
    of = problem.places.table["district"].to_numpy(object)
    xy = np.column_stack([problem.places.table.geometry.x, problem.places.table.geometry.y])
    last = np.isin(problem.place[list(close)], problem.closing)
    found = []
    for d in sorted({of[problem.place[o]] for o in move}):
        a, b = ([k for k, o in enumerate(these) if of[problem.place[o]] == d] for these in (close, move))
        here, there = problem.place[[close[k] for k in a]], problem.place[[move[k] for k in b]]
        far = np.linalg.norm(xy[here][:, None] - xy[there][None], axis=2)
        far = far + np.where(last[a], 1e9, 0.0)[:, None]
        found += [(close[a[i]], move[b[j]]) for i, j in zip(*linear_sum_assignment(far), strict=True)]
    return found


class Tally:
    """How many of the options in force cover each column; what a change would do to the covered workers."""

    def __init__(self, problem: ActionProblem, options: Array) -> None:
        self.covers = sparse.csr_array(problem.covers[:, : problem.n_workers])
        self.weights = problem.weights[: problem.n_workers]
        self.count = np.asarray(self.covers[options].sum(axis=0, dtype=np.int64)).ravel()

    def columns(self, options: Sequence[int]) -> Array:
        """Columns that options cover, each as often as it is covered."""
        c = self.covers
        return np.concatenate(
            [c.indices[c.indptr[o] : c.indptr[o + 1]] for o in options] or [np.zeros(0, np.int32)]
        )

    def gain(self, out: Sequence[int], into: Sequence[int]) -> float:
        """Workers newly covered, less those no longer covered, by a change."""
        lost, won = self.columns(out), self.columns(into)
        touched = np.unique(np.concatenate([lost, won]))
        before = self.count[touched]
        after = before.copy()
        np.subtract.at(after, np.searchsorted(touched, lost), 1)
        np.add.at(after, np.searchsorted(touched, won), 1)
        return float(self.weights[touched] @ ((after > 0).astype(float) - (before > 0)))

    def make(self, out: Sequence[int], into: Sequence[int]) -> None:
        """Put a change into force."""
        np.subtract.at(self.count, self.columns(out), 1)
        np.add.at(self.count, self.columns(into), 1)


def in_order(problem: ActionProblem, changes: Sequence[Change]) -> tuple[list[int], Array, Array, Array]:
    """The order in which each change in its turn does most, and per change (as given) what it does.

    Returns
    -------
    order, gained, alone, refused
        ``gained``: in its turn, so that they sum to what the plan adds; ``alone``: on top of what there is today;
        ``refused``: workers whom the plan loses without it.
    """
    tally = Tally(problem, problem.keep)
    alone = np.array([tally.gain(c.out, c.into) for c in changes])
    heap = [(-g, n) for n, g in enumerate(alone.tolist())]
    heapq.heapify(heap)
    order, gained = [], np.zeros(len(changes))
    while heap:
        _, n = heapq.heappop(heap)
        now = tally.gain(changes[n].out, changes[n].into)
        if heap and -now > heap[0][0] + 1e-12:
            heapq.heappush(heap, (-now, n))
            continue
        order.append(n)
        gained[n] = now
        tally.make(changes[n].out, changes[n].into)
    refused = np.array([-tally.gain(c.into, c.out) for c in changes])
    return order, gained, alone, refused


class _Crowd:
    """How many stations of a plan stand too near to each place."""

    def __init__(self, problem: ActionProblem, chosen: Array) -> None:
        n, pairs = len(problem.places.table), problem.apart
        both = (np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]]))
        self.near = sparse.csr_array((np.ones(2 * len(pairs), np.int64), both), shape=(n, n))
        self.problem, self.standing = problem, np.zeros(n, np.int64)
        self.standing[problem.place[chosen[problem.stands[chosen]]]] = 1

    def without(self, change: Change) -> Array:
        """Per place, an action of the plan refused."""
        standing, stands, place = self.standing, self.problem.stands, self.problem.place
        if self.near.nnz:
            standing = standing.copy()
            for options, value in ((change.into, 0), (change.out, 1)):
                standing[[place[o] for o in options if stands[o]]] = value
        crowd: Array = self.near @ standing
        return crowd


@dataclass(frozen=True)
class Substitute:
    """What could be done nearby instead of a refused action: option (-1: nothing), metres to it, workers still lost."""

    option: int
    metres: float
    loss: float


def substitutes(
    problem: ActionProblem, chosen: Array, changes: Sequence[Change], refused: Array, near: Any
) -> list[Substitute]:
    """The best thing to do within reach if an action is refused: at another place, no dearer once nor a year.

    ``near``: metres on the street from where each action is done (``to``) to every place in reach (csr; stored = in reach).
    """
    near = sparse.csr_array(near)
    table, tally = problem.options.table, Tally(problem, np.asarray(chosen))
    verb, place = table["verb"].to_numpy(object), problem.place
    once, yearly = table["cost_yuan"].to_numpy(float), table["yearly_yuan"].to_numpy(float)
    ptr = np.searchsorted(place, np.arange(len(problem.places.table) + 1))
    busy = np.zeros(len(problem.places.table), dtype=bool)
    busy[place[[o for c in changes for o in (*c.out, *c.into)]]] = True
    usable = np.isin(verb, ("build", "retime", "cobrand"))
    usable[problem.forbidden] = False
    near_by = _Crowd(problem, chosen)
    found = []
    for n, change in enumerate(changes):
        there = near.indices[near.indptr[n] : near.indptr[n + 1]]
        metres = near.data[near.indptr[n] : near.indptr[n + 1]]
        free = ~busy[there] & (near_by.without(change)[there] == 0)
        options = np.concatenate(
            [np.arange(ptr[p], ptr[p + 1]) for p in there[free]] or [np.zeros(0, np.int64)]
        )
        at = dict(zip(there.tolist(), metres.tolist(), strict=True))
        spend = [sum(v[o] for o in change.into) for v in (once, yearly)]
        fits = usable[options] & (once[options] <= spend[0] + 1e-9) & (yearly[options] <= spend[1] + 1e-9)
        options = options[fits]
        if change.verb in ("close", "upgrade") or not len(options):
            found.append(Substitute(-1, float("nan"), float(max(refused[n], 0.0))))
            continue
        tally.make(change.into, change.out)
        gains = tally.covers[options] @ np.where(tally.count == 0, tally.weights, 0.0)
        tally.make(change.out, change.into)
        best = int(np.lexsort((options, -gains))[0])
        loss = float(max(refused[n] - gains[best], 0.0))
        found.append(Substitute(int(options[best]), float(at[int(place[options[best]])]), loss))
    return found
