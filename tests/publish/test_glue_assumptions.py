"""Every assumption as a row: value, band, unit, key and the word for where it is from, worked out by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from planner.publish.contents.assumptions import assumptions
from planner.publish.contents.certificate import certificate_lines
from planner.publish.words.phrases import phrase
from planner.settings.reading import parse_settings
from tests.publish.toy import toy_bundle

STUDY = """
[study]
name = "town"
language = "en"
[inputs.streets]
path = "s.osm"
[inputs.population]
kind = "districts"
total = 50000
[circle]
walk_kmh = 4.0
snap_limit_m = 80
speeds_kmh = { walk = 4.5, truck = 30.0, ebike = 16.0, car = 25.0, path = 6.0 }
[[groups]]
name = "rider"
rate_per_1000 = 8.0
band_low = 0.5
band_high = 2.0
source = "a count"
confidence = "M"
district_rates_per_1000 = { west = 6.0 }
[[groups]]
name = "courier"
totals = { west = 40.0, east = 10.0 }
rate_per_1000 = 3.0
"""


@pytest.fixture(scope="module")
def rows() -> dict[str, Any]:
    table = assumptions(parse_settings(STUDY), all_groups=True)
    return {row.key: row for row in table}


def test_a_groups_rate_has_its_own_band_source_and_trust(rows: dict[str, Any]) -> None:
    rider = rows["groups.rider.rate_per_1000"]
    assert (rider.assumed, rider.low, rider.high) == (8.0, 4.0, 16.0)
    assert (rider.basis, rider.trust) == ("a count", "M")
    west = rows["groups.rider.district_rates_per_1000.west"]
    assert (west.assumed, west.low, west.high, west.unit) == (6.0, 3.0, 12.0, rider.unit)
    assert west.parameter.endswith("west")


def test_totals_by_district_take_the_place_of_a_rate(rows: dict[str, Any]) -> None:
    assert rows["groups.courier.totals.west"].assumed == 40.0
    assert rows["groups.courier.totals.east"].assumed == 10.0
    assert rows["groups.courier.totals.east"].unit != rows["groups.rider.rate_per_1000"].unit
    assert "groups.courier.rate_per_1000" not in rows


def test_speeds_come_by_name_with_a_band_for_e_bikes_alone(rows: dict[str, Any]) -> None:
    speeds = [row for key, row in rows.items() if key.startswith("circle.speeds_kmh.")]
    assert [row.key.rsplit(".", 1)[1] for row in speeds] == ["car", "ebike", "path", "truck", "walk"]
    assert [row.assumed for row in speeds] == [25.0, 16.0, 6.0, 30.0, 4.5]
    assert [(row.low, row.high) for row in speeds] == [(None, None), (15.0, 20.0), *[(None, None)] * 3]
    for mode in ("car", "ebike", "truck", "walk"):
        name = rows[f"circle.speeds_kmh.{mode}"].parameter
        assert phrase(f"mode_{mode}", "en") in name
    assert "path" in rows["circle.speeds_kmh.path"].parameter


def test_a_value_of_the_studys_own_has_no_band_of_ours(rows: dict[str, Any]) -> None:
    walk, snap = rows["circle.walk_kmh"], rows["circle.snap_limit_m"]
    assert (walk.assumed, walk.low, walk.high, walk.trust) == (4.0, 3.0, 5.0, "H")
    assert (snap.assumed, snap.low, snap.high, snap.trust) == (80, None, None, "")
    assert snap.basis == phrase("why_user", "en")
    assert walk.basis == phrase("why_walk_kmh", "en")


def test_residents_are_named_where_their_number_is_stated(rows: dict[str, Any]) -> None:
    assert rows["inputs.population.total"].assumed == 50_000
    without = parse_settings(STUDY.replace("total = 50000\n", ""))
    assert "inputs.population.total" not in {r.key for r in assumptions(without, all_groups=True)}


@pytest.mark.parametrize(
    ("aim", "value", "bound"), [("fair", "41.23%", "41.51%"), ("mean", "1,234", "1,300")]
)
def test_the_certificate_of_a_goal_says_value_bound_and_gap_in_their_places(
    aim: str, value: str, bound: str
) -> None:
    toy = toy_bundle("en")
    goal = toy.settings.siting.goal.model_copy(update={"aim": aim})
    siting = toy.settings.siting.model_copy(update={"goal": goal})
    numbers = (0.41234, 0.415001) if aim == "fair" else (1234.4, 1299.2)
    found = dataclasses.replace(toy.solution, objective=numbers[0], bound=numbers[1], status="feasible")
    bundle = dataclasses.replace(
        toy, settings=toy.settings.model_copy(update={"siting": siting}), solution=found
    )
    lines = " ".join(certificate_lines(bundle))
    assert phrase("cert_goal_gap", "en", value=value, bound=bound, gap="GAP").split("GAP")[0] in lines
    proven = dataclasses.replace(bundle, solution=dataclasses.replace(found, status="optimal"))
    assert phrase("cert_goal_optimal", "en", value=value) in " ".join(certificate_lines(proven))
