"""New places of the networks that other parts of the study plan: the stations' and the driver homes' own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from planner.networks.lists import PLACE

__all__ = ["planned_elsewhere"]


def planned_elsewhere(
    names: Mapping[str, str], stations: gpd.GeoDataFrame | None, chosen: NDArray[Any] | None,
    homes: gpd.GeoDataFrame | None,
) -> dict[str, gpd.GeoDataFrame]:  # fmt: skip
    """New places by network, in the columns of a network's places.

    Parameters
    ----------
    names
        Who plans (``siting``, ``freight``) → name of the network.
    stations, chosen
        Candidates of the stations and the positions chosen.
    homes
        New driver homes; None where none are planned. They are open day and night.
    """
    made = {}
    if "siting" in names and stations is not None and chosen is not None:
        table = stations.iloc[np.asarray(chosen)].rename(columns={"site_id": "place_id", "host_kind": "kind"})
        made[names["siting"]] = table.assign(source="siting", row=0)[PLACE].reset_index(drop=True)
    if "freight" in names and homes is not None:
        table = homes.rename(columns={"site_id": "place_id", "host_kind": "kind"})
        table = table.assign(source="freight", row=0, open_hours="00:00-24:00")
        made[names["freight"]] = gpd.GeoDataFrame(table, geometry="geometry", crs=homes.crs)[PLACE]
    return made
