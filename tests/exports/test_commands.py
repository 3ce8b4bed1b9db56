"""The commands: ``planner export`` and ``planner handouts`` on a street that a pencil can plan."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.study.study import Study
from tests.study.town import Place, at, street_town

STATIONS = (Place("S1", 1000.0), Place("S2", 3100.0))
HOSTS = tuple(Place(f"h{n}", 300.0 + 450 * n) for n in range(8))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    districts = {"../west": (0.0, 2000.0, 10_000.0), "east": (2000.0, 4000.0, 4000.0)}
    return street_town(folder, stations=STATIONS, hosts=HOSTS, siting="p = 3", districts=districts)


def asked(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(a) for a in args])
    return result.exit_code, result.output


def test_export_writes_what_is_asked_for_and_says_where(town: Path, tmp_path: Path) -> None:
    code, said = asked("export", town, "--to", "geojson,amap,service-map", "--out", tmp_path / "x")
    assert code == 0, said
    assert {p.name for p in (tmp_path / "x").iterdir()} == {
        "sites.geojson", "stations.geojson", "circle.geojson", "districts.geojson", "amap.csv", "service_map.json",
        "service_map.schema.json", "exports.json",
    }  # fmt: skip
    assert str(tmp_path / "x") in said
    read = gpd.read_file(tmp_path / "x" / "stations.geojson").set_index("station_id")
    for station in STATIONS:
        assert (read.geometry[station.name].x, read.geometry[station.name].y) == pytest.approx(
            at(station.x_m), abs=1e-6
        )


def test_ids_of_last_year_are_kept_and_codes_say_what_is_asked(town: Path, tmp_path: Path) -> None:
    asked("export", town, "--to", "service-map", "--out", tmp_path)
    old = json.loads((tmp_path / "service_map.json").read_text("utf-8"))["places"]
    renamed = {"places": [{**p, "id": f"old-{n}"} for n, p in enumerate(old)]}
    (tmp_path / "last.json").write_text(json.dumps(renamed), "utf-8")
    code, said = asked("export", town, "--to", "service-map", "--out", tmp_path / "y", "--earlier", tmp_path / "last.json",
                       "--qr", "https://x.cn/{id}")  # fmt: skip
    assert code == 0, said
    now = json.loads((tmp_path / "y" / "service_map.json").read_text("utf-8"))["places"]
    assert [p["id"] for p in now] == [f"old-{n}" for n in range(len(old))]
    assert now[0]["qr_text"] == "https://x.cn/old-0"
    code, said = asked("export", town, "--to", "service-map", "--out", tmp_path / "z", "--earlier", town)
    assert code == 1
    assert "is no service map" in said
    assert not list((tmp_path / "z").glob("*"))


def test_a_format_that_there_is_not_is_named_before_anything_is_computed(town: Path, tmp_path: Path) -> None:
    code, said = asked("export", town, "--to", "shp", "--out", tmp_path / "x")
    assert code == 1
    assert "shp is no format to export to" in said
    assert not (tmp_path / "x").exists()


def test_handouts_writes_a_document_and_a_workbook_for_each_district(town: Path, tmp_path: Path) -> None:
    code, said = asked("handouts", town, "--out", tmp_path / "h")
    assert code == 0, said
    assert "each of 2 districts" in said
    made = {p.name for p in (tmp_path / "h").iterdir()}
    assert made == {"01_west.docx", "01_west.xlsx", "02_east.docx", "02_east.xlsx", "districts.xlsx"}
    rows = list(openpyxl.load_workbook(tmp_path / "h" / "districts.xlsx").active.iter_rows(values_only=True))
    sites = rows[0].index("New sites")
    assert rows[1][sites] + rows[2][sites] == rows[3][sites] == 3


def test_the_facade_gives_the_paths(town: Path, tmp_path: Path) -> None:
    study: Study = planner.open_study(town)
    files = study.export(tmp_path / "x", ("kml", "geoparquet"))
    assert [f.name for f in files] == ["plan.kml", "sites.parquet", "cells.parquet", "exports.json"]
    assert all(f.is_file() for f in files)
    files = study.handouts(tmp_path / "h")
    assert files[-1].name == "districts.xlsx"
    assert all(f.is_file() for f in files)
