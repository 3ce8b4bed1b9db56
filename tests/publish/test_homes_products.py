"""Driver homes in the products: report, Word file, workbook and figures, in both languages."""

from __future__ import annotations

import dataclasses
import html
import re
from pathlib import Path

import openpyxl
import pytest
from docx import Document

from planner.freight.hours import NIGHT
from planner.publish.office.document import write_docx, write_report
from planner.publish.office.figures import write_figures
from planner.publish.office.homes.lines import homes_lines
from planner.publish.office.homes.tables import homes_tables
from planner.telling.contents.coverage import district_labels
from planner.telling.words.homes import chosen_in_words
from planner.workbook.homes import write_homes_workbook
from planner.workbook.whole import write_workbook
from tests.freight.county import County, lnglat, table
from tests.publish.toy import toy_bundle


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """A plan with a count that adjusts and one that only compares, and the cheapest plan with neither."""
    folder = tmp_path_factory.mktemp("county")
    (a, b), (c, d) = lnglat(17.5, 0), lnglat(32.5, 0)
    files = table(
        folder, "truck_counts.csv",
        f"road,place_zh,place_en,lng,lat,vehicles_per_day,trucks_per_day\nG1,甲地,Jia,{a},{b},,9000\nG9,乙地,Yi,{c},{d},200000,\n",
    )  # fmt: skip
    lng, lat = lnglat(47, 0)
    files += table(
        folder,
        "driver_homes.csv",
        f"站点编号,站点名称,经度,纬度,状态,货车泊位\nH1,一号之家,{lng},{lat},运营,26\n",
    )
    counted = County("target_drivers = 5000", files, folder).plan()
    cheap = County('target_drivers = 2500\nproblem = "cheapest"\ndrive_limit_minutes = 30').plan()
    return counted, cheap


def bundle_of(plan, language: str):
    return toy_bundle(language, homes=plan, run={"driver_homes": plan.run_json()})


def lines_of(bundle) -> tuple[str, ...]:
    return homes_lines(bundle.homes, bundle.settings.study.language)


def tables_of(bundle, *, printed: bool):
    return homes_tables(
        bundle.homes, bundle.settings.study.language, district_labels(bundle), printed=printed
    )


