"""A plan out of the page: read, refused with the reason, and as wishes for a new run."""

from __future__ import annotations

import csv
import json

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import PlannerError
from planner.settings.reading import read_settings
from planner.study.plan_file import FORMAT, read_plan, wishes
from planner.study.study import Study
from tests.study.town import Place, at, reach, street_town, workers

HOSTS = [Place("A", 500), Place("B", 1500), Place("C", 2500), Place("D", 3500)]
STATIONS = [Place("S", 100, "08:00-20:00"), Place("T", 3900)]
PLAN = {
    "format": FORMAT, "closed": ["T"], "hours": {"S": "00:00-24:00"}, "required": ["B"], "forbidden": ["C"],
    "sites": [{"site_id": "B", "lng": at(1500)[0], "lat": at(1500)[1], "open_hours": "06:00-22:00"}],
    "rejected": [{"site_id": "A", "reason": "its landlord refuses"}],
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return street_town(tmp_path / "town", stations=STATIONS, hosts=HOSTS)


@pytest.fixture
def study(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    return Study(read_settings(path), cache=tmp_path / "cache")


def written(tmp_path, content, name="plan.json"):
    file = tmp_path / name
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return file


def test_closed_stations_and_other_hours_are_counted(study, tmp_path):
    found = study.evaluate(written(tmp_path, PLAN)).wished
    always, day = reach(study, [STATIONS[0]]) > 0, reach(study, [HOSTS[1]]) > 0
    by_hand = sum(
        (workers(study, g, t) * (always | (day & (t != "22_06")))).sum()
        for g in ("rider", "sweeper")
        for t in ("06_10", "10_14", "14_17", "17_22", "22_06")
    )
    assert found.covered == pytest.approx(by_hand)


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", "a,b\n1,2\n", json.dumps({**PLAN, "format": "other"}), json.dumps({**PLAN, "sites": [{"site_id": "B"}]}),
     json.dumps({**PLAN, "sites": [{"site_id": "B", "lng": 999, "lat": 31}]}), json.dumps({**PLAN, "hours": {"S": "now and then"}})],
)  # fmt: skip
def test_what_is_no_plan_is_refused(tmp_path, content):
    with pytest.raises(PlannerError) as refused:
        read_plan(written(tmp_path, content))
    assert "PAGE-001" in str(refused.value) or refused.value.told.code == "PAGE-001"


def test_a_station_that_is_none_is_refused(study, tmp_path):
    with pytest.raises(PlannerError) as refused:
        study.evaluate(written(tmp_path, {**PLAN, "closed": ["nowhere"]}))
    assert refused.value.told.code == "PAGE-002"
    assert "nowhere" in str(refused.value)


def test_wishes_stand_beside_the_studys_own(study, tmp_path):
    own = study.with_(siting__required=("A", "D"), siting__forbidden=("B",), siting__refused={"C": "sold"})
    found = wishes(read_plan(written(tmp_path, PLAN)), own.settings.siting)
    assert found == {"siting__required": ("D", "B"), "siting__forbidden": ("C",),
                     "siting__refused": {"C": "sold", "A": "its landlord refuses"}}  # fmt: skip
    table = "site_id,lng,lat,origin\nB,120.6,31.3,mine\nD,120.6,31.3,proposal\n"
    assert read_plan(written(tmp_path, "\ufeff" + table, "plan.csv")).required == ("B",)


def test_what_is_refused_is_left_out_and_told(study):
    again = study.with_(siting__refused={"B": "its landlord refuses", "C": "sold"}, siting__p=2)
    assert set(again.site_stations().chosen["site_id"]) == {"A", "D"}
    told = [str(f) for f in again.all_findings() if f.code == "CAN-011"]
    assert len(told) == 2
    assert "its landlord refuses" in told[0]
    with pytest.raises(PlannerError, match=r"CAN-005|no candidate"):
        study.with_(siting__refused={"Z": "?"}).site_stations()
    with pytest.raises(PlannerError, match=r"CAN-006|both required"):
        study.with_(siting__required=("B",), siting__refused={"B": "?"}).site_stations()


def test_run_takes_it_unedited(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    file = written(tmp_path, PLAN)
    done = CliRunner().invoke(app, ["run", str(path), "--plan", str(file), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert run["stations"]["chosen"] == 1
    assert "its landlord refuses" in (tmp_path / "out" / "checks.html").read_text("utf-8")
    with (tmp_path / "out" / "recommendations.csv").open(encoding="utf-8-sig", newline="") as handle:
        (row,) = csv.DictReader(handle)
    assert "B" in row.values()
    shown = CliRunner().invoke(app, ["evaluate", str(path), str(file)])
    assert shown.exit_code == 0, shown.output
