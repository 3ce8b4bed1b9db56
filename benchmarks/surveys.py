"""Surveys that lie, on cities whose truth is known: what is told, what is done, and what it costs.

``python -m benchmarks.surveys [CITIES [CELLS]]`` prints the tables of ``docs/evidence.md`` (section Surveys); a city
is CELLS × CELLS of 200 m, by default 96.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from tests.demand.city import City
from tests.demand.surveys import judge, on_main, points, seen, table_of, town

TOLD = ("SUR-001", "SUR-002", "SUR-004", "SUR-008")


def heaped(city: City) -> int:
    """The cell that heaps of records are put into."""
    return len(city.cells) // 2 + 17


def surveys(city: City, seed: int) -> Iterator[tuple[str, gpd.GeoDataFrame | None, dict[str, Any]]]:
    """Surveys of one city: a label, the records, and what the study says of them."""
    main, cells = on_main(city), len(city.cells)

    def leaning(times: float) -> np.ndarray:
        """Shares seen, 5 % on the whole, ``times`` as large on main roads as elsewhere."""
        share = 1 + (times - 1) * main
        return share * 0.05 / np.average(share, weights=city.truth)

    yield "none", None, {}
    for share in (0.02, 0.05, 0.2):
        yield f"honest, {share:.0%}", points(city, seen(city, share, seed), seed), {"share": share}
    for times in (2.0, 3.0, 5.0, 10.0):
        yield f"main roads {times:g} : 1", points(city, seen(city, leaning(times), seed), seed), {}
    yield "main roads 1 : 5", points(city, seen(city, leaning(0.2), seed), seed), {}
    told = table_of(city, seen(city, leaning(5.0), seed), sampling_share=leaning(5.0))
    yield "main roads 5 : 1, sampling_share given", told, {}
    heap = np.zeros(cells, int)
    heap[heaped(city)] = 60
    yield "60 identical records", points(city, heap), {}
    counts = seen(city, 0.05, seed)
    for label, more in (
        ("100,000 records in one cell", 100_000),
        ("19 % in one cell", int(0.2346 * counts.sum())),
    ):
        heap = counts.copy()
        heap[heaped(city)] += more
        yield f"honest, 5%, and {label}", table_of(city, heap)[heap > 0], {"share": 0.05}
    repeated = points(city, seen(city, 0.02, seed), seed)
    repeated = repeated.loc[repeated.index.repeat(5)].reset_index(drop=True)
    yield "2%, five pings of each", repeated, {}
    yield (
        "2%, five pings of each, worker_id given",
        repeated.assign(worker_id=np.arange(len(repeated)) // 5),
        {},
    )


def table(cities: int = 8, n: int = 96) -> pd.DataFrame:
    """Means over cities per survey: findings, whether it is used, error and band beside no survey's."""
    rows = []
    for seed in range(cities):
        city = town(seed, n=n, workers=20_000.0 * (n / 96) ** 2, pull=(0.7, 1.0, 1.4)[seed % 3])
        without = None
        for label, records, how in surveys(city, seed):
            judged = judge(city, records, seed=seed, **how)
            without = without or judged
            heap = judged.full.demand["workers"].get(city.cells.index[heaped(city)], 0.0)
            rows.append(
                {
                    "survey": label,
                    "told": " ".join(c for c in TOLD if c in judged.codes),
                    "used": float(judged.full.levels["rider"] == "regression"),
                    "error against no survey": judged.error / without.error,
                    "inside the band": judged.inside,
                    "workers in the heaped cell": heap,
                }
            )
    found = pd.DataFrame(rows)
    by = found.groupby("survey", sort=False)
    often = by["told"].agg(lambda s: ", ".join(f"{c} {s.str.contains(c).sum()}/{len(s)}" for c in TOLD
                                               if s.str.contains(c).any()) or "–")  # fmt: skip
    means = by.mean(numeric_only=True)
    means.insert(0, "told", often)
    means.insert(3, "worst city", by["error against no survey"].max())
    return means


if __name__ == "__main__":
    from benchmarks.demand import _markdown

    print(_markdown(table(*map(int, sys.argv[1:])), digits=2))
