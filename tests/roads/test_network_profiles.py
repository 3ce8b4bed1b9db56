"""Who may go where and how fast: each rule on a street of 100 m between x = 0 and x = 100."""

from __future__ import annotations

import csv
from importlib import resources

import numpy as np
import pytest

from planner.errors import InputError, PlannerError
from planner.roads.make.profiles import MODES, kmh_of, metres_of, minutes_of, profile
from planner.roads.network import read_network
from planner.tables import HOST_KINDS
from tests.roads.osm_text import EAST, osm
from tests.roads.test_network import arcs

LENGTH = {1: (0, 0), 2: (100, 0)}
BOTH, FORTH, BACK, NONE = {(0, 100), (100, 0)}, {(0, 100)}, {(100, 0)}, set()


@pytest.fixture
def street(tmp_path):
    """Arcs of one street with the given tags, for a mode."""

    def read(mode, speeds_kmh=None, node_tags=None, nodes=LENGTH, refs=None, **tags):
        # A service road far off keeps the file from being without streets for the mode.
        more = nodes | {91: (9000, 0), 92: (9100, 0)}
        given = {k.replace("__", ":"): v for k, v in tags.items()}
        ways = {1: (refs or list(nodes), given), 9: ([91, 92], {"highway": "residential"})}
        network = read_network(osm(tmp_path / "s.osm", more, ways, node_tags), mode, speeds_kmh=speeds_kmh)
        return {k: v for k, v in arcs(network, EAST).items() if k[0] < 5000}

    return read


@pytest.mark.parametrize(
    ("tags", "walk", "ebike", "car", "truck"),
    [
        ({"highway": "residential"}, BOTH, BOTH, BOTH, BOTH),
        ({"highway": "motorway"}, NONE, NONE, FORTH, FORTH),
        ({"highway": "motorway", "oneway": "no"}, NONE, NONE, BOTH, BOTH),
        ({"highway": "footway"}, BOTH, BOTH, NONE, NONE),
        ({"highway": "steps"}, BOTH, NONE, NONE, NONE),
        ({"highway": "cycleway"}, BOTH, BOTH, NONE, NONE),
        ({"highway": "cycleway", "foot": "no"}, NONE, BOTH, NONE, NONE),
        ({"highway": "construction"}, NONE, NONE, NONE, NONE),
        ({"highway": "proposed"}, NONE, NONE, NONE, NONE),
        ({"highway": "service", "access": "private"}, NONE, NONE, NONE, NONE),
        ({"highway": "service", "access": "private", "foot": "yes"}, BOTH, NONE, NONE, NONE),
        ({"highway": "residential", "access": "no", "bicycle": "yes"}, NONE, BOTH, NONE, NONE),
        ({"highway": "residential", "motor_vehicle": "no"}, BOTH, BOTH, NONE, NONE),
        ({"highway": "residential", "vehicle": "no", "motor_vehicle": "yes"}, BOTH, NONE, BOTH, BOTH),
        ({"highway": "residential", "hgv": "no"}, BOTH, BOTH, BOTH, NONE),
        ({"highway": "residential", "motor_vehicle": "destination"}, BOTH, BOTH, BOTH, BOTH),
        ({"highway": "residential", "oneway": "yes"}, BOTH, FORTH, FORTH, FORTH),
        ({"highway": "residential", "oneway": "-1"}, BOTH, BACK, BACK, BACK),
        ({"highway": "residential", "oneway": "reversible"}, BOTH, NONE, NONE, NONE),
        ({"highway": "residential", "oneway": "yes", "oneway__bicycle": "no"}, BOTH, BOTH, FORTH, FORTH),
        ({"highway": "residential", "oneway": "yes", "cycleway": "opposite_lane"}, BOTH, BOTH, FORTH, FORTH),
        ({"highway": "residential", "oneway__foot": "yes"}, FORTH, BOTH, BOTH, BOTH),
        ({"highway": "residential", "junction": "roundabout"}, BOTH, FORTH, FORTH, FORTH),
        ({"highway": "primary", "motorroad": "yes"}, NONE, NONE, BOTH, BOTH),
        ({"highway": "primary", "maxheight": "3.2"}, BOTH, BOTH, BOTH, NONE),
        ({"highway": "primary", "maxheight": "4.5"}, BOTH, BOTH, BOTH, BOTH),
        ({"highway": "primary", "maxweight": "7.5 t"}, BOTH, BOTH, BOTH, NONE),
        ({"highway": "primary", "maxheight__physical": "3.5"}, BOTH, BOTH, BOTH, NONE),
        ({"highway": "primary", "maxheight": "below_default"}, BOTH, BOTH, BOTH, BOTH),
        ({"highway": "primary", "maxweightrating__hgv": "7.5"}, BOTH, BOTH, BOTH, NONE),
        ({"highway": "primary", "maxaxleload": "6"}, BOTH, BOTH, BOTH, NONE),
        ({"highway": "primary", "maxaxleload": "13"}, BOTH, BOTH, BOTH, BOTH),
        ({"highway": "primary", "maxwidth": "2.2"}, BOTH, BOTH, BOTH, NONE),
        ({"highway": "primary", "maxlength": "7 m"}, BOTH, BOTH, BOTH, NONE),
        ({"highway": "pedestrian", "area": "yes"}, BOTH, NONE, NONE, NONE),
        ({"route": "ferry"}, BOTH, BOTH, NONE, NONE),
        ({"route": "ferry", "motor_vehicle": "yes", "foot": "no"}, NONE, BOTH, BOTH, BOTH),
        ({"route": "bus"}, NONE, NONE, NONE, NONE),
    ],
)  # fmt: skip
def test_who_may_go_which_way(street, tags, walk, ebike, car, truck):
    found = {mode: set(street(mode, **tags)) for mode in MODES}
    assert found == {"walk": walk, "ebike": ebike, "car": car, "truck": truck}


