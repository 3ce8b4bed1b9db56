"""Worker density: covariates, intensity, calibration, validation, scenarios.

The names a notebook needs, loaded on first use:

>>> from planner import demand
>>> cells = demand.make_cells(area, cell_m=200, crs="EPSG:4549", districts=districts, water=water)
>>> covariates = demand.measure(cells, population=people, streets=streets, hosts=hosts)
>>> table, findings = demand.estimate(cells, covariates, groups, periods=periods, districts=districts, seed=1)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# The function, over the module of the same name: `planner.demand.estimate(...)` is called.
from planner.demand.estimate import estimate

if TYPE_CHECKING:
    from planner.demand.cells import make_cells
    from planner.demand.covariates import measure
    from planner.demand.estimate import estimate_in_full
    from planner.demand.hotspots import find as find_hotspots
    from planner.demand.levels.model import DemandModel
    from planner.demand.levels.validate import cross_validate, foretell
    from planner.demand.observations import aggregate, read_observations
    from planner.demand.points import place
    from planner.demand.scenarios import apply as apply_scenario
    from planner.demand.summary import Estimate

#: public name -> (module, name in it)
_HOME = {
    "DemandModel": ("levels.model", "DemandModel"),
    "Estimate": ("summary", "Estimate"),
    "aggregate": ("observations", "aggregate"),
    "apply_scenario": ("scenarios", "apply"),
    "cross_validate": ("levels.validate", "cross_validate"),
    "estimate_in_full": ("estimate", "estimate_in_full"),
    "find_hotspots": ("hotspots", "find"),
    "foretell": ("levels.validate", "foretell"),
    "make_cells": ("cells", "make_cells"),
    "measure": ("covariates", "measure"),
    "place": ("points", "place"),
    "read_observations": ("observations", "read_observations"),
}
__all__ = [
    "DemandModel",
    "Estimate",
    "aggregate",
    "apply_scenario",
    "cross_validate",
    "estimate",
    "estimate_in_full",
    "find_hotspots",
    "foretell",
    "make_cells",
    "measure",
    "place",
    "read_observations",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        module, attribute = _HOME[name]
        return getattr(importlib.import_module(f"planner.demand.{module}"), attribute)
    raise AttributeError(f"module 'planner.demand' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
