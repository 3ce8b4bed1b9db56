"""Files that made a process end, hang, ask for half a terabyte or call a server: each the smallest of its kind."""

from __future__ import annotations

import http.server
import json
import sqlite3
import struct
import subprocess
import sys
import threading
import time
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.demand.cells import make_cells
from planner.errors import InputError, SettingsError, finding, visible
from planner.inputs.districts import read_districts
from planner.inputs.osm.layers import read_layers
from planner.inputs.osm.streets import read_osm_streets
from planner.inputs.population import read_population
from planner.inputs.stations import read_stations
from planner.inputs.tables.extent import too_wide
from planner.inputs.tables.read import read_table
from planner.roads.network import read_network
from planner.settings.inputs import Population
from planner.settings.reading import parse_settings
from planner.siting.candidates import points_along_streets
from tests.inputs.nasty import CRS, HEADER, ROWS, codes, one, table, text, workbook, write

POINT = {
    "type": "Feature",
    "properties": {"name": "a"},
    "geometry": {"type": "Point", "coordinates": [120.6, 31.3]},
}
LINE = {
    "type": "Feature",
    "properties": {},
    "geometry": {"type": "LineString", "coordinates": [[120.6, 31.3], [120.61, 31.3]]},
}


# -- the network ------------------------------------------------------------------------------------------


@pytest.fixture
def server():
    """A server on this machine that counts what is asked of it."""
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"+proj=longlat +datum=WGS84")

        def log_message(self, *_):
            pass

    made = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}/CRS", asked
    made.shutdown()
    thread.join()
    made.server_close()


def linked(folder, how, url, feature, name):
    crs = {
        "link": {"crs": {"type": "link", "properties": {"href": url, "type": "proj4"}}},
        "url": {"crs": {"type": "url", "properties": {"url": url}}},
        "capitals": {"CRS": {"Type": "LINK", "Properties": {"HREF": url}}},
    }
    if how in crs:
        content = json.dumps({"type": "FeatureCollection", **crs[how], "features": [feature]})
    elif how == "escaped":
        plain = json.dumps({"type": "FeatureCollection", **crs["link"], "features": [feature]})
        content = plain.replace('"crs"', '"\\u0063rs"').replace('"href"', '"\\u0068ref"')
    else:  # the first of two members of a name is a link
        plain = json.dumps({"type": "FeatureCollection", **crs["link"], "features": [feature]})
        content = plain.replace('"features"', '"crs": null, "features"')
    (folder / name).write_text(content, "utf-8")
    return folder / name


@pytest.mark.parametrize("how", ["link", "url", "capitals", "escaped", "twice"])
@pytest.mark.parametrize("suffix", [".geojson", ".json"])
def test_a_crs_given_as_a_link_is_refused_and_never_followed(tmp_path, server, how, suffix):
    url, asked = server
    points = linked(tmp_path, how, url, POINT, f"points{suffix}")
    for kind in ("stations", "hosts", "districts", "population", "visits", "grades"):
        raw, found = read_table(table(points), kind=kind)
        assert raw is None
        assert codes(found, "E") == ["FILE-010"]
    lines = linked(tmp_path, how, url, LINE, f"lines{suffix}")
    with pytest.raises(InputError, match="FILE-010"):
        read_network(lines)
    assert asked == []


def test_a_crs_by_name_and_links_elsewhere_are_read(tmp_path, server):
    url, asked = server
    feature = {**POINT, "properties": {"url": url, "href": url, "name": "a"}}
    named = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}}
    path = write(
        tmp_path, json.dumps({"type": "FeatureCollection", **named, "features": [feature]}), "a.geojson"
    )
    frame, found = read_stations(table(path), crs=CRS)
    assert len(frame) == 1
    assert "FILE-010" not in codes(found)
    assert asked == []


@pytest.mark.parametrize("name", ["streets.vrt", "streets.gml", "streets.kml.txt", "streets.wfs"])
def test_streets_are_read_from_kinds_that_cannot_point_elsewhere_alone(tmp_path, server, name):
    url, asked = server
    path = write(tmp_path, f"WFS:{url}", name)
    with pytest.raises(InputError, match="NET-119"):
        read_network(path)
    assert asked == []


