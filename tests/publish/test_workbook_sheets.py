"""The workbook as it is filed: a table a sheet, group gains, nearest station, costs, totals, paper, and what is made up."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from planner.publish.office.csvfile import write_csv
from planner.publish.office.figures import write_figures
from planner.workbook.whole import write_workbook
from tests.publish.known import GAINED, known_bundle

RIDERS = [100.0, 60.0, 40.0, 30.0, 10.0]  # 240 of the 430; the other 190 are couriers


def described(language: str = "en", **changes: Any) -> Any:
    """The known town whose sites say where they are and whom they serve."""
    bundle = known_bundle(language, **changes)
    by_rank = {
        "place": ["North", "", "South", "South", "East"], "street": ["Long Street", "", "", "Short Street", ""],
        "nearest_station": ["石路驿站", "湖东社区服务点", "湖东社区服务点", "相门驿站", ""],
        "nearest_station_id": ["S001", "S005", "S005", "S004", ""],
        "gained__rider": RIDERS, "gained__courier": [g - r for g, r in zip(GAINED, RIDERS, strict=True)],
    }  # fmt: skip
    at = (bundle.chosen["rank"] - 1).tolist()
    told = {key: [values[i] for i in at] for key, values in by_rank.items()}
    return dataclasses.replace(bundle, chosen=bundle.chosen.assign(**told))


def written(bundle: Any, folder: Path) -> Any:
    write_workbook(bundle, folder / "a.xlsx")
    return openpyxl.load_workbook(folder / "a.xlsx")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return written(described(), tmp_path_factory.mktemp("book"))


def rows_of(sheet: Any) -> list[dict[str, Any]]:
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_site_says_where_it_is_whom_it_serves_and_which_station_is_nearest(book: Any) -> None:
    first, *_, last, total = rows_of(book["Sites"])
    wanted = {
        "Town or quarter": "North", "Address (nearest street)": "Long Street", "Workers newly covered": 170,
        "of them food-delivery riders": 100, "of them couriers": 70, "Nearest existing station": "石路驿站",
        "Nearest existing station ID": "S001", "Cost (CNY)": 8100,
    }  # fmt: skip
    assert {key: first[key] for key in wanted} == wanted
    assert first["Cost per worker newly covered (CNY)"] == pytest.approx(8100 / 170, abs=1e-5)
    assert last["Cost per worker newly covered (CNY)"] == 850
    assert (last["Nearest existing station"], last["Address (nearest street)"]) == (None, None)
    assert {key: value for key, value in total.items() if value is not None} == {
        "Rank": "Total", "Workers newly covered": 430, "of them food-delivery riders": 240, "of them couriers": 190,
        "Cost (CNY)": 41_500, "Cost per worker newly covered (CNY)": 97,
    }  # fmt: skip


def test_costs_by_kind_of_host_add_up_to_the_total(book: Any) -> None:
    *rows, total = rows_of(book["Costs"])
    assert [(r["Host venue"], r["New sites"], r["Cost (CNY)"], r["Workers newly covered"]) for r in rows] == [
        ("community centre", 1, 8500, 10), ("fuel station", 1, 8400, 40), ("park", 1, 8300, 80),
        ("convenience store", 1, 8200, 130), ("bank branch", 1, 8100, 170),
    ]  # fmt: skip
    assert [r["Cost per worker newly covered (CNY)"] for r in rows] == [850, 210, 104, 63, 48]
    for key in ("New sites", "Cost (CNY)", "Cost, low (CNY)", "Cost, high (CNY)", "Workers newly covered"):
        assert sum(r[key] for r in rows) == pytest.approx(total[key], abs=2), key
    assert total["Cost per worker newly covered (CNY)"] == 97


def test_the_gain_of_sites_is_not_what_is_newly_covered_where_a_station_closes(tmp_path: Path) -> None:
    bundle = described(closed=("S002",))
    *_, total = rows_of(written(bundle, tmp_path)["Sites"])
    assert total["Workers newly covered"] == 430
    assert total["of them couriers"] is None
    assert bundle.facts.shown("yuan_per_worker") == 97


def test_a_kind_that_brings_nobody_has_no_price_per_worker(tmp_path: Path) -> None:
    bundle = described()
    gained = bundle.chosen["workers_gained"].where(bundle.chosen["rank"] < 5, 0.2)
    book = written(dataclasses.replace(bundle, chosen=bundle.chosen.assign(workers_gained=gained)), tmp_path)
    last = rows_of(book["Sites"])[4]
    assert last["Cost per worker newly covered (CNY)"] is None
    kind = next(r for r in rows_of(book["Costs"]) if r["Host venue"] == "community centre")
    assert (kind["Workers newly covered"], kind["Cost per worker newly covered (CNY)"]) == (0, None)


@pytest.mark.parametrize("sheet", ["Sites", "Coverage", "Costs", "Curve", "Sensitivity", "Replacements", "Assumptions",
                                   "Data checks", "Inputs", "Definitions"])  # fmt: skip
def test_a_list_keeps_its_heads_in_sight_and_on_every_page_and_can_be_filtered(book: Any, sheet: str) -> None:
    made = book[sheet]
    top = int(made.auto_filter.ref.partition(":")[0][1:])
    heads = [cell for cell in made[top] if cell.value is not None]
    assert len(heads) > 2
    assert all(cell.font.b for cell in heads)
    assert made.freeze_panes[1:] == str(top + 1)
    assert made.print_title_rows == f"${top}:${top}"


def test_the_curve_is_drawn_from_its_own_cells(book: Any) -> None:
    (chart,) = book["Curve"]._charts
    assert [s.yVal.numRef.f for s in chart.series] == ["'Curve'!$B$2:$B$4", "'Curve'!$C$2:$C$4"]
    assert {s.xVal.numRef.f for s in chart.series} == {"'Curve'!$A$2:$A$4"}


def test_no_sheet_is_shrunk_below_two_thirds_to_fit_its_paper(book: Any) -> None:
    across = {9: 150, 8: 215}  # characters of 10 points on A4 and A3, lying
    for sheet in book.worksheets[1:]:
        area = str(sheet.print_area or sheet.dimensions).rpartition("!")[2].replace("$", "")
        last = openpyxl.utils.cell.range_boundaries(area)[2]
        letters = map(openpyxl.utils.get_column_letter, range(1, last + 1))
        width = sum(sheet.column_dimensions[letter].width for letter in letters)
        assert width <= 1.5 * across[sheet.page_setup.paperSize] * sheet.page_setup.fitToWidth, sheet.title
        assert sheet.page_setup.fitToHeight == 0
    sites = book["Sites"]
    assert (sites.page_setup.paperSize, sites.page_setup.fitToWidth) == (8, 2)
    assert sites.print_title_cols == "$A:$C"


def test_what_is_made_up_is_said_on_every_sheet_in_the_csv_and_on_figures(tmp_path: Path) -> None:
    bundle = described()
    study = bundle.settings.study.model_copy(update={"synthetic": False})
    real = dataclasses.replace(bundle, settings=bundle.settings.model_copy(update={"study": study}))
    pictures = []
    for one, known in ((bundle, True), (real, False)):
        folder = tmp_path / str(known)
        folder.mkdir()
        book = written(one, folder)
        assert {"synthetic data" in (s.oddFooter.left.text or "") for s in book} == {known}
        write_csv(one, folder / "a.csv")
        with (folder / "a.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row.get("Data") for row in rows} == ({"contains synthetic data"} if known else {None})
        pictures.append(write_figures(one, folder / "figures")["districts"].read_bytes())
    assert pictures[0] != pictures[1]
