"""The stage ``demand``: from judged inputs to worker density."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from planner.demand import covariates as cov
from planner.demand.cells import make_cells
from planner.demand.ensemble import Singles
from planner.demand.estimate import estimate_in_full
from planner.demand.observations import observe
from planner.errors import Finding
from planner.inputs.load import LoadedInputs
from planner.progress import Progress, silent
from planner.settings.demand import Demand
from planner.settings.groups import Group, Period
from planner.settings.inputs import Table

__all__ = ["WorkerDensity", "model_demand"]


@dataclass(frozen=True, eq=False)
class WorkerDensity:
    """Worker density of a study, and what it was made from.

    Attributes
    ----------
    demand
        The demand table (see :func:`planner.demand.estimate.estimate`).
    covariates
        What each cell holds (see :func:`planner.demand.covariates.measure`), of all cells of the area.
    surfaces
        float32, draws × rows of ``demand``: scenario surfaces of headline workers.
    controls
        Districts × groups: the totals that the table sums to.
    levels
        How each group is known: ``weights``, ``regression`` or ``surface``.
    bandwidths_m
        Bandwidth of each smoothed covariate.
    findings
        What was noticed, the reading of the observations apart (the inputs tell it).
    """

    demand: gpd.GeoDataFrame
    covariates: pd.DataFrame
    surfaces: Singles
    controls: pd.DataFrame
    levels: dict[str, str]
    bandwidths_m: dict[str, float]
    findings: tuple[Finding, ...]


def model_demand(
    demand: Demand,
    groups: Sequence[Group],
    periods: Sequence[Period],
    *,
    seed: int,
    inputs: LoadedInputs,
    observations: Table | None,
    streets: gpd.GeoDataFrame,
    progress: Progress | None = None,
) -> WorkerDensity:
    """Model the workers of ``groups`` (those switched on) per cell and period.

    Parameters
    ----------
    seed
        Fixes every draw.
    inputs
        Districts, residents, hosts and layers.
    observations
        The file of observed workers, if there is one; it is read here and only its sums are kept.
    streets
        Streets that people walk, with ``class`` and ``length``, in the study's CRS.
    """
    say, districts, wet = progress or silent, inputs.districts, inputs.lakes
    say("cells", 0.0)
    area = shapely.union_all(districts.geometry.to_numpy())
    cells = make_cells(area, cell_m=demand.cell_m, crs=inputs.crs, districts=districts, water=wet)
    say("covariates", 0.2)
    measured = cov.measure(
        cells, population=inputs.population, streets=streets, hosts=inputs.hosts, landuse=inputs.landuse,
        water=wet, centres=inputs.places,
    )  # fmt: skip
    say("observations", 0.4)
    observed, found = observe(
        observations, cells, demand=demand, groups=[g.name for g in groups], water=wet,
        residents=measured["population"],
    )  # fmt: skip
    say("worker density", 0.5)
    made = estimate_in_full(
        cells, measured, groups, periods=periods, districts=districts, observations=observed, streets=streets,
        seed=seed, settings=demand, progress=progress,
    )  # fmt: skip
    return WorkerDensity(
        demand=made.demand, covariates=measured, surfaces=made.surfaces, controls=made.controls,
        levels=dict(made.levels), bandwidths_m=dict(made.bandwidths_m), findings=(*found, *made.findings),
    )  # fmt: skip
