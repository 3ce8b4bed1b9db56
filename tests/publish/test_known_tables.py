"""Workbook, CSV, layers and run.json in a town whose every figure is known: no two are mixed up."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest

from planner.exports.gis.layers import write_layers
from planner.publish.office.csvfile import write_csv
from planner.telling.run import run_content
from planner.workbook.whole import write_workbook
from tests.publish.known import known_bundle
from tests.publish.test_stored import NOTES, SECOND_VIEWS


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    """Sheet → its rows without empty cells."""
    path = tmp_path_factory.mktemp("known") / "a.xlsx"
    write_workbook(known_bundle(), path)
    book = openpyxl.load_workbook(path)
    return {
        s.title: [tuple(c for c in row if c is not None) for row in s.iter_rows(values_only=True)]
        for s in book
    }


def below(rows: list[tuple[Any, ...]], head: tuple[str, ...], n: int) -> list[tuple[Any, ...]]:
    """The ``n`` rows under the heads ``head``."""
    at = rows.index(head)
    return rows[at + 1 : at + 1 + n]


def test_the_sheet_of_sites_gives_each_its_own_figures(sheets: Any) -> None:
    head, *rows, total = sheets["Sites"]
    assert total == ("Total", 430, 41_500, 97)  # 41,500 / 430 = 96.5
    want = [
        "Rank", "Site ID", "District", "Phase", "Workers newly covered", "Workers within ten minutes",
        "Nearest existing station (m)", "Cost (CNY)", "Steadiness", "Reason",
    ]  # fmt: skip
    assert [tuple(row[head.index(name)] for name in want) for row in rows] == [
        (1, "N001", "West", "2025", 170, 210, 512, 8100, 0.93, "reason a"),
        (2, "N002", "East", "2025", 130, 150, 623, 8200, 0.82, "reason b"),
        (3, "N003", "East", "2025", 80, 95, 734, 8300, 0.71, "reason c"),
        (4, "N004", "West", "2026", 40, 77, 845, 8400, 0.64, "reason d"),
        (5, "N005", "West", "2026", 10, 66, 956, 8500, 0.58, "reason e"),
    ]


def test_the_sheet_of_coverage_puts_today_before_the_plan_and_each_row_at_its_district(sheets: Any) -> None:
    rows = sheets["Coverage"]
    assert rows[0] == (
        "District", "Outdoor workers", "Open stations", "New sites", "Covered today", "Covered after", "Change (points)",
        "Newly covered", "Covered by two or more",
    )  # fmt: skip
    assert rows[1:4] == [
        ("East", 300, 1, 2, 0.2, 0.7, 50, 150, 0.23),
        ("West", 700, 4, 3, 0.5, 0.9, 40, 280, 0.31),
        ("Total", 1000, 5, 5, 0.41, 0.84, 43, 430, 0.28),
    ]
    rows = sheets["Other readings"]
    readings = below(rows, ("Reading", "Covered today", "Covered after"), 6)
    assert [row[1:] for row in readings] == [
        (0.31, 0.61), (0.41, 0.84), (0.47, 0.88), (0.09, 0.28), (0.45, 0.86), (0.07, 0.17)
    ]  # fmt: skip
    heads = ("Outdoor workers", "Covered today", "Covered after", "Newly covered")
    assert [row[1:] for row in below(rows, ("Group", *heads), 2)] == [
        (600, 0.5, 0.9, 240),
        (400, 0.275, 0.75, 190),
    ]
    assert [row[1:] for row in below(rows, ("Period", *heads), 5)] == [
        (100, 0.3, 0.8, 50), (200, 0.35, 0.85, 100), (300, 0.4, 0.91, 153), (240, 0.625, 0.9, 66), (160, 0.25, 0.631, 61)
    ]  # fmt: skip
    # 840 of at most 853.6 (854): 13.6 are 1.6191 % of 840, rounded up, and 3.1628 % of the 430 new ones
    assert [row[1] for row in rows[-5:]] == [840, 854, 0.0162, 0.03163, 2]


def test_the_sheet_of_questions_tells_what_is_gained_from_what_is_lost(sheets: Any) -> None:
    rows = sheets["Phases and alternatives"]
    assert below(rows, ("Phase", "New sites", "Newly covered", "Covered after", "Short of the best unphased"), 2) == [
        ("2025", 3, 380, 0.79, 0.015), ("2026", 2, 50, 0.84, 0.002)
    ]  # fmt: skip
    assert below(sheets["Curve"], ("New sites", "Covered", "Upper bound"), 3) == [
        (0, 0.41, 0.41),
        (3, 0.79, 0.805),
        (5, 0.84, 0.854),
    ]
    plans = (
        "Plan",
        "Workers covered",
        "Covered after",
        "Fewer than this plan",
        "Same sites",
        "Same or nearby sites",
    )
    assert [row[1:] for row in below(rows, plans, 2)] == [(836, 0.836, 4, 3, 4), (821, 0.821, 19, 2, 1)]
    rules = (
        "Rule", "In force", "Workers covered", "Costs workers, at least", "Costs workers, at most", "Worst-off district",
        "Its share covered",
    )  # fmt: skip
    plan, quotas = below(rows, rules, 2)
    assert plan[1:] == (840, "East", 0.7)
    assert quotas[1:] == ("yes", 847, 7, 16, "West", 0.66)
    cases = (
        "Assumption", "Outdoor workers", "Covered today", "This plan covers", "A plan made anew covers",
        "This plan's new cover falls short by", "Same sites", "Same or nearby sites",
    )  # fmt: skip
    assert [row[1:] for row in below(sheets["Sensitivity"], cases, 2)] == [
        (1000, 0.41, 0.84, 0.845, 0, 5, 5), (990, 0.31, 0.61, 0.68, 0.163, 2, 3)
    ]  # fmt: skip
    last = next(row for row in sheets["Replacements"] if row and row[0] == "湖东便利店")
    assert last == ("湖东便利店", 2, "East", 1, "星湖街点", "street-side point", 321, 12, "N002", "N006")


def test_the_csv_gives_each_site_its_own_figures(tmp_path: Path) -> None:
    write_csv(known_bundle(), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    want = [
        "Rank",
        "Site ID",
        "District",
        "Workers newly covered",
        "Workers within ten minutes",
        "Steadiness",
    ]
    assert [tuple(row[name] for name in want) for row in rows] == [
        ("1", "N001", "West", "170.0", "210.0", "0.9300"),
        ("2", "N002", "East", "130.0", "150.0", "0.8200"),
        ("3", "N003", "East", "80.0", "95.0", "0.7100"),
        ("4", "N004", "West", "40.0", "77.0", "0.6400"),
        ("5", "N005", "West", "10.0", "66.0", "0.5800"),
    ]


def test_the_layers_give_each_place_its_own_figures(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    write_layers(known_bundle(), path)

    def rows(layer: str, *columns: str) -> list[tuple[Any, ...]]:
        table = pyogrio.read_dataframe(path, layer=layer)
        return list(table[list(columns)].itertuples(index=False, name=None))

    assert rows("chosen", "rank", "site_id", "district", "workers_gained", "workers_in_reach", "confidence") == [
        (1, "N001", "west", 170, 210, 0.93), (2, "N002", "east", 130, 150, 0.82), (3, "N003", "east", 80, 95, 0.71),
        (4, "N004", "west", 40, 77, 0.64), (5, "N005", "west", 10, 66, 0.58),
    ]  # fmt: skip
    assert rows("districts", "district", "name_en", "adcode", "population") == [
        ("west", "West", "320001", 40_000), ("east", "East", "320002", 10_000)
    ]  # fmt: skip
    assert rows("gaps", "district", "name", "workers") == [
        ("west", "NW corner", 55),
        ("east", "SE corner", 90),
    ]
    cells = ("cell_id", "district", "stations_before", "stations_after", "covered_before", "covered_after")
    assert rows("demand", *cells)[:4] == [
        ("c00r00", "west", 1, 3, 4, 4), ("c01r00", "west", 0, 1, 0, 4), ("c02r00", "west", 0, 0, 0, 0),
        ("c03r00", "west", 2, 2, 4, 4),
    ]  # fmt: skip
    before, after = (pyogrio.read_dataframe(path, layer=f"circle_{when}") for when in ("before", "after"))
    assert after["area_km2"][0] > before["area_km2"][0]
    assert after.geometry[0].buffer(1e-6).contains(before.geometry[0])


def test_run_json_keeps_today_and_the_plan_apart() -> None:
    run = run_content(known_bundle(second_views=SECOND_VIEWS, closed=("S002",)), NOTES)
    assert run["coverage"]["before"] == {
        "workers": 1000, "covered": 410, "share": 0.41, "share_backup": 0.09,
        "by_radius_m": {"500": 0.31, "667": 0.41, "833": 0.47}, "readings": {"any_hour": 0.45, "night": 0.07},
        "by_group": {"rider": 0.5, "courier": 0.275}, "by_time": None,
    }  # fmt: skip
    assert run["coverage"]["after"] == {
        "workers": 1000, "covered": 840, "share": 0.84, "share_backup": 0.28,
        "by_radius_m": {"500": 0.61, "667": 0.84, "833": 0.88}, "readings": {"any_hour": 0.86, "night": 0.17},
        "by_group": {"rider": 0.9, "courier": 0.75}, "by_time": None,
    }  # fmt: skip
    assert run["coverage"]["by_district"] == [
        {"district": "east", "workers": 300, "before": 0.2, "after": 0.7},
        {"district": "west", "workers": 700, "before": 0.5, "after": 0.9},
    ]
    assert run["second_views"] == [
        {"group": "rider", "mode": "ebike", "minutes": 10, "before": 0.4, "after": 0.9}
    ]
    assert run["stations"] == {
        "existing": 5, "chosen": 5, "closed": ["S002"], "total": 9, "objective": 840, "bound": 853.6,
        "gap": 0.01619048, "gap_of_new": 0.0123, "status": "feasible", "repeatable": True, "seconds": 0.5,
    }  # fmt: skip


def test_run_json_answers_the_questions_and_says_none_to_those_not_asked() -> None:
    run = run_content(known_bundle(), NOTES)
    assert run["phases"] == [
        {"name": "2026", "sites": 2, "covered": 840, "best": 841, "regret": 0.002, "regret_bound": 0.004},
        {"name": "2025", "sites": 3, "covered": 790, "best": 799, "regret": 0.015, "regret_bound": 0.021},
    ]
    assert run["alternatives"] == [
        {"plan": 1, "covered": 836, "loss": 0.0048, "same": 3, "near": 4},
        {"plan": 2, "covered": 821, "loss": 0.0226, "same": 2, "near": 1},
    ]
    assert (run["sensitivity"]["steady"], run["sensitivity"]["within_m"]) == (2, 666.7)
    assert [case["share_plan"] for case in run["sensitivity"]["cases"]] == [0.84, 0.61]
    assert [(r["rule"], r["price"], r["price_most"]) for r in run["rule_prices"]] == [
        ("plan", 0, 0),
        ("quotas", 7, 16),
    ]
    unasked = dict.fromkeys(("phases", "alternatives", "sensitivity", "rule_prices"))
    bare = run_content(dataclasses.replace(known_bundle(), **unasked), NOTES)
    assert [bare[key] for key in unasked] == [[], None, None, None]
    assert bare["findings"] == {"E": 0, "W": 0, "F": 0, "I": 0}
