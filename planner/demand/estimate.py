"""From covariates to workers per cell, group and period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.demand.calibrate import controls as make_controls
from planner.demand.calibrate import to_totals
from planner.demand.covariates import NOT_DRAWING
from planner.demand.grid import Floats, grid_of
from planner.demand.points import place
from planner.demand.weights import mix
from planner.errors import Finding
from planner.settings import Demand, Group, Period


def estimate(
    cells: gpd.GeoDataFrame,
    covariates: pd.DataFrame,
    groups: Sequence[Group],
    *,
    periods: Sequence[Period],
    districts: gpd.GeoDataFrame | None = None,
    controls: pd.DataFrame | None = None,
    observations: Any = None,  # noqa: ARG001
    streets: gpd.GeoDataFrame | None = None,
    points: gpd.GeoSeries | None = None,
    settings: Demand | None = None,  # noqa: ARG001 - the ensemble of the next version
    seed: int = 0,  # noqa: ARG001
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Estimate how many workers of each group stand in each cell in each period.

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
    streets, points
        Where workers stand: points on the cells' index, or streets to place them on; else cell centres.

    Returns
    -------
    demand, findings
        ``cell_id``, ``district``, ``{group}__{period}`` …, ``workers``, ``workers_low``,
        ``workers_high`` (headline groups), geometry (cell), ``point``. Rows: cells with land and at least one
        street, host or resident, in the cells' order and with their index.
    """
    cells, covariates = occupied(cells, covariates)
    zones = pd.Index(sorted(cells["district"].unique()))
    zone = zones.get_indexer(cells["district"])
    if controls is None:
        controls = make_controls(groups, residents(cells, covariates, districts))
    controls = controls.reindex(zones).fillna(0.0)
    fallback = np.maximum(cells["land_share"].to_numpy(float), 1e-6)
    per_group: dict[str, Floats] = {}
    for group in groups:
        weight = mix(covariates, group.covariates)
        per_group[group.name] = to_totals(weight, zone, controls[group.name].to_numpy(float), fallback)
    columns: dict[str, Any] = {"cell_id": cells["cell_id"], "district": cells["district"]}
    for group in groups:
        for period in periods:
            columns[f"{group.name}__{period.name}"] = per_group[group.name] * group.profile.get(
                period.name, 0.0
            )
    head = [g for g in groups if g.in_headline]
    none = np.zeros(len(cells))
    columns["workers"] = sum((per_group[g.name] for g in head), none)
    columns["workers_low"] = sum((per_group[g.name] * g.band_low for g in head), none)
    columns["workers_high"] = sum((per_group[g.name] * g.band_high for g in head), none)
    table = gpd.GeoDataFrame(columns, geometry=cells.geometry.to_numpy(), index=cells.index, crs=cells.crs)
    if points is None and streets is not None:
        points = place(cells, streets)
    if points is None:
        grid = grid_of(cells)
        points = gpd.GeoSeries(shapely.points(grid.x_m, grid.y_m), index=cells.index, crs=cells.crs)
    table["point"] = points.reindex(cells.index)
    return table, []


def occupied(cells: gpd.GeoDataFrame, covariates: pd.DataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Cells on land that hold a street, a host or a resident, and their covariates."""
    drawing = [c for c in covariates.columns if c not in NOT_DRAWING]
    some = (covariates[drawing].to_numpy(float) > 0).any(axis=1)
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
