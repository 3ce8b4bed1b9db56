"""``planner check`` and ``planner run`` on broken, too small and odd but sound studies: one verdict, the same codes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import planner
from planner import cli
from planner.errors import SEVERITIES, InputError
from tests.study.town import Place, at, street_town, write_table

HOSTS = [Place(f"h{i}", 200.0 + 400 * i, kind="bank" if i % 2 else "community") for i in range(8)]
TWO = {"west": (0.0, 2000.0, 5000.0), "east": (2000.0, 4000.0, 5000.0)}
OTHER_COVARIATES = "covariates = { population = 1.0 }"


@dataclass(frozen=True)
class Case:
    """A study: the town with ``siting`` and ``extra`` tables, its text or files changed, and the errors expected."""

    codes: set[str]
    siting: str = "p = 2"
    extra: str = ""
    stations: tuple[Place, ...] = (Place("s1", 300.0),)
    hosts: list[Place] = field(default_factory=lambda: HOSTS)
    text: tuple[tuple[str, str], ...] = ()
    whole: str = ""
    change: Callable[[Path], Any] = lambda folder: None
    more: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        study = street_town(
            folder, stations=self.stations, hosts=self.hosts, siting=self.siting, extra=self.extra,
            **({"districts": TWO} | self.more),
        )  # fmt: skip
        text = self.whole or study.read_text("utf-8")
        for old, new in self.text:
            assert old in text
            text = text.replace(old, new)
        study.write_text(text, "utf-8")
        self.change(folder)
        return study


def districts(**properties: object) -> Callable[[Path], Any]:
    def change(folder: Path) -> None:
        layer = json.loads((folder / "districts.geojson").read_text("utf-8"))
        for feature in layer["features"]:
            feature["properties"].update(properties)
        (folder / "districts.geojson").write_text(json.dumps(layer), "utf-8")

    return change


def footways(folder: Path) -> None:
    layer = json.loads((folder / "streets.geojson").read_text("utf-8"))
    for feature in layer["features"]:
        feature["properties"]["highway"] = "footway"
    (folder / "streets.geojson").write_text(json.dumps(layer), "utf-8")


def seen(*rows: tuple[float, float]) -> Callable[[Path], Any]:
    """Observations of riders: (x, count)."""
    return lambda folder: write_table(
        folder / "seen.csv", ["lng", "lat", "count", "group"], [(*at(x), n, "rider") for x, n in rows]
    )


NO_RATES = (("rate_per_1000 = 8.0", "rate_per_1000 = 0.0"), ("rate_per_1000 = 2.0", "rate_per_1000 = 0.0"))
STREETS = '[study]\nname = "street"\nlanguage = "en"\n[inputs.streets]\npath = "streets.geojson"\n'
STATIONS = '[[inputs.stations]]\npath = "stations.csv"\ndatum = "wgs84"\n'
SEEN = '[inputs.observations]\npath = "seen.csv"\ndatum = "wgs84"\n'
PERIODS = {"day": (0, 12), "more": (6, 18)}
HALVES = {g: {"day": 0.5, "more": 0.5} for g in ("rider", "sweeper")}

QUESTIONS = (
    ("curve = []", "curve = [1, 4, 9]"), ("alternatives = 0", "alternatives = 2"), ("replacements = 0", "replacements = 2"),
    ("sensitivity = false", "sensitivity = true"),
)  # fmt: skip

CASES = {
    # -- too little
    "streets alone": Case({"CAN-002", "DEM-001"}, whole=STREETS),
    "streets and stations": Case({"CAN-002", "DEM-001"}, whole=STREETS + STATIONS),
    "streets, stations and residents": Case(
        set(),
        whole=STREETS + STATIONS + "[inputs.population]\ntotal = 9000\n[siting]\np = 2\nevery_m = 200\n"
        "curve = []\nalternatives = 0\nreplacements = 0\nsensitivity = false\nscenarios = 0\n[freight]\nenabled = false\n",
    ),
    "no residents": Case({"DEM-001"}, change=districts(population=None)),
    "residents of zero": Case({"DEM-001"}, change=districts(population=0)),
    "residents of zero, but a number of workers": Case(
        set(),
        change=districts(population=0),
        text=(("rate_per_1000 = 8.0", "total = 80.0"),),
        more={"districts": None},
    ),
    "a number of workers, but nothing to share it out by": Case(
        {"DEM-001"}, change=districts(population=0), text=(("rate_per_1000 = 8.0", "total = 80.0"),)
    ),
    "residents of zero, but workers of each district": Case(
        set(),
        change=districts(population=0),
        text=(("rate_per_1000 = 8.0", "totals = { west = 50.0, east = 30.0 }"),),
    ),
    "no rates": Case({"DEM-022"}, text=NO_RATES),
    "no group on": Case(
        {"DEM-021", "DEM-023"}, text=((OTHER_COVARIATES, OTHER_COVARIATES + "\nenabled = false"),)
    ),
    "no group in the circle": Case(
        {"DEM-021"}, text=((OTHER_COVARIATES, OTHER_COVARIATES + "\nin_headline = false"),)
    ),
    "nobody in the circle": Case(
        {"DEM-025"}, text=(NO_RATES[0], ("rate_per_1000 = 2.0", "rate_per_1000 = 2.0\nin_headline = false"))
    ),
    "cells larger than the town": Case(set(), extra="[demand]\ncell_m = 100000"),  # they only draw and sum
    "periods overlap": Case({"DEM-009"}, more={"periods": PERIODS, "profiles": HALVES}),
    "negative counts": Case({"DEM-002"}, extra=SEEN, change=seen((500.0, -3))),
    "nobody seen": Case(
        set(), extra=SEEN + '[demand]\nlevel = "surface"', change=seen((500.0, 0), (900.0, 0))
    ),
    # -- places
    "a list of hosts without rows": Case({"TAB-015"}, hosts=[]),
    "hosts of another city": Case({"CAN-002"}, hosts=[Place("far", 90_000.0)]),
    "no stations": Case(set(), stations=()),
    "everybody covered already": Case(set(), stations=tuple(Place(f"s{i}", 300.0 * i) for i in range(14))),
    "a list of stations without rows": Case(
        {"TAB-015"}, change=lambda f: (f / "stations.csv").write_text("编号,站点名称,经度,纬度\n", "utf-8")
    ),
    "a file that is missing": Case({"SET-004"}, change=lambda f: (f / "hosts.csv").unlink()),
    "a footway is no road": Case(
        {"NET-104"}, change=footways, text=((OTHER_COVARIATES, OTHER_COVARIATES + '\nsecond_mode = "car"'),)
    ),
    "trucks on a footway": Case(
        {"NET-104"}, change=footways, text=(("[freight]\nenabled = false", "[freight]\nenabled = true"),)
    ),
    "a speed for no class of street": Case({"NET-125"}, extra="[circle]\nspeeds_kmh = { footwya = 3 }"),
    # -- rules
    "more sites than candidates": Case({"CAN-004"}, siting="p = 50"),
    "every candidate": Case(set(), siting="p = 8"),
    "a required site is missing": Case({"CAN-005"}, siting='p = 2\nrequired = ["h77"]'),
    "required and forbidden": Case({"CAN-006"}, siting='p = 2\nrequired = ["h1"]\nforbidden = ["h1"]'),
    "a quota for no district": Case({"CAN-007"}, siting="p = 2\nquota_min = { wset = 1 }"),
    "quotas above p": Case({"CAN-008"}, siting="p = 2\nquota_min = { west = 2, east = 2 }"),
    "quotas of the districts' table above p": Case({"CAN-008"}, change=districts(quota_min=5)),
    "a quota beyond every number": Case(set(), change=districts(quota_max=1e30)),
    "a negative quota": Case({"STA-004"}, change=districts(quota_min=-1)),
    "more banks than there are": Case({"CAN-008"}, siting="p = 6\nkind_min = { bank = 5 }"),
    "a kind of host that is none": Case({"SET-006"}, siting="p = 2\nkind_min = { bonk = 1 }"),
    "too far apart": Case({"CAN-008"}, siting="p = 5\ngoal = { spacing_m = 3000 }"),
    "required sites too close": Case(
        {"GOAL-005"}, siting='p = 2\nrequired = ["h0", "h1"]\ngoal = { spacing_m = 900 }'
    ),
    "a budget for one of two": Case({"CAN-008"}, siting="p = 2\nbudget_yuan = 9000"),
    "a budget for none": Case({"GOAL-007"}, siting="p = 2\nbudget_yuan = 1\ngoal = { budget_only = true }"),
    "a budget wanted and not given": Case({"GOAL-002"}, siting="p = 2\ngoal = { budget_only = true }"),
    "weights of zero": Case(
        {"GOAL-006"}, siting="p = 2\ngoal = { group_weights = { rider = 0.0, sweeper = 0.0 } }"
    ),
    "three required, one in the first batch": Case(
        set(),
        siting='p = 3\nrequired = ["h0", "h1", "h2"]\nbatches = [{ name = "a", count = 1 }, { name = "b", count = 2 }]',
    ),
    "a curve beyond what is not forbidden": Case(
        set(), siting='p = 2\nforbidden = ["h3", "h4", "h5", "h6", "h7"]', text=QUESTIONS
    ),
    "quotas by population against kinds": Case(
        set(),
        siting="p = 3\nkind_max = { bank = 0 }",
        text=QUESTIONS,
        hosts=[Place(h.name, h.x_m, kind="bank" if h.x_m < 2000 else "community") for h in HOSTS],
    ),
    "a curve of fewer than none": Case({"SET-012"}, text=(("curve = []", "curve = [-1]"),)),
    # -- several at once
    "files, numbers and rules wrong at once": Case(
        {"CAN-004", "DEM-022"},
        siting="p = 50",
        text=NO_RATES,
    ),
    # -- the study file itself
    "a profile of no group": Case(
        {"SET-035"},
        extra='[[demand.events]]\nname = "fair"\nworkers = 5\ngroup = "nobody"\npolygon = [[0, 0], [0, 1], [1, 1]]',
    ),
    "batches that do not sum to p": Case({"SET-037"}, siting='p = 3\nbatches = [{ name = "a", count = 1 }]'),
}


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def command(capsys, monkeypatch):
    """The command in this process: exit code and everything it printed."""

    def call(*args: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["planner", *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out + said.err

    return call


def errors(text: str) -> set[str]:
    return set(re.findall(r"^ *(?:Error|错误) ([A-Z]+-\d+) ", text, re.MULTILINE))


@pytest.mark.parametrize("name", CASES)
def test_check_refuses_with_the_same_codes_as_run_and_passes_what_run_passes(name, tmp_path, command) -> None:
    study = CASES[name].write(tmp_path / "town")
    expected = CASES[name].codes
    checked, told = command("check", study, "--out", tmp_path / "checked")
    assert errors(told) == expected, told
    assert checked == (1 if expected else 0)
    ran, said = command("run", study, "--out", tmp_path / "ran")
    assert ran in ((1,) if expected else (0, 3)), said
    assert errors(said) == expected
    assert (tmp_path / "ran" / "run.json").exists() == (not expected)
    assert "Traceback" not in told + said


def test_there_are_enough_of_both_kinds() -> None:
    refused = [c for c in CASES.values() if c.codes]
    assert len(refused) >= 25
    assert len(CASES) - len(refused) >= 8


def codes_of(study: Path) -> set[str]:
    return {f.code for f in planner.open_study(study).judge() if f.severity == "E"}


@pytest.mark.parametrize(
    ("rules", "most"),
    [
        ("", 8),  # eight hosts
        ('forbidden = ["h0", "h1"]', 6),
        ("quota_max = { west = 1, east = 2 }", 3),
        ("kind_max = { bank = 1 }", 5),  # four community centres and one bank
        ("goal = { spacing_m = 500 }", 4),  # hosts stand 400 m apart: every second one
    ],
)
def test_too_large_a_p_is_answered_with_the_largest_that_fits(rules, most, tmp_path) -> None:
    def town(p: int) -> Path:
        return Case(set(), siting=f"p = {p}\n{rules}").write(tmp_path / str(p))

    told = [f for f in planner.open_study(town(50)).judge() if f.code == "CAN-004"]
    assert f"siting.p = {most}," in told[0].message_en
    assert f"siting.p = {most}（" in told[0].message_zh
    assert codes_of(town(most)) == set()
    assert codes_of(town(most + 1)) <= {"CAN-004", "CAN-008"} != set()


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("streets and stations", ["inputs.population.total", ".total"]),
        ("no rates", ["groups.rider.rate_per_1000", "groups.rider.total"]),
        ("nobody in the circle", ["groups.rider.total", "in_headline = true"]),
        ("no group on", ["enabled = true"]),
        ("weights of zero", ["siting.goal.group_weights", "siting.goal.period_weights"]),
        ("a budget for none", ["siting.budget_yuan", "7200"]),
        ("quotas above p", ["p = 4", "quota_min"]),
    ],
)
def test_a_refusal_names_the_keys_to_set_in_both_languages(name, keys, tmp_path) -> None:
    found = [f for f in planner.open_study(CASES[name].write(tmp_path)).judge() if f.severity == "E"]
    for language in ("en", "zh"):
        said = " ".join(f.message(language) for f in found)
        assert [k for k in keys if k not in said] == []


def test_setting_the_key_that_is_named_mends_the_study(tmp_path) -> None:
    study = CASES["no residents"].write(tmp_path)
    assert codes_of(study) == {"DEM-001"}
    study.write_text(study.read_text("utf-8") + "[inputs.population]\ntotal = 9000\n", "utf-8")
    assert codes_of(study) == set()


def test_check_chooses_no_sites_and_a_run_does_not_judge_twice(tmp_path) -> None:
    study = planner.open_study(CASES["every candidate"].write(tmp_path))
    study.judge()
    assert not {"siting", "plan", "problem", "posing"} & set(study.stages.records)
    again = planner.open_study(study.source)
    again.judge()
    assert all(record.kept or record.seconds < 2 for record in again.stages.records.values())
    assert again.stages.records["demand"].kept


def test_a_refused_run_raises_every_finding_errors_first_before_anything_is_searched(tmp_path) -> None:
    study = planner.open_study(CASES["files, numbers and rules wrong at once"].write(tmp_path))
    with pytest.raises(InputError) as caught:
        study.run(tmp_path / "out")
    order = [SEVERITIES.index(f.severity) for f in caught.value.findings]
    assert order == sorted(order)
    assert set(order) >= {0, 3}
    assert "siting" not in study.stages.records


def test_findings_stand_in_one_order_in_the_terminal_the_page_and_the_table(tmp_path, command) -> None:
    study = Case({"CAN-004"}, siting="p = 50", stations=(Place("s1", 300.0, hours="随缘"),)).write(
        tmp_path / "town"
    )
    _, told = command("check", study, "--out", tmp_path / "out")
    shown = re.findall(r"^(Error|Warning|Mended|Note) ([A-Z]+-\d+)", told, re.MULTILINE)
    assert {severity for severity, _ in shown} >= {"Error", "Warning", "Note"}
    words = ["Error", "Warning", "Mended", "Note"]
    assert shown == sorted(shown, key=lambda s: (words.index(s[0]), s[1]))
    page = (tmp_path / "out" / "checks.html").read_text("utf-8")
    in_page = re.findall(r">\s*(Error|Warning|Mended|Note)\s*</td>\s*<td[^>]*>\s*([A-Z]+-\d+)", page)
    assert in_page == shown
    opened = planner.open_study(study)
    opened.judge()
    table = opened.findings
    assert list(zip(table["severity"], table["code"], strict=True)) == shown
