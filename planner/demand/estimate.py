"""From covariates, totals and observations to workers per cell, group and period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.calibrate import controls as make_controls
from planner.demand.calibrate import margins_off
from planner.demand.checks import drawing, judge_groups, judge_periods, judge_totals
from planner.demand.ensemble import Ensemble, band, draw_ensemble, spread_over
from planner.demand.grid import Floats, grid_of
from planner.demand.kernels import smooth
from planner.demand.levels.choose import Chooser
from planner.demand.observations import Observations
from planner.demand.points import place
from planner.demand.scenarios import apply, season_and_events
from planner.demand.seasons import season_totals
from planner.demand.summary import Estimate, group_columns, totals
from planner.errors import Finding, finding
from planner.progress import Progress, silent
from planner.settings.demand import Demand
from planner.settings.groups import Group, Period

#: covariates that are known cell by cell and therefore not smoothed
MEASURED_EXACTLY = ("population", "streets", "main_streets")


def estimate(
    cells: gpd.GeoDataFrame,
    covariates: pd.DataFrame,
    groups: Sequence[Group],
    *,
    periods: Sequence[Period],
    districts: gpd.GeoDataFrame | None = None,
    controls: pd.DataFrame | None = None,
    observations: Observations | None = None,
    streets: gpd.GeoDataFrame | None = None,
    points: gpd.GeoSeries | None = None,
    water: gpd.GeoDataFrame | None = None,
    settings: Demand | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Estimate how many workers of each group stand in each cell in each period.

    Per group, the best level that the data allow: (c) a full observed surface, smoothed; (b) a Poisson
    regression on observations, kept only if it foretells withheld blocks better than (a); (a) a mixture
    of covariates. All are scaled to control totals per district and group.

    Parameters
    ----------
    cells
        From :func:`planner.demand.cells.make_cells`.
    covariates
        From :func:`planner.demand.covariates.measure`, on the cells' index.
    groups
        Groups that are switched on.
    periods
        Parts of the day that a group's profile refers to.
    districts
        Table with ``district`` and ``population``; control totals are made from it. Without it the
        population measured in the cells is used.
    controls
        Districts × groups; given, it replaces the totals made from rates.
    observations
        From :func:`planner.demand.observations.aggregate`.
    streets, points
        Where workers stand: points on the cells' index, or streets to place them on; else cell centres.
    water
        Polygons over which nobody is placed, bridges included.
    settings
        The study's section ``[demand]``: level, smoothing, bands, number of draws, events, season.
    seed
        Fixes every draw.
    progress
        Called with a label and the share done.

    Returns
    -------
    demand, findings
        ``cell_id``, ``district``, ``{group}__{period}`` …, ``workers``, ``workers_low``,
        ``workers_high`` (headline groups; 5–95 %), geometry (cell), ``point``. Rows: cells with land and at
        least one street, host or resident, in the cells' order and with their index. ``attrs["levels"]`` says
        the level per group.
    """
    full = estimate_in_full(
        cells, covariates, groups, periods=periods, districts=districts, controls=controls,
        observations=observations, streets=streets, points=points, water=water, settings=settings, seed=seed,
        progress=progress,
    )  # fmt: skip
    return full.demand, list(full.findings)


