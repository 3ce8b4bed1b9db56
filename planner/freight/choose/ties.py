"""Plans that serve as many drivers as the one found: counted, and the best of them by who passes and by detour.

What a set of homes serves is submodular (a maximum flow): a home adds no more to a larger set than to a smaller one. So a
set that lacks more than its best further homes add at most is the beginning of no tie, and the search leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.freight.choose.master import Best, Master, break_tie
from planner.freight.choose.problem import HomesProblem, served

__all__ = ["Ties", "tied", "untie"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Flows are whole thousandths of a driver for each home and segment: plans this near serve alike (drivers).
ALIKE = 0.05
#: Flows that are computed to count ties at most: a fixed amount of work, so that a count repeats on every machine.
WORK = 4000


@dataclass(frozen=True, eq=False)
class Ties:
    """Plans with the objective of the one chosen.

    Attributes
    ----------
    plans
        How many there are, the chosen one among them.
    exact
        Whether these are all; otherwise there are at least so many.
    passing
        Distinct drivers a month who pass a home of the chosen plan, existing ones included.
    detour_minutes
        Their mean detour by the nearest.
    """

    plans: int
    exact: bool
    passing: float
    detour_minutes: float


def untie(
    master: Master, best: Best, count: int | None, *, base: float, seconds: float, work: int = WORK
) -> tuple[Best, Ties]:
    """The plan that most drivers pass among those that serve as many as ``best``, of these the one of least detour.

    Of plans alike in that too, the one whose homes stand first. Where the plans are too many to be counted, the
    model looks for the one that most drivers pass, and the best of those known is taken.

    Parameters
    ----------
    master
        Of the problem whose plan ``best`` is.
    count
        New homes at most.
    """
    problem = master.problem
    plans, exact = tied(problem, best.drivers + base, count, work=work)
    known = {tuple(p) for p in plans} | {tuple(sorted(best.homes.tolist()))}
    if not exact:
        found = break_tie(master, best, count, base=base, seconds=seconds)
        known.add(tuple(sorted(found.homes.tolist())))
        known |= set(swapped(problem, found.homes, best.drivers + base, work=work))
    now = np.flatnonzero(problem.open_now)

    def rank(plan: tuple[int, ...]) -> tuple[float, float, tuple[int, ...]]:
        passing, detour = _passing(problem, np.concatenate([now, np.array(plan, np.int64)]))
        return -round(passing, 3), round(detour, 6), plan

    order = sorted(rank(plan) for plan in known)
    homes = np.array(order[0][2], np.int64)
    got = served(problem, np.concatenate([now, homes])).total - base
    got = best.drivers if abs(got - best.drivers) <= 2 * ALIKE else got
    passing, detour = _passing(problem, np.concatenate([now, homes]))
    return replace(best, homes=homes, drivers=min(got, best.bound)), Ties(len(known), exact, passing, detour)


def _passing(problem: HomesProblem, homes: Ints) -> tuple[float, float]:
    if problem.passing is not None:
        return problem.passing.by(homes)
    near = np.asarray(problem.reach[:, homes].sum(1)).ravel() > 0
    return float(problem.drivers[near].sum()), 0.0


def tied(
    problem: HomesProblem, goal: float, count: int | None, *, work: int = WORK
) -> tuple[list[list[int]], bool]:
    """Every plan of one to ``count`` new homes that the rules allow and that serves ``goal`` drivers in all.

    Parameters
    ----------
    goal
        Drivers served, those of the existing homes included.
    work
        Flows that are computed at most.

    Returns
    -------
    The plans, each ascending, and whether these are all.
    """
    search = _Search(problem, goal - ALIKE, len(problem.capacity) if count is None else count, work)
    now = np.flatnonzero(problem.open_now)
    free = np.flatnonzero(~problem.open_now)
    have = served(problem, now).total
    alone = np.asarray(problem.reach.T.astype(float) @ problem.drivers).ravel()
    room = np.minimum(problem.capacity, alone)[free]
    order = np.argsort(-room, kind="stable")
    search.grow([], have, free[order], room[order])
    return search.plans, search.left >= 0


def swapped(problem: HomesProblem, homes: Ints, goal: float, *, work: int = WORK) -> list[tuple[int, ...]]:
    """Plans that serve ``goal`` drivers in all with one of ``homes`` exchanged for another; at most ``work`` are looked at."""
    search = _Search(problem, goal - ALIKE, len(homes), work)
    free = [h for h in np.flatnonzero(~problem.open_now).tolist() if h not in set(homes.tolist())]
    out = list[tuple[int, ...]]()
    for gone in homes.tolist():
        rest = [h for h in homes.tolist() if h != gone]
        for h in free:
            plan = [*rest, h]
            if (
                search.apart[h, rest].any()
                or search.cost[plan].sum() > search.budget
                or not search.allowed(plan)
            ):
                continue
            if search.left <= 0:
                return out
            search.left -= 1
            if served(problem, np.array([*search.now, *plan])).total >= search.goal:
                out.append(tuple(sorted(plan)))
    return out


class _Search:
    """A walk through all plans, each begun with its home that stands first in the order, with what is left of the work."""

    def __init__(self, problem: HomesProblem, goal: float, count: int, work: int) -> None:
        self.problem, self.goal, self.count, self.left = problem, goal, count, work
        self.plans: list[list[int]] = []
        self.now = np.flatnonzero(problem.open_now)
        self.cost = np.zeros(len(problem.capacity)) if problem.cost is None else problem.cost
        self.budget = np.inf if problem.budget is None else problem.budget * (1 + 1e-9)
        self.apart = np.zeros((len(problem.capacity),) * 2, bool)
        self.apart[tuple(problem.conflicts.T)] = True
        self.apart |= self.apart.T

    def grow(self, plan: list[int], have: float, rest: Ints, adds: Floats) -> None:
        """Plans that begin with ``plan``, which serves ``have``; ``adds``: what each of ``rest`` adds at most."""
        room = self.count - len(plan)
        if room <= 0:
            return
        spent = float(self.cost[plan].sum())
        fits = ~self.apart[rest][:, plan].any(1) & (self.cost[rest] + spent <= self.budget)
        rest, adds = rest[fits], adds[fits].copy()
        cheap = max(float(self.cost[rest].min(initial=np.inf)), 1.0)
        done: list[tuple[int, float]] = []
        for i, home in enumerate(rest.tolist()):
            left = self.budget - spent - self.cost[home]
            more = room - 1 if not np.isfinite(left) else min(room - 1, int(left / cheap + 1e-9))
            others = np.sort(adds[i + 1 :])[::-1][:more].sum()
            if have + adds[i] + others < self.goal:
                continue
            if self.left <= 0:
                self.left = -1
                return
            self.left -= 1
            got = served(self.problem, np.array([*self.now, *plan, home])).total
            adds[i] = max(got - have, 0.0)
            done.append((i, got))
            if got >= self.goal and self.allowed([*plan, home]):
                self.plans.append(sorted([*plan, home]))
        for i, got in done:
            self.grow([*plan, int(rest[i])], got, rest[i + 1 :], adds[i + 1 :])
            if self.left < 0:
                return

    def allowed(self, plan: list[int]) -> bool:
        """Whether each long trip has a stop; spacing and budget hold on the way."""
        must = self.problem.must
        return must is None or bool((np.asarray(must[:, [*self.now, *plan]].sum(1)).ravel() > 0).all())
