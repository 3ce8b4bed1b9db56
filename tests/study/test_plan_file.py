"""A plan out of the page: read, refused with the reason, and as wishes for a new run."""

from __future__ import annotations

import csv
import json

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import PlannerError
from planner.settings.reading import read_settings
from planner.settings.siting import OwnPlace, Siting
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
     json.dumps({**PLAN, "sites": [{"site_id": "B", "lng": 999, "lat": 31}]}), json.dumps({**PLAN, "hours": {"S": "now and then"}}), "{not JSON",
     '{"a": ' + "[" * 100_000, json.dumps({**PLAN, "sites": [{"site_id": "B", "lng": 10**400, "lat": 31}]}), json.dumps({**PLAN, "hours": []}),
     json.dumps({**PLAN, "closed": 5}), 'site_id,lng,lat\nB,x,31\n', "site_id,lng,lat\n", "site_id,lng,more\nB,1,2\n", "site_id,lat,more\nB,1,2\n", "lng,lat\n1,2\n",
     "site_id,lng,lat\nB,120.6\n"],
)  # fmt: skip
def test_what_is_no_plan_is_refused(tmp_path, content):
    with pytest.raises(PlannerError) as refused:
        read_plan(written(tmp_path, content))
    assert "PAGE-001" in str(refused.value) or refused.value.told.code == "PAGE-001"


@pytest.mark.parametrize(
    ("lng", "lat", "is_place"),
    [(180, 90, True), (-180, -90, True), (180.5, 0, False), (-180.5, 0, False), (0, 90.5, False), (0, -90.5, False), ("nan", 0, False)],
)  # fmt: skip
def test_a_site_stands_on_the_globe(tmp_path, lng, lat, is_place):
    file = written(tmp_path, f"site_id,lng,lat\nB,{lng},{lat}\n", "plan.csv")
    if is_place:
        assert read_plan(file).sites[0]["lng"] == lng
        return
    with pytest.raises(PlannerError) as refused:
        read_plan(file)
    assert refused.value.told.code == "PAGE-001"
    assert f"B: {float(lng)}, {float(lat)}" in str(refused.value)


def test_coordinates_that_are_written_as_text_are_numbers(tmp_path):
    plan = {"format": FORMAT, "sites": [{"site_id": "B", "lng": "120.6", "lat": "31.3"}]}
    assert read_plan(written(tmp_path, plan)).sites == ({"site_id": "B", "lng": 120.6, "lat": 31.3},)


def test_a_place_of_ones_own_needs_a_name_and_every_site_hours_that_can_be_read(tmp_path):
    def read(**site):
        row = {"lng": 120.6, "lat": 31.3} | site
        return read_plan(written(tmp_path, {"format": FORMAT, "sites": [row]})).sites

    for nameless in ({}, {"site_id": None}, {"site_id": " "}):
        assert read(**nameless, origin="proposal")
        with pytest.raises(PlannerError) as refused:
            read(**nameless, origin="estimated")
        assert refused.value.told.code == "PAGE-001"
        assert "site_id" in str(refused.value)
    assert read(site_id="x", origin="estimated", open_hours=None)
    with pytest.raises(PlannerError, match="now and then"):
        read(site_id="x", open_hours="now and then")


def test_a_file_that_is_not_there_or_no_text_is_no_plan(tmp_path):
    (tmp_path / "picture.json").write_bytes(b"\xff\xfe\xfa")
    for name in ("nowhere.json", "picture.json"):
        with pytest.raises(PlannerError) as refused:
            read_plan(tmp_path / name)
        assert (refused.value.told.code, refused.value.told.source) == ("PAGE-001", name)


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


def test_what_the_study_forbids_stays_forbidden_unless_the_plan_has_it_or_it_is_refused(tmp_path):
    found = wishes(read_plan(written(tmp_path, PLAN)), Siting(p=2, forbidden=("D", "A", "B", "C")))
    assert (found["siting__forbidden"], found["siting__refused"]) == (
        ("D", "C"),
        {"A": "its landlord refuses"},
    )


def test_a_place_of_ones_own_becomes_a_candidate_once_beside_those_the_study_has(tmp_path):
    """Of the three put in by hand one is a candidate's, one the study knows already, and one is new."""
    rows = [
        ("B", 120.61, 31.31, "mine", ""),
        ("old", 120.62, 31.32, "estimated", ""),
        ("new", 120.63, 31.33, "estimated", "06:00-22:00"),
    ]
    table = "".join(
        f"{','.join(map(str, row))}\n" for row in (("site_id", "lng", "lat", "origin", "open_hours"), *rows)
    )
    plan = read_plan(written(tmp_path, table, "plan.csv"))
    siting = Siting(p=3, places=(OwnPlace(id="old", lng=120.0, lat=31.0),), required=("A",))
    found = wishes(plan, siting)
    assert found["siting__places"] == (
        siting.places[0], OwnPlace(id="new", lng=120.63, lat=31.33, open_hours="06:00-22:00")
    )  # fmt: skip
    assert found["siting__required"] == ("A", "B", "old", "new")
    own = read_plan(written(tmp_path, table.replace("new,", "old,"), "plan.csv"))
    assert "siting__places" not in wishes(own, siting)


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
