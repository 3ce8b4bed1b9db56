"""Travel times, nearest sites and service areas on random networks, against the obvious way."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.roads.pieces import pieces_of_all, pieces_of_each
from planner.roads.reach import nearest, travel_times
from tests.street_referee import dense, on_edges, random_network, random_places, seconds_to_sites

SEEDS = st.integers(0, 2**32 - 1)


def a_case(seed):
    network = random_network(seed, nodes=int(seed % 23) + 3, edges=int(seed % 31) + 4)
    rng = np.random.default_rng(seed)
    return network, random_places(network, 6, rng), random_places(network, 30, rng)


@given(seed=SEEDS, cutoff_s=st.sampled_from([0.0, 40.0, 300.0, 900.0]))
@settings(max_examples=150, deadline=None)
def test_travel_times_equal_networkx_on_the_split_graph(seed, cutoff_s):
    network, sites, demand = a_case(seed)
    expected = seconds_to_sites(network, sites, demand, cutoff_s=cutoff_s)
    found = dense(travel_times(network, sites, demand, cutoff_s=cutoff_s, threads=1).seconds)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@given(seed=SEEDS, k=st.integers(1, 7), cutoff_s=st.sampled_from([None, 200.0]))
@settings(max_examples=100, deadline=None)
def test_the_k_nearest_are_the_first_of_all_sites_in_order(seed, k, cutoff_s):
    network, sites, demand = a_case(seed)
    everything = seconds_to_sites(network, sites, demand, cutoff_s=cutoff_s or 1e6).T
    expected = np.full((len(demand), k), np.inf)
    expected[:, : min(k, 6)] = np.sort(everything, axis=1)[:, :k]
    found = nearest(network, sites, demand, k, cutoff_s)
    np.testing.assert_allclose(found.seconds, expected, atol=1e-6)
    for j, i in np.argwhere(found.site >= 0):
        assert abs(everything[j, found.site[j, i]] - found.seconds[j, i]) < 1e-6
    served = [row[row >= 0] for row in found.site]
    assert all(np.unique(row).size == row.size for row in served)


@given(seed=SEEDS, cutoff_s=st.sampled_from([60.0, 400.0]))
@settings(max_examples=60, deadline=None)
def test_pieces_hold_exactly_the_points_that_reach_the_site(seed, cutoff_s):
    network, sites, _ = a_case(seed)
    rng = np.random.default_rng(seed + 1)
    edge, share = rng.integers(0, network.n_edges, 400), rng.random(400)
    reached = np.isfinite(
        dense(travel_times(network, sites, on_edges(network, edge, share), cutoff_s=cutoff_s).seconds)
    )

    def inside(p):
        hit = (edge[:, None] == p.edge) & (share[:, None] >= p.lo) & (share[:, None] <= p.hi)
        return hit.any(axis=1), hit.sum(axis=1)

    for i, (p,) in enumerate(pieces_of_each(network, sites, np.array([cutoff_s]))):
        found, times = inside(p)
        np.testing.assert_array_equal(found, reached[i])
        assert times.max(initial=0) <= 1, "pieces of one site overlap"
    np.testing.assert_array_equal(
        inside(pieces_of_all(network, sites, np.array([cutoff_s]))[0])[0], reached.any(axis=0)
    )
