import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.demand.cells import make_cells
from planner.demand.covariates import measure
from planner.demand.estimate import estimate
from planner.demand.grid import cut_lines, grid_of
from planner.settings import Group, Period, defaults
from planner.tables import check

CRS = "EPSG:4549"
PERIODS = [Period(**p) for p in defaults()["periods"]]
GROUPS = [Group(**g) for g in defaults()["groups"] if g.get("enabled", True)]
X0, Y0 = 500_000.0, 3_450_000.0


def toy():
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
    streets = gpd.GeoDataFrame(
        {"class": ["primary", "motorway"]},
        geometry=[
            shapely.LineString([(X0, Y0 + 300), (X0 + 2000, Y0 + 300)]),
            shapely.LineString([(X0, Y0 + 900), (X0 + 2000, Y0 + 900)]),
        ],
        crs=CRS,
    )
    return area, districts, water, streets


def test_cells_of_a_toy_area_by_hand():
    area, districts, water, _ = toy()
    cells = make_cells(area, cell_m=200, crs=CRS, districts=districts, water=water)
    assert len(cells) == 50
    assert cells["cell_id"].is_unique
    assert (cells["district"] == "west").sum() == 25
    wet = cells.set_index(["col", "row"])["land_share"]
    assert wet[2501, 17251] == 0.0
    assert wet[2502, 17251] == pytest.approx(0.5)
    assert wet.sum() == pytest.approx(50 - 3.0)


def test_lines_are_cut_at_the_cells():
    area, _, _, streets = toy()
    grid = grid_of(make_cells(area, cell_m=200, crs=CRS))
    pieces = cut_lines(grid, streets.geometry.to_numpy())
    assert pieces.length_m.sum() == pytest.approx(4000)
    assert np.bincount(pieces.cell, pieces.length_m).max() == pytest.approx(200)


def test_a_first_estimate_keeps_totals_and_leaves_water_and_motorways_empty():
    area, districts, water, streets = toy()
    cells = make_cells(area, cell_m=200, crs=CRS, districts=districts, water=water)
    covariates = measure(cells, streets=streets, water=water)
    demand, _ = estimate(cells, covariates, GROUPS, periods=PERIODS, districts=districts, streets=streets)
    check("demand", demand)
    assert set(cells.loc[demand.index, "row"]) == {17251}
    assert not demand.within(water.union_all()).any()
    by_district = demand.groupby("district")["workers"].sum()
    rate = sum(g.rate_per_1000 for g in GROUPS if g.in_headline) / 1000
    assert by_district["west"] == pytest.approx(10_000 * rate, abs=0.5)
    assert by_district["east"] == pytest.approx(30_000 * rate, abs=0.5)
    rider = demand[[f"rider__{p.name}" for p in PERIODS]].sum(axis=1).sum()
    assert rider == pytest.approx(40_000 * 4.97 / 1000)
    assert (shapely.get_y(demand["point"].to_numpy()) == Y0 + 300).all()
