"""What else could have been chosen: other plans, replacements of a site, the price of a wish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

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


@dataclass(frozen=True)
class StandIns:
    """What could stand instead of each chosen site, and what the plan has by that site alone.

    Attributes
    ----------
    table
        Every replacement in reach: site, place (1, 2 …: what loses least first), replacement, distance_m, loss
        (weight; 0 where the plan would not lose). Positions of candidates; a site without any has no row.
    alone
        Per chosen site the weight that nothing else covers.
    within_m
        How far a replacement may be.
    """

    table: pd.DataFrame
    alone: Array
    within_m: float

    def best(self, k: int) -> pd.DataFrame:
        """The ``k`` best of every site."""
        return self.table[self.table["place"] <= k].reset_index(drop=True)


def replacements(
    covers: Any, weights: Array, chosen: Array, *, covered: Array, rules: Rules, near: Any, within_m: float
) -> StandIns:
    """Everything that could replace a chosen site nearby.

    A replacement keeps the district (the first label) of the site it replaces, and every count. ``near``: metres
    from each chosen site to each candidate in reach (sparse; stored = in reach).
    """
    core, worth = uncovered_core(covers, weights, covered)
    chosen = np.asarray(chosen)
    rows, near = core[chosen], sparse.csr_array(near)
    count = np.bincount(rows.indices, minlength=core.shape[1])
    district, missing = rules.partitions[0].of, np.where(count == 0, worth, 0.0)
    held, parts = np.zeros(len(chosen)), []
    for n, site in enumerate(chosen):
        mine = rows.indices[rows.indptr[n] : rows.indptr[n + 1]]
        alone = mine[count[mine] == 1]
        held[n] = worth[alone].sum()
        there, metres = (v[near.indptr[n] : near.indptr[n + 1]] for v in (near.indices, near.data))
        ok = rules.may_replace(chosen, int(site))[there] & (district[there] == district[site])
        there, metres = there[ok], metres[ok]
        left = missing.copy()
        left[alone] = worth[alone]
        gain = core[there] @ left
        order = np.lexsort((there, -gain))
        loss = np.maximum(0.0, held[n] - gain[order])
        made = {"site": int(site), "place": np.arange(1, len(order) + 1), "replacement": there[order],
                "distance_m": metres[order].astype(float), "loss": loss}  # fmt: skip
        parts.append(pd.DataFrame(made))
    columns = ["site", "place", "replacement", "distance_m", "loss"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns, dtype=float)
    return StandIns(table.astype({"site": int, "place": int, "replacement": int}), held, within_m)


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
