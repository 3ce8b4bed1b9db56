"""One sparse model in which the rules compose: sites, repeated cover, capacity, close pairs, scenarios.

Variables: ``x_i`` (site i is chosen, binary), ``z_jk`` in [0, 1] (row j counts for its k-th cover),
``y_ij`` (share of what site i can serve of row j), ``b`` (both sites of a close pair), ``t`` and ``u_s`` (the
mean of the worst scenarios). Each rule is one named function that adds its rows.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.each_rule import each, rule_model
from planner.solvers.effort import Effort
from planner.solvers.highs import Block, Outcome, solve_model
from planner.solvers.rules import Rules

__all__ = [
    "Model",
    "capacity_constraint",
    "close_pairs",
    "repeat_cover_constraint",
    "room_and_demand",
    "worst_share",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Matrix entries per round of work up to which the model is solved in whole numbers.
ENTRIES_PER_ROUND = 800
#: Shares of room or demand too small to count: HiGHS drops them.
NOTHING = 1e-9
#: Matrix entries per round of work up to which its relaxation is solved, and the most at all.
RELAXED_PER_ROUND, LARGEST = 25_000, 3_000_000
#: The same for models with a mean of the worst scenarios, whose relaxation says little about whole plans.
LARGEST_WORST = 60_000


@dataclass
class Model:
    """Maximise ``value·v`` over the sites' ``x`` and further variables, added block by block."""

    rules: Rules
    blocks: list[Block]
    lower: Floats
    upper: Floats
    value: Floats
    whole: NDArray[np.bool_]
    offset: float = 0.0
    worst: bool = False

    @classmethod
    def of(cls, rules: Rules) -> Model:
        """The sites and their rules alone."""
        m = rules.n_sites
        blocks = rule_model(each(rules), m)
        return cls(rules, blocks, np.zeros(m), np.ones(m), np.zeros(m), np.ones(m, bool))

    def add(
        self, n: int, *, value: Any = 0.0, lower: float = 0.0, upper: float = 1.0, whole: bool = False
    ) -> slice:
        """``n`` further variables; returns where they stand."""
        start = len(self.value)
        self.value = np.concatenate([self.value, np.broadcast_to(np.asarray(value, float), n)])
        self.lower = np.concatenate([self.lower, np.full(n, lower)])
        self.upper = np.concatenate([self.upper, np.full(n, upper)])
        self.whole = np.concatenate([self.whole, np.full(n, whole)])
        return slice(start, start + n)

    def row(self, parts: list[tuple[slice, Any]], lower: Any, upper: Any) -> None:
        """Rows ``lower ≤ Σ matrix·v[where] ≤ upper``; ``parts`` are (where, matrix) pairs."""
        r, c, v = [], [], []
        for where, matrix in parts:
            coo = sparse.coo_array(matrix)
            r.append(coo.coords[0])
            c.append(coo.coords[1] + where.start)
            v.append(coo.data.astype(float))
        k = sparse.coo_array(parts[0][1]).shape[0]
        shape = (k, len(self.value))
        matrix = sparse.csr_array((np.concatenate(v), (np.concatenate(r), np.concatenate(c))), shape=shape)
        low, high = (np.broadcast_to(np.asarray(bound, float), k) for bound in (lower, upper))
        self.blocks.append(Block(matrix, low, high))

    @property
    def sites(self) -> slice:
        """Where the sites' variables stand."""
        return slice(0, self.rules.n_sites)

    @property
    def entries(self) -> int:
        """Matrix entries."""
        return int(sum(b.matrix.nnz for b in self.blocks))

    def exact(self, effort: Effort) -> bool:
        """Whether it is small enough to be solved in whole numbers (with scenarios, far smaller)."""
        most = ENTRIES_PER_ROUND * max(effort.rounds, 50)
        return self.entries <= (min(most, LARGEST_WORST) if self.worst else most)

    def solve(
        self, effort: Effort, work: dict[str, float], *, start: Ints | None = None
    ) -> tuple[Outcome | None, float]:
        """HiGHS's outcome (None: too large even for the relaxation) and an upper bound on the value.

        ``start``: a plan's sites. Larger models are relaxed: the outcome's values are then not whole.
        """
        n, exact = len(self.value), self.exact(effort)
        work.update(variables=n, entries=self.entries, exact=float(exact))
        if not exact and self.entries > min(LARGEST, RELAXED_PER_ROUND * effort.rounds):
            return None, np.inf
        padded = []
        for b in self.blocks:
            wide = b.matrix.tocsr().copy()
            wide.resize((b.matrix.shape[0], n))
            padded.append(Block(wide, b.lower, b.upper))
        fixed = None
        if exact and start is not None:
            fixed = np.zeros(self.rules.n_sites)
            fixed[start] = 1.0
        outcome = solve_model(
            -self.value, padded, self.lower, self.upper, self.whole & exact, seconds=effort.left,
            gap=0.0, offset=-self.offset, looks=effort.looks(n - 1, 200), warm_sites=fixed,
            progress=lambda share: effort.tell("prove", share),
            options=None if exact else {"solver": "ipm", "run_crossover": "off"},
        )  # fmt: skip
        work.update(nodes=outcome.nodes)
        if outcome.cut_by_clock:
            effort.repeatable = False
        if not exact and not outcome.proven:  # a relaxation cut short bounds nothing
            return outcome, np.inf
        bound = -outcome.bound if np.isfinite(outcome.bound) else np.inf
        return outcome, bound if exact else bound + 1e-6 * abs(bound)  # the interior point's tolerance


