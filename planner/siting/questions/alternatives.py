"""What else could have been chosen: other plans, replacements of a site, the price of a wish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import InfeasibleError
from planner.siting.phases import uncovered_core
from planner.solvers.rules import Rules

Array = NDArray[Any]


@dataclass(frozen=True)
class Alternative:
    """Another plan: its sites, its objective, what it loses (share of the objective) and what it shares.

    ``same_share``: share of its sites that the plan has too.
    """

    chosen: Array
    objective: float
    loss: float
    same_share: float


def other_plans(
    solve: Callable[[Array], Any], chosen: Array, objective: float, *, k: int = 3, keep: Sequence[int] = ()
) -> list[Alternative]:
    """Up to ``k`` near-optimal plans that differ: each forbids another k-th of the chosen sites.

    A k-th that the rules (quotas, too few candidates) cannot do without gives no plan.

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
        if not len(banned):
            continue
        try:
            found = solve(banned)
        except InfeasibleError:
            continue  # the rules cannot do without these sites
        same = np.isin(found.chosen, chosen).mean() if len(found.chosen) else 0.0
        loss = (objective - found.objective) / objective if objective else 0.0
        out.append(Alternative(np.asarray(found.chosen), float(found.objective), float(loss), float(same)))
    return out


def replacements(
    covers: Any, weights: Array, chosen: Array, *, covered: Array, rules: Rules, k: int = 3
) -> pd.DataFrame:
    """Best replacements of every chosen site: site, place (1..k), replacement, loss (weight).

    A replacement keeps the district (the first label) of the site it replaces, and every count.
    """
    core, worth = uncovered_core(covers, weights, covered)
    chosen = np.asarray(chosen)
    rows = core[chosen]
    count = np.bincount(rows.indices, minlength=core.shape[1])
    district = rules.partitions[0].of
    missing = core @ (worth * (count == 0))
    out = []
    for n, site in enumerate(chosen):
        mine = rows.indices[rows.indptr[n] : rows.indptr[n + 1]]
        alone = mine[count[mine] == 1]
        again = np.zeros(core.shape[1])
        again[alone] = worth[alone]
        gain = missing + core @ again
        ok = rules.may_replace(chosen, int(site)) & (district == district[site])
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

    ``gain`` when added beside the plan; ``loss`` when it takes the place of ``instead_of`` (a position;
    -1 where no site may make room, ``loss`` is then inf).
    """

    gain: float
    loss: float
    instead_of: int


def price_of(
    covers: Any, weights: Array, chosen: Array, wished: int, *, covered: Array, may_go: Array | None = None
) -> Wish:
    """The price of a wish: gain of one more site there, and the least loss of forcing it into the plan.

    ``may_go``: bool per chosen site, whether it may make room (:meth:`planner.solvers.rules.Rules.may_swap`); all when None.
    """
    core, worth = uncovered_core(covers, weights, covered)
    chosen = np.asarray(chosen)
    rows = core[chosen]
    count = np.bincount(rows.indices, minlength=core.shape[1])
    new = core.indices[core.indptr[wished] : core.indptr[wished + 1]]
    gain = float(worth[new][count[new] == 0].sum())
    with_it = count.copy()
    with_it[new] += 1
    alone = np.asarray(rows @ (worth * (with_it == 1)), dtype=float)
    if may_go is not None:
        alone = np.where(may_go, alone, np.inf)
    out = int(np.argmin(alone))
    if not np.isfinite(alone[out]):
        return Wish(gain, float("inf"), -1)
    return Wish(gain, float(alone[out] - gain), int(chosen[out]))
