"""run.json: what each kind of value becomes, and what is refused by name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlannerError
from planner.publish.runfile import RunNotes, run_content, run_text, write_run
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
