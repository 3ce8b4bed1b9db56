"""Building in phases: nested sets, each good in its turn, with the regret against the best unphased plan.

The sets S₁ ⊂ S₂ ⊂ … ⊂ S_T have sizes k₁ < … < k_T. Found by a local search that maximises
Σ_t λ_t · f(S_t) / f*_t, where f is the newly covered weight and f*_t the best value known for k_t sites
alone. It starts from the better of two constructions (the final plan in its best order; each phase
solved with the earlier ones required) and exchanges one site of one phase at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.merge import equal_columns

__all__ = ["Phases", "greedy_order", "lack", "plan_phases", "uncovered_core"]

Array = NDArray[Any]


def lack(got: float, best: float) -> float:
    """Share of the best that is missing; 0 where there is nothing to have."""
    return max(0.0, (best - got) / best) if best > 0 else 0.0


@dataclass(frozen=True)
class Phases:
    """Nested plans.

    Attributes
    ----------
    order
        Site positions, all phases one after the other, best first within each.
    table
        One row per phase: name, sites (cumulative), covered (weight, what was covered before included),
        best (of as many sites without phases), bound, regret (share of the best's new weight that the
        phase lacks), regret_bound (the same against the bound).
    """

    order: Array
    table: pd.DataFrame


def uncovered_core(covers: Any, weights: Array, covered: Array) -> tuple[sparse.csr_array, Array]:
    """Covers and weights without the points already served or without weight; equal points merged."""
    matrix = sparse.csc_array(covers)
    matrix = sparse.csc_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    keep = ~covered & (weights > 0) & (np.diff(matrix.indptr) > 0)
    rows, weights = sparse.csr_array(matrix[:, keep]), weights[keep]
    first, group = equal_columns(rows)
    return sparse.csr_array(rows[:, first]), np.bincount(group, weights, len(first))


def greedy_order(
    covers: sparse.csr_array, weights: Array, sites: Array, *, covered: Array | None = None
) -> Array:
    """``sites`` in the order of largest marginal gain; ties go to the lower position."""
    rows = sparse.csr_array(covers[sites])
    left = weights.astype(float).copy()
    if covered is not None:
        left[covered] = 0.0
    out, open_ = [], np.ones(len(sites), dtype=bool)
    for _ in range(len(sites)):
        gain = np.where(open_, rows @ left, -1.0)
        best = int(np.argmax(gain))
        out.append(best)
        open_[best] = False
        left[rows.indices[rows.indptr[best] : rows.indptr[best + 1]]] = 0.0
    return np.asarray(sites)[out]


class _Nested:
    """Cover counts of every phase's cumulative set, kept up to date under exchanges."""

    def __init__(self, covers: sparse.csr_array, weights: Array, sets: Sequence[Array], scale: Array) -> None:
        self.covers, self.weights, self.scale = covers, weights, scale
        self.phase = np.full(covers.shape[0], -1)
        self.count = np.zeros((len(sets), covers.shape[1]), dtype=np.int32)
        for t, sites in enumerate(sets):
            for site in sites:
                self.add(int(site), t)

    def points(self, site: int) -> Array:
        return self.covers.indices[self.covers.indptr[site] : self.covers.indptr[site + 1]]

    def add(self, site: int, t: int) -> None:
        self.phase[site] = t
        self.count[t:, self.points(site)] += 1

    def drop(self, site: int) -> int:
        t = int(self.phase[site])
        self.phase[site] = -1
        self.count[t:, self.points(site)] -= 1
        return t

    def swap(self, a: int, b: int) -> None:
        """Each of two sites takes the other's phase."""
        of_a, of_b = self.drop(a), self.drop(b)
        self.add(a, of_b)
        self.add(b, of_a)

    def value(self) -> float:
        return float((self.scale * ((self.count > 0) @ self.weights)).sum())

    def best_for(self, t: int, allowed: Array) -> int:
        """The site outside all phases that adds most when built in phase ``t``."""
        worth = self.weights * (self.scale[t:, None] * (self.count[t:] == 0)).sum(axis=0)
        gain = self.covers @ worth
        gain[(self.phase >= 0) | ~allowed] = -1.0
        return int(np.argmax(gain))


