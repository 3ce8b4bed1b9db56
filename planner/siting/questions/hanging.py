"""Cells whose verdict hangs on one footway: without it there is no way at all to any station in reach."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from planner.roads.kernels.bridges import bridge_edges
from planner.roads.network import Network
from planner.roads.snapping import Snapped
from planner.siting.coverage import Coverage
from planner.siting.questions.streets import footways
from planner.siting.reach import SiteReach, Way, snapped

__all__ = ["Hanging", "hanging_cells", "hanging_on"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Hanging:
    """Cells covered today only by way of one footway.

    Attributes
    ----------
    cells
        On the demand index of those cells: ``workers`` (covered today), ``edge`` (of the walking network), ``way_id``
        (OSM way or row of the street table, −1 if unknown), ``length_m`` of the edge.
    workers
        Their covered workers.
    """

    cells: pd.DataFrame
    workers: float

    def __repr__(self) -> str:
        return (
            f"Hanging({self.workers:,.0f} covered workers in {len(self.cells):,} cells reach their stations only over one of "
            f"{self.cells['edge'].nunique():,} footways)"
        )

    def _repr_html_(self) -> str:
        worst = self.cells.sort_values("workers", ascending=False, kind="stable").head(20)
        return f"<p>{escape(repr(self))}</p>" + worst.to_html(escape=True, float_format="{:,.1f}".format)


class _Forest:
    """Parts of a network that no doubtful street parts, joined by these streets: trees.

    ``part`` per node; ``parent`` per part with the ``edge`` to it; ``tin``, ``tout``: preorder numbers, below which all
    that hangs on a part lies.
    """

    def __init__(self, network: Network, doubtful: Array) -> None:
        u, v, n = network.edge_u, network.edge_v, network.n_nodes
        open_ = np.isfinite(network.edge_s_uv) | np.isfinite(network.edge_s_vu)
        cut = np.zeros(len(u), dtype=bool)
        cut[open_] = bridge_edges(n, u[open_], v[open_])
        cut &= doubtful
        self.cut = cut
        rest = open_ & ~cut
        ones = np.ones(int(rest.sum()), dtype=np.int8)
        count, self.part = csgraph.connected_components(
            sparse.coo_array((ones, (u[rest], v[rest])), shape=(n, n)), directed=False
        )
        edges = np.flatnonzero(cut)
        a, b = self.part[u[edges]], self.part[v[edges]]
        trees = csgraph.connected_components(
            sparse.coo_array((np.ones(len(a)), (a, b)), shape=(count, count)), directed=False
        )[1]
        roots = np.unique(trees, return_index=True)[1]
        top = count  # above all trees
        ends = (np.concatenate([a, np.full(len(roots), top)]), np.concatenate([b, roots]))
        joined = sparse.csr_array(sparse.coo_array((np.ones(len(ends[0])), ends), shape=(count + 1,) * 2))
        order, parent = csgraph.breadth_first_order(joined, top, directed=False)
        self.parent = parent
        self._number(order, count + 1)
        self.edge = np.full(count + 1, -1, dtype=np.int64)  # to the parent
        below = np.where(parent[a] == b, a, b)
        self.edge[below] = edges
        self.children = np.argsort(parent.astype(np.int64) * (count + 2) + self.tin, kind="stable")
        self.keys = (parent.astype(np.int64) * (count + 2) + self.tin)[self.children]

    def _number(self, order: Array, n: int) -> None:
        size, parent = np.ones(n, dtype=np.int64), self.parent
        for part in order[:0:-1].tolist():
            size[parent[part]] += size[part]
        tin, used = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        for part in order[1:].tolist():
            above = parent[part]
            tin[part] = tin[above] + 1 + used[above]
            used[above] += size[part]
        self.tin, self.tout = tin, tin + size

    def first(self, start: Array, end: Array) -> Array:
        """The first doubtful street on the way from part ``start`` to ``end``; −1 where there is none."""
        below = (self.tin[end] > self.tin[start]) & (self.tin[end] < self.tout[start])
        wanted = start.astype(np.int64) * (len(self.parent) + 1) + self.tin[end]
        at = np.searchsorted(self.keys, wanted, side="right") - 1
        child = self.children[np.maximum(at, 0)]
        return np.where(start == end, -1, np.where(below, self.edge[child], self.edge[start]))


def hanging_on(
    network: Network,
    points: Snapped,
    sites: Snapped,
    seconds: sparse.csr_array,
    *,
    cutoff_s: float,
    doubtful: Array,
) -> Array:
    """Per point the doubtful street without which it reaches none of the sites in its reach; −1 where there is none.

    The streets on which a point or a site itself stands do not count for it: without them it would stand elsewhere.

    Parameters
    ----------
    seconds
        csr (n_sites × n_points); stored = reached.
    doubtful
        bool (n_edges).
    """
    forest = _Forest(network, doubtful)
    near = seconds.data <= cutoff_s
    site = np.repeat(np.arange(seconds.shape[0]), np.diff(seconds.indptr))[near]
    point = seconds.indices[near]
    known = (points.edge[point] >= 0) & (sites.edge[site] >= 0)
    site, point = site[known], point[known]
    ends = {
        "point": (network.edge_u[points.edge[point]], network.edge_v[points.edge[point]]),
        "site": (network.edge_u[sites.edge[site]], network.edge_v[sites.edge[site]]),
    }
    parts = {k: tuple(forest.part[node] for node in pair) for k, pair in ends.items()}
    first = forest.first(parts["point"][0], parts["site"][0])
    own = forest.cut[points.edge[point]]  # a point on such a street leaves it at either end
    first[own | (parts["point"][0] == parts["site"][1])] = -1
    out = np.full(len(points), -1, dtype=np.int64)
    order = np.lexsort((first, point))
    point, first = point[order], first[order]
    start = np.flatnonzero(np.diff(point, prepend=-1))
    if len(start):
        least, most = np.minimum.reduceat(first, start), np.maximum.reduceat(first, start)
        out[point[start]] = np.where(least == most, least, -1)
    return out


def hanging_cells(
    network: Network, demand: gpd.GeoDataFrame, typical: Array, stations: gpd.GeoSeries, reach: SiteReach,
    ways: tuple[Way, ...], coverage: Coverage, *, snap_limit_m: float,
) -> Hanging:  # fmt: skip
    """Cells covered today by walking whose every open station in reach lies behind one and the same footway.

    Opening hours are ignored: a station counts at any hour. Streets that may be doubtful are footways, or where a map
    tells none apart all but the main roads (:func:`planner.siting.questions.streets.footways`). A cell is looked at from its typical
    demand point (``typical``: the column of ``reach`` for each row of ``demand``).
    """
    points = gpd.GeoSeries(demand["point"], crs=demand.crs)
    at_sites, at_points = snapped(network, stations, points, snap_limit_m=snap_limit_m)
    doubtful, edge = footways(network), np.full(len(demand), -1, dtype=np.int64)
    for part, way in zip(reach.access, ways, strict=True):
        if way.mode == "walk":
            edge = hanging_on(
                network,
                at_points,
                at_sites,
                sparse.csr_array(part.seconds[:, typical]),
                cutoff_s=part.cutoff_s,
                doubtful=doubtful,
            )
            break
    covered = coverage.cells["covered"].reindex(demand.index).to_numpy(dtype=float)
    some = np.flatnonzero((edge >= 0) & (covered > 0))
    on = edge[some]
    cells = pd.DataFrame(
        {
            "workers": covered[some], "edge": on, "way_id": network.edge_way_id[on],
            "length_m": network.edge_length_m[on],
        },
        index=demand.index[some],
    )  # fmt: skip
    return Hanging(cells, float(covered[some].sum()))
