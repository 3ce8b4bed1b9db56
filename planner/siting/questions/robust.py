"""How much the plan depends on what is not known: hindsight over demand draws, the curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from planner.progress import Progress, silent
from planner.siting.problem import SitingProblem
from planner.siting.questions.draws import DrawnWeights
from planner.solvers.problems import Solution
from planner.threads import at_once

Array = NDArray[Any]
Solve = Callable[..., Solution]


def scenario_factors(surfaces: Array, workers: Array) -> Array:
    """Factor per draw and cell by which a scenario differs from the estimate (1 where nobody works)."""
    base = np.where(workers > 0, workers, 1.0)
    return np.where(workers > 0, surfaces / base, 1.0)


@dataclass(frozen=True, eq=False)
class Hindsight:
    """What would have been chosen had each demand draw been known beforehand.

    Attributes
    ----------
    kept
        float (n_chosen): share of the draws in which the site, or one within ``within_m`` of it, is chosen again.
    alone
        float (n_draws × n_chosen): workers whom no other site or station covers, whom the plan loses without the site.
    draws
        One row per draw: ``workers``, ``before``, ``plan``, ``best`` (the best plan known for the draw), ``bound`` (no plan covers
        more): covered workers. ``best`` and ``bound`` are missing where plans are compared by a goal of their own.
    within_m
        What counts as the same place, metres (straight line).
    """

    kept: Array
    alone: Array
    draws: pd.DataFrame
    within_m: float

    @property
    def regret(self) -> Array:
        """Per draw the workers that the plan lacks of the best plan known."""
        return (self.draws["best"] - self.draws["plan"]).to_numpy(dtype=float)

    @property
    def regret_most(self) -> Array:
        """Per draw the workers that it can lack at most."""
        return (self.draws["bound"] - self.draws["plan"]).to_numpy(dtype=float)

    @property
    def kept_margin(self) -> Array:
        """Half the width of the 90 % interval of ``kept``, for the number of draws (Wilson 1927)."""
        n, z = max(1, len(self.draws)), 1.6448536
        return np.asarray(z / (n + z**2) * np.sqrt(self.kept * (1 - self.kept) * n + z**2 / 4))

    def __repr__(self) -> str:
        return (
            f"Hindsight({len(self.draws)} draws; {self.kept.mean() if len(self.kept) else 0:.0%} of {len(self.kept)} sites kept; "
            f"mean regret {self.regret.mean() if len(self.draws) else 0:,.0f} workers)"
        )


def look_back(
    solve: Solve, problem: SitingProblem, draws: DrawnWeights | Sequence[Array], *, kept: SitingProblem, xy_m: Array, chosen: Array,
    within_m: float, progress: Progress | None = None,
) -> Hindsight:  # fmt: skip
    """Choose anew under each demand draw, and hold the plan against it.

    Parameters
    ----------
    solve
        ``solve(weights)`` → Solution under the plan's rules.
    draws
        float64 (n_points) each: the problem's weights under a draw; only some are in memory at once.
    kept
        The problem with only the stations that stay: the plan is read there.
    xy_m
        Coordinates of all sites (n_sites × 2), metres.
    chosen
        The plan's sites.
    """
    say = progress or silent
    hits, rows, lost = np.zeros(len(chosen)), [], []
    mine = sparse.csr_array(kept.covers)[chosen]
    times = np.bincount(mine.indices, minlength=mine.shape[1])
    served = kept.covered | (times > 0)
    only = mine @ sparse.diags_array(((times == 1) & ~kept.covered).astype(float))
    comparable = problem.goal is None
    for k, (weights, again) in enumerate(at_once(lambda d: _known(solve, draws, d), range(len(draws)))):
        say("how often a site is chosen", k / len(draws))
        if len(again.chosen):
            far, _ = cKDTree(xy_m[again.chosen]).query(xy_m[chosen])
            hits += far <= within_m
        lost.append(only @ weights)
        plan = float(weights[served].sum())
        best = max(plan, float(again.objective)) if comparable else np.nan
        bound = max(best, float(again.bound)) if comparable else np.nan
        rows.append((float(weights.sum()), float(weights[problem.covered].sum()), plan, best, bound))
    table = pd.DataFrame(rows, columns=["workers", "before", "plan", "best", "bound"], dtype=float)
    alone = np.stack(lost) if lost else np.zeros((0, len(chosen)))
    return Hindsight(hits / max(1, len(lost)), alone, table, float(within_m))


def _known(solve: Solve, draws: DrawnWeights | Sequence[Array], d: int) -> tuple[Array, Solution]:
    """Draw ``d``, and what is best where it is known."""
    weights = draws.one(d) if isinstance(draws, DrawnWeights) else draws[d]
    return weights, solve(weights)


def coverage_curve(
    solve: Solve, numbers: Sequence[int], *, total: float, base: float = 0.0,
    shares: Sequence[float] = (0.8, 0.9, 0.95), progress: Progress | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Best coverage found for several numbers of sites: n, covered, share, bound, bound_share.

    ``solve(p)`` → Solution; ``base``: covered without any site (n = 0). Where the curve passes one of
    ``shares`` the numbers in between are halved until the first one is known. The bound of fewer sites never
    exceeds that of more, nor the other way round for what is covered (a plan of more sites can leave some
    out), and both are tightened by it.
    """
    say = progress or silent
    rows = {0: (base, base)}
    for k, n in enumerate(sorted(set(numbers) - {0})):
        say("the curve", k / len(numbers))
        found = solve(n)
        rows[n] = (found.objective, found.bound)
    for share in shares:
        say("the curve", 1.0)
        _narrow(solve, rows, share * total)
    table = pd.DataFrame([(n, *rows[n]) for n in sorted(rows)], columns=["n", "covered", "bound"])
    table["covered"] = table["covered"].cummax()
    table["bound"] = table["bound"][::-1].cummin()[::-1]
    whole = total or np.inf  # nobody: shares of nought
    return table.assign(share=table["covered"] / whole, bound_share=table["bound"] / whole)


