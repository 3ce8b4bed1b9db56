"""Workers at every demand point, and the table of cells, its draws and bands that sum them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.demand.calibrate import to_totals
from planner.demand.checks import judge_groups, judge_periods
from planner.demand.covariates import centre_distance
from planner.demand.ensemble import Ensemble, band, draw_ensemble, spread_over
from planner.demand.estimate import control_totals, residents, stated_totals
from planner.demand.grid import Floats, grid_of
from planner.demand.levels.choose import Chooser
from planner.demand.levels.weights import usable_shares
from planner.demand.observations import Observations
from planner.demand.scenarios import EVENT_BAND, season_and_events
from planner.demand.seasons import season_totals
from planner.demand.streets.hold import Held
from planner.demand.streets.pieces import StreetPieces
from planner.demand.streets.scenario import lay_over
from planner.demand.streets.standing import Cells, DemandPoints, profiles_of
from planner.demand.streets.thin import PLAIN, shrink, thin_findings
from planner.demand.summary import totals
from planner.errors import Finding
from planner.progress import Progress, silent
from planner.settings.demand import Demand
from planner.settings.groups import Group, Period

__all__ = ["OnStreets", "estimate_on_streets", "points_at", "sum_held", "table_of"]


@dataclass(frozen=True, eq=False)
class OnStreets:
    """Workers at demand points and what was made of them.

    Attributes
    ----------
    points
        The demand points with their workers.
    demand
        The demand table: the points summed over cells, with bands and the place (``point``) nearest to the middle of
        the cell's workers.
    covariates
        What the points of each row of ``demand`` hold, nothing shrunk.
    controls, levels, ensemble, findings
        As in :class:`planner.demand.summary.Estimate`.
    """

    points: DemandPoints
    demand: gpd.GeoDataFrame
    covariates: pd.DataFrame
    controls: pd.DataFrame
    levels: dict[str, str]
    ensemble: Ensemble
    findings: tuple[Finding, ...]


def sum_held(held: Held, cells: Cells, centres: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """What the points of each cell hold together, and how far its middle is from a centre."""
    sums = _summed(held.table, cells)
    sums["centre_m"] = centre_distance(grid_of(cells.rows), centres)
    return sums


def _summed(values: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    n = len(cells.rows)
    columns = {c: np.bincount(cells.of, values[c].to_numpy(float), n) for c in values}
    return pd.DataFrame(columns, index=cells.rows.index)


def estimate_on_streets(
    held: Held, cells: Cells, covariates: pd.DataFrame, groups: Sequence[Group], *, periods: Sequence[Period],
    districts: gpd.GeoDataFrame, observations: Observations | None = None, settings: Demand, seed: int = 0,
    progress: Progress | None = None,
) -> OnStreets:  # fmt: skip
    """Workers of each group at each demand point.

    Per group, the best level that the data allow (:func:`planner.demand.estimate.estimate`). Level (a) is made at the
    points; levels (b) and (c) correct them by what observations say of their cell. All are scaled to control totals
    per district.

    Parameters
    ----------
    held, cells, covariates
        What the points hold, their cells, and :func:`sum_held` of both.
    observations
        On the index of ``cells.rows``.
    """
    say, s = progress or silent, settings
    found = judge_periods(periods) + judge_groups(groups, covariates)
    names = districts["district"].astype(str).tolist()
    rows, zones = cells.rows, pd.Index(sorted(cells.rows["district"].unique()), name="district")
    people = residents(rows, covariates, districts)
    controls = control_totals(None, groups, people, zones, s, found)
    used = sorted({c for g in groups for c, share in g.covariates.items() if share > 0})
    thinned = shrink(held.table, held.pieces.zone, names, thin_venues=s.thin_venues, names=used)
    found += thin_findings(thinned)
    say("weights and observations", 0.3)
    zone = zones.get_indexer(np.asarray(names, object))[held.pieces.zone]
    summed = _summed(thinned.table, cells).assign(centre_m=covariates["centre_m"])
    chooser = Chooser(rows, summed, zones.get_indexer(rows["district"]), controls, groups, s, seed)
    models = {g.name: chooser.model(g, observations, found) for g in groups}
    controls = controls.assign(**{n: m.controls for n, m in models.items()})
    fallback = _mixture(thinned.table, held.pieces, PLAIN, {}) + 1e-9
    workers = {}
    for g in groups:
        weight = _mixture(thinned.table, held.pieces, g.covariates, g.elasticities)
        weight = to_totals(weight, zone, controls[g.name].to_numpy(float), fallback)
        if models[g.name].level != "weights":
            weight = _corrected(weight, models[g.name].workers, cells)
            weight = to_totals(weight, zone, controls[g.name].to_numpy(float), fallback)
        workers[g.name] = weight
    head = [g.name for g in groups if g.in_headline]
    ensemble = draw_ensemble(
        [models[n].source for n in head], chooser.zone, controls,
        {n: np.bincount(cells.of, workers[n], len(rows)).astype(float) for n in head},
        draws=s.ensemble, spread=spread_over(grid_of(rows), s), stated=stated_totals(groups, zones, s), seed=seed,
        progress=lambda label, share: say(label, 0.5 + 0.4 * share),
    )  # fmt: skip
    say("points", 0.9)
    points = points_at(held.pieces, cells, workers, head, profiles_of(groups, periods))
    low, high = band(ensemble.surfaces())
    if s.season or s.events:
        before = points.sum_cells(points.table["workers"].to_numpy(float))
        points, seasoned, added, more = lay_over(points, groups, s, periods)
        found += more
        ratio, extra = _over(points.sum_cells(seasoned), before), points.sum_cells(added)
        low, high = low * ratio + EVENT_BAND[0] * extra, high * ratio + EVENT_BAND[1] * extra
        now = cells_by_group(points, head)
        factors = season_totals(s, [g for g in groups if g.in_headline], periods)
        ensemble = ensemble.laid_over(*season_and_events(ensemble.workers, now, factors))
    demand = table_of(points, cells, districts)
    demand["workers_low"] = np.minimum(low, demand["workers"])
    demand["workers_high"] = np.maximum(high, demand["workers"])
    if s.season or s.events:
        controls = totals(demand).reindex(columns=list(controls.columns))
    levels = {n: m.level for n, m in models.items()}
    demand.attrs = {"levels": levels, "seed": seed, "headline": head}
    return OnStreets(points, demand, covariates, controls, levels, ensemble, tuple(found))


def cells_by_group(points: DemandPoints, head: Sequence[str]) -> Floats:
    """Workers of each headline group in each cell (n_groups × n_cells)."""
    return np.stack([points.sum_cells(points.table[n].to_numpy(float)) for n in head])


def _over(above: Floats, below: Floats) -> Floats:
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), 1.0)


def _mixture(values: pd.DataFrame, pieces: StreetPieces, shares: Any, elasticities: Any) -> Floats:
    """Where a group's workers are, as weights that sum to 1.

    As :func:`planner.demand.levels.weights.mix`, but an elasticity acts on what a metre of street holds: the length of a
    piece changes nothing.
    """
    weight = np.zeros(len(values))
    metres = np.maximum(pieces.length_m, 1.0)
    for name, share in usable_shares(shares, values).items():
        own = values[name].to_numpy(float)
        exponent = elasticities.get(name, 1.0)
        if exponent != 1.0:
            own = np.where(own > 0, metres * np.maximum(own / metres, 1e-300) ** exponent, 0.0)
        weight += share * own / own.sum()
    return weight


def _corrected(weight: Floats, wanted: Floats, cells: Cells) -> Floats:
    """The points' weights such that each cell has what is wanted; evenly over the points where it had nothing."""
    n = len(cells.rows)
    had = np.bincount(cells.of, weight, n)
    even = 1.0 / np.maximum(np.bincount(cells.of, minlength=n), 1)
    factor = np.where(had > 0, wanted / np.where(had > 0, had, 1.0), 0.0)
    return np.where((had > 0)[cells.of], weight * factor[cells.of], (wanted * even)[cells.of])


