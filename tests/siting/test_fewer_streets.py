"""Footways left out by lot: which, how many, and that those who walk then take the ways that are left."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from planner.roads.network import Network, network_from_edges
from planner.roads.reach import travel_times
from planner.siting.questions.streets import footways, thinned

N = 12


def _grid(
    classes: tuple[str, ...], codes: np.ndarray | None = None, ways: np.ndarray | None = None
) -> Network:
    """A grid of 100 m blocks; every third line across is of the second class."""
    x, y = (a.ravel().astype(float) for a in np.meshgrid(100 * np.arange(N), 100 * np.arange(N)))
    at = np.arange(N * N).reshape(N, N)
    u = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    v = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    length = np.full(len(u), 100.0)
    code = ((u // N) % 3 == 1).astype(int) if codes is None else codes
    return network_from_edges(
        x, y, u, v, length, length / (4 / 3.6), length / (4 / 3.6), edge_class=code, classes=classes, edge_way_id=ways,
        min_component=2,
    )  # fmt: skip


def _pairs(network: Network) -> set[tuple[int, int]]:
    return set(zip(network.edge_u.tolist(), network.edge_v.tolist(), strict=True))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 1.0])
def test_so_much_of_the_footways_goes_and_nothing_else(share: float) -> None:
    whole = _grid(("residential", "footway"))
    few = thinned(whole, share=share, seed=1)
    foot = footways(whole)
    assert 50 < foot.sum() < whole.n_edges
    gone = _pairs(whole) - _pairs(few)
    assert gone <= set(zip(whole.edge_u[foot].tolist(), whole.edge_v[foot].tolist(), strict=True))
    assert 100 * len(gone) <= share * whole.edge_length_m[foot].sum() + 1e-6
    assert 100 * (len(gone) + 1) > share * whole.edge_length_m[foot].sum()  # not one more would have fitted
    assert few.n_nodes == whole.n_nodes
    assert few.length_km == pytest.approx(whole.length_km - 0.1 * len(gone))
    assert len(few.geom_x) == 2 * few.n_edges


def test_the_lot_is_that_of_the_seed_and_whole_ways_go_together() -> None:
    whole = _grid(("residential", "footway"))
    ways = np.where(
        footways(whole), whole.edge_u // N, 1000 + np.arange(whole.n_edges)
    )  # a line across is a way
    whole = _grid(("residential", "footway"), ways=ways)
    one, same, other = (thinned(whole, share=0.3, seed=s) for s in (1, 1, 2))
    assert _pairs(one) == _pairs(same) != _pairs(other)
    for way in np.unique(ways[footways(whole)]):
        left = (one.edge_way_id == way).sum()
        assert left in (0, (ways == way).sum())


def test_where_no_footways_are_told_apart_all_but_the_main_roads_may_be_missing() -> None:
    assert footways(_grid(("residential", "primary_link"))).sum() == (_grid(("a", "b")).edge_class == 0).sum()
    assert footways(_grid(("",), codes=np.zeros(2 * N * (N - 1), int))).all()


def test_who_walks_takes_the_shortest_way_that_is_left() -> None:
    few = thinned(_grid(("residential", "footway")), share=0.6, seed=3)
    graph = nx.Graph()
    graph.add_nodes_from(range(N * N))
    graph.add_weighted_edges_from((u, v, 100.0) for u, v in _pairs(few))
    corners = np.array([[0.0, 0.0], [100.0 * (N - 1), 0.0], [500.0, 500.0]])
    nodes = [0, N - 1, 5 * N + 5]
    seconds = travel_times(few, corners, corners, cutoff_s=7200).seconds.toarray()
    for i, a in enumerate(nodes):
        for j, b in enumerate(nodes):
            assert seconds[i, j] == pytest.approx(
                nx.shortest_path_length(graph, b, a, weight="weight") * 0.9, abs=0.1
            )


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        thinned(_grid(("footway", "a")), share=1.2, seed=0)
