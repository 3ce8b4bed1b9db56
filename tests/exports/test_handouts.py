"""The districts' hand-outs: their sums, their words, what they hold of each district, hostile names."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import numpy as np
import openpyxl
import pytest
from PIL import Image

from planner.exports.handouts.contents import handout, station_columns, summary
from planner.exports.handouts.write import file_stem, write_handouts
from planner.publish.safe import safe_name
from tests.publish.hostile import HOSTILE, WORST, hostile_bundle
from tests.publish.toy import toy_bundle

#: Quantities whose districts add up to the whole, by the heads of the summary.
SUMS = {
    "zh": ("户外劳动者", "现有开放站点", "新增站点", "覆盖人数（现状）", "覆盖人数（建成后）", "新增覆盖人数", "投入估算（元）", "空白区", "空白区人数"),
    "en": ("Outdoor workers", "Open stations", "New sites", "Workers covered today", "Workers covered with the new sites", "Newly covered",
           "Cost (CNY)", "Gap areas", "Workers in gap areas"),
}  # fmt: skip


def odd_bundle(language: str) -> Any:
    """The toy town with figures that no rounding leaves whole: a third of a worker more in every cell, gaps in both districts."""
    b = toy_bundle(language)
    gaps = b.gaps.iloc[[0, 0, 0]].assign(
        district=["east", "west", "west"], workers=[9.4, 3.3, 2.4], name=["甲", "乙", "丙"]
    )
    chosen = b.chosen.assign(cost_yuan=[8000.4, 8000.4, 8000.4, 8000.4, 8000.4])
    parts = {}
    for name in ("before", "after"):
        c = getattr(b, name)
        by = {k: getattr(c, k).assign(workers=getattr(c, k)["workers"] + 0.4, covered=getattr(c, k)["covered"] + 0.4)
              for k in ("by_district", "by_group", "by_period")}  # fmt: skip
        parts[name] = dataclasses.replace(
            c, workers=c.workers + 0.8, covered=c.covered + 0.8, by_district=by["by_district"]
        )
    return dataclasses.replace(b, gaps=gaps.reset_index(drop=True), chosen=chosen, **parts)


def text_of(path: Path) -> str:
    """Every text of a document, paragraphs and tables."""
    document = docx.Document(str(path))
    cells = [c.text for t in document.tables for r in t.rows for c in r.cells]
    return "\n".join([p.text for p in document.paragraphs] + cells)


def table_of(path: Path, n: int) -> list[list[str]]:
    return [[c.text for c in row.cells] for row in docx.Document(str(path)).tables[n].rows]


def sheet_rows(path: Path, n: int) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path).worksheets[n].iter_rows(values_only=True))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_districts_add_up_to_the_whole_as_printed(language: str, tmp_path: Path) -> None:
    bundle = odd_bundle(language)
    files = write_handouts(bundle, tmp_path)
    rows = sheet_rows(files[-1], 0)
    head = next(i for i, r in enumerate(rows) if r[1] == SUMS[language][0])
    heads, districts, total = rows[head], rows[head + 1 : head + 3], rows[head + 3]
    assert total[0] == {"zh": "合计", "en": "Total"}[language]
    for name in SUMS[language]:
        at = heads.index(name)
        assert sum(d[at] for d in districts) == total[at], name
    facts = bundle.facts
    assert total[heads.index(SUMS[language][0])] == facts.shown("workers", plan="")
    assert total[heads.index(SUMS[language][6])] == facts.shown("cost_yuan") == 40_002
    assert total[heads.index(SUMS[language][8])] == facts.shown("gap_workers") == 15
    for district, key in zip(districts, ("west", "east"), strict=True):
        assert district[heads.index(SUMS[language][4])] == facts.shown("covered", district=key)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_hand_out_prints_the_registers_figures(language: str, tmp_path: Path) -> None:
    bundle = toy_bundle(language)
    write_handouts(bundle, tmp_path)
    names = {"zh": ("西区", "东区"), "en": ("West", "East")}[language]
    for n, (name, key) in enumerate(zip(names, ("west", "east"), strict=True), start=1):
        document, book = tmp_path / f"{n:02d}_{name}.docx", tmp_path / f"{n:02d}_{name}.xlsx"
        printed = {row[0]: row[1:] for row in table_of(document, 0)}
        share = bundle.facts.shown("share", district=key)
        label = {"zh": "建成后覆盖率", "en": "Covered after"}[language]
        assert printed[label][0] == f"{100 * share:.1f}%"
        assert printed[label][2] == f"{100 * bundle.facts.shown('share'):.1f}%"
        cells = {r[0]: r[1:4] for r in sheet_rows(book, 0) if r[0]}
        assert cells[label][0] == share
        assert f"{100 * share:.1f}%" in text_of(document)
        assert name in text_of(document)
        sites = bundle.chosen[bundle.chosen["district"] == key]
        listed = [r for r in sheet_rows(book, 1) if isinstance(r[0], int)]
        assert [r[0] for r in listed] == sorted(sites["rank"])
        assert [r[1] for r in listed] == list(sites.sort_values("rank")["site_id"])
        stations = bundle.stations[bundle.stations["district"] == key]
        assert [r[0] for r in sheet_rows(book, 3) if str(r[0]).startswith("S0")] == list(
            stations["station_id"]
        )


def test_made_up_data_is_said_first_on_every_sheet_and_in_the_document(tmp_path: Path) -> None:
    bundle = toy_bundle("en")
    write_handouts(bundle, tmp_path)
    note = "This study contains synthetic data"
    for path in tmp_path.iterdir():
        if path.suffix == ".docx":
            assert note in "\n".join(p.text for p in docx.Document(str(path)).paragraphs[:5])
        else:
            for sheet in openpyxl.load_workbook(path):
                assert str(sheet["A1"].value).startswith(note), sheet.title
    study = bundle.settings.study.model_copy(update={"synthetic": False})
    real = dataclasses.replace(bundle, settings=bundle.settings.model_copy(update={"study": study}))
    write_handouts(real, tmp_path / "real")
    assert "synthetic" not in text_of(tmp_path / "real" / "01_West.docx")


def test_a_district_without_sites_or_gaps_says_so(tmp_path: Path) -> None:
    bundle = toy_bundle("en")
    west = bundle.chosen[bundle.chosen["district"] == "west"].assign(rank=[1, 2, 3])
    write_handouts(dataclasses.replace(bundle, chosen=west), tmp_path)
    east = text_of(tmp_path / "02_East.docx")
    assert "puts no new site here" in east
    assert "The plan puts no new site in this district." in east
    assert "No gap area large enough" in text_of(tmp_path / "01_West.docx")
    assert "东南角" in east


def test_stations_that_close_are_named(tmp_path: Path) -> None:
    bundle = dataclasses.replace(toy_bundle("zh"), closed=("S002",))
    write_handouts(bundle, tmp_path)
    assert "本方案拟撤并的站点：观前街服务点。" in text_of(tmp_path / "01_西区.docx")
    assert "拟撤并的站点" not in text_of(tmp_path / "02_东区.docx")
    states = {r[0]: r[2] for r in sheet_rows(tmp_path / "01_西区.xlsx", 3)}
    assert (states["S001"], states["S002"]) == ("现有站点", "拟撤并站点")


def test_the_map_shows_the_district_and_its_sites(tmp_path: Path) -> None:
    """Red dots of the sites; violet hatching only where a gap remains; no two districts the same."""
    write_handouts(toy_bundle("zh"), tmp_path)
    pictures = []
    for name in ("01_西区", "02_东区"):
        with zipfile.ZipFile(tmp_path / f"{name}.docx") as file:
            (picture,) = [n for n in file.namelist() if n.startswith("word/media/")]
            pictures.append(np.asarray(Image.open(io.BytesIO(file.read(picture))).convert("RGB")).astype(int))

    def pixels(image: Any, colour: tuple[int, int, int], top: float = 0.9) -> int:
        part = image[: int(top * len(image))]
        return int((np.abs(part - np.array(colour)).sum(axis=2) < 30).sum())

    west, east = pictures
    assert min(pixels(west, (0xB8, 0x34, 0x1F)), pixels(east, (0xB8, 0x34, 0x1F))) > 100
    assert pixels(west, (0xEF, 0x9A, 0x4D)) > 10_000
    assert pixels(west, (0x78, 0x3C, 0x82)) == 0 < pixels(east, (0x78, 0x3C, 0x82))


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_handouts(toy_bundle("zh"), tmp_path / folder)
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == sorted(p.name for p in (tmp_path / "b").iterdir())
    assert len(names) == 5
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@pytest.mark.parametrize(
    "name",
    [
        *HOSTILE,
        "../../etc/passwd",
        "CON",
        "NUL.",
        "a" * 300,
        "",
        " . ",
        "姑苏区（平江）",
        "工业园区 / SIP",
        "\u202eevil",
    ],
)
def test_a_districts_name_is_never_a_path(name: str) -> None:
    stem = file_stem(7, name)
    assert safe_name(stem) == stem
    assert stem.startswith("07")
    assert "/" not in stem
    assert len(stem) <= 43


def test_names_that_differ_only_for_people_do_not_collide() -> None:
    assert len({file_stem(n, "a/b") for n in range(1, 12)}) == 11
    assert file_stem(3, "姑苏区") == "03_姑苏区"


@pytest.mark.parametrize("title", WORST)
def test_hostile_text_stays_text(title: str, tmp_path: Path) -> None:
    bad = hostile_bundle(title)
    files = write_handouts(bad, tmp_path / "out")
    assert {p.parent for p in files} == {tmp_path / "out"}
    assert {p.name for p in tmp_path.iterdir()} == {"out"}
    for path in files:
        if path.suffix == ".xlsx":
            for sheet in openpyxl.load_workbook(path):
                for row in sheet.iter_rows():
                    assert not [c.value for c in row if c.data_type == "f"]
        else:
            text_of(path)  # well-formed


def test_the_summary_has_a_row_for_each_district() -> None:
    bundle = toy_bundle("en")
    made = [handout(bundle, key) for key in ("west", "east")]
    table, total = summary(made, "en")
    assert list(table["name"]) == ["West", "East"]
    assert table["figure_0"].sum() == total["figure_0"] == 500


def test_shifted_columns_stand_only_where_maps_are_shifted() -> None:
    table = handout(toy_bundle("en"), "west").stations
    shifted = ["lng_gcj02", "lat_gcj02", "lng_bd09", "lat_bd09"]
    assert set(shifted) < {c.key for c in station_columns(table)}
    elsewhere = {c.key for c in station_columns(table.assign(**dict.fromkeys(shifted, np.nan)))}
    assert not set(shifted) & elsewhere
    assert {"lng_wgs84", "lat_wgs84"} < elsewhere
