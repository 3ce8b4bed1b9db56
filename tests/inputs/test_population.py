"""Residents as points, from a grid, from buildings, from the districts' totals."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.inputs.population import DEFAULT_LEVELS, FLOOR_M2_PER_PERSON, read_population
from planner.settings.inputs import Population
from tests.inputs.nasty import CRS, codes, one, write

X, Y = 558000.0, 3464000.0


def districts(people=(3000.0, 1000.0)):
    names = ["甲区", "乙区"]
    data = {
        "district": names,
        "name_zh": names,
        "name_en": names,
        "adcode": [None, None],
        "population": people,
    }
    shapes = [shapely.box(X, Y, X + 1000, Y + 1000), shapely.box(X + 1000, Y, X + 2000, Y + 500)]
    return gpd.GeoDataFrame(data, geometry=shapes, crs=CRS)


def read(population, **options):
    frame, found = read_population(population, crs=CRS, **{"districts": districts(), **options})
    assert frame.crs == CRS
    unplaced = ["placed"] if population.kind == "districts" and len(frame) else []
    assert list(frame.columns) == ["population", "district", *unplaced, "geometry"]
    assert (frame["population"] > 0).all()
    assert set(frame.geom_type) <= {"Point"}
    return frame, found


def grid(rows, **columns):
    """Cells' middles in WGS84 with their people."""
    spots = gpd.GeoSeries([shapely.Point(X + a, Y + b) for a, b, _ in rows], crs=CRS).to_crs(4326)
    return pd.DataFrame({"lng": spots.x, "lat": spots.y, "population": [p for *_, p in rows], **columns})


ROWS = [(100, 100, 10), (500, 500, 20.5), (1500, 200, 30), (1500, 800, 40), (700, 700, 0)]


def test_a_grid_of_points_in_csv(tmp_path):
    grid(ROWS).to_csv(tmp_path / "p.csv", index=False)
    frame, found = read(Population(kind="grid", path=tmp_path / "p.csv"))
    assert frame["population"].tolist() == [10, 20.5, 30]
    assert frame["district"].tolist() == ["甲区", "甲区", "乙区"]
    assert (one(found, "POP-003").severity, one(found, "POP-003").value) == ("W", "40")  # outside both


def test_a_grid_of_cells_in_a_geopackage_with_its_own_column_name(tmp_path):
    cells = gpd.GeoDataFrame(
        {"rk_2020": [12, 8]},
        geometry=[shapely.box(X, Y, X + 200, Y + 200), shapely.box(X + 1000, Y, X + 1200, Y + 200)],
        crs=CRS,
    )
    cells.to_file(tmp_path / "p.gpkg", driver="GPKG")
    frame, found = read(Population(kind="grid", path=tmp_path / "p.gpkg", column="rk_2020"))
    assert frame["population"].tolist() == [12, 8]
    assert [round(v - X) for v in frame.geometry.x] == [100, 1100]
    assert codes(found, "EW") == []


def test_an_alias_of_the_column_is_found_and_a_missing_one_is_refused(tmp_path):
    grid(ROWS[:3]).rename(columns={"population": "人口"}).to_csv(tmp_path / "p.csv", index=False)
    assert len(read(Population(kind="grid", path=tmp_path / "p.csv"))[0]) == 3
    grid(ROWS[:3]).rename(columns={"population": "zzz"}).to_csv(tmp_path / "q.csv", index=False)
    bad = one(read(Population(kind="grid", path=tmp_path / "q.csv"))[1], "POP-008")
    assert "zzz" in bad.message_en


def test_a_stated_total_scales_the_sum_within_the_districts(tmp_path):
    grid(ROWS).to_csv(tmp_path / "p.csv", index=False)
    frame, found = read(Population(kind="grid", path=tmp_path / "p.csv", total=121))
    assert frame["population"].tolist() == pytest.approx([20, 41, 60])
    assert one(found, "POP-004").severity == "I"
    assert one(found, "POP-007").value == "4,000 / 121"  # the districts say 3,000 and 1,000


def test_negative_and_wordy_people_in_a_grid(tmp_path):
    grid([(100, 100, "-3"), (500, 500, "many"), (600, 500, "5")]).to_csv(tmp_path / "p.csv", index=False)
    frame, found = read(Population(kind="grid", path=tmp_path / "p.csv"))
    assert (one(found, "POP-001").row, one(found, "POP-001").severity) == (2, "E")
    assert (one(found, "POP-002").row, one(found, "POP-002").severity) == (3, "W")
    assert frame["population"].tolist() == [5]


def test_a_grid_without_a_file_or_with_an_absent_one_is_refused(tmp_path):
    assert codes(read(Population(kind="grid"))[1], "E") == ["POP-006"]
    assert codes(read(Population(kind="grid", path=tmp_path / "no.csv"))[1], "E") == ["SET-004"]


