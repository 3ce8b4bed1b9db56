"""The public doors to the p-median and the p-center, each answered with its certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from planner.solvers.request import Partition, check_costs, check_p, check_rules, check_weights
from planner.solvers.solution import Solution

__all__ = ["p_center", "p_median"]

Progress = Callable[[str, float], None]


def p_median(
    costs: Any,
    weights: ArrayLike | None,
    p: int,
    *,
    required: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    region: ArrayLike | None = None,
    quota_min: Mapping[Any, int] | None = None,
    quota_max: Mapping[Any, int] | None = None,
    partitions: Sequence[Partition] = (),
    time_limit_s: float = 60.0,
    gap: float = 1e-4,
    work_limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Solution:
    """Choose ``p`` sites with the least Σ_j w_j · min_i c_ij (Hakimi 1964), with a bound.

    Parameters
    ----------
    costs
        Dense or sparse (n_sites × n_demand), not negative. Sparse: missing = not assignable, a stored
        0 is a cost of 0. Dense: inf = not assignable.
    weights
        Non-negative weight per demand point (None: ones); a point of weight 0 need not be assigned.
    p, required, forbidden, region, quota_min, quota_max, partitions, time_limit_s, gap, work_limit, seed, progress
        As in :func:`planner.maximal_covering`.

    Raises
    ------
    ValueError
        An argument cannot be meant.
    InfeasibleError
        Some demand point cannot be assigned, or rules clash.
    """
    from planner.medians.solve import solve_median
    from planner.solvers.effort import effort

    matrix = check_costs(costs)
    m, n = matrix.shape
    rules = check_rules(
        m, check_p(p), required=required, forbidden=forbidden, region=region, quota_min=quota_min,
        quota_max=quota_max, partitions=partitions,
    )  # fmt: skip
    return solve_median(
        matrix, check_weights(weights, n), rules, effort(time_limit_s, gap, work_limit, seed, progress)
    )


def p_center(
    costs: Any,
    p: int,
    *,
    required: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    region: ArrayLike | None = None,
    quota_min: Mapping[Any, int] | None = None,
    quota_max: Mapping[Any, int] | None = None,
    partitions: Sequence[Partition] = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    work_limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Solution:
    """Choose ``p`` sites with the least greatest cost, max_j min_i c_ij (Hakimi 1964).

    ``costs`` as in :func:`p_median`; the objective is one of the costs given.

    Raises
    ------
    ValueError
        An argument cannot be meant.
    InfeasibleError
        ``p`` sites cannot reach every demand point, or rules clash.
    """
    from planner.medians.center import solve_center
    from planner.solvers.effort import effort

    matrix = check_costs(costs)
    rules = check_rules(
        matrix.shape[0], check_p(p), required=required, forbidden=forbidden, region=region, quota_min=quota_min,
        quota_max=quota_max, partitions=partitions,
    )  # fmt: skip
    return solve_center(matrix, rules, effort(time_limit_s, gap, work_limit, seed, progress))
