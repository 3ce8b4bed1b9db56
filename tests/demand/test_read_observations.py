"""Observations from a study's file: read, summed over cells, and gone."""

import geopandas as gpd
import pytest
import shapely

from planner.demand.observations import of_study, read_observations
from planner.settings.inputs import Table
from planner.settings.reading import parse_settings
from tests.demand.city import CRS, make_city


@pytest.fixture
def city():
    return make_city(0, n=12)


def write(path, city, text="经度,纬度,人数,群体\n", rows=40):
    points = gpd.GeoSeries(shapely.centroid(city.cells.geometry.to_numpy()), crs=CRS).to_crs(4326)
    lines = [f"{p.x:.7f},{p.y:.7f},{k % 5 + 1},rider" for k, p in enumerate(points.iloc[:rows])]
    path.write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def study(path, more=""):
    head = f'[study]\nname = "s"\n[inputs.streets]\npath = "{path}"\n[inputs.observations]\npath = "{path}"\ndatum = "wgs84"\n'
    return parse_settings(head + more)


def test_a_file_with_chinese_headers_is_read(tmp_path, city):
    records, found = read_observations(Table(path=write(tmp_path / "seen.csv", city), datum="wgs84"), crs=CRS)
    assert len(records) == 40
    assert not [f for f in found if f.severity == "E"]
    assert records["count"].astype(float).sum() == sum(k % 5 + 1 for k in range(40))
    assert records.within(city.cells.union_all()).all()


def test_columns_can_be_named(tmp_path, city):
    path = write(tmp_path / "seen.csv", city, "lng,lat,heads,trade\n")
    table = Table(path=path, datum="wgs84", columns={"count": "heads", "group": "trade"})
    records, _ = read_observations(table, crs=CRS)
    assert set(records["group"]) == {"rider"}
    assert records["count"].astype(float).max() == 5


def test_a_study_reads_and_sums_in_one_go(tmp_path, city):
    path = write(tmp_path / "seen.csv", city)
    seen, found = of_study(study(path, "[demand]\nobserved_share = 0.1\nmin_observed = 4\n"), city.cells)
    rider = seen.groups["rider"]
    assert rider.share == 0.1
    assert rider.total == sum(k % 5 + 1 for k in range(40))
    assert rider.count[rider.count > 0].min() >= 4
    assert "DEM-012" in {f.code for f in found}
    places, _ = of_study(study(path, "[demand]\nobserved_at_places = true\n"), city.cells)
    assert places.groups["rider"].sums.notna().sum() == 40


def test_a_study_without_observations_has_none(city, tmp_path):
    text = f'[study]\nname = "s"\n[inputs.streets]\npath = "{write(tmp_path / "x.csv", city)}"\n'
    assert of_study(parse_settings(text), city.cells) == (None, [])
