"""Evidence in the products: intervals by group, use and fairness on the page; front, unknowns and pilots where asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from planner.equity.front import FairFront
from planner.publish.office import document
from planner.publish.page.data import page_content
from planner.publish.page.pack import Island
from planner.siting.questions.knowledge import Knowledge
from planner.siting.questions.learn import PilotSites
from planner.telling.contents.questions import options
from planner.telling.run import RunNotes, run_content
from planner.workbook import whole as workbook
from tests.publish.known import known_bundle, one_lot

FRONT = FairFront(
    pd.DataFrame(
        {
            "level": [0.6, 0.7], "covered": [850.4, 839.7], "bound": [853.0, 845.2], "gap": [2.6 / 850.4, 5.5 / 839.7],
            "share": [0.8504, 0.8397], "least_share": [0.61, 0.7043], "least_district": ["east", "west"], "price": [0.0, 5.2],
            "price_most": [0.0, 13.3], "same": [4, 3], "sites": ["a;b", "a;c"],
        }
    ),
    0.7111,
)  # fmt: skip
UNKNOWNS = pd.DataFrame(
    {
        "kind": ["district", "site"], "group": ["rider", ""], "district": ["west", "east"], "rank": [0, 2],
        "site_id": ["", "N002"], "name": ["west", "<b>湖东</b>"], "seems": [14.0, 4.0], "chance": [3.4, 1.2], "removes": [10.6, 2.8],
        "part": [8.5, 2.2], "clear": [True, False], "teaches": [0.4, 0.1], "solved": [True, False],
    }
)  # fmt: skip
KNOWN = Knowledge(UNKNOWNS, draws=40, known=40, solves=77, classes=4, replan=0.2, regret=11.6, ceiling=12.2)
PILOTS = PilotSites(
    pd.DataFrame(
        {
            "place": [1, 2], "rank": [3, 1], "site_id": ["N003", "N001"], "name": ["星湖公园", "=1+1"], "district": ["east", "west"],
            "workers": [90.0, 160.4], "workers_low": [60.0, 120.0], "workers_high": [130.0, 230.0], "explained": [0.25, 0.4],
        }
    ),
    pd.DataFrame({"plan": [20.0, 30.0, 25.0], "taught": [12.0, 21.0, 15.0], "rank": [15.0, 24.0, 18.0], "random": [16.0, 27.0, 20.0]}),
    noise=0.2, draws=60,
)  # fmt: skip


def bundle_of(language: str = "en", **changes: Any) -> Any:
    return known_bundle(language, fair_front=FRONT, knowledge=KNOWN, pilots=PILOTS, **changes)


def content(bundle: Any) -> dict[str, Any]:
    return {part["key"]: part for part in page_content(bundle, Island())["evidence"]}


def test_what_was_asked_is_registered_as_printed() -> None:
    facts = bundle_of().facts
    # the plan covers 840
    assert [facts.shown("fewer", plan=f"front {n}") for n in (1, 2)] == [-10, 0]
    assert [facts.shown("bound", plan=f"front {n}") for n in (1, 2)] == [853, 846]  # upwards
    assert facts.shown("least_bound", plan="front") == 0.712
    assert (facts.shown("front_price", plan="front 2"), facts.shown("front_price_most", plan="front 2")) == (
        5,
        14,
    )
    assert (facts.shown("learn_regret", plan="known"), facts.shown("learn_ceiling", plan="known")) == (12, 13)
    assert facts.shown("learn_removes", plan="known", case="unknown 1") == 11
    assert {o: facts.shown("pilots_left", plan=f"pilots {o}") for o in ("plan", "taught", "rank", "random")} == {
        "plan": 25, "taught": 16, "rank": 19, "random": 21,
    }  # fmt: skip
    pilot = facts.fact("pilot_workers", plan="pilots", case="pilot 2")
    assert (pilot.shown, pilot.shown_band()) == (160, (120, 230))
    none = known_bundle().facts
    assert not {f.id for f in none.values()} & {
        "least_share",
        "least_bound",
        "learn_regret",
        "pilots_left",
        "pilot_workers",
    }


ROWS = {
    "fair_front": [["850", "85.0%", "853", "61.0%", "0"], ["840", "84.0%", "846", "70.4%", "5–14"]],
    "knowledge": [["11", "3", "8"], ["3", "1", "2"]],
    "pilots": [["1", "3", "N003"], ["2", "1", "N001"]],
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_report_and_page_tell_the_front_the_unknowns_and_the_pilots(language: str, tmp_path: Path) -> None:
    bundle = bundle_of(language)
    found = {o.key: o for o in options(bundle)}
    assert list(found) == [
        "alternatives",
        "rules",
        "fair_front",
        "sensitivity",
        "knowledge",
        "pilots",
        "replacements",
    ]
    parts = content(bundle)
    for key, wanted in ROWS.items():
        rows = parts[key]["rows"]
        assert len(rows) == 2
        assert all(v in row for row, values in zip(rows, wanted, strict=True) for v in values), rows
    front = parts["fair_front"]
    assert [row[6] for row in front["rows"]] == (["东区", "西区"] if language == "zh" else ["East", "West"])
    assert any("71.2%" in line for line in front["lines"])
    known, named = parts["knowledge"], {"zh": ("西区的人数：外卖骑手", "是"), "en": ("West", "yes")}[language]
    assert named[0] in known["rows"][0][0]
    assert known["rows"][0][4] == named[1]
    brackets = "90（60–130）" if language == "zh" else "90 (60–130)"
    assert parts["pilots"]["rows"][0][5] == brackets
    document.write_report(bundle, tmp_path / "report.html", {})
    text = (tmp_path / "report.html").read_text("utf-8")
    for words in (front["heading"], known["heading"], parts["pilots"]["heading"], "5–14", brackets):
        assert words in text
    assert "<b>湖东" not in text
    workbook.write_workbook(bundle, tmp_path / "a.xlsx")
    cells = [
        c for s in openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets for r in s.iter_rows() for c in r
    ]
    assert {front["heading"], known["heading"], parts["pilots"]["heading"]} <= {c.value for c in cells}
    assert all(c.data_type != "f" for c in cells)  # a name is no formula


def test_run_json_keeps_what_was_asked_and_says_nothing_of_what_was_not() -> None:
    notes = RunNotes([], 1, 1, 0.0, {}, [], "0", {})
    run = run_content(bundle_of(), notes)
    assert [p["covered"] for p in run["fair_front"]["plans"]] == [850.4, 839.7]
    assert run["fair_front"]["least_bound"] == 0.7111
    assert [u["removes"] for u in run["knowledge"]["unknowns"]] == [10.6, 2.8]
    assert (run["pilots"]["left"], run["pilots"]["truths"]) == (
        {"plan": 25.0, "taught": 16.0, "rank": 19.0, "random": 21.0},
        3,
    )
    none = run_content(known_bundle(), notes)
    assert [none[k] for k in ("fair_front", "knowledge", "pilots")] == [None] * 3
    json.dumps(run["pilots"], default=float)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_has_the_points_of_every_part_and_the_measures_of_fairness(language: str) -> None:
    """Draws are half or one and a half of the estimate: shares stay, numbers of people go with them."""
    base = known_bundle(language)
    ensemble = one_lot(np.array([0.5, 1.5] * 20)[:, None] * np.full(len(base.demand), 5.0), 5.0)
    parts = content(known_bundle(language, ensemble=ensemble, demand=base.demand.assign(workers=5.0)))
    assert list(parts) == ["intervals", "fairness"]
    rows = {r[0]: r[1:] for r in parts["intervals"]["rows"]}
    whole = {"zh": "合计", "en": "Total"}[language]
    # 8 of 1,000 workers by the cells' table, 12 with the plan
    assert rows[whole] == {
        "zh": ["0.8%（0.8%–0.8%）", "1.2%（1.2%–1.2%）", "4（2–6）"], "en": ["0.8% (0.8%–0.8%)", "1.2% (1.2%–1.2%)", "4 (2–6)"],
    }[language]  # fmt: skip
    assert len(rows) == 3  # and the two districts: these draws tell no groups apart, the cells no periods
    fair = parts["fairness"]["rows"]
    assert [row[1] for row in fair] == ["0.154", "30.0"]
    assert [row[3] for row in fair] == ["0.050", "20.0"]
    assert parts["intervals"]["heads"][0] == {"zh": "类别", "en": "Part"}[language]
    assert list(content(known_bundle(language))) == ["fairness"]  # without draws
