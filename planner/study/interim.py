"""Interim: stage functions over what is not yet in the rooms."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pandas as pd

from planner.errors import Finding, PlannerError


@dataclass(frozen=True)
class LoadedInputs:
    crs: str
    districts: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    hosts: gpd.GeoDataFrame
    population: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    main_roads: gpd.GeoDataFrame
    landuse: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    rows: dict[str, int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class WorkerDensity:
    demand: gpd.GeoDataFrame
    covariates: pd.DataFrame
    surfaces: Any
    controls: pd.DataFrame
    levels: dict[str, str]
    bandwidths_m: dict[str, float]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class SnappedStations:
    stations: gpd.GeoDataFrame
    findings: tuple[Finding, ...]


def frame(network: Any) -> Any:
    return network


def loaded(settings: Any, frame: Any, progress: Any = None) -> LoadedInputs:
    from planner.study.study_inputs import load_inputs

    parts = load_inputs(settings, frame, progress=progress)
    parts["findings"] = tuple(parts["findings"])
    return LoadedInputs(**parts)


def density(settings: Any, inputs: LoadedInputs, network: Any, progress: Any = None) -> WorkerDensity:
    from planner.study.study_inputs import model_demand

    parts = model_demand(settings, vars(inputs), network, progress=progress)
    parts["findings"] = tuple(parts["findings"])
    return WorkerDensity(**parts)


def snapped(inputs: LoadedInputs, network: Any, limit_m: float) -> SnappedStations:
    from planner.study.study_inputs import snap_stations

    parts = snap_stations(inputs.stations, network, limit_m=limit_m)
    return SnappedStations(parts["stations"], tuple(parts["findings"]))


@dataclass(frozen=True)
class Model:
    model: Any
    found: list[Finding]


def like(settings: Any, inputs: LoadedInputs, demand: Any, network: Any, progress: Any) -> Any:
    layers = {k: getattr(inputs, k) for k in ("water", "main_roads", "landuse", "places")}
    return SimpleNamespace(
        settings=settings, crs=inputs.crs, districts=inputs.districts, hosts=inputs.hosts, demand=demand,
        layers=layers, network=lambda mode: network, _say=progress,
    )  # fmt: skip


def trucks(settings: Any, inputs: LoadedInputs, demand: Any, network: Any, progress: Any = None) -> Model:
    from planner.freight.model import run_model

    try:
        return Model(*run_model(like(settings, inputs, demand, network, progress)))
    except ValueError as error:
        raise PlannerError(
            f"driver homes cannot be planned: {error}; freight.enabled = false leaves them out"
        ) from error


def homes(
    settings: Any, modelled: Model, inputs: Any, demand: Any, network: Any, progress: Any = None
) -> Any:
    from planner.freight.homes import plan_homes

    try:
        return plan_homes(
            like(settings, inputs, demand, network, progress), modelled=(modelled.model, modelled.found)
        )
    except ValueError as error:
        raise PlannerError(
            f"driver homes cannot be planned: {error}; freight.enabled = false leaves them out"
        ) from error
