"""Bounds and proof of a p-median plan: Lagrangean prices, and branch and bound on them.

Relaxing "every point is assigned" with prices σ_j (Cornuéjols, Fisher & Nemhauser 1977) leaves

    L(σ) = Σ_j σ_j − max { Σ_i x_i · Σ_j max(0, σ_j − w_j c_ij) : x within p and quotas } ≤ optimum.

A node of the tree is a set of sites taken and a set left out; it starts from its parent's prices, fixes
what the bound decides, and branches on the site that the relaxed selections agree on least.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.medians import kernels as mk
from planner.medians.kernels import Points
from planner.solvers.covering.bound import Tolls, best_sites
from planner.solvers.covering.fixing import decided
from planner.solvers.each_rule import allowed
from planner.solvers.effort import ENTRIES_PER_ROUND, Effort
from planner.solvers.rules import Rules
from planner.solvers.solution import PROOF

__all__ = ["Proof", "plan_cost", "prove"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ROOT_STEPS = 3000
NODE_STEPS = 120


@dataclass(frozen=True)
class Proof:
    """The best plan, its cost and a lower bound on every plan's cost."""

    sites: Ints
    value: float
    bound: float
    nodes: int
    steps: int


@dataclass(frozen=True)
class _Node:
    bound: float
    price: Floats
    toll: Floats
    taken: Bools
    left_out: Bools


def plan_cost(points: Points, sites: Ints, m: int) -> float:
    """Cost of a plan; points without a chosen site in reach pay their penalty."""
    inside = np.zeros(m, bool)
    inside[sites] = True
    reached = np.where(inside[points.near_site], points.near_cost, np.inf)
    least = np.minimum.reduceat(reached, points.near_ptr[:-1])
    return float(np.where(np.isfinite(least), least, points.penalty).sum())


def prove(points: Points, rules: Rules, plan: Ints, effort: Effort) -> Proof:
    """Raise the bound towards the plan's cost; branch until they meet or the work is spent."""
    return _Tree(points, rules, plan, effort).run()


