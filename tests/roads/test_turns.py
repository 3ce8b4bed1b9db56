"""Turn restrictions by hand: a crossroads with one arm per quarter, and what each kind forbids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import osmium
import pytest

from planner.inputs.osm.streets import read_osm_streets
from planner.roads.make.profiles import MODES
from planner.roads.network import Network, network_from_edges, read_network
from planner.roads.reach import travel_times
from tests.roads.osm_text import EAST, NORTH, osm
from tests.street_referee import dense, on_edges
from tests.turn_referee import some_turns, turn_seconds

#: Node 5 in the middle; arms of 100 m: way 1 west, 2 south, 3 east, 4 north.
NODES = {1: (-100, 0), 2: (0, -100), 3: (100, 0), 4: (0, 100), 5: (0, 0)}
ARMS = {w: ([w, 5], {"highway": "primary"}) for w in (1, 2, 3, 4)}
WEST, SOUTH, EAST_, NORTH_ = 1, 2, 3, 4


def rule(kind, come=(1,), go=(4,), via=(("node", 5),), **more):
    members = [
        *(("way", w, "from") for w in come),
        *((t, i, "via") for t, i in via),
        *(("way", w, "to") for w in go),
    ]
    tags = {"type": "restriction"} | ({"restriction": kind} if kind else {})
    return members, tags | {k.replace("__", ":"): v for k, v in more.items()}


@pytest.fixture
def crossroads(tmp_path):
    def read(*rules, mode="car", ways=ARMS, nodes=NODES, node_tags=None, **options):
        relations = {100 + i: r for i, r in enumerate(rules)}
        return read_network(osm(tmp_path / "x.osm", nodes, ways, node_tags, relations), mode, **options)

    return read


def shut(network: Network) -> set[tuple[int, int]]:
    """(way come from, way not gone to) of every forbidden turn."""
    table = network.forbidden_turns()
    assert (np.hypot(table.geometry.x - EAST, table.geometry.y - NORTH) < 0.02).all()
    return set(zip(table["from_way"], table["to_way"], strict=True))


def told(network: Network) -> dict[str, str]:
    return {f.code: f.message_en for f in network.findings if f.code in ("NET-123", "NET-124")}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rule("no_left_turn"), {(1, 4), (1, 1)}),
        (rule("no_right_turn", go=[2]), {(1, 2)}),
        (rule("no_straight_on", go=[3]), {(1, 3)}),
        (rule("no_u_turn", go=[1]), {(1, 1)}),
        (rule("only_straight_on", go=[3]), {(1, 1), (1, 2), (1, 4)}),
        (rule("only_left_turn"), {(1, 1), (1, 2), (1, 3)}),
        (rule("only_right_turn", go=[2]), {(1, 1), (1, 3), (1, 4)}),
        (rule("no_entry", come=[1, 2], go=[3]), {(1, 3), (2, 3)}),
        (rule("no_exit", go=[2, 3]), {(1, 2), (1, 3)}),
    ],
)
def test_each_kind_forbids_what_it_says(crossroads, given, expected):
    made = crossroads(given)
    assert shut(made) == expected
    assert "1 turn restrictions hold for car; 0 more" in told(made)["NET-123"]


def test_walkers_and_riders_turn_as_they_like_and_a_study_may_switch_them_off(crossroads):
    given = rule("no_left_turn")
    assert [len(crossroads(given, mode=m).turns) for m in MODES] == [0, 0, 2, 2]
    off = crossroads(given, turn_restrictions=False)
    assert len(off.turns) == 0
    assert not told(off)


@pytest.mark.parametrize(
    ("more", "car", "truck"),
    [
        ({"except": "psv;motorcar"}, False, True),
        ({"except": "hgv"}, True, False),
        ({"except": "bicycle; motor_vehicle"}, False, False),
        ({"except": "psv"}, True, True),
    ],
)
def test_exceptions_are_by_vehicle(crossroads, more, car, truck):
    for mode, holds in (("car", car), ("truck", truck)):
        made = crossroads(rule("no_left_turn", **more), mode=mode)
        assert bool(len(made.turns)) == holds, mode
        assert (
            f"{int(holds)} turn restrictions hold for {mode}; {int(not holds)} more" in told(made)["NET-123"]
        )


def test_restrictions_of_a_vehicle_are_for_it_alone_and_go_before_the_general_one(crossroads):
    for_trucks = rule(None, restriction__hgv="no_left_turn")
    assert shut(crossroads(for_trucks)) == set()
    assert shut(crossroads(for_trucks, mode="truck")) == {(1, 4), (1, 1)}
    both = rule("no_left_turn", restriction__hgv="only_straight_on", go=[3])
    assert shut(crossroads(both, mode="truck")) == {(1, 1), (1, 2), (1, 4)}
    assert shut(crossroads(rule(None, restriction__motorcar="no_u_turn", go=[1]))) == {(1, 1)}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (rule("no_left_turn", via=[("way", 3)]), "1 pass along streets"),
        (rule("no_left_turn", hour_on="7", hour_off="9"), "1 hold at some hours"),
        (rule(None, restriction__conditional="no_left_turn @ (07:00-09:00)"), "1 hold at some hours"),
        (rule("no_left_turn", come=[1, 2]), "1 do not say clearly"),
        (rule("no_left_turn", come=[]), "1 do not say clearly"),
        (rule("{{7*7}}"), "1 are of an unknown kind"),
    ],
)
def test_what_is_not_applied_is_told_with_its_reason(crossroads, given, why):
    made = crossroads(given)
    assert len(made.turns) == 0
    assert why in told(made)["NET-124"]
    assert "1 turn restrictions are not applied to car" in told(made)["NET-124"]


def test_a_way_that_runs_through_the_junction_is_not_clear(crossroads):
    ways = {1: ([1, 5, 3], {"highway": "primary"}), 4: ([4, 5], {"highway": "primary"})}
    assert "1 do not say clearly" in told(crossroads(rule("no_left_turn"), ways=ways))["NET-124"]


def test_rules_about_other_streets_vehicles_and_directions_are_idle(crossroads):
    out_only = ARMS | {1: ([5, 1], {"highway": "primary", "oneway": "yes"})}
    foot = ARMS | {4: ([4, 5], {"highway": "footway"})}
    for ways in (out_only, foot):
        made = crossroads(rule("no_left_turn"), ways=ways)
        assert shut(made) == set()
        assert "0 turn restrictions hold for car; 1 more" in told(made)["NET-123"]
    barred = crossroads(rule("no_left_turn"), node_tags={5: {"barrier": "block"}})
    assert len(barred.turns) == 0


def test_a_detour_by_hand(crossroads):
    """No left from the west: straight on, round at the east arm's end, and right into the north arm."""
    made = crossroads(rule("no_left_turn"), speeds_kmh={"car": 36.0})
    way = {w: int(np.flatnonzero(made.edge_way_id == w)[0]) for w in ARMS}
    here, there = on_edges(made, [way[4]], [0.5]), on_edges(made, [way[1], way[2], way[3]], [0.5] * 3)
    found = dense(travel_times(made, here, there, cutoff_s=100).seconds)
    assert found[0] == pytest.approx([10 + 20, 10, 10], abs=0.01)
    free = dense(travel_times(crossroads(speeds_kmh={"car": 36.0}), here, there, cutoff_s=100).seconds)
    assert free[0] == pytest.approx([10, 10, 10], abs=0.01)