@pytest.mark.parametrize(
    ("mode", "tags", "kmh"),
    [
        ("walk", {"highway": "primary"}, 4.0),
        ("walk", {"highway": "steps"}, 2.2),
        ("ebike", {"highway": "primary"}, 15.0),
        ("ebike", {"highway": "footway"}, 5.0),
        ("ebike", {"highway": "footway", "bicycle": "yes"}, 15.0),
        ("ebike", {"highway": "primary", "maxspeed": "10"}, 10.0),
        ("car", {"highway": "primary"}, 65.0),
        ("car", {"highway": "primary", "maxspeed": "50"}, 40.0),
        ("car", {"highway": "primary", "maxspeed": "30 mph"}, 30 * 1.609344 * 0.8),
        ("car", {"highway": "primary", "maxspeed": "fast"}, 65.0),
        ("car", {"highway": "primary", "surface": "gravel"}, 39.0),
        ("truck", {"highway": "motorway", "maxspeed": "120"}, 80.0),
        ("truck", {"highway": "motorway", "maxspeed": "120", "maxspeed:hgv": "60"}, 48.0),
    ],
)
def test_speeds(street, mode, tags, kmh):
    found = street(mode, **{k.replace(":", "__"): v for k, v in tags.items()})
    assert found[0, 100] == pytest.approx(100 / kmh * 3.6, rel=2e-3)


def test_posted_limits_by_direction(street):
    found = street("car", highway="primary", maxspeed__forward="100", maxspeed__backward="50")
    assert found[100, 0] == pytest.approx(2 * found[0, 100])


def test_a_ferry_takes_as_long_as_it_says(street):
    assert street("walk", route="ferry", duration="00:12")[0, 100] == pytest.approx(720, rel=2e-3)


def test_one_speed_for_a_mode_has_no_delays_and_no_penalties(street):
    signal = {2: {"highway": "traffic_signals"}}
    flat = street("car", {"car": 36.0}, signal, highway="primary", maxspeed="20", surface="gravel")
    assert flat[0, 100] == pytest.approx(10, rel=1e-3)
    assert street("walk", {"walk": 3.6}, highway="steps")[0, 100] == pytest.approx(100, rel=1e-3)
    assert street("walk", {"ebike": 99.0}, highway="footway")[0, 100] == pytest.approx(90, rel=1e-3)


