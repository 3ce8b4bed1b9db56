"""Grades through the study file, in the town on one street: every figure by pencil."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest

from planner.errors import InputError
from planner.study.study import open_study
from tests.facts.referee import island, judge
from tests.study.town import PERIODS, TEN_MINUTES_M, Place, at, standing, street_town, workers, write_table

HEAD = ["编号", "站点名称", "经度", "纬度", "开放时间", "状态", "等级", "面积", "座位数", "基本设备", "急救箱", "厕所", "统一标识",
        "地图上线", "开放兑现率", "投诉件数", "检查日期", "统计日期"]  # fmt: skip
#: Name, x, hours, grade stated, area, seats, kit, first aid, toilet, sign, map, hours kept, complaints, last inspection.
ROWS: list[tuple[Any, ...]] = [
    (
        "a",
        500,
        "08:00-20:00",
        "三星",
        15,
        5,
        "有",
        "",
        "",
        "有",
        "有",
        "",
        0,
        "2023-10-31",
    ),  # three stars; toilet and size for four
    (
        "b",
        900,
        "周一至周五 9:00-17:00",
        "五星",
        15,
        5,
        "有",
        "",
        "",
        "有",
        "有",
        "60%",
        4,
        "",
    ),  # 40 h: two stars, not five
    ("c", 3000, "00:00-24:00", "", 3, 2, "", "", "", "有", "", "", "", ""),  # micro, water not told
    ("d", 3300, "08:00-20:00", "甲级", 8, "", "", "", "", "无", "", "", "", ""),  # no sign: below the lowest
]
VISITS = [("a", "2023-11", 90), ("c", "2023-11", 15)]


def town(folder: Path, *, extra: str = "", rows: list[tuple[Any, ...]] | None = None) -> Any:
    rows = ROWS if rows is None else rows
    path = street_town(
        folder, stations=[Place("x", 1)], hosts=[Place("h", 2000)],
        extra='[inputs.visits]\npath = "visits.csv"\n[grades]\nenabled = true\n' + extra,
    )  # fmt: skip
    write_table(folder / "stations.csv", HEAD,
                [(n, n, *at(x), hours, "正常", *rest, "2023-12-31") for n, x, hours, *rest in rows])  # fmt: skip
    write_table(folder / "visits.csv", ["站点编号", "月份", "人次"], VISITS)
    return open_study(path)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return town(tmp_path_factory.mktemp("town"), extra='subsidy_yuan = { "二星" = 3000, "三星" = 5000 }\n')


def test_grades_by_pencil(study: Any) -> None:
    t = study.grades().table.set_index("station_id")
    assert t["level"].tolist() == [2, 1, -1, -1]
    assert t["possible"].tolist() == [2, 1, 0, -1]  # c may be one star if there is water
    assert t["agrees"].tolist() == ["same", "higher", "", ""]
    assert t["lacks"].tolist() == ["area_m2, seats", "hours_week", "", "sign"]
    assert t["asks"].tolist() == ["toilet", "", "water", "water"]
    # a, for four stars: 10 m² at 1,000, 3 seats at 150; the toilet (15,000, up to 80,000) is not told
    assert t.loc["a", ["cost_yuan", "cost_low", "cost_high"]].tolist() == [10450, 5240, 25000 + 1200 + 80000]
    # b, for three: 16 hours a week more
    assert t.loc["b", ["yearly_yuan", "yearly_low", "yearly_high"]].tolist() == [
        16 * 1040,
        16 * 260,
        16 * 1560,
    ]
    assert t["subsidy_yuan"].fillna(-1).tolist() == [5000, 3000, -1, -1]


def test_inspections_and_flags(study: Any) -> None:
    found = study.grades()
    t = found.table.set_index("station_id")
    assert found.reference == "2023-12-31"
    assert t["flags"].tolist() == ["", "complaints, hours", "visits", ""]  # c: half a visit a day
    # a: six months after 31 October; b, c: flagged, within a month; d: the lowest grade's three months
    assert t["due"].tolist() == ["2024-04-30", "2024-01-31", "2024-01-31", "2024-03-31"]
    assert not t["overdue"].any()
    later = study.with_(grades__reference_date="2024-05-01").grades().table.set_index("station_id")
    assert later["overdue"].tolist() == [
        True,
        False,
        True,
        True,
    ]  # b: within a month of 1 May, as it is flagged
    assert later["due"].tolist() == ["2024-04-30", "2024-06-01", "2024-03-31", "2024-03-31"]


def test_exit_list_is_what_a_recount_says(study: Any) -> None:
    """Whom each station alone covers, and the running loss, counted with a pencil along the street."""
    found = study.grades()
    hours = {"a": (8, 20), "b": (9, 17), "c": (0, 24), "d": (8, 20)}
    x, places = standing(study), {r[0]: r[1] for r in ROWS}

    def covered(there: set[str]) -> float:
        total = 0.0
        for name, (start, end) in PERIODS.items():
            parts = [(start, end)] if start < end else [(start, 24), (0, end)]
            length = sum(e - s for s, e in parts)
            serves = []
            for n in there:
                a, b = hours[n]
                inside = sum(max(0, min(e, b) - max(s, a)) for s, e in parts)
                serves.append((np.abs(x - places[n]) <= TEN_MINUTES_M) & (inside >= length / 2))
            hit = np.any(serves, axis=0) if serves else np.zeros(len(x), bool)
            total += sum(float(workers(study, g, name)[hit].sum()) for g in ("rider", "sweeper"))
        return total

    everyone = set(places)
    alone = {n: covered(everyone) - covered(everyone - {n}) for n in places}
    assert found.table.set_index("station_id")["workers_alone"].to_dict() == pytest.approx(alone, abs=1e-6)
    assert set(found.exits["station_id"]) == {"b", "c", "d"}
    assert found.exits["workers_alone"].is_monotonic_increasing
    gone: set[str] = set()
    for name, lost in zip(found.exits["station_id"], found.exits["workers_lost"], strict=True):
        gone.add(name)
        assert lost == pytest.approx(covered(everyone) - covered(everyone - gone), abs=1e-6)
    assert found.exits.set_index("station_id")["why"]["d"] == "grade"


def test_unknown_grades_and_facts_are_told(study: Any) -> None:
    study.grades()
    told = {f.code: f for f in study.all_findings() if f.code.startswith("GRD")}
    assert told["GRD-007"].value == "甲级"
    assert told["GRD-007"].row == 5
    assert told["GRD-008"].value == "1"
    assert "water" in told["GRD-008"].message_en
    assert "GRD-010" in told  # no sum for one, four and five stars


def test_bad_rows_refuse_the_run_all_at_once(tmp_path: Path) -> None:
    study = town(tmp_path, extra='[inputs.grades]\npath = "g.csv"\n[inputs.grade_costs]\npath = "c.csv"\n')
    (tmp_path / "g.csv").write_text(
        "grade,name_zh,area_m2,toilet,subsidy_yuan\nA,甲,5,有,100\nB,乙,-3,也许,x\nA,丙,2,,\n", "utf-8"
    )
    with (tmp_path / "c.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows(
            [["fact", "yuan", "low", "high"], ["toilett", 1, 0, 2], ["sign", 9, 10, 12]]
        )
    with pytest.raises(InputError):
        study.run(tmp_path / "out")
    told = {(f.code, f.row, f.value) for f in study.judge() if f.code.startswith("GRD") and f.severity == "E"}
    assert told == {
        ("GRD-003", 3, "-3"), ("GRD-002", 3, "也许"), ("GRD-002", 3, "x"), ("GRD-004", 4, "A"),
        ("GRD-006", 2, "toilett"), ("GRD-015", 3, "9"),
    }  # fmt: skip
    assert not (tmp_path / "out" / "run.json").exists()
    nearest = next(f for f in study.judge() if f.code == "GRD-006")
    assert "toilet" in nearest.message_en


def test_a_study_may_grade_by_its_own_words(tmp_path: Path) -> None:
    study = town(tmp_path, extra='[inputs.grades]\npath = "g.csv"\n')
    (tmp_path / "g.csv").write_text("等级,面积,检查周期\n乙级,5,6\n甲级,10,12\n", "utf-8")
    t = study.grades().table
    assert t["level"].tolist() == [1, 1, -1, 0]
    assert t["agrees"].tolist() == ["", "", "", "higher"]  # d is stated 甲级 and has 8 m²
    assert not [f for f in study.grades().rules.findings if f.code == "GRD-009"]


@pytest.fixture(scope="module", params=["zh", "en"])
def out(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp(f"run{request.param}")
    study = town(folder, extra='subsidy_yuan = { "二星" = 3000, "三星" = 5000 }\n', rows=[*ROWS, EVIL])
    study.with_(study__language=request.param).run(folder / "out")
    return folder / "out", request.param


#: A name that a spreadsheet or a browser would run.
EVIL = (
    '=1+1<script>alert("x")</script>',
    3600,
    "08:00-20:00",
    "一星",
    3,
    "",
    "有",
    "",
    "",
    "有",
    "",
    "",
    9,
    "",
)


def test_products_tell_grades_in_both_languages(out: tuple[Path, str]) -> None:
    folder, language = out
    book = openpyxl.load_workbook(folder / "recommendations.xlsx")
    sheet = book[{"zh": "分级与奖补", "en": "Grades and subsidies"}[language]]
    cells = [[c.value for c in row] for row in sheet.iter_rows()]
    flat = {str(v) for row in cells for v in row if v is not None}
    assert {"zh": "三星", "en": "Three stars"}[language] in flat
    assert {"zh": "厕所", "en": "toilet"}[language] in flat
    evil = next(c for row in sheet.iter_rows() for c in row if str(c.value).startswith("=1+1"))
    assert evil.data_type == "s"
    report = (folder / "report.html").read_text("utf-8")
    assert {"zh": "退出备选名单", "en": "Exit list"}[language] in report
    assert "<script>alert" not in report
    assert "<script>alert" not in (folder / "map.html").read_text("utf-8")
    run = json.loads((folder / "run.json").read_text("utf-8"))
    block = run["grades"]
    assert (block["stations"], block["flagged"], block["exits"]) == (5, 3, 4)
    held = [r for r in run["facts"] if r["id"] == "grade_stations"]
    assert {r["scope"]["case"]: r["value"] for r in held} == {"0": 2, "1": 1, "2": 1, "3": 1, "4": 0, "5": 0}
    assert [
        r["shown"] for r in run["facts"] if r["id"] == "subsidy_yuan"
    ] == []  # one star is held and has no sum
    layers = set(pyogrio.list_layers(folder / "plan.gpkg")[:, 0])
    assert {"station_grades", "station_exits"} <= layers
    extras = {x["key"]: x for x in island(folder / "map.html")[0]["extras"]}
    assert len(extras["station_grades"]["name"]) == 5
    assert len(extras["station_exits"]["name"]) == 4
    names = {
        g.label(language): g.name for g in open_study(folder.parent / "study.toml").settings.headline_groups
    }
    # one site's gain is printed rounded, the whole as a difference of printed figures: they may be one apart
    assert [d for d in judge(folder, names=names) if d.what != "gains of the sites"] == []


def test_grades_that_are_not_asked_are_nowhere(tmp_path: Path) -> None:
    study = town(tmp_path).with_(grades__enabled=False)
    run = study.run(tmp_path / "out")
    assert run["grades"] is None
    assert (
        "Grades and subsidies"
        not in openpyxl.load_workbook(tmp_path / "out" / "recommendations.xlsx").sheetnames
    )
