"""Relatives of maximal covering that a planner asks for: backup, capacity, spacing by price, robust, fair.

Each takes the rules of :func:`planner.solvers.problems.maximal_covering` as keywords: ``covered,
required, forbidden, region, quota_min, quota_max, partitions, cost, budget, conflicts``, and how hard to look:
``time_limit_s, gap, work_limit, seed, progress``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.solvers.effort import Effort, effort
from planner.solvers.request import (
    Request,
    RequestError,
    check_covered,
    check_covers,
    check_rules,
    check_weights,
)
from planner.solvers.solution import Solution

__all__ = [
    "conflicts_within",
    "maximal_covering_backup",
    "maximal_covering_capacitated",
    "maximal_covering_fair",
    "maximal_covering_partial",
    "maximal_covering_relocating",
    "maximal_covering_robust",
    "maximal_covering_spread",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_LOOK = ("time_limit_s", "gap", "work_limit", "seed", "progress")


def conflicts_within(x_m: ArrayLike, y_m: ArrayLike, metres: float) -> Ints:
    """Pairs of sites nearer than ``metres`` (k × 2 positions, first < second): a hard minimum spacing.

    ``x_m``, ``y_m``: site coordinates in a metric CRS.
    """
    from scipy.spatial import cKDTree

    xy = np.column_stack([np.asarray(x_m, float), np.asarray(y_m, float)])
    pairs = cKDTree(xy).query_pairs(metres, output_type="ndarray").astype(np.int64).reshape(-1, 2)
    apart = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    pairs = np.sort(pairs[apart < metres], axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _asked(
    covers: Any, weights: ArrayLike | None, p: int | None, options: dict[str, Any]
) -> tuple[Request, Effort]:
    """The request and the effort of a door's keywords."""
    from planner.solvers.infeasible import refuse_impossible

    look = {name: options.pop(name) for name in _LOOK if name in options}
    matrix = check_covers(covers)
    m, n = matrix.shape
    covered = check_covered(options.pop("covered", None), n)
    request = Request(matrix, check_weights(weights, n), covered, check_rules(m, p, **options))
    hard = effort(
        look.get("time_limit_s", 60.0), look.get("gap", 1e-4), look.get("work_limit"), look.get("seed", 0),
        look.get("progress"),
    )  # fmt: skip
    refuse_impossible(request.rules)
    return request, hard