def _narrow(solve: Solve, rows: dict[int, tuple[float, float]], goal: float) -> None:
    """Add the numbers between which ``goal`` is first covered, halving what lies between."""
    while any(covered >= goal for covered, _ in rows.values()):
        high = min(n for n, (covered, _) in rows.items() if covered >= goal)
        low = max((n for n in rows if n < high), default=high)
        if high - low < 2:
            return
        found = solve((low + high) // 2)
        rows[(low + high) // 2] = (found.objective, found.bound)


def with_known(curve: pd.DataFrame, known: Mapping[int, float], *, total: float) -> pd.DataFrame:
    """The curve where plans are known besides: ``known`` n → covered; more sites cover no less."""
    covered = curve["covered"].to_numpy(dtype=float).copy()
    for n, value in known.items():
        at = curve["n"].to_numpy() >= n
        covered[at] = np.maximum(covered[at], value)
    bound = np.maximum(curve["bound"].to_numpy(dtype=float), covered)  # equal but for rounding
    whole = total or np.inf  # nobody: shares of nought
    return curve.assign(covered=covered, bound=bound, share=covered / whole, bound_share=bound / whole)


def sites_for(curve: pd.DataFrame, shares: Sequence[float] = (0.8, 0.9, 0.95)) -> pd.DataFrame:
    """How many sites reach a share of all workers: enough (found) and needed (no fewer do, by the bound).

    NA beyond the curve.
    """
    rows = []
    for share in shares:
        enough = curve.loc[curve["share"] >= share, "n"]
        short = curve.loc[curve["bound_share"] < share, "n"]
        needed = None if len(short) == len(curve) else int(short.iloc[-1]) + 1 if len(short) else 0
        rows.append(
            {
                "share": share,
                "enough": int(enough.iloc[0]) if len(enough) else pd.NA,
                "needed": pd.NA if needed is None else needed,
            }
        )
    return pd.DataFrame(rows).astype({"enough": "Int64", "needed": "Int64"})
