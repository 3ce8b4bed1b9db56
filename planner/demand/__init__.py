"""Worker density: covariates, intensity, calibration, validation, scenarios.

The names a notebook needs, loaded on first use:

>>> from planner import demand
>>> cells = demand.make_cells(area, cell_m=200, crs="EPSG:4549", districts=districts, water=water)
>>> covariates = demand.measure(cells, population=people, streets=streets, hosts=hosts)
>>> table, findings = demand.estimate(cells, covariates, groups, periods=periods, districts=districts, seed=1)
"""

from __future__ import annotations

import importlib
from typing import Any

# The function, over the module of the same name: `planner.demand.estimate(...)` is called.
from planner.demand.estimate import estimate

_HOME = {
    "make_cells": "cells",
    "measure": "covariates",
    "place": "points",
}
__all__ = ["estimate", "make_cells", "measure", "place"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"planner.demand.{_HOME[name]}"), name)
    raise AttributeError(f"module 'planner.demand' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