def _start(request: Request, hard: Effort) -> Solution:
    """A plan of plain maximal covering: a start for every relative."""
    from planner.solvers.covering.maximal import solve_covering

    quick = replace(hard, rounds=max(2, hard.rounds // 20), gap=1e-3, progress=None)
    found = solve_covering(request, quick)
    hard.repeatable &= quick.repeatable
    return found


def maximal_covering_partial(
    covers: Any, weights: ArrayLike, p: int | None, *, levels: int | None = None, **options: Any
) -> Solution:
    """Cover that fades: point j counts w_j times the best ``covers[i, j]`` of the chosen sites.

    ``covers`` holds shares in (0, 1], e.g. 1 up to 500 m falling to 0 at 833 m (Berman, Krass & Drezner
    2003). Solved as maximal covering with one row per point and distinct share, exact unless that
    needs more than four million pairs; then (or with ``levels``) shares are rounded up to multiples of
    1/levels for search and bound, the objective stays exact, and the gap contains the rounding.

    Raises
    ------
    ValueError
        Shares outside (0, 1], or what :func:`maximal_covering` refuses.
    InfeasibleError
        No plan can obey the rules.
    """
    from planner.solvers.covering.partial import solve_partial

    request, hard = _asked(covers, weights, p, options)
    data = request.covers.data
    if not (np.isfinite(data).all() and (data > 0).all() and (data <= 1).all()):
        raise RequestError("partial cover needs shares in (0, 1] as the entries of covers")
    return solve_partial(request, levels, hard)


def maximal_covering_backup(
    covers: Any,
    weights: ArrayLike,
    p: int | None,
    *,
    credit: Sequence[float] = (0.7, 0.3),
    times: ArrayLike | None = None,
    **options: Any,
) -> Solution:
    """A point counts ``credit[0]`` of its weight for one site in reach, and so on for more.

    (Hogan & ReVelle 1986.) ``times``: how many existing facilities reach each point (instead of
    ``covered``). Objective and bound include what these earn.

    Raises
    ------
    ValueError
        Credits that are negative, or what :func:`maximal_covering` refuses.
    InfeasibleError
        No plan can obey the rules.
    """
    from planner.solvers.covering.composed import Worth, solve_composed

    request, hard = _asked(covers, weights, p, options)
    earned = tuple(float(c) for c in credit)
    if not earned or min(earned) < 0 or not np.isfinite(earned).all():
        raise RequestError(f"credit must be non-negative shares, first cover first; got {tuple(credit)}")
    count = request.covered.astype(np.int64) if times is None else np.asarray(times)
    if count.shape != request.covered.shape or (count < 0).any() or (count != np.rint(count)).any():
        raise RequestError("times must be a whole number of existing facilities per demand point")
    worth = Worth(credit=earned, times=count.astype(np.int64))
    return solve_composed(request, worth, [_start(request, hard).chosen], hard)


def maximal_covering_capacitated(
    covers: Any, weights: ArrayLike, p: int | None, *, capacity: ArrayLike, **options: Any
) -> Solution:
    """Each chosen site serves at most its ``capacity`` (seats, visits per day); demand may be split.

    ``covered`` demand is served by existing facilities, outside the capacities.

    Raises
    ------
    ValueError
        Capacities that are negative or not one per site, or what :func:`maximal_covering` refuses.
    InfeasibleError
        No plan can obey the rules.
    """
    from planner.solvers.covering.composed import Worth, solve_composed

    request, hard = _asked(covers, weights, p, options)
    room = np.asarray(capacity, np.float64)
    if room.shape != (request.rules.n_sites,) or not np.isfinite(room).all() or (room < 0).any():
        raise RequestError("capacity must be one finite number of at least 0 per site")
    return solve_composed(request, Worth(capacity=room), [_start(request, hard).chosen], hard)


def maximal_covering_spread(
    covers: Any, weights: ArrayLike, p: int | None, *, pairs: ArrayLike, price: float, **options: Any
) -> Solution:
    """Soft spacing: each of ``pairs`` (k × 2 positions) chosen together costs ``price`` of weight.

    Raises
    ------
    ValueError
        Pairs out of range, a negative price, or what :func:`maximal_covering` refuses.
    InfeasibleError
        No plan can obey the rules.
    """
    from planner.solvers.covering.composed import Worth, solve_composed

    request, hard = _asked(covers, weights, p, options)
    given = np.asarray(pairs, np.int64).reshape(-1, 2)
    if len(given) and (given.min() < 0 or given.max() >= request.rules.n_sites):
        raise RequestError(f"pairs name a site outside 0 … {request.rules.n_sites - 1}")
    if not (np.isfinite(price) and price >= 0):
        raise RequestError(f"price must be finite and not negative; got {price!r}")
    given = np.unique(np.sort(given[given[:, 0] != given[:, 1]], axis=1), axis=0)
    worth = Worth(pairs=given, price=float(price))
    return solve_composed(request, worth, [_start(request, hard).chosen], hard)


def maximal_covering_robust(
    covers: Any,
    scenarios: ArrayLike,
    p: int | None,
    *,
    measure: Literal["mean", "worst", "cvar"] = "cvar",
    tail: float = 0.2,
    **options: Any,
) -> Solution:
    """Covered weight over demand scenarios (n_scenarios × n_demand, equally likely).

    ``measure``: the mean, the worst scenario, or the mean of the worst ``tail`` share (CVaR).

    Raises
    ------
    ValueError
        Scenarios of the wrong shape, NaN or negative; ``tail`` outside (0, 1].
    InfeasibleError
        No plan can obey the rules.
    """
    from planner.solvers.covering.composed import Worth, solve_composed
    from planner.solvers.covering.maximal import solve_covering

    given = np.asarray(scenarios, np.float64)
    if given.ndim != 2 or not len(given):
        raise RequestError(f"scenarios must be an n_scenarios × n_demand matrix; got shape {given.shape}")
    if measure not in ("mean", "worst", "cvar"):
        raise RequestError(f"measure must be mean, worst or cvar; got {measure!r}")
    if not 0 < tail <= 1:
        raise RequestError(f"tail must lie in (0, 1]; got {tail!r}")
    n = check_covers(covers).shape[1]
    rows = np.stack([check_weights(row, n, name=f"scenario {s}") for s, row in enumerate(given)])
    request, hard = _asked(covers, rows.mean(axis=0), p, options)
    if measure == "mean" or len(rows) == 1:
        return solve_covering(request, hard)
    share = 1.0 / len(rows) if measure == "worst" else max(tail, 1.0 / len(rows))
    worth = Worth(scenarios=rows, tail=share)
    return solve_composed(request, worth, [_start(request, hard).chosen], hard)


def maximal_covering_fair(
    covers: Any,
    weights: ArrayLike,
    p: int | None,
    *,
    group: ArrayLike,
    lexicographic: bool = False,
    **options: Any,
) -> Solution:
    """The greatest least covered share over groups of demand (districts), then the most covered weight.

    ``group``: a label per demand point. Objective and bound are that least share; ``work["total"]`` is the
    covered weight, ``work["total_bound"]`` the most that any plan with this least share covers.
    ``lexicographic``: then the second least share, and so on; ``work["least_r"]`` and ``["least_r_bound"]``
    are the mean of the r least shares and the most it can be.

    Raises
    ------
    ValueError
        Not one label per point, a group without weight, or what :func:`maximal_covering` refuses.
    InfeasibleError
        No plan can obey the rules.
    """
    from planner.solvers.covering.composed import Worth
    from planner.solvers.covering.fair import solve_fair

    request, hard = _asked(covers, weights, p, options)
    given = np.asarray(group, dtype=object)
    if given.shape != request.weights.shape:
        raise RequestError(f"group must be one label per demand point; got shape {given.shape}")
    labels = {label: k for k, label in enumerate(sorted(set(given.tolist()), key=str))}
    code = np.array([labels[label] for label in given.tolist()], np.int64)
    empty = [label for label, k in labels.items() if request.weights[code == k].sum() == 0]
    if empty:
        raise RequestError(f"group {empty[0]!r} has no weight, so no share of it can be covered")
    k = len(labels)
    totals = np.bincount(code, weights=request.weights, minlength=k).astype(np.float64)
    shares = np.zeros((k, len(code)))
    shares[code, np.arange(len(code))] = request.weights / totals[code]
    worth, starts = Worth(scenarios=shares, tail=1.0 / k), [_start(request, hard).chosen]
    return solve_fair(request, worth, totals, starts, hard, lexicographic=lexicographic)


def maximal_covering_relocating(
    covers: Any,
    weights: ArrayLike,
    p: int,
    *,
    existing: ArrayLike,
    most_closed: int,
    region: ArrayLike | None = None,
    quota_min: Mapping[Any, int] | None = None,
    quota_max: Mapping[Any, int] | None = None,
    **options: Any,
) -> Solution:
    """Relocation: ``p`` new sites, and up to ``most_closed`` existing ones closed and opened elsewhere.

    The plan has ``len(existing) + p`` sites, at least ``len(existing) - most_closed`` of them existing; those
    missing from ``chosen`` are closed. Coverage by the existing sites comes from their rows of ``covers``.

    Parameters
    ----------
    covers
        Sparse (n_sites × n_demand), existing and candidate sites alike.
    existing
        Positions of the sites that are open today.
    most_closed
        How many of them may close.
    region, quota_min, quota_max
        As in :func:`maximal_covering`, for the sites that are opened; existing ones do not count.

    Raises
    ------
    ValueError
        ``most_closed`` is negative.
    """
    from planner.solvers.covering.maximal import solve_covering

    if most_closed < 0:
        raise RequestError(f"most_closed must be 0 or more, not {most_closed}")
    stays, n = np.asarray(existing, dtype=np.int64), check_covers(covers).shape[0]
    kind = np.empty(n, dtype=object)
    given = [""] * n if region is None else list(np.asarray(region, dtype=object))
    kind[:] = [("new", label) for label in given]
    for site in stays:
        kind[site] = ("existing",)
    low: dict[Any, int] = {("new", label): q for label, q in (quota_min or {}).items()}
    high = {("new", label): q for label, q in (quota_max or {}).items()}
    low[("existing",)] = max(0, len(stays) - most_closed)
    asked = {"region": kind, "quota_min": low, "quota_max": high or None, **options}
    request, hard = _asked(covers, weights, len(stays) + p, asked)
    return solve_covering(request, hard)
