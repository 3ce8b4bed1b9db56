"""Workers covered against the worst-off district: plans with five verbs within the same money, every point with its bound.

The least share is lifted as :mod:`planner.equity.front` lifts it: with a price on each district's share, a plan whose shares are all ℓ
or more covers at most what the priced problem's bound leaves, for every ℓ at once. How far it can be lifted at all is bounded the same
way, shares alone being paid for: with prices that sum to one, no plan's least share is above their weighted mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.actions.frontier import options_request
from planner.actions.pose import ActionProblem
from planner.actions.sequence import changes_of
from planner.actions.solve import Solved
from planner.equity.fairness import AVERSION, covered_units
from planner.equity.front import FairFront, Front, front_rows, raised
from planner.equity.indices import gini, kolm_pollak_ede, kolm_pollak_kappa
from planner.options.solve import PricedSolution, solve_options
from planner.progress import Progress, silent
from planner.settings.actions import VERBS, Actions
from planner.settings.groups import Period
from planner.solvers.effort import effort

__all__ = ["ActionFairFront", "action_fair_front"]

Array = NDArray[Any]
#: Rounds of work of a plan after the first, plans that lift the least share as far as they can, plans per level between.
ROUNDS, LIFTS, TURNS = 4, 8, 3
#: How fast the prices of shares follow those that stay behind.
PACE = 8.0


@dataclass(frozen=True)
class ActionFairFront:
    """The most workers covered against the worst-off district's share, by plans with five verbs.

    Attributes
    ----------
    front
        The points, from the most workers to the best-off worst district, with bounds (:class:`planner.equity.front.FairFront`). Its
        table has besides: ``new`` (newly covered), ``cost_yuan``, ``yearly_yuan``, a column per verb with its number of actions,
        ``gini`` and ``ede`` (Kolm–Pollak, κ of today's shares) of the covered shares of districts × groups.
    today
        ``covered``, ``share``, ``least_share``, ``gini``, ``ede`` as things are.
    """

    front: FairFront
    today: dict[str, float]

    @property
    def table(self) -> pd.DataFrame:
        """The points."""
        return self.front.table

    @property
    def least_bound(self) -> float:
        """No plan within the limits lifts the worst-off district above this share."""
        return self.front.least_bound

    def __repr__(self) -> str:
        said = repr(self.front).removeprefix("FairFront(")
        return f"ActionFairFront(today {self.today['least_share']:.1%} in the worst-off district; {said}"

    def _repr_html_(self) -> str:
        shares: dict[Any, Any] = dict.fromkeys(("level", "share", "least_share"), "{:.1%}".format)
        shares |= {"gap": "{:.3%}".format, "gini": "{:.3f}".format, "ede": "{:.3f}".format}
        table = self.table.to_html(index=False, escape=True, float_format="{:,.0f}".format, formatters=shares)
        return f"<p>{escape(repr(self))}</p>{self.picture()}{table}"

    def picture(self) -> str:
        """Workers to the right, the worst-off district's share upwards; bars show what no plan exceeds. SVG text."""
        return self.front.picture()


def action_fair_front(
    problem: ActionProblem, solved: Solved, actions: Actions, *, periods: tuple[Period, ...], points: int, aversion: float = AVERSION,
    time_limit_s: float, seed: int, progress: Progress | None = None,
) -> ActionFairFront:  # fmt: skip
    """The front within the study's limits on money and numbers, whatever last year's plan had.

    Limits on who loses the circle are not in force here, nor do grades count. ``points``: levels of the least share, evenly from that
    of the plan that covers most to the highest found.
    """
    say = progress or silent
    asked = _Lifting(_workers_alone(problem), actions, time_limit_s, seed)
    front = asked.front
    say("actions", 0.0)
    front.add(solved.solution.chosen)
    first = asked.solve(np.ones(len(front.totals)), None, actions.work_limit)
    front.priced(np.zeros(len(front.totals)), first.solution)
    least_bound = asked.lift(first, lambda k: say("actions", 0.5 * k / LIFTS))
    raised(front, least_bound, np.zeros(len(front.totals)), first, asked.priced)  # plans between the ends
    start, last = front.ends[front.best(0.0)][1].min(), max(float(shares.min()) for _, shares in front.ends)
    levels, mu, known = np.linspace(float(start), last, points), np.zeros(len(front.totals)), first
    for n, level in enumerate(levels[1:]):
        say("actions", 0.5 + 0.5 * n / points)
        known, mu = raised(front, float(level), mu, known, asked.priced, turns=TURNS)
    told = _Told(problem, periods, aversion)
    rows = pd.DataFrame(list(front_rows(front, levels, told.plan)))
    whole = float(front.totals.sum())
    rows["new"] = rows["covered"] - told.today["covered"]
    today = {
        **told.today,
        "share": told.today["covered"] / whole,
        "least_share": float(front.score(problem.keep)[1].min()),
    }
    highest = max(last, min(least_bound, *(a / (whole + b) for a, b in front.lines)))
    return ActionFairFront(FairFront(rows, highest, front.repeatable), today)


def _workers_alone(problem: ActionProblem) -> ActionProblem:
    """The same where only workers count."""
    n = problem.n_workers
    return replace(
        problem.unpriced(), covers=sparse.csr_array(problem.covers[:, :n]), weights=problem.weights[:n], district=problem.district[:n],
        period=problem.period[:n], today=problem.today[:n],
    )  # fmt: skip


class _Lifting:
    """Plans under prices on the districts' shares."""

    def __init__(self, problem: ActionProblem, actions: Actions, time_limit_s: float, seed: int) -> None:
        self.request, self.gap, self.limit, self.seed = (
            options_request(problem),
            actions.gap,
            time_limit_s,
            seed,
        )
        there, code = np.unique(problem.district, return_inverse=True)
        self.code, weights = code, problem.weights
        totals = np.bincount(code, weights)
        names = np.array([problem.districts[d] if d >= 0 else "" for d in there])

        def score(options: Array) -> tuple[float, Array]:
            got = np.asarray(problem.covers[options].sum(axis=0)).ravel() > 0
            sums = np.bincount(code, weights * got, len(totals))
            return float(sums.sum()), sums / totals

        self.front = Front(names, totals, score)

    def solve(self, factor: Array, known: PricedSolution | None, rounds: int) -> PricedSolution:
        """The best plan where a worker of each district counts ``factor``."""
        asked = replace(self.request, weights=self.request.weights * factor[self.code])
        return solve_options(asked, effort(self.limit, self.gap, rounds, self.seed, None), known)

    def priced(self, mu: Array, known: PricedSolution) -> PricedSolution:
        """``mu`` workers paid for the whole share of each district; the answer is kept in the front."""
        found = self.solve(1.0 + mu / self.front.totals, known, ROUNDS)
        self.front.priced(mu, found.solution)
        return found

    def lift(self, known: PricedSolution, say: Callable[[int], None]) -> float:
        """Plans for shares alone, priced by multiplicative weights on those that stay behind; no plan's least share is above what comes back."""
        totals = self.front.totals
        whole, behind, bound = float(totals.sum()), np.zeros(len(totals)), 1.0
        for k in range(LIFTS):
            say(k)
            price = np.exp(-PACE * (behind - behind.min()))
            price /= price.sum()
            known = self.solve(whole * price / totals, known, ROUNDS)
            bound = min(bound, max(known.solution.bound, known.solution.objective) / whole)
            self.front.repeatable &= known.solution.repeatable
            _, shares = self.front.add(known.solution.chosen)
            behind = behind + shares
        return bound


class _Told:
    """What is told of a plan besides workers and shares: money, verbs, how evenly it covers districts × groups."""

    def __init__(self, problem: ActionProblem, periods: Sequence[Period], aversion: float) -> None:
        self.problem, self.periods, self.kappa = problem, [p.name for p in periods], 0.0
        workers, shares = self._units(problem.keep)
        self.kappa = kolm_pollak_kappa(shares, workers, aversion=aversion)
        self.today = {"covered": problem.workers(problem.keep), **self._even(workers, shares)}

    def _units(self, options: Array) -> tuple[Array, Array]:
        """Workers and covered share of each district × group."""
        places, place = self.problem.places, self.problem.place[options]
        access = [replace(a, seconds=a.seconds[place]) for a in places.reach.access]
        is_open = self.problem.options.is_open[options].astype(float)
        table = covered_units(places.demand, access, is_open, periods=self.periods)
        sums = table.groupby(["district", "group"], sort=True)[["workers", "covered"]].sum()
        workers = sums["workers"].to_numpy(float)
        return workers, sums["covered"].to_numpy(float) / np.where(workers > 0, workers, 1.0)

    def _even(self, workers: Array, shares: Array) -> dict[str, float]:
        return {"gini": gini(shares, workers), "ede": kolm_pollak_ede(shares, workers, kappa=self.kappa)}

    def plan(self, options: Array) -> dict[str, Any]:
        """Further columns of a plan's row."""
        verbs = [c.verb for c in changes_of(self.problem, options)]
        money = {
            f"{k}_yuan": float(self.problem.use[r][options].sum())
            for k, r in (("cost", "one_off"), ("yearly", "yearly"))
        }
        return {**money, **{str(v): verbs.count(v) for v in VERBS}, **self._even(*self._units(options))}