def test_a_class_speed_of_the_study_wins_over_a_posted_limit(street):
    assert street("car", {"primary": 36.0}, highway="primary", maxspeed="100")[0, 100] == pytest.approx(
        10, rel=1e-3
    )
    assert street("car", {"primary": 36.0}, highway="secondary")[0, 100] == pytest.approx(
        100 / 55 * 3.6, rel=1e-3
    )


def test_walking_speed_scales_steps_with_it(tmp_path):
    path = osm(tmp_path / "s.osm", LENGTH, {1: ([1, 2], {"highway": "steps"})})
    slow, quick = read_network(path), read_network(path, walk_kmh=8.0)
    assert slow.edge_s_uv == pytest.approx(2 * quick.edge_s_uv)


@pytest.mark.parametrize(
    "bad",
    [{"primray": 30}, {"car": 0}, {"primary": -5}, {"car": float("nan")}, {"car": "fast"}, {"car": True}],
)
def test_impossible_speeds_are_refused(bad):
    with pytest.raises(PlannerError, match="speeds_kmh"):
        profile("car", speeds_kmh=bad)


def test_the_nearest_class_is_named():
    with pytest.raises(PlannerError, match="'primary'"):
        profile("car", speeds_kmh={"primray": 30})


# --- nodes: delays and barriers --------------------------------------------------------------------------

THREE = {1: (0, 0), 2: (100, 0), 3: (200, 0)}


def test_a_signal_delays_whoever_passes_or_reaches_it(street):
    plain = street("car", nodes=THREE, highway="primary")
    lit = street("car", nodes=THREE, highway="primary", node_tags={2: {"highway": "traffic_signals"}})
    assert lit[0, 200] - plain[0, 200] == pytest.approx(20)
    assert lit[200, 0] - plain[200, 0] == pytest.approx(20)
    at_end = street("car", nodes=THREE, highway="primary", node_tags={3: {"highway": "traffic_signals"}})
    assert at_end[0, 200] - plain[0, 200] == pytest.approx(20)
    assert at_end[200, 0] == pytest.approx(plain[200, 0])


def test_a_signal_may_hold_for_one_direction(street):
    plain = street("car", nodes=THREE, highway="primary")
    tags = {"highway": "traffic_signals", "traffic_signals:direction": "forward"}
    lit = street("car", nodes=THREE, highway="primary", node_tags={2: tags})
    assert lit[0, 200] - plain[0, 200] == pytest.approx(20)
    assert lit[200, 0] == pytest.approx(plain[200, 0])


def test_walking_waits_nowhere(street):
    lit = street("walk", nodes=THREE, highway="primary", node_tags={2: {"highway": "traffic_signals"}})
    assert lit[0, 200] == pytest.approx(180, rel=1e-3)


def test_a_junction_without_signal_costs_cars_a_little(tmp_path):
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (103, 90)}
    ways = {1: ([1, 2, 3], {"highway": "primary"}), 2: ([2, 4], {"highway": "primary"})}
    found = arcs(read_network(osm(tmp_path / "s.osm", nodes, ways), "car"), EAST)
    assert found[0, 100] - found[100, 0] == pytest.approx(2, abs=1e-2)
    lit = arcs(
        read_network(osm(tmp_path / "s.osm", nodes, ways, {2: {"highway": "traffic_signals"}}), "car"), EAST
    )
    assert lit[0, 100] - lit[100, 0] == pytest.approx(20, abs=1e-2)


