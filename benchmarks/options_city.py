"""A made-up city for options: places in clusters on a plane, demand around them, hours, one-off and yearly money.

Existing places keep, lengthen, upgrade or close (exactly one of these); candidates are built with one of four
combinations of hours and grade, or not at all. Every demand point stands in five periods, each a column of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from benchmarks.siting_city import areas, ground

__all__ = ["OptionsCity", "options_city"]

PERIODS = 5  # night, morning, noon, afternoon, evening
SHARE = np.array([0.05, 0.23, 0.30, 0.27, 0.15])
#: Periods in which each class of hours is open: office, day, long, all round.
HOURS = np.array([[0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 1, 1, 0]], bool)


@dataclass(frozen=True)
class OptionsCity:
    """Arguments of ``planner.maximal_covering_options``, and what is covered if nothing is done."""

    covers: Any
    weights: np.ndarray
    place: np.ndarray
    must: range
    use: dict[str, np.ndarray]
    most: dict[str, float]
    today: np.ndarray

    @property
    def before(self) -> float:
        """Weight covered by the existing places as they are."""
        hit = np.asarray(self.covers[self.today].sum(axis=0)).ravel() > 0
        return float(self.weights[hit].sum())


def options_city(
    seed: int = 7, existing: int = 1000, candidates: int = 6000, points: int = 50_000, *, budget: float = 12e6,
    yearly: float = 6e6, size: float = 0.6,
) -> OptionsCity:  # fmt: skip
    """The city on the ground of :func:`benchmarks.siting_city.city`; money in yuan."""
    rng = np.random.default_rng(seed)
    cells, density, weights = ground(rng, points)
    tree = cKDTree(cells)
    stations = areas(rng, cells, density, tree, existing, power=1.1, size=size)
    hosts = areas(rng, cells, density, tree, candidates, power=0.35, size=size)
    weights = (weights[:, None] * SHARE * rng.uniform(0.5, 1.5, (points, PERIODS))).ravel()
    kept = rng.choice([0, 1, 4], existing, p=[0.5, 0.35, 0.15])  # hours they keep today
    options, place, one_off, per_year, today = [], [], [], [], []
    for s in range(existing + candidates):
        pairs, row = (stations, s) if s < existing else (hosts, s - existing)
        near = pairs.indices[pairs.indptr[row] : pairs.indptr[row + 1]].astype(np.int64)
        menu: list[tuple[int | None, float, float]]
        if s < existing:
            menu = [
                (int(kept[s]), 0.0, 0.0),
                (2, 1_000.0, 9_000.0),
                (3, 3_000.0, 24_000.0),
                (3, 20_000.0, 20_000.0),
                (None, 2_000.0, -6_000.0),
            ]
            today.append(len(options))
        else:
            cost = float(rng.choice([30_000, 50_000, 80_000]))
            menu = [
                (1, cost, 9_000.0),
                (2, cost, 15_000.0),
                (3, cost, 30_000.0),
                (3, cost + 20_000.0, 24_000.0),
            ]
        for hours, once, year in menu:
            open_ = np.empty(0, np.int64) if hours is None else np.flatnonzero(HOURS[hours])
            options.append((near[:, None] * PERIODS + open_).ravel())
            place.append(s)
            one_off.append(once)
            per_year.append(year)
    ptr = np.concatenate([[0], np.cumsum([len(o) for o in options])])
    idx = np.concatenate(options).astype(np.int32)
    covers = sparse.csr_array((np.ones(len(idx), np.int8), idx, ptr), shape=(len(options), points * PERIODS))
    covers.sort_indices()
    return OptionsCity(
        covers, weights, np.array(place), range(existing), {"one-off": np.array(one_off), "yearly": np.array(per_year)},
        {"one-off": budget, "yearly": yearly}, np.array(today),
    )  # fmt: skip
