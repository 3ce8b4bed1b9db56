"""The sheets on driver homes and trucks in one language each, and figures that explain each other."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from planner.publish.office.homes.lines import homes_lines
from planner.telling.words.homes import assumptions
from planner.workbook.homes import write_homes_workbook
from tests.freight.county import County, lnglat, table

#: What may stand in Latin letters on a Chinese sheet: datums, proper names, keys of the study file, roads, ids.
ALLOWED = (
    r"WGS84|GCJ-?02|BD-?09|OpenStreetMap|freight(?:\.\w+)?|\b[GSX]\d+\b|\bw\d+|\bn\d+|\b[A-Z]\d(?:-U)?\b"
)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """Three homes there: one that has all, one that lacks a shower, one of which nothing is known; a place with 81 bays."""
    folder = tmp_path_factory.mktemp("county")
    homes = zip(
        (2, 15, 47),
        ("一号之家", "二号之家", "三号之家"),
        ("30,2,2,全天,齐全", "30,1,2,全天,齐全", ",,,,"),
        strict=True,
    )
    rows = [
        f"H{i},{name},{','.join(map(str, lnglat(km, 0)))},运营,{has},常熟市人民政府,Changshu government\n"
        for i, (km, name, has) in enumerate(homes, start=1)
    ]
    files = table(
        folder, "driver_homes.csv",
        "站点编号,站点名称,经度,纬度,状态,货车泊位,淋浴,洗衣机,开放时间,免费服务,来源,source_en\n" + "".join(rows),
    )  # fmt: skip
    (a, b), (c, d) = lnglat(25, 0.05), lnglat(32.5, 0)
    files += table(
        folder, "truck_sites.csv", f"编号,名称,类型,经度,纬度,货车泊位\nS1,大场,服务区,{a},{b},81\n"
    )
    files += table(
        folder, "truck_counts.csv",
        f"road,place_zh,place_en,lng,lat,vehicles_per_day,trucks_per_day,source_zh,source_en\nG9,乙地,Yi,{c},{d},200000,,公报,gazette\n",
    )  # fmt: skip
    hosts = County.usual_hosts().assign(name=["甲港", "乙园", "丙区", "丁服务区", "", "己站"])
    return County("target_drivers = 5000\nmax_homes = 9", files, folder, hosts=hosts).plan()


def cells(plan, language: str, folder: Path) -> dict[str, list[str]]:
    """Every text and number of the workbook of homes, by sheet."""
    path = folder / f"{language}.xlsx"
    district = {"甲县": {"zh": "甲县", "en": "Jia County"}[language]}
    write_homes_workbook(plan, path, language=language, districts=district, title="县")
    book = openpyxl.load_workbook(path)
    return {
        sheet.title: [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]
        for sheet in book
    }  # fmt: skip


def test_no_english_word_stands_on_the_chinese_sheets_of_homes_and_trucks(plan, tmp_path) -> None:
    book = cells(plan, "zh", tmp_path)
    assert list(book) == ["司机之家", "司机之家候选点", "货运模型", "货运假设"]
    left = {
        text for texts in book.values() for text in texts if re.search("[A-Za-z]", re.sub(ALLOWED, "", text))
    }
    assert not left


def test_no_chinese_stands_on_the_english_sheets_but_names(plan, tmp_path) -> None:
    names = "|".join(
        sorted(
            {n for t in (plan.chosen, plan.existing, plan.candidates) for n in t["name"] if n},
            key=len,
            reverse=True,
        )
    )
    book = cells(plan, "en", tmp_path)
    assert list(book) == ["Driver homes", "Home candidates", "Freight model", "Freight assumptions"]
    left = {
        text
        for texts in book.values()
        for text in texts
        if re.search("[一-鿿，。；：（）]", re.sub(names, "", text))
    }
    assert not left


def test_existing_homes_whose_facilities_are_unknown_are_unknown_and_counted(plan, tmp_path) -> None:
    book = openpyxl.load_workbook((cells(plan, "zh", tmp_path), tmp_path / "zh.xlsx")[1])
    rows = [list(row) for row in book["司机之家"].iter_rows(values_only=True)]
    head = next(row for row in rows if row[0] == "编号")
    state = {row[1]: row[head.index("符合条件")] for row in rows if str(row[0]) in ("H1", "H2", "H3")}
    assert state == {"一号之家": "是", "二号之家": "否", "三号之家": "未知"}
    said = [row[0] for row in rows if row[0]]
    assert "共 3 处：符合全部条件 1 处，有条件不符合 1 处，因设施情况未知而无法判定 1 处。" in said
    english = cells(plan, "en", tmp_path)["Driver homes"]
    assert "3 in all: meeting the whole checklist 1, lacking something 1, not known 1." in english


def test_bays_that_count_and_bays_of_the_place_stand_side_by_side_and_the_cap_is_said(plan, tmp_path) -> None:
    assert "S1" in set(plan.chosen["site_id"])
    cells(plan, "zh", tmp_path)
    book = openpyxl.load_workbook(tmp_path / "zh.xlsx")
    for name in ("司机之家", "司机之家候选点"):
        rows = [list(row) for row in book[name].iter_rows(values_only=True)]
        head = next(row for row in rows if "计入的货车泊位" in row)
        (row,) = [row for row in rows if "大场" in row and "S1" in row]
        assert [row[head.index(c)] for c in ("计入的货车泊位", "场所货车泊位")] == [60, 81], name
        assert (
            "每处司机之家至多计 60 个泊位（freight.max_bays）；1 处场所的泊位更多，超出部分不计入：大场 81 个。"
            in [r[0] for r in rows]
        )
    reason = next(cell for cell in cells(plan, "zh", tmp_path)["司机之家"] if "每月服务 3,780 名司机" in cell)
    assert "泊位 60 个（场所共 81 个，每处至多计 60 个）" in reason  # 60 × 12 × 0.7 × 30 / 4 = 3,780


def test_a_band_whose_ends_are_one_figure_names_it_once(plan) -> None:
    run = plan.run_json()
    # 3,780 and 2,520 drivers fill the bays, with 30 % fewer of them as well: there are 12,000 and those who pass
    assert run["served_if_drivers_low"] == run["served_if_drivers_high"] == pytest.approx(6300)
    zh, en = (" ".join(homes_lines(plan, language)) for language in ("zh", "en"))
    assert "司机总数减少或增加三成，这些司机之家每月服务的司机均为 6,300 名" in zh
    assert "泊位周转减少或增加三成，服务的司机为 4,410 至 8,190 名" in zh
    assert (
        "the number served a month stays at 6,300; with 30 % fewer or more stays per bay, it is 4,410 to 8,190"
        in en
    )


def test_a_value_of_the_study_file_is_called_that_and_ours_an_own_assumption(plan) -> None:
    made = assumptions(plan).set_index("key")
    assert made.loc[["target_drivers", "max_homes"], "source_zh"].tolist() == ["研究文件取值"] * 2
    assert made.loc["turnover_per_day", "source_zh"] == "自拟假设"
    words = Path(__file__).resolve().parents[2] / "planner" / "publish" / "words"
    for path in sorted(words.glob("*.csv")):
        assert not re.search("自设|自定取值|研究文件给定(?!的)|[Oo]wn choice", path.read_text("utf-8")), (
            path.name
        )
