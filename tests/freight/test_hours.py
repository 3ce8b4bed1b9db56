"""Truck flows by the hour: a corridor by hand, departures sent off one by one, and what must add up."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from planner.errors import SettingsError
from planner.freight.assign import Taste, assign, make_taste
from planner.freight.flows import Trips
from planner.freight.graph import build_graph
from planner.freight.hours import NIGHT, by_hour, hour_shares
from planner.roads.network import network_from_edges
from planner.roads.reach import snap
from planner.settings.freight import Freight
from planner.settings.reading import parse_settings


def line(minutes, *, kinds=None, classes=("trunk",)):
    """A road with a node after each stretch (minutes), 1 km long each; places at both ends."""
    n = len(minutes)
    x = np.arange(n + 1) * 1000.0
    seconds = np.array(minutes, float) * 60
    network = network_from_edges(
        x, 0 * x, np.arange(n), np.arange(1, n + 1), np.full(n, 1000.0), seconds, seconds, mode="truck",
        min_component=1, edge_class=np.zeros(n, int) if kinds is None else kinds, classes=classes,
    )  # fmt: skip
    return network, build_graph(network, snap(network, np.array([[0, 0], [n * 1000.0, 0]]), limit_m=1))


def one_way(trips: float) -> Trips:
    some, none = np.array([[0, trips], [0, 0]]), np.zeros((2, 2))
    return Trips(some, none, none, 0.0, 1.0)


def only(hour: int):
    return np.eye(24)[[hour, hour]]


def test_a_truck_passes_in_the_hour_it_gets_there():
    network, graph = line([30, 90, 60])
    done = assign(
        graph, graph.place[:1], graph.place[1:], Trips(*(np.array([[v]]) for v in (40.0, 0, 0)), 0.0, 1.0)
    )
    hours = by_hour(done.hourly, only(8))
    forward = {int(e): i for i, e in enumerate(graph.edge) if e >= 0 and graph.forward[i]}
    assert hours[8, forward[0]] == pytest.approx(40)  # as they depart
    assert hours[[8, 9], forward[1]].tolist() == pytest.approx([20, 20])  # half an hour later
    assert hours[[10], forward[2]].tolist() == pytest.approx([40])  # two hours later
    assert hours.sum(0) == pytest.approx(done.total)
    assert network.n_edges == 3


def test_a_trip_of_more_than_a_day_comes_round_again():
    _, graph = line([26 * 60, 60])
    done = assign(graph, graph.place, graph.place, one_way(10))
    assert done.hourly.shape[1] == 24
    hours = by_hour(done.hourly, only(23))
    forward = {int(e): i for i, e in enumerate(graph.edge) if e >= 0 and graph.forward[i]}
    assert hours[:, forward[1]].argmax() == 1  # 23 + 26 = 49
    assert done.vehicle_hours == pytest.approx(10 * 27)


@pytest.mark.parametrize("seed", range(4))
def test_hours_equal_trucks_sent_off_one_by_one(seed):
    random = np.random.default_rng(seed)
    n = 14
    xy = random.uniform(0, 60_000, (n, 2))
    pairs = sorted(
        {(i, i + 1) for i in range(n - 1)}
        | {tuple(sorted(random.choice(n, 2, replace=False).tolist())) for _ in range(12)}
    )
    u, v = np.array(pairs).T
    length = np.hypot(*(xy[u] - xy[v]).T)
    seconds = length / random.uniform(2, 8, len(u))  # slow: trips take hours
    network = network_from_edges(*xy.T, u, v, length, seconds, seconds, mode="truck", min_component=1)
    zones = np.arange(0, n, 3)
    graph = build_graph(network, snap(network, xy[zones], limit_m=1))
    trips = random.uniform(0, 9, (2, len(zones), len(zones))) * (1 - np.eye(len(zones)))
    profiles = random.dirichlet(np.ones(24), 2)
    done = assign(graph, graph.place, graph.place, Trips(trips[0], trips[1], 0 * trips[0], 0.0, 1.0))
    plain = nx.Graph()
    for e, (a, b) in enumerate(zip(u.tolist(), v.tolist(), strict=True)):
        plain.add_edge(a, b, s=seconds[e], e=e)
    sent, steps = np.zeros((24, network.n_edges)), 60
    for i, j in itertools.permutations(range(len(zones)), 2):
        way, clock = nx.dijkstra_path(plain, int(zones[i]), int(zones[j]), "s"), 0.0
        for a, b in itertools.pairwise(way):
            for hour, minute in itertools.product(range(24), range(steps)):
                at = int(hour + (minute + 0.5) / steps + clock) % 24
                sent[at, plain[a][b]["e"]] += (profiles[:, hour] @ trips[:, i, j]) / steps
            clock += plain[a][b]["s"] / 3600
    ours = np.zeros_like(sent)
    real = graph.edge >= 0
    np.add.at(ours.T, graph.edge[real], by_hour(done.hourly, profiles)[:, real].T)
    assert ours.sum(0) == pytest.approx(sent.sum(0))
    assert np.abs(ours - sent).max() <= 0.02 * sent.max()
    # the vehicle-hours of the day are those driven on the streets
    under_way = by_hour(done.hourly @ graph.seconds / 3600, profiles)
    assert under_way.sum() == pytest.approx(done.vehicle_hours)


def test_weights_are_scaled_to_a_share_at_night_if_one_is_given():
    usual = hour_shares(Freight())
    assert usual.sum(1) == pytest.approx([1, 1])
    assert usual[:, NIGHT].sum(1) == pytest.approx([0.20, 0.35])
    other = hour_shares(Freight(night_share_local=0.5))
    assert other[0, NIGHT].sum() == pytest.approx(0.5)
    assert other[0, 10] / other[0, 15] == pytest.approx(usual[0, 10] / usual[0, 15])
    assert other[1] == pytest.approx(usual[1])
    flat = hour_shares(Freight(hourly_local=(1.0,) * 24))
    assert flat[0] == pytest.approx(np.full(24, 1 / 24))


@pytest.mark.parametrize("weights", ["[1, 2, 3]", "[" + "0," * 24 + "]", "[" + "1," * 23 + "-1]"])
def test_weights_that_are_no_day_are_refused(weights):
    with pytest.raises(SettingsError, match="24 weights"):
        parse_settings(
            f'[study]\nname = "a"\n[inputs.streets]\npath = "a.osm"\n[freight]\nhourly_local = {weights}\n'
        )


def test_a_toll_moves_the_trucks_it_is_dear_to():
    # a motorway of 10 min and a trunk road of 14 (with a node halfway), 10 km each; 0.5 min/km of toll are 5 minutes
    def shares(**taste):
        network = network_from_edges(
            np.array([0, 10_000, 5000.0]), np.array([0, 0, 100.0]), np.array([0, 0, 2]), np.array([1, 2, 1]), np.array([10_000, 5000, 5000.0]),
            np.array([600, 420, 420.0]), np.array([600, 420, 420.0]), mode="truck", min_component=1,
            edge_class=np.array([0, 1, 1]), classes=("motorway", "trunk"),
        )  # fmt: skip
        graph = build_graph(network, snap(network, np.array([[0, 0], [10_000.0, 0]]), limit_m=1))
        made = make_taste(graph, network, **taste)
        done = assign(graph, graph.place, graph.place, one_way(100), taste=made)
        fast = [done.total[i] for i in range(len(graph.edge)) if graph.edge[i] == 0 and graph.forward[i]]
        assert done.vehicle_hours == pytest.approx(
            (done.total * graph.seconds).sum() / 3600
        )  # no toll in hours
        return fast[0]

    assert shares(draws=0, sigma=0, toll_minutes_per_km=0.0, toll_sigma=0) == pytest.approx(100)
    assert shares(draws=0, sigma=0, toll_minutes_per_km=0.3, toll_sigma=0) == pytest.approx(100)
    assert shares(draws=0, sigma=0, toll_minutes_per_km=0.5, toll_sigma=0) == pytest.approx(0)
    # four kinds of trucks: tolls of 0.18, 0.32, 0.49 and 0.88 min/km; the lightest two stay
    assert shares(draws=4, sigma=0, toll_minutes_per_km=0.5, toll_sigma=0.7) == pytest.approx(50)


def test_no_spread_is_the_shortest_way():
    _, graph = line([5, 5, 5])
    plain = assign(graph, graph.place, graph.place, one_way(7))
    same = assign(graph, graph.place, graph.place, one_way(7), taste=Taste(draws=3, sigma=0.0))
    assert same.total == pytest.approx(plain.total)