def layered(path):
    gpd.GeoDataFrame({"name": ["a"]}, geometry=gpd.points_from_xy([120.6], [31.3]), crs=4326).to_file(
        path, layer="p"
    )
    return path


def with_view(path, name, select):
    with sqlite3.connect(path) as base:
        base.execute(f"CREATE VIEW {name} AS {select}")
        if not name.startswith("gpkg"):
            base.execute(
                f"INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) VALUES('{name}', 'features', '{name}', 4326)"
            )
            base.execute(f"INSERT INTO gpkg_geometry_columns VALUES('{name}', 'geom', 'POINT', 4326, 0, 0)")
    base.close()
    return path


def test_a_view_without_end_in_a_geopackage_is_refused_at_once(tmp_path):
    endless = "WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM n) SELECT fid, (SELECT geom FROM p) AS geom FROM n"
    path = with_view(layered(tmp_path / "a.gpkg"), "endless", endless)
    begin = time.perf_counter()
    for layer in ("endless", "p", None):
        raw, found = read_table(table(path, layer=layer), kind="stations")
        assert raw is None
        assert one(found, "FILE-011").value == "endless"
    with pytest.raises(InputError, match="FILE-011"):
        read_network(path)
    assert time.perf_counter() - begin < 5


def test_a_geopackage_without_views_is_read(tmp_path):
    frame, found = read_stations(table(layered(tmp_path / "a.gpkg")), crs=CRS)
    assert len(frame) == 1
    assert not codes(found, "E")


# -- how far a table reaches --------------------------------------------------------------------------------


def bounded(call, *arguments):
    """A reader in a process of its own with 4 GB of room; what it prints."""
    room = "import resource; resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))"
    program = f"import sys; from planner.inputs.tables.read import read_table; from planner.settings.inputs import Table; {room}; {call}"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


READ = "print([f.code for f in read_table(Table(path=sys.argv[1]), kind='stations')[1]])"


@pytest.mark.parametrize("cell", ["XFD1048576", "ZZ200000", "A10000001", "B5000002"])
def test_a_stray_cell_far_away_is_told_before_any_room_is_made(tmp_path, cell):
    path = workbook(tmp_path, [HEADER, *ROWS])
    book = zipfile.ZipFile(path)
    parts = {n: book.read(n) for n in book.namelist()}
    row = "".join(c for c in cell if c.isdigit())
    stray = f'<row r="{row}"><c r="{cell}" t="n"><v>1</v></c></row></sheetData>'.encode()
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", stray)
    with zipfile.ZipFile(path, "w") as out:
        for name, data in parts.items():
            out.writestr(name, data)
    code, printed = bounded(READ, path)
    assert (code, printed.strip()) == (0, "['FILE-012']")
    assert row in one(read_table(table(path), kind="stations")[1], "FILE-012").value


def test_a_sheet_of_usual_size_reaches_where_it_does(tmp_path):
    path = workbook(tmp_path, [HEADER, *ROWS, *[["x"] * 300] * 50])
    assert too_wide(path) == []
    assert not codes(read_table(table(path), kind="stations")[1], "E")


def test_repeated_cells_of_an_opendocument_sheet_and_a_binary_sheet(tmp_path):
    ods = tmp_path / "a.ods"
    with zipfile.ZipFile(ods, "w") as out:
        out.writestr(
            "content.xml",
            '<table:table><table:table-row table:number-rows-repeated="1048576">'
            '<table:table-cell table:number-columns-repeated="16384" office:value-type="string"/></table:table-row></table:table>',
        )
    assert codes(too_wide(ods)) == ["FILE-012"]
    xlsb = tmp_path / "a.xlsb"
    record = bytes([0, 4]) + struct.pack("<I", 1_048_575) + bytes([5, 4]) + struct.pack("<I", 16_383)
    with zipfile.ZipFile(xlsb, "w") as out:
        out.writestr("xl/worksheets/sheet1.bin", record)
    assert "XFD1048576" in too_wide(xlsb)[0].value


