"""Sites with room for so much weight: what a set of them serves, and plans to begin with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import PlannerError
from planner.solvers.covering.bound import best_sites
from planner.solvers.covering.core import sites_alone
from planner.solvers.covering.model import room_and_demand
from planner.solvers.covering.search import Room
from planner.solvers.highs import Block, solve_model
from planner.solvers.request import Request

__all__ = ["most_served", "served", "served_plans"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def served(request: Request, capacity: Floats, sites: Ints) -> float:
    """Most weight that ``sites`` serve, demand split as needed, and what was covered before (a flow, by HiGHS)."""
    base, w = float(request.weights[request.covered].sum()), request.weights
    rows = request.covers[np.asarray(sites, np.int64)].tocoo()
    a, j = rows.coords
    open_ = ~request.covered[j] & (w[j] > 0) & (capacity[sites][a] > 0)
    a, j = a[open_], j[open_]
    if not len(j):
        return base
    points, point = np.unique(j, return_inverse=True)
    most, room, part = room_and_demand(a, point, w[points], capacity[sites])
    size, k = float(most.max()), len(most)
    rows_ = sparse.vstack([room, part]).tocsr()
    ones = np.ones(rows_.shape[0])
    flow = solve_model(
        -most / size, [Block(rows_, -np.inf * ones, ones)], np.zeros(k), np.ones(k), np.zeros(k, bool)
    )
    if not flow.proven:
        raise PlannerError("HiGHS could not say how much these sites serve")
    return base - flow.bound * size


def served_plans(request: Request, capacity: Floats, *, prefer: Floats | None = None) -> list[Ints]:
    """A greedy plan: the site that can serve most of what is left joins, its rows with few others first.

    ``prefer`` (per site, 0 … 1) scales what a site is thought to serve. Empty where the rules hold it up.
    """
    rules, covers = request.rules, request.covers
    ones = sparse.csr_array((np.ones(len(covers.indices)), covers.indices, covers.indptr), shape=covers.shape)
    left = np.where(request.covered, 0.0, request.weights)
    rare = np.argsort(np.argsort(ones.sum(axis=0), kind="stable"), kind="stable")
    core = sites_alone(rules)
    room, chosen = Room(core.rules), list(rules.required)
    for site in chosen:
        _serve(ones, left, rare, float(capacity[site]), int(site))
    liked = np.ones(rules.n_sites) if prefer is None else 0.05 + prefer
    core_of = {int(s): i for i, s in enumerate(core.site)}
    while not room.full(len(chosen) - len(rules.required)):
        gain = np.minimum(ones @ left, capacity) * liked
        if rules.p is None:
            gain = gain / np.maximum(rules.money, 1e-12)
        order = core.site[np.argsort(-gain[core.site], kind="stable")]
        fits = (int(s) for s in order if room.admits(core_of[int(s)], len(chosen) - len(rules.required)))
        site = next((s for s in fits if s not in chosen), None)
        if site is None or (rules.p is None and gain[site] <= 0 and not room.owed(core_of[site])):
            break
        _serve(ones, left, rare, float(capacity[site]), site)
        room.take(core_of[site])
        chosen.append(site)
    done = room.satisfied(len(chosen) - len(rules.required))
    return [np.array(sorted(chosen), np.int64)] if done else []


def most_served(request: Request, capacity: Floats) -> float:
    """No plan serves more: what each site could serve alone, summed over the best sites within the rules."""
    covers, rules = request.covers, request.rules
    ones = sparse.csr_array((np.ones(len(covers.indices)), covers.indices, covers.indptr), shape=covers.shape)
    left = np.where(request.covered, 0.0, request.weights)
    alone, core = np.minimum(ones @ left, capacity), sites_alone(rules)
    return (
        float(request.weights[request.covered].sum() + alone[rules.required].sum())
        + best_sites(alone[core.site], core.rules)[1]
    )


def _serve(ones: sparse.csr_array, left: Floats, rare: Ints, capacity: float, site: int) -> None:
    """Take what ``site`` serves out of ``left``."""
    mine = ones.indices[ones.indptr[site] : ones.indptr[site + 1]]
    mine = mine[np.argsort(rare[mine], kind="stable")]
    before = np.concatenate([[0.0], np.cumsum(left[mine])[:-1]])
    left[mine] -= np.clip(capacity - before, 0.0, left[mine])
