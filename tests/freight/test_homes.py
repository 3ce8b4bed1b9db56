"""Driver homes: a corridor worked by hand, brute force, conservation, detours against networkx, bad input."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from planner.errors import AbsentError
from planner.freight.assign import Taste, assign
from planner.freight.choose import master as fm
from planner.freight.choose import problem as fp
from planner.freight.choose.choice import choose
from planner.freight.flows import Trips, fit_beta, gravity, model_trips
from planner.freight.graph import build_graph, times, times_to
from planner.freight.need import detours, make_need
from planner.roads.network import network_from_edges, read_network
from planner.roads.reach import snap
from planner.settings.freight import Freight

# A ---10--- B ---10--- C ---10--- D ---10--- E   minutes; 10 km each; S hangs 4 minutes off C.
#                 h1 (middle of B-C)   |4
#                                      S = h2


def corridor():
    x = np.array([0, 10, 20, 30, 40, 20.0]) * 1000
    y = np.array([0, 0, 0, 0, 0, 4.0]) * 1000
    u, v = np.array([0, 1, 2, 3, 2]), np.array([1, 2, 3, 4, 5])
    s = np.array([600, 600, 600, 600, 240.0])
    length = np.array([10, 10, 10, 10, 4.0]) * 1000
    network = network_from_edges(x, y, u, v, length, s, s, mode="truck", min_component=1)
    places = np.array([[0, 0], [20, 0], [40, 0], [15, 0], [20, 4.0]]) * 1000  # A, C, E, h1, h2
    return network, build_graph(network, snap(network, places, limit_m=10))


def three_flows(through: bool = False) -> Trips:
    trips = np.zeros((3, 3))
    trips[0, 1], trips[0, 2], trips[1, 2] = 100, 50, 30
    none = np.zeros((3, 3))
    return Trips(none, none, trips, 0.0, 1.0) if through else Trips(trips, none, none, 0.0, 1.0)


def corridor_times(graph):
    zones, sites = graph.place[:3], graph.place[3:]
    direct = times(graph, zones, zones) / 60
    return direct, times(graph, zones, sites) / 60, times_to(graph, sites, zones) / 60


def test_corridor_times_and_detours_by_hand():
    _, graph = corridor()
    direct, to_site, from_site = corridor_times(graph)
    assert direct[0] == pytest.approx([0, 20, 40], abs=1e-4)
    assert to_site[0] == pytest.approx([15, 24], abs=1e-4)
    assert from_site[0] == pytest.approx([15, 5, 25], abs=1e-4)
    # A to C: h1 lies on the way; S costs 4 minutes there and 4 back. C to E: h1 costs 5 + 5.
    assert detours(direct[0], to_site[0], from_site)[1:] == pytest.approx(
        np.array([[0, 8], [0, 8.0]]), abs=1e-4
    )
    assert detours(direct[1], to_site[1], from_site)[2] == pytest.approx([10, 8], abs=1e-4)


def test_corridor_loads_and_vehicle_hours_by_hand():
    network, graph = corridor()
    done = assign(graph, graph.place[:3], graph.place[:3], three_flows())
    total = np.zeros(network.n_edges)
    np.maximum.at(total, graph.edge[graph.edge >= 0], done.total[graph.edge >= 0])
    assert total.tolist() == pytest.approx([150, 150, 80, 80, 0])
    assert done.vehicle_hours == pytest.approx((100 * 20 + 50 * 40 + 30 * 20) / 60, rel=1e-6)
    assert done.vehicle_hours == pytest.approx((done.total * graph.seconds).sum() / 3600)


def test_corridor_need_by_hand():
    _, graph = corridor()
    need = make_need(
        np.array([7.0, 8.0, 9.0]), three_flows(through=True), *corridor_times(graph),
        catchment=24, detour=5, outside_share=0.5, trips_per_month=10,
    )  # fmt: skip
    # based: A reaches h1 (15) and h2 (24); C h1 (5) and h2 (4); E neither within 24 (h2) nor 25 (h1)
    assert need.reach.toarray()[:3].tolist() == [[True, True], [True, True], [False, True]]
    # passing drivers are trips × 30 / 10; with 5 minutes h1 catches A-C and A-E only, h2 nobody
    passing = {
        (int(a), int(b)): d for a, b, d in zip(need.first[3:], need.second[3:], need.drivers[3:], strict=True)
    }
    assert passing == pytest.approx({(0, 1): 300, (0, 2): 150, (1, 2): 90})
    assert need.reach.toarray()[3:].tolist() == [[True, False], [True, False], [False, False]]
    assert need.passing_trips.tolist() == pytest.approx([150, 0])
    assert need.in_reach(np.array([0])) == pytest.approx((15, 450))
    assert need.in_reach(np.array([0, 1])) == pytest.approx((24, 450))
    assert need.lost[1, 2] == 30
    assert need.lost[0].sum() == 0


def test_every_driver_is_in_one_segment():
    _, graph = corridor()
    trips = model_trips(
        np.array([100.0, 80]), np.array([80.0]), corridor_times(graph)[0], np.zeros((1, 1)),
        through_share=0.4, through_min_km=20, beta=0.04,
    )  # fmt: skip
    need = make_need(
        np.array([50.0, 30]),
        trips,
        *corridor_times(graph),
        catchment=30,
        detour=10,
        outside_share=0.5,
        trips_per_month=10,
    )
    assert len(set(zip(need.first.tolist(), need.second.tolist(), strict=True))) == len(need.drivers)
    outside = (trips.through + 0.5 * trips.exchange).sum() * 30 / 10
    assert need.drivers.sum() == pytest.approx(80 + outside)
    based, passing = need.by_site()
    assert (based + passing <= need.drivers.sum() + 1e-9).all()


def test_a_site_serves_the_carriageway_it_lies_on():
    # two carriageways 60 m apart, joined at both ends only (20 km apart)
    x = np.array([0, 20000, 20000, 0.0])
    y = np.array([0, 0, 60, 60.0])
    u, v = np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0])
    length = np.array([20000, 60, 20000, 60.0])
    seconds = np.array([900, 5, 900, 5.0])
    against = np.array([np.inf, 5, np.inf, 5.0])
    network = network_from_edges(x, y, u, v, length, seconds, against, mode="truck", min_component=1)
    graph = build_graph(network, snap(network, np.array([[0, 0], [20000, 0], [10000, -20.0]]), limit_m=50))
    ends, site = graph.place[:2], graph.place[2:]
    direct, to, back = (
        times(graph, ends, ends) / 60,
        times(graph, ends, site) / 60,
        times_to(graph, site, ends) / 60,
    )
    off = 2 * 20 / (10 / 3.6) / 60
    assert detours(direct[0], to[0], back)[1, 0] == pytest.approx(off, abs=1e-3)  # eastbound: only the yard
    assert detours(direct[1], to[1], back)[0, 0] > 29  # westbound: round by both ends


# -- the gravity model -----------------------------------------------------------------------------


def test_gravity_conserves_trips_and_follows_its_formula():
    random = np.random.default_rng(5)
    for n in (3, 8, 25):
        o = random.uniform(1, 100, n)
        d = random.permutation(o)
        minutes = random.uniform(1, 90, (n, n))
        allowed = np.ones((n, n), bool)
        trips = gravity(o, d, minutes, beta=0.05, allowed=allowed)
        assert trips.sum(1) == pytest.approx(o)
        assert trips.sum(0) == pytest.approx(d)
        # T_ij T_kl / (T_il T_kj) does not depend on the balancing factors
        odds = np.log(trips[0, 0] * trips[1, 1] / (trips[0, 1] * trips[1, 0]))
        assert odds == pytest.approx(
            -0.05 * (minutes[0, 0] + minutes[1, 1] - minutes[0, 1] - minutes[1, 0]), abs=1e-6
        )


def test_gravity_of_three_equal_zones_by_hand():
    # no zone with itself, equal times: everybody's trips halve
    trips = gravity(np.full(3, 10.0), np.full(3, 10.0), np.full((3, 3), 7.0), beta=0.1)
    assert trips == pytest.approx(np.where(np.eye(3) > 0, 0, 5.0))


def test_gravity_refuses_what_cannot_balance():
    with pytest.raises(ValueError, match="must agree"):
        gravity(np.array([1.0, 2]), np.array([1.0, 1]), np.ones((2, 2)), beta=0)
    with pytest.raises(ValueError, match="left over"):
        gravity(np.array([9.0, 1, 1]), np.array([9.0, 1, 1]), np.ones((3, 3)), beta=0)  # 9 > 1 + 1


def test_beta_is_fitted_to_a_mean_trip():
    random = np.random.default_rng(2)
    xy = random.uniform(0, 60, (12, 2))
    minutes = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    o = random.uniform(5, 9, 12)
    trips = gravity(o, o, minutes, beta=0.07)
    mean = (trips * minutes).sum() / trips.sum()
    np.fill_diagonal(minutes, np.inf)  # no trips within a zone
    assert fit_beta(o, o, minutes, mean) == pytest.approx(0.07, rel=1e-5)
    with pytest.raises(AbsentError, match="a mean trip of 500 min cannot be had"):
        fit_beta(o, o, minutes, 500)


def test_model_trips_balance_at_every_zone_and_keep_short_through_trips_out():
    random = np.random.default_rng(8)
    xy = random.uniform(0, 80, (14, 2))
    minutes = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    km = minutes[9:, 9:]
    drivers, gates = random.uniform(100, 900, 9), random.uniform(100, 600, 5)
    trips = model_trips(drivers, gates, minutes, km, through_share=0.4, through_min_km=20, beta=0.04)
    assert trips.scaled == 1
    assert trips.total.sum(1) == pytest.approx(np.r_[drivers, gates / 2])
    assert trips.total.sum(0) == pytest.approx(np.r_[drivers, gates / 2])
    assert (trips.through[9:, 9:][km < 20] == 0).all()
    assert (trips.local[9:] == 0).all()
    assert (trips.exchange[:9, :9] == 0).all()


def test_gateways_that_ask_for_too_much_are_scaled():
    minutes = np.full((3, 3), 10.0)
    trips = model_trips(
        np.array([10.0, 10]),
        np.array([400.0]),
        minutes,
        np.zeros((1, 1)),
        through_share=0.4,
        through_min_km=20,
        beta=0.04,
    )
    assert trips.scaled == pytest.approx(18 / 200)
    assert trips.total.sum(1)[:2] == pytest.approx([10, 10])


# -- assignment on random networks -----------------------------------------------------------------


def random_town(random, n=30):
    xy = random.uniform(0, 5000, (n, 2))
    far = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    pairs = {(i, int(j)) for i in range(n) for j in np.argsort(far[i])[1:4]}
    pairs |= {(i, i + 1) for i in range(n - 1)}
    pairs = sorted({(min(p), max(p)) for p in pairs})
    u, v = np.array(pairs).T
    length = far[u, v]
    there = length / random.uniform(5, 20, len(u))
    back = np.where(random.random(len(u)) < 0.3, np.inf, length / random.uniform(5, 20, len(u)))
    chain = v == u + 1
    back = np.where(chain, length / 6, back)
    network = network_from_edges(*xy.T, u, v, length, there, back, mode="truck", min_component=1)
    graph = nx.DiGraph()
    for a, b, s, t in zip(u.tolist(), v.tolist(), there, back, strict=True):
        graph.add_edge(a, b, s=s)
        if np.isfinite(t):
            graph.add_edge(b, a, s=t)
    return network, graph


@pytest.mark.parametrize("seed", range(15))
def test_vehicle_hours_equal_trips_times_networkx_and_the_sum_over_arcs(seed):
    random = np.random.default_rng(seed)
    network, plain = random_town(random)
    zones = random.choice(network.n_nodes, 6, replace=False)
    xy = np.column_stack([network.x_m, network.y_m])[zones]
    graph = build_graph(network, snap(network, xy, limit_m=1))
    trips = random.uniform(0, 20, (6, 6)) * (1 - np.eye(6))
    done = assign(graph, graph.place, graph.place, Trips(trips, 0 * trips, 0 * trips, 0.0, 1.0))
    far = np.array([[nx.dijkstra_path_length(plain, int(a), int(b), "s") for b in zones] for a in zones])
    assert times(graph, graph.place, graph.place) == pytest.approx(far, abs=1e-3)
    assert done.vehicle_hours == pytest.approx((trips * far).sum() / 3600, rel=1e-5)
    many = assign(
        graph, graph.place, graph.place, Trips(trips, 0 * trips, 0 * trips, 0.0, 1.0),
        taste=Taste(draws=3, sigma=0.2, seed=seed),
    )  # fmt: skip
    assert many.vehicle_hours == pytest.approx((many.total * graph.seconds).sum() / 3600)
    assert (
        many.vehicle_hours >= done.vehicle_hours - 1e-9
    )  # perceived ways are never quicker than the shortest
    # what enters a node leaves it, but for trips that begin or end there
    heads = graph.matrix.indices
    tails = np.repeat(np.arange(graph.matrix.shape[0]), np.diff(graph.matrix.indptr))
    spill = np.bincount(tails, many.total, graph.matrix.shape[0]) - np.bincount(
        heads, many.total, graph.matrix.shape[0]
    )
    expected = np.zeros(graph.matrix.shape[0])
    expected[graph.place] = trips.sum(1) - trips.sum(0)
    assert spill == pytest.approx(expected, abs=1e-6)


def detours_by_networkx(network, snapped, pairs, sites):
    """Times between places from networkx alone: along the own edge, or to an end, the graph, and from an end."""
    graph = nx.DiGraph()
    for e in range(network.n_edges):
        for a, b, s in (
            (int(network.edge_u[e]), int(network.edge_v[e]), network.edge_s_uv[e]),
            (int(network.edge_v[e]), int(network.edge_u[e]), network.edge_s_vu[e]),
        ):
            if np.isfinite(s) and s < graph.get_edge_data(a, b, {"s": np.inf})["s"]:
                graph.add_edge(a, b, s=float(s))
    yard = snapped.metres / (10 / 3.6)

    def ends(p):
        e = int(snapped.edge[p])
        share = snapped.offset_m[p] / network.edge_length_m[e]
        u, v, uv, vu = (
            int(network.edge_u[e]),
            int(network.edge_v[e]),
            network.edge_s_uv[e],
            network.edge_s_vu[e],
        )
        leave = [(v, uv * (1 - share)), (u, vu * share)]
        come = [(u, uv * share), (v, vu * (1 - share))]
        return e, share, uv, vu, leave, come

    fields: dict[int, dict] = {}

    def way(p, q):
        if p == q:
            return 0.0
        ep, sp, uv, vu, leave, _ = ends(p)
        eq, sq, _, _, _, come = ends(q)
        best = np.inf
        if ep == eq:
            best = uv * (sq - sp) if sq >= sp else vu * (sp - sq)
        for a, t in leave:
            if not np.isfinite(t):
                continue
            if a not in fields:
                fields[a] = nx.single_source_dijkstra_path_length(graph, a, weight="s")
            for b, s in come:
                best = min(best, t + fields[a].get(b, np.inf) + s)
        return float(best + yard[p] + yard[q])

    made = np.array([[way(o, h) + way(h, d) - way(o, d) for h in sites] for o, d in pairs])
    return np.where(np.isfinite(made), made, np.inf)


@pytest.mark.real
@pytest.mark.parametrize("name", ["liechtenstein/liechtenstein-latest.osm.pbf", "nanshan/nanshan.osm"])
def test_detours_equal_networkx_on_real_streets(shared_data, name):
    network = read_network(shared_data / name, "truck", turn_restrictions=False)
    random = np.random.default_rng(11)
    nodes = random.choice(np.flatnonzero(network.counts), 14, replace=False)
    xy = np.column_stack([network.x_m, network.y_m])[nodes] + random.normal(0, 40, (14, 2))
    snapped = snap(network, xy, limit_m=2000)
    graph = build_graph(network, snapped)
    zones, sites = np.arange(6), np.arange(6, 14)
    direct = times(graph, graph.place[zones], graph.place[zones])
    to = times(graph, graph.place[zones], graph.place[sites])
    back = times_to(graph, graph.place[sites], graph.place[zones])
    pairs = [(o, d) for o in range(6) for d in range(6) if o != d]
    ours = np.array([detours(direct[o], to[o], back)[d] for o, d in pairs])
    assert ours == pytest.approx(detours_by_networkx(network, snapped, pairs, sites), abs=0.05)


# -- the problem -----------------------------------------------------------------------------------


def random_problem(random) -> fp.HomesProblem:
    m, n = int(random.integers(1, 9)), int(random.integers(2, 8))
    reach = random.random((m, n)) < random.uniform(0.2, 0.8)
    capacity = random.integers(0, 40, n).astype(float) if random.random() < 0.7 else np.full(n, 15.0)
    open_now = random.random(n) < 0.2
    pairs = [
        (a, b)
        for a, b in itertools.combinations(np.flatnonzero(~open_now).tolist(), 2)
        if random.random() < 0.2
    ]
    return fp.HomesProblem(
        sparse.csr_array(reach), random.integers(1, 30, m).astype(float), capacity, open_now,
        np.array(pairs, np.int64).reshape(-1, 2),
    )  # fmt: skip


def served_by_cuts(p: fp.HomesProblem, homes) -> float:
    """The least cut, over all subsets of the open homes: an oracle that knows no flow."""
    homes = np.array(list(homes), np.int64)
    full = (np.arange(2 ** len(homes))[:, None] >> np.arange(len(homes))) % 2 == 1
    left = ~full @ p.reach.toarray()[:, homes].T  # whoever reaches a home that is not full
    return float((full @ p.capacity[homes] + left @ p.drivers).min())


def best_by_force(p: fp.HomesProblem, count: int, base: float) -> float:
    now, free = np.flatnonzero(p.open_now).tolist(), np.flatnonzero(~p.open_now).tolist()
    bad = {tuple(sorted(c)) for c in p.conflicts.tolist()}
    best = 0.0
    for k in range(count + 1):
        for plan in itertools.combinations(free, k):
            if not any(pair in bad for pair in itertools.combinations(plan, 2)):
                best = max(best, served_by_cuts(p, now + list(plan)) - base)
    return best


def in_reach(p: fp.HomesProblem, homes) -> float:
    return float(p.drivers[p.reach.toarray()[:, [*np.flatnonzero(p.open_now), *homes]].any(1)].sum())


def widest_by_force(p: fp.HomesProblem, count: int, base: float, drivers: float) -> float:
    """Most drivers in reach of any plan of at most ``count`` homes that serves ``drivers``."""
    now, free = np.flatnonzero(p.open_now).tolist(), np.flatnonzero(~p.open_now).tolist()
    bad = {tuple(sorted(c)) for c in p.conflicts.tolist()}
    return max(
        in_reach(p, plan)
        for k in range(count + 1)
        for plan in itertools.combinations(free, k)
        if not any(pair in bad for pair in itertools.combinations(plan, 2))
        and served_by_cuts(p, now + list(plan)) - base >= drivers - 1e-6
    )


@pytest.mark.parametrize("block", range(5))
def test_most_and_fewest_equal_brute_force(block):
    random = np.random.default_rng(100 + block)
    for _ in range(50):
        p = random_problem(random)
        now = np.flatnonzero(p.open_now)
        base = fp.served(p, now).total
        assert base == pytest.approx(served_by_cuts(p, now))
        truth = [best_by_force(p, k, base) for k in range(1, 5)]
        master = fm.Master(p)
        for k, value in enumerate(truth, 1):
            best = fm.most(master, k, base=base, gap=0.0, seconds=20)
            assert best is not None
            assert best.drivers == pytest.approx(value, abs=1e-6)
            assert best.bound == pytest.approx(value, abs=1e-5)
            assert served_by_cuts(p, [*now, *best.homes]) - base == pytest.approx(value)
        if truth[-1] < 1:
            continue
        target = float(random.uniform(0.3, 1) * truth[-1])
        f = Freight(target_drivers=target, gap=0.0, curve_to=1, max_homes=6)
        choice = choose(p, f)
        fewest = next(k for k, value in enumerate(truth, 1) if value >= target - 1e-6)
        assert len(choice.best.homes) <= fewest
        assert choice.best.drivers == pytest.approx(truth[fewest - 1], abs=1e-6)
        assert served_by_cuts(p, [*now, *choice.best.homes]) - base == pytest.approx(
            choice.best.drivers, abs=1e-2
        )


def test_merged_segments_serve_the_same():
    random = np.random.default_rng(3)
    for _ in range(20):
        p = random_problem(random)
        twice = fp.HomesProblem(
            sparse.csr_array(np.vstack([p.reach.toarray()] * 2)),
            np.tile(p.drivers, 2),
            p.capacity,
            p.open_now,
            p.conflicts,
        )
        reach, drivers = fp.merged(twice.reach, twice.drivers)
        less = fp.HomesProblem(reach, drivers, p.capacity, p.open_now, p.conflicts)
        every = np.arange(len(p.capacity))
        assert fp.served(less, every).total == pytest.approx(fp.served(twice, every).total, abs=1e-2)
        assert reach.shape[0] <= p.reach.shape[0]


def test_served_says_where_drivers_go():
    p = fp.HomesProblem(
        sparse.csr_array(np.array([[True, False], [True, True]])),
        np.array([30.0, 20]),
        np.array([25.0, 100]),
        np.zeros(2, bool),
    )
    got = fp.served(p, [0, 1])
    assert got.total == pytest.approx(45)  # 25 of the first at home 0, all 20 of the second at home 1
    assert got.by_home.tolist() == pytest.approx([25, 20])
    assert got.by_segment.tolist() == pytest.approx([25, 20])
    assert got.by_home.sum() == pytest.approx(got.by_segment.sum())
    assert (got.by_segment <= p.drivers + 1e-9).all()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, "only 50 drivers have any of the 2 candidate sites in reach"),
        ({"drivers": np.array([900.0, 900])}, "all 2 candidate sites together have bays for 80 drivers more"),
        ({"drivers": np.array([900.0, 900]), "capacity": np.array([60.0, 60])}, "homes 5 km apart"),
    ],
)
def test_a_target_out_of_reach_says_the_most_and_what_binds(change, why):
    facts = {"drivers": np.array([30.0, 20]), "capacity": np.array([40.0, 40])} | change
    p = fp.HomesProblem(
        sparse.csr_array(np.ones((2, 2), bool)),
        facts["drivers"],
        facts["capacity"],
        np.zeros(2, bool),
        np.array([[0, 1]]),
    )
    most = min(facts["drivers"].sum(), facts["capacity"][0])
    with pytest.raises(AbsentError, match=why) as error:
        choose(p, Freight(target_drivers=100))
    assert f"at most {most:,.0f} can be served, with 1 homes" in str(error.value)


def test_capacity_nothing_serves_nobody():
    p = fp.HomesProblem(
        sparse.csr_array(np.ones((1, 1), bool)), np.array([5.0]), np.zeros(1), np.zeros(1, bool)
    )
    with pytest.raises(AbsentError, match="bays for 0 drivers"):
        choose(p, Freight(target_drivers=1))
    with pytest.raises(ValueError, match="0 or more"):
        fp.HomesProblem(
            sparse.csr_array(np.ones((1, 1), bool)), np.array([5.0]), np.array([-1.0]), np.zeros(1, bool)
        )