@pytest.mark.parametrize(
    ("tags", "passes"),
    [
        ({"barrier": "bollard"}, {"walk", "ebike"}),
        ({"barrier": "gate"}, {"walk", "ebike", "car", "truck"}),
        ({"barrier": "gate", "access": "private"}, set()),
        ({"barrier": "gate", "locked": "yes"}, set()),
        ({"barrier": "gate", "motor_vehicle": "no"}, {"walk", "ebike"}),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, {"walk", "ebike", "car", "truck"}),
        ({"barrier": "stile"}, {"walk"}),
        ({"barrier": "wall"}, set()),
        ({"barrier": "toll_booth"}, {"walk", "ebike", "car", "truck"}),
        ({"barrier": "height_restrictor"}, {"walk", "ebike", "car"}),
        ({"barrier": "height_restrictor", "maxheight": "2.1"}, {"walk", "ebike", "car"}),
    ],
)
def test_barriers_cut_the_street_in_two(street, tags, passes):
    for mode in MODES:
        found = street(mode, nodes=THREE, highway="primary", node_tags={2: tags})
        assert set(found) == (
            {(0, 200), (200, 0)} if mode in passes else {(0, 100), (100, 0), (100, 200), (200, 100)}
        ), mode


def test_a_closed_barrier_at_a_junction_parts_every_street(tmp_path):
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (100, 90)}
    ways = {1: ([1, 2, 3], {"highway": "primary"}), 2: ([2, 4], {"highway": "primary"})}
    made = read_network(osm(tmp_path / "s.osm", nodes, ways, {2: {"barrier": "block"}}), "car")
    assert made.n_nodes == 6
    assert made.component.max() == 2


# --- words of the tags -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kmh"),
    [("50", 50), ("50 km/h", 50), ("30 mph", 48.28032), ("60;40", 40), ("CN:urban", 50), ("none", None), ("-5", None),
     ("0", None), ("schnell", None), ("", None), ("10 knots", 18.52), ("1e9999", None)],
)  # fmt: skip
def test_posted_limits(text, kmh):
    assert kmh_of(text) == (None if kmh is None else pytest.approx(kmh))


def test_heights_weights_and_durations():
    assert [metres_of(t) for t in ("3.8", "4 m", "7.5t", "none", "3,8")] == [3.8, 4.0, 7.5, None, None]
    assert metres_of("12 ft 6 in") == pytest.approx(3.81)
    assert [minutes_of(t) for t in ("12", "0:25", "01:10:00", "PT45M", "PT1H", "soon")] == [
        12,
        25,
        70,
        45,
        60,
        0,
    ]


def test_every_row_of_the_table_is_sourced_and_readable():
    rows = list(
        csv.DictReader(
            resources.files("planner.roads.make").joinpath("profiles.csv").read_text("utf-8").splitlines()
        )
    )
    assert {r["mode"] for r in rows} == {*MODES, "*"}
    assert all(r["source"] for r in rows)
    for r in rows:
        if r["kind"] in ("class", "open", "factor", "delay", "junction", "limit", "rule"):
            assert float(r["number"]) >= 0, r
        if r["kind"] in ("class", "open", "factor"):
            assert float(r["number"]) > 0, r
    keys = [(r["mode"], r["kind"], r["key"], r["value"]) for r in rows]
    assert len(set(keys)) == len(keys)


def test_no_street_for_the_mode_is_said(tmp_path):
    path = osm(tmp_path / "s.osm", LENGTH, {1: ([1, 2], {"highway": "steps"})})
    with pytest.raises(InputError, match="NET-104"):
        read_network(path, "car")


def test_unreadable_limits_are_told(tmp_path):
    path = osm(tmp_path / "s.osm", LENGTH, {1: ([1, 2], {"highway": "primary", "maxspeed": "{{7*7}}"})})
    told = [f for f in read_network(path, "car").findings if f.code == "NET-113"]
    assert len(told) == 1
    assert "{{7*7}}" in told[0].message_en


def test_host_kinds_of_the_table_are_known():
    rows = csv.DictReader(
        resources.files("planner.inputs.osm").joinpath("hosts.csv").read_text("utf-8").splitlines()
    )
    assert {r["host_kind"] for r in rows} <= set(HOST_KINDS)


def test_seconds_grow_with_length_and_never_vanish(street):
    found = street("car", nodes={1: (0, 0), 2: (0.001, 0), 3: (100, 0)}, highway="primary")
    assert all(np.isfinite(v) and v > 0 for v in found.values())
