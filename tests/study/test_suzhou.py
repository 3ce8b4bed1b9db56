"""The embedded Suzhou from end to end: what the first notebook, and a newcomer's first command, give."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.roads.reach import snap
from planner.siting.candidates import proportional_quota_min
from planner.siting.coverage import cover_matrix, cover_weights
from planner.study.terminal import summary
from tests.commands import here
from tests.facts.referee import Facts, judge, sentences_agree
from tests.street_referee import seconds_to_sites

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(suzhou_run):
    """What a newcomer opens, its stages computed by the run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(suzhou_run[0]))
        return planner.open_study()


@pytest.fixture(scope="module")
def done(suzhou_run):
    """``run.json`` and the folder of products."""
    out = suzhou_run[1]
    return json.loads((out / "run.json").read_text("utf-8")), out


def test_it_is_as_large_as_promised_and_says_what_is_synthetic(study, done) -> None:
    run, _ = done
    assert study.network("walk").n_nodes >= 150_000
    assert len(study.hosts) >= 8_000
    assert len(study.open_stations) >= 1_000
    assert len(study.districts) == 10
    assert study.districts["population"].sum() == 12_958_000
    assert run["synthetic"] is True
    assert run["synthetic_note"]


def test_a_newcomers_command_plans_this_suzhou_and_computes_nothing_else(suzhou_run, tmp_path) -> None:
    said = here("run", "--dry-run", cwd=tmp_path, PLANNER_CACHE=str(suzhou_run[0]))
    assert said.returncode == 0, said.stderr
    states = {line.split()[0]: line.split()[1] for line in said.stdout.splitlines() if line.strip()}
    assert set(states.values()) <= {"状态", "沿用", "仅在内存中", "未要求"}, states
    assert states["demand"] == states["siting"] == states["trucks"] == states["actions_solved"] == "沿用"


def test_two_hundred_sites_with_a_certificate(study, done) -> None:
    run, _ = done
    assert run["stations"]["chosen"] == 200
    assert run["stations"]["total"] >= 1_200
    assert run["stations"]["gap"] <= 0.002
    assert run["stations"]["repeatable"] is True
    assert run["stations"]["bound"] >= run["stations"]["objective"]
    assert run["coverage"]["after"]["covered"] == pytest.approx(run["stations"]["objective"], abs=0.1)


def test_every_product_says_what_is_registered(study, done) -> None:
    run, out = done
    names = {g.label("zh"): g.name for g in study.settings.groups}
    assert [str(d) for d in judge(out, terminal=summary(run, out, "zh"), names=names)] == []


def test_readme_and_stored_notebooks_say_what_is_registered(done) -> None:
    facts, root = Facts(done[0]), Path(__file__).resolve().parents[2]
    texts = {"README.md": (root / "README.md").read_text("utf-8")}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        outputs = [o for c in json.loads(path.read_text("utf-8"))["cells"] for o in c.get("outputs", [])]
        shown = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
        texts[path.name] = "\n".join("".join(text) for text in shown)
    found = {name: [str(d) for d in sentences_agree(name, text, facts)] for name, text in texts.items()}
    assert not any(found.values()), found
    assert "SitePlan(200 sites" in texts["01_quick_start.ipynb"]
    assert "151,738 outdoor workers" in texts["README.md"]
    assert re.search(r"All 3 are limited\s+by bays.*?; 20 choices of three", texts["README.md"], re.DOTALL)
    low, high = (f"{facts.find('newly_covered', plan='gain')[end]:,.0f}" for end in ("low", "high"))
    assert f"{low} to {high} newly covered" in texts["README.md"]


def test_bands_come_from_the_draws(study, done) -> None:
    surfaces = study.stages.value("demand").surfaces.astype(float)
    found = next(f for f in done[0]["facts"] if f["id"] == "workers" and f["scope"]["groups"] == "headline")
    band = [np.quantile(surfaces.sum(axis=1), q, method="weibull") for q in (0.05, 0.95)]
    assert [found["low"], found["high"]] == pytest.approx(band, rel=1e-5)


def test_every_district_gets_its_quota(study) -> None:
    chosen = study.site_stations().chosen
    for district, least in proportional_quota_min(study.districts, 200).items():
        assert (chosen["district"] == district).sum() >= least


def test_reasons_are_whole_sentences_in_both_languages(study) -> None:
    chosen = study.site_stations().chosen
    for site in chosen.itertuples():
        assert site.reason == site.reason_zh
        assert re.search("[一-鿿].*。$", site.reason_zh)
        assert site.reason_en.endswith(".")
        assert "nan" not in site.reason_en.lower().split()


