"""The public door to covering with options, answered with its certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from numpy.typing import ArrayLike

from planner.options.request import check_options
from planner.solvers.solution import Solution

__all__ = ["maximal_covering_options"]


def maximal_covering_options(
    covers: Any,
    weights: ArrayLike,
    place: ArrayLike,
    *,
    must: Iterable[Any] = (),
    covered: ArrayLike | None = None,
    use: Mapping[Any, ArrayLike] | None = None,
    least: Mapping[Any, float] | None = None,
    most: Mapping[Any, float] | None = None,
    required: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    region: ArrayLike | None = None,
    quota_min: Mapping[Any, int] | None = None,
    quota_max: Mapping[Any, int] | None = None,
    apart: Iterable[tuple[Any, Any]] = (),
    stands: ArrayLike | None = None,
    time_limit_s: float = 60.0,
    gap: float = 1e-4,
    work_limit: int | None = None,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> Solution:
    """Choose for each place one of its options, or none, so that most weight is covered, with a bound.

    Maximal covering (Church & ReVelle 1974) with multiple choice and several knapsacks.

    Parameters
    ----------
    covers
        Sparse (n_options × n_demand); a stored entry covers, whatever its value (a stored 0 too).
    weights
        Non-negative weight per demand point.
    place
        A label per option: at most one option of a place is chosen.
    must
        Labels of places of which exactly one option is chosen.
    covered
        True per demand point that is served already; its weight counts anyway.
    use, least, most
        Per resource (any name) what each option uses of it (n_options, any sign), and the least and the most that
        all chosen options may use together. Sums keep these to rounding (2e-12 of what all places could use).
    required, forbidden
        Positions of options that must, or must not, be chosen.
    region, quota_min, quota_max
        A label per option, and per label the least and greatest number of chosen options.
    apart, stands
        Pairs of places too near each other: no more than one of them takes an option that stands (True per option; default: all do).
        The bound leaves them out, so that it holds, and is the looser the more they bind.
    gap
        Stop once the gap is at most this.
    work_limit
        Rounds of ten million coverage entries each; None: what fits well into ``time_limit_s``. The same work and
        ``seed`` give the same answer; the clock is a safety and sets ``repeatable`` to False.
    progress
        Called with a label and the share done.

    Returns
    -------
    Solution
        ``chosen``: positions of options, best first.

    Raises
    ------
    ValueError
        An argument cannot be meant (:class:`~planner.solvers.request.RequestError`).
    InfeasibleError
        No choice can obey the rules; names the limits that clash and the nearest way out.

    Examples
    --------
    Station a may stay open longer for 2, b and c may be built for 3 each; there is money for 3:

    >>> import numpy as np
    >>> covers = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    >>> plan = maximal_covering_options(
    ...     covers, [5, 2, 4, 6], ["a", "a", "b", "c"], must=["a"], use={"yuan": [0, 2, 3, 3]}, most={"yuan": 3}
    ... )
    >>> plan.chosen.tolist(), plan.objective, plan.status
    ([3, 0], 11.0, 'optimal')
    """
    from planner.options.solve import solve_options
    from planner.solvers.effort import effort

    request = check_options(
        covers, weights, place, must=must, covered=covered, use=use, least=least, most=most, required=required,
        forbidden=forbidden, region=region, quota_min=quota_min, quota_max=quota_max, apart=apart, stands=stands,
    )  # fmt: skip
    return solve_options(request, effort(time_limit_s, gap, work_limit, seed, progress)).solution
