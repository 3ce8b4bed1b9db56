"""Relatives of maximal covering, each as one exact model with its plain start and its bound.

All share the rules on sites (p, required, forbidden, quotas, budget, spacing) and differ in what a
plan is worth. Small models are solved to proof; for large ones HiGHS bounds the linear relaxation.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.siting.solvers.effort import Effort
from planner.siting.solvers.exact import Block, nothing_found, solve_model
from planner.siting.solvers.infeasible import rules_model
from planner.siting.solvers.request import Request, Rules
from planner.siting.solvers.solution import PROOF, Solution, relative_gap

__all__ = [
    "Model",
    "capacity_constraint",
    "repeat_cover_constraint",
    "solve_backup",
    "solve_capacitated",
    "solve_fair",
    "solve_robust",
    "solve_spread",
    "tail_mean",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Matrix entries per round of work above which only the linear relaxation is solved.
ENTRIES_PER_ROUND = 800
LOOKS = 10_000


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

    @classmethod
    def of(cls, rules: Rules) -> Model:
        """The sites and their rules alone."""
        blocks, lower, upper = rules_model(rules)
        m = rules.n_sites
        return cls(rules, blocks, lower, upper, np.zeros(m), np.ones(m, bool))

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
        self.blocks.append(
            Block(
                matrix,
                np.broadcast_to(np.asarray(lower, float), k),
                np.broadcast_to(np.asarray(upper, float), k),
            )
        )

    @property
    def sites(self) -> slice:
        """Where the sites' variables stand."""
        return slice(0, self.rules.n_sites)

    def solve(self, effort: Effort, work: dict[str, float]) -> tuple[Ints | None, float]:
        """Chosen sites (None: only a bound) and an upper bound on the value."""
        n = len(self.value)
        padded = []
        for b in self.blocks:
            wide = b.matrix.tocsr().copy()
            wide.resize((b.matrix.shape[0], n))
            padded.append(Block(wide, b.lower, b.upper))
        entries = sum(b.matrix.nnz for b in padded)
        exact = entries <= ENTRIES_PER_ROUND * max(effort.rounds, 50)
        outcome = solve_model(
            -self.value, padded, self.lower, self.upper, self.whole & exact, seconds=max(0.05, effort.left),
            gap=0.0, offset=-self.offset, looks=effort.rounds * LOOKS // n + 200,
            progress=lambda share: effort.tell("prove", share),
            options=None if exact else {"solver": "ipm", "run_crossover": "off"},
        )  # fmt: skip
        work.update(variables=n, entries=entries, nodes=outcome.nodes, exact=float(exact))
        if outcome.cut_by_clock:
            effort.repeatable = False
        if exact and outcome.values is None:
            raise nothing_found(outcome, "the rules")
        bound = -outcome.bound if np.isfinite(outcome.bound) else np.inf
        if not exact:
            bound += 1e-6 * abs(bound)  # the interior point's own tolerance
        sites = (
            np.flatnonzero(outcome.values[self.sites] > 0.5) if exact and outcome.values is not None else None
        )
        return sites, bound


def repeat_cover_constraint(model: Model, reach: Any, z: list[slice], already: Floats) -> None:
    """``Σ_k z_jk ≤ Σ_{i covers j} x_i + already_j`` and ``z_j,k+1 ≤ z_jk``: the k-th cover counts once."""
    n = reach.shape[0]
    one = sparse.eye_array(n)
    model.row([(model.sites, reach), *((part, -one) for part in z)], -already, np.inf)
    for first, second in itertools.pairwise(z):
        model.row([(first, one), (second, -one)], 0.0, np.inf)


def capacity_constraint(model: Model, site: Ints, flow: slice, weight: Floats, capacity: Floats) -> None:
    """``Σ_j w_j y_ij ≤ capacity_i x_i``: a site serves no more than it has room for."""
    m = len(capacity)
    used = sparse.csr_array((weight, (site, np.arange(len(site)))), shape=(m, len(site)))
    room = sparse.dia_array((-capacity[None, :], [0]), shape=(m, m))
    model.row([(flow, used), (model.sites, room)], -np.inf, 0.0)


def _reach(request: Request) -> Any:
    """0/1 matrix demand × sites."""
    covers = request.covers
    ones = np.ones(len(covers.indices))
    return sparse.csr_array((ones, covers.indices, covers.indptr), shape=covers.shape).T.tocsr()


