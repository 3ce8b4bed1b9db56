"""Trips adjusted to counts: by hand, against the primal problem, and in a made-up county with bad counts."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from planner.freight.counts import adjust, cross_sections
from planner.freight.flows import Trips
from planner.freight.graph import build_graph
from planner.freight.zones import find_gateways, outer_outline
from planner.roads.network import network_from_edges
from planner.roads.reach import snap
from tests.freight.county import CRS, X0, Y0, County, lnglat, points, table


def as_local(matrix) -> Trips:
    made = np.asarray(matrix, float)
    return Trips(made, 0 * made, 0 * made, 0.0, 1.0)


def test_one_count_by_hand():
    # A and B exchange 100 a day each way; 300 are counted on the road between them
    trips, use = as_local([[0, 100], [100, 0]]), np.array([[[[0, 1], [1, 0]]]], bool)
    loose, _ = adjust(trips, use, np.array([300.0]), count_slack=1e-6, zone_slack=np.full(2, 1e6))
    assert loose.total == pytest.approx(np.array([[0, 150], [150, 0]]), rel=1e-4)
    # kept as firmly as the count: T = 100·exp(x + r), 2T = 300(1 − 0.1·x), T = 100(1 − 0.1·r)
    both, factor = adjust(trips, use, np.array([300.0]), count_slack=0.1, zone_slack=np.full(2, 0.1))

    def miss(t: float) -> float:
        return float(np.log(t / 100) - (1 - 2 * t / 300) / 0.1 - (1 - t / 100) / 0.1)

    t = optimize.brentq(miss, 100, 150)
    assert both.total[0, 1] == pytest.approx(t, rel=1e-6)
    assert factor[0, 0, 1] == pytest.approx(t / 100, rel=1e-6)
    assert 100 < t < 150


def test_what_passes_the_count_changes_and_the_rest_of_a_zone_makes_room():
    # a line A - B - C, counted between A and B at half of what the model has
    trips = as_local([[0, 60, 40], [60, 0, 80], [40, 80, 0]])
    use = np.array([[[[0, 1, 1], [1, 0, 0], [1, 0, 0]]]], bool)
    made, _ = adjust(trips, use, np.array([100.0]), count_slack=1e-4, zone_slack=np.full(3, 0.5))
    assert (made.total * use[0, 0]).sum() == pytest.approx(100, rel=1e-3)
    assert made.total[1, 2] > 80  # B and C keep their totals by trips to each other
    assert made.total[0, 1] / made.total[0, 2] == pytest.approx(60 / 40, rel=0.1)
    assert made.total.sum(1) == pytest.approx(made.total.sum(0), rel=1e-6)


def test_a_count_moves_trucks_between_roads_where_the_trips_are_stated_firmly():
    # two kinds of drivers between A and B: one takes the motorway, one the road where 180 are counted
    trips = as_local([[0, 100], [100, 0]])
    use = np.zeros((2, 1, 2, 2), bool)
    use[1, 0] = [[False, True], [True, False]]
    made, factor = adjust(trips, use, np.array([180.0]), count_slack=1e-3, zone_slack=np.full(2, 1e-3))
    assert made.total == pytest.approx(trips.total, rel=5e-3)  # A and B exchange what they did
    assert factor[:, 0, 1] == pytest.approx([0.2, 1.8], abs=0.01)


def primal(trips, use, counted, count_slack, zone_slack):
    """The same ways from the problem itself: least relative entropy with penalties, balance as a constraint."""
    t, kinds = trips.total, len(use)
    kind, i, j = np.nonzero(np.broadcast_to(t > 0, use.shape[:1] + t.shape))
    prior, stated = t[i, j] / kinds, t.sum(1)
    passes = np.array([use[kind, a, i, j] for a in range(len(counted))], float)

    def cost(x):
        miss_count = passes @ x - counted
        miss_zone = np.bincount(i, x, len(t)) - stated
        penalty = (miss_count**2 / (2 * count_slack * counted)).sum() + (
            miss_zone**2 / (2 * zone_slack * stated)
        ).sum()
        return float((x * np.log(x / prior) - x + prior).sum() + penalty)

    def slope(x):
        miss_count = (passes @ x - counted) / (count_slack * counted)
        miss_zone = (np.bincount(i, x, len(t)) - stated) / (zone_slack * stated)
        return np.log(x / prior) + passes.T @ miss_count + miss_zone[i]

    balance = np.array([np.where(i == z, 1.0, 0.0) - np.where(j == z, 1.0, 0.0) for z in range(len(t) - 1)])
    done = optimize.minimize(
        cost, prior, jac=slope, method="SLSQP", bounds=[(1e-6, None)] * len(i),
        constraints={"type": "eq", "fun": lambda x: balance @ x, "jac": lambda _: balance}, options={"maxiter": 1000, "ftol": 1e-13},
    )  # fmt: skip
    assert done.success
    out = np.zeros((kinds, *t.shape))
    out[kind, i, j] = done.x
    return out


@pytest.mark.parametrize("seed", range(6))
def test_adjusted_trips_solve_the_problem_they_are_said_to(seed):
    random = np.random.default_rng(seed)
    z, k, kinds = 4, 3, 1 + seed % 3
    t = random.uniform(2, 30, (z, z)) * (random.random((z, z)) < 0.8)
    t = (t + t.T) / 2  # as many end as begin
    use = random.random((kinds, k, z, z)) < 0.5
    trips = as_local(t)
    counted = (use * t).sum((0, 2, 3)) / kinds * random.uniform(0.6, 1.6, k)
    slack = random.uniform(0.2, 2, z)
    ours, factor = adjust(trips, use, counted, count_slack=0.1, zone_slack=slack)
    truth = primal(trips, use, counted, 0.1, slack)
    assert t * factor / kinds == pytest.approx(truth, abs=2e-3)
    assert ours.total == pytest.approx(truth.sum(0), abs=5e-3)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 3.0))
def test_a_count_is_met_trips_balance_and_the_models_own_count_changes_nothing(
    seed: int, times: float
) -> None:
    random = np.random.default_rng(seed)
    z, kinds = int(random.integers(3, 7)), int(random.integers(1, 4))
    t = random.uniform(1, 30, (z, z))
    t = (t + t.T) / 2
    use = random.random((kinds, 1, z, z)) < 0.4
    use[0, 0, 0, 1] = True
    passing = float((use[:, 0] * t).sum() / kinds)
    split = Trips(t * 0.2, t * 0.3, t * 0.5, 0.1, 0.9)
    same, factor = adjust(split, use, np.array([passing]), count_slack=0.02, zone_slack=np.full(z, 0.5))
    assert np.allclose(factor, 1, atol=1e-6)
    assert np.allclose(same.total, t, rtol=1e-6)
    made, factor = adjust(
        split, use, np.array([times * passing]), count_slack=1e-4, zone_slack=np.full(z, 1.0)
    )
    assert np.isclose((use[:, 0] * factor * t).sum() / kinds, times * passing, rtol=1e-2)
    assert np.allclose(made.total.sum(0), made.total.sum(1), rtol=1e-5)
    assert (factor > 0).all()
    assert np.allclose(made.through, split.through * factor.mean(0))
    assert (made.beta, made.scaled) == (0.1, 0.9)


def test_counts_that_say_nothing_are_refused():
    trips = as_local([[0, 5], [5, 0]])
    with pytest.raises(ValueError, match="no trip passes"):
        adjust(trips, np.zeros((1, 1, 2, 2), bool), np.array([9.0]), count_slack=0.1, zone_slack=np.ones(2))
    with pytest.raises(ValueError, match="0 or more"):
        adjust(trips, np.ones((1, 1, 2, 2), bool), np.array([-9.0]), count_slack=0.1, zone_slack=np.ones(2))


# -- where a count stands ----------------------------------------------------------------------------


def counts_at(*rows):
    return gpd.GeoDataFrame(
        {"road": [r[0] for r in rows], "row": range(2, 2 + len(rows)), "source": "truck_counts.csv"},
        geometry=points(*[r[1] for r in rows]), crs=CRS,
    )  # fmt: skip


def dual_carriageway():
    """A motorway of two one-way carriageways 40 m apart (ways 1, 2) and a trunk road 1 km north (way 3)."""
    x = np.array([0, 10, 10, 0, 0, 10.0]) * 1000 + X0
    y = np.array([0, 0, 40, 40, 1000, 1000.0]) + Y0
    u, v = np.array([0, 2, 4, 1, 3]), np.array([1, 3, 5, 2, 4])
    length = np.array([10_000, 10_000, 10_000, 40, 960.0])
    there = length / 20
    back = np.where(np.isin(np.arange(5), [0, 1]), np.inf, there)
    return network_from_edges(
        x, y, u, v, length, there, back, mode="truck", crs=CRS, min_component=1, edge_way_id=np.array([1, 2, 3, 4, 5]),
        edge_class=np.array([0, 0, 1, 2, 2]), classes=("motorway", "trunk", "residential"),
    )  # fmt: skip


def test_a_count_takes_both_carriageways_of_the_road_it_names():
    network = dual_carriageway()
    graph = build_graph(network, snap(network, np.array([[X0, Y0]]), limit_m=1))
    roads = gpd.GeoDataFrame(
        {"osm_id": ["w1", "w2", "w3", "w9"], "ref": ["G1", "G1", "G2;S3", "X9"], "name": ["甲", "甲", "乙", ""]},
        geometry=[shapely.LineString([(X0, Y0 + d), (X0 + 10_000, Y0 + d)]) for d in (0, 40, 1000, 500)], crs=CRS,
    )  # fmt: skip
    counts = counts_at(
        ("G1", (5, 0.3)), ("S3", (5, 0.3)), ("乙", (2, 0)), ("", (5, 0.7)), ("X9", (5, 0.5)), ("", (5, 9))
    )
    found, told = cross_sections(counts, graph, network, roads)
    assert [sorted(s.edges.tolist()) for s in found] == [[0, 1], [2], [2], [2], [], []]
    assert [len(s.arcs) for s in found] == [2, 2, 2, 2, 0, 0]
    assert [s.by_name for s in found] == [True, True, True, False, False, False]
    assert [(f.code, f.row) for f in told] == [("FRT-013", 6)]  # X9 is drawn, but closed to trucks


# -- in a county -------------------------------------------------------------------------------------


def counted_county(tmp_path, rows: str, freight: str = "", **options):
    files = table(tmp_path, "truck_counts.csv", "road,lng,lat,vehicles_per_day,trucks_per_day\n" + rows)
    return County("target_drivers = 100\n" + freight, files, tmp_path, **options)


def at(plan, edge: int) -> float:
    return float(plan.flows.set_index("edge")["trucks_per_day"].get(edge, 0.0))


def test_a_count_in_the_middle_of_the_county_moves_trips_everywhere(tmp_path):
    before = County("target_drivers = 100").plan()
    (a, b), there = lnglat(17.5, 0), at(before, 4)  # between 15 and 20 km
    county = counted_county(tmp_path, f"G1,{a},{b},,{round(1.6 * there)}\n")
    plan = county.plan()
    row = plan.checks.iloc[0]
    assert row["used"]
    assert row["before"] == pytest.approx(there, rel=1e-3)
    assert row["modelled"] == pytest.approx(1.6 * there, rel=0.02)  # met to 0.02 × ln 1.6
    assert at(plan, 4) == pytest.approx(round(1.6 * there), abs=0.2)  # on the street itself: the count
    assert at(plan, 3) > 1.2 * at(before, 3)  # and its neighbours follow
    assert plan.zones["trips_out"].to_numpy() == pytest.approx(plan.zones["trips_in"].to_numpy(), rel=1e-6)
    assert plan.totals["drivers_passing"] != pytest.approx(before.totals["drivers_passing"], rel=0.01)
    assert plan.totals["drivers_based"] == pytest.approx(before.totals["drivers_based"])
    assert not county.codes & {"FRT-014", "FRT-015", "FRT-016"}


def test_counts_of_all_vehicles_are_only_compared_unless_asked_for(tmp_path):
    a, b = lnglat(17.5, 0)
    before = County("target_drivers = 100").plan()
    plan = counted_county(tmp_path, f"G1,{a},{b},40000,\n").plan()
    pd.testing.assert_frame_equal(pd.DataFrame(plan.flows), pd.DataFrame(before.flows))
    assert plan.checks["before"].tolist() == pytest.approx(plan.checks["modelled"].tolist())
    assert plan.checks["trucks_low"].tolist() == pytest.approx([6000])
    asked = counted_county(tmp_path, f"G1,{a},{b},40000,\n", 'adjust_to = "all"').plan()
    assert asked.checks["modelled"].tolist() == pytest.approx([10_000], rel=0.02)
    off = counted_county(tmp_path, f"G1,{a},{b},,40000\n", 'adjust_to = "none"').plan()
    pd.testing.assert_frame_equal(pd.DataFrame(off.flows), pd.DataFrame(before.flows))


def test_counts_that_contradict_each_other_are_told(tmp_path):
    (a, b), (c, d) = lnglat(17.5, 0), lnglat(23, 0)
    county = counted_county(tmp_path, f"G1,{a},{b},,4000\nG1,{a},{b},,8000\n")
    same = county.plan()
    told = [f for f in county.findings if f.code == "FRT-014"]
    assert [f.row for f in told] == [2, 3]
    assert "4,000 / 8,000" in told[0].message_en
    assert same.checks["modelled"].tolist() == pytest.approx([6000, 6000], rel=0.03)
    # nothing leaves the road between the two: no trips fit both
    hosts = County.usual_hosts().iloc[[0, 2, 3]]
    county = counted_county(tmp_path, f"G1,{a},{b},,2000\nG1,{c},{d},,9000\n", hosts=hosts)
    apart = county.plan()
    told = [f for f in county.findings if f.code == "FRT-016"]
    assert [f.row for f in told] == [2, 3]
    assert apart.checks["modelled"].iloc[0] > 2100
    assert apart.checks["modelled"].iloc[1] < 8550
    assert at(apart, 4) == pytest.approx(2000)  # the map shows what was counted


def test_a_count_that_no_trip_passes_is_shown_and_told(tmp_path):
    county = counted_county(
        tmp_path, "G1,{:.6f},{:.6f},,700\n".format(*lnglat(53, 0))
    )  # east of the last gateway
    plan = county.plan()
    assert "FRT-015" in county.codes
    assert at(plan, 11) == pytest.approx(700)
    assert plan.checks["before"].tolist() == [0]


def test_a_count_just_outside_a_gateway_is_the_gateways(tmp_path):
    a, b = lnglat(-0.9, 0)  # the outline is at 0
    county = counted_county(tmp_path, f"G1,{a},{b},,9000\n")
    plan = county.plan()
    gates = plan.zones[plan.zones["kind"] == "trunk"]
    assert sorted(gates["trips_out"].round().tolist()) == [3000, 4500]
    assert not county.codes & {"FRT-014", "FRT-015", "FRT-016"}


# -- gateways ----------------------------------------------------------------------------------------


def test_roads_cut_at_the_outline_are_gateways_and_gaps_between_districts_are_not():
    left, right = shapely.box(0, 0, 9_990, 10_000), shapely.box(10_000, 0, 20_000, 10_000)  # 10 m apart
    area = shapely.union_all([left, right])
    assert outer_outline(area).area == pytest.approx(20_000 * 10_000, rel=1e-6)
    # a road from one edge to the other, cut there, which crosses the gap between the districts
    x, y = np.array([50.0, 9_000, 9_995, 11_000, 19_960]), np.full(5, 5000.0)
    u, v = np.arange(4), np.arange(1, 5)
    network = network_from_edges(
        x, y, u, v, np.diff(x), np.diff(x) / 15, np.diff(x) / 15, mode="truck", crs=CRS, min_component=1,
        edge_class=np.zeros(4, int), classes=("trunk",),
    )  # fmt: skip
    gates, told = find_gateways(network, area, trucks={"trunk": 6000.0}, merge_km=2.0)
    assert sorted(gates.table.geometry.x.round().tolist()) == [50, 19_960]
    assert gates.doors == (((0,), (0,)), ((4,), (4,)))
    assert gates.table["trucks_per_day"].tolist() == [6000, 6000]
    assert told == []


def test_a_motorway_and_the_road_beside_it_are_two_gateways():
    network = dual_carriageway()
    area = shapely.box(X0 + 3000, Y0 - 5000, X0 + 30_000, Y0 + 5000)
    gates, _ = find_gateways(network, area, trucks={"motorway": 15000.0, "trunk": 6000.0}, merge_km=2.0)
    by_kind = dict(zip(gates.table["kind"], gates.table["trucks_per_day"], strict=True))
    assert by_kind == {"motorway": 15000, "trunk": 6000}
    assert len(gates.table) == 2


def test_counts_at_one_gateway_are_averaged_by_road_and_those_of_another_road_left_alone():
    network = dual_carriageway()
    area = shapely.box(X0 + 3000, Y0 - 5000, X0 + 30_000, Y0 + 5000)
    roads = gpd.GeoDataFrame(
        {"class": ["motorway", "trunk"], "ref": ["G1", "G2"], "name": ["", ""]},
        geometry=[shapely.LineString([(X0, Y0 + d), (X0 + 10_000, Y0 + d)]) for d in (0, 1000)], crs=CRS,
    )  # fmt: skip
    counts = counts_at(("G1", (3.2, 0.9)), ("G1", (3.2, 0.9)), ("X5", (3.2, 0))).assign(
        trucks_per_day=[9000.0, 11000, 77]
    )
    gates, _ = find_gateways(
        network, area, trucks={"motorway": 1.0, "trunk": 2.0}, merge_km=2.0, roads=roads, counts=counts
    )
    by_name = dict(zip(gates.table["name"], gates.table["trucks_per_day"], strict=True))
    assert by_name == {"G1": 10_000, "G2": 2}
    assert gates.table["counted"].tolist() == [n == "G1" for n in gates.table["name"]]


def test_bands_of_trips_are_those_of_studies_at_the_ends_of_the_assumptions(tmp_path):
    a, b = lnglat(17.5, 0)
    files = table(
        tmp_path, "truck_counts.csv", f"road,lng,lat,vehicles_per_day,trucks_per_day\nG1,{a},{b},,9000\n"
    )
    ends = itertools.product((0.8, 1.2, 1.6), (3000, 6000, 9000), (0.25, 0.4, 0.55))
    sums = np.array([
        (t.total.sum(), t.through.sum(), t.exchange.sum())
        for own, gate, share in ends
        if (own, gate, share) == (1.2, 6000, 0.4) or (own != 1.2 and gate != 6000 and share != 0.4)
        for t in [
            County(
                f"trips_per_driver_day = {own}\nthrough_share = {share}\ngateway_trucks = {{trunk = {gate}.0}}", files, tmp_path
            ).model().trips
        ]
    ])  # fmt: skip
    assert len(sums) == 9
    bands = County("", files, tmp_path).model().trip_bands
    for i, name in enumerate(("trips", "through_trips", "exchange_trips")):
        assert bands[f"{name}_per_day_low"] == pytest.approx(sums[:, i].min(), rel=1e-6)
        assert bands[f"{name}_per_day_high"] == pytest.approx(sums[:, i].max(), rel=1e-6)
    assert bands["trips_per_day_low"] < 0.9 * bands["trips_per_day_high"]


def test_vehicles_times_a_share_are_no_count_of_trucks(tmp_path):
    a, b = lnglat(17.5, 0)
    files = table(
        tmp_path, "truck_counts.csv", f"road,lng,lat,vehicles_per_day,trucks_per_day\nG1,{a},{b},36000,\n"
    )
    for adjust_to in ("trucks", "all"):
        county = County(f'adjust_to = "{adjust_to}"', files, tmp_path)
        model = county.model()
        assert model.counts["used"].tolist() == [adjust_to == "all"]
        assert model.trip_bands == {}
