"""How often the 5–95 % band holds the truth of cities that planner does not model (benchmarks/foreign_cities.py).

``python -m benchmarks.demand bands`` prints the tables of docs/worker-density.md. The spreads of ``[demand]`` were chosen on cities
:data:`TUNED`; what is printed is of cities :data:`JUDGED`, which had no part in that.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.foreign_cities import PROCESSES, ForeignCity, foreign_city
from planner.demand.ensemble import Ensemble, band
from planner.demand.estimate import estimate_in_full
from planner.demand.levels.validate import blocks
from planner.settings.demand import Demand
from planner.settings.groups import Period
from planner.settings.reading import defaults

PERIODS = [Period(**p) for p in defaults()["periods"]]
TUNED, JUDGED = range(1000, 1008), range(30)
SCALES = (1, 2, 4)


def block_sums(ensemble: Ensemble, block: NDArray[np.int64]) -> NDArray[np.float64]:
    """Workers per draw, group and block."""
    order = np.argsort(block, kind="stable")
    first = np.searchsorted(block[order], np.arange(block.max() + 1))
    sums = [
        np.add.reduceat(ensemble.surfaces([name])[:, order], first, axis=1, dtype=float)
        for name in ensemble.groups
    ]
    return np.stack(sums, axis=1)


def judged(city: ForeignCity, seed: int, settings: Demand | None = None) -> dict[str, float]:
    """Share of a city's blocks whose truth lies within the 5–95 % band, and how far off the estimate is.

    ``1 km``, ``2 km``, ``4 km``: headline workers; ``busiest tenth``: of the blocks of 1 km, by the estimate (what a planner
    sees); ``… by the truth``: chosen by what nobody sees, where any fair band is left more often; ``groups, …``: each
    group apart. ``error, …``: standard deviation of the logarithm of truth over estimate.
    """
    made = estimate_in_full(
        city.cells, city.covariates, city.groups, periods=PERIODS, districts=city.districts,
        settings=settings, seed=seed,
    )  # fmt: skip
    at = city.cells.index.get_indexer(made.demand.index)
    out: dict[str, float] = {}
    for km in SCALES:
        block = blocks(city.cells.iloc[at], block_m=1000 * km)
        drawn, number = block_sums(made.ensemble, block), int(block.max()) + 1
        truth = np.stack([np.bincount(block, t, number) for t in city.truth[:, at]])
        guess = np.stack([np.bincount(block, w, number) for w in made.ensemble.workers])
        inside, whole, seen = (
            _inside(drawn.sum(axis=1), truth.sum(axis=0)),
            truth.sum(axis=0),
            guess.sum(axis=0),
        )
        out[f"{km} km"] = float(inside.mean())
        out[f"groups, {km} km"] = float(_inside(drawn, truth).mean())
        out[f"error, {km} km"] = float(np.std(np.log(np.maximum(whole, 1e-9) / np.maximum(seen, 1e-9))))
        if km == 1:
            out["busiest tenth"] = float(inside[seen >= np.quantile(seen, 0.9)].mean())
            out["busiest tenth by the truth"] = float(inside[whole >= np.quantile(whole, 0.9)].mean())
    return out


def _inside(draws: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.bool_]:
    low, high = band(draws.astype(np.float32))
    return np.asarray((truth >= low) & (truth <= high))


def coverage(
    seeds: Iterable[int] = JUDGED, processes: Iterable[str] = PROCESSES, settings: Demand | None = None
) -> pd.DataFrame:
    """A row per city: ``process``, ``seed`` and :func:`judged`."""
    begun, numbers, rows = time.monotonic(), list(seeds), list[dict[str, object]]()
    for process in processes:
        for seed in numbers:
            city = foreign_city(process, seed)
            rows += [{"process": process, "seed": seed, **judged(city, seed, settings)}]
        print(f"{process}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


HELD = ("1 km", "2 km", "4 km", "busiest tenth", "busiest tenth by the truth")
GROUPS_HELD = ("groups, 1 km", "groups, 2 km", "groups, 4 km")
ERRORS = ("error, 1 km", "error, 2 km", "error, 4 km")


def tables(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Coverage with its standard error over cities, for each process and all of them; errors of the estimate."""
    parts = [*((name, part) for name, part in rows.groupby("process", sort=False)), ("all", rows)]

    def cell(values: pd.Series) -> str:
        return f"{values.mean():.2f} ± {values.std(ddof=1) / np.sqrt(len(values)):.2f}"

    held = pd.DataFrame({name: {k: cell(part[k]) for k in (*HELD, *GROUPS_HELD)} for name, part in parts}).T
    error = pd.DataFrame({name: {k: float(part[k].mean()) for k in ERRORS} for name, part in parts}).T
    return held.rename_axis("process"), error.rename_axis("process")


def verdict(rows: pd.DataFrame) -> str:
    """Whether the band keeps its word: 0.85 to 0.95 over all processes, none below 0.80."""
    wanted = list(HELD[:4])
    pooled, each = rows[wanted].mean(), rows.groupby("process")[wanted].mean()
    kept = bool(((pooled >= 0.85) & (pooled <= 0.95)).all() and (each >= 0.80).all().all())
    cities = len(rows) // rows["process"].nunique()
    return (
        f"{len(rows)} cities ({cities} of each process): pooled {pooled.min():.2f} to {pooled.max():.2f}, least of a process and scale "
        f"{each.min().min():.2f}: {'kept' if kept else 'NOT kept'} (0.85 to 0.95 pooled, none below 0.80)"
    )
