"""The reduced problem: served demand removed, equal cover sets merged, useless candidates left out.

What is optimal here is optimal for the request: required sites are chosen beforehand and their demand
counted in ``base``; demand points with the same cover set become one row with the summed weight; a
candidate whose rows another candidate of the same labels covers too (at no higher cost) is dropped
where enough others remain to fill every count.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.jit import compiled
from planner.solvers.merge import equal_columns, fill_rows
from planner.solvers.request import Request
from planner.solvers.rules import Rules
from planner.solvers.scale import step_of

__all__ = ["Core", "keep_sites", "reduce_request", "shrink", "sites_alone", "transpose"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Core:
    """What is left to decide.

    ``ptr``, ``idx`` are the CSR site → row, ``weight`` the weight per row, ``site`` the original site
    positions; ``rules`` are those on these sites, nothing required or forbidden any more. ``base`` is weight
    covered whatever is chosen; every weight is a multiple of ``unit`` (0: of nothing). ``row``: the row of each demand
    point of the request (-1: none; empty where nobody asks).
    """

    ptr: Ints
    idx: NDArray[np.int32]
    weight: Floats
    site: Ints
    rules: Rules
    base: float
    unit: float
    row: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def n_sites(self) -> int:
        """Candidates left."""
        return len(self.site)

    @property
    def n_rows(self) -> int:
        """Rows of demand left."""
        return len(self.weight)

    @property
    def p(self) -> int | None:
        """Sites that remain to be chosen (None: as many as the budget allows)."""
        return self.rules.p

    @property
    def cost(self) -> Floats:
        """Cost per site."""
        return self.rules.money


@compiled
def _dominated(ptr, idx, tptr, tidx, kind, cost, skip):  # type: ignore[no-untyped-def]
    """Mark in ``skip`` sites whose rows another site of the kind covers, at no higher cost."""
    m = len(ptr) - 1
    stamp = np.empty(len(tptr) - 1, np.int64)
    for j in range(len(stamp)):
        stamp[j] = -1
    for i in range(m):
        size = ptr[i + 1] - ptr[i]
        if size == 0:
            continue
        rarest = idx[ptr[i]]
        for e in range(ptr[i], ptr[i + 1]):
            j = idx[e]
            stamp[j] = i
            if tptr[j + 1] - tptr[j] < tptr[rarest + 1] - tptr[rarest]:
                rarest = j
        for f in range(tptr[rarest], tptr[rarest + 1]):
            k = tidx[f]
            bigger = ptr[k + 1] - ptr[k]
            if k == i or skip[k] or bigger < size or kind[k] != kind[i] or cost[k] > cost[i]:
                continue
            hits = 0
            for e in range(ptr[k], ptr[k + 1]):
                if stamp[idx[e]] == i:
                    hits += 1
            if hits == size:
                skip[i] = True
                break


def transpose(ptr: Ints, idx: NDArray[np.int32], n_rows: int) -> tuple[Ints, NDArray[np.int32]]:
    """The CSR row → site."""
    m = len(ptr) - 1
    ones = np.ones(len(idx), np.int8)
    csc = sparse.csr_array((ones, idx, ptr), shape=(m, n_rows)).tocsc()
    return csc.indptr.astype(np.int64), csc.indices.astype(np.int32)


def _merged(core: Core) -> tuple[Core, Ints]:
    """Rows that the same sites cover become one; rows that no site covers go. Also the new row of each (-1: gone)."""
    m, n = core.n_sites, core.n_rows
    ones = np.ones(len(core.idx), np.int8)
    first, which = equal_columns(sparse.csr_array((ones, core.idx, core.ptr), shape=(m, n)))
    hit = np.zeros(n, bool)
    hit[core.idx] = True
    live = hit[first]
    row_of = np.full(n, -1, np.int32)
    row_of[first[live]] = np.arange(int(live.sum()), dtype=np.int32)
    ptr, idx = fill_rows(core.ptr, core.idx, np.arange(m), row_of)
    weight = np.bincount(which, weights=core.weight, minlength=len(first))[live]
    return replace(core, ptr=ptr, idx=idx, weight=weight.astype(np.float64)), row_of[first][which].astype(
        np.int64
    )


def reduce_request(
    request: Request,
    *,
    fill: bool = True,
    unit_cost: bool = False,
    count: bool = True,
    largest: int = 3_000_000,
) -> Core:
    """The core of a request whose rules can be obeyed (see :mod:`planner.solvers.infeasible`).

    ``fill``: the plan must be filled up to ``p`` or each quota, so enough sites are kept for that;
    False where sites are only taken for what they cover (set covering), and then cost matters.
    ``unit_cost``: every site costs 1. ``count`` False: forget ``p``. ``largest``: coverage pairs up to which dominated
    candidates are looked for.
    """
    rules, covers = request.rules, request.covers
    served = request.covered.copy()
    served[covers[rules.required].indices] = True
    sites = rules.open()
    wanted = ~served & (request.weights > 0)
    row_of = np.where(wanted, np.cumsum(wanted) - 1, -1).astype(np.int32)
    ptr, idx = fill_rows(covers.indptr, covers.indices, sites, row_of)
    left = rules.left(sites, rules.required)
    if not count:
        left = rules.uncounted().left(sites, rules.required)
    if unit_cost or (not fill and rules.cost is None):
        left = replace(left, cost=np.ones(len(sites)))
    base = float(request.weights[served].sum())
    core, which = _merged(Core(ptr, idx, request.weights[wanted], sites, left, base, 0.0))
    row = np.full(covers.shape[1], -1, np.int64)
    row[wanted] = which
    core = replace(core, row=row)
    return _without_dominated(replace(core, unit=step_of(core.weight)), fill=fill, largest=largest)


def sites_alone(rules: Rules) -> Core:
    """The choice among the sites that are neither required nor forbidden, without any rows."""
    sites = rules.open()
    none = np.zeros(len(sites) + 1, np.int64)
    left = rules.left(sites, rules.required)
    return Core(none, np.zeros(0, np.int32), np.zeros(0), sites, left, 0.0, 0.0)


def _without_dominated(core: Core, *, fill: bool, largest: int) -> Core:
    """Leave dominated candidates out, as long as each kind keeps enough sites for any count."""
    rules, kind = core.rules, core.rules.kind
    if rules.spaced or len(core.idx) > largest or (rules.limited and rules.p is not None):
        return core
    tptr, tidx = transpose(core.ptr, core.idx, core.n_rows)
    skip = np.diff(core.ptr) == 0
    priced = rules.limited or not fill
    cost = core.cost if priced else np.zeros(core.n_sites)
    _dominated(core.ptr, core.idx, tptr, tidx, kind, cost, skip)
    for k in range(int(kind.max(initial=-1)) + 1):
        members = np.flatnonzero(kind == k)
        # priced: an empty site is only ever taken to fill a quota, so the cheapest ones are kept
        need = [int((q.least if priced else q.most)[q.of[members[0]]]) for q in rules.partitions]
        short = max(need) if priced else min([*need, *([] if rules.p is None else [rules.p])])
        short -= 0 if priced else int((~skip[members]).sum())
        if short > 0:
            back = members[skip[members]]
            back = back[np.argsort(core.cost[back], kind="stable")][:short]
            skip[back] = False
    return keep_sites(core, ~skip)


def keep_sites(core: Core, keep: Bools) -> Core:
    """The core with only the sites marked in ``keep`` (rows stay as they are)."""
    if keep.all():
        return core
    sites = np.flatnonzero(keep)
    ptr, idx = fill_rows(core.ptr, core.idx, sites, np.arange(core.n_rows, dtype=np.int32))
    return replace(
        core, ptr=ptr, idx=idx, site=core.site[sites], rules=core.rules.left(sites, np.empty(0, np.int64))
    )


def shrink(core: Core, out: Bools, keep: Bools) -> tuple[Core, Ints]:
    """The core without the sites ``out`` and with those of ``keep`` chosen; equal rows merged again.

    Returns the smaller core and the positions (in ``core``) of the sites chosen.
    """
    taken, sites = np.flatnonzero(keep), np.flatnonzero(~(out | keep))
    served = np.zeros(core.n_rows, bool)
    for i in taken:
        served[core.idx[core.ptr[i] : core.ptr[i + 1]]] = True
    row_of = np.where(served, -1, np.cumsum(~served) - 1).astype(np.int32)
    ptr, idx = fill_rows(core.ptr, core.idx, sites, row_of)
    base = core.base + float(core.weight[served].sum())
    rules = core.rules.left(sites, taken)
    smaller, _ = _merged(Core(ptr, idx, core.weight[~served], core.site[sites], rules, base, core.unit))
    return smaller, taken