def test_district_totals_are_spread_evenly():
    frame, found = read(Population())
    assert codes(found) == []
    sums = frame.groupby("district")["population"].sum()
    assert sums.to_dict() == pytest.approx({"甲区": 3000, "乙区": 1000})
    assert frame.groupby("district").size().to_dict() == {"甲区": 100, "乙区": 50}  # every 100 m
    assert frame.groupby("district")["population"].nunique().to_dict() == {"甲区": 1, "乙区": 1}


def test_without_district_totals_the_stated_total_goes_by_area():
    frame, _ = read(Population(total=3000), districts=districts((np.nan, np.nan)))
    assert frame.groupby("district")["population"].sum().to_dict() == pytest.approx(
        {"甲区": 2000, "乙区": 1000}
    )
    assert codes(read(Population(total=4100))[1]) == []  # within five per cent of 4,000
    assert codes(read(Population(total=5000))[1]) == ["POP-007"]
    frame, _ = read(Population(total=3000), districts=districts((2500.0, np.nan)))
    assert frame.groupby("district")["population"].sum().to_dict() == pytest.approx(
        {"甲区": 2500, "乙区": 500}
    )


def test_without_any_figure_there_is_nobody_and_a_word():
    frame, found = read(Population(), districts=districts((np.nan, 5.0)))
    assert frame.empty
    assert one(found, "POP-006").severity == "W"


def test_a_district_smaller_than_the_spacing_still_gets_its_people():
    tiny = districts().assign(
        geometry=[shapely.box(X, Y, X + 30, Y + 30), shapely.box(X + 60, Y, X + 70, Y + 30)]
    )
    frame, _ = read(Population(), districts=tiny)
    assert frame["population"].tolist() == [3000, 1000]


OSM = """<?xml version='1.0' encoding='UTF-8'?>
<osm version="0.6" generator="test">
{nodes}
{ways}
</osm>
"""


def osm_file(tmp_path, buildings):
    """An OSM file of rectangular buildings (x, y, width, height in metres, tags)."""
    nodes, ways, number = [], [], 0
    for k, (x, y, w, h, tags) in enumerate(buildings):
        corners = gpd.GeoSeries(
            [shapely.Point(X + x + a, Y + y + b) for a, b in ((0, 0), (w, 0), (w, h), (0, h))], crs=CRS
        )
        refs = []
        for p in corners.to_crs(4326):
            number += 1
            nodes.append(f'<node id="{number}" lat="{p.y:.9f}" lon="{p.x:.9f}" version="1"/>')
            refs.append(number)
        inner = "".join(f'<nd ref="{r}"/>' for r in [*refs, refs[0]]) + "".join(
            f'<tag k="{a}" v="{b}"/>' for a, b in tags.items()
        )
        ways.append(f'<way id="{k + 1}" version="1">{inner}</way>')
    return write(tmp_path, OSM.format(nodes="\n".join(nodes), ways="\n".join(ways)), "b.osm")


def test_buildings_count_by_footprint_and_storeys(tmp_path):
    path = osm_file(tmp_path, [
        (100, 100, 20, 10, {"building": "apartments", "building:levels": "6"}), (200, 100, 20, 10, {"building": "yes"}),
        (300, 100, 50, 50, {"building": "warehouse"}), (1200, 100, 10, 10, {"building": "house", "building:levels": "2"}),
        (5000, 100, 10, 10, {"building": "house", "building:levels": "2"}),
    ])  # fmt: skip
    frame, found = read(Population(kind="buildings"), osm_path=path)
    floor = np.array([200 * 6, 200 * DEFAULT_LEVELS, 100 * 2])
    assert frame["population"].tolist() == pytest.approx(floor / FLOOR_M2_PER_PERSON, rel=1e-3)
    assert frame["district"].tolist() == ["甲区", "甲区", "乙区"]
    assert one(found, "POP-005").severity == "W"
    frame, found = read(Population(kind="buildings", path=path, total=400))
    assert frame["population"].tolist() == pytest.approx(floor / floor.sum() * 400, rel=1e-3)
    assert "POP-005" not in codes(found)


def test_buildings_without_an_osm_file_are_refused():
    assert codes(read(Population(kind="buildings"))[1], "E") == ["POP-006"]


@pytest.mark.real
def test_the_real_buildings_of_nanshan(shared_data):
    area = gpd.GeoSeries([shapely.box(113.9, 22.5, 113.99, 22.6)], crs=4326).to_crs("EPSG:4547")
    place = districts().iloc[:1].set_geometry(area.to_list(), crs="EPSG:4547")
    frame, _ = read_population(
        Population(kind="buildings", total=50_000), crs="EPSG:4547", districts=place,
        osm_path=shared_data / "nanshan" / "nanshan.osm",
    )  # fmt: skip
    assert frame["population"].sum() == pytest.approx(50_000)
    assert 100 < len(frame) <= 425  # the file holds 425 buildings, not all of them homes