def estimate_in_full(
    cells: gpd.GeoDataFrame,
    covariates: pd.DataFrame,
    groups: Sequence[Group],
    *,
    periods: Sequence[Period],
    districts: gpd.GeoDataFrame | None = None,
    controls: pd.DataFrame | None = None,
    observations: Observations | None = None,
    streets: gpd.GeoDataFrame | None = None,
    points: gpd.GeoSeries | None = None,
    water: gpd.GeoDataFrame | None = None,
    settings: Demand | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Estimate:
    """:func:`estimate` with everything that explains it: totals, levels, bandwidths, scores, draws."""
    say, s, land = progress or silent, settings or Demand(), cells
    found = judge_periods(periods) + judge_groups(groups, covariates)
    people = residents(cells, covariates, districts)
    cells, covariates = occupied(cells, covariates)
    zones = pd.Index(sorted(cells["district"].unique()), name="district")
    controls = control_totals(controls, groups, people, zones, s, found)
    say("smoothing", 0.1)
    smoothed, bandwidths = _smoothed(cells, covariates, groups, s)
    say("weights and observations", 0.3)
    chooser = Chooser(cells, smoothed, zones.get_indexer(cells["district"]), controls, groups, s, seed)
    models = {g.name: chooser.model(g, observations, found) for g in groups}
    controls = controls.assign(**{n: m.controls for n, m in models.items()})
    demand = _table(cells, {n: m.workers for n, m in models.items()}, groups, periods)
    head = [g.name for g in groups if g.in_headline]
    ensemble = draw_ensemble(
        [models[n].source for n in head], chooser.zone, controls, {n: models[n].workers for n in head},
        draws=s.ensemble, spread=spread_over(grid_of(cells), s), stated=stated_totals(groups, zones, s), seed=seed,
        progress=lambda label, share: say(label, 0.5 + 0.4 * share),
    )  # fmt: skip
    low, high = band(ensemble.surfaces())
    demand["workers_low"] = np.minimum(low, demand["workers"])
    demand["workers_high"] = np.maximum(high, demand["workers"])
    say("points", 0.9)
    demand["point"] = _points(cells, streets, points, water)
    if s.events or s.season:
        demand, ensemble, more = _with_scenario(demand, ensemble, land, groups, periods, s)
        found += more
        controls = totals(demand).reindex(columns=list(controls.columns))
    levels = {n: m.level for n, m in models.items()}
    demand.attrs = {"levels": levels, "seed": seed, "headline": head}
    scores = {n: m.scores for n, m in models.items() if m.scores is not None}
    return Estimate(demand, controls, levels, bandwidths, ensemble, scores, tuple(found), tuple(groups))


def control_totals(
    given: pd.DataFrame | None,
    groups: Sequence[Group],
    people: pd.Series,
    zones: pd.Index,
    s: Demand,
    found: list[Finding],
) -> pd.DataFrame:
    """Control totals of the districts that have cells; what is wrong with them joins the findings."""
    controls = given
    if controls is None:
        controls = make_controls(groups, people, district_totals=s.district_totals)
        off = margins_off(controls, groups, s.district_totals)
        if off > 0.5:
            found.append(finding("DEM-018", source="demand.district_totals", value=f"{off:,.0f}"))
    found += judge_totals(groups, people, controls, zones)
    return controls.reindex(zones).fillna(0.0)


def stated_totals(groups: Sequence[Group], zones: pd.Index, s: Demand) -> NDArray[np.bool_]:
    """Districts whose number of workers the study itself gives, for a headline group or for all together."""
    given = set(s.district_totals) | {d for g in groups if g.in_headline for d in g.totals}
    return np.asarray([str(name) in given for name in zones], np.bool_)


def occupied(cells: gpd.GeoDataFrame, covariates: pd.DataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Cells on land that hold a street, a host or a resident, and their covariates."""
    some = (covariates[drawing(covariates)].to_numpy(float) > 0).any(axis=1)
    keep = some & (cells["land_share"].to_numpy(float) > 0)
    return cells[keep], covariates.loc[cells.index[keep]]


def residents(
    cells: gpd.GeoDataFrame, covariates: pd.DataFrame, districts: gpd.GeoDataFrame | None
) -> pd.Series:
    """Residents by district: as the districts' table says, else as counted in the cells."""
    counted = covariates["population"].groupby(cells["district"]).sum()
    if districts is None or "population" not in districts.columns:
        return counted
    stated = districts.groupby(districts["district"].astype(str))["population"].sum(min_count=1)
    return stated.reindex(counted.index.union(stated.index)).fillna(counted).fillna(0.0)


def _smoothed(
    cells: gpd.GeoDataFrame, covariates: pd.DataFrame, groups: Sequence[Group], s: Demand
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Covariates smoothed on the occupied cells; what is known cell by cell stays as it is."""
    if not s.smooth:
        return covariates, {}
    used = {name for g in groups for name in g.covariates}
    loose = [c for c in drawing(covariates) if c in used and c not in MEASURED_EXACTLY]
    loose = [c for c in loose if covariates[c].sum() > 0]
    return smooth(covariates, grid_of(cells), columns=loose, bandwidths_m=s.bandwidth_m)


def _table(
    cells: gpd.GeoDataFrame, workers: dict[str, Floats], groups: Sequence[Group], periods: Sequence[Period]
) -> gpd.GeoDataFrame:
    columns: dict[str, Any] = {"cell_id": cells["cell_id"], "district": cells["district"]}
    for g in groups:
        for p in periods:
            columns[f"{g.name}__{p.name}"] = workers[g.name] * g.profile.get(p.name, 0.0)
    columns["workers"] = sum((workers[g.name] for g in groups if g.in_headline), np.zeros(len(cells)))
    return gpd.GeoDataFrame(columns, geometry=cells.geometry.to_numpy(), index=cells.index, crs=cells.crs)


def _with_scenario(
    demand: gpd.GeoDataFrame,
    ensemble: Ensemble,
    land: gpd.GeoDataFrame,
    groups: Sequence[Group],
    periods: Sequence[Period],
    s: Demand,
) -> tuple[gpd.GeoDataFrame, Ensemble, list[Finding]]:
    """The study's season and events laid over the estimate and its draws."""
    after, found = apply(
        demand, groups=groups, periods=periods, events=s.events, season=s.season, settings=s, cells=land
    )  # fmt: skip
    at, columns = after.index.get_indexer(demand.index), group_columns(after)
    now = np.stack([after[columns[n]].to_numpy(float).sum(axis=1) for n in ensemble.groups])
    before = np.zeros_like(now)
    before[:, at] = ensemble.workers
    factors = season_totals(s, [g for g in groups if g.in_headline], periods)
    return after, ensemble.laid_over(*season_and_events(before, now, factors), at), found


def _points(
    cells: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame | None,
    points: gpd.GeoSeries | None,
    water: gpd.GeoDataFrame | None,
) -> gpd.GeoSeries:
    if points is not None:
        return points.reindex(cells.index)
    if streets is not None:
        return place(cells, streets, water=water)
    grid = grid_of(cells)
    return gpd.GeoSeries(shapely.points(grid.x_m, grid.y_m), index=cells.index, crs=cells.crs)
