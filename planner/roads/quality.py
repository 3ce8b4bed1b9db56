"""How far service areas can be trusted: a sample of them beside the exact ground and the streets themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.roads.areas import service_areas
from planner.roads.pieces import lines, pieces_of_each
from planner.roads.reach import travel_times
from planner.roads.snapping import Snapped, snap

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.roads.network import Network

__all__ = ["Quality", "quality"]


@dataclass(frozen=True)
class Quality:
    """Figures of a sample of areas.

    Attributes
    ----------
    sites
        Sites looked at.
    alike, alike_least
        Median and least intersection over union with the exact ground (buffered reached streets).
    outside
        Share of the length of reached streets that lies outside the areas.
    inside
        Unreachable nodes inside an area, per reachable node.
    """

    sites: int
    alike: float
    alike_least: float
    outside: float
    inside: float

    def __repr__(self) -> str:
        if not self.sites:
            return "<Quality of 0 areas>"
        return (
            f"<Quality of {self.sites} areas: {self.alike:.3f} alike the exact ground (least "
            f"{self.alike_least:.3f}), {self.outside:.2%} of reached street outside, {self.inside:.3f} "
            "unreachable nodes inside per reachable one>"
        )


def quality(
    network: Network,
    sites: Any,
    areas: gpd.GeoDataFrame,
    *,
    buffer_m: float = 30.0,
    limit_m: float = 100.0,
    sample: int = 30,
    seed: int = 0,
) -> Quality:
    """Compare a sample of ``areas`` with the exact ground and with the nodes that reach the sites.

    Parameters
    ----------
    sites, areas
        Sites and their :func:`planner.roads.areas.service_areas` of one cutoff, in the same order.
    buffer_m, limit_m
        As the areas were made with.
    sample
        At most so many sites, drawn with ``seed`` from those that have an area.

    Raises
    ------
    ValueError
        Sites and areas do not belong together, or there are several cutoffs.
    """
    import shapely

    snapped = sites if isinstance(sites, Snapped) else snap(network, sites, limit_m=limit_m)
    minutes = np.unique(areas["minutes"])
    if len(areas) != len(snapped) or minutes.size > 1:
        raise ValueError(
            f"{len(areas)} areas of {minutes.size} cutoffs for {len(snapped)} sites: one each is needed"
        )
    shapes = np.asarray(areas.geometry)
    able = np.flatnonzero(~shapely.is_empty(shapes) & (snapped.edge >= 0))
    chosen = np.sort(np.random.default_rng(seed).choice(able, min(sample, able.size), replace=False))
    if chosen.size == 0:
        return Quality(0, float("nan"), float("nan"), float("nan"), float("nan"))
    some, shapes, cutoff_s = snapped.take(chosen), shapes[chosen], float(minutes[0]) * 60
    exact = service_areas(network, some, cutoff_s=cutoff_s, method="exact", buffer_m=buffer_m)
    ground = np.asarray(exact.geometry)
    alike = shapely.area(shapely.intersection(ground, shapes)) / shapely.area(shapely.union(ground, shapes))
    length = beyond = 0.0
    for shape, found in zip(shapes, pieces_of_each(network, some, np.array([cutoff_s])), strict=True):
        streets = lines(network, found[0])
        length += float(shapely.length(streets).sum())
        beyond += float(shapely.length(shapely.difference(streets, shape)).sum())
    return Quality(
        int(chosen.size), float(np.median(alike)), float(alike.min()), beyond / max(length, 1e-9),
        _inside(network, some, shapes, cutoff_s),
    )  # fmt: skip


def _nodes(network: Network) -> Snapped:
    """The nodes as points on their streets (-1 where none may be used)."""
    import pandas as pd

    n = network.n_nodes
    edge, offset = np.full(n, -1, np.int32), np.zeros(n)
    usable = np.flatnonzero(np.isfinite(network.edge_s_uv) | np.isfinite(network.edge_s_vu)).astype(np.int32)
    edge[network.edge_v[usable]], offset[network.edge_v[usable]] = usable, network.edge_length_m[usable]
    edge[network.edge_u[usable]], offset[network.edge_u[usable]] = usable, 0.0
    return Snapped(edge, offset, np.zeros(n), network.x_m, network.y_m, pd.RangeIndex(n), network.crs)


def _inside(network: Network, sites: Snapped, shapes: np.ndarray, cutoff_s: float) -> float:
    """Nodes in the areas that do not reach the site, per node that does."""
    import shapely

    reached = travel_times(network, sites, _nodes(network), cutoff_s=cutoff_s).seconds
    tree = shapely.STRtree(shapely.points(network.x_m, network.y_m))
    area, node = tree.query(shapes, predicate="intersects")
    both = sum(
        np.intersect1d(node[area == i], reached.indices[reached.indptr[i] : reached.indptr[i + 1]]).size
        for i in range(shapes.size)
    )
    return (node.size - both) / max(reached.nnz, 1)