def _finish(
    worth: Any, sites: Ints | None, bound: float, start: Ints | None, base: float, effort: Effort,
    work: dict[str, float],
) -> Solution:  # fmt: skip
    """The better of HiGHS's plan and the start, scored afresh by ``worth``; best sites first."""
    plans = [s for s in (sites, start) if s is not None]
    best = max(plans, key=worth)
    objective = float(worth(best))
    if bound <= objective or relative_gap(objective, bound) <= max(PROOF, 1e-9):
        bound = objective
    return Solution(
        chosen=_by_worth(worth, best),
        objective=objective,
        bound=bound,
        status="optimal" if bound == objective else "feasible",
        seconds=effort.spent,
        repeatable=effort.repeatable,
        base=base,
        work=work,
    )


def _by_worth(worth: Any, sites: Ints) -> Ints:
    """Sites in the order of what each adds to the plan's worth (ties: lower position)."""
    rest: list[int] = sorted(int(i) for i in sites)
    order: list[int] = []
    while rest and len(sites) <= 60:
        scores = [worth(np.array([*order, i], np.int64)) for i in rest]
        order.append(rest.pop(scores.index(max(scores))))
    return np.array([*order, *rest], np.int64)


def solve_backup(
    request: Request, credit: tuple[float, ...], times: Ints, start: Ints, effort: Effort
) -> Solution:
    """Weight times ``credit[k − 1]`` for the k-th site in reach; ``times`` counts existing ones."""
    model = Model.of(request.rules)
    reach, w = _reach(request), request.weights
    falling = all(a >= b for a, b in itertools.pairwise(credit))  # else halves of covers would pay
    z = [model.add(len(w), value=w * each, whole=not falling) for each in credit]
    repeat_cover_constraint(model, reach, z, times.astype(float))
    work: dict[str, float] = {}
    steps = np.concatenate([[0.0], np.cumsum(credit)])

    def worth(sites: Ints) -> float:
        count = times + np.asarray(reach[:, sites].sum(axis=1)).ravel().astype(np.int64)
        return float((w * steps[np.minimum(count, len(credit))]).sum())

    sites, bound = model.solve(effort, work)
    return _finish(worth, sites, bound, start, worth(np.empty(0, np.int64)), effort, work)


def solve_capacitated(request: Request, capacity: Floats, start: Ints, effort: Effort) -> Solution:
    """Demand may be split; each chosen site serves at most its capacity (Current & Storbeck 1988)."""
    from scipy.optimize import linprog

    covers, w = request.covers.tocoo(), request.weights
    i, j = covers.coords
    open_row = ~request.covered[j] & (w[j] > 0)
    i, j = i[open_row].astype(np.int64), j[open_row].astype(np.int64)
    model = Model.of(request.rules)
    y = model.add(len(i), value=w[j])
    n = len(w)
    points = sparse.csr_array((np.ones(len(j)), (j, np.arange(len(j)))), shape=(n, len(j)))
    model.row([(y, points)], -np.inf, 1.0)
    capacity_constraint(model, i, y, w[j], capacity)
    by_site = sparse.csr_array((np.ones(len(i)), (np.arange(len(i)), i)), shape=(len(i), len(capacity)))
    if len(i):
        model.row([(y, -sparse.eye_array(len(i))), (model.sites, by_site)], 0.0, np.inf)
    base = float(w[request.covered].sum())
    model.offset = base
    work: dict[str, float] = {}

    def worth(sites: Ints) -> float:
        mine = np.isin(i, sites)
        if not mine.any():
            return base
        a = sparse.vstack([
            points[:, mine], sparse.csr_array(by_site[mine].T.multiply(w[j][mine][None, :])),
        ]).tocsr()  # fmt: skip
        top = np.concatenate([np.ones(n), capacity])
        served = linprog(-w[j][mine], A_ub=a, b_ub=top, bounds=(0, 1), method="highs")
        return base - float(served.fun)

    sites, bound = model.solve(effort, work)
    return _finish(worth, sites, bound, start, base, effort, work)


def solve_spread(request: Request, pairs: Ints, price: float, start: Ints, effort: Effort) -> Solution:
    """Covered weight less ``price`` for every pair of ``pairs`` (k × 2) that is chosen together."""
    model = Model.of(request.rules)
    reach, w = _reach(request), request.weights
    z = model.add(len(w), value=np.where(request.covered, 0.0, w))
    model.row([(model.sites, reach), (z, -sparse.eye_array(len(w)))], -request.covered.astype(float), np.inf)
    k, m = len(pairs), request.rules.n_sites
    both = model.add(k, value=-price)
    if k:
        ends = sparse.csr_array(
            (np.ones(2 * k), (np.tile(np.arange(k), 2), np.concatenate([pairs[:, 0], pairs[:, 1]]))),
            shape=(k, m),
        )
        model.row([(model.sites, ends), (both, -sparse.eye_array(k))], -np.inf, 1.0)
    base = float(w[request.covered].sum())
    model.offset = base
    work: dict[str, float] = {}

    def worth(sites: Ints) -> float:
        hit = request.covered | (np.asarray(reach[:, sites].sum(axis=1)).ravel() > 0)
        near = np.isin(pairs, sites).all(axis=1).sum() if k else 0
        return float(w[hit].sum()) - price * float(near)

    sites, bound = model.solve(effort, work)
    return _finish(worth, sites, bound, start, base, effort, work)


