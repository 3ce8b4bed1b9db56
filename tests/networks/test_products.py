"""Networks in products: the command, workbook, layers, map and run.json, in both languages, and only where asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest

import planner
from planner import cli
from planner.publish.office.sheets import new_book
from planner.telling.words.phrases import phrase
from planner.workbook.networks import sheet_name
from tests.facts.referee import judge
from tests.networks.test_town import HOSTS, own, places
from tests.study.town import Place, street_town

HOSTILE = '=HYPERLINK("x")<script>alert(1)</script>{{7*7}}'


def written(folder: Path, *, language: str, in_run: bool = False) -> Path:
    rooms = [Place("r1", 600.0), Place("r2", 600.0), Place("r3", 3200.0)]
    text = (
        f"[union]\nbudget_yuan = 30000\nin_run = {str(in_run).lower()}\n"
         '[[networks]]\nuse = "stations"\n'
        + own("a", 'host_kinds = ["mall"]\nwanted = 2\nshares_budget = true\n' + places(folder, "a", Place(HOSTILE, 2000.0)))
        + own("b", 'host_kinds = ["bank"]\nwanted = 1\nshares_budget = true\n')
        + own("c", 'only_on = "a"\nwanted = 1\n')
        + own("rooms", "review = true\n" + places(folder, "rooms", *rooms))
        + own("posts", "directory = true\npartner = true\n" + places(folder, "posts", Place("p1", 1030.0)))
    )  # fmt: skip
    path = street_town(folder, stations=[Place("s", 1000.0)], hosts=HOSTS, extra=text)
    path.write_text(path.read_text("utf-8").replace('language = "en"', f'language = "{language}"'), "utf-8")
    return path


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "study"
    made.mkdir()
    return made


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["planner", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {s.title: [tuple(r) for r in s.iter_rows(values_only=True)] for s in openpyxl.load_workbook(path)}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_writes_a_sheet_and_layers_per_network_and_says_what_they_come_to(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str
) -> None:  # fmt: skip
    study, out = written(folder, language=language), tmp_path / "out"
    assert command(monkeypatch, "networks", study, "--out", out, "--no-map") == 0
    said = capsys.readouterr().out
    assert sorted(p.name for p in out.iterdir()) == [
        "checks.html", "networks.gpkg", "networks.json", "networks.xlsx",
    ]  # fmt: skip
    book = sheets(out / "networks.xlsx")
    titles = (
        ["a号", "b号", "c号", "rooms号", "posts号"] if language == "zh" else ["a", "b", "c", "rooms", "posts"]
    )
    stations = "户外劳动者服务站点" if language == "zh" else "Outdoor workers' stations"
    assert list(book) == [
        phrase("sheet_union", language),
        stations,
        *titles,
        phrase("sheet_assumptions", language),
    ]
    made = json.loads((out / "networks.json").read_text("utf-8"))
    run = {n["network"]: n for n in made["networks"]["networks"]}
    opened = planner.open_study(study)
    plan = opened.plan_networks()
    assert run["a"]["chosen"] == plan.plans["a"].chosen["place_id"].tolist()
    assert run["rooms"]["redundant"] == 2
    assert run["rooms"]["may_close"] == 1
    assert made["networks"]["circle"]["after"]["share"] == round(opened.circle(planned=True).share, 3)
    assert made["networks"]["budget"]["worth"] >= made["networks"]["budget"]["worth_apart"]
    overview = book[phrase("sheet_union", language)]
    head = next(k for k, row in enumerate(overview) if row[0] == phrase("col_union_network", language))
    rows = {row[0]: row for row in overview[head + 1 : head + 7]}
    for one, title in zip(("a", "b", "c", "rooms", "posts"), titles, strict=True):
        assert rows[title][11] == run[one]["share_after"]
    layers = {str(name) for name, _ in pyogrio.list_layers(out / "networks.gpkg")}
    assert layers == {"net_a", "net_a_new", "net_b_new", "net_c_new", "net_rooms", "net_posts"} - (
        {"net_a_new"} if not run["a"]["chosen"] else set()
    ) - ({"net_b_new"} if not run["b"]["chosen"] else set())  # fmt: skip
    for title in (stations, *titles):
        assert title in said
    assert phrase("say_union_gap", language) in said


def test_texts_of_files_stay_texts_in_the_workbook(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    command(monkeypatch, "networks", written(folder, language="en"), "--out", out, "--no-map")
    sheet = openpyxl.load_workbook(out / "networks.xlsx")["a"]
    cells = [c for row in sheet.iter_rows() for c in row if c.value == HOSTILE]
    assert cells
    assert {c.data_type for c in cells} == {"s"}


def test_a_run_that_is_asked_shows_them_in_every_product_and_else_in_none(
    folder: Path, tmp_path: Path
) -> None:
    shown = planner.open_study(written(folder, language="en", in_run=True)).run(tmp_path / "with")
    assert {n["network"] for n in shown["networks"]["networks"]} == {
        "stations",
        "a",
        "b",
        "c",
        "rooms",
        "posts",
    }
    assert {"network_a", "network_rooms"} <= {i["name"] for i in shown["inputs"]}
    assert phrase("sheet_union", "en") in sheets(tmp_path / "with" / "recommendations.xlsx")
    assert "list of a" in {r[0] for r in sheets(tmp_path / "with" / "recommendations.xlsx")["Inputs"]}
    layers = {str(name) for name, _ in pyogrio.list_layers(tmp_path / "with" / "plan.gpkg")}
    assert {"net_a", "net_rooms", "net_posts"} <= layers
    assert any(f["id"] == "network_circle" for f in shown["facts"])
    study = planner.open_study(written(folder, language="en", in_run=True))
    names = {g.label("en"): g.name for g in study.settings.headline_groups}
    assert judge(tmp_path / "with", names=names) == []
    assert HOSTILE not in (tmp_path / "with" / "map.html").read_text("utf-8")
    without = planner.open_study(written(folder, language="en")).run(tmp_path / "without")
    assert without["networks"] is None
    assert not any(f["id"].startswith("network_") for f in without["facts"])
    assert phrase("sheet_union", "en") not in sheets(tmp_path / "without" / "recommendations.xlsx")
    assert without["coverage"] == shown["coverage"]


def test_the_map_has_a_group_per_network_and_the_command_writes_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.publish.page.data import page_content
    from planner.publish.page.pack import Island
    from planner.study.gather import make_bundle

    study = written(folder, language="en")
    assert command(monkeypatch, "networks", study, "--out", tmp_path / "out") == 0
    assert (tmp_path / "out" / "map.html").is_file()
    opened = planner.open_study(study)
    bundle = make_bundle(opened.stages, networks=True)
    extras = {e["key"]: e for e in page_content(bundle, Island())["extras"]}
    assert extras["net_rooms"]["label"] == "rooms (today)"
    verdicts = next(f for f in extras["net_rooms"]["fields"] if f["label"] == phrase("col_verdict", "en"))
    assert verdicts["values"] == ["redundant", "redundant", "alone"]


def test_what_is_refused_leaves_nothing_but_the_checks(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = written(folder, language="zh")
    study.write_text(
        study.read_text("utf-8").replace("wanted = 1\nshares_budget = true", "wanted = 99"), "utf-8"
    )
    assert command(monkeypatch, "networks", study, "--out", tmp_path / "out") == 1
    assert "UNI-015" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["checks.html"]


def test_sheets_have_names_that_excel_takes() -> None:
    book = new_book()
    for title in ("a" * 40, "a" * 40, "[x]:*?/\\", "'q'", ""):
        book.create_sheet(sheet_name(book, title))
    assert book.sheetnames == ["a" * 31, "a" * 27 + " (2)", "x", "q", "network"]