def text_of(page: Path) -> str:
    return html.unescape(
        re.sub(
            r"<[^>]+>",
            " ",
            re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", page.read_text("utf-8"), flags=re.DOTALL),
        )
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_reports_state_the_plan_its_bands_and_the_counts(plans, language, tmp_path):
    plan = plans[0]
    bundle = bundle_of(plan, language)
    figures = write_figures(bundle, tmp_path / "figures")
    assert {"homes", "homes_hours"} <= set(figures)
    write_report(bundle, tmp_path / "report.html", figures)
    text = text_of(tmp_path / "report.html")
    for line in lines_of(bundle):
        assert line in text
    run = plan.run_json()
    for value in (
        run["drivers"],
        run["served_if_turnover_low"],
        run["served_if_turnover_high"],
        run["cost_yuan"],
        run["drivers_passing"],
    ):
        assert f"{value:,.0f}" in text
    for part in tables_of(bundle, printed=True):
        assert part.heading in text
        for line in part.lines:
            assert line in text
    row = plan.checks.iloc[0]
    assert row["used"]
    assert f"{row['before']:,.0f}" in text  # before, after and counted stand side by side
    assert f"{row['modelled']:,.0f}" in text
    assert "9,000" in text
    assert (("G9（" if language == "zh" else "G9 (") in text) == (
        plan.checks["modelled"].iloc[1] < plan.checks["trucks_low"].iloc[1]
    )
    assert (tmp_path / "report.html").read_text("utf-8").count("<img") == len(
        figures
    ) - 1  # bars by district are drawn inline
    write_docx(bundle, tmp_path / "report.docx", figures)  # the Word file says the same
    said = [p.text for p in Document(str(tmp_path / "report.docx")).paragraphs]
    assert set(lines_of(bundle)) <= set(said)
    headings = [part.heading for part in tables_of(bundle, printed=True)]
    assert [t for t in said if t in headings] == headings
    reasons = chosen_in_words(plan)[f"reason_{language}"]  # across the page, not in a column
    assert len(reasons)
    for reason in reasons:
        assert reason in text
        assert any(line.endswith(reason) for line in said)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_workbook_has_every_hour_every_candidate_and_a_chart(plans, language, tmp_path):
    plan = plans[0]
    write_workbook(bundle_of(plan, language), tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    names = (
        ["司机之家", "司机之家候选点", "货运模型"]
        if language == "zh"
        else ["Driver homes", "Home candidates", "Freight model"]
    )
    homes, candidates, model = (book[name] for name in names)

    def rows(sheet):
        return [[c for c in row if c is not None] for row in sheet.iter_rows(values_only=True)]

    said = [row[0] for row in rows(homes) if row]
    assert [line for line in said if line in lines_of(bundle_of(plan, language))] == list(
        lines_of(bundle_of(plan, language))
    )
    cells = rows(model)
    hours = [row for row in cells if row and re.fullmatch(r"\d\d:00–\d\d:00", str(row[0]))]
    assert len(hours) == 24
    assert [row[1] + row[2] for row in hours] == pytest.approx([row[3] for row in hours], abs=1.01)
    assert sum(row[3] for row in hours) == pytest.approx(plan.totals["vehicle_hours_per_day"], abs=12)
    assert [len(sheet._charts) for sheet in (homes, candidates, model)] == [0, 0, 1]
    assert set(plan.candidates["name"]) <= {str(c) for row in rows(candidates) for c in row}
    assert set(plan.existing["name"]) <= {str(c) for row in rows(homes) for c in row}


def test_no_cell_of_the_english_products_is_left_in_chinese(plans):
    for plan in plans:
        for part in tables_of(bundle_of(plan, "en"), printed=False):
            for column in part.table.columns:
                if column in ("Name", "Reason", "In the plan", "District", "Best stand-in"):
                    continue  # names from the user's files
                said = " ".join([str(column), *map(str, part.table[column])])
                assert not re.search("[一-鿿]", said), said
            assert not re.search("[一-鿿]", part.heading + " ".join(part.lines))
        zh = next(p.table for p in tables_of(bundle_of(plan, "zh"), printed=False) if p.heading == "货运假设")
        assert all(re.search("[一-鿿]", str(v)) for v in zh["来源"])
        assert all(re.search("[一-鿿]", str(v)) for v in zh["假设"])


def test_the_cheapest_plan_and_long_trips_are_said(plans):
    lines = " ".join(lines_of(bundle_of(plans[1], "en")))
    assert "no plan that serves as many as asked for costs less than 300,000" in lines
    assert re.search(r"\d+\.\d% of the modelled truck trips drive more than 0\.5 hours", lines)
    counted = " ".join(lines_of(bundle_of(plans[0], "en")))
    assert "costs less than" not in counted
    assert "does not bind here" in counted


def test_the_night_in_the_tables_is_that_of_the_flows(plans):
    plan = plans[0]
    share = plan.flows["trucks_at_night"] / plan.flows["trucks_per_day"]
    assert share.to_numpy() == pytest.approx(plan.flows["night_share"].to_numpy(), abs=2e-3)
    streets = plan.hourly.to_numpy()
    assert streets[:, NIGHT].sum(1) == pytest.approx(plan.flows["trucks_at_night"].to_numpy(), abs=0.06)
    assert plan.day["trucks"].sum() == pytest.approx(plan.totals["vehicle_hours_per_day"])
    assert plan.day["share"].sum() == pytest.approx(1)


def test_districts_are_named_in_the_language(plans):
    bundle = bundle_of(plans[0], "en")
    labelled = bundle.districts.assign(district=["甲县", "东"], name_en=["Jia County", "East"])
    made = tables_of(dataclasses.replace(bundle, districts=labelled), printed=False)[0].table
    assert set(made["District"]) == {"Jia County"}


def test_the_homes_have_a_workbook_of_their_own(plans, tmp_path):
    for name in ("one.xlsx", "two.xlsx"):
        write_homes_workbook(
            plans[1], tmp_path / name, language="en", districts={"甲县": "Jia County"}, title="A county"
        )
    book = openpyxl.load_workbook(tmp_path / "one.xlsx")
    assert book.sheetnames == ["Driver homes", "Home candidates", "Freight model", "Freight assumptions"]
    assert "Jia County" in {c.value for row in book["Driver homes"] for c in row}
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_limits_and_ties_stand_in_lines_and_tables(plans, language):
    plan = plans[0]
    lines = " ".join(lines_of(bundle_of(plan, language)))
    n, k = len(plan.chosen), plan.limited
    assert n == k == 2
    said = {
        "zh": ("2 处新建司机之家全部受泊位限制", "服务人数相同的方案共 {} 个（含本方案）"),
        "en": ("All 2 new homes are limited by bays", "{} plans serve as many drivers, this one among them"),
    }[language]
    assert said[0] in lines
    assert said[1].format(plan.ties.plans) in lines
    first = tables_of(bundle_of(plan, language), printed=True)[0].table
    column = {"zh": "受限于", "en": "Limited by"}[language]
    assert set(first[column]) == {{"zh": "泊位", "en": "bays"}[language]}


def test_no_sum_of_trips_is_quoted_before_a_count_calibrates_it(plans):
    counted, bare = plans
    assert (counted.calibrated, bare.calibrated) == (True, False)
    sums = ("trips_per_day", "through_trips_per_day", "exchange_trips_per_day")
    run = counted.run_json()
    for name in sums:
        assert 0 < run[f"{name}_low"] <= run[name] <= run[f"{name}_high"]
    assert run["trips_per_day_low"] < run["trips_per_day_high"]
    assert not [
        k
        for k in bare.run_json()
        if k.startswith(("trips_per", "through", "exchange", "vehicle_h", "trips_over"))
    ]
    wanted = [f"{bare.totals[k]:,.0f}" for k in (*sums, "vehicle_hours_per_day")]
    for language in ("zh", "en"):
        bundle = bundle_of(bare, language)
        parts = tables_of(bundle, printed=False)
        text = " ".join([*lines_of(bundle), *(line for part in parts for line in part.lines)])
        assert not [w for w in wanted if w in text]
        (hours,) = (part.table for part in parts if part.picture == "homes_hours")
        columns = hours.iloc[:24, 1:].astype(float)
        assert columns.iloc[:, :2].sum(axis=1).to_numpy() == pytest.approx(
            columns.iloc[:, 2].to_numpy(), abs=0.011
        )
        assert columns.iloc[:, 2].sum() == pytest.approx(
            100, abs=0.2
        )  # shares of the day, no number of trucks
        assert f"{run['trips_per_day']:,.0f}" in " ".join(lines_of(bundle_of(counted, language)))