def test_turns_are_kept_on_disk_and_checked(crossroads, tmp_path):
    made = crossroads(rule("no_left_turn"))
    again = Network.load(made.save(tmp_path / "n.npz"))
    assert np.array_equal(again.turns, made.turns)
    assert again.turns.dtype == np.int32
    x = np.array([0.0, 1, 2])
    args = x, x, [0, 1], [1, 2], np.ones(2), np.ones(2), np.ones(2)
    for bad in ([[0, 0, 1]], [[0, 1, 2]], [[-1, 1, 1]]):
        with pytest.raises(ValueError, match="turn"):
            network_from_edges(*args, turns=bad)
    assert len(network_from_edges(*args, turns=[[0, 1, 1]]).turns) == 1


def test_pbf_and_xml_hold_the_same_rules(tmp_path):
    relations = {
        7: rule("no_left_turn", **{"except": "hgv;psv"}),
        8: ([("relation", 7, "sub"), ("way", 1, "outer")], {"type": "multipolygon", "landuse": "forest"}),
        -9: rule("only_straight_on", go=[3], name="含 空格, 逗号=等号"),
        10: rule(None, restriction__hgv="no_u_turn", go=[1]),
    }
    text = osm(tmp_path / "x.osm", NODES, ARMS, {}, relations)
    with osmium.SimpleWriter(str(tmp_path / "x.osm.pbf")) as out:
        for item in osmium.FileProcessor(str(text)):
            out.add(item)
    ours, theirs = read_osm_streets(tmp_path / "x.osm.pbf").turns, read_osm_streets(text).turns
    assert ours == theirs
    assert [t.relation for t in ours] == [-9, 7, 10]
    assert ours[1].tags == {"type": "restriction", "restriction": "no_left_turn", "except": "hgv;psv"}
    assert (ours[1].from_ways, ours[1].to_ways, ours[1].along) == ((1,), (4,), False)


