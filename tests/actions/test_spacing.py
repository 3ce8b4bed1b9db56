"""Stations that must be apart: beside every plan there is, on the town by pencil; and plans without any limit on money."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import InputError
from planner.study.study import Study
from tests.actions.test_five_verbs import (
    HOSTS,
    STATIONS,
    existing_options,
    host_options,
    open_in,
    study_of,
)
from tests.study.town import PERIODS, RATES, TEN_MINUTES_M, standing, workers

MONEY = "budget_yuan = 30000\nyearly_yuan = 30000\n"
PLACES = (*STATIONS, *HOSTS)


def best_of_all(study: Study, apart: float, new_apart: float = 0.0) -> float:
    """The most workers of every plan there is in which no new station stands too near an open one (or another new one)."""
    x = standing(study)
    near = np.array([np.abs(x - p.x_m) <= TEN_MINUTES_M for p in PLACES])
    here = {t: sum(workers(study, g, t) for g in RATES) for t in PERIODS}
    best = -np.inf
    for plan in itertools.product(*[existing_options()] * 3, *[host_options(h.kind) for h in HOSTS]):
        verbs = [o.verb for o in plan]
        if verbs.count("move") > verbs.count("close"):
            continue
        if sum(o.once for o in plan) > 30000 or sum(o.yearly for o in plan) > 30000:
            continue
        if any(too_near(plan, i, j, apart, new_apart) for i, j in itertools.combinations(range(6), 2)):
            continue
        got = 0.0
        for t in PERIODS:
            on = np.array([open_in(o.hours, t) for o in plan])
            got += here[t][near[on].any(axis=0)].sum() if on.any() else 0.0
        best = max(best, got)
    return float(best)


def too_near(plan: tuple, i: int, j: int, apart: float, new_apart: float) -> bool:
    metres = abs(PLACES[i].x_m - PLACES[j].x_m)
    if not plan[i].hours or not plan[j].hours or j < 3:  # closed; or both of today
        return False
    return metres < apart or (i >= 3 and metres < new_apart)


@pytest.mark.parametrize("apart", [0.0, 450.0, 1000.0, 1500.0, 2000.0])
def test_with_spacing_the_plan_is_the_best_of_those_that_keep_it(tmp_path: Path, apart: float) -> None:
    study = study_of(tmp_path, f"{MONEY}spacing_m = {apart}")
    plan, best = study.plan_actions(), best_of_all(study, apart)
    assert plan.after.covered == pytest.approx(best, abs=1e-6)
    assert plan.solution.bound == pytest.approx(best, rel=1e-6)
    assert_apart(study, apart)


def test_the_spacing_binds_at_all(tmp_path: Path) -> None:
    study = study_of(tmp_path, MONEY)
    best = [best_of_all(study, m) for m in (0.0, 1000.0, 1500.0, 2000.0)]
    assert best[0] > best[1] > best[2] > best[3]


@pytest.mark.parametrize("apart", [800.0, 1600.0])
def test_the_spacing_of_new_stations_holds_for_the_five_verbs_too(tmp_path: Path, apart: float) -> None:
    study = study_of(tmp_path, MONEY).with_(siting__goal__spacing_m=apart)
    best = best_of_all(study, 0.0, apart)
    assert study.plan_actions().after.covered == pytest.approx(best, abs=1e-6)


def assert_apart(study: Study, apart: float) -> None:
    problem, chosen = study.stages.value("action_problem"), study.plan_actions().solution.chosen
    standing_ = problem.place[chosen[problem.stands[chosen]]]
    x, old = problem.places.table.geometry.x.to_numpy(), problem.places.rows("existing")
    for a, b in itertools.combinations(standing_.tolist(), 2):
        if not np.isin([a, b], old).all():
            assert abs(x[a] - x[b]) >= apart


def test_a_substitute_keeps_the_spacing_too(tmp_path: Path) -> None:
    """H1's neighbour within reach is H2, 700 m off, too near S3 (400 m) once S3 stays open."""
    free = study_of(
        tmp_path / "a",
        f'{MONEY}most = {{ close = 0, move = 0 }}\nforbidden = [{{ verb = "build", place = "H2" }}]',
    )
    assert free.plan_actions()
    kept = study_of(tmp_path / "b", f"{MONEY}most = {{ close = 0, move = 0 }}\nspacing_m = 450")
    table = kept.plan_actions().actions.set_index("place_id")
    assert "H2" not in set(table["substitute_id"])
    assert "H2" not in table.index


@pytest.mark.parametrize("other", ["build", "move"])
def test_required_stations_too_near_are_refused_by_name(tmp_path: Path, other: str) -> None:
    wanted = f'required = [{{ verb = "build", place = "H1" }}, {{ verb = "{other}", place = "H2" }}]'
    with pytest.raises(InputError) as refused:
        study_of(tmp_path, f"{wanted}\nspacing_m = 800").plan_actions()
    found = [f for f in refused.value.findings if f.code == "ACT-017"]
    assert [(f.value, "H2" in f.message_en, "800" in f.message_zh) for f in found] == [("H1", True, True)]
    assert study_of(tmp_path / "b", f"{wanted}\nspacing_m = 600").plan_actions()


def test_numbers_that_the_spacing_does_not_allow_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        study_of(tmp_path, "least = { build = 3 }\nspacing_m = 1600").plan_actions()
    told = [f for f in refused.value.findings if f.code == "ACT-015"]
    assert told
    assert "apart" in told[0].message_en


def test_a_price_on_close_pairs_stays_refused(tmp_path: Path) -> None:
    study = study_of(tmp_path, MONEY).with_(siting__goal__spacing_m=500.0, siting__goal__spacing_price=2.0)
    with pytest.raises(InputError) as refused:
        study.plan_actions()
    assert [f.field for f in refused.value.findings if f.code == "ACT-007"] == ["siting.goal.spacing_price"]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "no limit on money is given"), ("zh", "未设任何资金限制")]
)
def test_the_command_says_that_no_money_is_given(tmp_path: Path, language: str, said: str) -> None:
    for name, actions in (("none", ""), ("some", "yearly_yuan = 9000")):
        path = study_of(tmp_path / name, actions).source
        assert path is not None
        path.write_text(
            path.read_text("utf-8").replace('language = "en"', f'language = "{language}"'), "utf-8"
        )
        result = CliRunner().invoke(app, ["actions", str(path), "--out", str(tmp_path / "out")])
        assert result.exit_code == 0, result.output
        assert (said in result.output) == (name == "none")
        assert ("ACT-016" in result.output) == (name == "none")
