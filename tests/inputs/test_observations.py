"""Observations as a file gives them: points, counts, groups."""

import geopandas as gpd
import shapely

from planner.inputs.observations import read_observations
from tests.inputs.nasty import CRS, codes, table, write

SPOTS = gpd.GeoSeries([shapely.Point(558000.0 + 50 * k, 3464000.0) for k in range(40)], crs=CRS).to_crs(4326)


def seen(folder, header="经度,纬度,人数,群体"):
    lines = [f"{p.x:.7f},{p.y:.7f},{k % 5 + 1},rider" for k, p in enumerate(SPOTS)]
    return write(folder, "\n".join([header, *lines]) + "\n", "seen.csv")


def test_a_file_with_chinese_headers_is_read(tmp_path):
    records, found = read_observations(table(seen(tmp_path)), crs=CRS)
    assert len(records) == 40
    assert codes(found, "E") == []
    assert records["count"].astype(float).sum() == 8 * (1 + 2 + 3 + 4 + 5)
    assert records.distance(SPOTS.to_crs(CRS)).max() < 0.02


def test_columns_can_be_named(tmp_path):
    path = seen(tmp_path, "lng,lat,heads,trade")
    records, _ = read_observations(table(path, columns={"count": "heads", "group": "trade"}), crs=CRS)
    assert set(records["group"]) == {"rider"}
    assert records["count"].astype(float).max() == 5


def test_points_without_counts_are_one_worker_each(tmp_path):
    path = write(tmp_path, "lng,lat\n120.60,31.30\n120.61,31.30\n", "seen.csv")
    records, _ = read_observations(table(path), crs=CRS)
    assert records["count"].tolist() == [1, 1]
    assert "group" not in records.columns


def test_a_file_that_is_not_there_is_refused_and_holds_nothing(tmp_path):
    records, found = read_observations(table(tmp_path / "none.csv"), crs=CRS)
    assert len(records) == 0
    assert any(f.severity == "E" for f in found)


def test_how_a_survey_was_drawn_and_whom_it_saw_are_read_with_their_rows(tmp_path):
    text = "经度,纬度,工号,抽样比例\n120.60,31.30,A01,5%\n120.61,31.30,,0.2\n"
    records, _ = read_observations(table(write(tmp_path, text, "seen.csv")), crs=CRS)
    assert records["row"].tolist() == [2, 3]
    assert records["sampling_share"].tolist() == ["5%", "0.2"]
    assert records["worker_id"].iloc[0] == "A01"
    named = table(write(tmp_path, "lng,lat,rider,p\n120.6,31.3,7,1\n", "named.csv"),
                  columns={"worker_id": "rider", "sampling_share": "p"})  # fmt: skip
    records, _ = read_observations(named, crs=CRS)
    assert (records["worker_id"].iloc[0], records["sampling_share"].iloc[0]) == ("7", "1")
