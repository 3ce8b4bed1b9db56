"""The reduced problem: served demand removed, equal cover sets merged, useless candidates left out.

What is optimal here is optimal for the request: required sites are chosen beforehand and their demand
counted in ``base``; demand points with the same cover set become one row with the summed weight; a
candidate whose rows another candidate of the same region covers too (at no higher cost) is dropped
where enough others remain to fill every count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.jit import compiled
from planner.solvers.request import Request
from planner.solvers.scale import step_of

__all__ = ["Core", "fill_rows", "keep_sites", "merge_rows", "reduce_request", "transpose"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Core:
    """What is left to decide.

    ``ptr``, ``idx`` are the CSR site → row, ``weight`` the weight per row, ``site`` the original site
    positions; ``p`` sites remain to be chosen (None: as many as ``budget`` allows) with
    ``quota_min``/``quota_max`` per region code; ``conflict_ptr``/``conflict_idx`` are excluding pairs.
    ``base`` is weight covered whatever is chosen; every weight is a multiple of ``unit`` (0: of nothing).
    """

    ptr: Ints
    idx: NDArray[np.int32]
    weight: Floats
    site: Ints
    p: int | None
    region: Ints
    quota_min: Ints
    quota_max: Ints
    cost: Floats
    budget: float
    conflict_ptr: Ints
    conflict_idx: Ints
    base: float
    unit: float

    @property
    def n_sites(self) -> int:
        """Candidates left."""
        return len(self.site)

    @property
    def n_rows(self) -> int:
        """Rows of demand left."""
        return len(self.weight)

    @property
    def limited(self) -> bool:
        """Whether a budget applies."""
        return bool(np.isfinite(self.budget))

    @property
    def spaced(self) -> bool:
        """Whether pairs of sites exclude each other."""
        return len(self.conflict_idx) > 0


@compiled
def _scatter(ptr, idx, sites, row_of, key, hashes):  # type: ignore[no-untyped-def]
    """Add each site's key to the hash of the rows it covers (wrapping sums)."""
    for a in range(len(sites)):
        for e in range(ptr[sites[a]], ptr[sites[a] + 1]):
            r = row_of[idx[e]]
            if r >= 0:
                hashes[r] += key[a]


@compiled
def _count(ptr, idx, sites, row_of, out_ptr):  # type: ignore[no-untyped-def]
    """Row pointers of the CSR that :func:`_fill` fills."""
    for a in range(len(sites)):
        kept = 0
        for e in range(ptr[sites[a]], ptr[sites[a] + 1]):
            if row_of[idx[e]] >= 0:
                kept += 1
        out_ptr[a + 1] = out_ptr[a] + kept


@compiled
def _fill(ptr, idx, sites, row_of, out_ptr, out_idx):  # type: ignore[no-untyped-def]
    """CSR of ``sites`` over the rows with ``row_of >= 0``."""
    for a in range(len(sites)):
        at = out_ptr[a]
        for e in range(ptr[sites[a]], ptr[sites[a] + 1]):
            r = row_of[idx[e]]
            if r >= 0:
                out_idx[at] = r
                at += 1


@compiled
def _groups_hold(ptr, idx, sites, row_of, group, size):  # type: ignore[no-untyped-def]
    """Whether every site covers each group of rows wholly or not at all."""
    seen = np.zeros(len(size), np.int32)
    for a in range(len(sites)):
        for e in range(ptr[sites[a]], ptr[sites[a] + 1]):
            r = row_of[idx[e]]
            if r >= 0:
                seen[group[r]] += 1
        for e in range(ptr[sites[a]], ptr[sites[a] + 1]):
            r = row_of[idx[e]]
            if r >= 0:
                g = group[r]
                if seen[g] != 0 and seen[g] != size[g]:
                    return False
        for e in range(ptr[sites[a]], ptr[sites[a] + 1]):
            r = row_of[idx[e]]
            if r >= 0:
                seen[group[r]] = 0
    return True


