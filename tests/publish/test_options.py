"""Phases with regret, other plans, rules, assumptions, replacements: in workbook, report and Word document."""

from __future__ import annotations

import dataclasses
import math
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from planner.publish.office import document
from planner.publish.office.story import story
from planner.publish.safe import xlsx_text
from planner.telling.contents.questions import _prices, case_label, irreplaceable_line, options
from planner.workbook import whole as workbook
from tests.publish.hostile import HOSTILE, WORST, hostile_bundle
from tests.publish.toy import toy_bundle


def with_questions(bundle: Any, texts: list[str] | None = None) -> Any:
    """The bundle with tables as :mod:`planner.study.questions` makes them; ``texts`` stand wherever a file's text can."""
    names = texts or ["湖东便利店", "星湖公园"]
    n = len(names)
    cases = ["base", "radius:500", "radius:833", "hours:any", "group:rider:-30", "cell:400"]
    cases += [f"group:{t}:+30" for t in names] if texts else []
    m = len(cases)
    phases = bundle.chosen["batch"].unique()
    return dataclasses.replace(
        bundle,
        always=3,
        phases=pd.DataFrame({"name": phases, "sites": range(len(phases)), "covered": 1.0, "best": 1.0,
                             "bound": 1.0, "regret": 0.0125, "regret_bound": 0.02}),
        alternatives=pd.DataFrame({"plan": [1, 2], "covered": [300.0, 290.0], "share": [0.6, 0.58], "lost": [4.0, 14.0],
                                   "loss": [0.013, 0.046], "same": [3, 2], "near": [4, 2], "sites": ["a", "b"]}),
        rule_prices=pd.DataFrame({"rule": ["plan", "phases", "quotas", "quotas_full"], "in_force": [True, True, True, False],
                                  "covered": [304.0, 305.0, 310.0, 280.0], "price": [0.0, 1.0, 5.0, 25.0],
                                  "price_most": [0.0, 2.0, 6.0, 26.0],
                                  "least_district": [names[0], "", "east", "west"],
                                  "least_share": [0.4, float("nan"), 0.35, 0.45]}),
        sensitivity=pd.DataFrame({"case": cases, "workers": 500.0, "share_before": 0.3, "share_plan": 0.6,
                                  "share_best": 0.62, "lost": [0.0, 0.24] + [0.01] * (m - 2),
                                  "lost_most": [0.001, 0.25] + [0.0123] * (m - 2), "same": 4, "near": 5}),
        replacements=pd.DataFrame({"rank": range(1, n + 1), "site_id": names, "name": names, "district": ["west"] * n,
                                   "place": 1, "replacement_id": names, "replacement": names,
                                   "host_kind": ["bank"] * n if not texts else names, "distance_m": 120.0,
                                   "loss": [3.0] * n}),
    )  # fmt: skip


def texts_of(sheet: Any) -> list[Any]:
    return [c for row in sheet.iter_rows(values_only=True) for c in row if c is not None]


