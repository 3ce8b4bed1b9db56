"""Existing stations on the walking network: how far each stands from a street, and which no street reaches."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.errors import Finding, finding
from planner.roads.network import Network
from planner.roads.reach import snap

__all__ = ["SnappedStations", "snap_stations"]


@dataclass(frozen=True, eq=False)
class SnappedStations:
    """Stations with ``snap_m``, the metres to their street (NaN where none is near enough)."""

    stations: gpd.GeoDataFrame
    findings: tuple[Finding, ...]


def snap_stations(stations: gpd.GeoDataFrame, network: Network, *, limit_m: float) -> SnappedStations:
    """Snap stations to ``network``; open ones with no street within ``limit_m`` are told (NET-003)."""
    if stations.empty:
        return SnappedStations(stations.assign(snap_m=pd.Series(dtype=float)), ())
    snapped = snap(network, stations.geometry, limit_m=limit_m)
    far = np.asarray(snapped.edge) < 0
    table = stations.assign(snap_m=np.where(far, np.nan, np.asarray(snapped.metres)))
    sources = stations["source"] if "source" in stations else pd.Series("stations", index=stations.index)
    rows = stations["row"] if "row" in stations else pd.Series(range(len(stations)), index=stations.index)
    findings = tuple(
        finding("NET-003", source=str(sources.loc[k]), row=int(rows.loc[k]), field="name",
                value=stations["name"].loc[k], limit=f"{limit_m:g}")
        for k in stations.index[far & (stations["status"] == "open").to_numpy()]
    )  # fmt: skip
    return SnappedStations(table, findings)