@pytest.mark.real
@pytest.mark.parametrize(
    "place", ["nanshan/nanshan.osm", "liechtenstein/liechtenstein-latest.osm.pbf", "helsinki"]
)
def test_real_streets_equal_networkx_on_directed_streets(shared_data, place):
    """The file's own restrictions and some hundred more, 12 sites, 200 points around them."""
    from tests.roads.test_network_real import helsinki

    path = helsinki() if place == "helsinki" else shared_data / place
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")
    network = read_network(path, "car")
    rng = np.random.default_rng(11)
    u = network.edge_u
    near = np.flatnonzero(network.counts[u])
    seed = network.turns[0, 1] if len(network.turns) else rng.choice(u[near])
    away = np.hypot(network.x_m[u] - network.x_m[seed], network.y_m[u] - network.y_m[seed])
    close = near[np.argsort(away[near], kind="stable")[:300]]
    more = some_turns(network, network.n_nodes // 6, rng)
    network = replace(network, turns=np.unique(np.vstack([network.turns, more]), axis=0))
    sites = on_edges(network, rng.choice(close, 12), rng.uniform(0.01, 0.99, 12), rng.uniform(0, 40, 12))
    demand = on_edges(network, rng.choice(close, 200), rng.uniform(0.01, 0.99, 200), rng.uniform(0, 40, 200))
    expected = turn_seconds(network, sites, demand, cutoff_s=300)
    found = dense(travel_times(network, sites, demand, cutoff_s=300).seconds)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    free = dense(travel_times(replace(network, turns=network.turns[:0]), sites, demand, cutoff_s=300).seconds)
    assert np.isfinite(found).sum() > 300
    assert (free < found - 1e-3).sum() > 100, "the turns change nothing here"


@pytest.mark.real
def test_helsinki_obeys_its_own_restrictions():
    from tests.roads.test_network_real import helsinki

    made = read_network(helsinki(), "car")
    words = told(made)
    assert "NET-123" in words
    assert len(made.turns) > 30
    # Every forbidden turn is one of a relation that names these ways (or a street an "only" leaves out).
    come = {int(w) for w in made.forbidden_turns()["from_way"]}
    named = {w for t in read_osm_streets(helsinki()).turns for w in t.from_ways}
    assert come <= named
