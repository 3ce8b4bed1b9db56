"""Networks that share money, planned together: one covering problem of blocks under one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.networks.solve import LookFor, NetworkBlock, solve_block
from planner.solvers.problems import maximal_covering, partition
from planner.solvers.solution import relative_gap

__all__ = ["Pooled", "packages", "plan_together", "split_of"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pooled:
    """Networks under one budget.

    Attributes
    ----------
    chosen
        Per network the positions of its candidates, best first.
    worth
        People newly served × worth of their network, all networks.
    bound
        No plan under the budget is worth more.
    separate, separate_worth
        The plans made apart, each network with its part of the budget (:func:`split_of`), and what they are worth.
    spent, budget
        Yuan.
    repeatable
        False where the clock cut the search.
    """

    chosen: tuple[Ints, ...]
    worth: float
    bound: float
    separate: tuple[Ints, ...]
    separate_worth: float
    spent: float
    budget: float
    repeatable: bool

    @property
    def gap(self) -> float:
        """``|bound − worth| / worth``."""
        return relative_gap(self.worth, self.bound)


def split_of(blocks: Sequence[NetworkBlock], budget: float) -> list[float]:
    """The budget split by what the wanted places would cost (those without a number: the mean of the others)."""
    asked = [b.wanted * float(b.cost.mean()) if b.wanted and len(b.cost) else np.nan for b in blocks]
    known = [a for a in asked if a == a]
    usual = float(np.mean(known)) if known else 1.0
    share = np.array([usual if a != a else a for a in asked])
    return list(budget * share / share.sum())


def plan_together(
    blocks: Sequence[NetworkBlock], worth: Sequence[float], budget: float, look: LookFor, *,
    on: Mapping[int, tuple[int, Ints]] | None = None,
) -> Pooled:  # fmt: skip
    """Plan networks that share ``budget`` (yuan), each of at most its ``wanted`` places.

    Parameters
    ----------
    blocks
        The networks' problems, each after the one it stands on.
    worth
        What a person newly served by each network counts.
    on
        Block → (block it stands on, per candidate the position of the candidate there that it needs, -1: none). A place and
        what may stand on it are posed as packages, so that plan and bound keep the links.

    Returns
    -------
    Pooled
        Never worth less than the plans made apart: where the search finds nothing better, these are the plan.
    """
    links = dict(on or {})
    apart = _apart(blocks, split_of(blocks, budget), links, look)
    joint, bound, repeatable = _joint(blocks, worth, budget, links, look)

    def value(plan: Sequence[Ints]) -> float:
        return sum(w * b.gained(c) for w, b, c in zip(worth, blocks, plan, strict=True))

    best = max((joint, apart), key=value)
    spent = sum(float(b.cost[c].sum()) for b, c in zip(blocks, best, strict=True))
    total = value(best)
    return Pooled(
        tuple(best), total, max(bound, total), tuple(apart), value(apart), spent, budget, repeatable
    )


def _joint(
    blocks: Sequence[NetworkBlock], worth: Sequence[float], budget: float, links: Mapping[int, tuple[int, Ints]],
    look: LookFor,
) -> tuple[list[Ints], float, bool]:  # fmt: skip
    """The best plan that keeps the links, what none can exceed, whether it repeats."""
    sizes = [b.covers.shape[0] for b in blocks]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    cost = np.concatenate([b.cost for b in blocks]) if blocks else np.zeros(0)
    packs, near = _apart_enough(packages(starts, links), blocks, starts)
    price = packs @ cost
    if not len(price) or price.min() > budget or not sum(b.covers.shape[1] for b in blocks):
        return [np.zeros(0, np.int64) for _ in blocks], 0.0, True
    covers = sparse.csr_array(
        packs @ sparse.block_diag([b.covers.astype(float) for b in blocks], format="csr")
    )
    of = np.repeat(np.arange(len(blocks)), sizes)
    limits = [
        partition((packs @ (of == k)) > 0, most={True: b.wanted}, name=f"wanted_{k}")
        for k, b in enumerate(blocks)
        if b.wanted is not None
    ]
    found = maximal_covering(
        covers, np.concatenate([w * b.weights for w, b in zip(worth, blocks, strict=True)]), None, cost=price,
        budget=budget, partitions=limits, conflicts=near, **look.keywords(),
    )  # fmt: skip
    parts = np.unique(packs[np.asarray(found.chosen)].indices)
    order = {
        int(p): k
        for k, row in enumerate(found.chosen)
        for p in packs.indices[packs.indptr[row] : packs.indptr[row + 1]]
    }
    plan = [
        np.array(sorted((p for p in parts.tolist() if of[p] == k), key=lambda p: (order[p], p)), np.int64)
        - starts[k]
        for k in range(len(blocks))
    ]
    return plan, float(found.bound), found.repeatable


def packages(starts: Ints, links: Mapping[int, tuple[int, Ints]]) -> sparse.csr_array:
    """What may be chosen at once: each candidate with the one it needs, and every choice of what may stand on it.

    Parameters
    ----------
    starts
        Position of each network's first candidate among all; last, their number.
    links
        As in :func:`plan_together`.

    Returns
    -------
    csr_array
        n_packages × n_candidates, 1 where the package holds the candidate. Two packages of one place are never better than the one
        that holds both, so nothing forbids them.
    """
    below = np.full(int(starts[-1]), -1, np.int64)
    for k, (base, needs) in links.items():
        below[starts[k] : starts[k + 1]] = np.where(needs >= 0, starts[base] + needs, -1)
    above: dict[int, list[int]] = {}
    for part in np.flatnonzero(below >= 0).tolist():
        above.setdefault(int(below[part]), []).append(part)

    def choices(part: int) -> list[list[int]]:
        made = [[part]]
        for other in above.get(part, ()):
            made += [[*one, *more] for one in made for more in choices(other)]
        return made

    rows = [p for root in np.flatnonzero(below < 0).tolist() for p in choices(root)]
    ends = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    parts = np.array([p for r in rows for p in sorted(r)], np.int64)
    return sparse.csr_array((np.ones(len(parts)), parts, ends), shape=(len(rows), int(starts[-1])))


def _apart_enough(
    packs: sparse.csr_array, blocks: Sequence[NetworkBlock], starts: Ints
) -> tuple[sparse.csr_array, sparse.csr_array | None]:
    """The packages whose candidates are not too near each other, and which of them are (n_packages × n_packages)."""
    pairs = [b.conflicts + s for b, s in zip(blocks, starts[:-1], strict=True) if len(b.conflicts)]
    if not pairs:
        return packs, None
    a, b = np.concatenate(pairs).T
    n = packs.shape[1]
    near = sparse.csr_array((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(n, n))
    between = sparse.csr_array(packs @ near @ packs.T)
    fit = np.flatnonzero(between.diagonal() == 0)
    return sparse.csr_array(packs[fit]), sparse.csr_array(between[fit][:, fit])


def _allowed(links: Mapping[int, tuple[int, Ints]], k: int, plan: Mapping[int, Ints], n: int) -> Ints:
    """Candidates of block ``k`` that stand on a place that is there or planned."""
    if k not in links:
        return np.arange(n)
    base, needs = links[k]
    return np.flatnonzero((needs < 0) | np.isin(needs, plan[base]))


def _apart(
    blocks: Sequence[NetworkBlock], money: Sequence[float], links: Mapping[int, tuple[int, Ints]], look: LookFor
) -> list[Ints]:  # fmt: skip
    """Each network for itself with its own money."""
    plan: dict[int, Ints] = {}
    for k, (block, budget) in enumerate(zip(blocks, money, strict=True)):
        rows = _allowed(links, k, plan, block.covers.shape[0])
        plan[k] = rows[solve_block(block.only(rows), look, budget=budget)[0].chosen]
    return [plan[k] for k in range(len(blocks))]
