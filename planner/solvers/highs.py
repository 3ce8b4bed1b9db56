"""HiGHS: a model as blocks of rows, and what became of it. No status is left unread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import PlannerError, finding
from planner.solvers.clash import InfeasibleRequestError, Told, told

__all__ = ["Block", "Outcome", "nothing_found", "solve_model"]

Floats = NDArray[np.float64]


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
        "output_flag": False, "time_limit": max(0.01, seconds), "threads": 1, "random_seed": 0,
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
        clash = Told(f"{rules}, taken together", "各项规则合在一起")
        return InfeasibleRequestError([clash], told("relax one of them", "放宽其中一项"))
    return PlannerError.of(finding("SOL-001", source="siting"))


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
