"""The value of knowing an unknown, found from few draws, beside what it truly is.

    python -m benchmarks.knowledge [CITIES]

Cities of 60 cells, 12 candidates, 4 to build; unknown are the workers of four zones and in reach of each site, and four numbers that
have nothing to do with demand. The truth is nested brute force: all 495 plans under 3,000 other draws. Values in per cent of the
true regret; ``rank`` is Spearman's correlation with the truth over the unknowns of a city.
"""

from __future__ import annotations

import sys
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd

from planner.siting.questions.draws import DrawnWeights, contested
from planner.siting.questions.knowledge import classes_of, learn_what, removed
from planner.siting.questions.pilots import in_reach
from tests.siting.drawn_city import DrawnCity, drawn_city

NOISE, FRESH = 4, 3000


def unknowns(city: DrawnCity, draws: DrawnWeights, rng: np.random.Generator) -> np.ndarray:
    """Workers per zone, in reach of each site, and noise: n_draws × 20."""
    zones = np.column_stack([v for _, _, v in draws.of_labels(city.zone.astype(str))])
    sites = in_reach(draws, city.covers, city.covered, np.arange(city.covers.shape[0]))
    return np.hstack([zones, sites, rng.normal(size=(len(draws), NOISE))])


def compared(seed: int, draws: int) -> pd.DataFrame:
    """Per unknown of one city: ``seems``, ``removes`` and the ``truth``, shares of the true regret."""
    city, rng = drawn_city(seed, cells=60, sites=12, p=4, reach=0.22), np.random.default_rng([seed, 7])
    plans = np.array(list(combinations(range(12), city.p)))
    served = np.array([np.asarray(city.covers[list(s)].sum(axis=0)).ravel() > 0 for s in plans]).astype(float)

    def solve(weights: np.ndarray) -> SimpleNamespace:
        worth = served @ weights
        return SimpleNamespace(chosen=plans[worth.argmax()], bound=worth.max())

    few, many = city.draws(draws, seed), city.draws(FRESH, 10_000 + seed)
    values = unknowns(city, few, rng)
    chosen = solve(city.weights).chosen
    hung = contested(few, city.covers, city.covered, chosen, city.problem.rules)
    found = learn_what(
        solve, few, city.covers, city.covered, chosen, unknowns=pd.DataFrame({"at": range(values.shape[1])}),
        values=values, teaches=hung.explained(values), seed=seed,
    )  # fmt: skip
    worth = (many.parts[0].factors * city.weights) @ served.T
    regret = worth.max(axis=1).mean() - worth.mean(axis=0).max()
    fresh = unknowns(city, many, rng)
    truth = [removed(worth, classes_of(fresh[:, u], 3)) for u in range(fresh.shape[1])]
    table = found.table.sort_values("at")[["seems", "removes", "clear"]].reset_index(drop=True)
    table = table.assign(truth=truth)
    table[["seems", "removes", "truth"]] *= 100 / regret if regret > 1 else np.nan
    return table


def main(cities: int = 50) -> None:
    """Print the table of ``docs/evidence.md``."""
    print(
        "| draws | unknowns | truth | seems | chance taken off | root mean square error, before | after | clear | rank |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for draws in (40, 100):
        tables = [compared(seed, draws).dropna() for seed in range(cities)]
        tables = [t for t in tables if len(t)]
        rank = np.nanmean(
            [t["removes"].rank().corr(t["truth"].rank()) for t in tables if t["removes"].std() > 0]
        )
        for label, rows in (("zones, sites", slice(None, -NOISE)), ("noise", slice(-NOISE, None))):
            all_of = pd.concat([t.iloc[rows] for t in tables])
            errors = [np.sqrt(((all_of[c] - all_of["truth"]) ** 2).mean()) for c in ("seems", "removes")]
            figures = [*(all_of[c].mean() for c in ("truth", "seems", "removes")), *errors]
            print(
                f"| {draws} | {label} | {' | '.join(f'{v:.1f}' for v in figures)} | {all_of['clear'].mean():.2f} | "
                f"{rank if label != 'noise' else float('nan'):.2f} |".replace("nan", "–"), flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
