"""The page's data in a town whose every figure is known: before is before, and each row its own district's."""

from __future__ import annotations

import numpy as np
import pytest

from planner.publish.page.data import island_text
from tests.publish.known import known_bundle
from tests.publish.test_page_pack import integers, read


@pytest.fixture(scope="module")
def island():
    return read(island_text(known_bundle()))


def test_the_headline_says_today_first_and_then_the_plan(island):
    headline = dict(island[0]["headline"])
    by_district = headline.pop("by_district")
    assert headline == {
        "workers": 1000,
        "covered": [410, 840],
        "share": [0.41, 0.84],
        "backup": [0.09, 0.28],
        "by_radius": [["500", 0.31, 0.61], ["667", 0.41, 0.84], ["833", 0.47, 0.88]],
        "readings": {"any_hour": [0.45, 0.86], "night": [0.07, 0.17]},
        "hours": {},
        "stations": 5,
        "stations_told": "",  # the known town has no list
        "sites": 5,
        "new": 430,
        "points": 43,
        "bands": {"share": [None, None], "new": None, "workers": None},
        "gap": 0.0162,  # 13.6 of 840
        "regret": [],
        "status": "feasible",
        "homes": {},
        "absent": [],
    }
    assert by_district == [
        {
            "district": "east",
            "workers": 300,
            "before": 0.2,
            "after": 0.7,
            "stations": 1,
            "sites": 2,
            "gain": 150,
            "backup": [0.05, 0.23],
            "gap_areas": 1,
            "gap_workers": 90,
        },
        {
            "district": "west",
            "workers": 700,
            "before": 0.5,
            "after": 0.9,
            "stations": 4,
            "sites": 3,
            "gain": 280,
            "backup": [0.11, 0.31],
            "gap_areas": 1,
            "gap_workers": 55,
        },
    ]


def test_each_site_keeps_its_own_figures_and_district(island):
    head = island[0]
    sites = head["sites"]
    assert head["districts"]["id"] == ["west", "east"]
    assert head["districts"]["name"] == ["West", "East"]
    assert sites["rank"] == [1, 2, 3, 4, 5]
    assert sites["id"] == ["N001", "N002", "N003", "N004", "N005"]
    assert sites["district"] == [0, 1, 1, 0, 0]
    assert sites["gain"] == [170, 130, 80, 40, 10]
    assert sites["reach"] == [210, 150, 95, 77, 66]
    assert sites["nearest"] == [512, 623, 734, 845, 956]
    assert sites["confidence"] == [0.93, 0.82, 0.71, 0.64, 0.58]
    assert [sites["batches"][b] for b in sites["batch"]] == ["2025", "2025", "2025", "2026", "2026"]
    assert sites["reason"] == [f"reason {n}" for n in "abcde"]


def test_stations_and_gaps_keep_their_own_district(island):
    head = island[0]
    assert head["stations"]["covers"] == [101, 102, 103, 104, 105, 0]
    assert head["stations"]["district"] == [0, 0, 0, 0, 1, 1]
    assert (head["gaps"]["name"], head["gaps"]["workers"]) == (["SE corner", "NW corner"], [90, 55])
    assert head["gaps"]["district"] == [1, 0]


def test_a_cell_says_what_share_of_its_workers_is_covered_today_and_with_the_plan(island):
    head, blob = island
    key = np.cumsum(integers(blob, head["cells"]["key"]))
    now, then = (
        dict(zip(key.tolist(), integers(blob, head["cells"][name]), strict=True)) for name in ("now", "then")
    )
    # four workers in a cell of the west; the first four cells of the bottom row: both, only with the plan, never, both
    assert [(now[k], then[k]) for k in range(4)] == [(1000, 1000), (0, 1000), (0, 0), (1000, 1000)]
    assert {(now[k], then[k]) for k in range(4, 200)} == {(0, 0)}
