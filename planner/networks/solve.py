"""One network's new places: a maximal covering problem, alone or as a block beside others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import InfeasibleError
from planner.progress import Progress
from planner.siting.coverage import Access, cover_matrix, stations_in_reach
from planner.solvers.problems import maximal_covering
from planner.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["LookFor", "NetworkBlock", "block_of", "gains", "solve_block"]

Array = NDArray[Any]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LookFor:
    """How hard to look: rounds of work, the gap that is good enough, the clock as a safety, the seed."""

    work_limit: int
    gap: float
    time_limit_s: float
    seed: int
    progress: Progress | None = None

    def keywords(self) -> dict[str, Any]:
        """As the solvers' doors take it."""
        return {"work_limit": self.work_limit, "gap": self.gap, "time_limit_s": self.time_limit_s,
                "seed": self.seed, "progress": self.progress}  # fmt: skip


@dataclass(frozen=True, eq=False)
class NetworkBlock:
    """A network's covering problem.

    Attributes
    ----------
    covers
        csr (n_candidates × n_columns): columns are people (a demand point in a period) whom no place serves yet.
    weights
        People per column.
    cost
        Yuan per candidate.
    served, people
        People whom places serve already, and all.
    conflicts
        Pairs of candidates that are too near each other (k × 2).
    wanted
        Places wanted; None: as many as the budget allows.
    """

    covers: sparse.csr_array
    weights: Array
    cost: Array
    served: float
    people: float
    conflicts: Ints
    wanted: int | None

    def only(self, rows: Ints) -> NetworkBlock:
        """The same with the candidates at some positions."""
        place = np.full(self.covers.shape[0], -1)
        place[rows] = np.arange(len(rows))
        pairs = place[self.conflicts] if len(self.conflicts) else self.conflicts
        return replace(
            self, covers=self.covers[rows], cost=self.cost[rows],
            conflicts=pairs[(pairs >= 0).all(axis=1)] if len(pairs) else pairs,
        )  # fmt: skip

    def gained(self, chosen: Ints) -> float:
        """People newly served by the candidates at some positions, counted afresh."""
        return float(gains(self.covers, self.weights, chosen).sum())


def block_of(
    people: Array, old: sparse.csr_array, new: sparse.csr_array, *, cutoff_s: float, open_old: Array, open_new: Array,
    cost: Array, conflicts: Ints, wanted: int | None,
) -> NetworkBlock:  # fmt: skip
    """Pose a network's problem.

    Parameters
    ----------
    people
        n_points × n_columns: people in each period, and at any hour.
    old, new
        Seconds from points to the places that are there, and to the candidates (sites × n_points).
    open_old, open_new
        bool (sites × n_columns).
    """
    used = np.flatnonzero(people.sum(axis=0) > 0)
    who = people[:, used]
    near = (
        stations_in_reach(old, cutoff_s, open_old[:, used]) >= 1 if len(used) else np.zeros(who.shape, bool)
    )
    served = float(who[near].sum())
    left = np.where(near, 0.0, who)
    if len(used) and new.shape[0]:
        covers = cover_matrix([Access((), new, cutoff_s)], open_new[:, used])
    else:
        covers = sparse.csr_array((new.shape[0], left.size), dtype=np.int8)
    weights = left.T.ravel()
    met = np.zeros(covers.shape[1], bool)
    met[covers.indices] = True
    keep = np.flatnonzero(met & (weights > 0))
    return NetworkBlock(
        sparse.csr_array(covers[:, keep]), weights[keep], cost, served, float(who.sum()), conflicts, wanted
    )


def gains(covers: sparse.csr_array, weights: Array, chosen: Ints) -> Array:
    """People whom each site adds to those before it, in the order given."""
    free = np.ones(covers.shape[1], bool)
    out = np.zeros(len(chosen))
    for k, i in enumerate(np.asarray(chosen).tolist()):
        mine = covers.indices[covers.indptr[i] : covers.indptr[i + 1]]
        fresh = mine[free[mine]]
        out[k] = weights[fresh].sum()
        free[fresh] = False
    return out


Short = Literal["", "apart", "served"]


def solve_block(block: NetworkBlock, look: LookFor, *, budget: float | None = None) -> tuple[Solution, Short]:
    """The places of one network, and why they are fewer than wanted, if they are.

    ``apart``: no more can stand (apart); ``served``: none of the candidates would serve anybody more. Exactly ``wanted`` places, or with a ``budget`` as many as it allows, ``wanted`` at most. Objective and bound are people
    served, those whom places serve already among them.
    """
    n = block.covers.shape[0]
    wanted = n if block.wanted is None else min(block.wanted, n)
    cheapest = float(block.cost.min()) if n else np.inf
    if wanted == 0 or (budget is not None and cheapest > budget):
        return _empty(block), "apart" if block.wanted and budget is None else ""
    if not block.covers.shape[1]:
        return _empty(block), "served"
    rules: dict[str, Any] = {"conflicts": block.conflicts if len(block.conflicts) else None}
    at_most: dict[str, Any] = {"region": np.zeros(n, int), "quota_max": {0: wanted}}
    if budget is not None:
        found = maximal_covering(
            block.covers, block.weights, None, cost=block.cost, budget=budget, **at_most, **rules, **look.keywords()
        )  # fmt: skip
        return _whole(block, found), ""
    try:
        found = maximal_covering(block.covers, block.weights, wanted, **rules, **look.keywords())
    except InfeasibleError:  # so many cannot stand apart: as many as can
        found = maximal_covering(
            block.covers, block.weights, None, cost=np.ones(n), budget=float(wanted), **rules, **look.keywords()
        )  # fmt: skip
        return _whole(block, found), "apart"
    return _whole(block, found), "" if wanted == block.wanted else "apart"


def _empty(block: NetworkBlock) -> Solution:
    return Solution(np.zeros(0, np.int64), block.served, block.served, "optimal", 0.0, base=block.served)


def _whole(block: NetworkBlock, found: Solution) -> Solution:
    """The solution over all people of the network."""
    objective, bound = found.objective + block.served, found.bound + block.served
    status: Literal["optimal", "feasible"] = (
        "optimal" if relative_gap(objective, bound) <= PROOF else "feasible"
    )
    return replace(found, objective=objective, bound=bound, status=status, base=block.served, prices=None)
