"""Where to put sites: the public doors to every problem, each answered with its certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from planner.solvers.request import (
    Partition,
    Request,
    RequestError,
    check_covered,
    check_covers,
    check_rules,
    check_weights,
    partition,
)
from planner.solvers.solution import Solution
from planner.solvers.variants import (
    conflicts_within,
    maximal_covering_backup,
    maximal_covering_capacitated,
    maximal_covering_fair,
    maximal_covering_partial,
    maximal_covering_relocating,
    maximal_covering_robust,
    maximal_covering_spread,
)

__all__ = [
    "Solution",
    "conflicts_within",
    "maximal_covering",
    "maximal_covering_backup",
    "maximal_covering_capacitated",
    "maximal_covering_fair",
    "maximal_covering_partial",
    "maximal_covering_relocating",
    "maximal_covering_robust",
    "maximal_covering_spread",
    "partition",
    "set_covering",
]

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
    partitions: Sequence[Partition] = (),
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
    partitions
        Further labels with limits of their own (:func:`~planner.solvers.request.partition`): kinds of host, owners.
    cost, budget
        Cost per site, and what all chosen sites may cost together.
    conflicts
        Pairs of sites too close to each other, (k × 2) positions or a sparse (n_sites × n_sites)
        matrix: at most one of each pair is chosen.
    gap
        Stop once the gap is at most this.
    work_limit
        Rounds of ten million coverage entries each; None: what fits well into ``time_limit_s``. The same
        work and ``seed`` give the same answer; the clock is a safety and sets ``repeatable`` to False.
    progress
        Called with a label and the share done.

    Raises
    ------
    ValueError
        An argument cannot be meant (:class:`~planner.solvers.request.RequestError`).
    InfeasibleError
        No plan can obey the rules; names the clash and the nearest way out.
    """
    from planner.solvers.covering.maximal import solve_covering
    from planner.solvers.effort import effort

    matrix = check_covers(covers)
    m, n = matrix.shape
    request = Request(
        covers=matrix,
        weights=check_weights(weights, n),
        covered=check_covered(covered, n),
        rules=check_rules(
            m, p, required=required, forbidden=forbidden, region=region, quota_min=quota_min,
            quota_max=quota_max, partitions=partitions, cost=cost, budget=budget, conflicts=conflicts,
        ),
    )  # fmt: skip
    return solve_covering(request, effort(time_limit_s, gap, work_limit, seed, progress))


def set_covering(
    covers: Any,
    weights: ArrayLike | None = None,
    *,
    share: float = 1.0,
    cost: ArrayLike | None = None,
    covered: ArrayLike | None = None,
    required: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    region: ArrayLike | None = None,
    quota_min: Mapping[Any, int] | None = None,
    quota_max: Mapping[Any, int] | None = None,
    partitions: Sequence[Partition] = (),
    conflicts: Any = None,
    coverable_only: bool = False,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    work_limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Solution:
    """The fewest (or cheapest) sites that cover ``share`` of the weight (Toregas et al. 1971).

    ``weights`` None: every demand point counts the same; a point of weight 0 need not be covered.
    ``coverable_only``: demand in reach of no candidate is left aside instead of refused. The
    objective is the number (or cost) of all chosen sites, required ones included; other arguments are
    those of :func:`maximal_covering`.

    Raises
    ------
    ValueError
        An argument cannot be meant.
    InfeasibleError
        Some demand cannot be covered (its points are listed), or rules clash.
    """
    from planner.solvers.effort import effort
    from planner.solvers.setcover import solve_set_covering

    matrix = check_covers(covers)
    m, n = matrix.shape
    if not 0 < share <= 1:
        raise RequestError(f"share must lie in (0, 1]; got {share!r}")
    rules = check_rules(
        m, None, required=required, forbidden=forbidden, region=region, quota_min=quota_min,
        quota_max=quota_max, partitions=partitions, cost=cost, conflicts=conflicts, needs_count=False,
    )  # fmt: skip
    request = Request(matrix, check_weights(weights, n), check_covered(covered, n), rules)
    return solve_set_covering(
        request, share, coverable_only, effort(time_limit_s, gap, work_limit, seed, progress)
    )
