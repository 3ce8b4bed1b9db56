"""Pilot, learn, expand on made-up cities whose truth is known: does it matter which sites are built first?

    python -m benchmarks.pilots [CITIES [DRAWS [TRUTHS]]]

Each city has 200 cells, 40 candidates and a plan of 12 sites, of which 3 are built first; demand varies alike, by zone, over a
quarter and over a tenth of the city (``tests/siting/drawn_city.py``). The truth is a draw that the ensemble does not hold. Printed is the
regret left, in per cent of what the best plan for the truth covers, with the standard error over cities.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from planner.siting.questions.draws import contested
from planner.siting.questions.pilots import choose_pilots, in_reach, simulate
from tests.siting.drawn_city import SPREADS, drawn_city

#: Label → standard deviations of the four scales.
PROCESSES = {"as above": SPREADS, "far-reaching": (0.2, 0.6, 0.6, 0.15), "local": (0.1, 0.1, 0.15, 0.6)}


def left(
    seed: int,
    *,
    draws: int,
    truths: int,
    k: int = 3,
    spreads: tuple[float, ...] = SPREADS,
    noise: float = 0.2,
) -> pd.Series:
    """Regret left in one city after each order of building (share of what the best plan for the truth covers)."""
    city = drawn_city(seed, spreads=spreads)
    drawn = city.draws(draws, seed)
    plan = city.best(city.weights).chosen
    shown = in_reach(drawn, city.covers, city.covered, plan)
    hung = contested(drawn, city.covers, city.covered, plan, city.problem.rules)
    pilots, _ = choose_pilots(shown, plan, hung, k=k, noise=noise)
    first = np.array([int(np.flatnonzero(plan == site)[0]) for site in pilots])
    rng = np.random.default_rng([seed, 6])
    chance = np.stack([rng.permutation(len(plan))[:k] for _ in range(truths)])
    orders = {"taught": first, "rank": np.arange(k), "random": chance}
    found = simulate(
        city.best,
        drawn,
        city.covers,
        city.covered,
        plan,
        shown,
        orders,
        truths=truths,
        noise=noise,
        seed=seed,
    )
    best = drawn.first(truths).of_plans(city.covers, city.covered, [plan])[:, 0] + found["plan"].to_numpy()
    return found.sum() / best.sum()


def main(cities: int = 50, draws: int = 100, truths: int = 10) -> None:
    """Print the table of ``docs/evidence.md``."""
    print("| demand varies | no pilots | taught | rank order | random | taught − rank | rank − random |")
    print("|---|---|---|---|---|---|---|")
    for label, spreads in PROCESSES.items():
        table = 100 * pd.DataFrame(
            [left(seed, draws=draws, truths=truths, spreads=spreads) for seed in range(cities)]
        )
        gaps = {"a": table["taught"] - table["rank"], "b": table["rank"] - table["random"]}
        cells = [f"{table[c].mean():.2f}" for c in ("plan", "taught", "rank", "random")]
        cells += [f"{g.mean():+.2f} ± {g.std() / np.sqrt(cities):.2f}" for g in gaps.values()]
        print(f"| {label} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
