"""Everything that is known of the union's networks, for those who tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd

from planner.networks.circle import Serving
from planner.networks.plan import NetworksPlan
from planner.settings.networks import UnionNetwork

__all__ = ["UnionResult"]


@dataclass(frozen=True, eq=False)
class UnionResult:
    """The networks of a study, what is planned for them, and who is served today and with every plan.

    Attributes
    ----------
    networks
        As the study file says them.
    places
        The places that are there, by network.
    plan, today, after
        As :mod:`planner.networks.plan` and :mod:`planner.networks.circle` have them.
    """

    networks: tuple[UnionNetwork, ...]
    places: Mapping[str, gpd.GeoDataFrame]
    plan: NetworksPlan
    today: Serving
    after: Serving
