"""Names of streets from tables of lines."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import LineString, Point

from planner.inputs.streets import named_lines
from planner.settings.inputs import Streets

CRS = "EPSG:4549"
X, Y = 559_000.0, 3_464_100.0


def table(**columns: list[object]) -> gpd.GeoDataFrame:
    shapes = [LineString([(X, Y + 10 * i), (X + 50, Y + 10 * i)]) for i in range(3)]
    return gpd.GeoDataFrame(columns, geometry=shapes, index=range(3), crs=CRS)


@pytest.mark.parametrize(
    ("ending", "column"), [("geojson", "name"), ("gpkg", "NAME"), ("parquet", "Name"), ("shp", "name")]
)
def test_lines_with_a_name_in_any_table_of_streets(tmp_path: Path, ending: str, column: str) -> None:
    path = tmp_path / f"streets.{ending}"
    lines = table(**{column: ["人民路", " ", None], "highway": ["primary"] * 3}).to_crs(4326)
    lines.to_parquet(path) if ending == "parquet" else lines.to_file(path, encoding="utf-8")
    found = named_lines(Streets(path=path), crs=CRS)
    assert found["name"].tolist() == ["人民路"]
    assert found.crs == CRS
    assert found.geometry.iloc[0].distance(Point(X, Y)) < 0.01


def test_no_names_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "streets.geojson"
    table(highway=["primary"] * 3).to_crs(4326).to_file(path)
    graph = tmp_path / "streets.graphml"
    graph.write_text("<graphml/>", "utf-8")
    for source in (path, graph, tmp_path / "gone.gpkg"):
        found = named_lines(Streets(path=source), crs=CRS)
        assert (len(found), found.crs, list(found.columns)) == (0, CRS, ["name", "geometry"])


def test_lines_that_do_not_say_their_crs_are_in_the_studys(tmp_path: Path) -> None:
    path = tmp_path / "streets.shp"
    table(name=["a", "b", "c"]).to_file(path)
    path.with_suffix(".prj").unlink()
    assert len(named_lines(Streets(path=path), crs=CRS)) == 0
    found = named_lines(Streets(path=path, crs=CRS), crs=CRS)
    assert found["name"].tolist() == ["a", "b", "c"]
