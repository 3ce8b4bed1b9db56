"""What bad input gets: a finding with a code, and never a NaN in the table."""

import numpy as np
import pandas as pd
import pytest

from planner.demand import estimate
from planner.demand.calibrate import controls
from planner.demand.checks import judge_periods, judge_totals
from planner.demand.levels.local import _remaining
from planner.settings.demand import Demand
from planner.settings.groups import Group, Period
from tests.demand.city import GROUPS, PERIODS, make_city


@pytest.fixture(scope="module")
def small():
    return make_city(0, n=12)


def codes(findings):
    return {f.code for f in findings}


def run(city, groups, covariates=None, **more):
    table, found = estimate(
        city.cells, city.covariates if covariates is None else covariates, groups, periods=PERIODS, **more
    )
    assert not table.drop(columns=["geometry", "point"]).isna().any().any()
    assert np.isfinite(table["workers_high"]).all()
    return table, found


def test_covariates_that_are_zero_everywhere(small):
    zero = small.covariates.assign(restaurants=0.0, malls=0.0, offices=0.0)
    table, found = run(small, [small.group], zero)
    assert "DEM-010" in codes(found)
    assert table["workers"].sum() == pytest.approx(small.group.total)
    assert all("商场" in f.message_zh for f in found if f.value == "malls")


def test_a_group_with_no_covariate_in_the_area(small):
    lost = small.group.model_copy(update={"covariates": {"ports": 1.0}})
    table, found = run(small, [lost])
    assert "DEM-004" in codes(found)
    assert table["workers"].sum() == pytest.approx(small.group.total)
    assert (table["workers_high"] > table["workers_low"]).all()


def test_no_covariates_at_all_make_no_demand(small):
    table, found = run(small, [small.group], small.covariates * 0.0)
    assert "DEM-001" in codes(found)
    assert len(table) == 0


def test_a_group_without_rate_or_total_counts_nobody(small):
    nobody = Group(name="builder", profile={"06_10": 1.0}, covariates={"population": 1.0})
    table, found = run(small, [small.group, nobody])
    assert "DEM-015" in codes(found)
    assert table["builder__06_10"].sum() == 0


def test_totals_that_contradict_each_other(small):
    all_four = {"a": 10.0, "b": 10.0, "c": 10.0, "d": 10.0}
    clash = small.group.model_copy(update={"total": 100.0, "totals": all_four})
    table, found = run(small, [clash])
    assert "DEM-005" in codes(found)
    assert table["workers"].sum() == pytest.approx(40)  # the districts' figures are kept
    fits = small.group.model_copy(update={"total": 100.0, "totals": {"a": 10.0}})
    table, found = run(small, [fits])
    assert "DEM-005" not in codes(found)
    assert table["workers"].sum() == pytest.approx(100)
    _, found = run(
        small, [small.group], settings=Demand(district_totals={"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0})
    )
    assert "DEM-018" in codes(found)


def test_a_total_for_a_district_that_does_not_exist_names_the_nearest(small):
    wrong = small.group.model_copy(update={"totals": {"aa": 10.0}})
    _, found = run(small, [wrong])
    mine = [f for f in found if f.code == "DEM-006"]
    assert "did you mean a?" in mine[0].message_en


def test_an_absurd_total_and_a_district_that_is_not_on_the_map(small):
    residents = pd.DataFrame({"district": ["a", "b", "c", "d", "e"], "population": [10.0] * 5})
    huge = small.group.model_copy(update={"total": None, "totals": {"a": 600.0}})
    _, found = run(small, [huge], districts=residents)
    assert {"DEM-020", "DEM-011"} <= codes(found) or "DEM-020" in codes(found)
    with_e = small.group.model_copy(update={"total": None, "totals": {"e": 40.0}})
    _, found = run(small, [with_e], districts=residents)
    assert [f.value for f in found if f.code == "DEM-011"] == ["e"]


def test_periods_that_do_not_cover_the_day():
    assert judge_periods(PERIODS) == []
    gap = [Period(name="a", start_h=6, end_h=22)]
    assert (
        "22:00 is in none" in judge_periods(gap)[0].message_en
        or "00:00 is in none" in judge_periods(gap)[0].message_en
    )
    double = [Period(name="a", start_h=0, end_h=14), Period(name="b", start_h=12, end_h=22)]
    found = judge_periods(double)
    assert codes(found) == {"DEM-009"}
    assert "12:00 is in two" in found[0].message_en
    assert found[0].severity == "E"


def test_residents_missing_in_a_district_are_counted_in_its_cells(small):
    residents = pd.DataFrame(
        {"district": ["a", "b", "c", "d"], "population": [1000.0, np.nan, 1000.0, 1000.0]}
    )
    group = small.group.model_copy(update={"total": None, "rate_per_1000": 10.0})
    table, _ = run(small, [group], districts=residents)
    counted = small.covariates["population"][small.cells["district"] == "b"].sum()
    assert table.loc[table["district"] == "b", "workers"].sum() == pytest.approx(counted / 100)


def test_every_default_group_works_on_a_bare_city(small):
    table, _ = run(small, GROUPS)
    assert table["workers"].sum() > 0


PEOPLE = {"west": 1000.0, "east": 3000.0}


@pytest.mark.parametrize(
    ("people", "rate", "held", "on", "code", "field"),
    [
        ({"west": 0.0, "east": 0.0}, 8.0, ["west", "east"], True, "DEM-001", "inputs.population.total"),
        (PEOPLE, 0.0, ["west", "east"], True, "DEM-022", "groups.rider.total"),
        (PEOPLE, 8.0, ["west", "east"], False, "DEM-023", "groups"),
        (PEOPLE, 8.0, [], True, "DEM-024", "inputs.streets.path"),
        (PEOPLE, 8.0, ["east"], True, None, None),
    ],
)
def test_where_there_is_nobody_the_key_to_set_is_named(people, rate, held, on, code, field):
    groups = (
        [GROUPS[0].model_copy(update={"name": "rider", "rate_per_1000": rate, "total": None})] if on else []
    )
    residents = pd.Series(people)
    table = controls(groups, residents)
    found = [f for f in judge_totals(groups, residents, table, pd.Index(held)) if f.severity == "E"]
    assert [(f.code, f.field) for f in found] == ([] if code is None else [(code, field)])


def test_a_reason_is_told_in_the_language_of_its_sentence():
    found = judge_periods([Period(name="a", start_h=0, end_h=12), Period(name="b", start_h=6, end_h=18)])
    assert "18:00 is in none, 06:00 is in two" in found[0].message_en
    assert "18:00 不在任何时段内，06:00 同属两个时段" in found[0].message_zh
    assert "is in" not in found[0].message_zh


def test_where_nobody_was_expected_nothing_is_left_to_explain():
    none = np.zeros(3)
    assert _remaining(np.array([4.0, 0.0, 0.0]), none, none, 0.3) == 0.3
