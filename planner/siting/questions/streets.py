"""The plan if some footways on the map were not there, or some that are there were missing from it: fewer streets, drawn by lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from planner.roads.network import Network, network_from_edges
from planner.settings.circle import Circle
from planner.siting.proposal import Posing
from planner.siting.reach import SiteReach, Way, cutoff_s, reach_seconds

__all__ = ["MISSING", "fewer_streets", "footways", "thinned"]

Array = NDArray[Any]
#: Share of the footways' length that is left out; own assumption, from 0.1 to 0.25.
MISSING = 0.2
#: Classes (OSM's ``highway``) that maps lack most often.
_FOOT = ("footway", "path", "steps", "pedestrian", "corridor", "cycleway", "track", "bridleway")
#: Where a map tells no footways apart: all but these, which no map lacks.
_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")


def footways(network: Network) -> Array:
    """Bool (n_edges): the streets that a map may lack, footways; where it has none, all but the main roads."""
    names = np.array([c.removesuffix("_link") for c in network.classes])[network.edge_class]
    foot = np.isin(names, _FOOT)
    return foot if foot.any() else ~np.isin(names, _MAIN)


def thinned(network: Network, *, share: float, seed: int) -> Network:
    """``network`` without ``share`` of its footways by length, whole OSM ways at a time, drawn by ``seed``.

    Raises
    ------
    ValueError
        A share outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, not {share!r}")
    edge = np.flatnonzero(footways(network))
    own = -1 - edge  # an edge without a way is one of its own
    way = np.where(network.edge_way_id[edge] >= 0, network.edge_way_id[edge], own)
    names, code = np.unique(way, return_inverse=True)
    metres = np.bincount(code, network.edge_length_m[edge], len(names))
    order = np.random.default_rng(seed).permutation(len(names))
    gone = np.zeros(len(names), dtype=bool)
    gone[order[np.cumsum(metres[order]) <= share * metres.sum() * (1 + 1e-9)]] = True
    keep = np.ones(network.n_edges, dtype=bool)
    keep[edge[gone[code]]] = False
    points = np.diff(network.geom_ptr)
    shape = np.repeat(keep, points)
    return network_from_edges(
        network.x_m, network.y_m, network.edge_u[keep], network.edge_v[keep], network.edge_length_m[keep],
        network.edge_s_uv[keep], network.edge_s_vu[keep], mode=network.mode, crs=network.crs,
        walk_kmh=network.walk_kmh, edge_class=network.edge_class[keep], edge_way_id=network.edge_way_id[keep],
        classes=network.classes, findings=network.findings,
        geometry=(np.concatenate([[0], np.cumsum(points[keep])]), network.geom_x[shape], network.geom_y[shape]),
    )  # fmt: skip


def fewer_streets(
    posing: Posing, network: Network, stations: gpd.GeoSeries, points: gpd.GeoSeries, ways: Sequence[Way],
    *, circle: Circle, fade_m: Sequence[float] | None, snap_limit_m: float, seed: int,
    share: float = MISSING,
) -> Posing:  # fmt: skip
    """What the siting problem is posed from if ``share`` of the footways were not there: who walks reaches less.

    Parameters
    ----------
    network
        The walking network.
    stations, points
        Open stations, and where workers stand.
    ways
        Ways of travelling, in the order of the posing's; only those on foot change.
    """
    few = thinned(network, share=share, seed=seed)

    def again(reach: SiteReach, sites: gpd.GeoSeries) -> SiteReach:
        access = [
            replace(
                part,
                seconds=reach_seconds(
                    few, sites, points, cutoff_s=cutoff_s(way, circle, fade_m), snap_limit_m=snap_limit_m,
                ),
            )
            if way.mode == "walk" else part
            for part, way in zip(reach.access, ways, strict=True)
        ]  # fmt: skip
        return replace(reach, access=tuple(access))

    whole = posing.whole
    return posing.over(
        replace(
            whole,
            existing=again(whole.existing, stations),
            new=again(whole.new, posing.candidates.geometry),
        )
    )