def test_a_csv_of_parentheses_of_columns_and_of_newlines_is_told_at_once(tmp_path):
    begin = time.perf_counter()
    wide = write(tmp_path, text() + "," * 200_000 + "\n", "wide.csv")
    raw, found = read_table(table(wide), kind="stations")
    assert raw is None
    assert one(found, "FILE-013").value == "200,001"
    deep = write(tmp_path, text() + "(" * 300_000 + "\n", "deep.csv")
    raw, found = read_table(table(deep), kind="stations")
    assert raw is not None
    empty = write(tmp_path, text() + "\n" * 4_000_000, "empty.csv")
    raw, found = read_table(table(empty), kind="stations")
    assert raw is None
    assert one(found, "FILE-013").value.startswith("4,000,0")
    assert time.perf_counter() - begin < 10


# -- places that are none -----------------------------------------------------------------------------------


def osm_with(folder, node):
    body = (
        f'<osm version="0.6">{node}<node id="2" lat="31" lon="120.01"/><way id="1"><nd ref="1"/><nd ref="2"/>'
    )
    return write(
        folder, f'<?xml version="1.0"?>{body}<tag k="highway" v="residential"/></way></osm>', "a.osm"
    )


@pytest.mark.parametrize(
    "node",
    [
        '<node id="1" lat="31" lon=""/>',
        '<node id="1" lat="999" lon="120"/>',
        '<node id="1" lat="91.5" lon="120"/>',
        '<node id="1" lat="31" lon="-180.5"/>',
        '<node id="1" lat="nan" lon="120"/>',
        "<node id='1' lon='120' lat='31e3'/>",
        '<node user="a>b" id="1" lat="95" lon="120"/>',
    ],
)
@pytest.mark.parametrize("reader", [read_osm_streets, lambda p: read_layers(p, crs=CRS)])
def test_a_node_that_stands_nowhere_is_named(tmp_path, node, reader):
    with pytest.raises(InputError, match=r"NET-127 .*node 1 of the OSM file stands nowhere"):
        reader(osm_with(tmp_path, node))


@pytest.mark.parametrize(
    "node",
    [
        '<node id="1" lat="-90" lon="180.0"/>',
        '<node id="1" lat="3.1e1" lon="120"/>',
        '<node id="1" lat="31." lon="0120"/>',
    ],
)
def test_a_node_written_oddly_stands_where_it_says(tmp_path, node):
    assert read_osm_streets(osm_with(tmp_path, node)).n_lines == 1


def ring(*corners):
    return {
        "type": "Feature",
        "properties": {"district": "甲", "population": 5},
        "geometry": {"type": "Polygon", "coordinates": [[*corners, corners[0]]]},
    }


def districts(folder, *features):
    path = write(
        folder,
        json.dumps({"type": "FeatureCollection", "features": list(features)}, ensure_ascii=False),
        "d.geojson",
    )
    return read_districts(table(path), crs=CRS)


FINE = [
    (120.6 + 0.1 * np.cos(a), 31.3 + 0.1 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 40, endpoint=False)
]
OTHER = ring((120.9, 31.3), (121.0, 31.3), (121.0, 31.4), (120.9, 31.4))


@pytest.mark.parametrize("at", [0, 7])
@pytest.mark.parametrize("wrong", [(120.6, 313.0), (1206.0, 31.3)])
def test_an_impossible_vertex_of_a_district_refuses_it_wherever_it_stands(tmp_path, at, wrong):
    corners = [*FINE]
    corners[at] = wrong
    other = {**OTHER, "properties": {"district": "乙", "population": 5}}
    frame, found = districts(tmp_path, ring(*corners), other)
    assert frame["district"].tolist() == ["乙"]
    assert one(found, "GEO-007").severity == "E"
    assert one(found, "GEO-007").row == 1


def test_a_spike_and_a_missing_digit_in_an_outline_are_told(tmp_path):
    spiked = [*FINE]
    spiked[10] = (spiked[10][0], 41.31)
    _, found = districts(tmp_path, ring(*spiked))
    assert float(one(found, "GEO-008").value) > 1000
    short = [*FINE]
    short[10] = (12.062, short[10][1])
    frame, found = districts(tmp_path, ring(*short))
    assert "DIS-007" in codes(found, "E")
    assert frame.empty
    _, found = districts(tmp_path, ring(*FINE))
    assert not codes(found, "EW")


