"""The exact model of a reduced choice of options, solved by HiGHS.

Variables: ``x_o`` (option o is taken, binary) and ``z_j`` in [0, 1] (row j counts).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.options.core import OptionsCore
from planner.solvers.effort import Effort
from planner.solvers.highs import Block, Outcome, solve_model

__all__ = [
    "apart_constraint",
    "cover_constraint",
    "limit_constraint",
    "place_constraint",
    "solve_options_core",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Coefficients of a limit are at most this: HiGHS keeps rows to fixed tolerances.
LARGEST = 2.0**20
#: HiGHS's answers that pass a limit within its tolerance are excluded one by one, so many times.
RETRIES = 25


def cover_constraint(core: OptionsCore) -> Block:
    """``z_j ≤ Σ_{o covers j} x_o`` for every row j: demand counts only where a chosen option covers it."""
    n = core.n_rows
    return Block(
        sparse.hstack([core.covers().T, -sparse.eye_array(n)]).tocsr(), np.zeros(n), np.full(n, np.inf)
    )


def place_constraint(place: Ints, must: Bools, size: int) -> Block:
    """``Σ_{o of place} x_o ≤ 1``, or ``= 1`` where one has to be taken."""
    n = len(must)
    matrix = sparse.csr_array((np.ones(len(place)), (place, np.arange(len(place)))), shape=(n, size))
    return Block(matrix, np.where(must, 1.0, 0.0), np.ones(n))


def apart_constraint(place: Ints, stands: Bools, pairs: Ints, size: int) -> Block:
    """``Σ x_o of both places that stand ≤ 1`` for each pair of places that must be apart."""
    of = [np.flatnonzero(stands & (place == p)) for p in range(int(pairs.max(initial=-1)) + 1)]
    columns = [np.concatenate([of[a], of[b]]) for a, b in pairs]
    row = np.repeat(np.arange(len(pairs)), [len(c) for c in columns])
    column = np.concatenate([*columns, np.zeros(0, np.int64)]).astype(np.int64)
    matrix = sparse.csr_array((np.ones(len(column)), (row, column)), shape=(len(pairs), size))
    return Block(matrix, np.zeros(len(pairs)), np.ones(len(pairs)))


def limit_constraint(use: Floats, least: Floats, most: Floats, size: int) -> Block:
    """``least ≤ Σ use_o x_o ≤ most``; ``use``: (n_options × n_limits)."""
    top = np.abs(use).max(axis=0, initial=0.0)
    by = np.where(top > LARGEST, 2.0 ** -np.ceil(np.log2(np.maximum(top, 1.0) / LARGEST)), 1.0)
    matrix = sparse.csr_array((use * by).T)
    matrix.resize((use.shape[1], size))
    return Block(matrix, least * by, most * by)


def solve_options_core(
    core: OptionsCore,
    *,
    effort: Effort,
    start: Ints | None = None,
    gap: float = 0.0,
    looks: int | None = None,
    progress: Callable[[float], None] | None = None,
    options: dict[str, Any] | None = None,
) -> tuple[Ints | None, Outcome]:
    """The core options of the best plan HiGHS finds (None: none), and what it says of it.

    ``Outcome.bound`` is an upper bound on the core's weight, ``base`` excluded. ``start``: core options of a known plan.
    A plan that passes a limit by less than HiGHS's tolerance is forbidden as a whole and the model solved again.
    """
    m, n = core.n_options, core.n_rows
    limits = core.limits
    blocks = [cover_constraint(core), place_constraint(core.place, core.must, m + n)]
    if len(limits.least):
        blocks.append(limit_constraint(limits.use, limits.least, limits.most, m + n))
    if len(core.apart):
        own = np.repeat(np.arange(core.n_places), np.diff(core.apart_ptr))
        pairs = np.column_stack([own, core.apart])[own < core.apart]
        blocks.append(apart_constraint(core.place, core.stands, pairs, m + n))
    value = np.concatenate([np.zeros(m), core.weight])
    warm = None
    if start is not None:
        warm = np.zeros(m + n)
        warm[start] = 1.0
        warm[m:] = core.covers()[start].sum(axis=0) > 0
    for _ in range(RETRIES):
        outcome = solve_model(
            -value, blocks, np.zeros(m + n), np.ones(m + n), np.arange(m + n) < m, warm=warm, seconds=effort.left,
            gap=gap, offset=-core.base, looks=looks, progress=progress, options=options,
        )  # fmt: skip
        effort.repeatable &= not outcome.cut_by_clock
        outcome = replace(outcome, bound=-outcome.bound - core.base)
        if outcome.values is None:
            return None, outcome
        found = np.flatnonzero(outcome.values[:m] > 0.5)
        if _keeps(core, found):
            return found, outcome
        blocks.append(_not_again(core, found, m + n))
    return None, outcome


def _keeps(core: OptionsCore, options: Ints) -> bool:
    """Whether these options keep the limits, rounding allowed for."""
    limits = core.limits
    load = limits.use[options].sum(axis=0)
    slack = 2 * limits.slack
    return bool((load <= limits.most + slack).all() and (load >= limits.least - slack).all())


def _not_again(core: OptionsCore, options: Ints, size: int) -> Block:
    """Any choice but this one: ``Σ_{o taken} x_o − Σ_{o of other places} x_o ≤ taken − 1``."""
    free = np.setdiff1d(np.arange(core.n_places), core.place[options])
    others = np.flatnonzero(np.isin(core.place, free))
    row = np.zeros((1, size))
    row[0, options] = 1.0
    row[0, others] = -1.0
    return Block(sparse.csr_array(row), np.array([-np.inf]), np.array([len(options) - 1.0]))
