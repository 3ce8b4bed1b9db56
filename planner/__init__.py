"""planner: where outdoor workers get a place to rest.

>>> import planner
>>> study = planner.open_study()          # the embedded Suzhou
>>> plan = study.site_stations()          # 200 sites, with bound and gap
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from planner.version import VERSION

if TYPE_CHECKING:
    from planner.equity.access import access
    from planner.errors import InfeasibleError, InputError, PlannerError
    from planner.medians.problems import p_center, p_median
    from planner.options.problems import maximal_covering_options
    from planner.roads.areas import service_areas
    from planner.roads.network import Network, read_network
    from planner.roads.reach import Snapped, TravelTimes, nearest, snap, travel_times
    from planner.solvers.problems import Solution, maximal_covering, set_covering
    from planner.study.beside.compare import Comparison, compare
    from planner.study.study import Study, open_study

__version__ = VERSION

# Loaded on first use, so that `import planner` stays quick.
_HOME = {
    "InfeasibleError": "errors", "InputError": "errors", "PlannerError": "errors",
    "Network": "roads.network", "read_network": "roads.network",
    "Snapped": "roads.reach", "TravelTimes": "roads.reach", "nearest": "roads.reach", "snap": "roads.reach",
    "travel_times": "roads.reach", "service_areas": "roads.areas",
    "access": "equity.access",
    "Solution": "solvers.problems", "maximal_covering": "solvers.problems", "set_covering": "solvers.problems",
    "maximal_covering_options": "options.problems",
    "p_median": "medians.problems", "p_center": "medians.problems",
    "Comparison": "study.beside.compare", "compare": "study.beside.compare",
    "Study": "study.study", "open_study": "study.study",
}  # fmt: skip
__all__ = [
    "Comparison",
    "InfeasibleError",
    "InputError",
    "Network",
    "PlannerError",
    "Snapped",
    "Solution",
    "Study",
    "TravelTimes",
    "access",
    "compare",
    "maximal_covering",
    "maximal_covering_options",
    "nearest",
    "open_study",
    "p_center",
    "p_median",
    "read_network",
    "service_areas",
    "set_covering",
    "snap",
    "travel_times",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"planner.{_HOME[name]}"), name)
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
