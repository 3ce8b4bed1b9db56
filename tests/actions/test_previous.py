"""Last year's plan with five verbs beside every plan there is: each action kept counts so many workers more."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.study.study import Study
from tests.actions.test_five_verbs import (
    DAY,
    HOSTS,
    NIGHT,
    STATIONS,
    existing_options,
    host_options,
    open_in,
    study_of,
)
from tests.study.town import PERIODS, RATES, TEN_MINUTES_M, Place, at, standing, workers

MONEY = "budget_yuan = 14500\nyearly_yuan = 12000"
#: Last year's actions: verb, place, where it stands then, hours.
THEN = [
    ("build", "H3", 3700, NIGHT), ("retime", "S3", 2600, NIGHT), ("close", "S1", 600, ""), ("build", "H1", 1500, DAY),
]  # fmt: skip


def last_year(folder: Path, actions: Any = THEN, *, stations: Any = ("S1", "S2", "S3")) -> Path:
    rows = [
        {"verb": v, "place_id": p, "name": p, "district": "mid", "to_id": "", "hours_to": h, "grade_to": "", "workers_gained": 3.0,
         "lng": at(x)[0], "lat": at(x)[1]}
        for v, p, x, h in actions
    ]  # fmt: skip
    sites = [
        {
            "site_id": "H3",
            "name": "H3",
            "district": "mid",
            "lng": at(3700)[0],
            "lat": at(3700)[1],
            "workers_gained": 3.0,
        }
    ]
    promised = {"sites": sites, "stations": list(stations), "actions": rows}
    path = folder / "run.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"stations": {}, "versions": {}, "promised": promised}), "utf-8")
    return path


def asked(folder: Path, price: float, *, stations: Any = STATIONS, **more: Any) -> Study:
    run = last_year(folder / "then", **more)
    return study_of(
        folder, MONEY, stations=stations, extra=f'[previous]\nrun = "{run}"\nchange_workers = {price}\n'
    )


def best_of_all(study: Study, price: float) -> float:
    """Worth of the best plan there is: workers covered, and the price for each place where last year's action is done again."""
    x = standing(study)
    near = np.array([np.abs(x - p.x_m) <= TEN_MINUTES_M for p in (*STATIONS, *HOSTS)])
    here = {t: sum(workers(study, g, t) for g in RATES) for t in PERIODS}
    names = [p.name for p in (*STATIONS, *HOSTS)]
    again = {"H3": ("build", "move"), "S3": ("retime",), "S1": ("close",), "H1": ("build", "move")}
    best = -np.inf
    for plan in itertools.product(*[existing_options()] * 3, *[host_options(h.kind) for h in HOSTS]):
        verbs = [o.verb for o in plan]
        if verbs.count("move") > verbs.count("close"):
            continue
        if sum(o.once for o in plan) > 14500 or sum(o.yearly for o in plan) > 12000:
            continue
        got = sum(v in again.get(n, ()) for n, v in zip(names, verbs, strict=True)) * price
        for t in PERIODS:
            on = np.array([open_in(o.hours, t) for o in plan])
            got += here[t][near[on].any(axis=0)].sum() if on.any() else 0.0
        best = max(best, got)
    return float(best)


@pytest.mark.parametrize("price", [0.0, 0.7, 3.0, 8.0])
def test_the_priced_plan_is_the_best_of_every_plan_there_is(tmp_path: Path, price: float) -> None:
    study = asked(tmp_path, price)
    plan, best = study.plan_actions(), best_of_all(study, price)
    assert plan.solution.objective == pytest.approx(best, abs=1e-6)
    assert plan.solution.bound == pytest.approx(best, rel=1e-6)
    n = study.changes("actions").counts()
    assert plan.solution.objective == pytest.approx(plan.after.covered + price * n["kept"], abs=1e-6)
    assert n["kept"] + n["dropped"] == len(THEN)
    again = len(plan.actions) - n["added"]
    assert n["kept"] - 1 <= again <= n["kept"]  # a move may be last year's closing and its building in one
    assert plan.actions["workers_gained"].sum() == pytest.approx(plan.after.covered - plan.before.covered)


