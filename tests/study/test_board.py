"""The page as a widget, without a browser: what the page would send arrives, what is set would be sent."""

from __future__ import annotations

import json
import sys

import pytest

from planner.errors import PlannerError
from planner.settings.reading import read_settings
from planner.study.plan_file import FORMAT
from planner.study.study import Study
from tests.study.town import Place, at, street_town

HOSTS = [Place("A", 500, "08:00-20:00"), Place("B", 1500), Place("C", 2500), Place("D", 3500)]
STATIONS = [Place("S", 100, "08:00-20:00"), Place("T", 3900)]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    path = street_town(folder / "town", stations=STATIONS, hosts=HOSTS, siting="p = 2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        yield Study(read_settings(path), cache=folder / "cache")


@pytest.fixture
def board(study):
    pytest.importorskip("anywidget", reason="the extra notebook is not installed")
    return study.board(height=500)


def named(study, *names):
    table = study.candidates.set_index("name")
    return [str(v) for v in table.loc[list(names), "site_id"]]


def from_the_page(study, names, **more):
    ids = named(study, *names)
    places = {h.name: at(h.x_m) for h in HOSTS}
    rows = [{"site_id": i, "lng": places[n][0], "lat": places[n][1], "open_hours": ""} for i, n in zip(ids, names, strict=True)]  # fmt: skip
    return json.dumps({"format": FORMAT, "sites": rows, **more})


def test_it_begins_with_the_proposal(study, board):
    plan = study.site_stations()
    assert set(board.sites["site_id"]) == set(plan.chosen["site_id"])
    assert board.sites.crs == study.candidates.crs
    assert board.plan == ""
    assert board.evaluation.wished.covered == pytest.approx(plan.after.covered)
    assert board.height == 500
    assert board.html.startswith("<!DOCTYPE html>")
    assert "new sites" in repr(board)


def test_an_edit_on_the_page_arrives_as_sites_and_as_an_evaluation(study, board):
    seen = []
    board.observe(lambda change: seen.append(list(change["new"]["name"])), "sites")
    before = board.evaluation
    text = from_the_page(study, ["A", "C"], closed=["T"], hours={"S": "00:00-24:00"})
    board.set_state({"plan": text})  # what the browser's message does
    assert seen == [["A", "C"]]
    assert board.closed == ("T",)
    assert board.hours == {"S": "00:00-24:00"}
    path_like = study.evaluate(board.sites)
    found = board.evaluation
    assert found.sites == 2
    assert found is board.evaluation
    assert found is not before
    assert path_like.wished.covered != pytest.approx(found.wished.covered)  # the closed station counts
    board.set_state({"plan": text})
    assert len(seen) == 1


def test_hours_of_the_page_are_those_of_the_table(study, board):
    text = json.loads(from_the_page(study, ["A"]))
    text["sites"][0]["open_hours"] = "00:00-24:00"
    board.set_state({"plan": json.dumps(text)})
    assert list(board.sites["open_hours"]) == ["00:00-24:00"]
    always = board.evaluation.wished.covered
    text["sites"][0]["open_hours"] = ""
    board.set_state({"plan": json.dumps(text)})
    assert list(board.sites["open_hours"]) == ["08:00-20:00"]
    assert board.evaluation.wished.covered < always


def test_sites_that_are_set_are_sent_to_the_page(study, board):
    sent = []
    board.observe(lambda change: sent.append(json.loads(change["new"])), "plan")
    board.set_state({"plan": from_the_page(study, ["A"], closed=["T"])})
    sent.clear()
    wanted = study.candidates.set_index("name").loc[["B", "D"]]
    board.sites = wanted.to_crs(4326)
    assert [row["site_id"] for row in sent[0]["sites"]] == named(study, "B", "D")
    assert sent[0]["closed"] == ["T"]  # the stations' part of the plan stays
    assert list(board.sites["name"]) == ["B", "D"]
    assert len(sent) == 1
    board.sites = board.sites.iloc[::-1]
    assert len(sent) == 1  # the same sites
    by_place = wanted[["geometry"]].iloc[:1]
    board.sites = by_place
    assert list(board.sites["name"]) == ["B"]
    assert board.evaluation.sites == 1


def test_what_cannot_be_drawn_is_refused_and_nothing_changes(study, board):
    before = list(board.sites["site_id"])
    away = study.candidates.iloc[[0]][["geometry"]].copy()
    away.geometry = away.geometry.translate(30, 0)
    for value, code in ((away, "PAGE-004"), (["A"], "PAGE-003")):
        with pytest.raises(PlannerError) as refused:
            board.sites = value
        assert refused.value.told.code == code
    assert list(board.sites["site_id"]) == before
    assert board.plan == ""


def test_the_state_goes_both_ways(board):
    assert board.view == {}
    board.set_state({"state": '{"plan": "proposal", "periods": "all"}'})
    board.view = {"periods": "night"}
    assert json.loads(board.state) == {"plan": "proposal", "periods": "night"}


def test_where_no_widget_is_shown_the_page_stands_as_html(board):
    html = board._repr_html_()
    assert html.startswith("<iframe srcdoc=")
    assert 'height="500"' in html


def test_without_anywidget_it_says_what_to_install(study, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "planner.study.beside.board", raising=False)
    with pytest.raises(PlannerError) as refused:
        study.board()
    assert refused.value.told.code == "PAGE-005"
