"""Small cities whose demand is not known: workers on cells, sites, and draws of a process with four scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from planner.siting.problem import SitingProblem
from planner.siting.questions.draws import DrawnWeights
from planner.siting.solve import Look, solve
from planner.solvers.request import check_rules
from planner.solvers.solution import Solution

#: Standard deviations on the log scale: all cells alike, zones, a field over a quarter of the city, one over a tenth.
SPREADS = (0.2, 0.4, 0.4, 0.3)


@dataclass(frozen=True, eq=False)
class DrawnCity:
    """Cells in a unit square, four zones, candidates that reach ``reach`` far."""

    covers: Any
    weights: np.ndarray
    zone: np.ndarray
    xy: np.ndarray
    roots: tuple[np.ndarray, ...]
    spreads: tuple[float, ...]
    p: int

    @property
    def covered(self) -> np.ndarray:
        return np.zeros(len(self.weights), bool)

    @property
    def problem(self) -> SitingProblem:
        return SitingProblem(
            self.covers, self.weights, self.covered, check_rules(self.covers.shape[0], self.p)
        )

    def draws(self, n: int, seed: int) -> DrawnWeights:
        """``n`` draws with mean 1 in every cell."""
        rng = np.random.default_rng([seed, 5])
        cells = len(self.weights)
        alike, zones, wide, near = self.spreads
        field = alike * rng.normal(size=(n, 1)) + zones * rng.normal(size=(n, 4))[:, self.zone]
        for root, sd in zip(self.roots, (wide, near), strict=True):
            field = field + sd * rng.normal(size=(n, cells)) @ root.T
        return DrawnWeights.of(self.weights, np.exp(field - sum(s**2 for s in self.spreads) / 2))

    def best(self, weights: np.ndarray, must: Any = ()) -> Solution:
        """The best plan for some weights, with the sites ``must`` built."""
        rules = check_rules(self.covers.shape[0], self.p, required=list(must))
        problem = SitingProblem(self.covers, self.weights, self.covered, rules)
        return solve(problem, Look(1, 1e-4, 60.0, 0), weights=weights)


def drawn_city(
    seed: int, *, cells: int = 200, sites: int = 40, p: int = 12, reach: float = 0.12, spreads: tuple[float, ...] = SPREADS
) -> DrawnCity:  # fmt: skip
    rng = np.random.default_rng(seed)
    xy, site = rng.random((cells, 2)), rng.random((sites, 2))
    far = np.hypot(*(site[:, None] - xy[None]).transpose(2, 0, 1))
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    roots = tuple(np.linalg.cholesky(np.exp(-apart / r) + 1e-9 * np.eye(cells)) for r in (0.25, 0.05))
    zone = (xy[:, 0] > 0.5).astype(int) * 2 + (xy[:, 1] > 0.5)
    covers = sparse.csr_array((far < reach).astype(np.int8))
    return DrawnCity(covers, rng.gamma(1.0, 20.0, cells), zone, xy, roots, spreads, p)
