"""The stage ``demand``: from judged inputs to worker density."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import pandas as pd
import shapely

from planner.demand.cells import make_cells
from planner.demand.ensemble import Ensemble, Singles
from planner.demand.observations import observe
from planner.demand.streets.estimate import estimate_on_streets, sum_held
from planner.demand.streets.hold import hold
from planner.demand.streets.pieces import cut_streets
from planner.demand.streets.scenario import with_event_spots
from planner.demand.streets.standing import DemandPoints, cells_of, on_squares
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
        The demand table (see :func:`planner.demand.estimate.estimate`): cells, each the sum of its points.
    points
        Where workers stand: pieces of street, and hosts and homes no street is near.
    covariates
        What the points of each row of ``demand`` hold.
    ensemble
        Draws of the headline groups on the rows of ``demand``.
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
    points: DemandPoints
    covariates: pd.DataFrame
    ensemble: Ensemble
    controls: pd.DataFrame
    levels: dict[str, str]
    bandwidths_m: dict[str, float]
    findings: tuple[Finding, ...]

    @cached_property
    def surfaces(self) -> Singles:
        """float32, draws × rows of ``demand``: headline workers draw by draw."""
        return self.ensemble.surfaces()


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
    """Model the workers of ``groups`` (those switched on) at every demand point and, as their sums, per cell and period.

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
    shapes, names = districts.geometry.to_numpy(), districts["district"].astype(str).tolist()
    say("cutting streets", 0.0)
    pieces = cut_streets(
        streets, piece_m=demand.piece_m, start=demand.piece_start, districts=shapes, water=wet
    )
    say("covariates", 0.2)
    held = hold(
        pieces, population=inputs.population, hosts=inputs.hosts, landuse=inputs.landuse, districts=districts,
        settings=demand,
    )  # fmt: skip
    held = with_event_spots(held, demand.events, shapes, inputs.crs)
    cells = cells_of(held.pieces, names, cell_m=demand.cell_m, origin_m=demand.cell_origin_m, crs=inputs.crs)
    measured = sum_held(held, cells, inputs.places)
    say("observations", 0.4)
    observed, found = None, list[Finding]()
    if observations is not None:
        area = shapely.union_all(shapes)
        looked = make_cells(area, cell_m=demand.cell_m, crs=inputs.crs, districts=districts, water=wet)
        cells, measured = on_squares(cells, measured, looked)
        observed, found = observe(
            observations, looked, demand=demand, groups=[g.name for g in groups], water=wet,
            residents=measured["population"].reindex(looked.index).fillna(0.0),
        )  # fmt: skip
    say("worker density", 0.5)
    made = estimate_on_streets(
        held, cells, measured, groups, periods=periods, districts=districts, observations=observed, seed=seed,
        settings=demand, progress=progress,
    )  # fmt: skip
    return WorkerDensity(
        demand=made.demand.reset_index(drop=True), points=made.points, covariates=made.covariates.reset_index(drop=True),
        ensemble=made.ensemble, controls=made.controls, levels=made.levels, bandwidths_m=held.bandwidths_m,
        findings=(*found, *made.findings),
    )  # fmt: skip
