"""Who reaches the places of each network that is planned or reviewed, by the network's own way of travelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.hours.parse import open_share
from planner.networks.lists import UnionLists
from planner.networks.places import UnionPlaces
from planner.progress import Progress, silent
from planner.roads.network import Network
from planner.settings.groups import Period
from planner.settings.networks import UnionNetwork
from planner.siting.reach import reach_seconds

__all__ = ["NetworkReach", "modes_of", "open_columns", "reach_networks"]


@dataclass(frozen=True, eq=False)
class NetworkReach:
    """Seconds within each network's minutes from every demand point to its places, then to its candidates.

    ``seconds``: network → csr (n_places + n_candidates × n_points); stored = in reach.
    """

    seconds: Mapping[str, sparse.csr_array]

    def split(self, name: str, n_places: int) -> tuple[sparse.csr_array, sparse.csr_array]:
        """The rows of the places that are there, and of the candidates."""
        whole = self.seconds[name]
        return whole[:n_places], whole[n_places:]


def modes_of(networks: Sequence[UnionNetwork]) -> tuple[str, ...]:
    """Modes by which people come to the networks."""
    return tuple(sorted({n.mode for n in networks}))


def reach_networks(
    networks: Sequence[UnionNetwork], lists: UnionLists, places: UnionPlaces, streets: Sequence[Network],
    points: gpd.GeoSeries, *, snap_limit_m: float, progress: Progress | None = None,
) -> NetworkReach:  # fmt: skip
    """Travel times to the places and candidates of ``networks``, those that are planned or reviewed.

    ``streets``: a network of streets for each of :func:`modes_of`, in that order.
    """
    say = progress or silent
    by_mode = dict(zip(modes_of(networks), streets, strict=True))
    seconds = {}
    for k, one in enumerate(networks):
        say("union:reach", k / len(networks))
        sites = joined(lists.places[one.name], places.candidates.get(one.name))
        seconds[one.name] = reach_seconds(
            by_mode[one.mode], sites, points, cutoff_s=one.minutes * 60.0, snap_limit_m=snap_limit_m
        )
    return NetworkReach(seconds)


def joined(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame | None) -> gpd.GeoSeries:
    """Where the places of two tables stand, one below the other."""
    parts = [old.geometry] if new is None else [old.geometry, new.geometry]
    full = [p for p in parts if len(p)] or parts[:1]
    return gpd.GeoSeries(pd.concat(full, ignore_index=True), crs=old.crs)


def open_columns(
    hours: pd.Series, periods: Sequence[Period], *, default_hours: str, need_open: float
) -> NDArray[Any]:
    """Whether each place is open in each period (bool n_places × n_periods + 1); the last column is any hour: always."""
    text = hours.fillna("").astype("str")
    share = open_share(text.where(text != "", default_hours), periods, default=default_hours)
    return np.column_stack([share >= need_open, np.ones(len(hours), bool)])
