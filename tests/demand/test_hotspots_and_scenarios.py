"""Hot spots on a map one can check by eye; scenarios that add up."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.demand import estimate, make_cells
from planner.demand.hotspots import find
from planner.demand.scenarios import apply, event_shares
from planner.demand.seasons import season_factors
from planner.demand.summary import totals
from planner.settings.demand import Demand, Event
from tests.demand.city import CRS, GROUPS, PERIODS, X0, Y0

HEAD = [g for g in GROUPS if g.in_headline]


@pytest.fixture
def plain():
    """20 × 20 cells of 200 m with one rider each, and two crowds: 3 × 3 cells in the west, 2 × 2 in the east."""
    area = shapely.box(X0, Y0, X0 + 4000, Y0 + 4000)
    districts = gpd.GeoDataFrame({"district": ["d"], "population": [1e5]}, geometry=[area], crs=CRS)
    cells = make_cells(area, cell_m=200, crs=CRS, districts=districts)
    col, row = cells["col"] - 2500, cells["row"] - 17250
    crowd = pd.Series(1.0, index=cells.index)
    crowd[col.between(2, 4) & row.between(2, 4)] = 50.0
    crowd[col.between(15, 16) & row.between(15, 16)] = 60.0
    covariates = pd.DataFrame({"population": crowd, "restaurants": 0.0, "streets": 0.0})
    only = GROUPS[0].model_copy(update={"covariates": {"population": 1.0}, "total": float(crowd.sum())})
    demand, _ = estimate(cells, covariates, [only], periods=PERIODS, districts=districts)
    return cells, demand


def near(x, y, **columns):
    return gpd.GeoDataFrame(
        {k: [v] for k, v in columns.items()}, geometry=[shapely.Point(X0 + x, Y0 + y)], crs=CRS
    )


def test_two_crowds_are_found_with_their_workers_and_area(plain):
    _, demand = plain
    spots = find(demand, periods=PERIODS, share=0.64)
    assert list(spots["workers"].round(6)) == [450.0, 240.0]
    assert list(spots["area_km2"].round(6)) == [0.36, 0.16]
    assert (spots["peak_period"] == "14_17").all()  # 0.24 in three hours is more than 0.28 in five
    assert spots.crs == CRS
    assert shapely.equals(spots.geometry.iloc[1], shapely.box(X0 + 3000, Y0 + 3000, X0 + 3400, Y0 + 3400))


def test_spots_are_named_by_a_place_or_a_venue_or_their_district(plain):
    _, demand = plain
    places = near(700, 700, name="观前街", kind="neighbourhood")
    hosts = pd.concat(
        [
            near(3100, 3100, name="小饭馆", host_kind="restaurant"),
            near(3300, 3300, name="东站", host_kind="rail_station"),
        ],
        ignore_index=True,
    )
    spots = find(demand, periods=PERIODS, share=0.64, places=places, hosts=hosts)
    assert list(spots["name"]) == ["观前街商圈", "东站站区"]
    assert list(find(demand, share=0.64, places=places, hosts=hosts, language="en")["name"]) == [
        "around 观前街", "around 东站",
    ]  # fmt: skip
    assert list(find(demand, share=0.64)["name_en"]) == ["around d", "around d 2"]


def test_hostile_names_pass_as_text(plain):
    _, demand = plain
    bad = "{0.__class__} {{ 7*7 }} <b>"
    spots = find(demand, share=0.64, places=near(700, 700, name=bad, kind="suburb"))
    assert spots["name_en"].iloc[0] == f"around {bad}"


def test_a_large_spot_is_divided_and_a_faint_one_left_out(plain):
    _, demand = plain
    one = find(demand, share=0.999, max_km2=100, min_workers=5)
    assert one["area_km2"].iloc[0] > 10
    parts = find(demand, share=0.999, max_km2=1.0, min_workers=5)
    assert parts["area_km2"].max() <= 1.0
    assert len(parts) == 2
    assert (
        find(demand, share=0.64, min_workers=100).shape[0] == 1
    )  # 240 workers are fewer than three times 100


def test_nobody_makes_no_spot(plain):
    _, demand = plain
    empty = find(demand.assign(workers=0.0))
    assert len(empty) == 0
    assert {"name", "workers", "area_km2", "peak_period"} <= set(empty.columns)


def degrees(box):
    ring = gpd.GeoSeries([box], crs=CRS).to_crs(4326).iloc[0].exterior.coords
    return tuple((x, y) for x, y in list(ring)[:-1])


def test_an_event_adds_its_workers_inside_its_polygon_only(plain):
    cells, demand = plain
    box = shapely.box(X0 + 1000, Y0 + 1000, X0 + 1400, Y0 + 1200)
    event = Event(name="park", polygon=degrees(box), workers=500, group="rider")
    after, found = apply(demand, groups=GROUPS[:1], periods=PERIODS, events=[event], cells=cells)
    assert found == []
    gain = after["workers"] - demand["workers"]
    assert gain.sum() == pytest.approx(500)
    inside = after.geometry.centroid.within(box)
    np.testing.assert_allclose(gain[inside], 250, rtol=1e-3)
    assert totals(after)["rider"].sum() == pytest.approx(after["workers"].sum())
    assert ((after["workers_low"] <= after["workers"]) & (after["workers"] <= after["workers_high"])).all()
    assert demand["workers"].sum() == pytest.approx(
        after["workers"].sum() - 500
    )  # the given table is untouched


def test_an_event_on_empty_land_gets_rows_of_its_own(plain):
    cells, demand = plain
    west = demand[demand.geometry.centroid.x < X0 + 2000]
    box = shapely.box(X0 + 3000, Y0, X0 + 3400, Y0 + 400)
    event = Event(name="site", polygon=degrees(box), workers=80)
    after, _ = apply(west, groups=GROUPS[:1], periods=PERIODS, events=[event], cells=cells)
    assert len(after) > len(west)
    assert after["cell_id"].is_unique
    assert after["workers"].sum() == pytest.approx(west["workers"].sum() + 80)
    assert not after.drop(columns=["geometry", "point"]).isna().any().any()
    nowhere, found = apply(west, groups=GROUPS[:1], periods=PERIODS, events=[event])
    assert [f.code for f in found] == ["DEM-019"]
    assert nowhere["workers"].sum() == pytest.approx(west["workers"].sum())


def test_seasons_move_hours_and_totals(plain):
    _, demand = plain
    rider = GROUPS[0]
    after, _ = apply(demand, groups=[rider], periods=PERIODS, season="summer")
    f = season_factors("summer")
    assert after["workers"].sum() == pytest.approx(demand["workers"].sum() * f["totals"]["rider"])
    share = after["rider__10_14"].sum() / after["workers"].sum()
    assert share > rider.profile["10_14"]
    with pytest.raises(ValueError, match="no season"):
        season_factors("monsoon")


def test_a_what_if_total(plain):
    _, demand = plain
    after, _ = apply(demand, groups=GROUPS[:1], periods=PERIODS, totals={"rider": 5000.0})
    assert after["workers"].sum() == pytest.approx(5000)
    np.testing.assert_allclose(after["workers_high"] / demand["workers_high"], 5000 / demand["workers"].sum())
    with pytest.raises(ValueError, match="no group"):
        apply(demand, groups=GROUPS[:1], periods=PERIODS, totals={"pilot": 1.0})


def test_the_study_file_can_hold_a_scenario(plain):
    cells, demand = plain
    covariates = pd.DataFrame({"population": demand["workers"], "restaurants": 0.0, "streets": 0.0})
    box = shapely.box(X0 + 1000, Y0 + 1000, X0 + 1400, Y0 + 1200)
    event = Event(name="park", polygon=degrees(box), workers=500)
    groups = [g.model_copy(update={"total": 100.0}) for g in HEAD]
    after, _ = estimate(
        cells, covariates, groups, periods=PERIODS, settings=Demand(events=(event,), season="spring_festival")
    )
    factors = season_factors("spring_festival")["totals"]
    assert after["workers"].sum() == pytest.approx(500 + 100 * sum(factors.get(g.name, 1.0) for g in HEAD))


def test_shares_of_an_event_sum_to_one(plain):
    _, demand = plain
    assert event_shares(demand, shapely.box(X0 + 50, Y0 + 50, X0 + 333, Y0 + 777)).sum() == pytest.approx(1)
    assert event_shares(demand, shapely.box(0, 0, 1, 1)).sum() == 0
