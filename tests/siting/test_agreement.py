"""Travel times beside another router's, on a street where every way is a difference of x."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from planner.evidence.agreement import compared, fitted
from planner.study.products import write_times
from planner.study.study import Study, open_study
from tests.study.town import Place, at, street_town, write_table

HEAD = ["origin_lng", "origin_lat", "dest_lng", "dest_lat", "minutes"]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    return open_study(street_town(tmp_path, stations=[Place("s", 100)], hosts=[Place("A", 500)]))


def minutes(a: float, b: float) -> float:
    """On foot at 4 km/h."""
    return abs(a - b) / (4000 / 60)


WAYS = [(0, 400), (100, 900), (700, 200), (50, 1000), (300, 360), (900, 150), (620, 20)]


def test_the_same_times_agree_and_another_speed_is_the_slope(study: Study, tmp_path: Path) -> None:
    rows = [(*at(a), *at(b), minutes(a, b)) for a, b in WAYS]
    same = study.check_times(write_table(tmp_path / "same.csv", HEAD, rows)).summary.iloc[0]
    assert [same["ways"], same["within_30s"], same["within_60s"]] == [7, 1, 1]
    assert same["median_min"] == pytest.approx(0, abs=0.01)
    assert same["slope"] == pytest.approx(1, abs=0.005)
    # they walk at 5 km/h, cross for half a minute, and go a long way round once
    other = [(*r[:4], r[4] * 0.8 + 0.5) for r in rows]
    other[2] = (*other[2][:4], other[2][4] + 30)
    found = study.check_times(write_table(tmp_path / "other.csv", HEAD, other))
    line = found.summary.iloc[0]
    assert line["slope"] == pytest.approx(0.8, abs=0.01)
    assert line["intercept_min"] == pytest.approx(0.5, abs=0.05)
    assert line["slope_low"] <= line["slope"] <= line["slope_high"]
    worst = found.rows.iloc[0]
    assert worst["row"] == 4  # the third below the head
    assert worst["ours_min"] == pytest.approx(7.5, abs=0.01)
    assert worst["difference_min"] == pytest.approx(30 + 0.5 - 0.2 * 7.5, abs=0.02)
    assert not found.findings


def test_rows_that_cannot_be_used_are_told_with_row_and_remedy(study: Study, tmp_path: Path) -> None:
    good = (*at(0), *at(400))
    rows = [
        (*good, 6, "walk"),
        (*good, "six", "walk"),
        ("", *good[1:], 6, "walk"),
        (*at(0, 900), *at(400), 6, "walk"),  # 900 m off the street
        (*good, 6, "helicopter"),
        (*good, 3600, "walk"),
        (*good, 6, ""),
        (*good, -1, "步行"),
    ]
    found = study.check_times(write_table(tmp_path / "t.csv", [*HEAD, "mode"], rows))
    assert sorted((f.code, f.row) for f in found.findings) == [
        ("TIM-002", 3), ("TIM-002", 4), ("TIM-003", 6), ("TIM-004", 5), ("TIM-007", 7), ("TIM-007", 9),
    ]  # fmt: skip
    assert found.rows["row"].tolist() == [2, 8]
    assert "seconds" in next(f for f in found.findings if f.row == 7).message("en")
    assert "核对坐标" in next(f for f in found.findings if f.code == "TIM-004").message("zh")


def test_a_file_without_the_columns_or_without_a_row_left_is_refused(study: Study, tmp_path: Path) -> None:
    found = study.check_times(write_table(tmp_path / "a.csv", HEAD[:4], [(*at(0), *at(400))]))
    assert [(f.code, f.severity, f.field) for f in found.findings if f.severity == "E"] == [
        ("TIM-001", "E", "minutes")
    ]
    found = study.check_times(write_table(tmp_path / "b.csv", HEAD, [(*at(0, 900), *at(400), 6)]))
    assert [f.code for f in found.findings] == ["TIM-004", "TIM-006"]
    assert len(found.rows) == 0
    write_times(study.stages, tmp_path / "b.csv", tmp_path / "out")  # says so, and draws nothing
    assert "<svg" not in (tmp_path / "out" / "times.html").read_text("utf-8")


def test_seconds_gcj02_and_chinese_heads_in_a_spreadsheet(study: Study, tmp_path: Path) -> None:
    from planner.inputs.places.datum import convert

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["起点经度", "起点纬度", "终点经度", "终点纬度", "用时（秒）", "出行方式"])
    for a, b in WAYS:
        ends = [float(v) for p in (at(a), at(b)) for v in convert(*p, source="wgs84", target="gcj02")]
        sheet.append([*ends, 60 * minutes(a, b), "步行"])
    sheet["E1"] = "秒"
    book.save(tmp_path / "高德.xlsx")
    found = study.check_times(tmp_path / "高德.xlsx", datum="gcj02")
    assert found.summary["within_30s"].tolist() == [1.0]
    assert len(found.rows) == len(WAYS)


def test_two_modes_have_a_line_each(study: Study, tmp_path: Path) -> None:
    rows = [(*at(a), *at(b), minutes(a, b), "walk") for a, b in WAYS]
    rows += [(*at(a), *at(b), minutes(a, b) * 4 / 15, "ebike") for a, b in WAYS]
    found = study.check_times(write_table(tmp_path / "t.csv", [*HEAD, "mode"], rows))
    assert found.summary["mode"].tolist() == ["walk", "ebike"]
    assert found.summary["ways"].tolist() == [7, 7]


def test_the_page_loads_nothing_and_names_are_text(study: Study, tmp_path: Path) -> None:
    rows = [(*at(a), *at(b), minutes(a, b) + 1.5) for a, b in WAYS]
    rows.append((*at(0), *at(10), "<script>alert(1)</script>"))
    file = write_table(tmp_path / "t.csv", HEAD, rows)
    write_times(study.stages, file, tmp_path / "out")
    page = (tmp_path / "out" / "times.html").read_text("utf-8")
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=", page)
    assert page.count('<path d="M') >= len(WAYS)
    assert "+1.50" in page
    assert "The ways that differ most" in page
    text = (tmp_path / "out" / "times.csv").read_text("utf-8-sig").splitlines()
    assert text[0].startswith("row,mode,ours_min,theirs_min,difference_min")
    assert len(text) == 1 + len(WAYS)


def test_theil_sen_is_the_median_of_the_slopes_of_all_pairs() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(1, 30, 60)
    y = 1.1 * x + rng.normal(0, 0.3, 60)
    y[:12] += 40  # a fifth of them far off
    slopes = [(y[j] - y[i]) / (x[j] - x[i]) for i in range(60) for j in range(i)]
    slope, low, high, intercept = fitted(x, y)
    assert slope == pytest.approx(np.median(slopes))
    assert low < slope < high
    assert intercept == pytest.approx(np.median(y - slope * x))
    assert fitted(x, y) == fitted(x, y)


def test_few_ways_have_no_line_and_shares_count_both_sides() -> None:
    assert all(math.isnan(v) for v in fitted(np.array([1.0, 2]), np.array([1.0, 2])))
    assert math.isnan(fitted(np.ones(5), np.arange(5.0))[0])
    row = compared("walk", np.array([5.0, 5, 5, 5]), np.array([5.5, 4.4, 6.0, 9.0]))
    assert (row["within_30s"], row["within_60s"]) == (0.25, 0.75)
    assert row["median_min"] == pytest.approx(0.75)
    assert row["p95_min"] == pytest.approx(np.quantile([0.5, 0.6, 1, 4], 0.95))


def test_many_ways_are_fitted_on_some_and_give_the_same_line() -> None:
    x = np.linspace(1, 60, 5000)
    slope, _, _, intercept = fitted(x, 0.9 * x + 2)
    assert (slope, intercept) == pytest.approx((0.9, 2))
