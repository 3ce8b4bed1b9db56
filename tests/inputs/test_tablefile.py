"""One test per way in which a table's file goes wrong."""

import zipfile

import openpyxl
import pytest

from planner.inputs.tables import local as localfile
from planner.inputs.tables.read import read_table
from tests.inputs.nasty import HEADER, ROWS, codes, one, table, text, workbook, write
from tests.inputs.oldexcel import write_xls


def read(path, **options):
    return read_table(table(path, **options), kind="stations")


def names(raw):
    return list(raw.column("name"))


WANTED = ["观前街站", "金鸡湖站", "木渎站"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_csv_in_the_encodings_of_windows_wps_and_unix(tmp_path, encoding):
    raw, found = read(write(tmp_path, text(), encoding=encoding))
    assert names(raw) == WANTED
    assert list(raw.cells.columns) == HEADER
    assert codes(found, "EW") == []
    assert list(raw.rows) == [2, 3, 4]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found_and_stated(tmp_path, separator):
    raw, found = read(write(tmp_path, text(separator=separator)))
    assert names(raw) == WANTED
    assert ("CSV-004" in codes(found)) == (separator != ",")


def test_one_line_pasted_from_another_encoding_is_refused_with_byte_and_row(tmp_path):
    lines = text().encode("utf-8").split(b"\n")
    lines[2] = ",".join(ROWS[1]).encode("gb18030")
    content = b"\n".join(lines)
    raw, found = read(write(tmp_path, content))
    assert raw is None
    bad = one(found, "CSV-002")
    assert (bad.severity, bad.row) == ("E", 3)
    start = int(bad.value.split()[1])
    assert content[:start].decode("utf-8")  # what stands before is whole UTF-8
    with pytest.raises(UnicodeDecodeError):
        content[: start + 4].decode("utf-8")


def test_letters_lost_in_an_earlier_export_are_refused(tmp_path):
    raw, found = read(write(tmp_path, text().replace("观前", "\ufffd\ufffd")))
    bad = one(found, "CSV-003")
    assert (bad.severity, bad.row) == ("E", 2)
    assert raw is not None


def test_western_text_read_as_chinese_raises_a_doubt(tmp_path):
    rows = [
        ["1", "Zürich Süd", "9.5", "47.1", "", "", ""],
        ["2", "Grüsch Büro", "9.6", "47.2", "", "", ""],
    ]
    header = ["id", "name", "lng", "lat", "hours", "status", "district"]
    path = write(tmp_path, text(rows, header), encoding="cp1252")
    assert "CSV-005" in codes(read(path)[1], "W")
    raw, found = read(path, encoding="cp1252")
    assert names(raw)[0] == "Zürich Süd"
    assert codes(found, "EW") == []


def test_text_that_is_no_known_encoding_asks_for_one(tmp_path):
    header = ["id", "name", "lng", "lat"]
    raw, found = read(write(tmp_path, text([["1", "Café", "9.5", "47.1"]], header), encoding="cp1252"))
    assert raw is None
    assert "name the file's encoding" in one(found, "CSV-006").message_en


def test_a_stated_encoding_that_does_not_fit_is_refused(tmp_path):
    path = write(tmp_path, text(), encoding="gb18030")
    assert codes(read(path, encoding="utf-8")[1], "E") == ["CSV-006"]
    assert codes(read(path, encoding="no-such")[1], "E") == ["CSV-001"]


def test_title_date_and_blank_rows_above_the_header(tmp_path):
    rows = [["苏州市户外劳动者服务站点一览表"], [], ["填报日期：2024年1月"], HEADER, *ROWS]
    raw, found = read(workbook(tmp_path, rows, merge=["A1:G1"]))
    assert names(raw) == WANTED
    assert list(raw.rows) == [5, 6, 7]
    assert one(found, "TAB-005").row == 4


def test_a_row_of_units_below_the_header_is_skipped(tmp_path):
    units = ["文本", "文本", "度", "度", "", "", ""]
    raw, found = read(workbook(tmp_path, [HEADER, units, *ROWS]))
    assert list(raw.rows) == [3, 4, 5]
    assert one(found, "TAB-010").row == 2


def test_two_header_rows_with_merged_cells_become_one(tmp_path):
    upper = ["编号", "站点名称", "坐标", None, "开放时间", "状态", "区"]
    lower = [None, None, "经度", "纬度", None, None, None]
    merge = ["A1:A2", "B1:B2", "C1:D1", "E1:E2", "F1:F2", "G1:G2"]
    raw, found = read(workbook(tmp_path, [upper, lower, *ROWS], merge=merge))
    assert raw.roles["lng"] == "经度"
    assert names(raw) == WANTED
    assert codes(found, "E") == []


def test_two_header_rows_without_merging_become_one_and_say_so(tmp_path):
    upper = ["编号", "站点名称", "坐标", None, "开放时间", "状态", "区"]
    lower = [None, None, "经度", "纬度", None, None, None]
    raw, found = read(workbook(tmp_path, [["一览表"], upper, lower, *ROWS]))
    assert (raw.roles["lng"], raw.roles["lat"]) == ("经度", "纬度")
    assert list(raw.rows) == [4, 5, 6]
    assert one(found, "TAB-006").row == 2


def test_the_study_may_say_which_row_is_the_header(tmp_path):
    decoy = ["编号", "站点名称", "经度", "纬度", "开放时间", "状态", "区", "地址"]
    path = workbook(tmp_path, [decoy, ["说明文字"], HEADER, *ROWS])
    raw, _ = read(path, header_row=3)
    assert list(raw.rows) == [4, 5, 6]
    assert codes(read(path, header_row=99)[1], "E") == ["TAB-004"]


def test_merged_district_cells_hold_for_every_row_they_span(tmp_path):
    rows = [HEADER, *([*r[:6], "姑苏区" if i == 0 else None] for i, r in enumerate(ROWS))]
    raw, found = read(workbook(tmp_path, rows, merge=["G2:G4"]))
    assert list(raw.column("district")) == ["姑苏区"] * 3
    assert "TAB-012" in codes(found, "F")


def test_totals_and_remarks_at_the_foot_are_not_stations(tmp_path):
    rows = [HEADER, *ROWS, [], ["合计", None, None, None, None, None, None], ["备注：数据截至1月"]]
    raw, found = read(workbook(tmp_path, rows))
    assert names(raw) == WANTED
    assert sorted(f.row for f in found if f.code == "TAB-013") == [6, 7]


def test_several_sheets_are_listed_and_one_must_be_named(tmp_path):
    path = workbook(tmp_path, [HEADER, *ROWS])
    book = openpyxl.load_workbook(path)
    book.create_sheet("旧表").append(["a"])
    book.create_sheet("秘密").append(["b"])
    book["秘密"].sheet_state = "hidden"
    book.save(path)
    raw, found = read(path)
    assert raw is None
    bad = one(found, "TAB-001")
    assert (bad.severity, "旧表" in bad.value, "秘密" in bad.message_zh) == ("E", True, True)
    assert names(read(path, sheet="站点")[0]) == WANTED
    wrong = one(read(path, sheet="站 点")[1], "TAB-003")
    assert "站点, 旧表, 秘密" in wrong.message_en


def test_empty_and_hidden_sheets_beside_the_only_full_one_do_not_matter(tmp_path):
    path = workbook(tmp_path, [HEADER, *ROWS])
    book = openpyxl.load_workbook(path)
    book.create_sheet("Sheet2")
    book.create_sheet("草稿").append(["x"])
    book["草稿"].sheet_state = "hidden"
    book.save(path)
    assert names(read(path)[0]) == WANTED
    assert codes(read(path, sheet="草稿")[1], "W") == ["TAB-002"]


def test_html_saved_as_xls_is_not_excel(tmp_path):
    html = "<html><body><table><tr><td>编号</td></tr></table></body></html>"
    for name in ("list.xls", "list.xlsx"):
        raw, found = read(write(tmp_path, html, name))
        assert raw is None
        assert "HTML" in one(found, "FILE-004").message_en


def test_text_corrupt_and_truncated_workbooks_are_not_excel(tmp_path):
    whole = workbook(tmp_path, [HEADER, *ROWS]).read_bytes()
    for name, content in (
        ("text.xlsx", b"a,b,c\n1,2,3\n"), ("cut.xlsx", whole[: len(whole) // 2]),
        ("junk.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 3000),
    ):  # fmt: skip
        raw, found = read(write(tmp_path, content, name))
        assert raw is None, name
        assert codes(found, "E") == ["FILE-004"], name


def test_formulas_without_stored_values_are_listed_by_address(tmp_path):
    rows = [HEADER, *ROWS[:2], ["004", "公式站", "=C2+0.01", "=D2", "", "正常", ""]]
    raw, found = read(workbook(tmp_path, rows))
    assert one(found, "TAB-016").value == "C4, D4"
    assert raw.column("lng").iloc[2] is None


def test_a_needed_column_named_twice_is_refused_an_unneeded_one_is_not(tmp_path):
    twice = [[*HEADER, "经度"], *([*r, "0"] for r in ROWS)]
    raw, found = read(workbook(tmp_path, twice))
    assert raw is None
    assert one(found, "TAB-007").severity == "E"
    remarks = [[*HEADER, "杂项", "杂项"], *([*r, "a", "b"] for r in ROWS)]
    raw, found = read(workbook(tmp_path, remarks))
    assert one(found, "TAB-017").severity == "W"
    assert list(raw.cells["杂项"]) == ["a", "a", "a"]


def test_two_columns_for_one_role_must_be_settled_by_the_study(tmp_path):
    header = ["编号", "站点名称", "百度经度", "高德经度", "纬度"]
    path = write(tmp_path, text([["1", "站", "120.63", "120.62", "31.3"]], header))
    assert one(read(path)[1], "TAB-007").field == "lng"
    raw, found = read(path, columns={"lng": "高德经度"})
    assert list(raw.column("lng")) == ["120.62"]
    assert codes(found, "E") == []


def test_a_stated_column_that_is_missing_gets_the_closest_names(tmp_path):
    _, found = read(write(tmp_path, text()), columns={"lng": "经 度"})
    bad = one(found, "TAB-008")
    assert "经度" in bad.message_en
    assert bad.severity == "E"


def test_every_alias_of_the_table_leads_to_one_role():
    from planner.inputs.tables.headers import known_names, plain_name

    known = known_names("stations")
    for name, role in {"经度": "lng", "LNG": "lng", "Longitude": "lng", "lon": "lng", "纬度（°）": "lat", "lat_gcj02": "lat",
                       "坐标": "lnglat", "站点名称": "name", " 开放时间 ": "open_hours", "所属区": "district",
                       "面积（㎡）": "area_m2", "station_id": "station_id", "详细地址": "address"}.items():  # fmt: skip
        assert known[plain_name(name)] == role, name


def test_cells_too_many_in_a_row_are_told(tmp_path):
    content = text() + "004,站,120.6,31.3,8:00,20:00,正常,吴中区,多余\n"
    _, found = read(write(tmp_path, content))
    assert one(found, "TAB-014").row == 5


def test_a_quoted_cell_may_hold_separators_and_line_ends(tmp_path):
    content = '编号,站点名称,经度,纬度\n1,"观前街,\n东口",120.6,31.3\n2,站,120.7,31.3\n'
    raw, _ = read(write(tmp_path, content))
    assert names(raw) == ["观前街,\n东口", "站"]
    assert list(raw.rows) == [2, 4]


def test_header_without_rows_and_files_without_header(tmp_path):
    assert codes(read(write(tmp_path, text(rows=[])))[1], "E") == ["TAB-015"]
    assert codes(read(write(tmp_path, "\n\n\n"))[1], "E") == ["TAB-004"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/vsicurl/http://example.invalid/a.gpkg", "SET-005"),
        ("http://example.invalid/stations.csv", "SET-005"),
        ("/vsizip/a.zip/b.shp", "SET-005"),
        ("https:/example.invalid/stations.csv", "SET-005"),
        ("no/such/file.csv", "SET-004"),
        ("/dev/null", "SET-005"),
        ("/", "SET-005"),
        ("x" * 300 + ".csv", "FILE-001"),
    ],
)
def test_only_regular_local_files_are_opened(path, code):
    raw, found = read(path)
    assert raw is None
    assert codes(found, "E") == [code]


def test_kinds_of_file_that_planner_does_not_read(tmp_path):
    for name in ("a.kml", "a.pkl", "a.zip", "a"):
        assert codes(read(write(tmp_path, "x", name))[1], "E") == ["FILE-008"], name
    assert codes(read(write(tmp_path, "", "empty.csv"))[1], "E") == ["FILE-001"]


def test_a_virtual_layer_dressed_as_geojson_never_reaches_gdal(tmp_path):
    vrt = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/http://x.invalid/</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    for name in ("a.geojson", "a.gpkg", "a.json"):
        assert codes(read(write(tmp_path, vrt, name))[1], "E") == ["FILE-006"], name


def test_files_above_the_limit_are_not_read(tmp_path):
    path = write(tmp_path, text())
    (found,) = localfile.check_file(path, max_bytes=50)
    assert found.code == "FILE-002"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (60 * 2**20))
    raw, found = read(path)
    assert raw is None
    assert codes(found, "E") == ["FILE-003"]


def test_reading_changes_nothing_on_disk(tmp_path):
    path = workbook(tmp_path, [HEADER, *ROWS])
    before = path.read_bytes()
    read(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_ordinary_gb18030_lists_are_never_taken_for_mixed_ones():
    import random

    from planner.inputs.tables.delimited import decode

    common = [bytes([a, b]).decode("gb2312") for a in range(0xB0, 0xD7) for b in range(0xA1, 0xFF)]
    luck = random.Random(0)
    for _ in range(300):
        lines = [f"{i},{''.join(luck.choices(common, k=luck.randint(1, 8)))},120.6" for i in range(30)]
        content = "编号,名称,经度\n" + "\n".join(lines)
        got, encoding, found = decode(content.encode("gb18030"), source="a")
        assert (got, encoding, codes(found, "EW")) == (content, "gb18030", [])


def test_excel_97_workbooks(tmp_path):
    numbers = [[r[0], r[1], float(r[2]), float(r[3]), *r[4:]] for r in ROWS]
    raw, found = read(write_xls(tmp_path / "list.xls", [["一览表"], HEADER, *numbers]))
    assert names(raw) == WANTED
    assert list(raw.column("station_id")) == ["001", "002", "003"]
    assert list(raw.column("lng")) == [r[2] for r in ROWS]
    assert list(raw.rows) == [3, 4, 5]
    assert codes(found, "EW") == []


def test_opendocument_spreadsheets(tmp_path):
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
            for c in row
        )
        + "</table:table-row>"
        for row in [HEADER, *ROWS]
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="站点">{cells}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    path = tmp_path / "list.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    raw, found = read(path)
    assert names(raw) == WANTED
    assert codes(found, "EW") == []
