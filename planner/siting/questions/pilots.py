"""Pilot, learn, expand: which sites of a plan to build first so that what they show betters the rest.

A pilot shows, with some error, how many workers are in its reach. What that tells of demand elsewhere follows from how
demand varies together over the draws. Pilots are chosen one after the other by how much of the decisive variance
(:mod:`planner.siting.questions.draws`) they explain; whether that helps is not assumed but simulated, against the plan's
own order and chance: one draw is taken for the truth, the pilots are built and show their counts, the other draws are
weighed by them, and the rest of the plan is chosen anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.progress import Progress, silent
from planner.siting.questions.draws import Contested, Draws
from planner.solvers.problems import Solution

__all__ = ["NOISE", "choose_pilots", "in_reach", "posterior", "simulate"]

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


def posterior(shown: Array, seen: Array, error: Array) -> Array:
    """How much of each draw to mix (n_draws, sum 1; may lie below 0), once pilots have ``seen`` so many workers.

    The linear estimate of least mean square error (the ensemble Kalman filter's mean; Evensen 1994): no draw need
    resemble the truth in everything at once, which weighing by likelihood asks of few draws and many pilots. The covariance is
    shrunk (Ledoit & Wolf 2004). ``shown``: n_draws × k; ``error``: variance of each pilot's error (k).
    """
    n, k = shown.shape
    even = np.full(n, 1.0 / n)
    if n < 3 or not k:
        return even
    from sklearn.covariance import ledoit_wolf

    off = shown - shown.mean(axis=0)
    scale = np.where(off.std(axis=0) > 0, off.std(axis=0), 1.0)
    shrunk, shrinkage = ledoit_wolf(off / scale, assume_centered=True)
    spread = shrunk * np.outer(scale, scale) + np.diag(error)
    return np.asarray(
        even + (1 - shrinkage) * off @ np.linalg.solve(spread, seen - shown.mean(axis=0)) / n
    )


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
        for order in orders.values():
            first = np.asarray(order(d), dtype=np.int64)
            error = np.maximum((noise * shown[rest][:, first].mean(axis=0)) ** 2, 1e-9)
            seen = np.maximum(0.0, shown[d, first] * (1 + noise * luck[d, first]))
            mix = np.zeros(n)
            mix[rest] = posterior(shown[rest][:, first], seen, error)
            plans.append(np.asarray(solve(draws.mixed(mix), np.sort(chosen[first])).chosen))
        covered_by.append(draws.of_plans(covers, covered, plans)[d])
    got = np.array(covered_by).reshape(truths, 2 + len(orders))
    left = got.max(axis=1, keepdims=True) - got
    return pd.DataFrame(np.delete(left, 1, axis=1), columns=["plan", *orders])
