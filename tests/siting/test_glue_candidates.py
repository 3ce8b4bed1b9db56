"""Candidates on one straight street: who stays, who is left out and why, in what order, at what price."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString, Point, box

import planner
from planner.settings.siting import Siting
from planner.siting.candidates import (
    HOST_ORDER,
    find_candidates,
    points_along_streets,
    proportional_quota_min,
)

CRS = "EPSG:4549"
X, Y = 559_000.0, 3_464_000.0


def street(*ends: float, y: float = 0.0) -> LineString:
    return LineString([(X + x, Y + y) for x in ends])


@pytest.fixture(scope="module")
def network():
    """2 km of street in pieces of 500 m."""
    pieces = [street(500.0 * i, 500.0 * i + 500) for i in range(4)]
    return planner.read_network(gpd.GeoDataFrame(geometry=pieces, crs=CRS), "walk")


@pytest.fixture(scope="module")
def districts() -> gpd.GeoDataFrame:
    """West to x = 1,200, east from x = 1,000: where they overlap, the first holds."""
    shapes = [box(X - 100, Y - 300, X + 1200, Y + 300), box(X + 1000, Y - 300, X + 2100, Y + 300)]
    return gpd.GeoDataFrame({"district": ["west", "east"]}, geometry=shapes, crs=CRS)


def hosts(*rows: tuple) -> gpd.GeoDataFrame:
    """(id, kind, x, y[, hours[, name]]) each."""
    full = [(*r, *("", "")[len(r) - 4 :]) for r in rows]
    ids, kinds, x, y, hours, names = zip(*full, strict=True)
    return gpd.GeoDataFrame(
        {"host_id": ids, "host_kind": kinds, "open_hours": hours, "name": names},
        geometry=[Point(X + a, Y + b) for a, b in zip(x, y, strict=True)],
        crs=CRS,
    )


def stations(*rows: tuple[float, str]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"status": [s for _, s in rows]}, geometry=[Point(X + x, Y) for x, _ in rows], crs=CRS
    )


def found(network, districts, table, *, there=(), water=None, progress=None, **rules):
    plain = {"dedupe_m": 0, "min_to_open_m": 0, "p": 1} | rules
    return find_candidates(
        table, network, districts, stations(*there), rules=Siting(**plain), water=water, progress=progress
    )


def why(findings) -> dict[str, int]:
    """English reason → how many."""
    words = {
        "outside the study's districts": "outside", "in water": "water", "beside a station that is open": "open",
        "no walkable street close enough": "street", "another host stands at the same spot": "spot",
    }  # fmt: skip
    out = {}
    for f in findings:
        if f.code == "CAN-001":
            reason = next(short for text, short in words.items() if text in f.message_en)
            out[reason] = next(int(w) for w in f.message_en.replace(":", " ").split() if w.isdigit())
    return out


def test_a_host_beside_the_street_is_a_candidate_with_every_column(network, districts) -> None:
    table, findings = found(
        network, districts,
        hosts(("h2", "bank", 300, 10, "08:00-17:00", "甲行"), ("h1", "park", 1500, 20)),
        host_kinds=("bank", "park"), cost_yuan={"bank": 5000}, host_hours={"park": "06:00-22:00"},
    )  # fmt: skip
    assert findings == []
    assert list(table.columns) == [
        "site_id", "host_id", "name", "host_kind", "open_hours", "week_hours", "cost_yuan", "district", "geometry",
    ]  # fmt: skip
    assert table["site_id"].tolist() == table["host_id"].tolist() == ["h1", "h2"]
    assert table["name"].tolist() == ["", "甲行"]
    assert table["open_hours"].tolist() == ["06:00-22:00", "08:00-17:00"]
    assert table["cost_yuan"].tolist() == [17666.0, 5000.0]
    assert table["district"].tolist() == ["east", "west"]
    assert table.index.tolist() == [0, 1]
    assert table.geometry.iloc[1] == Point(X + 300, Y + 10)
    assert table.crs == CRS


def test_the_studys_cost_of_a_kind_goes_first_then_the_tables_then_the_studys_default(
    network, districts
) -> None:
    some = hosts(
        ("a", "bank", 100, 0), ("b", "community", 200, 0), ("c", "park", 300, 0), ("d", "port", 400, 0)
    )
    rules = {"host_kinds": ("bank", "community", "park", "port")}
    table, _ = found(network, districts, some, **rules)
    assert table["cost_yuan"].tolist() == [7200.0, 7200.0, 17666.0, 8000.0]
    own = {"cost_yuan": {"bank": 5000, "port": 1e6}, "default_cost_yuan": 9000}
    table, _ = found(network, districts, some, **rules, **own)
    assert table["cost_yuan"].tolist() == [5000.0, 7200.0, 17666.0, 1e6]
    table, _ = found(network, districts, some, **rules, default_cost_yuan=9000)
    assert table["cost_yuan"].tolist() == [7200.0, 7200.0, 17666.0, 9000.0]
    table, _ = found(network, districts, some[:0], every_m=500.0)
    assert set(table["cost_yuan"]) == {26700.0}


def test_hours_are_the_hosts_else_its_kinds_else_the_studys(network, districts) -> None:
    some = hosts(
        ("a", "bank", 100, 0, None, None), ("b", "park", 200, 0, ""), ("c", "park", 300, 0, "09:00-10:00")
    )
    rules = {"host_hours": {"park": "06:00-22:00"}, "default_hours": "08:00-18:00"}
    table, _ = found(network, districts, some, **rules)
    assert table["open_hours"].tolist() == ["08:00-18:00", "06:00-22:00", "09:00-10:00"]
    assert table["name"].tolist() == ["", "", ""]


def test_only_the_kinds_asked_for_stay_and_by_default_all_but_the_streets_and_strange_ones(
    network, districts
) -> None:
    some = hosts(
        ("a", "bank", 100, 0), ("b", "park", 200, 0), ("c", "street", 300, 0), ("d", "industry", 400, 0)
    )
    assert found(network, districts, some)[0]["host_id"].tolist() == ["a", "b"]
    kept, findings = found(network, districts, some, host_kinds=("park", "street", "industry"))
    assert kept["host_id"].tolist() == ["b", "c", "d"]
    assert findings == []


def test_each_reason_for_leaving_out_is_counted(network, districts) -> None:
    some = hosts(
        ("ok0", "bank", 50, 0),
        ("out1", "bank", -150, 0), ("out2", "bank", 2150, 0), ("out3", "bank", 500, 400),  # outside
        ("wet", "bank", 700, 5),  # in the pond
        ("far1", "bank", 900, 61), ("far2", "bank", 950, -80),  # 60 m from the street is as far as it goes
        ("near", "bank", 1450, 30),  # 58 m from the open station
        ("ok1", "bank", 100, 59), ("ok2", "bank", 1400, 0), ("ok3", "bank", 1850, 0),
    )  # fmt: skip
    pond = gpd.GeoDataFrame(geometry=[box(X + 650, Y - 10, X + 750, Y + 10)], crs=CRS)
    table, findings = found(
        network, districts, some, water=pond, there=[(1500, "open"), (1850, "planned")], min_to_open_m=100
    )
    assert table["host_id"].tolist() == ["ok0", "ok1", "ok2", "ok3"]
    assert why(findings) == {"outside": 3, "water": 1, "street": 2, "open": 1}
    assert {f.code for f in findings} == {"CAN-001"}
    assert all(f.source == "candidates" for f in findings)


def test_exactly_as_far_as_asked_from_an_open_station_is_far_enough(network, districts) -> None:
    some = hosts(("a", "bank", 1000, 0), ("b", "bank", 1099.5, 0), ("c", "bank", 1100.5, 0))
    table, findings = found(network, districts, some, there=[(1200, "open")], min_to_open_m=100)
    assert table["host_id"].tolist() == ["a", "b"]
    assert why(findings) == {"open": 1}
    assert len(found(network, districts, some, there=[(1200, "suspended")], min_to_open_m=100)[0]) == 3
    exact = hosts(("a", "bank", 1100, 0))
    assert len(found(network, districts, exact, there=[(1200, "open")], min_to_open_m=100)[0]) == 1


def test_where_districts_overlap_the_first_holds(network, districts) -> None:
    some = hosts(("a", "bank", 900, 0), ("b", "bank", 1100, 0), ("c", "bank", 1300, 0))
    assert found(network, districts, some)[0]["district"].tolist() == ["west", "west", "east"]
    turned = districts.iloc[::-1].reset_index(drop=True)
    assert found(network, turned, some)[0]["district"].tolist() == ["west", "east", "east"]


def test_of_hosts_at_one_spot_the_likeliest_kind_stays_then_the_first_id(network, districts) -> None:
    some = hosts(
        ("a", "restaurant", 500, 0), ("b", "community", 510, 0), ("c", "bank", 535, 0),  # b drives out a and c
        ("e", "bank", 800, 0), ("d", "bank", 830, 0),  # d before e by its id
        ("f", "bank", 1000, 0), ("g", "bank", 1041, 0),  # far enough apart
    )  # fmt: skip
    table, findings = found(network, districts, some, dedupe_m=40)
    assert table["host_id"].tolist() == ["b", "d", "f", "g"]
    assert why(findings) == {"spot": 3}
    assert len(found(network, districts, some, dedupe_m=0)[0]) == 7
    assert HOST_ORDER.index("community") < HOST_ORDER.index("bank") < HOST_ORDER.index("restaurant")


def test_one_that_was_driven_out_drives_out_nobody(network, districts) -> None:
    """a, b and c stand 30 m apart in a row: b goes because of a, so c stays."""
    some = hosts(("a", "bank", 500, 0), ("b", "bank", 530, 0), ("c", "bank", 560, 0))
    assert found(network, districts, some, dedupe_m=40)[0]["host_id"].tolist() == ["a", "c"]


#: Written out here once more, so that a kind that slips out of the list is missed.
KINDS = [
    "community",
    "bank",
    "post_office",
    "convenience",
    "fuel",
    "fast_food",
    "park",
    "bus_station",
    "mall",
    "charging",
    "telecom",
    "pharmacy",
    "library",
    "police",
    "toilet",
    "parcel_depot",
    "rail_station",
    "restaurant",
    "office",
    "service_area",
]


def test_each_kind_drives_out_the_next_in_the_order_of_hosts(network, districts) -> None:
    every = hosts(*((f"h{i:02d}", kind, 60.0 * i + 50, 0) for i, kind in enumerate(KINDS)))
    assert found(network, districts, every)[0]["host_kind"].tolist() == KINDS
    pairs = [
        (f"{'ab'[n]}{i:02d}", kind, 60.0 * i + 50 + n, 0)
        for i, (better, worse) in enumerate(itertools.pairwise(KINDS))
        for n, kind in ((0, worse), (1, better))
    ]
    assert found(network, districts, hosts(*pairs), dedupe_m=20)[0]["host_kind"].tolist() == KINDS[:-1]


def test_where_spots_are_not_thinned_hosts_under_one_roof_all_stay(network, districts) -> None:
    some = hosts(("a", "bank", 500, 0), ("b", "bank", 500, 0))
    assert len(found(network, districts, some, dedupe_m=0)[0]) == 2
    assert len(found(network, districts, some, dedupe_m=1)[0]) == 1


def test_an_unknown_kind_comes_after_all_known_ones(network, districts) -> None:
    some = hosts(("a", "industry", 500, 0), ("b", "office", 510, 0))
    kept = found(network, districts, some, dedupe_m=40, host_kinds=("industry", "office"))[0]
    assert kept["host_id"].tolist() == ["b"]


def test_a_required_host_drives_out_better_kinds(network, districts) -> None:
    some = hosts(("a", "community", 500, 0), ("z", "restaurant", 510, 0))
    assert found(network, districts, some, dedupe_m=40)[0]["host_id"].tolist() == ["a"]
    assert found(network, districts, some, dedupe_m=40, required=("z",))[0]["host_id"].tolist() == ["z"]


def test_nobody_left_is_said(network, districts) -> None:
    table, findings = found(network, districts, hosts(("a", "bank", 5000, 0)), there=[(100, "open")])
    assert table.empty
    assert [f.code for f in findings] == ["CAN-001", "CAN-002"]
    assert findings[1].source == "candidates"
    assert found(network, districts, hosts(("a", "bank", 100, 0)))[1] == []


def test_it_says_what_it_does(network, districts) -> None:
    said: list[tuple[str, float]] = []
    found(network, districts, hosts(("a", "bank", 100, 0)), progress=lambda *a: said.append(a))
    assert said == [("candidates", 0.0)]


# -- points along streets ------------------------------------------------------------------------------------


def test_points_every_300_metres_begin_half_a_step_in(network) -> None:
    points = points_along_streets(network, 300.0)
    xs = points.geometry.x.to_numpy() - X
    along = np.sort(xs)
    assert len(points) == 7  # at 150, 450 … 1,950 of 2,000 m
    assert along == pytest.approx(np.arange(150, 2000, 300), abs=0.01)
    assert points["host_id"].tolist() == [f"street-{i:06d}" for i in range(7)]
    assert set(points["host_kind"]) == {"street"}
    assert set(points["name"]) == set(points["open_hours"]) == {""}
    assert points.crs == network.crs


def test_points_stand_on_streets_that_count_alone() -> None:
    """A lane of 60 m that leads nowhere is no place for a station; a street of many pieces is."""
    pieces = [street(40.0 * i, 40.0 * i + 40) for i in range(60)]
    lane = street(0, 60, y=5000)
    network = planner.read_network(gpd.GeoDataFrame(geometry=[lane, *pieces], crs=CRS), "walk")
    assert not network.counts.all()
    points = points_along_streets(network, 100.0)
    assert (points.geometry.y - Y).abs().max() < 1
    assert len(points) == 24


def test_no_street_that_counts_gives_no_points() -> None:
    lane = gpd.GeoDataFrame(geometry=[street(0, 60)], crs=CRS)
    nothing = SimpleNamespace(
        counts=np.array([False, False]),
        edge_u=np.array([0]),
        edge_v=np.array([1]),
        edges=lambda: lane,
        crs=CRS,
    )
    assert points_along_streets(nothing, 0.4).empty


def test_street_points_join_the_hosts_and_are_not_thinned(network, districts) -> None:
    table, findings = found(network, districts, hosts(("a", "bank", 105, 0)), every_m=20, dedupe_m=500)
    assert len(table) == 100  # points at 10, 30 … 1,990; the bank stands instead of the nearest, 110
    assert table["host_kind"].tolist() == ["bank"] + ["street"] * 99
    assert findings == []
    assert (table["open_hours"] == "08:00-20:00").all()


def test_a_host_goes_before_the_points_within_half_a_step_of_it(network, districts) -> None:
    some = hosts(("a", "bank", 400, 10), ("b", "park", 1000, 30))
    table, _ = found(network, districts, some, every_m=300)  # points at 150, 450 … 1,950
    kept = sorted(round(x - X) for x in table.geometry.x[table["host_kind"] == "street"])
    assert kept == [150, 750, 1350, 1650, 1950]
    assert set(table["host_id"]) >= {"a", "b"}
    alone, _ = found(network, districts, some, every_m=300, host_kinds=("street",))
    assert set(alone["host_kind"]) == {"street"}


def test_what_is_left_out_is_called_what_it_is(network, districts) -> None:
    some = hosts(("a", "bank", 500, 700))  # 700 m off: outside
    _, findings = found(network, districts, some, every_m=1000, there=[(500, "open")], min_to_open_m=100)
    told = {f.message_en.split(" are not")[0] for f in findings if f.code == "CAN-001"}
    assert told == {"1 host venues", "1 points along streets"}


# -- quotas -----------------------------------------------------------------------------------------------------


def people(*n: float) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"district": [f"d{i}" for i in range(len(n))], "population": n})


@pytest.mark.parametrize(
    ("population", "p", "expected"),
    [
        ((30, 10), 10, {"d0": 3, "d1": 1}),  # 7.5 and 2.5, halved: 3.75 and 1.25
        ((30, 10), 16, {"d0": 6, "d1": 2}),
        ((30, 10), 7, {"d0": 2}),  # 1.75 / 2 is under one
        ((50, 50, 0), 8, {"d0": 2, "d1": 2}),
        ((np.nan, 40), 6, {"d1": 3}),
        ((np.nan, 10), 9, {"d1": 4}),
        ((0, 0), 10, {}),
        ((np.nan,), 10, {}),
        ((5,), 1, {}),
        ((5,), 2, {"d0": 1}),
        ((0.25, 0.25), 4, {"d0": 1, "d1": 1}),
    ],
)
def test_half_of_the_share_by_population_rounded_down(population, p: int, expected: dict[str, int]) -> None:
    quotas = proportional_quota_min(people(*population), p)
    assert quotas == expected
    assert all(type(v) is int for v in quotas.values())


def test_no_quota_is_above_the_candidates_there() -> None:
    assert proportional_quota_min(people(30, 10), 20, caps=[5, 9]) == {"d0": 5, "d1": 2}
    assert proportional_quota_min(people(30, 10), 20, caps=[0, 1]) == {"d1": 1}
