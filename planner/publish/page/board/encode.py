"""Reach and workers as small whole numbers: each column as what differs from a neighbour before it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.jit import compiled

__all__ = ["differences", "predicted", "whole_numbers"]

Array = NDArray[Any]
#: How many columns before a column it may be told by.
LOOK_BACK = 16


@compiled
def _unlike(ptr, site, level, a, b, most):  # type: ignore[no-untyped-def]
    """How many sites of columns a and b differ, counted up to ``most``."""
    p, q, found = ptr[a], ptr[b], 0
    while (p < ptr[a + 1] or q < ptr[b + 1]) and found < most:
        if q >= ptr[b + 1] or (p < ptr[a + 1] and site[p] < site[q]):
            found += 1
            p += 1
        elif p >= ptr[a + 1] or site[q] < site[p]:
            found += 1
            q += 1
        else:
            if level[p] != level[q]:
                found += 1
            p += 1
            q += 1
    return found


@compiled
def _differences(ptr, site, level, levels, look_back, back, count, out):  # type: ignore[no-untyped-def]
    """Fill ``back`` and ``count`` per column and ``out``; returns how much of ``out`` is used."""
    used, before = 0, 0
    for j in range(len(ptr) - 1):
        best, by = ptr[j + 1] - ptr[j], 0
        for k in range(1, min(look_back, j) + 1):
            found = _unlike(ptr, site, level, j, j - k, best)
            if found < best:
                best, by = found, k
        back[j], count[j] = by, best
        p = ptr[j]
        q = ptr[j - by] if by else 0
        end = ptr[j - by + 1] if by else 0
        last, first = before, True
        while p < ptr[j + 1] or q < end:
            now = 0
            if q >= end or (p < ptr[j + 1] and site[p] < site[q]):
                at, now = site[p], level[p]
                p += 1
            elif p >= ptr[j + 1] or site[q] < site[p]:
                at = site[q]
                q += 1
            else:
                same = level[p] == level[q]
                at, now = site[p], level[p]
                p += 1
                q += 1
                if same:
                    continue
            step = at - last
            if first:  # from the first site that changed in the column before: either way
                step = 2 * step if step >= 0 else -2 * step - 1
                before, first = at, False
            out[used] = step * (levels + 1) + now
            used += 1
            last = at
    return used


def differences(ptr: Array, site: Array, level: Array, levels: int) -> tuple[Array, Array, Array]:
    """Each column of reach as changes of one of the columns before it.

    Returns
    -------
    tuple
        Per column how many columns back the one is that it is told by (0: by none) and how many sites change; and the changes
        in turn: (step from the site before) × (levels + 1) + the level it now has, 0 where it is no longer in reach. The first
        step of a column is from the first site that changed in the last column with a change, zigzag.
    """
    n = len(ptr) - 1
    back, count = np.zeros(n, np.int64), np.zeros(n, np.int64)
    out = np.zeros(len(site), np.int64)
    used = _differences(ptr, site, level, levels, LOOK_BACK, back, count, out)
    return back, count, out[:used]


def whole_numbers(workers: Array, per: int) -> Array:
    """Workers (n_columns × n_groups) in units of 1/per; rounded along the columns, so that any stretch keeps its sum."""
    return np.diff(np.rint(np.cumsum(workers * per, axis=0)), axis=0, prepend=0).astype(np.int64)


def predicted(counts: Array, base: int) -> Array:
    """What each count is off when the column before has the same mix of groups; the group ``base`` as it is."""
    before = np.vstack([np.zeros((1, counts.shape[1]), np.int64), counts[:-1]])
    mix = before / np.maximum(before[:, [base]], 1)
    foretold = np.floor(counts[:, [base]] * mix + 0.5).astype(np.int64)
    foretold[:, base] = 0
    return counts - foretold
