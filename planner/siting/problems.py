"""Where to put sites: the public doors to every problem, each answered with its certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from numpy.typing import ArrayLike

from planner.siting.solvers.request import (
    Request,
    check_covered,
    check_covers,
    check_rules,
    check_weights,
)
from planner.siting.solvers.solution import Solution

__all__ = ["Solution", "maximal_covering"]

Progress = Callable[[str, float], None]


def maximal_covering(
    covers: Any,
    weights: ArrayLike,
    p: int | None,
    *,
    covered: ArrayLike | None = None,
    required: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    region: ArrayLike | None = None,
    quota_min: Mapping[Any, int] | None = None,
    quota_max: Mapping[Any, int] | None = None,
    cost: ArrayLike | None = None,
    budget: float | None = None,
    conflicts: Any = None,
    time_limit_s: float = 60.0,
    gap: float = 1e-4,
    work_limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Solution:
    """Choose ``p`` sites that cover the most weight (Church & ReVelle 1974), with a bound.

    Parameters
    ----------
    covers
        Sparse (n_sites × n_demand); a stored entry covers, whatever its value (a stored 0 too).
    weights
        Non-negative weight per demand point.
    p
        Exactly so many sites come back, required ones counted; None only with a budget.
    covered
        True per demand point that existing facilities serve already; its weight counts anyway.
    required, forbidden
        Site positions that must, or must not, be chosen.
    region, quota_min, quota_max
        A label per site, and per label the least and greatest number of sites.
    cost, budget
        Cost per site, and what all chosen sites may cost together.
    conflicts
        Pairs of sites too close to each other, (k × 2) positions or a sparse (n_sites × n_sites)
        matrix: at most one of each pair is chosen.
    gap
        Stop once the gap is at most this.
    work_limit
        Rounds of ten million coverage entries each; None: what fits well into ``time_limit_s``. The
        same work gives the same answer; the clock is a safety and sets ``repeatable`` to False.
    seed
        Same seed, same answer.
    progress
        Called with a label and the share done.

    Raises
    ------
    ValueError
        An argument cannot be meant (:class:`~planner.siting.solvers.request.RequestError`).
    InfeasibleError
        No plan can obey the rules; names the clash and the nearest way out.
    """
    from planner.siting.solvers.covering import solve_covering
    from planner.siting.solvers.effort import effort

    matrix = check_covers(covers)
    m, n = matrix.shape
    request = Request(
        covers=matrix,
        weights=check_weights(weights, n),
        covered=check_covered(covered, n),
        rules=check_rules(
            m, p, required=required, forbidden=forbidden, region=region, quota_min=quota_min,
            quota_max=quota_max, cost=cost, budget=budget, conflicts=conflicts,
        ),
    )  # fmt: skip
    return solve_covering(request, effort(time_limit_s, gap, work_limit, seed, progress))
