"""What planner would have said in the past: openings of a dated list hidden, and planned anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from planner.demand.streets.standing import DemandPoints
from planner.errors import absent
from planner.settings.siting import Siting
from planner.siting.coverage import cover_matrix, cover_weights
from planner.siting.goal.pose import xy_of
from planner.siting.reach import SiteReach, joined
from planner.siting.solve import Look
from planner.solvers.covering.maximal import solve_covering
from planner.solvers.effort import effort
from planner.solvers.request import Request, check_covered, check_covers, check_rules, check_weights

__all__ = ["Backtest", "backtest", "hide_openings", "residents_at", "snapshots_of"]

Array = NDArray[Any]
#: Plans drawn at random for each snapshot.
RANDOM_PLANS = 200


@dataclass(frozen=True)
class Backtest:
    """Newly covered workers of as many sites as were opened between two snapshots, by who chose them.

    ``table``: ``snapshot``, ``before`` (stations then), ``opened``, ``covered`` (workers covered then), ``real``,
    ``planner``, ``bound`` (no choice covers more), ``population`` (most residents in reach), ``random`` (mean), ``random_low``, ``random_high`` (5 %
    and 95 %). All with the demand of today.
    """

    table: pd.DataFrame


def snapshots_of(dates: pd.Series) -> tuple[list[str], Array]:
    """The snapshots in order, and for each station that in which it first stands (a position; no date: the first)."""
    known = sorted(set(dates.dropna().astype(str)) - {""})
    order = {d: k for k, d in enumerate(known)}
    return known, np.array([order.get(str(d), 0) for d in dates], dtype=np.int64)


def hide_openings(
    covers: sparse.csr_array, weights: Array, residents: Array, born: Array, look: Look, *, seed: int,
    random_plans: int = RANDOM_PLANS,
) -> pd.DataFrame:  # fmt: skip
    """The columns of :class:`Backtest` but the snapshot's name, a row per snapshot after the first.

    Parameters
    ----------
    covers
        csr (n_sites × n_points): stations, then candidates.
    weights, residents
        Workers and residents per point.
    born
        Snapshot of each station (n_stations positions). The choice is among the candidates and the places that
        did get a station then or later.
    """
    rows, n_stations = [], len(born)
    for k in range(1, int(born.max(initial=0)) + 1):
        there, opened = np.flatnonzero(born < k), np.flatnonzero(born == k)
        pool = np.concatenate([np.flatnonzero(born >= k), np.arange(n_stations, covers.shape[0])])
        base = np.asarray(covers[there].sum(axis=0)).ravel() > 0
        now = float(weights[base].sum())
        choice = sparse.csr_array(covers[pool])

        fresh = np.where(base, 0.0, weights)
        planned = _planned(choice, weights, base, len(opened), look)
        crowd = _planned(choice, residents, base, len(opened), look)
        rng = np.random.default_rng([seed, 74, k])
        drawn = [
            _gain(choice, fresh, rng.choice(len(pool), len(opened), replace=False))
            for _ in range(random_plans)
        ]
        low, high = np.quantile(drawn, [0.05, 0.95])
        rows.append(
            {
                "before": len(there),
                "opened": len(opened),
                "covered": now,
                "real": _gain(choice, fresh, np.searchsorted(pool, opened)),
                "planner": _gain(choice, fresh, planned.chosen),
                "bound": planned.bound - now,
                "population": _gain(choice, fresh, crowd.chosen),
                "random": float(np.mean(drawn)),
                "random_low": float(low),
                "random_high": float(high),
            }
        )
    return pd.DataFrame(rows)


def _gain(choice: sparse.csr_array, fresh: Array, sites: Array) -> float:
    """Σ of ``fresh`` (weights of points not covered yet) over what ``sites`` cover."""
    return float(fresh[np.unique(choice[sites].indices)].sum())


def _planned(choice: sparse.csr_array, weights: Array, base: Array, n: int, look: Look) -> Any:
    """The ``n`` sites that cover most; no rule but their number."""
    request = Request(
        check_covers(choice), check_weights(weights, choice.shape[1]), check_covered(base, choice.shape[1]),
        check_rules(choice.shape[0], n),
    )  # fmt: skip
    return solve_covering(
        request, effort(look.time_limit_s, look.gap, look.work_limit, look.seed, look.progress)
    )


def residents_at(points: gpd.GeoDataFrame, population: gpd.GeoDataFrame) -> Array:
    """Residents at the nearest demand point (n_points)."""
    _, near = cKDTree(xy_of(points)).query(xy_of(population.set_geometry(population.geometry.centroid)))
    return np.bincount(near, population["population"].to_numpy(dtype=float), len(points)).astype(float)


def backtest(
    siting: Siting, demand: pd.DataFrame, points: DemandPoints, of: Array, population: gpd.GeoDataFrame,
    stations: gpd.GeoDataFrame, existing: SiteReach, new: SiteReach, periods: tuple[str, ...], *, need_open: float, seed: int,
) -> Backtest:  # fmt: skip
    """Hide the openings of a dated list, plan as many from the state before, compare.

    Parameters
    ----------
    siting
        How hard to look (``work_limit``, ``gap``, ``time_limit_s``).
    stations
        The open ones of today (rows as ``existing`` has them); ``snapshot_date`` is that of the list in which a station
        first stands. Stations that closed since are not known.
    demand, existing, new
        A row or column per class of demand points (``of``: class of each of ``points``) in reach of the same sites.

    Raises
    ------
    AbsentError
        The stations have fewer than two dates (USE-006), or nothing is known of residents (USE-007).
    """
    names, born = snapshots_of(stations["snapshot_date"])
    if len(names) < 2:
        raise absent("USE-006", field="inputs.stations", value=len(names))
    if not len(population):
        raise absent("USE-007", field="inputs.population", value="")
    both = joined(existing, new)
    covers = cover_matrix(both.access, both.open_share >= need_open)
    residents = np.bincount(of, residents_at(points.table, population), len(demand))
    residents = np.tile(residents, covers.shape[1] // len(demand))
    table = hide_openings(
        covers, cover_weights(demand, both.access, periods), residents, born, Look.of(siting, seed), seed=seed
    )
    table.insert(0, "snapshot", names[1:])
    return Backtest(table)
