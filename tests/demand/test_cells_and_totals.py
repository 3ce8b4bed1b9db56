"""Cells, covariates, totals and places by hand, on a toy area."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.demand import estimate, make_cells, measure, place
from planner.demand.calibrate import controls, rake
from planner.demand.estimate import estimate_in_full, occupied
from planner.demand.grid import covered_share, cut_lines, grid_of
from planner.demand.levels.weights import mix
from planner.demand.summary import totals
from planner.settings.demand import Demand
from planner.settings.groups import Period
from planner.tables import check
from tests.demand.city import CRS, GROUPS, PERIODS, X0, Y0


def toy():
    """2 × 1 km in two districts; a pond; one street and one motorway, both west to east."""
    area = shapely.box(X0, Y0, X0 + 2000, Y0 + 1000)
    districts = gpd.GeoDataFrame(
        {"district": ["west", "east"], "population": [10_000.0, 30_000.0]},
        geometry=[
            shapely.box(X0, Y0, X0 + 1000, Y0 + 1000),
            shapely.box(X0 + 1000, Y0, X0 + 2000, Y0 + 1000),
        ],
        crs=CRS,
    )
    water = gpd.GeoDataFrame(geometry=[shapely.box(X0 + 200, Y0 + 200, X0 + 500, Y0 + 600)], crs=CRS)
    lines = [[(X0, Y0 + 300), (X0 + 2000, Y0 + 300)], [(X0, Y0 + 900), (X0 + 2000, Y0 + 900)]]
    streets = gpd.GeoDataFrame(
        {"class": ["primary", "motorway"]}, geometry=[shapely.LineString(v) for v in lines], crs=CRS
    )
    return area, districts, water, streets


@pytest.fixture
def made():
    area, districts, water, streets = toy()
    cells = make_cells(area, cell_m=200, crs=CRS, districts=districts, water=water)
    covariates = measure(cells, streets=streets, water=water)
    return cells, covariates, districts, water, streets


def test_cells_of_a_toy_area_by_hand():
    area, districts, water, _ = toy()
    cells = make_cells(area, cell_m=200, crs=CRS, districts=districts, water=water)
    assert len(cells) == 50
    assert cells["cell_id"].is_unique
    assert (cells["district"] == "west").sum() == 25
    land = cells.set_index(["col", "row"])["land_share"]
    assert land[2501, 17251] == 0.0  # wholly in the pond
    assert land[2502, 17251] == pytest.approx(0.5)  # the pond's edge runs through its middle
    assert land.sum() == pytest.approx(50 - 300 * 400 / 200**2)


def test_a_cell_is_named_by_its_place_not_by_the_study():
    small = make_cells(shapely.box(X0 + 600, Y0 + 600, X0 + 1000, Y0 + 1000), cell_m=200, crs=CRS)
    large = make_cells(shapely.box(X0, Y0, X0 + 2000, Y0 + 1000), cell_m=200, crs=CRS)
    both = small.merge(large, on="cell_id")
    assert len(both) == len(small) == 4
    assert (shapely.equals(both["geometry_x"].to_numpy(), both["geometry_y"].to_numpy())).all()


def test_a_cell_belongs_to_the_district_that_covers_most_of_it():
    area, districts, _, _ = toy()
    edge = X0 + 1130  # 130 of 200 m of the column 1000-1200 are west
    districts = districts.set_geometry(
        [shapely.box(X0, Y0, edge, Y0 + 1000), shapely.box(edge, Y0, X0 + 2000, Y0 + 1000)]
    )
    cells = make_cells(area, cell_m=200, crs=CRS, districts=districts)
    assert (cells["district"] == "west").sum() == 6 * 5


def test_shares_of_cells_agree_with_shapely_cell_by_cell():
    rng = np.random.default_rng(3)
    shapes = [
        shapely.Point(X0 + x, Y0 + y).buffer(r)
        for x, y, r in rng.uniform([0, 0, 50], [9000, 9000, 1500], (12, 3))
    ]
    cells = make_cells(shapely.box(X0, Y0, X0 + 9000, Y0 + 9000), cell_m=200, crs=CRS)
    ours = covered_share(grid_of(cells), shapes)
    union = shapely.union_all(shapes)
    theirs = shapely.area(shapely.intersection(cells.geometry.to_numpy(), union)) / 200**2
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_lines_are_cut_at_the_cells_and_keep_their_length():
    rng = np.random.default_rng(1)
    cells = make_cells(shapely.box(X0, Y0, X0 + 3000, Y0 + 3000), cell_m=200, crs=CRS)
    lines = [shapely.LineString(X0 + rng.uniform(100, 2900, (6, 2)) + [0, Y0 - X0]) for _ in range(20)]
    pieces = cut_lines(grid_of(cells), lines)
    np.testing.assert_allclose(np.bincount(pieces.line, pieces.length_m), shapely.length(lines))
    brute = [sum(line.intersection(cell).length for line in lines) for cell in cells.geometry]
    np.testing.assert_allclose(np.bincount(pieces.cell, pieces.length_m, len(cells)), brute, atol=1e-6)


def test_covariates_by_hand():
    area, _, water, streets = toy()
    cells = make_cells(area, cell_m=200, crs=CRS, water=water)
    people = gpd.GeoDataFrame(
        {"population": [5.0, 7.0, np.nan, 9.0]},
        geometry=gpd.points_from_xy(X0 + np.array([10, 190, 10, 5000]), Y0 + np.array([10, 190, 10, 10])),
        crs=CRS,
    )
    hosts = gpd.GeoDataFrame(
        {"host_kind": ["restaurant", "fast_food", "bank", "mall"]},
        geometry=gpd.points_from_xy(X0 + np.array([10, 20, 30, 250]), Y0 + np.array([10, 10, 10, 250])),
        crs=CRS,
    )
    landuse = gpd.GeoDataFrame(
        {"kind": ["industrial"]}, geometry=[shapely.box(X0 + 1000, Y0, X0 + 1200, Y0 + 200)], crs=CRS
    )
    centres = gpd.GeoDataFrame(
        {"kind": ["town", "hamlet"]},
        geometry=gpd.points_from_xy([X0 + 100, X0 + 1900], [Y0 + 100] * 2),
        crs=CRS,
    )
    table = measure(
        cells, population=people, hosts=hosts, streets=streets.assign(length=[4000.0, 9.0]), landuse=landuse,
        water=water, centres=centres,
    ).set_index(pd.MultiIndex.from_frame(cells[["col", "row"]]))  # fmt: skip
    corner = table.loc[2500, 17250]
    assert corner["population"] == 12  # NaN and what lies outside count nothing
    assert (corner["restaurants"], corner["shops"], corner["centre_m"]) == (2, 1, 0)
    assert table["malls"].sum() == 0  # the mall lies in the pond
    # 2000 m drawn, 4000 m stated; the piece in the cell wholly in the pond is a bridge (pieces are judged by
    # their middle, and the next one's lies on the shore); the motorway is not walked
    assert table["streets"].sum() == pytest.approx(2 * (2000 - 200))
    assert table["main_streets"].sum() == pytest.approx(2 * 1800)
    assert table.loc[(2505, 17250), "industry"] == pytest.approx(4 / 2)  # four hectares
    assert table.loc[(2509, 17250), "centre_m"] == pytest.approx(1800)  # to the town, not the hamlet
    assert not table.isna().any().any()


def test_totals_periods_water_and_motorways(made):
    cells, covariates, districts, water, streets = made
    demand, findings = estimate(
        cells, covariates, GROUPS, periods=PERIODS, districts=districts, streets=streets, water=water, seed=1
    )
    check("demand", demand)
    assert not demand.drop(columns=["geometry", "point"]).isna().any().any()
    assert set(cells.loc[demand.index, "row"]) == {17251}  # only the street's row; not the motorway's
    assert not demand.within(water.union_all()).any()
    people = pd.Series([10_000.0, 30_000.0], index=["west", "east"])
    have = totals(demand)
    for g in GROUPS:
        wanted = people * g.rate_per_1000 / 1000
        assert ((have[g.name] - wanted).abs() <= 0.5).all()
        by_period = demand[[f"{g.name}__{p.name}" for p in PERIODS]].sum()
        np.testing.assert_allclose(by_period, [g.profile[p.name] * wanted.sum() for p in PERIODS])
    head = [g.name for g in GROUPS if g.in_headline]
    np.testing.assert_allclose(demand["workers"].sum(), have[head].to_numpy().sum())
    assert "truck" not in head
    assert (demand["workers_low"] <= demand["workers"]).all()
    assert (demand["workers"] <= demand["workers_high"]).all()
    points = gpd.GeoSeries(demand["point"], crs=CRS)
    assert (points.y == Y0 + 300).all()
    assert not points.within(water.union_all()).any()
    assert {f.code for f in findings} >= {"DEM-010"}


def test_points_stand_on_a_street_of_their_cell_and_never_on_a_motorway():
    area, _, _, streets = toy()
    cells = make_cells(area, cell_m=200, crs=CRS)
    points = place(cells, streets, limit_m=250)
    assert points.index.equals(cells.index)
    row = cells["row"]
    assert (points[row == 17251].y == Y0 + 300).all()
    assert points[row == 17251].within(cells.geometry[row == 17251].buffer(1e-6)).all()
    assert (points[row == 17252].y == Y0 + 300).all()  # the nearest street within 250 m of the centre
    assert (points[row == 17254].y == Y0 + 900).all()  # only the motorway is near: the centre of the cell
    assert (points[row == 17254].x == X0 + 100 + 200 * (cells["col"][row == 17254] - 2500)).all()


def test_targets_pull_the_point_along_the_street():
    area, _, _, streets = toy()
    cells = make_cells(area, cell_m=200, crs=CRS)
    corner = gpd.GeoSeries(
        shapely.points(cells["col"] * 200.0 + 5, cells["row"] * 200.0 + 5), index=cells.index, crs=CRS
    )
    points = place(cells, streets, targets=corner)
    mine = cells["row"] == 17251
    np.testing.assert_allclose(points[mine].x, cells["col"][mine] * 200.0 + 5)


def test_a_group_total_wins_over_its_rate_and_a_district_total_over_both():
    rider = {g.name: g for g in GROUPS}["rider"]
    people = pd.Series([10_000.0, 30_000.0], index=["west", "east"])
    total = controls([rider.model_copy(update={"total": 800.0})], people)["rider"]
    assert total.to_dict() == pytest.approx({"west": 200.0, "east": 600.0})
    fixed = controls([rider.model_copy(update={"total": 800.0, "totals": {"east": 100.0}})], people)["rider"]
    assert fixed.to_dict() == pytest.approx({"west": 700.0, "east": 100.0})
    rates = controls([rider.model_copy(update={"district_rates_per_1000": {"west": 28.0}})], people)["rider"]
    assert rates.to_dict() == pytest.approx({"west": 280.0, "east": 30 * 4.97})
    empty = rider.model_copy(update={"total": 800.0})
    assert controls([empty], pd.Series({"west": 0.0}))["rider"].to_dict() == {
        "west": 800.0
    }  # only one place to be
    assert controls([empty], people * 0)["rider"].sum() == 0  # nothing says how to share it out


def test_raking_meets_both_margins_and_keeps_odds_ratios():
    seed = np.array([[10.0, 20.0], [30.0, 5.0]])
    table, held = rake(seed, np.array([50.0, 50.0]), np.array([60.0, 40.0]))
    assert held
    np.testing.assert_allclose(table.sum(axis=1), [50, 50], atol=1e-6)
    np.testing.assert_allclose(table.sum(axis=0), [60, 40], atol=1e-6)
    odds = seed[0, 0] * seed[1, 1] / (seed[0, 1] * seed[1, 0])
    assert table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]) == pytest.approx(odds)
    assert not rake(seed, np.array([50.0, 50.0]), np.array([60.0, 90.0]))[1]


def test_district_totals_are_raked_with_city_totals(made):
    cells, covariates, districts, _, _ = made
    groups = [g.model_copy(update={"total": 100.0 * (i + 1)}) for i, g in enumerate(GROUPS[:2])]
    known = {"west": 90.0, "east": 210.0}
    full = estimate_in_full(
        cells,
        covariates,
        groups,
        periods=PERIODS,
        districts=districts,
        settings=Demand(district_totals=known),
    )
    assert full.totals().sum(axis=1).to_dict() == pytest.approx(known)
    assert full.totals().sum().to_dict() == pytest.approx({"rider": 100.0, "courier": 200.0})


def test_a_mixture_by_hand():
    table = pd.DataFrame({"a": [1.0, 3.0, 0.0], "b": [0.0, 0.0, 5.0], "none": [0.0, 0.0, 0.0]})
    np.testing.assert_allclose(mix(table, {"a": 0.4, "b": 0.4, "none": 0.2}), [0.125, 0.375, 0.5])
    np.testing.assert_allclose(mix(table, {"a": 1.0}, {"a": 2.0}), [0.1, 0.9, 0.0])
    assert mix(table, {"none": 1.0}).sum() == 0


def test_periods_of_other_names_work(made):
    cells, covariates, districts, _, _ = made
    periods = [Period(name="day", start_h=6, end_h=18), Period(name="night", start_h=18, end_h=6)]
    group = GROUPS[3].model_copy(update={"profile": {"day": 0.7, "night": 0.3}})
    demand, _ = estimate(cells, covariates, [group], periods=periods, districts=districts)
    assert demand["sanitation__day"].sum() == pytest.approx(40_000 * 1.42 / 1000 * 0.7)


def test_cells_without_street_host_or_resident_are_dropped(made):
    cells, covariates, *_ = made
    kept, _ = occupied(cells, covariates)
    assert (covariates.loc[kept.index, "streets"] > 0).all()
    assert (covariates.loc[cells.index.difference(kept.index), "streets"] == 0).all()


def test_the_same_seed_gives_the_same_bytes_and_inputs_stay_as_they_are(made):
    cells, covariates, districts, _, streets = made
    before = (cells.copy(), covariates.copy())
    args = {"periods": PERIODS, "districts": districts, "streets": streets}
    one, _ = estimate(cells, covariates, GROUPS, seed=5, **args)
    two, _ = estimate(cells, covariates, GROUPS, seed=5, **args)
    other, _ = estimate(cells, covariates, GROUPS, seed=6, **args)
    pd.testing.assert_frame_equal(pd.DataFrame(one.drop(columns=["geometry", "point"])),
                                  pd.DataFrame(two.drop(columns=["geometry", "point"])), check_exact=True)  # fmt: skip
    assert (one["workers_low"] != other["workers_low"]).any()
    pd.testing.assert_frame_equal(pd.DataFrame(cells), pd.DataFrame(before[0]))
    pd.testing.assert_frame_equal(covariates, before[1])


def test_the_summary_escapes_names(made):
    cells, covariates, districts, _, _ = made
    bad = "<img src=x onerror=alert(1)>"
    cells = cells.assign(district=cells["district"].replace("west", bad))
    districts = districts.assign(district=[bad, "east"])
    full = estimate_in_full(cells, covariates, GROUPS, periods=PERIODS, districts=districts)
    assert "<img" not in full._repr_html_()
    assert "&lt;img" in full._repr_html_()
    assert "外卖骑手" in full.to_html("zh")
    assert repr(full).startswith("Estimate(")


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="cell_m must be positive"):
        make_cells(shapely.box(0, 0, 1, 1), cell_m=0, crs=CRS)
    with pytest.raises(ValueError, match="empty"):
        make_cells(shapely.Polygon(), cell_m=200, crs=CRS)


def test_a_population_grid_that_does_not_match_the_cells_is_spread():
    area = shapely.box(X0, Y0, X0 + 6000, Y0 + 6000)
    cells = make_cells(area, cell_m=200, crs=CRS)
    at = np.arange(150.0, 6000, 300)
    x, y = (v.ravel() for v in np.meshgrid(X0 + at, Y0 + at))
    people = gpd.GeoDataFrame(
        {"population": 9.0}, index=range(x.size), geometry=gpd.points_from_xy(x, y), crs=CRS
    )
    spread = measure(cells, population=people)["population"]
    assert spread.sum() == pytest.approx(9.0 * x.size)
    assert spread.min() > 0.7 * 4  # an even 4 per cell, up to the 60 m of a fifth of a square
    assert spread.max() < 1.5 * 4
    rng = np.random.default_rng(0)  # places anywhere are no lattice: points are points
    loose = people.set_geometry(
        gpd.points_from_xy(*(rng.uniform(o, o + 6000, x.size) for o in (X0, Y0))), crs=CRS
    )
    counted = measure(cells, population=loose)["population"]
    assert set(counted % 9.0) == {0.0}