def test_no_replacement_is_out_of_reach_and_no_reason_is_said_twice(study) -> None:
    chosen, table = study.site_stations().chosen, study.replacements()
    assert len(table) >= 500
    assert table["distance_m"].max() <= 4000 / 6
    best = table[table["place"] == 1].set_index("rank")
    for site in chosen.itertuples():
        far = (
            f" {best.loc[site.rank, 'distance_m']:,.0f} 米外的" if site.rank in best.index else "无可替代场所"
        )
        assert far in site.reason_zh
        near = f"“{site.nearest_station}”步行 {site.nearest_station_m:,.0f} 米"
        assert (near if np.isfinite(site.nearest_station_m) else "步行一小时内没有现有站点") in site.reason_zh
    for language, stop in (("zh", "；"), ("en", "; ")):
        clauses = pd.Series(
            [c for reason in chosen[f"reason_{language}"] for c in reason.rstrip("。.").split(stop)]
        )
        assert clauses.value_counts().max() <= 2
    far = ~np.isfinite(chosen["nearest_station_m"])
    assert (chosen["nearest_station"].isin(study.open_stations["name"]) | far).all()
    assert far.sum() <= 5


def test_gains_in_the_list_sum_to_what_is_newly_covered(study) -> None:
    plan = study.site_stations()
    new = plan.after.covered - plan.before.covered
    assert plan.chosen["workers_gained"].sum() == pytest.approx(new, rel=1e-6)


def test_the_solver_and_the_coverage_agree_about_what_is_covered_today(study) -> None:
    reach = study.stages.value("existing")
    access, open_share = reach.access, reach.open_share
    covers = cover_matrix(access, open_share >= study.settings.circle.open_share)
    points = study.stages.value("demand").points
    rows = points.merged(np.arange(len(points)), len(points))
    weights = cover_weights(rows, access, [p.name for p in study.settings.periods])
    reached = np.asarray(covers.sum(axis=0)).ravel() > 0
    assert weights[reached].sum() == pytest.approx(study.coverage().covered)


def test_thirty_random_cells_are_covered_as_networkx_says(study) -> None:
    network, demand = study.network("walk"), study.demand
    rows = np.random.default_rng(7).choice(len(demand), 30, replace=False)
    there = snap(network, demand["point"].iloc[rows])
    xy = np.c_[there.x_m, there.y_m]
    stations = study.open_stations
    points = np.c_[stations.geometry.x, stations.geometry.y]
    gap = np.sqrt(((points[:, None, :] - xy[None, :, :]) ** 2).sum(axis=2)).min(axis=1)
    near = stations[gap < 1000]  # farther stations cannot be reached on foot in ten minutes
    found = seconds_to_sites(network, snap(network, near.geometry), there, cutoff_s=600)
    expected = np.isfinite(found).sum(axis=0)
    assert study.coverage().cells["stations"].iloc[rows].tolist() == expected.tolist()


def test_the_money_of_the_five_verbs_is_what_the_new_stations_cost(study) -> None:
    """Running costs by hand: straight between nothing, 12 hours (2,400), 18 (6,000) and 24 (9,600)."""
    chosen = study.site_stations().chosen
    minutes = []
    for text in chosen["open_hours"]:
        ends = [[int(t[:2]) * 60 + int(t[3:]) for t in span.split("-")] for span in text.split(";")]
        minutes.append(sum((b - a) % 1440 or 1440 for a, b in ends))
    yearly = np.interp(minutes, [0, 720, 1080, 1440], [0, 2400, 6000, 9600]).sum()
    actions = study.settings.actions
    assert actions.budget_yuan == pytest.approx(chosen["cost_yuan"].sum())
    assert actions.yearly_yuan == pytest.approx(yearly)


def test_five_verbs_do_more_than_building_alone_and_are_nearly_proven_best(study, done) -> None:
    block, plan = done[0]["actions"], study.plan_actions()
    new = block["covered"] - done[0]["coverage"]["before"]["covered"]
    alone = block["build_only"]["objective"] - done[0]["coverage"]["before"]["covered"]
    assert new >= 1.1 * alone
    assert new >= 1.1 * (done[0]["coverage"]["after"]["covered"] - done[0]["coverage"]["before"]["covered"])
    assert block["cost_yuan"] <= study.settings.actions.budget_yuan
    assert block["yearly_yuan"] <= study.settings.actions.yearly_yuan
    assert block["gap"] <= 0.002
    assert block["gap_of_new"] <= 0.01
    assert plan.after.covered == pytest.approx(
        plan.solution.objective, abs=1e-3
    )  # counted afresh on all points
    assert plan.actions["workers_gained"].sum() == pytest.approx(new, abs=0.1)
