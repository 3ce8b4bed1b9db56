"""The plan with five verbs solved: with its certificate, beside the plan that only builds for the same money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.actions.pose import ActionProblem
from planner.errors import InfeasibleError
from planner.options.problems import maximal_covering_options
from planner.progress import Progress
from planner.settings.actions import Actions
from planner.solvers.solution import PROOF, Solution, relative_gap
from planner.threads import at_once

__all__ = ["ActionLook", "Solved", "solve_actions", "solve_options"]

Array = NDArray[Any]
#: Most prices tried for workers who lose the circle.
PRICE_ROUNDS = 8
#: Building alone is far easier: it gets this part of the work.
LESS = 4


@dataclass(frozen=True)
class ActionLook:
    """How hard to look: rounds of work, the gap that is good enough, the clock as a safety, the seed."""

    work_limit: int
    gap: float
    time_limit_s: float
    seed: int


@dataclass(frozen=True)
class Solved:
    """Chosen options with their certificate, and the plan that only builds.

    ``lost``: of the workers covered today, those who lose the circle; ``prices``: what one of them counts for more, in
    all and per district, so that the limits on them are kept; ``build_only``: None where it cannot be had.
    """

    solution: Solution
    lost: float
    prices: tuple[float, ...] = ()
    build_only: Solution | None = None


def solve_options(problem: ActionProblem, look: ActionLook, *, weights: Array | None = None) -> Solution:
    """The best options under the problem's limits on money and numbers."""
    worth = problem.weights if weights is None else weights
    return maximal_covering_options(
        problem.covers, worth, problem.place, must=problem.must, use=problem.use, least=problem.least,
        most=problem.most, forbidden=problem.forbidden, apart=problem.apart.tolist(), stands=problem.stands, time_limit_s=look.time_limit_s, gap=look.gap,
        work_limit=look.work_limit, seed=look.seed,
    )  # fmt: skip


@dataclass(frozen=True)
class _Lost:
    """Limits on who loses the circle: (columns that count, most workers) each."""

    columns: tuple[Array, ...]
    most: tuple[float, ...]

    @classmethod
    def of(cls, problem: ActionProblem, actions: Actions) -> _Lost:
        today = problem.today.copy()
        today[problem.n_workers :] = False
        columns, most = [], []
        if actions.lost_most is not None:
            columns.append(today)
            most.append(float(actions.lost_most))
        code = {d: k for k, d in enumerate(problem.districts)}
        for district, number in sorted(actions.lost_most_by_district.items()):
            columns.append(today & (problem.district == code.get(district, -2)))
            most.append(float(number))
        return cls(tuple(columns), tuple(most))

    def lost(self, problem: ActionProblem, chosen: Array) -> Array:
        """Workers who lose the circle, per limit."""
        got = np.asarray(problem.covers[chosen].sum(axis=0)).ravel() > 0
        return np.array([float(problem.weights[c & ~got].sum()) for c in self.columns])

    def weights(self, problem: ActionProblem, prices: Array) -> Array:
        """Weights where a worker of today counts so much more."""
        return problem.weights * (
            1 + sum((p * c for p, c in zip(prices, self.columns, strict=True)), np.zeros(1))
        )

    def credit(self, problem: ActionProblem, prices: Array) -> float:
        """What the prices add to the worth of every plan that keeps the limits, at least."""
        kept = [problem.weights[c].sum() - m for c, m in zip(self.columns, self.most, strict=True)]
        return float(np.dot(prices, kept))


def lost_workers(problem: ActionProblem, chosen: Array) -> float:
    """Of the workers covered today, those whom a choice of options does not cover."""
    got = np.asarray(problem.covers[chosen].sum(axis=0)).ravel() > 0
    gone = problem.today & ~got
    gone[problem.n_workers :] = False
    return float(problem.weights[gone].sum())


def _under_losses(
    problem: ActionProblem, lost: _Lost, solve: Callable[[Array], Solution], still: Callable[[], Solution]
) -> tuple[Solution, Array]:
    """The best plan under limits on who loses the circle: prices on them (Lagrange), found by halving.

    ``solve``: the best options under other weights; ``still``: the best in which no station closes or moves, taken where no price
    tried keeps the limits. Every price gives a bound; the best plan that keeps the limits comes back with the least of them.

    Raises
    ------
    InfeasibleError
        The numbers asked for cannot be had without more workers losing the circle.
    """
    n = len(lost.most)
    prices, low, high = np.zeros(n), np.zeros(n), np.full(n, np.inf)
    best: Solution | None = None
    kept_prices, bound = prices, np.inf
    for _ in range(PRICE_ROUNDS):
        found = solve(lost.weights(problem, prices))
        bound = min(bound, found.bound - lost.credit(problem, prices))
        over = lost.lost(problem, found.chosen) > np.asarray(lost.most) + 1e-9
        if not over.any():
            worth = _worth(problem, found.chosen)
            if best is None or worth > best.objective:
                best, kept_prices = replace(found, objective=worth), prices
            if not prices.any():
                break
        low, high = np.where(over, prices, low), np.where(over, high, np.minimum(high, prices))
        doubled = np.where(prices > 0, 2 * prices, 0.5)
        prices = np.where(np.isfinite(high), (low + high) / 2, np.where(over, doubled, prices))
    if best is None:
        found = still()
        if (lost.lost(problem, found.chosen) > np.asarray(lost.most) + 1e-9).any():
            raise InfeasibleError(
                "the numbers asked for cannot be had without more workers losing the circle"
            )
        best = found
    status = "optimal" if relative_gap(best.objective, bound) <= PROOF else "feasible"
    return replace(best, bound=max(bound, best.objective), status=status), kept_prices  # type: ignore[arg-type]


def _worth(problem: ActionProblem, chosen: Array) -> float:
    """Worth of a choice of options under the problem's own weights, counted afresh."""
    got = np.asarray(problem.covers[chosen].sum(axis=0)).ravel() > 0
    return float(problem.weights[got].sum())


def solve_actions(
    problem: ActionProblem, actions: Actions, look: ActionLook, *, progress: Progress | None = None
) -> Solved:
    """The plan, and the one that only builds for the same money.

    Raises
    ------
    InfeasibleError
        Limits that no plan keeps, with those that bind.
    """
    if progress is not None:
        progress("actions", 0.0)
    lost = _Lost.of(problem, actions)

    def whole() -> tuple[Solution, Array]:
        if not lost.most:
            return solve_options(problem, look), np.zeros(0)
        return _under_losses(
            problem, lost, lambda w: solve_options(problem, look, weights=w),
            lambda: solve_options(problem.only(["build", "retime", "upgrade", "cobrand"]), look),
        )  # fmt: skip

    def building() -> Solution | None:
        less = replace(look, work_limit=max(1, look.work_limit // LESS))
        try:
            return solve_options(problem.only(["build"]).unpriced(), less)
        except InfeasibleError:
            return None

    (solution, prices), alone = at_once(lambda plan: plan(), (whole, building))
    return Solved(solution, lost_workers(problem, solution.chosen), tuple(prices.tolist()), alone)
