"""Real streets: travel times equal networkx on the graph cut at every point, in every mode."""

from __future__ import annotations

import numpy as np
import pytest

from planner.roads.network import read_network
from planner.roads.reach import travel_times
from tests.street_referee import dense, on_edges, seconds_to_sites

pytestmark = pytest.mark.real

FILES = {
    "gusu": "gusu/roads.geojson",
    "nanshan": "nanshan/nanshan.osm",
    "shanghai": "shanghai-center/shanghai_center.osm",
    "liechtenstein": "liechtenstein/liechtenstein-latest.osm.pbf",
}
CUTOFF_S = {"walk": 1800.0, "ebike": 600.0, "car": 300.0, "truck": 300.0}


@pytest.mark.parametrize("place", FILES)
@pytest.mark.parametrize("mode", CUTOFF_S)
def test_two_thousand_pairs_equal_networkx(shared_data, place, mode):
    path = shared_data / FILES[place]
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")
    network = read_network(path, mode)
    rng = np.random.default_rng(7)
    u = network.edge_u
    near = np.flatnonzero(network.counts[u])
    centre = rng.choice(near)
    away = np.hypot(network.x_m[u] - network.x_m[u[centre]], network.y_m[u] - network.y_m[u[centre]])
    close = near[np.argsort(away[near], kind="stable")[:400]]
    sites = on_edges(network, rng.choice(close, 12), rng.random(12), rng.uniform(0, 40, 12))
    demand = on_edges(network, rng.choice(close, 600), rng.random(600), rng.uniform(0, 40, 600))
    expected = seconds_to_sites(network, sites, demand, cutoff_s=CUTOFF_S[mode])
    found = dense(travel_times(network, sites, demand, cutoff_s=CUTOFF_S[mode]).seconds)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.isfinite(found).sum() >= 2000
