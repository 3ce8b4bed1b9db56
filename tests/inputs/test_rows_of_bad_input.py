"""Bad input by the number of its row in the list that the readers were written from; rows that have a file of tests of their own are not here."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

import planner
from planner.errors import InputError, PlannerError, UnsafePathError
from planner.inputs.districts import read_districts
from planner.inputs.hosts import read_hosts
from planner.inputs.osm.streets import read_osm_streets
from planner.inputs.places import datum
from planner.inputs.stations import read_stations, to_geocode
from planner.inputs.tables.read import read_table
from planner.publish.safe import OutputError, safe_name, write_text
from planner.roads.network import read_network
from planner.settings.reading import parse_settings
from tests.commands import here
from tests.inputs.nasty import CRS, codes, one, table, write
from tests.roads.osm_text import osm
from tests.study.town import Place, at, street_town, write_table

TODAY = dt.date(2026, 1, 1)


def listed(
    folder: Path, points: list[tuple[float, float]], head: str = "name,lng,lat", more: list[str] | None = None
):
    """A list of stations with a name each."""
    rows = [f"s{i},{x:.6f},{y:.6f}" + (f",{more[i]}" if more else "") for i, (x, y) in enumerate(points)]
    return write(folder, "\n".join([head, *rows]) + "\n")


def spread(n: int, seed: int = 0) -> list[tuple[float, float]]:
    """Places about Suzhou, none within metres of another."""
    rng = np.random.default_rng(seed)
    return [(120.55 + 0.15 * a, 31.25 + 0.1 * b) for a, b in rng.random((n, 2))]


# -- 4, 5: swapped columns ----------------------------------------------------------------------------------


def test_row_4_a_list_with_swapped_columns_is_refused_and_read_with_swap(tmp_path: Path) -> None:
    path = listed(tmp_path, [(y, x) for x, y in spread(8)])
    frame, found = read_stations(table(path), crs=CRS, today=TODAY)
    assert one(found, "XY-001").severity == "E"
    assert "swap = true" in one(found, "XY-001").message_en
    assert frame.empty
    frame, found = read_stations(table(path, swap=True), crs=CRS, today=TODAY)
    assert len(frame) == 8
    assert not codes(found, "E")
    np.testing.assert_allclose(frame["lng_wgs84"], [x for x, _ in spread(8)], atol=1e-6)


@pytest.mark.parametrize("kind", ["layer", "districts", "hosts"])
def test_row_4_swapped_layers_outlines_and_hosts_are_refused_alike(tmp_path: Path, kind: str) -> None:
    points = [shapely.Point(y, x) for x, y in spread(5)]
    square = shapely.box(31.2, 120.5, 31.4, 120.7)
    shapes = [square] if kind == "districts" else points
    frame = gpd.GeoDataFrame({"name": [f"n{i}" for i in range(len(shapes))]}, geometry=shapes, crs=4326)
    if kind == "hosts":
        frame["host_kind"] = "bank"
    frame.to_file(tmp_path / "a.geojson")
    given = table(tmp_path / "a.geojson")
    read = {"layer": read_stations, "districts": read_districts, "hosts": read_hosts}[kind]
    _, found = read(given, crs=CRS)
    assert "XY-001" in codes(found, "E")
    _, found = read(table(tmp_path / "a.geojson", swap=True), crs=CRS)
    assert not codes(found, "E")


# -- 6: no place after projection ---------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "severity"), [(150, "W"), (20, "E")])
def test_row_6_places_without_metres_are_dropped_and_refuse_where_they_are_many(
    tmp_path: Path, n: int, severity: str
) -> None:
    path = listed(
        tmp_path, [*spread(n), (-149.5, 0.0)]
    )  # a quarter of the globe from the zone's meridian, on the equator
    frame, found = read_stations(table(path), crs=CRS, today=TODAY)
    told = [f for f in found if f.code == "XY-003"]
    assert [(f.severity, f.row) for f in told] == [(severity, n + 2)]
    assert len(frame) == n
    assert np.isfinite(shapely.get_coordinates(frame.geometry.to_numpy())).all()


def test_row_6_a_district_without_metres_refuses(tmp_path: Path) -> None:
    near, far = shapely.box(120.5, 31.2, 120.7, 31.4), shapely.box(-149.6, -0.1, -149.4, 0.1)
    frame = gpd.GeoDataFrame({"district": ["甲", "乙"]}, geometry=[near, far], crs=4326)
    frame.to_file(tmp_path / "d.geojson")
    _, found = read_districts(table(tmp_path / "d.geojson"), crs=CRS)
    assert [(f.severity, f.row) for f in found if f.code == "XY-003"] == [("E", 2)]


# -- 9, 10: datums ------------------------------------------------------------------------------------------


def test_row_9_a_datum_per_row_is_obeyed_and_one_that_is_none_refuses(tmp_path: Path) -> None:
    points = spread(6)
    names = ["wgs84", "gcj02", "bd09"] * 2
    moved = [
        tuple(float(v[0]) for v in datum.convert([x], [y], source="wgs84", target=n))
        for (x, y), n in zip(points, names, strict=True)
    ]  # type: ignore[arg-type]
    path = listed(tmp_path, moved, "name,lng,lat,坐标系", ["WGS84", "高德", "百度"] * 2)  # type: ignore[arg-type]
    frame, found = read_stations(table(path, datum=None), crs=CRS, today=TODAY)
    assert not codes(found, "E")
    np.testing.assert_allclose(frame[["lng_wgs84", "lat_wgs84"]].to_numpy(), points, atol=2e-6)
    path = listed(
        tmp_path, points, "name,lng,lat,坐标系", ["WGS84", "高德", "某图", "WGS84", "高德", "WGS84"]
    )
    _, found = read_stations(table(path, datum=None), crs=CRS, today=TODAY)
    assert (one(found, "DAT-004").severity, one(found, "DAT-004").row) == ("E", 4)
    path = listed(tmp_path, points)
    _, found = read_stations(table(path, datum="column"), crs=CRS, today=TODAY)
    assert one(found, "DAT-004").severity == "E"


def test_row_10_coordinates_converted_once_too_often_are_told(tmp_path: Path) -> None:
    """Stations on streets, sent as if WGS84 had been GCJ-02: half a kilometre off the other way."""
    streets = np.array(
        [(x, y) for x in np.arange(120.5, 120.7, 0.004) for y in np.arange(31.2, 31.4, 0.0004)]
    )
    on = streets[np.random.default_rng(3).choice(len(streets), 60, replace=False)]
    lng, lat = datum.convert(on[:, 0], on[:, 1], source="gcj02", target="wgs84")
    path = listed(tmp_path, list(zip(lng.tolist(), lat.tolist(), strict=True)))
    frame, found = read_stations(table(path, datum="wgs84"), crs=CRS, streets=streets, today=TODAY)
    assert one(found, "DAT-003").severity == "W"
    assert len(frame) == 60


# -- 16: addresses without coordinates ----------------------------------------------------------------------


def test_row_16_addresses_without_coordinates_are_kept_for_geocoding_and_many_refuse(tmp_path: Path) -> None:
    rows = "".join(f"s{i},{x:.6f},{y:.6f},\n" for i, (x, y) in enumerate(spread(30)))
    path = write(tmp_path, "name,lng,lat,地址\n" + rows + "远,,,人民路 1 号\n")
    frame, found = read_stations(table(path), crs=CRS, today=TODAY)
    assert (one(found, "XY-006").severity, one(found, "XY-006").row) == ("W", 32)
    assert "XY-007" not in codes(found)
    assert len(frame) == 30
    assert to_geocode(table(path))["地址"].tolist() == ["人民路 1 号"]
    path = write(tmp_path, "name,lng,lat,地址\n" + rows[: rows.index("s10")] + "远,,,人民路 1 号\n" * 3)
    assert one(read_stations(table(path), crs=CRS, today=TODAY)[1], "XY-007").severity == "E"
    assert "XY-007" not in codes(read_stations(table(path, max_missing_share=0.5), crs=CRS, today=TODAY)[1])


# -- 26: far from any street --------------------------------------------------------------------------------


def test_row_26_a_station_far_from_any_street_is_told_and_serves_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    path = street_town(
        tmp_path, stations=[Place("on", 500)], hosts=[Place("A", 2500)], extra="[circle]\nsnap_limit_m = 50\n"
    )
    head = ["编号", "站点名称", "经度", "纬度", "开放时间", "状态"]
    rows = [("on", "on", *at(500), "全天", "正常"), ("off", "off", *at(3000, 90), "全天", "正常")]
    write_table(tmp_path / "stations.csv", head, rows)
    study = planner.open_study(path)
    alone = study.coverage().covered
    told = {f.code: f for f in study.all_findings()}
    assert told["NET-003"].severity == "W"
    assert "off" in told["NET-003"].value
    write_table(tmp_path / "stations.csv", head, rows[:1])
    assert planner.open_study(path).coverage().covered == pytest.approx(alone)


# -- 36: sheets ---------------------------------------------------------------------------------------------


def book(folder: Path, *sheets: tuple[str, str]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, state in sheets:
        page = made.create_sheet(name)
        page.sheet_state = state
        page.append(["name", "lng", "lat"])
        page.append([name, 120.6123, 31.3123])
    made.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def test_row_36_several_hidden_and_wrong_sheets_are_told_with_the_names_there_are(tmp_path: Path) -> None:
    path = book(tmp_path, ("一月", "visible"), ("二月", "visible"), ("旧", "hidden"))
    raw, found = read_table(table(path), kind="stations")
    assert raw is None
    assert one(found, "TAB-001").severity == "E"
    for name in ("一月", "二月", "旧"):
        assert name in one(found, "TAB-001").message_en
    _, found = read_table(table(path, sheet="三月"), kind="stations")
    assert one(found, "TAB-003").severity == "E"
    assert "二月" in one(found, "TAB-003").message_en
    raw, found = read_table(table(path, sheet="旧"), kind="stations")
    assert raw is not None
    assert codes(found, "EW") == ["TAB-002"]
    raw, found = read_table(table(book(tmp_path, ("旧", "hidden"), ("新", "visible"))), kind="stations")
    assert raw is not None
    assert raw.cells.iloc[0, 0] == "新"


# -- 45: cut street files -----------------------------------------------------------------------------------


def street_file(folder: Path, suffix: str) -> Path:
    nodes = {i: (50.0 * i, 0.0) for i in range(1, 400)}
    ways = {i: ([i, i + 1], {"highway": "residential", "name": f"街 {i}"}) for i in range(1, 399)}
    path = osm(folder / "whole.osm", nodes, ways)
    if suffix == ".osm":
        return path
    import osmium

    made = folder / "whole.osm.pbf"
    with osmium.SimpleWriter(str(made)) as out:
        for thing in osmium.FileProcessor(str(path)):
            out.add(thing)
    return made


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", [".osm", ".osm.pbf"])
def test_row_45_a_cut_street_file_is_refused_with_the_byte_up_to_which_it_reads(
    tmp_path: Path, suffix: str, share: float
) -> None:
    whole = street_file(tmp_path, suffix)
    assert read_osm_streets(whole).n_lines == 398
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    with pytest.raises(InputError) as caught:
        read_network(cut)
    (told,) = [f for f in caught.value.findings if f.severity == "E"]
    assert told.code == "NET-106"
    said = int("".join(c for c in told.message_en.split("byte")[1].split("(")[0] if c.isdigit()))
    assert 0 <= said <= cut.stat().st_size
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({"whole.osm", whole.name, cut.name})


# -- 46, 47: numbers of people ------------------------------------------------------------------------------


def people(folder: Path, *values: str) -> Path:
    """The town with residents by place."""
    path = street_town(
        folder, stations=[Place("s", 500)], hosts=[Place("A", 2500)],
        extra='[inputs.population]\nkind = "grid"\npath = "people.csv"\ncolumn = "n"\ncrs = "EPSG:4326"\n',
    )  # fmt: skip
    districts = json.loads((folder / "districts.geojson").read_text("utf-8"))
    for feature in districts["features"]:
        del feature["properties"]["population"]
    (folder / "districts.geojson").write_text(json.dumps(districts), "utf-8")
    write_table(
        folder / "people.csv", ["lng", "lat", "n"], [(*at(500 + 400 * i), v) for i, v in enumerate(values)]
    )
    return path


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("values", [("0", "0"), ("", "x"), ("0", "")])
def test_row_46_nobody_at_all_is_refused_by_check_as_by_run(
    tmp_path: Path, own_cache: None, values: tuple[str, ...]
) -> None:
    study = planner.open_study(people(tmp_path, *values))
    assert "DEM-001" in codes(study.judge(), "E")
    with pytest.raises(InputError) as caught:
        study.run(tmp_path / "out")
    assert "DEM-001" in codes(caught.value.findings, "E")
    assert not (tmp_path / "out" / "run.json").exists()


def test_row_47_negative_people_and_huge_ones_refuse_with_their_row(tmp_path: Path, own_cache: None) -> None:
    below = planner.open_study(people(tmp_path / "a", "100", "-5")).judge()
    assert [(f.source, f.row, f.severity) for f in below if f.code == "POP-001"] == [("people.csv", 3, "E")]
    above = planner.open_study(people(tmp_path / "b", "100", "100000000000000")).judge()
    assert [(f.source, f.row, f.severity) for f in above if f.code == "POP-009"] == [("people.csv", 3, "E")]


def test_row_47_negative_counts_of_workers_refuse_with_file_and_row(tmp_path: Path, own_cache: None) -> None:
    path = street_town(
        tmp_path, stations=[Place("s", 500)], hosts=[Place("A", 2500)],
        extra='[inputs.observations]\npath = "seen.csv"\ndatum = "wgs84"\n',
    )  # fmt: skip
    write_table(
        tmp_path / "seen.csv",
        ["lng", "lat", "group", "count"],
        [(*at(500), "rider", 3), (*at(900), "rider", -4)],
    )
    found = planner.open_study(path).judge()
    told = [f for f in found if f.severity == "E"]
    assert told
    assert {f.source for f in told} == {"seen.csv"}
    assert [f.row for f in told] == [3]


# -- 54, 55: what changed, what cannot be written -----------------------------------------------------------


def command(
    *arguments: object, cache: Path, language: str = "en_US.UTF-8"
) -> subprocess.CompletedProcess[str]:
    return here(*arguments, cwd=cache.parent, PLANNER_CACHE=str(cache), LC_ALL=language)


def test_row_54_an_input_that_changed_is_read_again_and_that_is_said(tmp_path: Path) -> None:
    path = street_town(tmp_path, stations=[Place("s", 500)], hosts=[Place("A", 2500)])
    first = command("coverage", path, "--out", tmp_path / "out", cache=tmp_path / "cache")
    assert first.returncode == 0, first.stderr
    assert "again" not in first.stderr
    again = command("coverage", path, "--out", tmp_path / "out", cache=tmp_path / "cache")
    assert "again" not in again.stderr
    before = (tmp_path / "out" / "coverage.csv").read_bytes()
    street_town(tmp_path, stations=[Place("s", 500), Place("t", 3000)], hosts=[Place("A", 2500)])
    changed = command("coverage", path, "--out", tmp_path / "out", cache=tmp_path / "cache")
    assert "Computed again since the last run" in changed.stderr
    assert (tmp_path / "out" / "coverage.csv").read_bytes() != before
    street_town(tmp_path, stations=[Place("s", 500)], hosts=[Place("A", 2500)])
    back = command("coverage", path, "--out", tmp_path / "out", cache=tmp_path / "cache")
    assert "again" not in back.stderr  # what it was is kept still
    assert (tmp_path / "out" / "coverage.csv").read_bytes() == before


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(13, "in use")])
def test_row_55_a_full_disk_or_a_file_held_open_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old", "utf-8")

    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OutputError) as caught:
        write_text(target, "new")
    assert caught.value.finding.code == ("OUT-001" if error.errno == 28 else "OUT-002")
    assert target.read_text("utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


# -- 58: paths ----------------------------------------------------------------------------------------------

UNSAFE = [
    "../../x",
    "/etc/passwd",
    "CON",
    "nul.txt",
    "a\0b",
    "x" * 300,
    "a/b",
    "a\\b",
    "C:x",
    "..",
    "a\u202eb",
    "",
]


@pytest.mark.parametrize("name", UNSAFE)
def test_row_58_a_name_that_would_leave_its_folder_is_no_name(name: str) -> None:
    with pytest.raises(UnsafePathError):
        safe_name(name)


@pytest.mark.parametrize("name", [n for n in UNSAFE if "\0" not in n])
def test_row_58_no_study_and_no_scenario_has_such_a_name(name: str) -> None:
    text = f'[study]\nname = {json.dumps(name)}\n[inputs.streets]\npath = "s.osm"\n'
    with pytest.raises(PlannerError):
        parse_settings(text)


def test_row_58_districts_with_such_names_stay_inside_the_folder(tmp_path: Path, own_cache: None) -> None:
    evil = "../../x"
    path = street_town(
        tmp_path / "deep" / "study", stations=[Place("s", 500)], hosts=[Place("A", 2500)],
        districts={evil: (0.0, 2000.0, 5000.0), "/abs": (2000.0, 4000.0, 5000.0)},
    )  # fmt: skip
    before = {p for p in tmp_path.rglob("*") if "cache" not in p.parts}
    out = tmp_path / "deep" / "study" / "out"
    planner.open_study(path).run(out)
    made = {p for p in tmp_path.rglob("*") if "cache" not in p.parts} - before
    assert made
    assert all(p.is_relative_to(out) for p in made)


def test_row_58_bombs_links_to_elsewhere_and_entities_are_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("xl/worksheets/sheet1.xml", b"0" * (120 * 2**20))
    assert codes(read_table(table(bomb), kind="stations")[1], "E") == ["FILE-003"]
    for text in ("/vsicurl/http://127.0.0.1:9/x.csv", "http://127.0.0.1:9/x.csv", "/vsizip/a.zip/b.csv"):
        assert codes(read_table(table(Path(text)), kind="stations")[1], "E") == ["SET-005"]
    levels = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
    entities = f'<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a0 "aaaaaaaaaa">{levels}]><osm version="0.6">'
    node = '<node id="{}" lat="31" lon="120.0{}"/>'
    way = '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/><tag k="name" v="&a9;"/></way></osm>'
    path = write(tmp_path, entities + node.format(1, 1) + node.format(2, 2) + way, "bomb.osm")
    with pytest.raises(InputError):
        read_network(path)
