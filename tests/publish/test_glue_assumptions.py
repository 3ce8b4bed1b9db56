"""Every assumption as a row: value, band, unit, key and the word for where it is from, worked out by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from planner.settings.reading import parse_settings
from planner.telling.contents.assumptions import assumption_rows, assumptions
from planner.telling.contents.certificate import certificate_figures, certificate_lines
from planner.telling.words.phrases import phrase
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


# -- rows of a plan ------------------------------------------------------------------------------------------------


def test_groups_outside_the_headline_come_only_where_their_homes_do() -> None:
    def groups(*, every: bool) -> set[str]:
        found = assumptions(parse_settings(STUDY), all_groups=every)
        return {row.key.split(".")[1] for row in found if row.key.startswith("groups.")}

    assert "truck" in groups(every=True)
    assert groups(every=True) - groups(every=False) == {"truck"}
    without = assumption_rows(toy_bundle("en"))
    assert not without["key"].str.startswith("groups.truck").any()


def test_a_band_keeps_four_digits() -> None:
    settings = parse_settings(STUDY.replace("rate_per_1000 = 8.0", "rate_per_1000 = 0.12345"))
    rider = next(r for r in assumptions(settings) if r.key == "groups.rider.rate_per_1000")
    assert (rider.low, rider.high) == (0.0617, 0.2469)


def test_costs_by_kind_say_their_reason_and_the_studys_own_price_has_no_band() -> None:
    settings = parse_settings(STUDY + "[siting]\ncost_yuan = { bank = 9000.0 }\n")
    found = {
        r.key: r
        for r in assumptions(settings, kinds=["bank", "fuel", "kiosk"])
        if r.key.startswith("siting.cost")
    }
    assert list(found) == ["siting.cost_yuan.bank", "siting.cost_yuan.fuel"]
    bank, fuel = found.values()
    assert (bank.assumed, bank.low, bank.high, bank.basis, bank.trust) == (
        9000,
        None,
        None,
        phrase("why_user", "en"),
        "",
    )
    assert (fuel.assumed, fuel.low, fuel.high, fuel.basis, fuel.trust) == (
        9874,
        7200,
        17666,
        phrase("why_cost_fitted", "en"),
        "L",
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_trust_is_a_word_and_the_number_of_sites_says_whose_it_is(language: str) -> None:
    bundle = toy_bundle(language)
    table = assumption_rows(bundle).set_index("key")
    assert table.loc["circle.minutes", "trust"] == phrase("trust_H", language)
    assert table.loc["study.seed", "trust"] == ""
    assert "groups" not in table
    assert table.loc["siting.p", ["basis", "trust"]].tolist() == [phrase("why_user", language), ""]
    siting = bundle.settings.siting
    for changes, wanted in (
        ({"target_source": "the council"}, "the council"),
        ({}, phrase("why_p", language)),
    ):
        own = type(siting)(**changes)
        told = dataclasses.replace(bundle, settings=bundle.settings.model_copy(update={"siting": own}))
        row = assumption_rows(told).set_index("key").loc["siting.p"]
        assert row["basis"] == wanted
        assert row["trust"] == ("" if changes else phrase("trust_L", language))


def test_a_goals_figures_stand_at_their_labels_and_a_bound_is_rounded_up_but_for_noise() -> None:
    bundle = toy_bundle("en")
    goal = bundle.settings.siting.goal.model_copy(update={"aim": "fair"})
    siting = bundle.settings.siting.model_copy(update={"goal": goal})
    solution = dataclasses.replace(
        bundle.solution, objective=0.41236, bound=0.42700000000008, status="feasible"
    )
    told = dataclasses.replace(
        bundle, solution=solution, settings=bundle.settings.model_copy(update={"siting": siting})
    )
    value, bound, gap = certificate_figures(told)
    assert (value.value, value.kind, value.text) == (0.4124, "share", "41.24%")
    assert (bound.value, bound.kind, bound.text) == (0.427, "share", "42.70%")
    assert gap.kind == "gap"
    workers = dataclasses.replace(
        told,
        settings=bundle.settings.model_copy(
            update={"siting": siting.model_copy(update={"goal": goal.model_copy(update={"aim": "mean"})})}
        ),
    )
    whole = dataclasses.replace(workers, solution=dataclasses.replace(solution, objective=412.6, bound=427.2))
    assert [(f.value, f.kind, f.text) for f in certificate_figures(whole)[:2]] == [
        (413, "people", "413"),
        (428, "people", "428"),
    ]
