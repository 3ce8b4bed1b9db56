"""Pilot, learn, expand: which sites of a plan to build first so that what they show betters the rest.

A pilot shows, with some error, how many workers are in its reach. What that tells of demand elsewhere follows from how
demand varies together over the draws. Pilots are chosen one after the other by how much of the decisive variance
(:mod:`planner.siting.questions.draws`) they explain; whether that helps is not assumed but simulated, against the plan's
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

from planner.progress import Progress, silent
from planner.siting.questions.draws import Contested, Draws
from planner.solvers.problems import Solution

__all__ = ["NOISE", "choose_pilots", "in_reach", "learnt", "simulate"]

Array = NDArray[Any]
#: ``solve(weights, must)`` → Solution under the plan's rules with the sites ``must`` built.
Expand = Callable[[Array, Array], Solution]
#: Relative error (standard deviation) of what a pilot shows.
NOISE = 0.2


def in_reach(draws: Draws, covers: Any, covered: Array, sites: Array) -> Array:
    """Workers within reach of each site, whom no station of today serves: n_draws × n_sites."""
    from scipy import sparse

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

    Parameters
    ----------
    shown
        float (n_draws × n_sites): workers in reach of each site.
    decisive
        What the plan hangs on. A pilot is built whatever it shows: its own place is no longer open, and what it tells of
        itself does not count.
    """
    k, gains = min(k, len(sites)), decisive.gains
    cov, error = _joint(shown, noise, gains)
    m = len(sites)
    weight = decisive.worth.astype(float).copy()
    whole = float((weight * np.diag(cov)[m:]).sum())
    home = np.searchsorted(decisive.sites, sites)
    home = np.where(
        (home < len(decisive.sites))
        & (decisive.sites[np.minimum(home, max(0, len(decisive.sites) - 1))] == sites)
        if len(decisive.sites)
        else False,
        home,
        -1,
    )
    picked: list[int] = []
    shares, told = [], 0.0
    for _ in range(k):
        per = cov[:m, m:] ** 2 * weight / (np.diag(cov)[:m] + error)[:, None]
        total = per.sum(axis=1)
        mine = np.flatnonzero(home >= 0)
        total[mine] -= per[mine, home[mine]]
        total[picked] = -1.0
        best = int(np.argmax(total))
        told += max(0.0, float(total[best]))
        picked.append(best)
        shares.append(told / whole if whole > 0 else 0.0)
        column = cov[:, best]
        cov = cov - np.outer(column, column) / (column[best] + error[best])
        if home[best] >= 0:
            weight[home[best]] = 0.0
    return np.asarray(sites)[picked], np.asarray(shares)


def learnt(draws: Draws, shown: Array, seen: Array, *, noise: float = NOISE) -> Array:
    """Weights of the points (n_points) to believe in once pilots have ``seen`` so many workers.

    On the log scale, on which demand varies, every draw moves along its regression on what a pilot shows, pilot by pilot,
    and the draws close in on it (the serial ensemble filter of Anderson 2003): no draw need resemble the truth in
    everything at once, which weighing whole draws asks of few draws and many pilots. Few draws make any two things look
    alike: each squared correlation counts less what chance would show (James & Stein 1961).

    Parameters
    ----------
    shown
        float (n_draws × k): what each pilot would show under each draw, without error.
    seen
        float (k): what it shows.
    noise
        Standard deviation of its relative error.
    """
    n, k = shown.shape
    state = np.log(np.maximum(np.hstack([part.factors for part in draws.parts]).astype(float), 1e-6))
    tell = np.log(np.maximum(shown, 1e-6))
    for i in range(k if n > 3 else 0):
        along = tell[:, i] - tell[:, i].mean()
        own = float(along @ along) / n
        if not own > 1e-12:
            continue
        step, whole = np.log(max(float(seen[i]), 1e-6)) - tell[:, i].mean(), own + noise**2
        close = 1 / (1 + noise / np.sqrt(whole))  # the square-root filter: draws close in as the variance does
        move = step - close * along
        for what in (state, tell):
            slope = _sure(along, what) * (along @ (what - what.mean(axis=0))) / n / whole
            what += np.outer(move, slope)
    factors = np.exp(state)
    ends = np.cumsum([0, *(part.factors.shape[1] for part in draws.parts)])
    parts = zip(draws.parts, ends[:-1], ends[1:], strict=True)
    moved = Draws(tuple(replace(part, factors=factors[:, a:b]) for part, a, b in parts))
    return moved.mixed(np.full(n, 1 / n))


def _sure(one: Array, many: Array) -> Array:
    """By what each slope on ``one`` (n) is multiplied (m): 1 where the correlation is perfect, 0 where chance would show it."""
    n, apart = len(one), many - many.mean(axis=0)
    norm = (one @ one) * (apart**2).sum(axis=0)
    r2 = np.divide((one @ apart) ** 2, norm, out=np.zeros(many.shape[1]), where=norm > 0)
    return np.maximum(0.0, 1 - (1 - r2) / np.maximum((n - 2) * r2, 1e-12))


def simulate(
    solve: Expand, draws: Draws, covers: Any, covered: Array, chosen: Array, shown: Array,
    orders: Mapping[str, Callable[[int], Array]], *, truths: int, noise: float = NOISE, seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Regret left after pilots have taught what they can: a row per truth, a column per order of building.

    Parameters
    ----------
    shown
        float (n_draws × n_chosen): workers in reach of each site of the plan, in its order.
    orders
        Name → ``order(d)``: positions in ``chosen`` that are built first where draw ``d`` is the truth.
    truths
        The first so many draws are the truth in turn; the others then stand for what is believed.

    Returns
    -------
    Columns ``plan`` (regret of the plan as it stands) and one per order: workers fewer than the best plan known for the truth.
    """
    say, n = progress or silent, len(draws)
    truths = min(truths, n)
    rng = np.random.default_rng([seed, 21])
    luck = rng.normal(size=(truths, len(chosen)))
    covered_by: list[Array] = []
    for d in range(truths):
        say("pilots", d / max(1, truths))
        plans = [np.asarray(chosen), np.asarray(solve(draws.one(d), np.zeros(0, dtype=np.int64)).chosen)]
        rest = np.delete(np.arange(n), d)
        believed = Draws(tuple(replace(part, factors=part.factors[rest]) for part in draws.parts))
        for order in orders.values():
            first = np.asarray(order(d), dtype=np.int64)
            seen = shown[d, first] * np.exp(noise * luck[d, first])
            weights = learnt(believed, shown[rest][:, first], seen, noise=noise)
            plans.append(np.asarray(solve(weights, np.sort(chosen[first])).chosen))
        covered_by.append(draws.of_plans(covers, covered, plans)[d])
    got = np.array(covered_by).reshape(truths, 2 + len(orders))
    left = got.max(axis=1, keepdims=True) - got
    return pd.DataFrame(np.delete(left, 1, axis=1), columns=["plan", *orders])
