"""Forbidden turns on random streets: times, nearest sites and areas equal those on directed streets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.roads.network import network_from_edges
from planner.roads.pieces import pieces_of_all, pieces_of_each
from planner.roads.reach import nearest, travel_times
from tests.street_referee import dense, on_edges, random_network, random_places
from tests.turn_referee import some_turns, turn_seconds

SEEDS = st.integers(0, 2**32 - 1)


def a_town(seed):
    """A grid with one-ways and dead ends, or streets anyhow, with turns forbidden."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        network = random_network(seed, nodes=int(seed % 13) + 3, edges=int(seed % 17) + 4)
    else:
        n = int(seed % 4) + 3
        x, y = (a.ravel() * 100.0 + rng.normal(0, 9, n * n) for a in np.meshgrid(np.arange(n), np.arange(n)))
        at = np.arange(n * n).reshape(n, n)
        u = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
        v = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
        some = rng.random(u.size) < 0.85
        u, v = u[some], v[some]
        length = np.hypot(x[u] - x[v], y[u] - y[v])
        one = rng.random(u.size)
        forth, back = np.where(one < 0.1, np.inf, length / 9), np.where(one > 0.85, np.inf, length / 9)
        network = network_from_edges(x, y, u, v, length, forth, back, min_component=1)
    return replace(network, turns=some_turns(network, int(rng.integers(1, 14)), rng)), rng


@given(seed=SEEDS, cutoff_s=st.sampled_from([30.0, 300.0, 900.0]))
@settings(max_examples=200, deadline=None)
def test_travel_times_obey_every_forbidden_turn(seed, cutoff_s):
    network, rng = a_town(seed)
    sites, demand = random_places(network, 6, rng), random_places(network, 30, rng)
    expected = turn_seconds(network, sites, demand, cutoff_s=cutoff_s)
    found = dense(travel_times(network, sites, demand, cutoff_s=cutoff_s, threads=1).seconds)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@given(seed=SEEDS, k=st.integers(1, 7))
@settings(max_examples=80, deadline=None)
def test_the_nearest_sites_obey_them_too(seed, k):
    network, rng = a_town(seed)
    sites, points = random_places(network, 6, rng), random_places(network, 25, rng)
    everything = turn_seconds(network, sites, points, cutoff_s=1e6).T
    expected = np.full((len(points), k), np.inf)
    expected[:, : min(k, 6)] = np.sort(everything, axis=1)[:, :k]
    np.testing.assert_allclose(nearest(network, sites, points, k).seconds, expected, atol=1e-6)


@given(seed=SEEDS, cutoff_s=st.sampled_from([30.0, 200.0]))
@settings(max_examples=60, deadline=None)
def test_areas_hold_exactly_the_points_that_may_come_to_the_site(seed, cutoff_s):
    network, rng = a_town(seed)
    sites = random_places(network, 5, rng)
    edge, share = rng.integers(0, network.n_edges, 200), rng.uniform(0.001, 0.999, 200)
    points = on_edges(network, edge, share)
    reached = np.isfinite(turn_seconds(network, sites, points, cutoff_s=cutoff_s))

    def times(p):
        return ((edge[:, None] == p.edge) & (share[:, None] >= p.lo) & (share[:, None] <= p.hi)).sum(axis=1)

    for i, (p,) in enumerate(pieces_of_each(network, sites, np.array([cutoff_s]))):
        np.testing.assert_array_equal(times(p), reached[i])
    together = times(pieces_of_all(network, sites, np.array([cutoff_s]))[0]) > 0
    np.testing.assert_array_equal(together, reached.any(axis=0))


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_without_forbidden_turns_nothing_changes(seed):
    network, rng = a_town(seed)
    sites, demand = random_places(network, 4, rng), random_places(network, 20, rng)
    free = replace(network, turns=network.turns[:0])
    shut = travel_times(network, sites, demand, cutoff_s=600, threads=1).seconds
    open_ = travel_times(free, sites, demand, cutoff_s=600, threads=1).seconds
    assert (dense(shut) >= dense(open_) - 1e-3).all()
    np.testing.assert_allclose(dense(open_), turn_seconds(free, sites, demand, cutoff_s=600), atol=1e-3)