def test_dearer_changes_keep_more_and_cover_no_more(tmp_path: Path) -> None:
    plans = [asked(tmp_path / str(p), p) for p in (0.0, 8.0)]
    kept = [s.changes("actions").counts()["kept"] for s in plans]
    covered = [s.plan_actions().after.covered for s in plans]
    assert kept[0] < kept[1]
    assert covered[0] >= covered[1] - 1e-9


def test_building_alone_and_the_money_front_have_no_price(tmp_path: Path) -> None:
    free, dear = asked(tmp_path / "a", 0.0), asked(tmp_path / "b", 50.0)
    alone = [s.plan_actions().build_only for s in (free, dear)]
    assert alone[0] is not None
    assert alone[1] is not None
    assert alone[0].objective == pytest.approx(alone[1].objective)
    tables = [s.money_front(points=3).table["covered"].tolist() for s in (free, dear)]
    assert tables[0] == pytest.approx(tables[1])


def test_what_is_done_is_told_as_done(tmp_path: Path) -> None:
    """H3 stands, S3 is open day and night, S1 is closed; H1 is still to be had."""
    stations = (Place("S2", 900, DAY), Place("S3", 2600, NIGHT), Place("N", 3690, NIGHT))
    study = asked(tmp_path, 2.0, stations=stations)
    rows = study.changes("actions").table.set_index("place_id")
    assert rows["change"].loc[["H3", "S3", "S1"]].tolist() == ["built"] * 3
    assert set(rows["why"].loc[["H3", "S3", "S1"]]) == {"done"}
    assert rows["change"].loc["H1"] in ("kept", "dropped")


def test_a_dropped_action_says_what_it_would_add(tmp_path: Path) -> None:
    study = asked(tmp_path, 0.0)
    table = study.changes("actions").table
    gone = table[table["change"] == "dropped"]
    assert len(gone)  # else nothing is tested
    problem, plan = study.stages.value("action_problem"), study.plan_actions()
    chosen = plan.solution.chosen
    for row in gone[gone["why"] == "less"].itertuples():
        at_ = int(np.flatnonzero(problem.places.table["place_id"] == row.place_id)[0])
        verbs = ("build", "move") if row.verb == "build" else (row.verb,)
        others = chosen[problem.place[chosen] != at_]
        own = [
            o for o in range(len(problem.place))
            if problem.place[o] == at_ and problem.options.table["verb"].iloc[o] in verbs
        ]  # fmt: skip
        gain = max(problem.workers(np.append(others, o)) for o in own) - problem.workers(chosen)
        assert row.workers_now == pytest.approx(gain)


def test_a_plan_without_actions_counts_as_one_that_builds(tmp_path: Path) -> None:
    run = last_year(tmp_path / "then")
    raw = json.loads(run.read_text("utf-8"))
    raw["promised"]["actions"] = None
    run.write_text(json.dumps(raw), "utf-8")
    study = study_of(tmp_path, MONEY, extra=f'[previous]\nrun = "{run}"\nchange_workers = 100\n')
    found = study.changes("actions")
    assert found.table.loc[found.table["change"] == "kept", "place_id"].tolist() == ["H3"]
    assert "PRV-004" in {f.code for f in study.stages.findings()}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_run_with_five_verbs_is_read_back_the_next_year(tmp_path: Path, language: str) -> None:
    """The same town a year on: everything is kept; products of both plans say so."""
    first = study_of(tmp_path / "a", MONEY)
    first.run(tmp_path / "a" / "out")
    promised = json.loads((tmp_path / "a" / "out" / "run.json").read_text("utf-8"))["promised"]
    assert len(promised["actions"]) == len(first.plan_actions().actions)
    again = study_of(
        tmp_path / "b", MONEY, extra=f'[previous]\nrun = "{tmp_path / "a" / "out"}"\nchange_workers = 1\n'
    )
    again = again.with_(study__language=language)
    run = again.run(tmp_path / "b" / "out")
    n = again.changes("actions").counts()
    assert (n["dropped"], n["added"], n["built"]) == (0, 0, 0)
    assert n["kept"] == len(promised["actions"]) == run["previous"]["actions"]["kept"]
    report = (tmp_path / "b" / "out" / "report.html").read_text("utf-8")
    assert ("五类行动与上年方案对照" if language == "zh" else "The five verbs against last year") in report