def repeat_cover_constraint(model: Model, reach: Any, z: list[slice], already: Any) -> None:
    """``Σ_k z_jk ≤ Σ_{i covers j} x_i + already_j`` and ``z_j,k+1 ≤ z_jk``: the k-th cover counts once."""
    one = sparse.eye_array(reach.shape[0])
    low = -np.asarray(already, float)
    model.row([(model.sites, reach), *((part, -one) for part in z)], low, np.inf)
    for first, second in itertools.pairwise(z):
        model.row([(first, one), (second, -one)], 0.0, np.inf)


def room_and_demand(site: Ints, row: Ints, weight: Floats, capacity: Floats) -> tuple[Floats, Any, Any]:
    """What each pair of site and row can carry at most, and the shares of room and of demand that takes.

    ``site``, ``row``: the pairs. Returns u = min(w_j, capacity_i) per pair, and the matrices u / capacity
    (sites × pairs) and u / w (rows × pairs): all in [0, 1], whatever the unit of the weights.
    """
    most, each = np.minimum(weight[row], capacity[site]), np.arange(len(site))
    none = np.zeros(len(site))
    room = np.divide(most, capacity[site], out=none.copy(), where=capacity[site] > 0)
    part = np.divide(most, weight[row], out=none, where=weight[row] > 0)
    room[room < NOTHING] = part[part < NOTHING] = 0.0
    return (
        most,
        sparse.csr_array((room, (site, each)), shape=(len(capacity), len(site))),
        sparse.csr_array((part, (row, each)), shape=(len(weight), len(site))),
    )


def capacity_constraint(model: Model, site: Ints, row: Ints, weight: Floats, capacity: Floats) -> None:
    """``Σ_j u_ij y_ij ≤ capacity_i x_i``, ``Σ_i u_ij y_ij ≤ w_j``, ``y_ij ≤ x_i``: no more than there is room for.

    ``y_ij`` is the share of u_ij = min(w_j, capacity_i) that site i serves of row j, for the pairs
    ``site``, ``row``; ``weight`` per row.
    """
    m, k = len(capacity), len(site)
    most, room, part = room_and_demand(site, row, weight, capacity)
    flow = model.add(k, value=most)
    model.row([(flow, room), (model.sites, -sparse.eye_array(m))], -np.inf, 0.0)
    model.row([(flow, part)], -np.inf, 1.0)
    by_site = sparse.csr_array((np.ones(k), (np.arange(k), site)), shape=(k, m))
    model.row([(flow, -sparse.eye_array(k)), (model.sites, by_site)], 0.0, np.inf)


def close_pairs(model: Model, pairs: Ints, price: float) -> None:
    """``b ≥ x_i + x_k − 1`` for each close pair; both together cost ``price``."""
    k = len(pairs)
    both = model.add(k, value=-price)
    where = (np.tile(np.arange(k), 2), np.concatenate([pairs[:, 0], pairs[:, 1]]))
    ends = sparse.csr_array((np.ones(2 * k), where), shape=(k, model.rules.n_sites))
    model.row([(model.sites, ends), (both, -sparse.eye_array(k))], -np.inf, 1.0)


def worst_share(
    model: Model,
    z: list[slice],
    worth: list[Any],
    already: Floats,
    tail: float,
    *,
    least: float | None = None,
) -> None:
    """The mean over the worst ``tail`` share of the scenarios (Rockafellar & Uryasev 2000).

        t − Σ_s u_s / (tail · S)   with   u_s ≥ t − Σ worth_s z − already_s,  u_s ≥ 0

    is maximised or, given ``least``, held at that or above. ``worth``: per slice of ``z`` a matrix
    scenarios × rows.
    """
    s, goal, model.worst = len(already), 1.0 if least is None else 0.0, True
    t = model.add(1, value=goal, lower=-np.inf, upper=np.inf)
    u = model.add(s, value=-goal / (tail * s), upper=np.inf)
    parts = [*zip(z, worth, strict=True), (t, -np.ones((s, 1))), (u, sparse.eye_array(s))]
    model.row(parts, -already, np.inf)
    if least is not None:
        model.row([(t, np.ones((1, 1))), (u, np.full((1, s), -1.0 / (tail * s)))], least, np.inf)
