"""Who reaches what within a cutoff: travel times to sites, and the nearest sites of every point.

Times are seconds from a demand point *to* a site: off the street to the nearest street and from the
street to the site at walking speed, between them along the network of the mode, with the parts of
streets at both ends, in the direction of travel (one-ways hold).
"""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from planner.progress import Progress
from planner.roads.arcs import SearchGraph
from planner.roads.blocks import reached_rows
from planner.roads.search import (
    GroupedDemand,
    OnChains,
    demand_on,
    on_chains,
    search_graph,
    search_limit,
    spatial_order,
)
from planner.roads.snapping import Snapped, snap

if TYPE_CHECKING:
    import pandas as pd

    from planner.roads.graph import Network

__all__ = ["Nearest", "Snapped", "TravelTimes", "nearest", "snap", "travel_times"]


@dataclass(frozen=True, eq=False)
class TravelTimes:
    """Seconds between demand points and sites, within a cutoff.

    Attributes
    ----------
    seconds
        ``csr_array`` float32 (n_sites × n_demand): ``[i, j]`` is from demand j to site i. Stored
        means reached, a stored 0 s included; indices are sorted within a row.
    cutoff_s
        Inclusive.
    sites, demand
        Index of either.
    """

    seconds: sparse.csr_array
    cutoff_s: float
    sites: pd.Index
    demand: pd.Index

    def __repr__(self) -> str:
        n, m = self.seconds.shape
        each = self.seconds.nnz / n if n else 0.0
        return (
            f"<TravelTimes {n:,} sites × {m:,} demand points: {self.seconds.nnz:,} pairs within "
            f"{self.cutoff_s / 60:g} min, {each:,.1f} per site>"
        )

    def _repr_html_(self) -> str:
        return f"<code>{repr(self)[1:-1]}</code>".replace("×", "&times;")

    def frame(self) -> pd.DataFrame:
        """One row per reached pair: site, demand (index labels), seconds."""
        import pandas as pd

        pairs = self.seconds.tocoo()
        row, column = pairs.coords
        return pd.DataFrame(
            {"site": self.sites[row], "demand": self.demand[column], "seconds": pairs.data.astype(float)}
        )


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest sites of every point.

    Attributes
    ----------
    site
        Positions of sites, nearest first, int32 ``[n_points, k]``; -1 where there is none.
    seconds
        float64 ``[n_points, k]``; inf where there is none.
    points, sites
        Index of either.
    """

    site: np.ndarray
    seconds: np.ndarray
    points: pd.Index
    sites: pd.Index

    def __repr__(self) -> str:
        n, k = self.site.shape
        served = int((self.site[:, 0] >= 0).sum()) if k else 0
        return f"<Nearest {k} of {len(self.sites):,} sites for {n:,} points, {served:,} of them served>"

    def frame(self) -> pd.DataFrame:
        """Columns ``site_1``, ``seconds_1`` … on the points' index; site labels, NA where none."""
        import pandas as pd

        out = pd.DataFrame(index=self.points)
        for i in range(self.site.shape[1]):
            at = self.site[:, i]
            label = pd.Series(pd.array(np.maximum(at, 0)), index=self.points)
            names = self.sites[np.maximum(at, 0)] if len(self.sites) else self.sites
            label = pd.Series(names, index=self.points, dtype=object).where(at >= 0, None)
            out[f"site_{i + 1}"] = label
            out[f"seconds_{i + 1}"] = self.seconds[:, i]
        return out


def _checked(cutoff_s: float) -> float:
    if not (np.isfinite(cutoff_s) and cutoff_s >= 0):
        raise ValueError(f"cutoff_s must be a finite number of seconds, 0 or more, not {cutoff_s}")
    return float(cutoff_s)


def _on_streets(network: Network, points: Any, limit_m: float) -> Snapped:
    snapped = points if isinstance(points, Snapped) else snap(network, points, limit_m=limit_m)
    if snapped.edge.size and int(snapped.edge.max()) >= network.n_edges:
        raise ValueError("these points were snapped to another network")
    return snapped


def _sites_on(graph: SearchGraph, at: OnChains, used: np.ndarray) -> tuple[np.ndarray, ...]:
    """The arrays :func:`planner.roads.kernels.search.reach_block` takes."""
    chain = np.maximum(at.chain, 0)
    link = np.searchsorted(used, chain)
    hit = np.zeros(chain.size, bool)
    if used.size:
        hit = (used[np.minimum(link, used.size - 1)] == chain) & (at.chain >= 0)
    b = np.where(at.chain >= 0, graph.from_b[chain], -1).astype(np.int32)
    off = np.where(np.isfinite(at.off_s), at.off_s, np.inf)
    link = np.where(hit, link, -1).astype(np.int32)
    return graph.from_a[chain], b, link, at.pos, at.a_to, at.b_to, at.to_a, off


