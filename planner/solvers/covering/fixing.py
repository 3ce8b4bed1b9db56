"""Sites decided by the bound: out (or in) of every plan better than the best one known.

If forcing site i into the relaxed selection lowers the Lagrangean bound to the best plan's value or
below, no better plan holds i; the cheapest forcing exchanges i for one selected site, which is exact
because selections with min and max counts per region are the bases of a matroid.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.solvers.covering.bound import best_sites
from planner.solvers.covering.core import Core, fill_rows, keep_sites, merge_rows

__all__ = ["decided", "shrink"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def decided(core: Core, score: Floats, bound: float, value: float, plan: Ints) -> tuple[Bools, Bools]:
    """Sites that no plan better than ``value`` contains, and sites that each of them contains.

    ``score``: Σ of prices over a site's rows; ``bound``: the Lagrangean bound at the same prices. The
    sites of ``plan`` are never ruled out, and no others are fixed, so that the plan stays possible.
    """
    m = core.n_sites
    nothing = np.zeros(m, bool)
    if core.limited or core.p is None or core.spaced:
        return nothing, nothing.copy()
    selected, _ = best_sites(score, core)
    inside = np.zeros(m, bool)
    inside[selected] = True
    slack = bound - value - (1 - 1e-6) * core.unit
    weakest, strongest = _exchanges(core, score, inside)
    out = ~inside & (weakest[core.region] - score > slack)
    keep = inside & (score - strongest[core.region] > slack)
    planned = np.zeros(m, bool)
    planned[plan] = True
    return out & ~planned, keep & planned


def _exchanges(core: Core, score: Floats, inside: Bools) -> tuple[Floats, Floats]:
    """Per region: the lowest score that may leave for a site of it, the highest that may enter."""
    k = len(core.quota_min)
    load = np.bincount(core.region[inside], minlength=k)
    low, high = np.full(k, np.inf), np.full(k, -np.inf)
    np.minimum.at(low, core.region[inside], score[inside])
    np.maximum.at(high, core.region[~inside], score[~inside])
    spare, room = load > core.quota_min, load < core.quota_max
    least_spare = low[spare].min(initial=np.inf)
    most_room = high[room].max(initial=-np.inf)
    weakest = np.where(room, np.minimum(low, least_spare), low)
    strongest = np.where(spare, np.maximum(high, most_room), high)
    return weakest, strongest


def shrink(core: Core, out: Bools, keep: Bools) -> tuple[Core, Ints]:
    """The core without the sites ``out`` and with those of ``keep`` chosen; equal rows merged again.

    Returns the smaller core and the positions (in ``core``) of the sites chosen.
    """
    taken = np.flatnonzero(keep)
    served = np.zeros(core.n_rows, bool)
    for i in taken:
        served[core.idx[core.ptr[i] : core.ptr[i + 1]]] = True
    load = np.bincount(core.region[taken], minlength=len(core.quota_min))
    rest = keep_sites(core, ~(out | keep))
    row_of = np.where(served, -1, np.cumsum(~served) - 1).astype(np.int32)
    sites = np.arange(rest.n_sites)
    row_of, weight = merge_rows(rest.ptr, rest.idx, sites, row_of, core.weight[~served])
    ptr, idx = fill_rows(rest.ptr, rest.idx, sites, row_of)
    smaller = replace(
        rest,
        ptr=ptr,
        idx=idx,
        weight=weight,
        p=None if core.p is None else core.p - len(taken),
        quota_min=np.maximum(core.quota_min - load, 0),
        quota_max=np.minimum(core.quota_max - load, np.bincount(rest.region, minlength=len(load))),
        base=core.base + float(core.weight[served].sum()),
    )
    return smaller, taken