def test_the_sheet_shows_phases_with_regret_and_every_answer(tmp_path: Path) -> None:
    bundle = with_questions(toy_bundle("zh"))
    workbook.write_workbook(bundle, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    heads = ["分期建设", "备选方案", "各项规则的代价"]
    assert list(dict.fromkeys(c for c in texts_of(book["分期与备选"]) if c in heads)) == heads
    assert len(book["曲线"]._charts) == 1
    rows = [
        [c for c in row if c is not None]
        for name in ("分期与备选", "敏感性", "替代点")
        for row in book[name].iter_rows(values_only=True)
    ]
    phase = next(r for r in rows if r and r[0] == "2025")
    assert phase[1] == 3
    assert phase[-1] == 0.013
    assert next(r for r in rows if r and r[0] == "区县配额")[1:] == ["是", 310, 5, 6, "东区", 0.35]
    assert next(r for r in rows if r and r[0] == "本方案")[1:] == [304, names_label(bundle), 0.4]
    assert next(r for r in rows if r and r[0] == "外卖骑手 -30%")[1] == 500
    assert next(r for r in rows if r and r[0] == "星湖公园")[1:4] == [2, "西区", 1]


def test_prices_subtract_as_printed_from_the_plan_or_from_what_lies_between() -> None:
    table = pd.DataFrame(
        {"rule": ["plan", "quotas", "quotas_full", "required"], "in_force": [True, True, False, True]}
    )
    assert _prices(table, [64_865, 64_871, 64_596, 64_865])[1:] == [6, 269, 0]
    assert math.isnan(_prices(table, [64_865, 64_871, 64_596, 64_865])[0])
    for between in ("phases", "goal"):
        split = table.assign(
            rule=["plan", between, "quotas", "quotas_full"], in_force=[True, True, True, False]
        )
        assert _prices(split, [100, 103, 110, 90])[1:] == [3, 7, 13]
    assert _prices(table, [100, 100, 120, 100])[2] == 0  # another rule that does better costs nothing


def names_label(bundle: Any) -> str:
    return str(bundle.rule_prices["least_district"].iloc[0])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_has_a_short_section_each_and_leaves_the_long_list_to_the_workbook(
    language: str, tmp_path: Path
) -> None:
    bundle = with_questions(toy_bundle(language))
    document.write_report(bundle, tmp_path / "report.html", {})
    page = (tmp_path / "report.html").read_text("utf-8")
    document.write_docx(bundle, tmp_path / "report.docx", {})
    with zipfile.ZipFile(tmp_path / "report.docx") as archive:
        word = archive.read("word/document.xml").decode()
    further = story(bundle).further
    assert len(further) == 4  # how even it is, first
    for part in further:
        for text in (part.heading, *part.lines):
            assert text.replace("'", "&#39;") in page
            assert text.replace("&", "&amp;") in word
    zh = language == "zh"
    assert ("每个站点的替代点" if zh else "Replacements of each site") not in page
    # in the toy, three of five sites stay; groups are at most 1.3 % off (rounded up), 500 m matters most
    lines = " ".join(further[3].lines)
    assert ("有 3 个，共 5 个" if zh else "3 of the 5 sites stay") in lines
    assert "1.3%" in lines
    assert "24.0%" in lines
    assert "500" in lines
    assert "1.3%" in page  # the phases' regret, one decimal
    assert story(bundle).batches_note in page.replace("&#39;", "'").replace("&#34;", '"')


def test_without_answers_nothing_is_said(tmp_path: Path) -> None:
    bundle = toy_bundle("en")
    assert not options(bundle)
    s = story(bundle)
    assert [part.heading for part in s.further] == ["Fairness: how evenly coverage falls"]
    assert s.batches_note == ""
    assert "regret" not in s.batches.keys
    workbook.write_workbook(bundle, tmp_path / "a.xlsx")
    cells = texts_of(openpyxl.load_workbook(tmp_path / "a.xlsx")["Phases and alternatives"])
    assert "Phases" in cells
    assert not {"Other plans nearly as good", "Replacements of each site"} & set(cells)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sites_without_a_replacement_are_listed_in_workbook_and_reports(
    language: str, tmp_path: Path
) -> None:
    """The toy has five sites; only the first two have a replacement, then none has, then all have."""
    bundle = with_questions(toy_bundle(language))
    line = {
        "zh": "附近（步行 667 米内）无可替代场所的站点有 3 处，共 5 处：第 3、4、5 号。",
        "en": "No substitute within 667 m for 3 of the 5 sites (no. 3, 4, 5).",
    }[language]
    document.write_report(bundle, tmp_path / "report.html", {})
    assert line in (tmp_path / "report.html").read_text("utf-8")
    document.write_docx(bundle, tmp_path / "report.docx", {})
    with zipfile.ZipFile(tmp_path / "report.docx") as archive:
        assert line in archive.read("word/document.xml").decode()
    workbook.write_workbook(bundle, tmp_path / "a.xlsx")
    sheet = "替代点" if language == "zh" else "Replacements"
    assert line in texts_of(openpyxl.load_workbook(tmp_path / "a.xlsx")[sheet])
    none = dataclasses.replace(bundle, replacements=bundle.replacements.iloc[:0])
    assert ("5 处，共 5 处" if language == "zh" else "for 5 of the 5 sites") in irreplaceable_line(none)
    workbook.write_workbook(none, tmp_path / "none.xlsx")
    cells = texts_of(openpyxl.load_workbook(tmp_path / "none.xlsx")[sheet])
    assert irreplaceable_line(none) in cells
    rows = pd.concat([bundle.replacements.iloc[:1].assign(rank=n) for n in range(1, 6)])
    assert irreplaceable_line(dataclasses.replace(bundle, replacements=rows)) == ""
    assert irreplaceable_line(dataclasses.replace(bundle, replacements=None)) == ""


def test_a_plan_whose_only_row_is_itself_has_no_rule_to_price() -> None:
    bundle = with_questions(toy_bundle("en"))
    alone = dataclasses.replace(bundle, rule_prices=bundle.rule_prices.head(1))
    assert [o.key for o in options(alone)] == ["alternatives", "sensitivity", "replacements"]


def test_cases_in_words_even_where_a_group_has_a_colon_in_its_name() -> None:
    bundle = toy_bundle("en")
    assert case_label("group:rider:+30", bundle) == "food-delivery riders +30%"
    assert case_label("group:a:b:-30", bundle) == "a:b -30%"
    assert case_label("radius:500", bundle) == "500 m (GB 50180-2018)"
    assert case_label("radius:1000", bundle) == "1000 m"
    assert case_label("cell:400", bundle) == "Demand cells of 400 m"


@pytest.mark.parametrize("title", WORST)
def test_hostile_names_stay_text_in_the_new_tables(title: str, tmp_path: Path) -> None:
    bundle = with_questions(hostile_bundle(title), HOSTILE)
    workbook.write_workbook(bundle, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    cells = [
        c
        for name in ("分期与备选", "敏感性", "替代点")
        for row in book[name].iter_rows()
        for c in row
        if c.value is not None
    ]
    assert {c.data_type for c in cells} <= {"s", "n"}
    assert all(c.quotePrefix for c in cells if c.data_type == "s")
    assert {xlsx_text(t) for t in HOSTILE} <= {c.value for c in cells}
    document.write_report(bundle, tmp_path / "report.html", {})
    page = (tmp_path / "report.html").read_text("utf-8")
    for bad in ("<img src=x", "<script", "<svg onload", "<!--"):
        assert bad not in page
    document.write_docx(bundle, tmp_path / "report.docx", {})


def test_two_writes_give_equal_bytes(tmp_path: Path) -> None:
    bundle = with_questions(toy_bundle("zh"))
    for name in ("a", "b"):
        workbook.write_workbook(bundle, tmp_path / f"{name}.xlsx")
        document.write_docx(bundle, tmp_path / f"{name}.docx", {})
    for kind in ("xlsx", "docx"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_a_section_may_have_no_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from planner.publish.office import story as told

    table = told.PrintedTable(("a",), (("plain",),), (False,), ("a",))
    monkeypatch.setattr(told, "_further", lambda bundle: (told.Further("Bare", (), table),))
    bundle = toy_bundle("en")
    document.write_report(bundle, tmp_path / "report.html", {})
    document.write_docx(bundle, tmp_path / "report.docx", {})
    assert ">Bare</h2>" in (tmp_path / "report.html").read_text("utf-8")