def _exchange(state: _Nested, fixed: Array, barred: Array, region: Array | None, passes: int) -> None:
    """Take sites out one by one and put the best one in their place, until a pass changes nothing."""
    everywhere = np.ones(state.covers.shape[0], dtype=bool)
    for _ in range(passes):
        changed = False
        for site in np.flatnonzero(state.phase >= 0):
            if fixed[site]:
                continue
            t = state.drop(int(site))
            allowed = everywhere if region is None else region == region[site]
            best = state.best_for(t, allowed & ~barred)
            changed |= best != site
            state.add(best, t)
        changed |= _move_between(state)
        if not changed:
            return


def _move_between(state: _Nested) -> bool:
    """Exchange sites of neighbouring phases where it pays; True if any moved."""
    moved = False
    for t in range(len(state.count) - 1):
        early, late = np.flatnonzero(state.phase == t), np.flatnonzero(state.phase == t + 1)
        if not len(early) or not len(late):
            continue
        # Only the set S_t changes: what each early site alone holds there, what each late one would add.
        alone = state.weights * (state.count[t] == 1)
        missing = state.weights * (state.count[t] == 0)
        loss, gain = state.covers[early] @ alone, state.covers[late] @ missing
        a, b = int(early[np.argmin(loss)]), int(late[np.argmax(gain)])
        before = state.value()
        state.swap(a, b)
        if state.value() > before * (1 + 1e-12):
            moved = True
        else:
            state.swap(b, a)
    return moved


def plan_phases(
    covers: Any,
    weights: Array,
    sizes: Sequence[int],
    names: Sequence[str],
    best_sets: Sequence[Array],
    bounds: Sequence[float],
    *,
    covered: Array,
    required: Array | None = None,
    forbidden: Array | None = None,
    region: Array | None = None,
    final_weight: float = 2.0,
    passes: int = 6,
) -> Phases:
    """Nested plans of ``sizes`` sites (a phase's own number each).

    Parameters
    ----------
    covers, weights, covered
        As for :func:`planner.solvers.problems.maximal_covering`.
    best_sets, bounds
        For each cumulative size the best set known and its bound (weight already covered included).
    required
        Site positions that stay in the plan (wherever the last plan has them).
    forbidden
        Site positions never built.
    region
        Label per site: an exchange stays within a region, so that the last plan's quotas hold.
    final_weight
        λ of the last phase; the others have 1.
    """
    ends = np.cumsum(sizes)
    core, worth = uncovered_core(covers, weights, covered)
    base = float(weights[covered].sum())
    best_new = np.array([_value(core, worth, s) for s in best_sets])
    lam = np.ones(len(sizes))
    lam[-1] = final_weight
    scale = lam / np.where(best_new > 0, best_new, 1.0)
    fixed = np.zeros(core.shape[0], dtype=bool)
    fixed[required if required is not None else []] = True
    last = greedy_order(core, worth, np.asarray(best_sets[-1]))
    state = _Nested(core, worth, np.split(last, ends[:-1]), scale)
    barred = fixed.copy()
    barred[forbidden if forbidden is not None else []] = True
    _exchange(state, fixed, barred, region, passes)
    order = _in_order(state, core, worth, len(sizes))
    rows = []
    for t, end in enumerate(ends):
        new = _value(core, worth, order[:end])
        top = bounds[t] - base
        rows.append(
            {
                "name": names[t],
                "sites": int(end),
                "covered": base + new,
                "best": base + best_new[t],
                "bound": float(bounds[t]),
                "regret": lack(new, best_new[t]),
                "regret_bound": lack(new, top),
            }
        )
    return Phases(order, pd.DataFrame(rows))


def _in_order(state: _Nested, core: sparse.csr_array, worth: Array, n: int) -> Array:
    out: list[int] = []
    done = np.zeros(core.shape[1], dtype=bool)
    for t in range(n):
        sites = greedy_order(core, worth, np.flatnonzero(state.phase == t), covered=done)
        out += sites.tolist()
        done = state.count[t] > 0
    return np.asarray(out, dtype=np.int64)


def _value(core: sparse.csr_array, worth: Array, sites: Array) -> float:
    reached = np.zeros(core.shape[1], dtype=bool)
    reached[core[np.asarray(sites)].indices] = True
    return float(worth[reached].sum())
