"""Every product of a run says what is registered; and the referee sees it where one does not.

The first test judges a town in both languages, and the embedded Suzhou where it is computed anyway. The others put one
old fault each back into a copy of a good run: each row of the list of contradictions that this register was built against.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from planner.publish.page.write import write_page
from planner.settings.reading import read_settings
from planner.study.gather import make_bundle
from planner.study.study import Study
from planner.study.terminal import summary
from tests.facts.referee import judge
from tests.study.test_languages import town

GROUPS = {"外卖骑手": "rider", "快递员": "courier", "网约车司机": "ride_hail", "环卫工人": "sanitation", "交警辅警": "traffic_police",
          "food-delivery riders": "rider", "sanitation workers": "sweeper"}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished run: its folder, what the terminal said, its study and the labels of its groups."""

    out: Path
    said: str
    study: Study
    names: dict[str, str]


@pytest.fixture(scope="module", params=["zh", "en"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp(request.param)
    study = Study(read_settings(town(folder / "in", request.param)), cache=folder / "cache")
    study = study.with_(siting__evidence=("fair_front", "value_of_information", "pilots"))
    study.run(folder / "out")
    names = {g.label(request.param): g.name for g in study.settings.groups}
    return Run(
        folder / "out", summary(study.run(folder / "out"), folder / "out", request.param), study, names
    )


def test_every_product_of_a_town_says_what_is_registered(run: Run) -> None:
    assert [str(d) for d in judge(run.out, terminal=run.said, names=run.names)] == []


# -- each old fault, put back ------------------------------------------------------------------------------------------


@pytest.fixture
def spoilt(run: Run, tmp_path: Path) -> Callable[[], Path]:
    def copied() -> Path:
        return shutil.copytree(run.out, tmp_path / "out")

    return copied


def told(out: Path, run: Run, *, said: str = "") -> str:
    found = judge(out, terminal=said or run.said, names=run.names)
    assert found, "the referee saw nothing"
    return "\n".join(map(str, found))


def change_run(out: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = out / "run.json"
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def fact_of(content: dict[str, Any], id_: str, **scope: Any) -> dict[str, Any]:
    return next(
        r for r in content["facts"]
        if r["id"] == id_ and not {"district", "batch", "case"} & set(r["scope"])
        and all(r["scope"][k] == v for k, v in {"groups": "headline", "periods": "all", "least": 1, **scope}.items())
    )  # fmt: skip


def test_cells_that_ignore_opening_hours(run: Run, spoilt: Callable[[], Path]) -> None:
    out, bundle = spoilt(), make_bundle(run.study.stages)
    board = bundle.board
    assert board is not None
    always = dataclasses.replace(board, existing=board.existing.always(), new=board.new.always())
    write_page(dataclasses.replace(bundle, board=always), out / "map.html")
    assert "map.html: cells today" in told(out, run)


def test_a_cell_in_a_gap_that_is_covered(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()
    with contextlib.closing(sqlite3.connect(out / "plan.gpkg")) as base, base:
        triggers = [
            r[0]
            for r in base.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'demand'"
            )
        ]
        for name in triggers:  # they call functions that this connection lacks
            base.execute(f'DROP TRIGGER "{name}"')
        base.execute("UPDATE demand SET covered_after = workers")
    said = told(out, run)
    assert "cells in a gap and fully covered at once" in said or "sum of covered_after" in said


def test_667_metres_that_are_not_the_ten_minutes(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()

    def old(content: dict[str, Any]) -> None:
        content["coverage"]["after"]["by_radius_m"]["667"] += 0.0009

    change_run(out, old)
    assert "coverage.after.667 m" in told(out, run)


@pytest.mark.parametrize("product", ["report.html", "terminal"])
def test_a_share_that_another_product_rounds_otherwise(
    run: Run, spoilt: Callable[[], Path], product: str
) -> None:
    out, share = (
        spoilt(),
        fact_of(
            json.loads((run.out / "run.json").read_text("utf-8")), "share", plan="proposal", cutoff_m=667
        ),
    )
    right, wrong = f"{100 * share['shown']:.1f}%", f"{100 * share['shown'] + 0.1:.1f}%"
    if product == "terminal":
        assert "terminal: " in told(out, run, said=run.said.replace(right, wrong))
        return
    path = out / product
    path.write_text(path.read_text("utf-8").replace(right, wrong), "utf-8")
    assert f"{product}: " in told(out, run)


def test_a_bound_and_a_plan_that_do_not_subtract(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()

    def old(content: dict[str, Any]) -> None:
        fact_of(content, "missing")["shown"] += 1

    change_run(out, old)
    assert "run.json: missing" in told(out, run)


def test_a_gain_that_is_not_the_difference_of_what_is_printed(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()

    def old(content: dict[str, Any]) -> None:
        fact_of(content, "newly_covered", plan="gain", cutoff_m=667)["shown"] += 1

    change_run(out, old)
    assert "run.json: newly_covered" in told(out, run)


def test_districts_that_do_not_add_up(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()

    def old(content: dict[str, Any]) -> None:
        next(r for r in content["facts"] if r["id"] == "workers" and "district" in r["scope"])["shown"] += 1

    change_run(out, old)
    assert "run.json: workers  by district" in told(out, run)


def test_a_band_that_is_the_cells_added_up(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()
    demand = run.study.demand

    def old(content: dict[str, Any]) -> None:
        whole = fact_of(content, "workers", plan="")
        whole["low"], whole["high"] = float(demand["workers_low"].sum()), float(demand["workers_high"].sum())

    change_run(out, old)
    assert "band of all workers" in told(out, run)


def test_a_second_notion_of_steadiness(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()
    path = out / "recommendations.csv"
    rows = path.read_text("utf-8-sig").splitlines()
    rows = [rows[0] + ",其他假设下保留", *(r + ",1.0" for r in rows[1:])]
    path.write_text("\n".join(rows), "utf-8-sig")
    assert "a second notion of steadiness" in told(out, run)


def test_a_replacement_out_of_reach(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()
    book = openpyxl.load_workbook(out / "recommendations.xlsx")
    heads = ("与原站点距离（米）", "Distance from the site (m)")
    found = [(s, c) for s in book.worksheets for r in s.iter_rows() for c in r if c.value in heads]
    if not found:  # no site of this town has one: put the old table in its place
        sheet = book.worksheets[1]
        cell = sheet.cell(1, sheet.max_column + 1, heads[0])
        cell._style = sheet.cell(1, 1)._style
        found = [(sheet, cell)]
    sheet, cell = found[0]
    sheet.cell(cell.row + 1, cell.column, 13_200)
    book.save(out / "recommendations.xlsx")
    assert "replacement of" in told(out, run)


def test_driver_homes_that_are_missing_without_a_word(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()
    assert json.loads((out / "run.json").read_text("utf-8"))["driver_homes"] is None
    change_run(out, lambda content: content["absent"].pop("driver_homes"))
    assert "no word of the driver homes" in told(out, run)
    out = shutil.rmtree(out) or spoilt()
    change_run(out, lambda content: content["absent"].update(driver_homes="a reason that no product gives"))
    said = told(out, run)
    assert all(
        f"{p}: absent" in said for p in ("recommendations.xlsx", "report.html", "report.docx", "map.html")
    )


def test_figures_that_are_missing_without_a_word(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()
    shutil.rmtree(out / "figures")
    assert "no word of the figures" in told(out, run)


def test_a_report_whose_word_file_says_otherwise(run: Run, spoilt: Callable[[], Path]) -> None:
    out, content = spoilt(), json.loads((run.out / "run.json").read_text("utf-8"))
    right = f"{100 * fact_of(content, 'share', plan='today', cutoff_m=667)['shown']:.1f}%".encode()
    path, made = out / "report.docx", io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(right, b"98.7%") if name == "word/document.xml" else data)
    path.write_bytes(made.getvalue())
    assert "report.docx: " in told(out, run)


def test_a_workbook_that_says_otherwise(run: Run, spoilt: Callable[[], Path]) -> None:
    out = spoilt()
    book = openpyxl.load_workbook(out / "recommendations.xlsx")
    sheet = next(s for s in book.worksheets if s.title in ("分区覆盖", "Coverage"))
    sheet["E2"] = sheet["E2"].value + 0.001
    book.save(out / "recommendations.xlsx")
    assert "recommendations.xlsx: " in told(out, run)


@pytest.mark.parametrize(
    ("names", "row"), [(("投入", "Costs"), 2), (("投入", "Costs"), -1), (("推荐站点", "Sites"), -1)]
)
def test_costs_that_are_not_registered(
    run: Run, spoilt: Callable[[], Path], names: tuple[str, str], row: int
) -> None:
    out = spoilt()
    book = openpyxl.load_workbook(out / "recommendations.xlsx")
    sheet = next(s for s in book.worksheets if s.title in names)
    head = [c.value for c in sheet[1]]
    at = 1 + next(i for i, h in enumerate(head) if h in ("投入估算（元）", "Cost (CNY)"))
    cell = sheet.cell(sheet.max_row if row < 0 else row, at)
    cell.value += 1000
    book.save(out / "recommendations.xlsx")
    assert ("total under" if row < 0 else "costs by kind of host") in told(out, run)


def test_a_group_without_its_band_and_intervals_front_and_unknowns_of_other_numbers(
    run: Run, spoilt: Callable[[], Path]
) -> None:
    out = spoilt()

    def change(content: dict[str, Any]) -> None:
        rows = content["facts"]
        bare = next(
            r
            for r in rows
            if r["id"] == "covered"
            and r["scope"]["groups"] not in ("headline", "truck")
            and r["scope"]["plan"] == "today"
        )
        bare["middle"] = None
        fact_of(content, "share", plan="proposal")["middle"] += 0.02
        next(r for r in rows if r["scope"]["plan"] == "front 1" and r["id"] == "least_share")["shown"] += 0.01
        next(r for r in rows if r["scope"].get("case") == "unknown 1" and r["id"] == "learn_removes")[
            "shown"
        ] += 2
        fact_of(content, "gini_districts", plan="today")["shown"] += 0.01

    change_run(out, change)
    found = told(out, run)
    for words in (
        "no band",
        "map.html: intervals of",
        "map.html: Plan 1 of the front",
        "recommendations.xlsx: Plan 1 of the front",
    ):
        assert (
            words.replace(
                "Plan 1 of the front", "前沿方案 1" if "小城" in run.said else "Plan 1 of the front"
            )
            in found
        ), words
    assert (
        found.count("Workers gained, known alone") + found.count("查清后可多覆盖（人）") == 4
    )  # page, workbook, both reports
    assert "map.html: Gini of districts today" in found or "map.html: 区县覆盖率基尼系数 today" in found
