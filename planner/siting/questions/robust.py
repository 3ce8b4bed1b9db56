"""How much the plan depends on what is not known: confidence over demand scenarios, the curve, readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.progress import Progress, silent
from planner.solvers.problems import Solution

Array = NDArray[Any]
Solve = Callable[..., Solution]


def scenario_factors(surfaces: Array, workers: Array) -> Array:
    """Factor per draw and cell by which a scenario differs from the estimate (1 where nobody works)."""
    base = np.where(workers > 0, workers, 1.0)
    return np.where(workers > 0, surfaces / base, 1.0)


def confidence(
    solve: Solve, weights: Array, factors: Array, *, xy_m: Array, chosen: Array, within_m: float,
    progress: Progress | None = None,
) -> Array:  # fmt: skip
    """Share of scenarios in which each chosen site, or one within ``within_m`` of it, is chosen again.

    Parameters
    ----------
    solve
        ``solve(weights)`` → Solution under the plan's rules.
    weights
        float64 (n_points): the plan's weights, blocks of n_cells.
    factors
        float (n_scenarios × n_cells).
    xy_m
        Coordinates of all sites (n_sites × 2), metres.
    chosen
        The plan's sites.
    """
    say = progress or silent
    blocks = len(weights) // factors.shape[1] if factors.shape[1] else 0
    hits = np.zeros(len(chosen))
    for k, factor in enumerate(factors):
        say("how often a site is chosen", k / len(factors))
        again = solve(weights * np.tile(factor, blocks)).chosen
        if len(again):
            far, _ = cKDTree(xy_m[again]).query(xy_m[chosen])
            hits += far <= within_m
    return hits / max(1, len(factors))


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