def solve_robust(
    request: Request, scenarios: Floats, tail: float, starts: list[Ints], bound: float, effort: Effort
) -> Solution:
    """The mean over the worst ``tail`` share of the scenarios (Rockafellar & Uryasev 2000).

        max t − Σ_s u_s / (tail · S)   with   u_s ≥ t − Σ_j w_sj z_j,  u_s ≥ 0

    ``tail`` = 1/S is the worst case, 1 the mean. ``bound`` is any bound already known.
    """
    model = Model.of(request.rules)
    reach = _reach(request)
    s, n = scenarios.shape
    z = model.add(n)
    model.row([(model.sites, reach), (z, -sparse.eye_array(n))], -request.covered.astype(float), np.inf)
    t = model.add(1, value=1.0, upper=float(scenarios.sum(axis=1).max()))
    u = model.add(s, value=-1.0 / (tail * s), upper=np.inf)
    model.row([(z, scenarios), (t, -np.ones((s, 1))), (u, sparse.eye_array(s))], np.zeros(s), np.inf)
    work: dict[str, float] = {}

    def worth(sites: Ints) -> float:
        hit = request.covered | (np.asarray(reach[:, sites].sum(axis=1)).ravel() > 0)
        return tail_mean(scenarios[:, hit].sum(axis=1), tail)

    sites, top = model.solve(effort, work)
    start = max(starts, key=worth)
    return _finish(worth, sites, min(top, bound), start, worth(np.empty(0, np.int64)), effort, work)


def tail_mean(values: Floats, tail: float) -> float:
    """Mean of the lowest ``tail`` share of equally likely values (the last one counted in part)."""
    ordered = np.sort(values)
    mass = np.clip(tail * len(ordered) - np.arange(len(ordered)), 0.0, 1.0)
    return float((ordered * mass).sum() / (tail * len(ordered)))


def solve_fair(request: Request, group: Ints, start: Ints, effort: Effort) -> Solution:
    """The greatest least share over groups of demand; among such plans the most covered weight.

    ``work["total"]`` is the covered weight, ``work["total_bound"]`` its bound at that least share.
    """
    reach, w = _reach(request), request.weights
    k = int(group.max()) + 1
    sums = np.bincount(group, weights=w, minlength=k)
    share = w / sums[group]
    n = len(w)
    by_group = sparse.csr_array((share, (group, np.arange(n))), shape=(k, n))

    def shares(sites: Ints) -> Floats:
        hit = request.covered | (np.asarray(reach[:, sites].sum(axis=1)).ravel() > 0)
        return np.bincount(group, weights=share * hit, minlength=k).astype(np.float64)

    def model_of() -> tuple[Model, slice]:
        model = Model.of(request.rules)
        z = model.add(n)
        model.row([(model.sites, reach), (z, -sparse.eye_array(n))], -request.covered.astype(float), np.inf)
        return model, z

    work: dict[str, float] = {}
    model, z = model_of()
    t = model.add(1, value=1.0)
    model.row([(z, by_group), (t, -np.ones((k, 1)))], 0.0, np.inf)
    sites, bound = model.solve(effort, work)
    plans = [s for s in (sites, start) if s is not None]
    first = max(plans, key=lambda s: float(shares(s).min()))
    level = float(shares(first).min())
    model, z = model_of()
    model.value[z] = w
    model.row([(z, by_group)], level * (1 - 1e-9), np.inf)
    second, total_bound = model.solve(effort, work)

    def worth(s: Ints) -> tuple[float, float]:
        got = shares(s)
        return float(np.round(got.min(), 12)), float((got * sums).sum())

    best = max([s for s in (first, second) if s is not None], key=worth)
    objective = float(shares(best).min())
    bound = objective if bound <= objective or relative_gap(objective, bound) <= PROOF else bound
    total = float((shares(best) * sums).sum())
    work.update(total=total, total_bound=max(total, total_bound))
    return Solution(
        chosen=_by_worth(worth, best),
        objective=objective,
        bound=bound,
        status="optimal" if bound == objective else "feasible",
        seconds=effort.spent,
        repeatable=effort.repeatable,
        base=float(shares(np.empty(0, np.int64)).min()),
        work=work,
    )
