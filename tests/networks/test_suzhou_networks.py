"""The networks of the embedded Suzhou: each planned and certified, money shared never worse than apart."""

from __future__ import annotations

import json

import pytest

import planner

pytestmark = pytest.mark.slow

SHARED = ("mothers", "night_stops", "ride_hail_stops")


@pytest.fixture(scope="module")
def study(suzhou_run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(suzhou_run[0]))
        yield planner.open_study()


@pytest.fixture(scope="module")
def plan(study):
    return study.plan_networks()


def test_a_plain_run_leaves_them_out(suzhou_run) -> None:
    run = json.loads((suzhou_run[1] / "run.json").read_text("utf-8"))
    assert run["networks"] is None
    assert not any(s["name"].startswith("union:") for s in run["stages"])


def test_every_network_is_planned_with_a_small_gap(study, plan) -> None:
    new = {name: len(p.chosen) for name, p in plan.plans.items()}
    assert new == {"mothers": 100, "carnation": 148, "ride_hail_stops": 20, "night_stops": 100}
    assert [f.code for f in plan.findings] == ["UNI-021"]  # 198 + 100 mothers' stops, 150 taken: 148 are left
    for p in plan.plans.values():
        assert p.solution.gap <= study.settings.study.accept_gap
        assert p.solution.repeatable
        assert p.before < p.after <= p.solution.bound + 1e-6
    stops = {
        *study.stages.value("union:lists").places["mothers"]["place_id"],
        *plan.plans["mothers"].chosen["place_id"],
    }
    assert set(plan.plans["carnation"].chosen["place_id"]) <= stops


def test_the_plan_is_what_another_count_finds(study, plan) -> None:
    after = study.circle(planned=True).table.set_index("network")
    for name, p in plan.plans.items():
        assert after.loc[name, "served"] == pytest.approx(p.after, rel=1e-6)
    assert study.circle("stations").covered == pytest.approx(study.coverage().covered, rel=1e-6)
    assert after.loc["stations", "covered"] == pytest.approx(study.site_stations().after.covered, rel=1e-6)


def test_a_review_closes_nobodys_room(plan) -> None:
    rooms = plan.reviews["reading_rooms"]
    assert len(rooms) == 1373
    assert 0 < rooms["may_close"].sum() <= (rooms["verdict"] == "redundant").sum() < len(rooms)


def test_double_service_falls_with_fewer_networks_and_rises_with_partners(study) -> None:
    all_ = study.circle()
    assert study.circle(["stations", "mothers"]).twice < all_.twice < all_.covered
    partners = study.with_(union__count_partners=True).circle()
    assert partners.covered > all_.covered
    assert partners.twice > all_.twice


def test_a_common_budget_is_never_worse_than_a_split_of_it(study) -> None:
    """The budget of the ninth notebook; every split of small budgets is tried in ``test_shared.py``."""
    budget, worth = 1.5e6, {"night_stops": 20.0, "ride_hail_stops": 5.0}
    changes = {f"networks__{n}__shares_budget": True for n in SHARED}
    changes |= {f"networks__{n}__worth": w for n, w in worth.items()}
    pool = study.with_(union__budget_yuan=budget, **changes).plan_networks().pool
    assert pool.spent_yuan <= budget
    assert pool.worth_apart <= pool.worth <= pool.bound
    assert pool.gap <= study.settings.study.accept_gap
    own = {f"networks__{n}__budget_yuan": budget * s for n, s in zip(SHARED, (0.6, 0.2, 0.2), strict=True)}
    apart = study.with_(**own).plan_networks().plans
    gained = sum(worth.get(n, 1.0) * (apart[n].after - apart[n].before) for n in SHARED)
    assert pool.worth >= gained - 1e-6
