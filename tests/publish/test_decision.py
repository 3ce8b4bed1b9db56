"""The decision page's content: what is asked, figures with their bands and sheets, sites by district and phase, limits."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from planner.telling.contents.decision import decision
from planner.telling.contents.places import GAP_COLUMNS, HOTSPOT_COLUMNS
from planner.telling.contents.records import synthetic_lines, synthetic_note
from planner.workbook.cover import term_rows
from planner.workbook.whole import write_workbook
from tests.publish.known import known_bundle, one_lot
from tests.publish.test_known_reports import written


def plain(language: str = "en", **about: Any) -> Any:
    bundle = known_bundle(language)
    study = bundle.settings.study.model_copy(update=about)
    return dataclasses.replace(bundle, settings=bundle.settings.model_copy(update={"study": study}))


def test_it_says_what_is_asked_for() -> None:
    assert decision(known_bundle()).asked == (
        "Proposed: 5 new rest stations for outdoor workers beside the 5 open today, built in 2 phases, at about CNY 41,500 once."
    )
    assert decision(known_bundle("zh")).asked == (
        "请审议：在现有 5 个开放站点之外新建 5 个户外劳动者服务站点，分 2 批建设，一次性投入约 41,500 元。"
    )
    moved = known_bundle(closed=("S001", "S002"), chosen=known_bundle().chosen.assign(batch=""))
    assert decision(moved).asked.endswith("at about CNY 41,500 once, with 2 of today's stations moved.")
    assert "phases" not in decision(moved).asked


def test_each_figure_has_its_value_its_band_and_its_sheet() -> None:
    rows = [(r.label, r.value, r.sheet) for r in decision(known_bundle()).rows]
    assert rows == [
        ("Share covered: today → with the plan", "41.0% → 84.0%", "coverage"), ("Newly covered", "430 workers", "coverage"),
        ("Two or more stations: today → with the plan", "9.0% → 28.0%", "coverage"),
        ("Share covered at night: today → with the plan", "7.0% → 17.0%", "readings"), ("Stations with the plan", "10 stations", "sites"),
        ("One-off cost", "41,500 CNY", "costs"), ("Cost per worker newly covered", "97 CNY", "costs"),
        ("Sites that stand under all assumptions", "2 / 5 sites", "sensitivity"),
        ("Steady sites", "5 / 5 sites", "sites"),
    ]  # fmt: skip
    bands = {r.label: r.band for r in decision(known_bundle()).rows if r.band}
    assert list(bands) == ["One-off cost"]
    low, high = (float(v.replace(",", "")) for v in bands["One-off cost"].split("–"))
    assert low < 41_500 < high


def test_bands_of_both_ends_stand_beside_a_share() -> None:
    rng = np.random.default_rng(4)
    bundle = known_bundle()
    demand = bundle.demand.assign(workers=5.0)
    surfaces = 5 * rng.lognormal(0, 0.5, (40, len(demand)))
    row = decision(known_bundle(ensemble=one_lot(surfaces, 5.0), demand=demand)).rows[0]
    assert row.band.count("–") == 2
    assert " → " in row.band


def test_new_homes_are_asked_for_and_their_drivers_told() -> None:
    class Homes:
        def run_json(self) -> dict[str, Any]:
            return {
                "chosen": 3,
                "existing": 1,
                "drivers": 4321.4,
                "bound": 4400.0,
                "gap": 0.01,
                "cost_yuan": 5e5,
            }

    made = decision(known_bundle(homes=Homes()))
    assert made.asked.endswith("at about CNY 41,500 once, and 3 new driver homes.")
    assert (made.rows[-1].label, made.rows[-1].value, made.rows[-1].sheet) == (
        "Truck drivers served",
        "4,321 drivers a month",
        "homes",
    )


def test_homes_that_are_absent_are_a_row_with_the_reason() -> None:
    bundle = known_bundle()
    told = dataclasses.replace(bundle, run={**bundle.run, "absent": {"driver_homes": "no trucks here"}})
    assert [(r.value, r.sheet) for r in decision(told).rows][-1] == ("no trucks here", "homes")


def test_sites_stand_by_district_and_phase_and_add_up() -> None:
    page = decision(known_bundle())
    assert [c.head or c.key for c in page.columns] == ["district", "2025", "2026", "sites_new"]
    assert page.sites.to_numpy().tolist() == [["East", 2, 0, 2], ["West", 1, 2, 3], ["Total", 3, 2, 5]]
    only_west = known_bundle(chosen=known_bundle().chosen.assign(district="west"))
    assert (
        page.sites["district"].tolist() != decision(only_west).sites["district"].tolist() == ["West", "Total"]
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_made_up_data_are_said_first_and_three_limits_last(language: str) -> None:
    page = decision(known_bundle(language))
    assert page.banner == " ".join(synthetic_lines(known_bundle(language).settings))
    assert len(page.limits) == len(set(page.limits)) == 3
    assert decision(plain(language, synthetic=False)).banner == ""


def test_the_note_on_made_up_data_is_that_of_the_language_and_may_be_empty() -> None:
    assert synthetic_lines(plain("zh", synthetic_note_zh="甲", synthetic_note_en="b").settings)[1:] == ("甲",)
    assert synthetic_lines(plain("en", synthetic_note_zh="甲", synthetic_note_en="b").settings)[1:] == ("b",)
    assert len(synthetic_lines(plain("en", synthetic_note_en="").settings)) == 1
    honest = synthetic_lines(plain("en", synthetic=False, synthetic_note_en="b").settings)
    assert honest == ("The study declares no synthetic data; numbers of workers are still estimates.",)
    assert synthetic_note(plain("en", synthetic_note_en="b").settings) == "b"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_cover_shows_the_page_and_links_each_figure_to_its_sheet(language: str, tmp_path: Path) -> None:
    write_workbook(known_bundle(language), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    cover, page = book.worksheets[0], decision(known_bundle(language))
    texts = [c.value for row in cover.iter_rows() for c in row if isinstance(c.value, str)]
    for text in (
        page.banner,
        page.asked,
        *(r.label for r in page.rows),
        *(r.value for r in page.rows),
        *(f"{n}. {t}" for n, t in enumerate(page.limits, 1)),
    ):
        assert text in texts
    links = {
        c.value: c.hyperlink.location or c.hyperlink.target
        for row in cover.iter_rows()
        for c in row
        if c.hyperlink
    }
    assert links
    assert all(f"'{name}'!A1" in target and name in book.sheetnames for name, target in links.items())
    assert (cover.page_setup.orientation, cover.page_setup.fitToHeight) == ("portrait", 1)


def test_the_last_sheet_explains_every_quantity_of_the_study() -> None:
    rows = term_rows(known_bundle()).set_index("term")
    assert len(rows) == len({key for key, _ in known_bundle().facts})
    assert rows["meaning"].str.len().gt(20).all()
    assert rows.loc["Share covered", ["assumed", "unit"]].tolist() == ["84.0%", ""]
    assert rows.loc["Outdoor workers", ["assumed", "unit"]].tolist() == ["1,000", "workers"]
    assert rows.loc["One-off cost", "band_of"] == "costs of stations elsewhere"
    assert rows.loc["Newly covered", "assumed"] == "430"
    assert rows.loc["Rise of the share", "assumed"] == "+43.0"


@pytest.mark.parametrize("product", ["html", "docx"])
def test_both_reports_open_with_it(product: str, tmp_path: Path) -> None:
    tables, paragraphs = written(product, known_bundle(), tmp_path)
    page = decision(known_bundle())
    assert tables[0 if product == "html" else 1][0][:3] == ("Figure", "Value", "Range")
    joined = "\n".join(paragraphs)
    assert joined.index(page.asked) < joined.index("Of about 1,000 outdoor workers")
    assert joined.index("Check: coverage is counted again") < joined.index(
        "No plan of 5 sites covers more than"
    )


def test_tables_of_places_name_what_stands_in_them() -> None:
    assert [(c.key, c.kind) for c in GAP_COLUMNS] == [
        ("gap_place", "text"),
        ("district", "text"),
        ("gap_workers", "people"),
    ]
    assert [(c.key, c.kind) for c in HOTSPOT_COLUMNS] == [
        ("gap_place", "text"),
        ("workers", "people"),
        ("area_km2", "decimal"),
        ("peak_period", "text"),
    ]
