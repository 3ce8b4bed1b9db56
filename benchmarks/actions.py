"""The five verbs on the embedded Suzhou: together, building alone, and one verb after the other, for the same money.

    python -m benchmarks actions

Money for the orders is split in tenths: each order of (build, re-time, move) and each way to divide the budgets among them
is planned by greedy steps, workers gained per money; a move closes the station that is missed least and opens the best place.
What closing saves is spent by later verbs. The ≥ 1,200 row asks for as many open stations at the end.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from planner.actions.pose import ActionProblem
from planner.actions.sequence import Tally

VERBS = ("build", "retime", "move")
OPEN_LEAST = 1200
#: How much a worker of the night counts in the plans for the night.
NIGHT = 20.0


class _State:
    """Options in force, money left."""

    def __init__(self, problem: ActionProblem, tally: Tally | None = None) -> None:
        self.tally = tally or Tally(problem, problem.keep)
        self.busy = np.zeros(len(problem.places.table), bool)
        self.gain = 0.0
        self.left = np.zeros(2)

    def copy(self, problem: ActionProblem) -> _State:
        other = _State.__new__(_State)
        other.tally = Tally.__new__(Tally)
        other.tally.covers, other.tally.weights = self.tally.covers, self.tally.weights
        other.tally.count = self.tally.count.copy()
        other.busy, other.gain, other.left = self.busy.copy(), self.gain, self.left.copy()
        return other


class Greedy:
    """Greedy steps of one verb after another."""

    def __init__(self, problem: ActionProblem, money: np.ndarray) -> None:
        self.problem, self.money = problem, money
        table = problem.options.table
        self.verb, self.place = table["verb"].to_numpy(object), problem.place
        self.cost = np.column_stack(
            [table["cost_yuan"].to_numpy(float), table["yearly_yuan"].to_numpy(float)]
        )
        self.keep = {int(self.place[o]): int(o) for o in problem.keep}
        self.district = problem.places.table["district"].to_numpy(object)

    def run(self, state: _State, verb: str) -> None:
        """Spend what is left on one verb."""
        options = np.flatnonzero(self.verb == verb)
        if verb == "move":
            self._moves(state, options)
            return
        heap = [(-self._rate(state, o), o) for o in options.tolist() if not state.busy[self.place[o]]]
        heapq.heapify(heap)
        while heap:
            _, o = heapq.heappop(heap)
            if state.busy[self.place[o]] or (self.cost[o] > state.left + 1e-9).any():
                continue
            rate = self._rate(state, o)
            if rate <= 0:
                continue
            if heap and rate < -heap[0][0] - 1e-12:
                heapq.heappush(heap, (-rate, o))
                continue
            self._make(state, (self.keep[int(self.place[o])],) if verb == "retime" else (), (o,))

    def _rate(self, state: _State, o: int) -> float:
        out = (self.keep[int(self.place[o])],) if self.verb[o] == "retime" else ()
        return state.tally.gain(out, (o,)) / max(
            float((np.maximum(self.cost[o], 0) / self.money).sum()), 1e-9
        )

    def _make(self, state: _State, out: tuple[int, ...], into: tuple[int, ...]) -> None:
        state.gain += state.tally.gain(out, into)
        state.tally.make(out, into)
        state.busy[self.place[list(into)]] = True
        state.left -= self.cost[list(into)].sum(axis=0)

    def _moves(self, state: _State, options: np.ndarray) -> None:
        """Pairs, district by district: the station missed least, the place that brings most for its money."""
        closes = {int(self.place[o]): int(o) for o in np.flatnonzero(self.verb == "close")}
        for d in sorted(set(self.district)):
            missed = sorted(
                (-state.tally.gain((self.keep[p],), ()), p) for p in closes
                if self.district[p] == d and not state.busy[p]
            )  # fmt: skip
            own = [
                int(o) for o in options if self.district[self.place[o]] == d and not state.busy[self.place[o]]
            ]
            heap = [(-self._rate(state, o), o) for o in own]
            heapq.heapify(heap)
            for _, p in missed:
                best = self._next(state, heap, closes[p])
                if best is None:
                    break
                out, into = (self.keep[p],), (closes[p], best)
                if state.tally.gain(out, into) <= 0:
                    break
                self._make(state, out, into)

    def _next(self, state: _State, heap: list[tuple[float, int]], close: int) -> int | None:
        while heap:
            _, o = heapq.heappop(heap)
            rate = self._rate(state, o)
            if (
                state.busy[self.place[o]]
                or ((self.cost[o] + self.cost[close]) > state.left + 1e-9).any()
                or rate <= 0
            ):
                continue
            if heap and rate < -heap[0][0] - 1e-12:
                heapq.heappush(heap, (-rate, o))
                continue
            return o
        return None


def sequences(problem: ActionProblem) -> list[dict[str, Any]]:
    """The best split of each order."""
    money = np.array([problem.most["one_off"], problem.most["yearly"]])
    greedy = Greedy(problem, money)
    rows = []
    for order in itertools.permutations(VERBS):
        best: tuple[float, tuple[int, ...]] = (-np.inf, ())
        for first in range(11):
            one = _State(problem)
            one.left = money * first / 10
            greedy.run(one, order[0])
            for second in range(11 - first):
                two = one.copy(problem)
                two.left = two.left + money * second / 10
                greedy.run(two, order[1])
                two.left = two.left + money * (10 - first - second) / 10
                greedy.run(two, order[2])
                best = max(best, (two.gain, (first, second, 10 - first - second)))
        rows.append(
            {"how": " → ".join(order), "newly covered": best[0], "tenths": "/".join(map(str, best[1]))}
        )
    return rows


def _row(what: str, ours: float, unit: str, peer: float | None = None, note: str = "") -> dict[str, Any]:
    ratio = None if not peer else ours / peer
    return {"what": what, "ours": ours, "peer": peer, "ratio": ratio, "peer_name": "building alone" if peer else "",
            "unit": unit, "note": note}  # fmt: skip


def lines(quick: bool, parts: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Rows: what is newly covered, with bound and gap, and the share covered at night (parts: together, orders)."""
    import planner
    from planner.actions.solve import ActionLook, solve_options

    study = planner.open_study()
    problem, actions = study.stages.value("action_problem"), study.settings.actions
    look = ActionLook(actions.work_limit, actions.gap, 600.0, study.settings.study.seed)
    base, alone = problem.workers(problem.keep), None
    more = study.with_(actions__open_least=OPEN_LEAST).stages.value("action_problem")
    late = next(k for k, t in enumerate(study.settings.periods) if t.name == "22_06")
    dark = replace(problem, weights=np.where(problem.period == late, NIGHT, 1.0) * problem.weights)
    asked = (
        ("building alone", problem.only(["build"])), ("five verbs together", problem),
        (f"five verbs, at least {OPEN_LEAST:,} open", more),
        (f"building alone, the night counting {NIGHT:g} times", dark.only(["build"])),
        (f"five verbs, the night counting {NIGHT:g} times", dark),
    )  # fmt: skip
    for how, posed in asked:
        begun = time.process_time()
        found = solve_options(posed, look)
        new = problem.workers(found.chosen) - base
        spent, lacks = time.process_time() - begun, found.bound - found.objective
        note = f"gap {found.gap:.3%} of what counts, {lacks / (found.objective - _worth(posed)):.2%} of what is new; {spent:.0f} s CPU"
        yield _row(f"{how}: newly covered", new, "workers", alone, note)
        yield _row(f"{how}: covered 22-06", _night(study, posed, found.chosen), "share")
        alone = new if alone is None else alone
    plan = study.site_stations()
    new = plan.solution.objective - plan.solution.base
    yield _row(
        "the 200 new stations of [siting]: newly covered",
        new,
        "workers",
        alone,
        "with its minima per district",
    )
    yield _row("the 200 new stations of [siting]: covered 22-06", plan.after.readings["night"], "share")
    yield _row("today: covered 22-06", plan.before.readings["night"], "share")
    if not quick and (not parts or "orders" in parts):
        for r in sequences(problem):
            yield _row(
                f"{r['how']}: newly covered",
                r["newly covered"],
                "workers",
                alone,
                f"tenths of the money {r['tenths']}",
            )


def _worth(problem: ActionProblem) -> float:
    """What today's stations are worth."""
    got = np.asarray(problem.covers[problem.keep].sum(axis=0)).ravel() > 0
    return float(problem.weights[got].sum())


def _night(study: Any, problem: ActionProblem, chosen: np.ndarray) -> float:
    """Share of the night's workers with an open station."""
    night = next(k for k, t in enumerate(study.settings.periods) if t.name == "22_06")
    problem = study.stages.value("action_problem") if problem.n_workers == len(problem.weights) else problem
    got = np.asarray(problem.covers[chosen].sum(axis=0)).ravel()[: problem.n_workers] > 0
    mine = problem.period[: problem.n_workers] == night
    return float(
        problem.weights[: problem.n_workers][got & mine].sum()
        / study.coverage().by_period["workers"].iloc[night]
    )
