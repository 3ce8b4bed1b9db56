"""Report, Word document and figures in a town whose every figure is known: no two are mixed up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import numpy as np
import pytest
from lxml import html

from planner.publish.office import figures
from planner.publish.office.document import write_docx, write_report
from tests.publish.known import known_bundle
from tests.publish.toy import X0, Y0

HEADS = ("Outdoor workers", "Covered today", "Covered after", "Newly covered")
#: First head of a printed table → its rows, as a reader should see them.
EXPECTED: dict[tuple[str, ...], list[tuple[str, ...]]] = {
    ("District", "Outdoor workers", "Open stations", "New sites", "Covered today", "Covered after", "Change (points)",
     "Newly covered", "Covered by two or more"): [
        ("East", "300", "1", "2", "20.0%", "70.0%", "+50.0", "150", "23.0%"),
        ("West", "700", "4", "3", "50.0%", "90.0%", "+40.0", "280", "31.0%"),
        ("Total", "1,000", "5", "5", "41.0%", "84.0%", "+43.0", "430", "28.0%"),
    ],
    ("Group", *HEADS): [
        ("food-delivery riders", "600", "50.0%", "90.0%", "240"), ("couriers", "400", "27.5%", "75.0%", "190"),
    ],
    ("Phase", "New sites", "Newly covered", "Covered after", "Short of the best unphased"): [
        ("2025", "3", "380", "79.0%", "1.5%"), ("2026", "2", "50", "84.0%", "0.2%"),
    ],
    ("New sites", "Covered", "Upper bound"): [
        ("0", "41.0%", "41.0%"), ("3", "79.0%", "80.5%"), ("5", "84.0%", "85.4%"),
    ],
    ("Place", "District", "Workers without a station"): [("SE corner", "East", "90"), ("NW corner", "West", "55")],
}  # fmt: skip
READINGS = [
    ("31.0%", "61.0%"), ("41.0%", "84.0%"), ("47.0%", "88.0%"), ("9.0%", "28.0%"), ("45.0%", "86.0%"), ("7.0%", "17.0%"),
]  # fmt: skip
#: rank, name, district, workers newly covered, in reach, confidence, phase
SITES = [
    ("1", "工商银行石路支行", "West", "170", "210", "93.0%", "2025"), ("2", "湖东便利店", "East", "130", "150", "82.0%", "2025"),
    ("3", "星湖公园", "East", "80", "95", "71.0%", "2025"), ("4", "中石化相门站", "West", "40", "77", "64.0%", "2026"),
    ("5", "白塔社区服务中心", "West", "10", "66", "58.0%", "2026"),
]  # fmt: skip
SITE_HEADS = (
    "Rank",
    "Name",
    "District",
    "Workers newly covered",
    "Workers within ten minutes",
    "Steadiness",
    "Phase",
)
SENTENCES = (
    # 1,000 workers, from 41 to 84 per cent, 5 stations and 5 sites, 430 more
    ("1,000", "41.0%", "84.0%", "430"),
    # 840 of at most 853.6, rounded up; 13.6 missing, rounded up; 3.1628 % of the new ones, rounded up
    ("840", "854", "14", "3.163%"),
)

Tables = list[list[tuple[str, ...]]]


def written(product: str, bundle: Any, folder: Path) -> tuple[Tables, list[str]]:
    """Tables and paragraphs of the page or of the Word document of a bundle."""
    path = folder / f"report.{product}"
    if product == "docx":
        write_docx(bundle, path, {})
        read = docx.Document(str(path))
        tables = [[tuple(c.text for c in row.cells) for row in t.rows] for t in read.tables]
        return tables, [p.text for p in read.paragraphs]
    write_report(bundle, path, {})
    page = html.fromstring(path.read_text("utf-8"))
    texts = [
        [tuple(c.text_content().strip() for c in row.xpath("td|th")) for row in t.xpath(".//tr")]
        for t in page.xpath("//table")
    ]
    return texts, [p.text_content().strip() for p in page.xpath("//p|//li")]


@pytest.fixture(scope="module", params=["html", "docx"])
def told(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, list[str]]:
    """Of the town with known figures."""
    return written(request.param, known_bundle(), tmp_path_factory.mktemp("known"))


def table_with(tables: Tables, heads: tuple[str, ...]) -> Tables:
    """The rows below ``heads``, as many cells as there are heads."""
    found = next(t for t in tables if t[0][: len(heads)] == heads)
    return [row[: len(heads)] for row in found[1:]]


@pytest.mark.parametrize("heads", EXPECTED, ids=lambda heads: heads[0])
def test_each_table_says_what_is_known(told: Any, heads: tuple[str, ...]) -> None:
    assert table_with(told[0], heads) == EXPECTED[heads]


def test_each_reading_and_each_site_says_what_is_known(told: Any) -> None:
    readings = table_with(told[0], ("Reading", "Covered today", "Covered after"))
    assert [row[1:] for row in readings] == READINGS
    sites = next(t for t in told[0] if t[0][0] == "Rank")
    at = [sites[0].index(name) for name in SITE_HEADS]
    assert [tuple(row[i] for i in at) for row in sites[1:]] == SITES


def test_the_sentences_name_the_known_figures(told: Any) -> None:
    for wanted in SENTENCES:
        assert any(all(figure in line for figure in wanted) for line in told[1]), wanted


def test_the_three_large_figures_are_today_the_plan_and_the_difference(tmp_path: Path) -> None:
    write_report(known_bundle(), tmp_path / "a.html", {})
    page = html.fromstring((tmp_path / "a.html").read_text("utf-8"))
    assert [b.text for b in page.xpath("//div[@class='numbers']/div/b")] == ["41.0%", "84.0%", "+43.0"]
    bars = page.xpath("//svg[@class='bar']")
    widths = [[bar.xpath(f"rect[@class='{c}']/@width")[0] for c in ("before", "after")] for bar in bars]
    assert widths == [["20.00", "70.00"], ["50.00", "90.00"]]


# --- figures ---------------------------------------------------------------------------------------------------


def test_the_bars_by_district_are_as_long_as_they_say() -> None:
    axes = figures._districts(known_bundle()).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["West", "East"]  # from below
    assert [t.get_text() for t in axes.texts] == ["50.0%", "90.0%", "20.0%", "70.0%"]
    assert [[bar.get_width() for bar in group] for group in axes.containers] == [[0.5, 0.2], [0.9, 0.7]]


def test_the_curve_ends_at_the_plan() -> None:
    axes = figures._curve(known_bundle()).axes[0]
    assert [t.get_text() for t in axes.texts] == ["5 · 84.0%"]
    bound, plan = axes.lines[:2]
    assert list(zip(plan.get_xdata(), plan.get_ydata(), strict=True)) == [(0, 0.41), (3, 0.79), (5, 0.84)]
    assert list(bound.get_ydata()) == [0.41, 0.805, 0.854]


def test_the_map_colours_what_the_plan_adds_and_what_is_reached_today() -> None:
    figure = figures._circle(known_bundle())
    figure.canvas.draw()
    pixels, axes = np.asarray(figure.canvas.buffer_rgba()), figure.axes[0]

    def colour_at(x: float, y: float) -> str:
        column, row = axes.transData.transform((X0 + x, Y0 + y))
        red, green, blue = pixels[len(pixels) - 1 - round(row), round(column), :3].tolist()
        return f"#{red:02x}{green:02x}{blue:02x}"

    # 250 m from the station at (300, 300); 180 m from the site at (3100, 900), no open station within 667 m
    assert colour_at(300, 50) == "#8fb0c6"
    assert colour_at(3250, 1000) == "#ef9a4d"
