"""A whole plan of driver homes in a made-up county: its tables, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import AbsentError
from planner.freight.sites import LINES
from tests.freight.county import X0, Y0, County, lnglat, table


def test_a_county_gets_the_fewest_homes_for_its_target():
    plan = County("target_drivers = 5000").plan()
    # 40 bays × 12 × 0.7 × 30 / 4 = 2,520 drivers a month each: one is too few, two are enough
    assert len(plan.chosen) == 2
    assert plan.drivers == pytest.approx(5040)
    assert plan.solution.status == "optimal"
    assert plan.curve["drivers"].tolist()[:2] == pytest.approx([2520, 5040])
    assert plan.chosen["rank"].tolist() == [1, 2]
    assert plan.chosen["drivers"].sum() == pytest.approx(plan.drivers)
    assert plan.totals["drivers_based"] == pytest.approx(12_000)
    run = plan.run_json()
    assert {"chosen", "drivers", "objective", "bound", "gap", "status"} <= run.keys()
    assert run["chosen"] == 2
    assert run["gap"] == 0
    assert "fuel一" not in set(plan.candidates["name"])  # no truck bays known at a plain filling station


def test_trips_balance_in_every_zone_and_flows_are_on_the_road():
    plan = County("target_drivers = 100").plan()
    assert plan.zones["trips_out"].to_numpy() == pytest.approx(plan.zones["trips_in"].to_numpy())
    assert plan.zones["kind"].tolist().count("trunk") == 2  # the road crosses the outline twice
    own = plan.zones["drivers"] > 0
    assert plan.zones["trips_out"][own].to_numpy() == pytest.approx(
        1.2 * plan.zones["drivers"][own].to_numpy()
    )
    assert plan.zones["trips_out"][~own].to_numpy() == pytest.approx(3000)  # 6,000 a day, both directions
    west = plan.flows[plan.flows["edge"] == 2].iloc[0]  # the first one inside
    assert west["trucks_per_day"] == pytest.approx(6000, rel=1e-3)
    assert 0.2 < west["night_share"] < 0.36  # 35 % of the long trips depart at night, the local ones 20 %


def test_existing_homes_serve_first_and_keep_their_distance(tmp_path):
    lng, lat = lnglat(20.5, 0)
    files = table(
        tmp_path, "driver_homes.csv",
        f"站点编号,站点名称,经度,纬度,状态,货车泊位,淋浴,洗衣机,开放时间\nH1,一号之家,{lng},{lat},运营,26,1,,24小时\n",
    )  # fmt: skip
    plan = County("target_drivers = 5000", files, tmp_path).plan()
    home = plan.existing.iloc[0]
    assert home["drivers"] == pytest.approx(26 * 63)
    marks = [home[f"has_{line}"] for line in LINES]
    assert marks == pytest.approx([1, 0, np.nan, 1, np.nan], nan_ok=True)  # 26 bays, one shower, open all day
    assert home["bays_there"] == 26
    assert not home["meets"]
    assert plan.totals["served_by_existing"] == pytest.approx(1638)
    assert "service_area一" not in set(plan.candidates["name"])  # half a kilometre from the home
    assert "upgrade" in set(plan.candidates["host_kind"])
    assert plan.drivers >= 5000
    assert len(plan.chosen) == 2


def test_a_target_out_of_reach_says_what_can_be_had():
    with pytest.raises(AbsentError, match="at most 10,080 can be served, with 4 homes"):
        County("target_drivers = 1000000").plan()


def test_the_same_study_gives_the_same_plan():
    text = "target_drivers = 5000\nmultipath_sigma = 0.3"
    one, two = (County(text, draws=2).plan() for _ in range(2))
    pd.testing.assert_frame_equal(pd.DataFrame(one.flows), pd.DataFrame(two.flows))
    pd.testing.assert_frame_equal(pd.DataFrame(one.chosen), pd.DataFrame(two.chosen))


# -- bad input -------------------------------------------------------------------------------------


def test_a_generator_off_the_truck_network_is_told_and_its_drivers_stay():
    hosts = County.usual_hosts()
    hosts.loc[1, "geometry"] = shapely.Point(X0 + 25_000, Y0 + 9000)  # 7 km from every road
    county = County("target_drivers = 100", hosts=hosts)
    plan = county.plan()
    assert "FRT-001" in county.codes
    assert plan.totals["drivers_based"] == pytest.approx(12_000)


def test_counts_replace_the_assumed_volume_of_a_gateway_and_off_road_ones_are_told(tmp_path):
    (a, b), (c, d) = lnglat(0.5, 0), lnglat(25, 9)
    files = table(
        tmp_path, "truck_counts.csv",
        f"road,lng,lat,vehicles_per_day,trucks_per_day\nG1,{a},{b},,9000\nX9,{c},{d},,500\nG1,{a},{b},many,\n",
    )  # fmt: skip
    county = County("target_drivers = 100", files, tmp_path)
    plan = county.plan()
    gates = plan.zones[plan.zones["kind"] == "trunk"].sort_values("zone_id")
    assert sorted(gates["trips_out"].round().tolist()) == [3000, 4500]
    assert {"FRT-003", "FRT-010"} <= county.codes
    assert [f.row for f in county.findings if f.code == "FRT-003"] == [3]


def test_a_site_without_bays_is_told_and_is_no_candidate(tmp_path):
    (a, b), (c, d) = lnglat(30, 0.05), lnglat(45, 0.05)
    files = table(
        tmp_path, "truck_sites.csv",
        "编号,名称,类型,经度,纬度,货车泊位,淋浴,洗衣机,开放时间,免费服务\n"
        f"S1,空场,服务区,{a},{b},0,2,2,24小时,齐全\nS2,大场,服务区,{c},{d},50,2,2,24小时,齐全\n",
    )  # fmt: skip
    county = County("target_drivers = 100", files, tmp_path)
    plan = county.plan()
    assert "FRT-004" in county.codes
    assert "空场" not in set(plan.candidates["name"])
    best = plan.candidates.set_index("name").loc["大场"]
    assert best["meets"]
    assert all(best[f"has_{line}"] == 1 for line in LINES)
    assert plan.chosen["name"].tolist() == ["大场"]  # 50 bays serve more than 40


@pytest.mark.parametrize("rows", ["", "空,,,20\n"])
def test_a_table_of_sites_without_a_usable_row_gives_none(tmp_path, rows):
    files = table(tmp_path, "truck_sites.csv", "name,lng,lat,bays\n" + rows)
    county = County("target_drivers = 100", files, tmp_path)
    assert len(county.plan().candidates) == len(County("target_drivers = 100").plan().candidates)
    assert county.findings


def test_few_trucks_leave_every_street_out_and_the_plan_stands():
    county = County("target_drivers = 5\ngateway_trucks = {trunk = 0.0}")
    county.demand = county.demand.assign(truck__06_10=0.4, truck__22_06=0.6)
    plan = county.plan()
    assert len(plan.chosen) == 1
    assert plan.flows.empty
    assert plan.hourly.shape == (0, 24)


def test_a_mean_trip_that_no_trips_have_is_refused_in_words():
    with pytest.raises(AbsentError, match="a mean trip of 900 min cannot be had"):
        County("target_drivers = 100\nmean_trip_minutes = 900").plan()


def test_a_corridor_without_candidates_is_told():
    hosts = County.usual_hosts().iloc[[0, 1, 2]]  # only port and logistics park; the far east has neither
    county = County("target_drivers = 100\ndetour_minutes = 1", hosts=hosts)
    county.plan()
    assert "FRT-005" in county.codes


def test_no_truck_drivers_is_told():
    county = County("target_drivers = 100")
    county.demand = county.demand.drop(columns=["truck__06_10", "truck__22_06"])
    county.settings = county.settings.model_copy(
        update={"freight": county.settings.freight.model_copy(update={"target_drivers": 10.0})}
    )
    plan = county.plan()
    assert "FRT-011" in county.codes
    assert plan.totals["drivers_based"] == 0
    assert plan.chosen["drivers_passing"].min() > 0  # what runs through on the road is still there
