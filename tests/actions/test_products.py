"""The plan with five verbs in every product: what each says is what the plan says."""

from __future__ import annotations

import csv
import html
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest
from docx import Document

from planner.study.products import write_actions, write_coverage
from planner.study.study import Study
from planner.study.terminal import actions_text
from planner.telling.words.phrases import phrase
from tests.actions.test_five_verbs import HOSTS, STATIONS, study_of
from tests.facts.referee import Facts, _verbs, island, judge
from tests.study.town import Place

EVIL = Place("=1+1<script>alert(1)</script>", 3000, "08:00-20:00", "fuel")


@pytest.fixture(scope="module", params=["zh", "en"])
def made(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp(f"verbs-{request.param}")
    money = "budget_yuan = 40000\nyearly_yuan = 30000\nleast = { upgrade = 1 }"
    study = study_of(folder, money, hosts=(*HOSTS, EVIL)).with_(study__language=request.param)
    return study, folder / "out", study.run(folder / "out")


def facts(run: dict[str, Any], id_: str, **scope: Any) -> list[float]:
    return [
        f["shown"] for f in run["facts"]
        if f["id"] == id_ and f["scope"]["plan"] == "actions" and all(f["scope"].get(k, "") == v for k, v in scope.items())
    ]  # fmt: skip


def test_run_json_holds_the_plan(made: tuple[Study, Path, dict[str, Any]]) -> None:
    study, _, run = made
    plan, block = study.plan_actions(), run["actions"]
    assert {k: v["n"] for k, v in block["by_verb"].items()} == plan.actions["verb"].value_counts().reindex(
        ["build", "retime", "upgrade", "move", "close", "cobrand"], fill_value=0
    ).to_dict()
    assert block["cost_yuan"] == pytest.approx(plan.actions["cost_yuan"].sum())
    assert block["yearly_yuan"] == pytest.approx(plan.actions["yearly_yuan"].sum())
    assert block["covered"] == pytest.approx(plan.after.covered, abs=1e-3)
    assert block["gap"] == pytest.approx((block["bound"] - block["objective"]) / block["objective"], abs=1e-6)
    assert block["open"] == len(STATIONS) + block["by_verb"]["build"]["n"] - block["by_verb"]["close"]["n"]
    assert block["by_verb"]["upgrade"]["n"] >= 1
    today = next(f["shown"] for f in run["facts"] if f["id"] == "covered" and f["scope"] == {**f["scope"], "plan": "today", "periods": "all"}
                 and f["scope"].get("district", "") == "" and f["scope"]["groups"] == "headline" and f["scope"]["cutoff_m"] == 667
                 and f["scope"]["least"] == 1 and not f["scope"].get("hours"))  # fmt: skip
    new = round(plan.after.covered) - today
    assert facts(run, "actions_new", case="") == [new]
    verbs = [facts(run, "actions_gain", case=v)[0] for v in block["by_verb"]]
    assert sum(verbs) == new
    assert facts(run, "actions_n", case="") == [len(plan.actions)]


def test_districts_sum_to_the_whole_and_every_figure_names_its_source(
    made: tuple[Study, Path, dict[str, Any]],
) -> None:
    _, _, run = made
    mine = [f for f in run["facts"] if f["scope"]["plan"] == "actions"]
    whole = [f["shown"] for f in mine if f["id"] == "covered" and not f["scope"].get("district")]
    parts = [f["shown"] for f in mine if f["id"] == "covered" and f["scope"].get("district")]
    assert [sum(parts)] == whole
    assert {f["source"] for f in mine} == {next(f["source"] for f in mine if f["id"] == "covered")}


def test_the_list_stands_in_csv_workbook_map_and_layers(made: tuple[Study, Path, dict[str, Any]]) -> None:
    study, out, _ = made
    language, actions = study.settings.study.language, study.plan_actions().actions
    with (out / "actions.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [r["verb"] for r in rows] == actions["verb"].tolist()
    assert all(not r["name"].startswith("=") for r in rows)
    sheet = openpyxl.load_workbook(out / "recommendations.xlsx")[phrase("sheet_actions", language)]
    cells = [list(r) for r in sheet.iter_rows(values_only=True)]
    head = next(n for n, r in enumerate(cells) if r[1] == phrase("col_verb", language))
    listed = cells[head + 1 : head + 1 + len(actions)]
    assert [r[1] for r in listed] == [phrase(f"verb_{v}", language) for v in actions["verb"]]
    assert not any(c.data_type == "f" for row in sheet.iter_rows() for c in row)
    layers = set(pyogrio.list_layers(out / "plan.gpkg")[:, 0])
    extras = {x["key"]: x for x in island(out / "map.html")[0]["extras"]}
    for verb, n in actions["verb"].value_counts().items():
        assert f"actions_{verb}" in layers
        assert len(extras[f"actions_{verb}"]["name"]) == n
    assert "<script>alert" not in (out / "map.html").read_text("utf-8")


def test_the_reports_say_the_same_in_the_studys_language(made: tuple[Study, Path, dict[str, Any]]) -> None:
    study, out, run = made
    language, plan = study.settings.study.language, study.plan_actions()
    page = html.unescape(re.sub(r"<[^>]+>", "\n", (out / "report.html").read_text("utf-8")))
    word = "\n".join(p.text for p in Document(str(out / "report.docx")).paragraphs)
    for text in (page, word):
        assert phrase("sec_actions", language) in text
        assert f"{round(plan.cost_yuan):,}" in text
        assert f"{facts(run, 'actions_new', case='')[0]:,.0f}" in text
    assert {"zh": "自拟假设", "en": "Own assumption"}[language] in page
    said = actions_text(plan, language)
    assert f"{len(plan.actions)}" in said
    assert phrase("verb_build", language) in said


def test_the_referee_finds_nothing_to_say_and_a_spoilt_figure(
    made: tuple[Study, Path, dict[str, Any]],
) -> None:
    study, out, run = made
    language = study.settings.study.language
    names = {g.label(language): g.name for g in study.settings.headline_groups}
    assert [str(d) for d in judge(out, names=names) if d.what != "gains of the sites"] == []
    for id_ in ("actions_new", "actions_gain", "missing", "actions_n"):
        spoilt = json.loads(json.dumps(run))
        row = next(f for f in spoilt["facts"] if f["id"] == id_ and f["scope"]["plan"] == "actions")
        row["shown"], row["value"] = row["shown"] + 1, row["value"] + 1
        assert list(_verbs(Facts(spoilt))), id_


def test_a_study_without_the_section_has_no_word_of_it(tmp_path: Path) -> None:
    study = study_of(tmp_path, "budget_yuan = 9000").with_(actions__enabled=False)
    run = study.run(tmp_path / "out")
    assert run["actions"] is None
    assert not (tmp_path / "out" / "actions.csv").exists()
    assert "Five verbs" not in openpyxl.load_workbook(tmp_path / "out" / "recommendations.xlsx").sheetnames
    assert not [
        f
        for f in json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["facts"]
        if f["id"].startswith("actions_")
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_row_of_a_list_says_that_data_are_made_up_and_the_list_is_read_as_before(
    language: str, tmp_path: Path
) -> None:
    plain = study_of(tmp_path, "budget_yuan = 40000")
    study = plain.with_(study__synthetic=True, study__language=language)
    lists = []
    for each, folder in ((study, tmp_path / "made up"), (plain, tmp_path / "plain")):
        write_actions(each.stages, folder)
        write_coverage(each.stages, folder)
        lists.append(folder / "actions.csv")
        for name in ("actions.csv", "coverage.csv"):
            with (folder / name).open(encoding="utf-8-sig", newline="") as handle:
                rows = list(csv.DictReader(handle))
            assert rows
            known = phrase("synthetic_badge", language) if each is study else None
            assert {row.get("synthetic") for row in rows} == {known}
    said, silent = (study.evaluate(path) for path in lists)
    assert said.proposed.covered == silent.proposed.covered > said.before.covered
