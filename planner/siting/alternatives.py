"""What else could have been chosen: other plans, replacements of a site, the price of a wish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.siting.phases import uncovered_core

Array = NDArray[Any]


@dataclass(frozen=True)
class Alternative:
    """Another plan: its sites, its objective, what it loses (share of the objective) and what it shares."""

    chosen: Array
    objective: float
    loss: float
    same_share: float


def other_plans(
    solve: Callable[[Array], Any], chosen: Array, objective: float, *, k: int = 3, keep: Sequence[int] = ()
) -> list[Alternative]:
    """``k`` near-optimal plans that differ: each forbids another k-th of the chosen sites.

    Parameters
    ----------
    solve
        Takes site positions that are forbidden besides, returns a Solution.
    keep
        Positions never forbidden (required sites).
    """
    out = []
    for n in range(k):
        banned = np.setdiff1d(np.asarray(chosen)[n::k], np.asarray(keep, dtype=np.int64))
        found = solve(banned)
        same = np.isin(found.chosen, chosen).mean() if len(found.chosen) else 0.0
        loss = (objective - found.objective) / objective if objective else 0.0
        out.append(Alternative(np.asarray(found.chosen), float(found.objective), float(loss), float(same)))
    return out


def replacements(
    covers: Any, weights: Array, chosen: Array, *, covered: Array, allowed: Array | None = None,
    region: Array | None = None, k: int = 3,
) -> pd.DataFrame:  # fmt: skip
    """Best replacements of every chosen site: site, place (1..k), replacement, loss (weight).

    ``region`` keeps a replacement in the region of the site it replaces (quotas hold).
    """
    core, worth = uncovered_core(covers, weights, covered)
    chosen = np.asarray(chosen)
    rows = core[chosen]
    count = np.bincount(rows.indices, minlength=core.shape[1])
    free = np.ones(core.shape[0], dtype=bool) if allowed is None else allowed.copy()
    free[chosen] = False
    missing = core @ (worth * (count == 0))
    out = []
    for n, site in enumerate(chosen):
        mine = rows.indices[rows.indptr[n] : rows.indptr[n + 1]]
        alone = mine[count[mine] == 1]
        again = np.zeros(core.shape[1])
        again[alone] = worth[alone]
        gain = missing + core @ again
        ok = free if region is None else free & (region == region[site])
        gain = np.where(ok, gain, -np.inf)
        best = np.argsort(-gain, kind="stable")[:k]
        held = worth[alone].sum()
        out += [
            {"site": int(site), "place": i, "replacement": int(j), "loss": float(held - gain[j])}
            for i, j in enumerate(best, start=1)
            if np.isfinite(gain[j])
        ]
    return pd.DataFrame(out, columns=["site", "place", "replacement", "loss"])


@dataclass(frozen=True)
class Wish:
    """What a wished site does.

    ``gain`` when added beside the plan; ``loss`` when it takes the place of ``instead_of`` (a position).
    """

    gain: float
    loss: float
    instead_of: int


def price_of(covers: Any, weights: Array, chosen: Array, wished: int, *, covered: Array) -> Wish:
    """The price of a wish: gain of one more site there, and the least loss of forcing it into the plan."""
    core, worth = uncovered_core(covers, weights, covered)
    chosen = np.asarray(chosen)
    rows = core[chosen]
    count = np.bincount(rows.indices, minlength=core.shape[1])
    new = core.indices[core.indptr[wished] : core.indptr[wished + 1]]
    gain = float(worth[new][count[new] == 0].sum())
    with_it = count.copy()
    with_it[new] += 1
    alone = np.asarray(rows @ (worth * (with_it == 1)))
    out = int(np.argmin(alone))
    return Wish(gain, float(alone[out] - gain), int(chosen[out]))
