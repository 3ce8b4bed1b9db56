"""What the union's networks assume, on the sheet of assumptions and in the report, with bands and sources in both languages."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

import planner
from planner.settings.networks import ready_networks
from planner.settings.reading import parse_settings
from planner.telling.contents.assumptions import assumptions, network_rows
from planner.telling.words.phrases import translated
from tests.networks.test_products import HOSTILE, written

HEAD = '[study]\nname = "x"\nlanguage = "{language}"\n[inputs.streets]\npath = "s.osm"\n'


def rows(language: str, text: str) -> dict[str, tuple[object, ...]]:
    settings = parse_settings(HEAD.format(language=language) + text)
    return {a.key: (a.assumed, a.unit, a.low, a.high, a.basis, a.trust) for a in network_rows(settings)}


def test_a_ready_entry_tells_its_rates_costs_and_bands_with_their_source() -> None:
    found = rows("en", '[[networks]]\nuse = "mothers"\n')
    rate = found["networks.mothers.people.per_1000_residents"]
    assert rate[:4] == (6.7, "per 1,000 residents", 3.35, 10.05)
    assert str(rate[4]).startswith("Own assumption: 6.4 births a year")
    assert found["networks.mothers.cost_yuan"][:4] == (18000, "CNY", 7200, 30000)
    assert found["networks.mothers.wanted"][0] == 100
    assert found["networks.mothers.wanted"][5] == "H"
    assert found["networks.mothers.apart_m"][:2] == (300, "m")
    assert found["networks.mothers.minutes"][0] == "10 (walking)"
    assert "40%" in str(found["networks.mothers.people.at_hosts"][0])


def test_what_the_study_says_itself_is_told_as_its_own() -> None:
    text = '[[networks]]\nuse = "mothers"\ncost_yuan = 9999\n[networks.people]\nper_1000_residents = 5.0\nband = [0.5, 2.0]\nsource = "counted"\n'
    found = rows("en", text)
    assert found["networks.mothers.people.per_1000_residents"][:5] == (
        5.0,
        "per 1,000 residents",
        2.5,
        10.0,
        "counted",
    )
    assert found["networks.mothers.cost_yuan"][0] == 9999
    assert "study file" in str(found["networks.mothers.cost_yuan"][4])
    assert found["networks.mothers.cost_yuan"][5] == ""
    assert str(found["networks.mothers.wanted"][4]).startswith("Work report")


def test_every_source_of_a_ready_entry_is_told_in_chinese() -> None:
    sources = [
        s
        for e in ready_networks().values()
        for s in (e.get("source", ""), e.get("people", {}).get("source", ""))
        if s
    ]
    assert len(sources) > 20
    for source in sources:
        assert translated(source, "zh") != source, source
        assert translated(source, "en") == source


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", sorted(ready_networks()))
def test_every_ready_entry_is_told_in_words(name: str, language: str) -> None:
    text = "".join(f'[[networks]]\nuse = "{n}"\n' for n in dict.fromkeys(["mothers", name]))
    found = rows(language, text)
    assert all(str(r[4]) for r in found.values())
    for value, _, low, high, _, _ in found.values():
        if low is not None:
            assert low <= float(str(value)) <= high  # type: ignore[operator]
    ready = ready_networks()[name]
    if "per_1000_residents" in ready.get("people", {}):
        assert f"networks.{name}.people.per_1000_residents" in found


def test_a_run_without_networks_has_none_of_them() -> None:
    settings = parse_settings(HEAD.format(language="en") + '[[networks]]\nuse = "mothers"\n')
    assert not [a for a in assumptions(settings) if a.key.startswith("networks.")]
    assert [a for a in assumptions(settings, networks=True) if a.key.startswith("networks.")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_they_stand_in_the_workbook_and_the_report(tmp_path: Path, language: str) -> None:
    study = planner.open_study(written(tmp_path, language=language, in_run=True))
    study.run(tmp_path / "out")
    book = openpyxl.load_workbook(tmp_path / "out" / "recommendations.xlsx")
    keys = {"en": ("Assumptions", "cost per place", "(mall)"), "zh": ("假设", "每处投入", "")}[language]
    sheet = next(book[n] for n in book.sheetnames if keys[0] in n)
    told = [[str(c.value) for c in row if c.value is not None] for row in sheet.iter_rows()]
    mine = [row for row in told if row[-1].startswith("networks.a.cost_yuan")]
    assert len(mine) == 1
    assert keys[1] in mine[0][1]
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert keys[1] in report
    assert HOSTILE not in report