class _Tree:
    """Depth first, the branch with the site taken first; the node limit is fixed by the work allowed."""

    def __init__(self, points: Points, rules: Rules, plan: Ints, effort: Effort) -> None:
        self.points, self.rules, self.effort = points, rules, effort
        self.m = rules.n_sites
        self.tolls = Tolls(rules, len(points.idx) / max(1, rules.n_sites))
        self.alone = replace(rules, partitions=rules.partitions[:1])  # the others cost their tolls
        self.free = Tolls(self.alone)
        self.sites, self.value = plan, plan_cost(points, plan, self.m)
        self.taken = np.zeros(self.m, bool)
        self.taken[rules.required] = True
        self.left_out = ~rules.usable()
        self.score = np.zeros(self.m)
        self.steps = 0
        entries = len(points.idx) + 1
        self.most_nodes = max(40, effort.rounds * ENTRIES_PER_ROUND * 3 // (NODE_STEPS * entries))
        self.root_steps = int(min(ROOT_STEPS, max(100, effort.rounds * ENTRIES_PER_ROUND // (3 * entries))))

    def run(self) -> Proof:
        size = np.diff(self.points.near_ptr)
        first = self.points.near_cost[self.points.near_ptr[:-1] + np.minimum(1, size - 1)]
        stack = [_Node(0.0, first.copy(), self.tolls.label, self.taken, self.left_out)]
        closed = np.inf  # least bound of nodes given up without proof
        nodes = 0
        while stack:
            node = stack.pop()
            if nodes >= self.most_nodes or (nodes and self.effort.out_of_time()):
                closed = min(closed, node.bound)
                continue
            nodes += 1
            stack += self._branch(node, root=nodes == 1)
            self.effort.tell("prove", 0.4 + 0.6 * nodes / self.most_nodes)
        bound = min(self.value, self._rounded(closed))
        return Proof(self.sites, self.value, bound, nodes, self.steps)

    def _rounded(self, bound: float) -> float:
        step = self.points.unit
        if step <= 0 or not np.isfinite(bound):
            return bound
        steps = bound / step
        return float(np.ceil(steps - 1e-6 - 1e-10 * abs(steps))) * step

    def _closed(self, bound: float) -> bool:
        return self._rounded(bound) >= self.value * (1 - PROOF / 10)

    def _consider(self, sites: Ints) -> None:
        if not allowed(self.rules, sites):
            return
        value = plan_cost(self.points, sites, self.m)
        if value < self.value:
            self.sites, self.value = np.array(sites, np.int64), value

    def _branch(self, node: _Node, *, root: bool) -> list[_Node]:
        """The node's children, none where it is settled."""
        selected = self._select(node.price, node.toll, node)
        if selected is None:  # the counts allow no such plan
            return []
        if not root:
            self._consider(selected)
        bound, price, toll, often = self._ascend(node, self.root_steps if root else NODE_STEPS)
        if self._closed(bound):
            return []
        selected = self._select(price, toll, node)
        if selected is None:
            return []
        self._consider(selected)
        steered = self._steered(node)
        out, _ = decided(
            self.rules, steered, -bound, -self.value, np.zeros(0, np.int64), unit=self.points.unit
        )
        settled = _Node(bound, price, toll, node.taken, node.left_out | out)
        free = ~settled.taken & ~settled.left_out
        if (self.rules.p or 0) == int(settled.taken.sum()) or not free.any():
            self._consider(np.flatnonzero(settled.taken))
            return []
        doubt = np.where(free, np.abs(often - 0.5), np.inf)
        site = int(np.argmin(doubt))
        one, other = settled.taken.copy(), settled.left_out.copy()
        one[site] = other[site] = True
        return [replace(settled, left_out=other), replace(settled, taken=one)]

    def _steered(self, node: _Node) -> Floats:
        """Scores, tolls paid, that make the best selection hold every taken site and none left out."""
        net = self.tolls.net(self.score)
        big = float(np.abs(net).sum()) + 1.0
        return net + big * (node.taken.astype(float) - node.left_out)

    def _select(self, price: Floats, toll: Floats, node: _Node) -> Ints | None:
        """The relaxed selection at these prices; None where the node contradicts the counts."""
        taken, left = np.flatnonzero(node.taken), np.flatnonzero(~node.left_out)
        if any(
            (q.load(taken) > q.most).any() or (q.load(left) < q.least).any() for q in self.rules.partitions
        ):
            return None
        p = self.points
        mk.median_scores(p.ptr, p.idx, p.cost, price, self.score)
        self.tolls.restart(toll)
        selected, _ = best_sites(self._steered(node), self.alone, self.free)
        inside = np.zeros(self.m, bool)
        inside[selected] = True
        wrong = (node.taken & ~inside).any() or (node.left_out & inside).any()
        return None if wrong or len(selected) != self.rules.p else selected

    def _ascend(self, node: _Node, steps: int) -> tuple[float, Floats, Floats, Floats]:
        """Subgradient steps of Polyak's length: best bound, its prices and tolls, how often each site was selected."""
        points, root = self.points, steps > NODE_STEPS
        price, best_price, best = node.price.copy(), node.price.copy(), node.bound
        average, often = np.zeros(len(price)), np.zeros(self.m)
        scale, stall, patience = (1.0, 0, 25) if root else (0.3, 0, 8)
        tolls, best_toll = self.tolls, node.toll
        tolls.restart(node.toll)
        for step in range(steps):
            mk.median_scores(points.ptr, points.idx, points.cost, price, self.score)
            selected, _ = best_sites(self._steered(node), self.alone, self.free)
            bound = float(price.sum() - tolls.net(self.score)[selected].sum()) - tolls.constant
            often *= 0.9
            often[selected] += 0.1
            self.steps += 1
            if bound > best * (1 + 1e-10):
                best, stall = bound, 0
                best_price[:], best_toll = price, tolls.label.copy()
                if self._closed(best):
                    break
            elif (stall := stall + 1) >= patience:
                scale, stall = scale * 0.65, 0
                price[:] = best_price
                average[:] = 0.0
                tolls.restart(best_toll)
                continue
            share = 1.0 if step == 0 else (0.3 if root else 0.5)
            length = mk.median_direction(points.ptr, points.idx, points.cost, price, selected, average, share)
            length += tolls.blend(selected, share)
            if length <= 1e-12 or scale < 1e-3 * (0.1 if root else 1):
                break
            step_length = scale * max(self.value - bound, 1e-6 * self.value) / length
            price += step_length * average
            tolls.move(step_length)
        return best, best_price, best_toll, often
