"""Demand draws as the weights of a plan's points, and which sites' demand a plan hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.rules import Rules

__all__ = ["Contested", "DrawnPart", "DrawnWeights", "contested"]

Array = NDArray[Any]
#: At most so many sites are looked at as contested: those whose demand is least known come first.
MOST_CONTESTED = 400


@dataclass(frozen=True, eq=False)
class DrawnPart:
    """Workers that the draws move together: of one group, or of all.

    ``weights``: float (n_points), blocks of n_cells; ``factors``: float (n_draws × n_cells), workers over the estimate.
    """

    group: str
    weights: Array
    factors: Array

    def worth(self, rows: Any) -> Array:
        """Workers per draw at the points that each row of a sparse matrix (k × n_points) stores: n_draws × k."""
        where, n_cells = sparse.csr_array(rows), self.factors.shape[1]
        cells = where.indices % max(1, n_cells)
        folded = sparse.csr_array(
            (self.weights[where.indices], cells, where.indptr), shape=(where.shape[0], n_cells)
        )
        return np.asarray((folded @ self.factors.T.astype(float)).T)


@dataclass(frozen=True, eq=False)
class DrawnWeights:
    """DrawnWeights of the weights of a problem's points, never all of them in memory at once.

    A draw's weights are the sum over ``parts`` of weights × factor of the cell. One part where the draws do not tell
    groups apart, else one per group.
    """

    parts: tuple[DrawnPart, ...]

    def __len__(self) -> int:
        return len(self.parts[0].factors)

    @classmethod
    def of(cls, weights: Array, factors: Array, group: str = "") -> DrawnWeights:
        """DrawnWeights that treat all workers alike: weights (n_points), factors (n_draws × n_cells)."""
        return cls((DrawnPart(group, np.asarray(weights, float), np.asarray(factors)),))

    def __iter__(self) -> Iterator[Array]:
        return (self.one(d) for d in range(len(self)))

    def first(self, n: int) -> DrawnWeights:
        """The first ``n`` draws."""
        return DrawnWeights(tuple(DrawnPart(p.group, p.weights, p.factors[:n]) for p in self.parts))

    def mixed(self, shares: Array) -> Array:
        """Weights (n_points) of a mixture: Σ shares[d] × draw d, nowhere below 0 (shares may be)."""
        return self._by([np.asarray(shares, float) @ part.factors for part in self.parts])

    def one(self, d: int) -> Array:
        """Weights (n_points) of draw ``d``."""
        return self._by([part.factors[d] for part in self.parts])

    def _by(self, factors: list[Array]) -> Array:
        """Weights (n_points) where each part's are multiplied by a factor per cell, nowhere below 0."""
        out = np.zeros(len(self.parts[0].weights))
        for part, factor in zip(self.parts, factors, strict=True):
            blocks = (len(out) // max(1, len(factor)), len(factor))
            out.reshape(blocks)[...] += part.weights.reshape(blocks) * factor
        return np.maximum(out, 0.0, out=out)

    def worth(self, rows: Any) -> Array:
        """Workers per draw at the points that each row of a sparse matrix (k × n_points) stores: n_draws × k."""
        return np.asarray(sum(part.worth(rows) for part in self.parts))

    def of_plans(self, covers: Any, covered: Array, plans: list[Array]) -> Array:
        """Covered workers (n_draws × n_plans) of sets of sites, with what is ``covered`` (bool, n_points) without them."""
        rows = []
        for sites in plans:
            served = covered.copy()
            served[covers[np.asarray(sites, dtype=np.int64)].indices] = True
            rows.append(sparse.csr_array(served[None, :].astype(np.int8)))
        if not rows:
            return np.zeros((len(self), 0))
        return self.worth(sparse.vstack(rows, format="csr"))

    def of_labels(self, label: Array) -> list[tuple[str, str, Array]]:
        """(group, label, workers per draw) for every part and label of the cells (n_cells)."""
        names, code = np.unique(np.asarray(label, dtype=str), return_inverse=True)
        at = sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))), (len(names), len(code)))
        found = []
        for part in self.parts:
            whole = part.weights.reshape(-1, part.factors.shape[1]).sum(axis=0)
            sums = (at @ (part.factors * whole).T).T
            found += [(part.group, str(name), np.asarray(sums[:, k])) for k, name in enumerate(names)]
        return found


@dataclass(frozen=True, eq=False)
class Contested:
    """Sites that are in the plan, or out of it, by little: what a plan hangs on.

    Attributes
    ----------
    sites
        Positions (k).
    gains
        float (n_draws × k): workers whom only the site brings, beyond what all gains have in common.
    worth
        float (k): how much of the variance of a column bears on the choice.
    """

    sites: Array
    gains: Array
    worth: Array

    def explained(self, values: Array) -> Array:
        """Per column of ``values`` (n_draws × m) the share of the decisive variance that it explains, 0 to 1.

        Squared correlations, less what as many draws of anything would show.
        """
        n, m = values.shape
        whole = float((self.worth * self.gains.var(axis=0)).sum())
        if n < 4 or not len(self.sites) or not whole > 0:
            return np.zeros(m)
        x, y = values - values.mean(axis=0), self.gains - self.gains.mean(axis=0)
        sx, sy = x.std(axis=0), y.std(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = np.nan_to_num((x.T @ y / n / np.outer(sx, sy)) ** 2)
        r2 = np.maximum(0.0, 1 - (1 - r2) * (n - 1) / (n - 2))
        return np.asarray(r2 @ (self.worth * sy**2) / whole * (sx > 1e-9 * np.abs(values).max(axis=0)))


def contested(draws: DrawnWeights, covers: Any, covered: Array, chosen: Array, rules: Rules) -> Contested:
    """The sites whose place in the plan ``chosen`` is least sure, and what they bring under each draw.

    A site of the plan brings what is lost without it, any other what it would add. It bears on the choice as far as that
    lies near the least of the plan's: exp(−½ z²) of its distance in standard deviations over the draws.
    """
    matrix = sparse.csr_array(covers)
    times = np.bincount(matrix[chosen].indices, minlength=matrix.shape[1])
    gains = draws.worth(_kept(matrix, ~covered & (times == 0)))
    gains[:, chosen] = draws.worth(_kept(matrix[chosen], ~covered & (times == 1)))
    whole = gains.sum(axis=1)
    mean = gains.mean(axis=0)
    level = np.divide(whole, whole.mean(), out=np.ones_like(whole), where=whole > 0)
    own = gains - level[:, None] * mean
    free = np.setdiff1d(chosen, rules.required)
    near = np.zeros(len(mean))
    if len(free):
        spread = own.std(axis=0)
        spread[spread < 1e-9 * np.abs(gains).max(axis=0)] = 0.0  # rounding
        may = (rules.usable() | np.isin(np.arange(len(mean)), chosen)) & (spread > 0)
        may[rules.required] = False
        z = (mean - mean[free].min()) / np.where(spread > 0, spread, 1.0)
        near = np.where(may, np.exp(-0.5 * z**2), 0.0)
    order = np.argsort(-near * own.var(axis=0), kind="stable")[:MOST_CONTESTED]
    sites = np.sort(order[near[order] > 1e-3])
    return Contested(sites, own[:, sites], near[sites])


def _kept(rows: sparse.csr_array, keep: Array) -> sparse.csr_array:
    """Only the stored entries of some columns."""
    on = keep[rows.indices]
    ends = np.concatenate([[0], np.cumsum(on)])[rows.indptr]
    return sparse.csr_array((np.ones(int(on.sum()), np.int8), rows.indices[on], ends), shape=rows.shape)