def points_at(
    pieces: StreetPieces,
    cells: Cells,
    workers: dict[str, Floats],
    head: Sequence[str],
    profiles: dict[str, dict[str, float]],
) -> DemandPoints:
    """Demand points from their pieces, cells and workers per group (``head``: groups of the headline)."""
    rows = cells.rows
    kinds, code = np.unique(rows["district"].to_numpy(object).astype(str), return_inverse=True)
    columns: dict[str, Any] = {
        "point_id": np.arange(len(pieces)),
        "cell_id": pd.Categorical.from_codes(cells.of, rows["cell_id"]),
        "district": pd.Categorical.from_codes(code.ravel()[cells.of], kinds),
        "length_m": pieces.length_m,
        **workers,
        "workers": sum((workers[n] for n in head), np.zeros(len(pieces))),
    }
    table = gpd.GeoDataFrame(columns, geometry=shapely.points(pieces.x_m, pieces.y_m), crs=rows.crs)
    return _with_typical(DemandPoints(table, cells.of, profiles, np.zeros(len(rows), np.int64)))


def table_of(points: DemandPoints, cells: Cells, districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The demand table of cells, each the sum of its points."""
    rows = cells.rows
    columns: dict[str, Any] = {"cell_id": rows["cell_id"], "district": rows["district"]}
    sums = points.merged(points.cell, points.n_cells)
    columns |= {c: sums[c].to_numpy() for c in sums}
    table = gpd.GeoDataFrame(columns, geometry=cells.cut(districts), index=rows.index, crs=rows.crs)
    table["point"] = gpd.GeoSeries(
        points.table.geometry.to_numpy()[points.typical], index=rows.index, crs=rows.crs
    )
    return table


def _with_typical(points: DemandPoints) -> DemandPoints:
    """With the point of each cell that is nearest to the middle of its workers."""
    xy = shapely.get_coordinates(points.table.geometry.to_numpy())
    weight = points.table["workers"].to_numpy(float) + 1e-9 * (
        points.table["length_m"].to_numpy(float) + 1e-3
    )
    total = points.sum_cells(weight)
    middle = points.sum_cells(xy * weight[:, None]) / total[:, None]
    far = ((xy - middle[points.cell]) ** 2).sum(axis=1).round(3)
    order = np.lexsort((np.arange(len(far)), far, points.cell))
    cell = points.cell[order]
    return replace(points, typical=order[np.diff(cell, prepend=-1) != 0])
