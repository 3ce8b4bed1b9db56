"""The exact model of a reduced covering problem, solved by HiGHS.

Variables: ``x_i`` (site i is chosen, binary) and ``z_j`` in [0, 1] (row j counts). Each rule is one
named function that returns its rows; see Church & ReVelle 1974 for the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import PlannerError
from planner.solvers.clash import InfeasibleRequestError
from planner.solvers.covering.core import Core, transpose
from planner.solvers.effort import Effort

__all__ = [
    "Block",
    "Outcome",
    "budget_constraint",
    "count_constraint",
    "cover_constraint",
    "nothing_found",
    "quota_constraint",
    "rule_blocks",
    "solve_core",
    "solve_model",
    "spacing_constraint",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Rows ``lower ≤ A·[x, z] ≤ upper``."""

    matrix: Any
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class Outcome:
    """What HiGHS says: the values (None where it found none), a bound, whether it is proven."""

    values: Floats | None
    bound: float
    proven: bool
    infeasible: bool
    cut_by_clock: bool
    nodes: int
    iterations: int = 0


def cover_constraint(core: Core) -> Block:
    """``z_j ≤ Σ_{i covers j} x_i`` for every row j: demand counts only where a chosen site covers it."""
    n, m = core.n_rows, core.n_sites
    tptr, tidx = transpose(core.ptr, core.idx, n)
    reach = sparse.csr_array((np.ones(len(tidx)), tidx, tptr), shape=(n, m))
    return Block(sparse.hstack([reach, -sparse.eye_array(n)]).tocsr(), np.zeros(n), np.full(n, np.inf))


def count_constraint(core: Core, extra: int) -> Block:
    """``Σ_i x_i = p``: exactly p sites. ``extra``: further variables behind the sites (here and below)."""
    row = np.concatenate([np.ones(core.n_sites), np.zeros(extra)])
    p = np.array([float(core.p or 0)])
    return Block(sparse.csr_array(row[None, :]), p, p)


def quota_constraint(core: Core, extra: int) -> Block:
    """``quota_min_r ≤ Σ_{i in r} x_i ≤ quota_max_r`` for every region r: its share of the sites."""
    m, k = core.n_sites, len(core.quota_min)
    rows = sparse.csr_array((np.ones(m), (core.region, np.arange(m))), shape=(k, m + extra))
    return Block(rows, core.quota_min.astype(float), core.quota_max.astype(float))


def budget_constraint(core: Core, extra: int) -> Block:
    """``Σ_i cost_i x_i ≤ budget``: what is left after the required sites are paid."""
    row = np.concatenate([core.cost, np.zeros(extra)])
    return Block(sparse.csr_array(row[None, :]), np.array([-np.inf]), np.array([core.budget]))


def spacing_constraint(core: Core, extra: int) -> Block:
    """``x_i + x_k ≤ 1`` for every pair that is too close."""
    i = np.repeat(np.arange(core.n_sites), np.diff(core.conflict_ptr))
    pair = i < core.conflict_idx
    a, b = i[pair], core.conflict_idx[pair]
    k = len(a)
    rows = np.tile(np.arange(k), 2)
    matrix = sparse.csr_array(
        (np.ones(2 * k), (rows, np.concatenate([a, b]))), shape=(k, core.n_sites + extra)
    )
    return Block(matrix, np.full(k, -np.inf), np.ones(k))


def rule_blocks(core: Core, extra: int) -> list[Block]:
    """Every rule on the choice of sites that could bind."""
    blocks = []
    if core.p is not None:
        blocks.append(count_constraint(core, extra))
    size = np.bincount(core.region, minlength=len(core.quota_min))
    top = size if core.p is None else np.minimum(size, core.p)
    if (core.quota_min > 0).any() or (core.quota_max < top).any():
        blocks.append(quota_constraint(core, extra))
    if core.limited:
        blocks.append(budget_constraint(core, extra))
    if core.spaced:
        blocks.append(spacing_constraint(core, extra))
    return blocks