def test_a_box_of_ten_by_seven_degrees_takes_no_more_room_than_a_city(tmp_path):
    frame, found = districts(tmp_path, ring((115, 28), (125, 28), (125, 35), (115, 35)))
    assert not codes(found, "E")
    points, _ = read_population(Population(kind="districts", total=9e6), crs=CRS, districts=frame)
    assert 1e6 < len(points) < 5e6
    with pytest.raises(InputError, match="DIS-006"):
        make_cells(frame.geometry.iloc[0], cell_m=200, crs=CRS)


def test_too_small_a_step_along_the_streets_is_refused_with_one_that_does():
    line = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(558_000, 3_464_000), (598_000, 3_464_000)])], crs=CRS
    )
    with pytest.raises(InputError, match=r"CAN-010 .*siting\.every_m = 1$"):
        points_along_streets(read_network(line, crs=CRS), 0.1)


def test_a_list_of_which_no_row_can_be_placed_is_refused(tmp_path):
    unread = write(tmp_path, "name,lng,lat\na,东边,北边\nb,？,x\n")
    frame, found = read_stations(table(unread, max_missing_share=1.0), crs=CRS)
    assert frame.empty
    assert "XY-015" in codes(found, "E")
    some = write(tmp_path, "name,lng,lat\na,120.6,31.3\nb,x,y\n")
    assert "XY-007" in codes(read_stations(table(some), crs=CRS)[1], "E")
    assert "XY-007" not in codes(read_stations(table(some, max_missing_share=0.5), crs=CRS)[1], "E")


def test_a_row_without_an_address_is_not_said_to_stand_in_to_geocode(tmp_path):
    path = write(tmp_path, "name,lng,lat,address\na,120.6,31.3,x\nb,,,\nc,,,人民路1号\n")
    _, found = read_stations(table(path, max_missing_share=1.0), crs=CRS)
    said = {f.row: "to_geocode" in f.message_en for f in found if f.code == "XY-006"}
    assert said == {3: False, 4: True}


def test_a_hundred_million_million_residents_in_one_row_are_told(tmp_path):
    path = write(tmp_path, "lng,lat,population\n120.6,31.3,100\n120.61,31.3,100000000000000\n", "p.csv")
    square = gpd.GeoDataFrame(
        {"district": ["a"], "population": [np.nan]}, geometry=[shapely.box(4e5, 3.4e6, 7e5, 3.6e6)], crs=CRS
    )
    _, found = read_population(Population(kind="grid", path=path), crs=CRS, districts=square)
    assert one(found, "POP-009").row == 3


# -- letters and numbers that act -------------------------------------------------------------------------


def test_letters_that_act_on_a_terminal_are_shown_by_their_numbers():
    evil = "\x1b]8;;http://x\x07a\x9b31m\u202eb"
    said = finding("STA-001", source=evil, field=evil, value=evil)
    for told in (str(said), said.message_en, said.message_zh, said.source):
        assert not any(c in told for c in "\x1b\x07\x9b\u202e")
    assert visible("a\x1bb\nc") == "a\\x1bb\nc"


BASE = '[study]\nname = "a"\n[inputs.streets]\npath = "{}"\n'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (BASE.format("a\\u0000b"), "SET-005"),
        (BASE.format("s") + "[siting]\np = " + "9" * 5000 + "\n", "SET-003"),
        ("x = " + "[" * 20_000, "SET-003"),
    ],
)
def test_study_files_that_broke_the_reader_are_refused(content, code, tmp_path):
    with pytest.raises(SettingsError, match=code):
        parse_settings(content, folder=tmp_path)


def test_an_encoding_that_reads_nothing_is_refused(tmp_path):
    for encoding in ("undefined", "rot13", "no-such"):
        raw, found = read_table(table(write(tmp_path, text()), encoding=encoding), kind="stations")
        assert raw is None
        assert codes(found, "E") == ["CSV-001"]


def test_a_broken_prj_is_told(tmp_path):
    gpd.GeoDataFrame({"name": ["a"]}, geometry=gpd.points_from_xy([120.6], [31.3]), crs=4326).to_file(
        tmp_path / "a.shp"
    )
    (tmp_path / "a.prj").write_text("PROJCS[\x1b broken", "utf-8")
    _, found = read_stations(table(tmp_path / "a.shp"), crs=CRS)
    assert codes(found, "E")


