"""The stage of worker density: from judged inputs to the demand table, observations read and gone."""

from dataclasses import fields

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.demand.density import WorkerDensity, model_demand
from planner.demand.observations import observe
from planner.inputs.load import LoadedInputs
from planner.inputs.osm.layers import no_layers
from planner.settings.demand import Demand
from planner.settings.inputs import Table
from planner.tables import empty
from tests.demand.city import CRS, GROUPS, PERIODS, X0, Y0, make_city

RIDER = next(g for g in GROUPS if g.name == "rider").model_copy(update={"total": 500.0})


@pytest.fixture(scope="module")
def city():
    return make_city(0, n=12)


def town() -> LoadedInputs:
    """A square of 2 km in two districts, residents every 100 m, a pond, no stations."""
    halves = [shapely.box(X0 + 1000 * k, Y0, X0 + 1000 * k + 1000, Y0 + 2000) for k in (0, 1)]
    names = ["west", "east"]
    districts = gpd.GeoDataFrame(
        {"district": names, "name_zh": names, "name_en": names, "population": [3000.0, 1000.0]},
        geometry=halves, crs=CRS,
    )  # fmt: skip
    x, y = (v.ravel() for v in np.meshgrid(X0 + np.arange(50, 2000, 100), Y0 + np.arange(50, 2000, 100)))
    people = gpd.GeoDataFrame(
        {"population": 10.0}, index=range(400), geometry=gpd.points_from_xy(x, y), crs=CRS
    )
    pond = gpd.GeoDataFrame(
        {"kind": ["pond"], "name": [""]}, geometry=[shapely.box(X0, Y0, X0 + 200, Y0 + 200)], crs=CRS
    )
    none = no_layers(CRS)
    return LoadedInputs(
        crs=CRS, districts=districts, stations=empty("stations", CRS), hosts=none.hosts, population=people,
        water=pond, main_roads=none.main_roads, landuse=none.landuse, places=none.places, streets=none.streets, rows={}, findings=(),
    )  # fmt: skip


def streets() -> gpd.GeoDataFrame:
    lines = [shapely.LineString([(X0 + at, Y0), (X0 + at, Y0 + 2000)]) for at in range(50, 2000, 100)]
    return gpd.GeoDataFrame(
        {"class": "residential", "length": 2000.0}, index=range(20), geometry=lines, crs=CRS
    )


def model(observations=None, demand=None) -> WorkerDensity:
    return model_demand(
        demand or Demand(ensemble=4), [RIDER], PERIODS, seed=1, inputs=town(), observations=observations,
        streets=streets(),
    )  # fmt: skip


def write(path, rows, header="lng,lat,人数,群体"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return Table(path=path, datum="wgs84")


def seen_in(cells, rows=40):
    points = gpd.GeoSeries(shapely.centroid(cells.geometry.to_numpy()), crs=CRS).to_crs(4326)
    return [f"{p.x:.7f},{p.y:.7f},{k % 5 + 1},rider" for k, p in enumerate(points.iloc[:rows])]


def test_the_table_holds_the_groups_workers_and_nobody_stands_in_the_pond():
    made = model()
    assert made.demand["workers"].sum() == pytest.approx(500)
    by_district = made.demand.groupby("district")["workers"].sum()
    pd.testing.assert_series_equal(by_district, made.controls["rider"], check_names=False)
    assert by_district["west"] == pytest.approx(375)  # 3,000 of 4,000 residents
    assert len(made.covariates) == len(made.demand) == 99  # cells of 200 m with a street, the pond left out
    assert len(made.points) == 99 * 4  # two streets of a cell, each in two pieces of 100 m
    assert made.surfaces.shape == (4, 99)
    assert made.levels == {"rider": "weights"}
    assert made.findings == model().findings


def test_observations_move_the_workers_and_what_is_wrong_with_their_file_is_left_to_the_inputs(tmp_path):
    rng = np.random.default_rng(1)
    xy = np.c_[rng.uniform(X0 + 610, X0 + 990, 80), rng.uniform(Y0 + 250, Y0 + 1950, 80)]
    spots = gpd.GeoSeries(shapely.points(xy), crs=CRS).to_crs(4326)
    rows = [f"{p.x:.7f},{p.y:.7f},5,rider" for p in spots]
    table = write(tmp_path / "seen.csv", [*rows, "999,999,3,rider", "120.0,25.0,3,rider"])
    made = model(table, Demand(ensemble=4, observed_share=0.9))
    told = [f.code for f in made.findings]
    assert "DEM-007" in told  # 25° N is no cell of the town
    assert not [c for c in told if c.startswith(("XY", "TAB"))]
    assert made.levels == {"rider": "surface"}
    seen = made.demand[made.demand.geometry.centroid.x.between(X0 + 600, X0 + 1000)]
    blind = model().demand
    assert (
        seen["workers"].sum() > 0.9 * 375
    )  # the district's total stays, its people stand where they were seen
    assert blind["workers"][blind.geometry.centroid.x.between(X0 + 600, X0 + 1000)].sum() < 0.5 * 375


def test_nothing_finer_than_a_cell_is_learnt_from_the_file(tmp_path, city):
    rows = seen_in(make_city(0, n=10).cells)
    made = model(write(tmp_path / "seen.csv", rows), Demand(ensemble=2, observed_share=0.9))
    for f in fields(WorkerDensity):
        value = getattr(made, f.name)
        if f.name not in ("levels", "bandwidths_m", "findings", "ensemble", "points"):
            assert len(value) in (2, 99), f.name  # districts, or cells
    # within a cell the points stand to each other as they did before anybody was seen
    now, before = made.points.table["rider"].to_numpy(), model().points.table["rider"].to_numpy()
    seen, ratio = np.bincount(made.points.cell, before) > 0, now / np.maximum(before, 1e-12)
    low, high = (pd.Series(ratio).groupby(made.points.cell).agg(f) for f in ("min", "max"))
    assert seen.all()
    assert low.to_numpy() == pytest.approx(high.to_numpy(), rel=1e-6)


def test_a_file_is_read_and_summed_in_one_go(tmp_path, city):
    table = write(tmp_path / "seen.csv", seen_in(city.cells))
    sums = Demand(observed_share=0.1, min_observed=4)
    seen, found = observe(table, city.cells, demand=sums, groups=["rider"])
    rider = seen.groups["rider"]
    assert rider.share == 0.1
    assert rider.total == 8 * (1 + 2 + 3 + 4 + 5)
    assert rider.count[rider.count > 0].min() >= 4
    assert [f.code for f in found] == ["SUR-003", "DEM-012"]
    places, _ = observe(table, city.cells, demand=Demand(observed_at_places=True), groups=["rider"])
    assert places.groups["rider"].sums.notna().sum() == 40


def test_a_study_without_observations_has_none(tmp_path, city):
    assert observe(None, city.cells, demand=Demand(), groups=["rider"]) == (None, [])
    nothing = write(tmp_path / "seen.csv", [])
    assert observe(nothing, city.cells, demand=Demand(), groups=["rider"]) == (None, [])
