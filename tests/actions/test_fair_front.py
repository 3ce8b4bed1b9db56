"""Workers against the worst-off district, by the five verbs, beside every plan there is on a street of two districts."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.equity.indices import gini, kolm_pollak_ede, kolm_pollak_kappa
from planner.errors import PlannerError
from planner.study.study import Study, open_study
from tests.actions.test_five_verbs import (
    HOSTS,
    STATIONS,
    existing_options,
    host_options,
    open_in,
    study_of,
)
from tests.actions.test_previous import last_year
from tests.study.town import PERIODS, RATES, TEN_MINUTES_M, _district, standing, workers

BUDGET, YEARLY = 21000, 14000
PLACES = (*STATIONS, *HOSTS)


def town(folder: Path, more: str = "") -> Study:
    """The street of the five verbs in two districts, the east with fewer people and fewer stations."""
    path = study_of(folder, f"budget_yuan = {BUDGET}\nyearly_yuan = {YEARLY}\n{more}").source
    assert path is not None
    layer = json.loads((folder / "districts.geojson").read_text("utf-8"))
    layer["features"] = [_district("west", 0, 2000, 7000), _district("east", 2000, 4000, 3000)]
    (folder / "districts.geojson").write_text(json.dumps(layer), "utf-8")
    return open_study(path)


def every(study: Study) -> list[tuple[float, float]]:
    """(workers covered, least share of a district) of every plan within the money."""
    x = standing(study)
    east = (study.demand_points["district"] == "east").to_numpy()
    near = np.array([np.abs(x - p.x_m) <= TEN_MINUTES_M for p in PLACES])
    here = {t: sum(workers(study, g, t) for g in RATES) for t in PERIODS}
    whole = sum(here.values())
    found = []
    for plan in itertools.product(*[existing_options()] * 3, *[host_options(h.kind) for h in HOSTS]):
        verbs = [o.verb for o in plan]
        moves = [p.x_m for p, v in zip(PLACES, verbs, strict=True) if v == "move"]
        closes = [p.x_m for p, v in zip(PLACES, verbs, strict=True) if v == "close"]
        if any(
            sum((m > 2000) == side for m in moves) > sum((c > 2000) == side for c in closes)
            for side in (True, False)
        ):
            continue  # a station moves within its district
        if sum(o.once for o in plan) > BUDGET or sum(o.yearly for o in plan) > YEARLY:
            continue
        got = np.zeros(len(x))
        for t in PERIODS:
            on = np.array([open_in(o.hours, t) for o in plan])
            got += here[t] * near[on].any(axis=0)
        shares = [got[side].sum() / whole[side].sum() for side in (east, ~east)]
        found.append((float(got.sum()), float(min(shares))))
    return found


def test_no_plan_there_is_lies_beyond_the_front(tmp_path: Path) -> None:
    study = town(tmp_path)
    front, plans = study.fair_actions(points=4), every(study)
    table = front.table
    assert table["covered"].iloc[0] == pytest.approx(max(c for c, _ in plans))
    assert front.least_bound >= max(s for _, s in plans) - 1e-9
    for row in table.itertuples():
        best = max(c for c, s in plans if s >= row.level - 1e-9)
        assert row.least_share >= row.level - 1e-9
        assert row.covered <= best + 1e-6
        assert row.bound >= best - 1e-6
        assert any(abs(c - row.covered) < 1e-6 and abs(s - row.least_share) < 1e-9 for c, s in plans)
    assert table["covered"].is_monotonic_decreasing
    assert table["least_share"].iloc[-1] > table["least_share"].iloc[0]  # else there is nothing to weigh


def test_the_least_share_is_lifted_nearly_as_far_as_any_plan_lifts_it(tmp_path: Path) -> None:
    """Plans between the corners of what prices find can be missed; the bound says by how much at most."""
    study = town(tmp_path)
    best, front = max(s for _, s in every(study)), study.fair_actions(points=2)
    assert 0.98 * best <= front.table["least_share"].max() <= best + 1e-9
    assert front.least_bound >= best - 1e-9


def test_evenness_is_counted_over_districts_and_groups(tmp_path: Path) -> None:
    study = town(tmp_path)
    front = study.fair_actions(points=3)
    x, points = standing(study), study.demand_points
    east = (points["district"] == "east").to_numpy()

    def units(on: dict[str, list[float]]) -> tuple[list[float], list[float]]:
        people, shares = [], []
        for side, g in itertools.product((east, ~east), RATES):
            whole = sum(workers(study, g, t)[side].sum() for t in PERIODS)
            got = 0.0
            for t in PERIODS:
                near = np.array(
                    [np.abs(x - m) <= TEN_MINUTES_M for m in on[t]] or [np.zeros(len(x), bool)]
                ).any(axis=0)
                got += workers(study, g, t)[near & side].sum()
            people.append(whole)
            shares.append(got / whole)
        return people, shares

    now = {t: [s.x_m for s in STATIONS if open_in(s.hours, t)] for t in PERIODS}
    people, shares = units(now)
    kappa = kolm_pollak_kappa(shares, people)
    assert front.today["gini"] == pytest.approx(gini(shares, people))
    assert front.today["ede"] == pytest.approx(kolm_pollak_ede(shares, people, kappa=kappa))
    assert front.today["covered"] == pytest.approx(study.coverage().covered)
    assert front.today["least_share"] == pytest.approx(study.coverage().by_district["share"].min())
    plan = study.plan_actions()
    first = front.table.iloc[0]
    assert first["covered"] == pytest.approx(plan.after.covered)
    assert first["new"] == pytest.approx(plan.after.covered - plan.before.covered)


def test_the_front_shows_itself_and_keeps_money_and_spacing(tmp_path: Path) -> None:
    study = town(tmp_path, "spacing_m = 600")
    front = study.fair_actions(points=3)
    assert "<svg" in front._repr_html_()
    assert "worst-off district" in repr(front)
    assert (front.table["cost_yuan"] <= BUDGET).all()
    assert (front.table["yearly_yuan"] <= YEARLY).all()
    with pytest.raises(PlannerError):
        study.fair_actions(points=1)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Equivalent share (Kolm–Pollak)"), ("zh", "基尼系数（区县×群体）")]
)
def test_the_command_writes_both_fronts_in_the_readers_language(
    tmp_path: Path, language: str, said: str
) -> None:
    path = town(tmp_path).source
    assert path is not None
    path.write_text(path.read_text("utf-8").replace('language = "en"', f'language = "{language}"'), "utf-8")
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["actions", str(path), "--out", str(out), "--frontier"])
    assert result.exit_code == 0, result.output
    assert "frontiers.html" in result.output
    page = (out / "frontiers.html").read_text("utf-8")
    assert said in page
    assert page.count("<svg") == 2
    study = open_study(path)
    with (out / "fair_front.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    table = study.fair_actions().table
    assert [float(r["covered"]) for r in rows] == pytest.approx(table["covered"].tolist())
    last = table.iloc[-1]
    assert f"{100 * last['least_share']:.1f}%" in page
    assert (out / "money_front.csv").read_text("utf-8-sig").count("\n") == 21
    plain = CliRunner().invoke(app, ["actions", str(path), "--out", str(tmp_path / "plain")])
    assert plain.exit_code == 0
    assert not (tmp_path / "plain" / "frontiers.html").exists()


def test_last_year_s_plan_has_no_price_here(tmp_path: Path) -> None:
    run = last_year(tmp_path / "then")
    free = town(tmp_path / "a").fair_actions(points=2)
    dear = town(tmp_path / "b", f'[previous]\nrun = "{run}"\nchange_workers = 50\n')
    assert dear.settings.change_workers == 50
    assert dear.fair_actions(points=2).table["bound"].min() < 100  # workers, no price in them
    assert dear.fair_actions(points=2).table["covered"].max() == pytest.approx(free.table["covered"].max())