@compiled
def _dominated(ptr, idx, tptr, tidx, region, cost, skip):  # type: ignore[no-untyped-def]
    """Mark in ``skip`` sites whose rows another site of the region covers, at no higher cost."""
    m = len(ptr) - 1
    stamp = np.full(len(tptr) - 1, -1, np.int64)
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
            if k == i or skip[k] or bigger < size or region[k] != region[i] or cost[k] > cost[i]:
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
    from scipy import sparse

    m = len(ptr) - 1
    ones = np.ones(len(idx), np.int8)
    csc = sparse.csr_array((ones, idx, ptr), shape=(m, n_rows)).tocsc()
    return csc.indptr.astype(np.int64), csc.indices.astype(np.int32)


def merge_rows(
    ptr: Ints, idx: NDArray[np.int32], sites: Ints, row_of: NDArray[np.int32], weight: Floats
) -> tuple[NDArray[np.int32], Floats]:
    """Group rows with equal cover sets among ``sites``.

    ``row_of`` maps the columns of the CSR to rows (-1: left out). Returns the same map to groups, with
    every group but its first column left out, and the weight per group; rows that no site covers go.
    """
    n = len(weight)
    key = np.random.default_rng(20240124).integers(1, 2**63, len(sites), dtype=np.uint64)
    hashes = np.zeros(n, np.uint64)
    _scatter(ptr, idx, sites, row_of, key, hashes)
    covered = hashes != 0
    _, first, group = np.unique(hashes[covered], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))  # keep the order of appearance
    of = np.full(n, -1, np.int32)
    of[covered] = rank[group]
    size = np.bincount(of[covered], minlength=len(first)).astype(np.int32)
    column = np.full(n, -1, np.int64)  # the (only) column of each row
    live = np.flatnonzero(row_of >= 0)
    column[row_of[live]] = live
    grouped = np.full(len(row_of), -1, np.int32)
    if len(first) < int(covered.sum()):
        grouped[live] = np.where(covered[row_of[live]], row_of[live], -1)
        if not _groups_hold(ptr, idx, sites, grouped, of, size):  # a hash collision: merge nothing
            of[covered] = np.arange(int(covered.sum()), dtype=np.int32)
    merged = np.bincount(of[covered], weights=weight[covered], minlength=int(of.max(initial=-1)) + 1)
    rows = np.flatnonzero(covered)[::-1]
    head = np.full(len(merged), -1, np.int64)
    head[of[rows]] = rows  # first row of each group
    grouped[:] = -1
    grouped[column[head]] = np.arange(len(merged), dtype=np.int32)
    return grouped, merged.astype(np.float64)


def fill_rows(
    ptr: Ints, idx: NDArray[np.int32], sites: Ints, row_of: NDArray[np.int32]
) -> tuple[Ints, NDArray[np.int32]]:
    """CSR of ``sites`` over the rows that ``row_of`` maps the columns to (-1: left out)."""
    out_ptr = np.zeros(len(sites) + 1, np.int64)
    _count(ptr, idx, sites, row_of, out_ptr)
    out_idx = np.empty(int(out_ptr[-1]), np.int32)
    _fill(ptr, idx, sites, row_of, out_ptr, out_idx)
    return out_ptr, out_idx


def reduce_request(
    request: Request, *, fill: bool = True, unit_cost: bool = False, count: bool = True
) -> Core:
    """The core of a request whose rules can be obeyed (see :mod:`.infeasible`).

    ``fill``: the plan must be filled up to ``p`` or each quota, so enough sites are kept for that;
    False where sites are only taken for what they cover (set covering), and then cost matters.
    ``unit_cost``: every site costs 1. ``count`` False: forget ``p``.
    """
    rules = request.rules
    covers = request.covers
    ptr, idx = covers.indptr, covers.indices
    served = request.covered.copy()
    for i in rules.required:
        served[idx[ptr[i] : ptr[i + 1]]] = True
    banned = np.zeros(rules.n_sites, bool)
    banned[rules.required] = True
    banned[rules.forbidden] = True
    banned[rules.conflicts[rules.required].indices] = True
    sites = np.flatnonzero(~banned)
    wanted = ~served & (request.weights > 0)
    row_of = np.where(wanted, np.cumsum(wanted) - 1, -1).astype(np.int32)
    weight = request.weights[wanted]
    if len(weight):
        row_of, weight = merge_rows(ptr, idx, sites, row_of, weight)
    core = _assemble(request, sites, row_of, weight, float(request.weights[served].sum()))
    if not count:
        free = request.rules.quota_max >= (request.rules.p or 0)  # never asked for: only p limits it
        size = np.bincount(core.region, minlength=len(free))
        core = replace(core, p=None, quota_max=np.where(free, size, core.quota_max))
    if unit_cost or (not fill and request.rules.cost is None):
        core = replace(core, cost=np.ones(core.n_sites))
    return _without_dominated(core, fill=fill)