_groups: weakref.WeakKeyDictionary[Snapped, tuple[weakref.ref[Network], GroupedDemand, np.ndarray]]
_groups = weakref.WeakKeyDictionary()


def _grouped(network: Network, points: Snapped) -> tuple[GroupedDemand, np.ndarray]:
    """Demand points grouped for the searches; kept as long as the snapped points are."""
    kept = _groups.get(points)
    if kept is None or kept[0]() is not network:
        found = demand_on(search_graph(network), on_chains(network, points))
        kept = _groups[points] = (weakref.ref(network), *found)
    return kept[1], kept[2]


def travel_times(
    network: Network,
    sites: Any,
    demand: Any,
    *,
    cutoff_s: float = 600,
    limit_m: float = 100.0,
    threads: int | None = None,
    block_mb: float = 10,
    progress: Progress | None = None,
) -> TravelTimes:
    """Seconds from demand points to sites, for every pair within the cutoff.

    Parameters
    ----------
    network
        Streets of one mode.
    sites, demand
        Points (GeoDataFrame, GeoSeries, array in the network's CRS) or :class:`Snapped`.
    cutoff_s
        Inclusive, off-road legs at both ends counted (at ``network.walk_kmh``).
    limit_m
        Points farther than this from every street are unreachable (points not snapped before).
    threads
        Default: all processors. The result is the same bytes for any number.
    block_mb
        Memory for results on their way to the matrix, at least; a sixteenth of the matrix if that is more.
        The matrix itself is 8 bytes a pair.
    progress
        Called with a label and the share done.

    Raises
    ------
    ValueError
        Cutoff negative or not finite; points of another network.
    PlannerError
        Points without a CRS.
    """
    cutoff_s = _checked(cutoff_s)
    here, there = _on_streets(network, sites, limit_m), _on_streets(network, demand, limit_m)
    graph = search_graph(network)
    at_sites = on_chains(network, here)
    grouped, used = _grouped(network, there)
    rank = np.empty(len(here), np.int64)
    rank[spatial_order(np.nan_to_num(here.x_m), np.nan_to_num(here.y_m))] = np.arange(len(here))
    ptr, ids, seconds = reached_rows(
        graph, grouped, _sites_on(graph, at_sites, used), rank,
        cutoff_s=cutoff_s, threads=threads or _processors(), least=block_mb * 2**20, progress=progress,
    )  # fmt: skip
    small = ptr.astype(np.int32) if ptr[-1] < 2**31 else ptr
    matrix = sparse.csr_array((seconds, ids, small), shape=(len(here), len(there)))
    matrix.has_sorted_indices = True
    return TravelTimes(matrix, cutoff_s, here.index, there.index)


def _processors() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return max(1, len(usable(0)) if usable else os.cpu_count() or 1)


def nearest(
    network: Network,
    sites: Any,
    points: Any,
    k: int = 1,
    cutoff_s: float | None = None,
    *,
    limit_m: float = 100.0,
) -> Nearest:
    """The k nearest sites of every point by travel time to them, from one sweep over the network.

    Equal times: the site listed first. Without ``cutoff_s`` the whole network is swept.

    Raises
    ------
    ValueError
        k below 1; a cutoff negative or not a number; points of another network.
    PlannerError
        Points without a CRS.
    """
    from planner.roads.kernels.nearest import nearest_to_nodes, nearest_to_points

    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k}")
    limit = np.inf if cutoff_s is None else search_limit(_checked(cutoff_s))
    here, there = _on_streets(network, sites, limit_m), _on_streets(network, points, limit_m)
    graph = search_graph(network)
    s, p = on_chains(network, here), on_chains(network, there)
    chain = np.maximum(s.chain, 0)
    b = np.where(s.chain >= 0, graph.from_b[chain], -1).astype(np.int32)
    count, site, seconds = nearest_to_nodes(
        graph.arcs, (graph.from_a[chain], b, s.a_to, s.b_to, s.off_s), k, limit
    )
    on = np.flatnonzero(s.chain >= 0)
    on = on[np.argsort(s.chain[on], kind="stable")]
    ptr = np.zeros(graph.a.size + 1, np.int64)
    ptr[1:] = np.cumsum(np.bincount(s.chain[on], minlength=graph.a.size))
    found, times = nearest_to_points(
        p.chain, (p.pos, p.to_a, p.to_b, p.a_to, p.off_s), (graph.a, graph.b),
        (s.pos, s.a_to, s.to_a, s.off_s), ptr, on, count, site, seconds, k, limit,
    )  # fmt: skip
    if cutoff_s is not None:
        times = np.where(found >= 0, np.minimum(times, cutoff_s), np.inf)
    return Nearest(found, times, there.index, here.index)
