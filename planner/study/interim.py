"""Interim: stage functions over what is not yet in the rooms."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pandas as pd

from planner.errors import Finding, PlannerError


@dataclass(frozen=True)
class Model:
    model: Any
    found: list[Finding]


def like(settings: Any, inputs: Any, demand: Any, network: Any, progress: Any) -> Any:
    layers = {k: getattr(inputs, k) for k in ("water", "main_roads", "landuse", "places")}
    return SimpleNamespace(
        settings=settings, crs=inputs.crs, districts=inputs.districts, hosts=inputs.hosts, demand=demand,
        layers=layers, network=lambda mode: network, _say=progress,
    )  # fmt: skip


def trucks(settings: Any, inputs: Any, demand: Any, network: Any, progress: Any = None) -> Model:
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
