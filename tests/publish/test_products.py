"""Workbook, CSV, layers, run.json: what is in them, that it is right, and that it does nothing."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from lxml import etree
from shapely import LineString

from planner.errors import PlannerError, UnsafePathError, finding
from planner.exports.gis import layers
from planner.inputs.places.datum import convert
from planner.publish import runfile
from planner.publish.office import csvfile as tablesout
from planner.publish.safe import plain_text, xlsx_text
from planner.publish.zipped import FIXED_DATE
from planner.telling.bundle import ExtraLayer
from planner.telling.contents.assumptions import assumptions
from planner.workbook import whole as workbook
from tests.publish.hostile import HOSTILE, WORST, hostile_bundle
from tests.publish.toy import toy_bundle

FINDINGS = (
    finding("CAN-003", source="站点.xlsx", row=7, field="名称", value="石路"),
    finding("SET-004", source="study.toml", value="x.csv"),
)


@pytest.fixture(scope="module")
def bundle() -> Any:
    return toy_bundle(findings=FINDINGS)


def read_csv(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# --- recommendations.csv ---------------------------------------------------------------------------------------


def test_the_csv_holds_the_chosen_sites_in_rank_order_with_three_datums(bundle: Any, tmp_path: Path) -> None:
    path = tmp_path / "recommendations.csv"
    tablesout.write_csv(bundle, path)
    rows = read_csv(path)
    chosen = bundle.chosen.to_crs(4326)
    assert [r["站点编号"] for r in rows] == list(chosen["site_id"])
    assert [float(r["新增覆盖人数"]) for r in rows] == list(chosen["workers_gained"])
    assert [r["区县"] for r in rows] == ["西区", "东区", "东区", "西区", "西区"]
    lng = np.array([float(r["经度_WGS84"]) for r in rows])
    lat = np.array([float(r["纬度_WGS84"]) for r in rows])
    np.testing.assert_allclose(lng, chosen.geometry.x, atol=6e-7)
    for datum, label in (("gcj02", "GCJ02"), ("bd09", "BD09")):
        there = convert(
            [float(r[f"经度_{label}"]) for r in rows], [float(r[f"纬度_{label}"]) for r in rows], source=datum
        )
        np.testing.assert_allclose(np.array(there), [lng, lat], atol=2e-6)
        assert (np.abs(there[0] - [float(r[f"经度_{label}"]) for r in rows]) > 0.003).all()


def test_the_csv_speaks_english_in_an_english_study(tmp_path: Path) -> None:
    tablesout.write_csv(toy_bundle("en"), tmp_path / "a.csv")
    rows = read_csv(tmp_path / "a.csv")
    assert rows[0]["District"] == "West"
    assert rows[0]["Host venue"] == "bank branch"
    assert not re.search("[\u4e00-\u9fff]", "".join(rows[0]))


def test_columns_that_say_nothing_are_left_out(bundle: Any, tmp_path: Path) -> None:
    empty = dataclasses.replace(bundle, chosen=bundle.chosen.assign(confidence=np.nan, batch=""))
    tablesout.write_csv(empty, tmp_path / "a.csv")
    assert not {"稳健度", "批次"} & set(read_csv(tmp_path / "a.csv")[0])


def test_negative_numbers_stay_numbers_in_any_table(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": ["-1", "=2", None], "n": [-1, 2, 3], "x": [-1.5, np.nan, 2e-7]})
    tablesout.write_table(table, tmp_path / "t.csv")
    assert read_csv(tmp_path / "t.csv") == [
        {"id": "'-1", "n": "-1", "x": "-1.5"}, {"id": "'=2", "n": "2", "x": ""}, {"id": "", "n": "3", "x": "2e-07"},
    ]  # fmt: skip


def test_any_table_with_points_gets_its_coordinates(bundle: Any, tmp_path: Path) -> None:
    tablesout.write_table(bundle.stations, tmp_path / "s.csv")
    rows = read_csv(tmp_path / "s.csv")
    assert {"lng_wgs84", "lat_gcj02", "lng_bd09"} <= set(rows[0])
    assert "geometry" not in rows[0]


# --- recommendations.xlsx --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(bundle: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("book") / "recommendations.xlsx"
    workbook.write_workbook(bundle, path)
    return openpyxl.load_workbook(path)


def frame(sheet: Any) -> pd.DataFrame:
    rows = list(sheet.iter_rows(values_only=True))
    return pd.DataFrame(rows[1:], columns=rows[0])


def test_the_workbook_has_its_sheets(book: Any) -> None:
    assert book.sheetnames[:3] == ["封面", "推荐站点", "分区覆盖"]
    assert book.sheetnames[-1] == "名词口径"
    assert {"其他口径", "投入", "曲线", "参数与假设", "数据检查", "分期与备选", "数据来源"} <= set(
        book.sheetnames
    )


def test_the_workbook_equals_the_chosen_table(book: Any, bundle: Any) -> None:
    table = frame(book["推荐站点"]).iloc[:-1]
    assert list(table["站点名称"]) == list(bundle.chosen["name"])
    assert list(table["推荐理由"]) == list(bundle.chosen["reason_zh"])
    np.testing.assert_allclose(table["距最近现有站点（米）"], bundle.chosen["nearest_station_m"])
    wgs = bundle.chosen.to_crs(4326).geometry
    np.testing.assert_allclose(table["纬度_WGS84"].astype(float), wgs.y, atol=6e-7)


def test_coverage_by_district_with_total_and_chart(book: Any, bundle: Any) -> None:
    sheet = book["分区覆盖"]
    rows = frame(sheet).iloc[:3]
    assert list(rows.iloc[:, 0]) == ["西区", "东区", "合计"]
    before, after = bundle.before.by_district["share"], bundle.after.by_district["share"]
    np.testing.assert_allclose(rows["现状覆盖率"].astype(float), [*before, bundle.before.share])
    np.testing.assert_allclose(rows["建成后覆盖率"].astype(float), [*after, bundle.after.share], atol=1e-6)
    assert list(rows["现有开放站点"]) == [4, 1, 5]  # the planned one does not count
    assert list(rows["新增站点"]) == [3, 2, 5]
    assert len(sheet._charts) == 1


def test_every_assumption_has_a_source_and_each_rate_a_band(book: Any, bundle: Any) -> None:
    table = frame(book["参数与假设"])
    assert table["来源与依据"].notna().all()
    rate = table[table["研究文件中的键"] == "groups.rider.rate_per_1000"].iloc[0]
    assert (rate["取值"], rate["下限"], rate["上限"], rate["可信度"]) == (4.97, 3.479, 9.94, "中")
    assert "全国总工会" in rate["来源与依据"]
    for group in bundle.settings.headline_groups:
        assert (table["研究文件中的键"] == f"groups.{group.name}.profile").sum() == 1
    assert not table["研究文件中的键"].str.startswith("groups.truck").any()


def test_a_value_the_study_changed_is_not_given_our_reason() -> None:
    b = toy_bundle("en")
    circle = b.settings.circle.model_copy(update={"minutes": 15.0, "walk_kmh": 5.0})
    rows = {a.key: a for a in assumptions(b.settings.model_copy(update={"circle": circle}))}
    assert rows["circle.minutes"].basis == rows["circle.walk_kmh"].basis == "Given in the study file"
    assert (rows["circle.walk_kmh"].low, rows["circle.walk_kmh"].trust) == (None, "")


def test_findings_stand_in_the_workbook_errors_first(book: Any) -> None:
    table = frame(book["数据检查"])
    assert list(table["代码"]) == ["SET-004", "CAN-003"]
    assert list(table["级别"]) == ["错误", "警告"]
    assert table["行"].iloc[1] == 7


def test_sheets_are_ready_to_print_and_filter(book: Any) -> None:
    sheet = book["推荐站点"]
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    widths = {c: d.width for c, d in sheet.column_dimensions.items()}
    head = {cell.value: cell.column_letter for cell in sheet[1]}
    assert widths[head["推荐理由"]] > 60 > widths["A"]
    assert sheet[f"{head['新增覆盖人数']}2"].number_format == "#,##0"
    assert sheet[f"{head['经度_WGS84']}2"].number_format == "0.000000"
    assert str(sheet.print_area).endswith(f"$A$1:${head['推荐理由']}$7")  # coordinates are for machines
    assert sheet.auto_filter.ref.endswith("6")  # the total stays where it is


def test_a_workbook_without_phases_has_no_sheet_for_them(bundle: Any, tmp_path: Path) -> None:
    plain = dataclasses.replace(
        bundle, chosen=bundle.chosen.assign(batch=""), findings=(), curve=None, hotspots=None
    )
    workbook.write_workbook(plain, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert "分期与备选" not in book.sheetnames
    assert book["数据检查"].max_row == 1


@pytest.mark.parametrize("title", WORST)
def test_no_text_becomes_a_formula_in_the_workbook(title: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    workbook.write_workbook(hostile_bundle(title), path)
    book = openpyxl.load_workbook(path)
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None]
    assert {c.data_type for c in cells} <= {"s", "n"}
    assert all(c.quotePrefix for c in cells if c.data_type == "s")
    assert list(frame(book["推荐站点"])["站点名称"].iloc[:-1]) == [xlsx_text(t) for t in HOSTILE]
    assert set(frame(book["数据检查"])["说明"]) == {xlsx_text(t) for t in HOSTILE}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert "externalLink" not in name
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in archive.read(name)
            if name.endswith((".xml", ".rels")):
                etree.fromstring(archive.read(name))


def test_no_text_becomes_a_formula_in_the_csv(tmp_path: Path) -> None:
    tablesout.write_csv(hostile_bundle("=1+1"), tmp_path / "a.csv")
    rows = read_csv(tmp_path / "a.csv")
    for row, text in zip(rows, HOSTILE, strict=True):
        assert row["站点名称"] in (plain_text(text), "'" + plain_text(text))
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "+", "@", "＝"))
            assert not cell.startswith(("\t", "\r", "\0"))
            assert not cell.startswith("-") or float(cell) < 0


# --- plan.gpkg -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gpkg(bundle: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("layers") / "plan.gpkg"
    layers.write_layers(bundle, path)
    return path


def test_the_layers_are_there_and_in_wgs84(gpkg: Path) -> None:
    names = [str(n) for n, _ in pyogrio.list_layers(gpkg) if n not in ("layer_styles", "facts")]
    assert names == ["districts", "demand", "circle_after", "circle_before", "gaps", "hotspots", "candidates",
                     "stations", "chosen"]  # fmt: skip
    for name in names:
        assert gpd.read_file(gpkg, layer=name).crs.to_epsg() == 4326


def test_the_table_of_facts_holds_the_register_with_its_bands(gpkg: Path, bundle: Any) -> None:
    table = pyogrio.read_dataframe(gpkg, layer="facts")
    assert list(table["id"]) == [f.id for f in bundle.facts.values()]
    assert list(table["shown"]) == [f.shown for f in bundle.facts.values()]
    cost = table[table["id"] == "cost_yuan"].iloc[0]
    assert cost["low"] < cost["shown"] < cost["high"]
    assert "plan=proposal, periods=all, groups=headline, cutoff_m=667" in cost["scope"]


def test_what_is_written_is_read_back(gpkg: Path, bundle: Any) -> None:
    stations = gpd.read_file(gpkg, layer="stations")
    for column in ("station_id", "name", "status", "open_hours", "snapshot_date"):
        assert list(stations[column]) == list(bundle.stations[column])
    np.testing.assert_array_equal(stations["area_m2"], bundle.stations["area_m2"])  # NaN is null is NaN
    back = stations.to_crs(bundle.stations.crs).geometry
    assert back.distance(bundle.stations.geometry).max() < 1e-3
    chosen = gpd.read_file(gpkg, layer="chosen")
    assert list(chosen["reason_zh"]) == list(bundle.chosen["reason_zh"])
    assert (chosen["lng_bd09"] - chosen.geometry.x).between(0.009, 0.013).all()


def test_the_demand_layer_adds_up_to_the_coverage(gpkg: Path, bundle: Any) -> None:
    cells = gpd.read_file(gpkg, layer="demand")
    assert cells["workers"].sum() == pytest.approx(bundle.before.workers)
    assert cells["covered_before"].sum() == pytest.approx(bundle.before.covered)
    assert cells["covered_after"].sum() == pytest.approx(bundle.after.covered)
    assert (cells["rider"] + cells["courier"]).sum() == pytest.approx(bundle.before.workers)


def test_missing_text_is_null_not_a_word(bundle: Any, tmp_path: Path) -> None:
    stations = bundle.stations.copy()
    stations["host"] = pd.Series([None, "nan", pd.NA, float("nan"), "x", "None"], dtype=object)
    layers.write_layers(dataclasses.replace(bundle, stations=stations), tmp_path / "p.gpkg")
    base = sqlite3.connect(tmp_path / "p.gpkg")
    assert [r[0] for r in base.execute("SELECT host FROM stations ORDER BY fid")] == [
        None,
        "nan",
        None,
        None,
        "x",
        "None",
    ]
    base.close()


def test_every_layer_has_a_default_style_that_is_well_formed(gpkg: Path) -> None:
    base = sqlite3.connect(gpkg)
    styles = dict(base.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1"))
    kinds = dict(base.execute("SELECT table_name, geometry_type_name FROM gpkg_geometry_columns"))
    assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    base.close()
    assert set(styles) == set(kinds)
    for name, text in styles.items():
        root = etree.fromstring(text.encode())
        symbols = root.findall("renderer-v2/symbols/symbol")
        assert symbols
        assert {s.get("type") for s in symbols} == {"marker" if kinds[name] == "POINT" else "fill"}
        labelled = root.find("labeling/settings/text-style")
        if labelled is not None:
            assert labelled.get("fieldName") in gpd.read_file(gpkg, layer=name).columns


def test_empty_layers_keep_their_place(bundle: Any, tmp_path: Path) -> None:
    empty = dataclasses.replace(
        bundle, stations=bundle.stations.iloc[:0], gaps=bundle.gaps.iloc[:0], hotspots=None
    )
    layers.write_layers(empty, tmp_path / "p.gpkg")
    assert len(gpd.read_file(tmp_path / "p.gpkg", layer="stations")) == 0
    assert gpd.read_file(tmp_path / "p.gpkg", layer="gaps").crs.to_epsg() == 4326


def test_further_layers_are_written_in_their_own_colour(bundle: Any, tmp_path: Path) -> None:
    flows = gpd.GeoDataFrame(
        {"trucks": [120.0], "point": gpd.points_from_xy([559_000.0], [3_464_000.0], crs=4549)},
        geometry=[LineString([(559_000, 3_464_000), (560_000, 3_465_000)])], crs=4549,
    )  # fmt: skip
    extra = ExtraLayer("truck_flows", "货车流量", "Truck flows", flows, colour="#102030")
    layers.write_layers(dataclasses.replace(bundle, extra_layers=(extra,)), tmp_path / "p.gpkg")
    assert list(gpd.read_file(tmp_path / "p.gpkg", layer="truck_flows")["trucks"]) == [120.0]
    base = sqlite3.connect(tmp_path / "p.gpkg")
    (style,) = base.execute("SELECT styleQML FROM layer_styles WHERE f_table_name = 'truck_flows'").fetchone()
    base.close()
    assert 'type="line"' in style
    assert "16,32,48," in style
    bad = dataclasses.replace(bundle, extra_layers=(dataclasses.replace(extra, key="../x"),))
    with pytest.raises(UnsafePathError):
        layers.write_layers(bad, tmp_path / "q.gpkg")


def test_hostile_names_come_back_from_the_layers_to_the_letter(tmp_path: Path) -> None:
    layers.write_layers(hostile_bundle(WORST[0]), tmp_path / "p.gpkg")
    for layer, column in (
        ("stations", "name"),
        ("chosen", "reason"),
        ("gaps", "name"),
        ("candidates", "host_kind"),
    ):
        assert list(gpd.read_file(tmp_path / "p.gpkg", layer=layer)[column]) == [
            plain_text(t) for t in HOSTILE
        ]
    assert list(gpd.read_file(tmp_path / "p.gpkg", layer="districts")["name_zh"]) == [WORST[0], HOSTILE[1]]


# --- run.json --------------------------------------------------------------------------------------------------


def test_run_json_is_sorted_and_knows_numpy(tmp_path: Path) -> None:
    run = {
        "b": np.float64(0.5),
        "a": {"z": np.int64(3), "y": [np.bool_(True), Path("x/y")]},
        "名": "苏州\ud800",
    }
    runfile.write_run(run, tmp_path / "run.json")
    text = (tmp_path / "run.json").read_text("utf-8")
    assert json.loads(text) == {"a": {"y": [True, "x/y"], "z": 3}, "b": 0.5, "名": "苏州?"}
    assert text.index('"a"') < text.index('"b"')
    assert "苏州" in text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan"), object(), {1, 2}])
def test_run_json_refuses_what_is_not_json_and_says_where(value: Any, tmp_path: Path) -> None:
    with pytest.raises(PlannerError, match=r"coverage\.before\[1\]"):
        runfile.write_run({"coverage": {"before": [1, value]}}, tmp_path / "run.json")
    assert not (tmp_path / "run.json").exists()


# --- the same plan gives the same bytes ------------------------------------------------------------------------

WRITERS = {
    "recommendations.csv": tablesout.write_csv,
    "recommendations.xlsx": workbook.write_workbook,
    "plan.gpkg": layers.write_layers,
}


@pytest.mark.parametrize("name", WRITERS)
def test_two_writes_give_equal_bytes(
    bundle: Any, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    WRITERS[name](bundle, tmp_path / "a" / name)
    import time

    time.sleep(1.1)  # zip entries and databases count in seconds
    WRITERS[name](toy_bundle(findings=FINDINGS), tmp_path / "b" / name)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_archives_carry_no_time_of_writing(bundle: Any, tmp_path: Path) -> None:
    workbook.write_workbook(bundle, tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[^<]*", core)) == {FIXED_DATE}


# --- the certificate -------------------------------------------------------------------------------------------


def test_the_certificate_counts_the_last_sites_that_make_up_the_gap(bundle: Any) -> None:
    solution = dataclasses.replace(bundle.solution, bound=bundle.solution.objective + 6.0, status="feasible")
    facts = dataclasses.replace(bundle, solution=solution).facts
    # gains 28, 23, 14, 5, 0: the last two bring 5, the last three 19
    assert (facts.shown("missing"), facts.shown("worth_sites")) == (6.0, 3)
    assert facts.fact("gap").value == pytest.approx(6 / 468)
    assert facts.fact("gap_of_new").value == pytest.approx(6 / 70)
    assert (bundle.facts.shown("missing"), bundle.facts.shown("worth_sites")) == (0.0, 0)