def test_a_console_that_has_no_chinese_shows_marks_and_no_traceback(tmp_path):
    study = write(tmp_path, '[study]\nname = "a"\nlanguage = "zh"\n', "study.toml")
    done = subprocess.run(
        [sys.executable, "-m", "planner", "check", str(study)], capture_output=True, check=False,
        env={**__import__("os").environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_degrees_that_cannot_be_are_not_said_to_look_like_what_they_are_called(tmp_path):
    rows = "".join(f"s{i},{150 + i},{140 + i}\n" for i in range(6))
    _, found = read_stations(table(write(tmp_path, "name,lng,lat\n" + rows)), crs=CRS)
    assert "look like EPSG:4326" not in " ".join(f.message_en for f in found)
    assert codes(found, "E")


def test_refused_streets_are_not_blamed_on_the_residents(tmp_path):
    from planner.inputs.load import load_inputs
    from planner.settings.about import About
    from planner.settings.inputs import Inputs, Streets

    inputs = Inputs(
        streets=Streets(path=tmp_path / "cut.osm.pbf"), population=Population(kind="buildings", total=9000)
    )
    loaded = load_inputs(About(name="a", crs=CRS), inputs, None)
    assert "POP-006" not in codes(loaded.findings)


def test_the_commands_print_no_letter_that_acts_on_a_terminal(tmp_path):
    from typer.testing import CliRunner

    from planner.cli import app

    evil = "\\u001b]8;;http://x\\u0007\\u202e"
    study = write(
        tmp_path,
        f'[study]\nname = "a"\ntitle_en = "{evil}"\n"{evil}" = 1\n[inputs.streets]\npath = "s{evil}.osm"\n',
        "study.toml",
    )
    done = CliRunner().invoke(app, ["check", str(study)])
    assert done.exit_code == 1
    assert "\\x1b]8;;" in done.output
    assert not any(c in done.output for c in "\x1b\x07\u202e")


# -- what random changes to files found -------------------------------------------------------------------


def repacked(path, target, **changed):
    """A workbook with some parts replaced or (``None``) renamed away."""
    book = zipfile.ZipFile(path)
    with zipfile.ZipFile(target, "w") as out:
        for name in book.namelist():
            out.writestr(name, book.read(name))
        for name, data in changed.items():
            out.writestr(name.replace("__", "/"), data)
    return target


def test_a_stray_cell_is_found_wherever_the_workbook_keeps_its_sheet(tmp_path):
    path = workbook(tmp_path, [HEADER, *ROWS])
    book = zipfile.ZipFile(path)
    parts = {n: book.read(n) for n in book.namelist()}
    sheet = parts.pop("xl/worksheets/sheet1.xml")
    stray = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>'
    parts["xl/elsewhere/page.xml"] = sheet.replace(b"</sheetData>", stray)
    rels = "xl/_rels/workbook.xml.rels"
    parts[rels] = parts[rels].replace(b"worksheets/sheet1.xml", b"elsewhere/page.xml")
    with zipfile.ZipFile(path, "w") as out:
        for name, data in parts.items():
            out.writestr(name, data)
    assert codes(too_wide(path)) == ["FILE-012"]
    code, printed = bounded(READ, path)
    assert (code, printed.strip()) == (0, "['FILE-012']")


def test_a_workbook_whose_sheet_cannot_be_unpacked_is_told(tmp_path):
    path = workbook(tmp_path, [HEADER, *ROWS])
    info = zipfile.ZipFile(path).getinfo("xl/worksheets/sheet1.xml")
    content = bytearray(path.read_bytes())
    start = info.header_offset + 30 + len(info.filename)
    content[start + 5 : start + 40] = b"\xff" * 35
    path.write_bytes(content)
    raw, found = read_table(table(path), kind="stations")
    assert raw is None
    assert codes(found, "E") == ["FILE-004"]


def test_a_name_in_a_workbook_that_its_directory_tells_otherwise_is_told(tmp_path):
    path = workbook(tmp_path, [HEADER, *ROWS])
    content = path.read_bytes()
    path.write_bytes(content.replace(b"xl/worksheets/sheet1.xml", b"xl/worcsheets/sheet1.xml", 1))
    _, found = read_table(table(path), kind="stations")
    assert codes(found, "E") == ["FILE-004"]


@pytest.mark.parametrize("cut", [1500, 3000, 4200])
def test_an_old_workbook_that_was_cut_or_changed_is_told(tmp_path, cut):
    from tests.inputs.oldexcel import write_xls

    path = write_xls(tmp_path / "a.xls", [HEADER, *ROWS])
    whole = path.read_bytes()
    for content in (
        whole[:cut],
        whole[:cut] + b"\xff\x07" + whole[cut + 2 :],
        whole[:76] + b"\1" + whole[77:],
    ):
        path.write_bytes(content)
        raw, found = read_table(table(path), kind="stations")
        assert raw is not None or codes(found, "E")


def test_a_shapefile_with_a_changed_prj_is_told_or_read(tmp_path):
    layer = gpd.GeoDataFrame({"name": ["a"]}, geometry=gpd.points_from_xy([120.6], [31.3]), crs=4326)
    layer.to_file(tmp_path / "a.shp")
    good = (tmp_path / "a.prj").read_bytes()
    for bad in (
        good[:40],
        good.replace(b"6378137", b"NaN"),
        b"\xff" * 60,
        good.replace(b'"', b"", 1),
        b"GEOGCS[]",
    ):
        (tmp_path / "a.prj").write_bytes(bad)
        _, found = read_stations(table(tmp_path / "a.shp"), crs=CRS)
        assert found
        with pytest.raises(InputError):
            read_network(tmp_path / "a.shp")


@pytest.mark.parametrize("y", [-4.7e61, 1e308, 5000.0])
def test_a_street_with_a_corner_that_is_no_place_refuses(tmp_path, y):
    feature = {**LINE, "geometry": {"type": "LineString", "coordinates": [[120.6, 31.3], [120.6, y]]}}
    path = write(tmp_path, json.dumps({"type": "FeatureCollection", "features": [feature]}), "a.geojson")
    with pytest.raises(InputError, match=r"NET-112|CRS-002"):
        read_network(path)


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        "{" * 5000,
        '{"format": "planner plan 1", "sites": 3}',
        'site_id,lng,lat\n"' + "x" * 200_000,
    ],
)
def test_a_plan_of_the_page_that_is_none_is_refused(tmp_path, content):
    from planner.errors import PlannerError
    from planner.study.plan_file import read_plan

    with pytest.raises(PlannerError) as caught:
        read_plan(write(tmp_path, content, "plan.json"))
    assert caught.value.told.code == "PAGE-001"


