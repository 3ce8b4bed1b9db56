"""A study of one's own: from an extract and an Excel list to a plan, without editing a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from planner.errors import InputError
from planner.settings.reading import read_settings
from planner.study.begin.new import begin
from tests.study.town import Place, at, street_town


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))


def workbook(
    path: Path,
    rows: list[tuple[object, ...]],
    head: tuple[str, ...] = ("编号", "站点名称", "经度", "纬度", "serviceTime"),
) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(head))
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


def planner(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "planner", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, env=environment,
        check=False, timeout=580,
    )  # fmt: skip


def test_a_town_of_lines_asks_for_what_is_missing_and_writes_only_what_it_has(tmp_path):
    town = street_town(tmp_path / "town", hosts=[Place("h1", 500.0)])
    asked: list[tuple[str, str]] = []

    def answer(question: str, otherwise: str) -> str:
        asked.append((question, otherwise))
        return {0: "9000", 1: "3"}[len(asked) - 1]

    streets = next((town.parent).glob("streets.*"))
    begun = begin(tmp_path / "own", streets=streets, language="en", ask=answer)
    assert [o for _, o in asked] == ["", "5"]
    assert "Residents" in asked[0][0]
    made = read_settings(begun.path)
    assert (made.inputs.population.kind, made.inputs.population.total, made.siting.p) == (
        "districts",
        9000,
        3,
    )
    assert made.siting.every_m == 200  # a file of lines holds no hosts
    assert not made.freight.enabled
    assert made.inputs.stations == ()
    assert not any(f.severity == "E" for f in begun.findings)
    text = begun.path.read_text("utf-8")
    assert "# [[inputs.stations]]" in text
    assert "Suzhou" not in text


def test_without_residents_the_file_says_so_and_the_check_refuses(tmp_path):
    town = street_town(tmp_path / "town", hosts=[Place("h1", 500.0)])
    begun = begin(tmp_path / "own", streets=next(town.parent.glob("streets.*")), language="zh")
    assert "缺少常住人口总数" in begun.path.read_text("utf-8")
    assert any(f.severity == "E" for f in begun.findings)


def test_more_stations_than_bring_anybody_are_not_proposed(tmp_path):
    town = street_town(tmp_path / "town", hosts=[], districts={"mid": (0.0, 1500.0, 10_000.0)})
    begun = begin(
        tmp_path / "own", streets=next(town.parent.glob("streets.*")), population="9,000", language="en"
    )
    made = read_settings(begun.path)
    assert 1 <= made.siting.p < 5  # circles of 1.3 km on 1.5 km of street
    assert "ceiling" in begun.path.read_text("utf-8")


def test_again_is_the_same_and_an_edited_file_is_kept(tmp_path):
    town = street_town(tmp_path / "town", hosts=[Place("h1", 500.0)])
    streets = next(town.parent.glob("streets.*"))
    first = begin(tmp_path / "own", streets=streets, population="9000", language="en")
    text = first.path.read_bytes()
    again = begin(tmp_path / "own", streets=streets, population="9000", language="en")
    assert (again.path.read_bytes(), again.replaced) == (text, None)
    first.path.write_text(text.decode() + "# mine\n", "utf-8")
    third = begin(tmp_path / "own", streets=streets, population="9000", language="en")
    assert third.replaced is not None
    assert third.replaced.read_text("utf-8").endswith("# mine\n")
    assert third.path.read_bytes() == text


def test_a_list_names_its_sheet_and_a_missing_file_is_refused_before_anything(tmp_path):
    town = street_town(tmp_path / "town", hosts=[Place("h1", 500.0)])
    streets = next(town.parent.glob("streets.*"))
    path = workbook(tmp_path / "l.xlsx", [("001", "甲", *at(500.0), "8:00-20:00")])
    book = openpyxl.load_workbook(path)
    book.create_sheet("说明").append(["填表说明", "x"])
    book.save(path)
    begun = begin(tmp_path / "own", streets=streets, stations=[path], population="9000", language="en")
    (listed,) = read_settings(begun.path).inputs.stations
    assert listed.sheet == "Sheet"
    assert "# 1 rows" in begun.path.read_text("utf-8")
    with pytest.raises(InputError, match="SET-004"):
        begin(tmp_path / "none", streets=streets, stations=[tmp_path / "nowhere.xlsx"], language="en")
    assert not (tmp_path / "none").exists()


def test_streets_alone_can_be_run_and_p_is_said(tmp_path):
    """Three studies of streets alone ended with CAN-004: the default asked for 200 of 187 candidates."""
    town = street_town(
        tmp_path / "town", hosts=[Place(f"h{i}", 100.0 + 80 * i) for i in range(20)], siting=""
    )
    import planner as package

    study = package.open_study(town)
    found = {f.code: f for f in study.judge()}
    assert found["CAN-009"].value == "4"  # a fifth of 20
    assert not any(f.severity == "E" for f in found.values())
    assert len(study.site_stations().chosen) == 4


def test_sites_beyond_the_ceiling_are_told_with_what_they_cost_and_why_it_is_no_higher(tmp_path):
    hosts = [Place(f"h{i}", 100.0 + 80 * i, hours="08:00-20:00") for i in range(20)]
    import planner as package

    study = package.open_study(street_town(tmp_path / "town", hosts=hosts, siting="p = 12"))
    plan = study.site_stations()
    gained = plan.chosen["workers_gained"]
    idle = int((gained < 0.05).sum())
    assert idle > 0
    (told,) = [f for f in study.all_findings() if f.code == "PLN-001"]
    assert told.value == "12"
    assert f"{idle} of the 12 new sites bring nobody new" in told.message_en
    assert f"siting.p = {12 - idle}" in told.message_en
    (why,) = [f for f in study.all_findings() if f.code == "PLN-002"]
    assert float(why.value.rstrip("%")) == pytest.approx(100 * plan.after.share, abs=0.051)
    assert "closed in their hours" in why.message_en