def _assemble(request: Request, sites: Ints, row_of: NDArray[np.int32], weight: Floats, base: float) -> Core:
    rules = request.rules
    ptr, idx = request.covers.indptr, request.covers.indices
    out_ptr, out_idx = fill_rows(ptr, idx, sites, row_of)
    fixed = np.bincount(rules.region[rules.required], minlength=len(rules.labels))
    pairs = rules.conflicts[sites][:, sites].tocsr()
    cost = np.zeros(len(sites)) if rules.cost is None else rules.cost[sites]
    spent = 0.0 if rules.cost is None else float(rules.cost[rules.required].sum())
    return Core(
        ptr=out_ptr,
        idx=out_idx,
        weight=weight,
        site=sites,
        p=None if rules.p is None else rules.p - len(rules.required),
        region=rules.region[sites],
        quota_min=np.maximum(rules.quota_min - fixed, 0),
        quota_max=np.minimum(rules.quota_max - fixed, np.bincount(rules.region[sites], minlength=len(fixed))),
        cost=cost,
        budget=np.inf if rules.budget is None else rules.budget - spent,
        conflict_ptr=pairs.indptr.astype(np.int64),
        conflict_idx=pairs.indices.astype(np.int64),
        base=base,
        unit=step_of(weight),
    )


def _without_dominated(core: Core, *, fill: bool, largest: int = 3_000_000) -> Core:
    """Leave dominated candidates out, as long as each region keeps enough sites for any count."""
    if core.spaced or len(core.idx) > largest or (core.limited and core.p is not None):
        return core
    tptr, tidx = transpose(core.ptr, core.idx, core.n_rows)
    skip = np.diff(core.ptr) == 0
    priced = core.limited or not fill
    cost = core.cost if priced else np.zeros(core.n_sites)
    _dominated(core.ptr, core.idx, tptr, tidx, core.region, cost, skip)
    if priced:
        # an empty site is only ever taken to fill a quota: keep the cheapest ones
        need = core.quota_min
    else:
        need = np.minimum(core.quota_max, core.p if core.p is not None else core.quota_max)
    for r in range(len(core.quota_min)):
        members = np.flatnonzero(core.region == r)
        short = int(need[r] - (~skip[members]).sum())
        if priced:
            short = int(need[r])
        if short > 0:
            back = members[skip[members]]
            back = back[np.argsort(core.cost[back], kind="stable")][:short]
            skip[back] = False
    return keep_sites(core, ~skip)


def keep_sites(core: Core, keep: NDArray[np.bool_]) -> Core:
    """The core with only the sites marked in ``keep`` (rows stay as they are)."""
    if keep.all():
        return core
    sites = np.flatnonzero(keep)
    ptr, idx = fill_rows(core.ptr, core.idx, sites, np.arange(core.n_rows, dtype=np.int32))
    cptr, cidx = core.conflict_ptr, core.conflict_idx
    if core.spaced:
        from scipy import sparse

        ones = np.ones(len(cidx), bool)
        pairs = sparse.csr_array((ones, cidx, cptr), shape=(core.n_sites, core.n_sites))
        pairs = pairs[sites][:, sites].tocsr()
        cptr, cidx = pairs.indptr.astype(np.int64), pairs.indices.astype(np.int64)
    else:
        cptr = np.zeros(len(sites) + 1, np.int64)
    region = core.region[sites]
    return replace(
        core,
        ptr=ptr,
        idx=idx,
        site=core.site[sites],
        region=region,
        quota_max=np.minimum(core.quota_max, np.bincount(region, minlength=len(core.quota_min))),
        cost=core.cost[sites],
        conflict_ptr=cptr,
        conflict_idx=cidx,
    )
