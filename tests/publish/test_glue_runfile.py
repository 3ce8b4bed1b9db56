"""run.json: what each kind of value becomes, and what is refused by name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.metadata
import json
import platform
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlannerError
from planner.publish.runfile import write_run
from planner.telling.contents.records import finding_counts
from planner.telling.run import RunNotes, _by_time, run_content, run_text
from tests.publish.known import known_bundle
from tests.publish.toy import toy_bundle


def test_keys_are_sorted_text_stays_as_it_is_and_a_line_end_closes() -> None:
    assert run_text({"b": 1, "a": {"d": "苏州", "c": [1.5, None, True]}}) == (
        '{\n  "a": {\n    "c": [\n      1.5,\n      null,\n      true\n    ],\n    "d": "苏州"\n  },\n  "b": 1\n}\n'
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.25), 0.25),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ((1, "x"), [1, "x"]),
        (True, True),
        (False, False),
        (10**30, 10**30),
        (-0.5, -0.5),
        (PurePosixPath("a/b.csv"), "a/b.csv"),
        (PureWindowsPath("a\\b.csv"), "a/b.csv"),
        (dt.date(2024, 1, 31), "2024-01-31"),
        (pd.Timestamp("2024-01-31T10:00"), "2024-01-31T10:00:00"),
        ("a\ud800b", "a?b"),
        ({3: "x"}, {"3": "x"}),
        ([], []),
        ({}, {}),
        (None, None),
    ],
)
def test_a_value_reads_back_as_json_knows_it(value: object, expected: object) -> None:
    back = json.loads(run_text({"it": value}))["it"]
    assert back == expected
    assert type(back) is type(expected)


@pytest.mark.parametrize(
    ("run", "where"),
    [
        ({"a": {"b": [1.0, float("nan")]}}, "run.json: a.b[1] is nan"),
        ({"a": float("inf")}, "run.json: a is inf"),
        ({"a": [[0.0, -np.inf]]}, "run.json: a[0][1] is -inf"),
        ({"a": np.array([1.0, np.nan])}, "run.json: a[1] is nan"),
        ({"a": {"b": {1, 2}}}, "run.json: a.b holds a set"),
        ({"a": b"x"}, "run.json: a holds a bytes"),
        ({"a": [{"c": object()}]}, r"run.json: a[0].c holds a object"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_its_place(run: dict, where: str) -> None:
    with pytest.raises(PlannerError) as caught:
        run_text(run)
    assert where in str(caught.value)


def test_it_is_written_whole_as_utf_8(tmp_path: Path) -> None:
    write_run({"study": "镇"}, tmp_path / "run.json")
    assert (tmp_path / "run.json").read_bytes() == '{\n  "study": "镇"\n}\n'.encode()
    with pytest.raises(PlannerError):
        write_run({"x": float("nan")}, tmp_path / "run.json")
    assert json.loads((tmp_path / "run.json").read_text("utf-8")) == {"study": "镇"}
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_shares_have_six_digits_and_workers_one() -> None:
    toy = toy_bundle("en")
    table = toy.after.by_district.assign(covered=[400 * 0.12345678, 20.0])
    after = dataclasses.replace(toy.after, covered=123.456, share=0.87654321, by_district=table)
    prices = pd.DataFrame({"rule": ["plan"], "covered": [9.87], "least_share": [0.123456789]})
    phases = pd.DataFrame({"name": ["2025"], "sites": [3], "covered": [12.26], "best": [13.34], "bound": [14.0], "regret": [0.12345678],
                           "regret_bound": [0.23456789]})  # fmt: skip
    before = dataclasses.replace(toy.before, workers=500.26)
    bundle = dataclasses.replace(toy, before=before, after=after, rule_prices=prices, phases=phases)
    said = run_content(bundle, RunNotes([], 1, 1, 0.0, {}, [], "0"))
    assert said["coverage"]["before"]["workers"] == 500.3
    assert said["phases"] == [
        {
            "name": "2025",
            "sites": 3,
            "covered": 12.3,
            "best": 13.3,
            "regret": 0.123457,
            "regret_bound": 0.234568,
        }
    ]
    assert (said["coverage"]["after"]["covered"], said["coverage"]["after"]["share"]) == (123.5, 0.876543)
    assert said["coverage"]["by_district"][0]["after"] == 0.123457
    assert said["rule_prices"] == [{"rule": "plan", "covered": 9.9, "least_share": 0.123457}]


def test_the_whole_of_run_json_of_the_known_town() -> None:
    """Every number with more digits than it is told with; what is told elsewhere (facts, versions) but for its place."""
    base = known_bundle()
    states = {"covered": 123.456, "share": 0.12345678, "share_backup": 0.23456789, "by_radius_m": {"500": 0.34567891},
              "readings": {"night": 0.45678912}}  # fmt: skip
    groups = pd.DataFrame(
        {
            "group": ["rider"],
            "workers": [600.0],
            "covered": [300.0],
            "share": [0.56789123],
            "backup_share": [0.1],
        }
    )
    before = dataclasses.replace(base.before, **states, workers=1000.06, by_group=groups)
    solution = dataclasses.replace(base.solution, objective=840.00049, bound=853.60051, seconds=0.126)
    bundle = known_bundle(
        before=before, solution=solution, closed=("S001",),
        phases=pd.DataFrame({"name": ["2025"], "sites": [3], "covered": [12.26], "best": [13.34], "bound": [14.0], "regret": [0.12345678],
                             "regret_bound": [0.23456789]}),
        second_views=pd.DataFrame({"group": ["rider"], "mode": ["car"], "minutes": [10.0], "before": [0.12345678], "after": [0.23456789]}),
        alternatives=base.alternatives.assign(covered=[836.06, 821.0], loss=[0.00481234567, np.nan]),
        sensitivity=base.sensitivity.assign(workers=[1000.06, 990.0], lost=[0.12345678, 0.0]),
        rule_prices=base.rule_prices.assign(price=[0.06, 7.0], price_most=[0.06, np.nan]),
    )  # fmt: skip
    notes = RunNotes(
        [{"name": "x"}], 4, 9, 0.123456789, {"figures": "no font"}, [{"name": "s"}], "1.2.3", {"listed": 7}
    )
    said = run_content(bundle, notes)
    study = bundle.settings.study
    wanted = {
        "study": "toy", "title": study.title(), "synthetic": True, "synthetic_note": study.synthetic_note_en, "crs": "EPSG:4549",
        "inputs": [{"name": "x"}], "network": {"mode": "walk", "nodes": 4, "edges": 9}, "seed": study.seed,
        "second_views": [{"group": "rider", "mode": "car", "minutes": 10.0, "before": 0.123457, "after": 0.234568}],
        "phases": [{"name": "2025", "sites": 3, "covered": 12.3, "best": 13.3, "regret": 0.123457, "regret_bound": 0.234568}],
        "alternatives": [{"plan": 1, "covered": 836.1, "loss": 0.004812, "same": 3, "near": 4},
                         {"plan": 2, "covered": 821.0, "loss": None, "same": 2, "near": 1}],
        "stations": {
            "listed": 7, "existing": 5, "chosen": 5, "closed": ["S001"], "total": 9, "objective": 840.0, "bound": 853.601,
            "gap": round((853.60051 - 840.00049) / 840.00049, 8), "gap_of_new": 0.12345679, "status": "feasible",
            "repeatable": solution.repeatable, "seconds": 0.13,
        },
        "fair_front": None, "knowledge": None, "pilots": None, "driver_homes": None, "networks": None, "actions": None, "grades": None, "previous": None, "absent": {"figures": "no font"}, "stages": [{"name": "s"}], "findings": finding_counts(bundle.findings),
    }  # fmt: skip
    assert {k: said[k] for k in wanted} == wanted
    assert set(said) == {
        *wanted,
        "coverage",
        "sensitivity",
        "rule_prices",
        "facts",
        "use",
        "versions",
        "promised",
    }
    assert said["coverage"]["before"] == {
        "workers": 1000.1, "covered": 123.5, "share": 0.123457, "share_backup": 0.234568, "by_radius_m": {"500": 0.345679},
        "readings": {"night": 0.456789}, "by_time": None, "by_group": {"rider": 0.567891},
    }  # fmt: skip
    assert (said["coverage"]["after"]["workers"], said["coverage"]["after"]["covered"]) == (1000.0, 840.0)
    assert said["coverage"]["by_district"] == [
        {"district": "east", "workers": 300.0, "before": 0.2, "after": 0.7}, {"district": "west", "workers": 700.0, "before": 0.5, "after": 0.9},
    ]  # fmt: skip
    assert (said["sensitivity"]["steady"], said["sensitivity"]["within_m"]) == (2, 666.7)
    assert said["sensitivity"]["cases"][0]["workers"] == 1000.1
    assert said["sensitivity"]["cases"][0]["lost"] == 0.123457
    assert [(r["rule"], r["price"], r["price_most"]) for r in said["rule_prices"]] == [
        ("plan", 0.1, 0.1),
        ("quotas", 7.0, None),
    ]
    assert said["facts"] == bundle.facts.json()
    names = [
        "geopandas",
        "highspy",
        "numba",
        "numpy",
        "osmium",
        "pandas",
        "pyproj",
        "scikit-learn",
        "scipy",
        "shapely",
    ]
    assert said["versions"] == {
        "planner": "1.2.3", "python": platform.python_version(), **{n: importlib.metadata.version(n) for n in names},
    }  # fmt: skip


def test_what_was_not_asked_for_is_none_or_empty_in_run_json() -> None:
    bare = known_bundle(phases=None, second_views=None, alternatives=None, sensitivity=None, rule_prices=None)
    said = run_content(bare, RunNotes([], 1, 1, 0.0, {}, [], "0"))
    assert [said[k] for k in ("phases", "second_views", "alternatives", "sensitivity", "rule_prices")] == [
        [],
        [],
        None,
        None,
        None,
    ]
    assert "listed" not in said["stations"]

    class Homes:
        def run_json(self) -> dict[str, object]:
            return {"chosen": 1, "existing": 0, "drivers": 2.0, "bound": 3.0, "gap": 0.5, "cost_yuan": 4.0}

    homes = run_content(known_bundle(homes=Homes()), RunNotes([], 1, 1, 0.0, {}, [], "0"))["driver_homes"]
    assert homes == Homes().run_json()


def test_coverage_by_quarter_hours_stands_in_run_json_with_its_own_figures() -> None:
    read: Any = SimpleNamespace(
        covered=12.345, share=0.12345678, workday=0.2345678, weekend=0.3456789, kept=(0.4567891, 0.5678912, 0.6789123),
        by_district=pd.DataFrame({"district": ["east"], "share": [0.7891234], "workers": [5.0]}),
        by_period=pd.DataFrame({"period": ["night"], "share": [0.8912347], "workers": [6.0]}),
    )  # fmt: skip
    assert _by_time(read) == {
        "covered": 12.3, "share": 0.123457, "workday": 0.234568, "weekend": 0.345679, "kept": [0.456789, 0.567891, 0.678912],
        "by_district": {"east": 0.789123}, "by_period": {"night": 0.891235},
    }  # fmt: skip
    assert _by_time(None) is None
