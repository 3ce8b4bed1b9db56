"""The exact model of a reduced covering problem, solved by HiGHS.

Variables: ``x_i`` (site i is chosen, binary) and ``z_j`` in [0, 1] (row j counts); see Church & ReVelle 1974.
The rules on sites bring their own rows (:mod:`planner.solvers.each_rule`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.covering.core import Core, transpose
from planner.solvers.each_rule import each, rule_model
from planner.solvers.effort import Effort
from planner.solvers.highs import Block, Outcome, solve_model

__all__ = ["Block", "cover_constraint", "solve_core", "solve_model"]

Ints = NDArray[np.int64]


def cover_constraint(core: Core) -> Block:
    """``z_j ≤ Σ_{i covers j} x_i`` for every row j: demand counts only where a chosen site covers it."""
    n, m = core.n_rows, core.n_sites
    tptr, tidx = transpose(core.ptr, core.idx, n)
    reach = sparse.csr_array((np.ones(len(tidx)), tidx, tptr), shape=(n, m))
    return Block(sparse.hstack([reach, -sparse.eye_array(n)]).tocsr(), np.zeros(n), np.full(n, np.inf))


def solve_core(
    core: Core,
    *,
    effort: Effort,
    start: Ints | None = None,
    gap: float = 0.0,
    looks: int | None = None,
    progress: Callable[[float], None] | None = None,
    options: dict[str, Any] | None = None,
) -> tuple[Ints | None, Outcome]:
    """Solve the core exactly; ``Outcome.bound`` is an upper bound on its weight, ``base`` excluded.

    ``start``: core sites of a known plan (warm start). ``effort`` remembers where the clock cut it. ``options``: HiGHS's own.
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
        -value, [cover_constraint(core), *rule_model(each(core.rules), m + n)], np.zeros(m + n), np.ones(m + n), np.arange(m + n) < m,
        warm=warm, seconds=effort.left, gap=gap, offset=-core.base, looks=looks, progress=progress, options=options,
    )  # fmt: skip
    effort.repeatable &= not outcome.cut_by_clock
    sites = None if outcome.values is None else np.flatnonzero(outcome.values[:m] > 0.5)
    bound = -outcome.bound - core.base
    return sites, replace(outcome, bound=bound)
