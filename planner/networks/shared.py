"""Networks that share money, planned together: one covering problem of blocks under one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.networks.solve import LookFor, NetworkBlock, solve_block
from planner.solvers.problems import maximal_covering
from planner.solvers.solution import relative_gap

__all__ = ["Pooled", "plan_together", "split_of"]

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
        Block → (block it stands on, per candidate the position of the candidate there that it needs, -1: none). Such
        links are left out of the bound, so that it holds; the plan keeps them.

    Returns
    -------
    Pooled
        Never worth less than the plans made apart: where the search finds nothing better, these are the plan.
    """
    links = dict(on or {})
    apart = _apart(blocks, split_of(blocks, budget), links, look)
    joint, bound, repeatable = _joint(blocks, worth, budget, look)
    joint = _with_links(blocks, joint, budget, links, look) if links else joint

    def value(plan: Sequence[Ints]) -> float:
        return sum(w * b.gained(c) for w, b, c in zip(worth, blocks, plan, strict=True))

    best = max((joint, apart), key=value)
    spent = sum(float(b.cost[c].sum()) for b, c in zip(blocks, best, strict=True))
    total = value(best)
    return Pooled(
        tuple(best), total, max(bound, total), tuple(apart), value(apart), spent, budget, repeatable
    )


def _joint(
    blocks: Sequence[NetworkBlock], worth: Sequence[float], budget: float, look: LookFor
) -> tuple[list[Ints], float, bool]:
    """The best plan without links, what none can exceed, whether it repeats."""
    sizes = [b.covers.shape[0] for b in blocks]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    none = [np.zeros(0, np.int64) for _ in blocks]
    cost = np.concatenate([b.cost for b in blocks]) if blocks else np.zeros(0)
    if not len(cost) or cost.min() > budget or not sum(b.covers.shape[1] for b in blocks):
        return none, 0.0, True
    pairs = [b.conflicts + s for b, s in zip(blocks, starts[:-1], strict=True) if len(b.conflicts)]
    found = maximal_covering(
        sparse.csr_array(sparse.block_diag([b.covers for b in blocks], format="csr")),
        np.concatenate([w * b.weights for w, b in zip(worth, blocks, strict=True)]), None,
        region=np.repeat(np.arange(len(blocks)), sizes),
        quota_max={k: b.wanted for k, b in enumerate(blocks) if b.wanted is not None}, cost=cost, budget=budget,
        conflicts=np.concatenate(pairs) if pairs else None, **look.keywords(),
    )  # fmt: skip
    chosen = np.asarray(found.chosen)
    plan = [chosen[(chosen >= a) & (chosen < a + n)] - a for a, n in zip(starts[:-1], sizes, strict=True)]
    return plan, float(found.bound), found.repeatable


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


def _with_links(
    blocks: Sequence[NetworkBlock], joint: Sequence[Ints], budget: float, links: Mapping[int, tuple[int, Ints]],
    look: LookFor,
) -> list[Ints]:  # fmt: skip
    """The joint plan with the links kept: networks that stand on others are planned again with the money left."""
    plan = {k: c for k, c in enumerate(joint) if k not in links}
    left = budget - sum(float(blocks[k].cost[c].sum()) for k, c in plan.items())
    for k in sorted(links):
        rows = _allowed(links, k, plan, blocks[k].covers.shape[0])
        plan[k] = rows[solve_block(blocks[k].only(rows), look, budget=left)[0].chosen]
        left -= float(blocks[k].cost[plan[k]].sum())
    return [plan[k] for k in range(len(blocks))]
