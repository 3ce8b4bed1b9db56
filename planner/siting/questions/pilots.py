"""Pilot, learn, expand: which sites of a plan to build first so that what they show betters the rest.

A pilot shows, with some error, how many workers are in its reach. What that tells of demand elsewhere follows from how
demand varies together over the draws. Pilots are chosen among the surer half of the plan, one after the other, by how much of the
decisive variance (:mod:`planner.siting.questions.draws`) they explain; whether that helps is not assumed but simulated, against the plan's
own order and chance: one draw is taken for the truth, the pilots are built and show their counts, the other draws are
weighed by them, and the rest of the plan is chosen anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.progress import Progress, silent
from planner.siting.questions.draws import Contested, DrawnWeights
from planner.solvers.problems import Solution

__all__ = ["NOISE", "choose_pilots", "in_reach", "learnt", "simulate"]

Array = NDArray[Any]
#: ``solve(weights, must)`` → Solution under the plan's rules with the sites ``must`` built.
Expand = Callable[[Array, Array], Solution]
#: Relative error (standard deviation) of what a pilot shows.
NOISE = 0.2
#: A correlation over few draws counts beyond so many standard errors.
SURE = 2.0


def in_reach(draws: DrawnWeights, covers: Any, covered: Array, sites: Array) -> Array:
    """Workers within reach of each site, whom no station of today serves: n_draws × n_sites."""
    rows = sparse.csr_array(covers)[sites]
    on = ~covered[rows.indices]
    ends = np.concatenate([[0], np.cumsum(on)])[rows.indptr]
    return draws.worth(
        sparse.csr_array((np.ones(int(on.sum()), np.int8), rows.indices[on], ends), shape=rows.shape)
    )


def _joint(shown: Array, noise: float, gains: Array) -> tuple[Array, Array]:
    """Covariance of what pilots show and of gains, as correlations shrunk (Ledoit & Wolf 2004); variance of each error."""
    from sklearn.covariance import ledoit_wolf

    both = np.hstack([shown, gains])
    both = both - both.mean(axis=0)
    spread = both.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    shrunk, _ = ledoit_wolf(both / scale, assume_centered=True)
    error = np.maximum((noise * shown.mean(axis=0)) ** 2, 1e-9)
    return np.asarray(shrunk * np.outer(scale, scale) * np.outer(spread > 0, spread > 0)), error


def choose_pilots(
    shown: Array, sites: Array, decisive: Contested, *, k: int, noise: float = NOISE
) -> tuple[Array, Array]:
    """Which ``k`` of ``sites`` to build first, and the share of the decisive variance explained after each.

    A pilot is built whatever it shows: only the surer half of the plan is piloted (the least contested, the plan's order
    where they are alike; more of it where ``k`` asks for more), and what a site tells of itself does not count.

    Parameters
    ----------
    shown
        float (n_draws × n_sites): workers in reach of each site.
    sites
        Positions of the plan's sites, in its order.
    decisive
        What the plan hangs on.
    """
    m = len(sites)
    k = min(k, m)
    cov, error = _joint(shown, noise, decisive.gains)
    weight = decisive.worth.astype(float).copy()
    whole = float((weight * np.diag(cov)[m:]).sum())
    place = {int(site): n for n, site in enumerate(decisive.sites)}
    home = np.array([place.get(int(site), -1) for site in sites], dtype=np.int64)
    own = np.array([weight[h] if h >= 0 else 0.0 for h in home])
    may = np.zeros(m, dtype=bool)
    may[np.argsort(own, kind="stable")[: max(k, (m + 1) // 2)]] = True
    picked: list[int] = []
    shares, told = [], 0.0
    for _ in range(k):
        per = cov[:m, m:] ** 2 * weight / (np.diag(cov)[:m] + error)[:, None]
        total = per.sum(axis=1)
        at_home = np.flatnonzero(home >= 0)
        total[at_home] -= per[at_home, home[at_home]]
        best = int(np.argmax(np.where(may, total, -1.0)))
        told += max(0.0, float(total[best]))
        picked.append(best)
        may[best] = False
        shares.append(told / whole if whole > 0 else 0.0)
        column = cov[:, best]
        cov = cov - np.outer(column, column) / (column[best] + error[best])
        if home[best] >= 0:
            weight[home[best]] = 0.0
    return np.asarray(sites)[picked], np.asarray(shares)


def learnt(
    draws: DrawnWeights, shown: Array, seen: Array, *, noise: float = NOISE, cells: Array | None = None
) -> Array:
    """Weights of the points (n_points) to believe in once pilots have ``seen`` so many workers.

    On the log scale, on which demand varies, every draw moves along its regression on what a pilot shows, pilot by pilot,
    and the draws close in on it (the serial ensemble filter of Anderson 2003): no draw need resemble the truth in
    everything at once, which weighing whole draws asks of few draws and many pilots. What moves is the estimate, by as much as the
    mean of the draws does: the mean of few draws is itself a worse guess than the estimate. Few draws make any two
    things look alike: a correlation counts only beyond twice its standard error, and shrunk by that (as James & Stein 1961).

    Parameters
    ----------
    shown
        float (n_draws × k): what each pilot would show under each draw, without error.
    seen
        float (k): what it shows.
    noise
        Standard deviation of its relative error.
    cells
        Positions of the cells that matter; elsewhere the estimate is believed. All when None.
    """
    n, k = shown.shape
    at = np.arange(draws.parts[0].factors.shape[1]) if cells is None else cells
    state = np.hstack([part.factors[:, at] for part in draws.parts]).astype(np.float32)
    state = np.maximum(state, 1e-6)
    before, state = state.mean(axis=0), np.log(state)
    tell = np.log(np.maximum(shown, 1e-6))
    for i in range(k if n > 3 else 0):
        along = tell[:, i] - tell[:, i].mean()
        own = float(along @ along) / n
        if not own > 1e-12:
            continue
        step, whole = np.log(max(float(seen[i]), 1e-6)) - tell[:, i].mean(), own + noise**2
        close = 1 / (
            1 + noise / np.sqrt(whole)
        )  # the square-root filter: draws close in as the variance does
        move = step - close * along
        for what in (state, tell):
            slope = (_sure(along, what) / n / whole).astype(what.dtype)
            what += np.outer(move.astype(what.dtype), slope)
    moved = (np.exp(state).mean(axis=0) / before).reshape(len(draws.parts), len(at))
    parts = []
    for part, mine in zip(draws.parts, moved, strict=True):
        factor = np.ones(part.factors.shape[1])
        factor[at] = mine
        parts.append(replace(part, factors=factor[None, :]))
    return DrawnWeights(tuple(parts)).one(0)


def _sure(one: Array, many: Array) -> Array:
    """``one`` (n, mean 0) times ``many`` (n × m), by as much as the correlation is sure: 0 where chance would show it."""
    n, mean = len(one), many.mean(axis=0)
    product = one.astype(many.dtype) @ many
    norm = (one @ one) * (np.einsum("ij,ij->j", many, many) - n * mean**2)
    r2 = np.divide(product.astype(float) ** 2, norm, out=np.zeros(many.shape[1]), where=norm > 1e-6)
    return np.asarray(product * np.clip(1 - SURE**2 * (1 - r2) / np.maximum((n - 2) * r2, 1e-12), 0.0, 1.0))


def simulate(
    solve: Expand, draws: DrawnWeights, covers: Any, covered: Array, chosen: Array, shown: Array,
    orders: Mapping[str, Array], *, truths: int, noise: float = NOISE, seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Regret left after pilots have taught what they can: a row per truth, a column per order of building.

    Parameters
    ----------
    shown
        float (n_draws × n_chosen): workers in reach of each site of the plan, in its order.
    orders
        Name → positions in ``chosen`` that are built first: k of them, or truths × k.
    truths
        The first so many draws are the truth in turn; the others then stand for what is believed.

    Returns
    -------
    Columns ``plan`` (regret of the plan as it stands) and one per order: workers fewer than the best plan known for the truth.
    """
    say, n = progress or silent, len(draws)
    truths = min(truths, n)
    luck = np.random.default_rng([seed, 21]).normal(size=(truths, len(chosen)))
    none = np.zeros(0, dtype=np.int64)
    open_to = np.zeros(covers.shape[1], dtype=bool)
    open_to[sparse.csr_array(covers).indices] = True
    blocks = (open_to & ~covered).reshape(-1, draws.parts[0].factors.shape[1])
    cells = np.flatnonzero(blocks.any(axis=0))
    left = np.zeros((truths, 1 + len(orders)))
    for d in range(truths):
        say("pilots", d / max(1, truths))
        plans = [np.asarray(chosen)]
        rest = np.delete(np.arange(n), d)
        believed = DrawnWeights(tuple(replace(part, factors=part.factors[rest]) for part in draws.parts))
        for order in orders.values():
            first = np.asarray(order if np.ndim(order) == 1 else order[d], dtype=np.int64)
            seen = shown[d, first] * np.exp(noise * luck[d, first])
            weights = learnt(believed, shown[rest][:, first], seen, noise=noise, cells=cells)
            plans.append(np.asarray(solve(weights, np.sort(chosen[first])).chosen))
        best = np.asarray(solve(draws.one(d), none).chosen)
        truth = DrawnWeights(tuple(replace(part, factors=part.factors[d : d + 1]) for part in draws.parts))
        got = truth.of_plans(covers, covered, [*plans, best])[0]
        left[d] = got.max() - got[:-1]
    return pd.DataFrame(left, columns=["plan", *orders])
