"""Room of homes: occupancy, and what counts of visits tell of it, by hand."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest

from planner.freight.room import fit_stays, room_of, tell_room
from planner.settings.freight import Freight
from tests.freight.county import County, lnglat, points, table


def homes(*rows: tuple[float, bool, float], candidates: int = 0) -> gpd.GeoDataFrame:
    """Homes of (bays, whether these are stated, visits counted a day), and candidates of 60 bays after them."""
    n = len(rows) + candidates
    bays, known, visits = zip(*rows, *[(60.0, True, np.nan)] * candidates, strict=True)
    return gpd.GeoDataFrame(
        {"name": [f"h{i}" for i in range(n)], "bays": bays, "bays_known": known, "visits_per_day": visits,
         "exists": [i < len(rows) for i in range(n)]},
        geometry=points(*[(i, 0) for i in range(n)]),
    )  # fmt: skip


def test_bays_are_in_use_for_seven_tenths_of_their_hours():
    f = Freight()
    sites = homes((20, True, np.nan), candidates=1)
    stays = fit_stays(sites, f)
    assert (stays.used, stays.homes) == (pytest.approx(12 * 0.7), 0)
    room, each = room_of(sites, stays, f)
    assert room.tolist() == pytest.approx([20 * 8.4 * 30 / 4, 60 * 8.4 * 30 / 4])
    assert each.tolist() == pytest.approx([8.4, 8.4])
    whole = Freight(occupancy=1.0)
    assert room_of(sites, fit_stays(sites, whole), whole)[0].tolist() == pytest.approx([1800, 5400])


def test_a_home_with_stated_bays_moves_stays_per_bay_by_the_weight_of_one():
    f = Freight()
    weight = 1 / (1 + (0.5 / 0.33) ** 2)
    sites = homes((20, True, 336.0), candidates=1)  # twice the 168 a day of the assumption
    stays = fit_stays(sites, f)
    assert stays.used == pytest.approx(8.4 * 2**weight)
    assert stays.used == pytest.approx(10.37, abs=0.005)
    room, each = room_of(sites, stays, f)
    assert room[0] == pytest.approx(336 * 30 / 4)  # its own count is its own room
    assert each[0] == pytest.approx(336 / 20)
    assert room[1] == pytest.approx(60 * stays.used * 30 / 4)
    codes = [x.code for x in tell_room(sites, stays, f)]
    assert codes == ["FRT-029", "FRT-031"]


def test_many_homes_outweigh_the_assumption():
    f = Freight()
    many = homes(*[(20, True, 336.0)] * 50)
    weight = 50 / (50 + (0.5 / 0.33) ** 2)
    assert fit_stays(many, f).used == pytest.approx(8.4 * 2**weight)
    assert fit_stays(many, f).used > 16
    mixed = homes((20, True, 336.0), (30, True, 30 * 8.4 * 4.0))
    mean = (math.log(2) + math.log(4)) / 2
    assert fit_stays(mixed, f).used == pytest.approx(8.4 * math.exp(2 / (2 + (0.5 / 0.33) ** 2) * mean))


def test_a_count_below_the_room_tells_of_few_drivers_not_of_little_room():
    f = Freight()
    sites = homes((20, True, 17.0))
    stays = fit_stays(sites, f)
    assert stays.used == pytest.approx(8.4)
    assert room_of(sites, stays, f)[0].tolist() == pytest.approx([1260])
    (few, _) = tell_room(sites, stays, f)
    assert few.code == "FRT-030"
    assert "0.10 times the room of its 20 bays" in few.message_en


def test_a_count_without_stated_bays_is_its_homes_room_and_nobody_elses():
    f = Freight()
    sites = homes((20, False, 1190.0), (20, False, np.nan), candidates=1)
    stays = fit_stays(sites, f)
    assert (stays.used, stays.homes) == (pytest.approx(8.4), 0)
    assert room_of(sites, stays, f)[0].tolist() == pytest.approx([1190 * 7.5, 1260, 3780])
    (told,) = tell_room(sites, stays, f)
    assert "7.08 times the room of its 20 assumed bays" in told.message_en
    assert "假定 20 个泊位" in told.message("zh")


def test_a_list_of_homes_with_visits_is_read_and_serves_what_was_counted(tmp_path):
    lng, lat = lnglat(47, 0)
    head = "站点编号,站点名称,经度,纬度,状态,货车泊位,日均使用"
    for visits, room in (("", 26 * 63), ("400", 400 * 7.5)):
        files = table(tmp_path, "driver_homes.csv", f"{head}\nH1,一号之家,{lng},{lat},运营,26,{visits}\n")
        plan = County("target_drivers = 2000", files, tmp_path).plan()
        assert plan.totals["served_by_existing"] == pytest.approx(room)
        assert [f.code for f in plan.findings] == (["FRT-029", "FRT-031"] if visits else [])
        assert plan.run_json()["homes_with_counts"] == bool(visits)
        assert np.isfinite(plan.existing["visits_counted"].iloc[0]) == bool(visits)
