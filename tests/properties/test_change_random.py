"""After any change the travel times are, to the bit, those of a search of everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.roads.change import streets_in, update_travel_times, with_street, without_streets
from planner.roads.network import network_from_edges
from planner.roads.reach import TravelTimes, snap, travel_times
from tests.street_referee import random_network, random_places
from tests.turn_referee import some_turns

SEEDS = st.integers(0, 2**32 - 1)


def same(a: TravelTimes, b: TravelTimes) -> None:
    assert a.sites.equals(b.sites)
    assert a.seconds.shape == b.seconds.shape
    for name in ("indptr", "indices", "data"):
        x, y = getattr(a.seconds, name), getattr(b.seconds, name)
        assert x.tobytes() == y.tobytes(), name
        assert x.dtype == y.dtype, name


def changed(network, kind, rng):
    """The network after one change of a kind, edges keeping their numbers."""
    some = rng.integers(0, network.n_edges, int(rng.integers(1, 4)))
    if kind == "close":
        return without_streets(network, some)
    if kind == "slow":
        return replace(
            network,
            edge_s_uv=np.where(
                np.isin(np.arange(network.n_edges), some), network.edge_s_uv * 1.5, network.edge_s_uv
            ),
        )
    if kind == "open":
        s_vu = network.edge_s_vu.copy()
        s_vu[some] = network.edge_length_m[some]
        return replace(network, edge_s_vu=s_vu)
    if kind == "bridge":
        u, v = (int(i) for i in rng.integers(0, network.n_nodes, 2))
        return with_street(network, u, v, kmh=5.0, both_ways=bool(rng.random() < 0.7))
    if kind == "turns":
        return replace(network, turns=some_turns(network, 3, rng))
    return network


@given(
    seed=SEEDS,
    kind=st.sampled_from(["close", "slow", "open", "bridge", "turns", "none"]),
    cutoff_s=st.sampled_from([60.0, 300.0]),
)
@settings(max_examples=250, deadline=None)
def test_updated_times_are_those_from_nothing(seed, kind, cutoff_s):
    rng = np.random.default_rng(seed)
    old = random_network(seed, nodes=int(seed % 60) + 3, edges=int(seed % 70) + 4)
    if seed % 3 == 0:
        old = replace(old, turns=some_turns(old, 4, rng))
    sites, demand = random_places(old, 8, rng), random_places(old, 60, rng)
    times = travel_times(old, sites, demand, cutoff_s=cutoff_s, threads=1)
    new = changed(old, kind, rng)
    new_sites, new_demand = sites, demand
    if seed % 2:  # a site goes, one comes, one moves; so does a demand point
        keep = [0, 2, 3, 4, 5, 6, 7]
        more = random_places(old, 2, rng)
        arrays = {
            k: np.concatenate([getattr(sites, k)[keep[:-1]], getattr(more, k)])
            for k in ("edge", "offset_m", "metres", "x_m", "y_m")
        }
        new_sites = replace(sites, **arrays, index=pd.Index([0, 2, 3, 4, 5, 6, 7, "new"]))
        one = random_places(old, 1, rng)
        new_demand = replace(
            demand, **{k: np.concatenate([getattr(one, k), getattr(demand, k)[1:]]) for k in arrays}
        )
    made = update_travel_times(times, (old, sites, demand), (new, new_sites, new_demand), threads=1)
    same(made.times, travel_times(new, new_sites, new_demand, cutoff_s=cutoff_s, threads=1))
    if kind == "none" and not seed % 2:
        assert made.redone.size == 0


def town(n=40, spacing=90.0):
    at = np.arange(n * n).reshape(n, n)
    x, y = (a.ravel() * spacing for a in np.meshgrid(np.arange(n), np.arange(n)))
    u = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    v = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    length = np.full(u.size, spacing)
    return network_from_edges(x, y, u, v, length, length / 1.1, length / 1.1)


def points(network, n, seed):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, network.x_m.max(), (n, 2))
    return snap(network, xy)


def test_a_closed_street_is_searched_again_only_from_nearby():
    import shapely

    old = town()
    sites, demand = points(old, 400, 1), points(old, 2000, 2)
    times = travel_times(old, sites, demand, cutoff_s=600)
    middle = shapely.Point(1755, 1800).buffer(20)
    edges = streets_in(old, middle)
    assert 0 < edges.size < 4
    new = without_streets(old, edges)
    assert new.length_km == old.length_km
    assert np.isinf(new.edge_s_uv[edges]).all()
    here, there = points(new, 400, 1), points(new, 2000, 2)
    made = update_travel_times(times, (old, sites, demand), (new, here, there))
    same(made.times, travel_times(new, here, there, cutoff_s=600))
    away = np.abs(np.column_stack([sites.x_m, sites.y_m])[made.redone] - [1755, 1800]).sum(axis=1)
    assert 20 < made.redone.size < 100
    assert away.max() < 660 + 2 * 90 + 20
    assert repr(made) == f"<Updated {made.redone.size} of 400 sites searched again>"


def test_a_bridge_brings_workers_over_the_river():
    old = town(10)
    far = old.x_m > 400
    cut = np.flatnonzero(far[old.edge_u] != far[old.edge_v])
    river = without_streets(old, cut)
    west, east = points(old, 30, 3), points(old, 60, 4)
    times = travel_times(river, west, east, cutoff_s=900)
    u, v = (
        int(np.flatnonzero((old.x_m == 360) & (old.y_m == 450))[0]),
        int(np.flatnonzero((old.x_m == 450) & (old.y_m == 450))[0]),
    )
    bridged = with_street(river, u, v, kmh=3.96)
    made = update_travel_times(times, (river, west, east), (bridged, west, east))
    same(made.times, travel_times(bridged, west, east, cutoff_s=900))
    assert made.times.seconds.nnz > times.seconds.nnz
    assert bridged.n_edges == old.n_edges + 1
    assert bridged.edge_length_m[-1] == 90
    assert bridged.component.max() < river.component.max()


def test_what_does_not_belong_together_is_refused():
    old = town(5)
    sites, demand = points(old, 4, 1), points(old, 9, 2)
    times = travel_times(old, sites, demand, cutoff_s=300)
    twice = replace(sites, index=pd.Index([0, 0, 1, 2]))
    with pytest.raises(ValueError, match="stands twice"):
        update_travel_times(times, (old, sites, demand), (old, twice, demand))
    with pytest.raises(ValueError, match="before the change"):
        update_travel_times(times, (old, demand, demand), (old, sites, demand))
    with pytest.raises(ValueError, match="demand points before"):
        update_travel_times(times, (old, sites, demand), (old, sites, sites))
    other = town(6)
    made = update_travel_times(times, (old, sites, demand), (other, points(other, 4, 1), points(other, 9, 2)))
    assert made.redone.size == 4
    for bad in ({"u": 99, "v": 0, "kmh": 5}, {"u": 0, "v": 1, "kmh": 0}):
        with pytest.raises(ValueError):
            with_street(old, **bad)


def test_small_towns_still_count_after_a_change_if_they_did_before():
    x, u = np.arange(5.0) * 100, np.arange(4)
    s = np.full(4, 90.0)
    town = network_from_edges(x, 0 * x, u, u + 1, np.full(4, 100.0), s, s, min_component=1)
    assert town.counts.all()
    assert without_streets(town, [1], min_component=1).counts.all()
    assert with_street(town, 0, 4, kmh=4, min_component=1).counts.all()
