"""One town, run once in Chinese and once in English: each product speaks one language and says what became of the rows."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest

from planner.publish.office import drawing
from planner.settings.groups import Group
from planner.settings.reading import read_settings
from planner.settings.whole import Settings
from planner.study.study import Study
from planner.study.terminal import summary
from tests.study.settings_walk import patterns
from tests.study.town import Place, at, street_town

NAMES = {
    "zh": {
        "stations": ("石路站", "湖东站", "北园站", "南门站", "新街站", "塔园站", "枫桥站", "平江站"), "hosts": ("甲行", "乙社区", "丙公园"), "districts": ("东区", "西区"),
        "more": ("无坐标站", "停用站", "远处站"), "title": "小城站点规划",
    },
    "en": {
        "stations": ("Stone Road", "Lakeside", "North Park", "South Gate", "New Street", "Pagoda", "Maple", "River"), "hosts": ("First Bank", "Hall", "Green"),
        "districts": ("East", "West"), "more": ("Nowhere", "Closed", "Far away"), "title": "Stations for a small town",
    },
}  # fmt: skip
SITING = """p = 2
scenarios = 4
host_kinds = ["bank", "community", "park", "port"]
batches = [{ name = "2025", count = 1 }, { name = "2026", count = 1 }]
"""
#: ASCII words of a Chinese product that are no English: names and terms that have no other form.
TERMS = {
    "OpenStreetMap", "QuestMobile", "contributors", "ODbL", "GeoNames", "CC", "BY", "WGS", "GCJ", "BD", "GPS", "SHA", "GB", "Church",
    "ReVelle", "false", "planner", "CSV", "wgs", "gcj", "bd", "pip", "install", "pylopdf-fonts-zh-cn", "fonts-noto-cjk",
}  # fmt: skip
#: The two words that English products keep in Chinese: who may see a map, and the number that the law asks for.
KEPT = ("内部使用", "审图号")


def town(folder: Path, language: str) -> Path:
    """Twelve rows of stations: eight open, one of these twice, one without coordinates, one closed, one far away."""
    names = NAMES[language]
    path = street_town(
        folder, siting=SITING,
        stations=[Place(n, x, "08:00-20:00") for n, x in zip(names["stations"], (60, 130, 210, 290, 370, 450, 530, 3800), strict=True)],
        hosts=[Place(n, x, "08:00-20:00", k) for n, x, k in
               zip(names["hosts"], (1700, 2300, 2900), ("bank", "community", "park"), strict=True)],
        districts={names["districts"][0]: (0.0, 2000.0, 9000.0), names["districts"][1]: (2000.0, 4000.0, 7000.0)},
    )  # fmt: skip
    rows = (folder / "stations.csv").read_text("utf-8").splitlines()
    heads, words = rows[0], ("正常", "停用")
    if language == "en":
        rows = [row.replace("正常", "open") for row in rows]
        rows[0], words = "station_id,name,lng,lat,open_hours,status", ("open", "suspended")
    assert heads == "编号,站点名称,经度,纬度,开放时间,状态"
    nowhere, closed, far = names["more"]
    ends = {x: "{},{}".format(*at(x)) for x in (3000, 9000)}
    rows += [
        rows[1], f"{nowhere},{nowhere},,,08:00-20:00,{words[0]}", f"{closed},{closed},{ends[3000]},08:00-20:00,{words[1]}",
        f"{far},{far},{ends[9000]},08:00-20:00,{words[0]}",
    ]  # fmt: skip
    (folder / "stations.csv").write_text("\n".join(rows) + "\n", "utf-8")
    text = path.read_text("utf-8").replace(
        'language = "en"', f'language = "{language}"\ntitle_{language} = "{names["title"]}"'
    )
    text = text.replace(
        'name = "sweeper"\n', 'name = "sweeper"\nname_zh = "保洁员"\nname_en = "sweepers"\n', 1
    )
    text = text.replace('path = "stations.csv"\n', 'path = "stations.csv"\nmax_missing_share = 0.5\n')
    text = text.replace("alternatives = 0", "alternatives = 2").replace(
        "replacements = 0", "replacements = 2"
    )
    text = text.replace("sensitivity = false", "sensitivity = true").replace(
        "curve = []", "curve = [1, 2, 3]"
    )
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module", params=["zh", "en"])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp(request.param)
    study = Study(read_settings(town(folder / "in", request.param)), cache=folder / "cache")
    return request.param, folder / "out", study.run(folder / "out")


def cells(path: Path) -> Iterator[tuple[str, str]]:
    """(sheet, text) of every text cell."""
    for sheet in openpyxl.load_workbook(path).worksheets:
        yield sheet.title, sheet.title
        for row in sheet.iter_rows(values_only=True):
            yield from ((sheet.title, value) for value in row if isinstance(value, str))


def texts(out: Path) -> dict[str, list[str]]:
    """What a reader sees of each product, piece by piece; the columns of keys and sums of files left out."""
    page = re.sub(
        r"<style>.*?</style>|<svg.*?</svg>|<img[^>]*>",
        "",
        (out / "report.html").read_text("utf-8"),
        flags=re.DOTALL,
    )
    checks = re.sub(r"<style>.*?</style>", "", (out / "checks.html").read_text("utf-8"), flags=re.DOTALL)
    word = docx.Document(str(out / "report.docx"))
    return {
        "workbook": [text for _, text in cells(out / "recommendations.xlsx")],
        "report.html": [html.unescape(t) for t in re.findall(r">([^<>]+)<", page)],
        "checks.html": [html.unescape(t) for t in re.findall(r">([^<>]+)<", checks)],
        "report.docx": [p.text for p in word.paragraphs]
        + [c.text for table in word.tables for row in table.rows for c in row.cells],
    }


@functools.cache
def keys_of_the_study_file() -> set[str]:
    paths = {path for path, _ in patterns()} | {f"groups.{name}" for name in Group.model_fields}
    return {part.strip("[]{}") for path in paths for part in path.split(".")} | set(Settings.model_fields)


def english_words(text: str) -> list[str]:
    """Words in Latin letters but file names, codes of findings, ids, hashes, keys of the study file and terms."""
    plain = re.sub(
        r"[\w-]+\.(csv|xlsx|geojson|toml|html)\b|\b[A-Z]{2,4}-\d{3}\b|\b[0-9a-f]{16,64}\b|EPSG:\d+", " ", text
    )
    plain = re.sub(r"\b[a-z_]+(\.[a-z_0-9]+)+", " ", plain)  # siting.p
    words = re.findall(r"[A-Za-z][A-Za-z_-]*", plain)
    allowed = TERMS | keys_of_the_study_file()
    return [w for w in words if w.strip("-") not in allowed and len(w) > 1]


def test_each_product_speaks_the_studys_language_alone(made) -> None:
    language, out, _ = made
    strange: dict[str, set[str]] = {}
    for product, pieces in texts(out).items():
        assert len(pieces) > 10 or product == "checks.html"
        for piece in pieces:
            if language == "zh":
                words = english_words(piece)
            else:
                for kept in KEPT:
                    piece = piece.replace(kept, "")
                words = re.findall(r"[\u3400-\u9fff]+", piece)
            if words:
                strange.setdefault(product, set()).add(f"{'/'.join(words)}: {piece[:80]}")
    assert not strange, "\n".join(f"{p}: {t}" for p, told in strange.items() for t in sorted(told))


def test_the_rows_of_the_station_list_are_told_up_to_the_open_stations(made) -> None:
    language, out, run = made
    stations = run["stations"]
    assert {k: stations[k] for k in ("listed", "repeated", "unplaced", "away", "read", "existing")} == {
        "listed": 12, "repeated": 1, "unplaced": 1, "away": 1, "read": 9, "existing": 8,
    }  # fmt: skip
    told = {
        "zh": "共 12 行，合并重复登记的 1 行后为 11 个站点；其中 1 个没有可用坐标、1 个位于水域中或研究范围外，未采用；"
        "采用的 9 个中 1 个未开放，现有开放站点 8 个。",
        "en": "12 rows: 11 stations once 1 repeated rows are merged. 1 without coordinates that can be used and 1 in water or "
        "outside the study area are left out; of the 9 taken, 1 are not open, so 8 stations are open today.",
    }[language]
    read = texts(out)
    for product in ("workbook", "report.html", "report.docx"):
        assert sum(told in piece for piece in read[product]) == 1, product


def test_costs_are_listed_and_summed_by_kind_of_host(made) -> None:
    language, out, _ = made
    sheet = {"zh": "参数与假设", "en": "Assumptions"}[language]
    rows = [r for r in openpyxl.load_workbook(out / "recommendations.xlsx")[sheet].iter_rows(values_only=True)
            if str(r[8]).startswith("siting.cost_yuan.") or r[8] == "siting.default_cost_yuan"]  # fmt: skip
    # the kinds there are: bank, community, park; a port would cost the default
    assert [(r[8].rpartition(".")[2], r[2], r[4], r[5]) for r in rows] == [
        ("bank", 7200, 6250, 9874), ("community", 7200, 6250, 9874), ("park", 17666, 9874, 26700),
        ("default_cost_yuan", 8000, 6250, 26700),
    ]  # fmt: skip
    assert all(r[6] and r[7] for r in rows), "each has its source and how far it can be trusted"
    table = {"bank": (7200, 6250, 9874), "community": (7200, 6250, 9874), "park": (17666, 9874, 26700)}
    kinds = {"银行网点": "bank", "社区服务中心": "community", "公园": "park",
             "bank branch": "bank", "community centre": "community", "park": "park"}  # fmt: skip
    sites = list(
        openpyxl.load_workbook(out / "recommendations.xlsx").worksheets[1].iter_rows(values_only=True)
    )
    head, *rows, whole = sites
    kind, cost = (
        next(i for i, h in enumerate(head) if h in names)
        for names in (("依托场所", "Host venue"), ("投入估算（元）", "Cost (CNY)"))
    )
    chosen = [table[kinds[r[kind]]] for r in rows]
    assert [r[cost] for r in rows] == [c[0] for c in chosen]
    assert whole[cost] == sum(c[0] for c in chosen)
    total, low, high = (f"{sum(values):,}" for values in zip(*chosen, strict=True))
    told = {
        "zh": f"按依托场所类型估算，建设投入合计约 {total} 元（区间 {low}–{high} 元）。",
        "en": f"Estimated by kind of host, the new sites cost about CNY {total} in all (band {low}–{high}).",
    }[language]
    assert told in texts(out)["report.html"]
    assert told in texts(out)["report.docx"]


def test_without_any_chinese_font_every_product_says_that_there_are_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "chinese_font", lambda: None)
    out = tmp_path / "out"
    run = Study(read_settings(town(tmp_path / "in", "zh")), cache=tmp_path / "cache").run(out)
    assert not list(out.rglob("*.png"))
    why = run["absent"]["figures"]
    assert "没有找到中文字体" in why
    assert json.loads((out / "run.json").read_text("utf-8")) == run
    assert why in summary(run, out, "zh")
    read = texts(out)
    assert any(why in piece for piece in read["checks.html"])
    assert any(why in piece for piece in read["workbook"])
    for product in ("report.html", "report.docx"):
        assert sum("没有找到中文字体" in piece for piece in read[product]) >= 2, (
            "where they would stand, and as a finding"
        )
    assert sum("OUT-003" in piece for piece in read["workbook"]) == 1


def test_with_the_font_of_the_package_nothing_is_absent_for_want_of_a_font(made) -> None:
    _, out, run = made
    assert "figures" not in run["absent"]
    assert {p.stem for p in (out / "figures").iterdir()} == {"circle", "density", "districts", "curve"}
    assert not any("OUT-003" in piece for pieces in texts(out).values() for piece in pieces)
