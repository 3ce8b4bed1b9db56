"""Pieces of streets from which sites are reached within a cutoff, cut where the cutoff falls."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from planner.roads.search import SLACK_S, OnChains, bucket_width, on_chains, search_graph
from planner.roads.snapping import Snapped, street_grid

if TYPE_CHECKING:
    from planner.roads.graph import Network

__all__ = ["Pieces", "StreetChains", "chains_of", "lines", "pieces_of_all", "pieces_of_each"]


class StreetChains(NamedTuple):
    """The network as the kernels of pieces meet it: chains at nodes, edges in order along chains.

    ``node_chain[node_ptr[x]:…]`` meet at search node x; chain c joins ``a`` and ``b`` (who goes along it departs
    from ``from_a``, ``from_b``, see :class:`planner.roads.arcs.SearchGraph`), takes ``forth``
    seconds from a to b and holds the places ``chain_ptr[c]`` … of ``chain_edge``, ``flip`` (the edge
    runs from b's side to a's) and ``rows`` (metres, seconds forth, seconds back; then the same three
    of the chain before the edge).
    """

    a: np.ndarray
    b: np.ndarray
    from_a: np.ndarray
    from_b: np.ndarray
    forth: np.ndarray
    node_ptr: np.ndarray
    node_chain: np.ndarray
    chain_ptr: np.ndarray
    chain_edge: np.ndarray
    flip: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class Pieces:
    """Reached pieces: ``edge`` int32, ``lo`` and ``hi`` as shares of the edge from its u."""

    edge: np.ndarray
    lo: np.ndarray
    hi: np.ndarray

    def km(self, network: Network) -> float:
        """Length of the pieces in km; what two pieces share counts twice."""
        return float(((self.hi - self.lo) * network.edge_length_m[self.edge]).sum() / 1000)


_chains: weakref.WeakKeyDictionary[Any, StreetChains] = weakref.WeakKeyDictionary()


def chains_of(network: Network) -> StreetChains:
    """The network's :class:`StreetChains`, made once."""
    found = _chains.get(network)
    if found is None:
        graph = search_graph(network)
        n, n_chains = graph.n_nodes, graph.a.size
        ends = np.concatenate([graph.a, graph.b])
        chain = np.tile(np.arange(n_chains, dtype=np.int32), 2)
        single = np.concatenate([np.ones(n_chains, bool), graph.a != graph.b])
        ends, chain = ends[single], chain[single]
        order = np.lexsort((chain, ends))
        node_ptr = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=n))])
        used = np.flatnonzero(graph.chain >= 0)
        along = used[np.lexsort((graph.step[used], graph.chain[used]))]
        chain_ptr = np.concatenate([[0], np.cumsum(np.bincount(graph.chain[used], minlength=n_chains))])
        flip = graph.flip[along]
        uv, vu = network.edge_s_uv[along], network.edge_s_vu[along]
        own = np.column_stack([network.edge_length_m[along], np.where(flip, vu, uv), np.where(flip, uv, vu)])
        found = _chains[network] = StreetChains(
            graph.a, graph.b, graph.from_a, graph.from_b, graph.total[:, 1], node_ptr, chain[order], chain_ptr, along.astype(np.int32), flip,
            np.hstack([own, graph.before[graph.behind[along]]]),
        )  # fmt: skip
    return found


def _site_rows(at: OnChains, rows: np.ndarray) -> np.ndarray:
    return np.column_stack([at.pos[rows], at.a_to[rows], at.to_a[rows], at.off_s[rows], at.b_to[rows]])


def pieces_of_each(network: Network, sites: Snapped, cutoffs_s: np.ndarray) -> Iterator[list[Pieces]]:
    """For each site, its pieces within each cutoff; empty for a site on no street."""
    from planner.roads.kernels.pieces import site_pieces

    graph, streets, at = search_graph(network), chains_of(network), on_chains(network, sites)
    cutoffs = np.asarray(cutoffs_s, float) + SLACK_S
    limit = float(cutoffs.max()) + SLACK_S
    dist = np.full(graph.n_nodes, limit)
    width = bucket_width(graph, limit)
    for i in range(len(sites)):
        if at.chain[i] < 0:
            yield [_nothing()] * cutoffs.size
            continue
        rows = np.array([i])
        sites_s = _site_rows(at, rows)
        yield _split(
            *site_pieces(graph.arcs, streets, at.chain[rows], sites_s, cutoffs, limit, dist, width, True)
        )


def pieces_of_all(network: Network, sites: Snapped, cutoffs_s: np.ndarray) -> list[Pieces]:
    """Pieces from which any of the sites is reached within each cutoff, from one search.

    Pieces around sites may overlap others.
    """
    from planner.roads.kernels.pieces import site_pieces

    graph, streets, at = search_graph(network), chains_of(network), on_chains(network, sites)
    rows = np.flatnonzero(at.chain >= 0)
    cutoffs = np.asarray(cutoffs_s, float) + SLACK_S
    limit = float(cutoffs.max()) + SLACK_S
    dist = np.full(graph.n_nodes, limit)
    found = site_pieces(
        graph.arcs, streets, at.chain[rows], _site_rows(at, rows), cutoffs, limit, dist,
        bucket_width(graph, limit), False,
    )  # fmt: skip
    return _split(*found)


def _nothing() -> Pieces:
    return Pieces(np.empty(0, np.int32), np.empty(0), np.empty(0))


def _split(ptr: np.ndarray, edge: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> list[Pieces]:
    return [Pieces(edge[a:b], lo[a:b], hi[a:b]) for a, b in itertools.pairwise(ptr)]


def lines(network: Network, pieces: Pieces) -> np.ndarray:
    """The pieces as shapely lines, one each."""
    import shapely

    from planner.roads.kernels.pieces import cut_lines

    if pieces.edge.size == 0:
        return np.empty(0, object)
    shape_m = street_grid(network).shape_m
    xy, owner = cut_lines(
        network.geom_ptr, network.geom_x, network.geom_y, shape_m, pieces.edge, pieces.lo, pieces.hi
    )
    made: np.ndarray = shapely.linestrings(xy, indices=owner)
    return made