def solve_core(
    core: Core,
    *,
    effort: Effort,
    start: Ints | None = None,
    gap: float = 0.0,
    looks: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[Ints | None, Outcome]:
    """Solve the core exactly; ``Outcome.bound`` is an upper bound on its weight, ``base`` excluded.

    ``start``: core sites of a known plan (warm start). ``effort`` remembers where the clock cut it.
    """
    m, n = core.n_sites, core.n_rows
    value = np.concatenate([np.zeros(m), core.weight])
    warm = None
    if start is not None:
        warm = np.zeros(m + n)
        warm[start] = 1.0
        for i in start:
            warm[m + core.idx[core.ptr[i] : core.ptr[i + 1]]] = 1.0
    outcome = solve_model(
        -value, [cover_constraint(core), *rule_blocks(core, n)], np.zeros(m + n), np.ones(m + n), np.arange(m + n) < m,
        warm=warm, seconds=effort.left, gap=gap, offset=-core.base, looks=looks, progress=progress,
    )  # fmt: skip
    effort.repeatable &= not outcome.cut_by_clock
    sites = None if outcome.values is None else np.flatnonzero(outcome.values[:m] > 0.5)
    bound = -outcome.bound - core.base
    return sites, replace(outcome, bound=bound)


def solve_model(
    cost: Floats,
    blocks: list[Block],
    lower: Floats,
    upper: Floats,
    whole: NDArray[np.bool_],
    *,
    warm: Floats | None = None,
    warm_sites: Floats | None = None,
    seconds: float = np.inf,
    gap: float = 0.0,
    offset: float = 0.0,
    looks: int | None = None,
    progress: Callable[[float], None] | None = None,
    options: dict[str, Any] | None = None,
) -> Outcome:
    """Minimise ``cost·v + offset`` subject to the blocks; ``whole`` marks the integer variables.

    ``warm``: a known solution; ``warm_sites``: its first variables alone (HiGHS completes it). ``looks`` limits
    the work, ``seconds`` is the safety.

    Raises
    ------
    PlannerError
        HiGHS refuses the model or gives up on it.
    """
    import highspy

    matrix = sparse.vstack([b.matrix for b in blocks]).tocsc()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), matrix.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
    lp.row_lower_ = np.concatenate([b.lower for b in blocks])
    lp.row_upper_ = np.concatenate([b.upper for b in blocks])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data.astype(np.float64)
    lp.offset_ = offset
    kinds = highspy.HighsVarType
    if whole.any():
        lp.integrality_ = [kinds.kInteger if k else kinds.kContinuous for k in whole]
    highs = highspy.Highs()
    settings: dict[str, Any] = {
        "output_flag": False, "time_limit": seconds, "threads": 1, "random_seed": 0,
        "mip_rel_gap": gap, "mip_abs_gap": 0.0, "mip_feasibility_tolerance": 1e-7, "mip_lp_solver": "ipm",
    }  # fmt: skip
    for name, setting in {**settings, **(options or {})}.items():
        highs.setOptionValue(name, setting)
    if highs.passModel(lp) == highspy.HighsStatus.kError:
        raise PlannerError("the model holds numbers that HiGHS cannot take: too large, or not a number")
    if warm is not None:
        solution = highspy.HighsSolution()
        solution.col_value = warm.tolist()
        highs.setSolution(solution)
    if warm_sites is not None:
        highs.setSolution(len(warm_sites), np.arange(len(warm_sites), dtype=np.int32), warm_sites)
    if whole.any():
        _watch(highs, looks, seconds, progress)
    highs.run()
    if _refused(highs):  # HiGHS 1.15's presolve calls some feasible models infeasible: ask without it
        highs.clearSolver()
        highs.setOptionValue("presolve", "off")
        highs.run()
    return _outcome(highs, bool(whole.any()))


def _refused(highs: Any) -> bool:
    """Whether HiGHS says that there is no solution."""
    import highspy

    kind = highspy.HighsModelStatus
    return highs.getModelStatus() in (kind.kInfeasible, kind.kUnboundedOrInfeasible)


def nothing_found(outcome: Outcome, rules: str) -> PlannerError:
    """Why there is no plan: the rules exclude any, or the time was too short to find one."""
    if outcome.infeasible:
        return InfeasibleRequestError([f"{rules}, taken together"], "relax one of them")
    return PlannerError(f"no plan within {rules} was found in the time allowed; allow more time")


def _watch(highs: Any, looks: int | None, seconds: float, progress: Callable[[float], None] | None) -> None:
    """End at HiGHS's ``looks``-th pause (the same on every machine, unlike the clock); report progress."""
    seen = 0

    def look(event: Any) -> None:
        nonlocal seen
        seen += 1
        if looks is not None and seen > looks:
            event.interrupt()
        if progress is not None:
            progress(min(1.0, event.data_out.running_time / max(seconds, 1e-9)))

    highs.cbMipInterrupt.subscribe(look)


def _outcome(highs: Any, integer: bool) -> Outcome:
    import highspy

    status = highs.getModelStatus()
    info = highs.getInfo()
    kind = highspy.HighsModelStatus
    ended = {
        kind.kOptimal, kind.kInfeasible, kind.kUnboundedOrInfeasible, kind.kTimeLimit, kind.kIterationLimit,
        kind.kInterrupt, kind.kSolutionLimit, kind.kObjectiveBound, kind.kObjectiveTarget, kind.kUnknown,
        kind.kModelEmpty,
    }  # fmt: skip
    if status not in ended:
        raise PlannerError(f"HiGHS gave up on the model: {highs.modelStatusToString(status)}")
    found = info.primal_solution_status == 2  # a feasible point
    values = np.array(highs.getSolution().col_value) if found else None
    proven = status in (kind.kOptimal, kind.kModelEmpty)
    bound = float(info.mip_dual_bound) if integer else float(info.objective_function_value)
    if status == kind.kUnknown or not (integer or proven):  # an unfinished relaxation bounds nothing
        bound = -np.inf
    return Outcome(
        values=values,
        bound=bound if np.isfinite(bound) else -np.inf,
        proven=proven,
        infeasible=status in (kind.kInfeasible, kind.kUnboundedOrInfeasible),
        cut_by_clock=status == kind.kTimeLimit,
        nodes=int(info.mip_node_count) if integer else 0,
        iterations=int(info.simplex_iteration_count),
    )