def test_a_geopackage_whose_words_are_no_text_is_told(tmp_path):
    path = layered(tmp_path / "a.gpkg")
    with sqlite3.connect(path) as base:
        base.execute(
            "INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) VALUES(CAST(x'61ff62' AS TEXT), 'features', 'x', 4326)"
        )
    base.close()
    raw, found = read_table(table(path), kind="stations")
    assert raw is None
    assert codes(found, "E") == ["FILE-001"]
    with pytest.raises(InputError):
        read_network(path)


@pytest.mark.parametrize(
    ("reach", "refused"),
    [
        ((0, 1_240_006_660, 0, 7), True),  # 347 GB asked for
        ((5, 2, 0, 7), True),
        ((0, 4, 9, 7), True),
        ((0, 65_536, 0, 256), True),
        ((0, 65_536, 0, 100), False),
        ((0, 0, 0, 0), False),
    ],
)
def test_an_old_workbook_that_says_it_reaches_far_is_refused_before_room_is_made(tmp_path, reach, refused):
    from tests.inputs.oldexcel import write_xls

    path = write_xls(tmp_path / "a.xls", [HEADER, *ROWS])
    data = bytearray(path.read_bytes())
    at = data.index(b"\x00\x02\x0e\x00") + 4
    data[at : at + 12] = struct.pack("<IIHH", *reach)
    path.write_bytes(data)
    assert codes(too_wide(path)) == (["FILE-012"] if refused else [])
    if refused:
        code, printed = bounded(READ, path)
        assert (code, printed.strip()) == (0, "['FILE-012']")
