"""Scenarios in the study file: named changes, refused where they cannot be, and run beside the study itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.errors import SettingsError
from planner.settings.keys.scenarios import overrides, split_scenario
from planner.settings.reading import in_scenario, language_of, parse_settings, read_settings
from planner.study.batch import run_batch
from tests.study.town import Place, covered, street_town

SMALL = '[study]\nname = "town"\n[inputs.streets]\npath = "streets.osm"\n'
TWO = """
[scenarios.two]
siting.p = 2
[scenarios.riders]
groups.sweeper.enabled = false
"circle.minutes" = 15
"""
HOSTS = [Place("h1", 700.0), Place("h2", 2000.0), Place("h3", 3300.0)]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))


def refusals(text: str) -> list[tuple[str, str, str, str]]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text)
    return [(f.code, f.field, f.message_en, f.message_zh) for f in caught.value.findings]


def test_a_scenario_is_the_study_with_its_keys_changed(tmp_path: Path) -> None:
    town = street_town(tmp_path / "town", hosts=HOSTS, extra=TWO)
    study = planner.open_study(town)
    assert study.scenarios == ("two", "riders")
    two = study.scenario("two")
    assert (two.settings.siting.p, study.settings.siting.p) == (2, 1)
    assert two.settings.study.label == "street-two"
    assert two.scenarios == ()
    riders = planner.open_study(f"{town}#riders")
    assert [g.name for g in riders.settings.active_groups if g.name == "sweeper"] == []
    assert (riders.settings.circle.minutes, riders.settings.siting.p) == (15, 1)
    # all else is the study's own
    same = riders.settings.model_copy(
        update={
            "circle": study.settings.circle,
            "groups": study.settings.groups,
            "study": study.settings.study,
            "scenarios": study.settings.scenarios,
        }
    )
    assert same == study.settings


def test_what_a_scenario_leaves_alone_is_not_computed_again(tmp_path: Path) -> None:
    town = street_town(tmp_path / "town", hosts=HOSTS, extra=TWO)
    study = planner.open_study(town)
    plan, two = study.site_stations(), study.scenario("two")
    assert two.stages.value("demand") is study.stages.value("demand")
    sites = [next(h for h in HOSTS if h.name == name) for name in two.site_stations().chosen["name"]]
    assert len(sites) == 2
    assert two.site_stations().after.covered == pytest.approx(covered(study, lambda _: sites), abs=1e-3)
    assert two.site_stations().after.covered > plan.after.covered


def test_the_title_says_which_scenario_it_is() -> None:
    text = SMALL.replace('"town"', '"town"\ntitle_zh = "小镇"\ntitle_en = "Town"')
    text += "[scenarios.two]\nsiting.p = 2\n"
    made = parse_settings(text)
    assert made.study.title() == "小镇"
    two = in_scenario(made, "two").study
    assert two.title() == "小镇（two）"
    assert two.model_copy(update={"language": "en"}).title() == "Town (two)"
    assert two.model_copy(update={"language": "en", "title_en": ""}).title() == "town-two"


def test_unknown_keys_and_values_of_scenarios_are_refused_all_at_once_in_both_languages() -> None:
    found = refusals(
        SMALL + "[scenarios.a]\nsiting.quotes = 'none'\nsiting.p = 0\n[scenarios.b]\ncirkle.minutes = 9\n"
    )
    assert {(code, field) for code, field, *_ in found} == {
        ("SET-001", "scenarios.a.siting.quotes"),
        ("SET-012", "scenarios.a.siting.p"),
        ("SET-001", "scenarios.b.cirkle"),
    }
    told = {field: (en, zh) for _, field, en, zh in found}
    assert "quotas" in told["scenarios.a.siting.quotes"][0]
    assert "是否应为" in told["scenarios.a.siting.quotes"][1]
    assert told["scenarios.a.siting.p"] == ("must be a number ≥ 1", "必须是 ≥ 1 的数")
    assert "circle" in told["scenarios.b.cirkle"][0]


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("[scenarios.a]\ngroups.ridr.total = 9\n", "SET-001", "scenarios.a.groups.ridr"),
        ("[scenarios.a.scenarios.b]\nsiting.p = 1\n", "SET-051", "scenarios.a.scenarios.b.siting.p"),
        ("[scenarios.a]\nstudy.scenario = 'b'\n", "SET-051", "scenarios.a.study.scenario"),
        ("[scenarios]\na = 3\n", "SET-022", "scenarios.a"),
        ("[scenarios.'a/b']\nsiting.p = 1\n", "SET-020", "scenarios.a/b.[key]"),
        ("[scenarios.a]\ngroups.rider.profile.06_10 = 0.5\n", "SET-026", "scenarios.a.groups.rider.profile"),
    ],
)
def test_what_no_scenario_can_set(text: str, code: str, field: str) -> None:
    assert [found[:2] for found in refusals(SMALL + text)] == [(code, field)]


def test_a_scenario_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    town = street_town(tmp_path / "town", hosts=HOSTS, extra=TWO)
    with pytest.raises(SettingsError, match=r"SET-049.*“tow”.*“two”"):
        planner.open_study(f"{town}#tow")
    none = street_town(tmp_path / "none", hosts=HOSTS)
    with pytest.raises(SettingsError, match="SET-050"):
        planner.open_study(f"{none}#two")


def test_keys_are_gone_into_and_names_with_points_are_left_whole() -> None:
    assert overrides({"siting": {"quota_min": {"St. Gallen": 3}, "curve": [1, 2]}, "a.b": 1, "c": {}}) == {
        ("siting", "quota_min", "St. Gallen"): 3,
        ("siting", "curve"): [1, 2],
        ("a", "b"): 1,
        ("c",): {},
    }


def test_paths_of_a_scenario_are_the_study_files(tmp_path: Path) -> None:
    extra = '[scenarios.other]\ninputs.hosts.path = "other.csv"\n'
    town = street_town(tmp_path / "town", hosts=HOSTS, extra=extra)
    for opened in (planner.open_study(f"{town}#other"), planner.open_study(town).scenario("other")):
        assert opened.settings.inputs.hosts is not None
        assert opened.settings.inputs.hosts.path == town.parent.resolve() / "other.csv"
        assert opened.source == town


def test_a_file_with_the_sign_in_its_name_is_that_file(tmp_path: Path) -> None:
    odd = tmp_path / "a.toml#b"
    assert split_scenario(odd) == (tmp_path / "a.toml", "b")
    odd.write_text(SMALL.replace('"town"', '"odd"\nlanguage = "en"'), "utf-8")
    assert split_scenario(odd) == (odd, None)
    assert read_settings(odd).study.name == "odd"
    (tmp_path / "study.toml").write_text(SMALL.replace('"town"', '"x"\nlanguage = "en"'), "utf-8")
    assert language_of(tmp_path / "study.toml#any") == "en"


def test_a_batch_runs_the_study_and_its_scenarios_and_two_are_compared(tmp_path: Path) -> None:
    town = street_town(tmp_path / "town", hosts=HOSTS, extra="[scenarios.two]\nsiting.p = 2\n")
    rows = run_batch([town], tmp_path / "out", workers=2)  # side by side
    assert list(rows["study"]) == ["street", "street-two"]
    assert list(rows["sites"]) == [1, 2]
    assert list(rows["exit_code"]) == [0, 0]
    folders = [tmp_path / "out" / name for name in rows["study"]]
    runs = [json.loads((f / "run.json").read_text("utf-8")) for f in folders]
    assert [(r["study"], r.get("scenario")) for r in runs] == [("street", None), ("street", "two")]
    assert "street-two" in (folders[1] / "map.html").read_text("utf-8")
    beside = planner.compare(*folders)
    assert beside.names == ("street", "street-two")
    study = planner.open_study(town)
    again = planner.compare(study, study.scenario("two"))
    assert again.names == beside.names
    assert again.counts() == beside.counts() == {"kept": 1, "moved": 0, "new": 1, "gone": 0}
    assert again.covered == pytest.approx(beside.covered)
    alone = run_batch([f"{town}#two"], tmp_path / "alone", workers=1)
    assert list(alone["study"]) == ["street-two"]


def test_commands_take_a_scenario_and_refuse_one_in_the_language_of_the_study(tmp_path: Path) -> None:
    town = street_town(tmp_path / "town", hosts=HOSTS, extra="[scenarios.two]\nsiting.p = 2\n")
    run = CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke
    done = run(app, ["site", f"{town}#two", "--out", str(tmp_path / "two")])
    assert done.exit_code == 0, done.output
    listed = (tmp_path / "two" / "recommendations.csv").read_text("utf-8-sig").splitlines()
    assert len(listed) == 1 + 2
    done = run(app, ["compare", str(town), f"{town}#two"])
    assert done.exit_code == 0, done.output
    assert "street-two" in done.output
    text = town.read_text("utf-8").replace('language = "en"', 'language = "zh"')
    town.write_text(text.replace("siting.p = 2", "siting.p = 0"), "utf-8")
    done = run(app, ["check", f"{town}#two"])
    assert done.exit_code == 1
    assert "必须是 ≥ 1 的数" in done.output
    town.write_text(text, "utf-8")
    done = run(app, ["check", f"{town}#tow"])
    assert done.exit_code == 1
    assert "研究中没有名为“tow”的情景" in done.output
