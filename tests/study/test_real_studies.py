"""The main job on real streets, from study file to products, checked against networkx."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.roads.reach import snap, travel_times
from planner.study.terminal import summary
from tests.facts.referee import judge
from tests.street_referee import seconds_to_sites

STUDIES = Path(__file__).resolve().parents[1] / "studies"
NAMES = ("gusu", "nanshan", "liechtenstein")
PRODUCTS = {
    "map.html", "recommendations.xlsx", "recommendations.csv", "plan.gpkg", "report.html", "report.docx",
    "checks.html", "run.json",
}  # fmt: skip

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module", params=NAMES)
def done(request, shared_data, tmp_path_factory):
    study = planner.open_study(STUDIES / f"{request.param}.toml")
    out = tmp_path_factory.mktemp(request.param)
    return study, study.run(out), out


def test_every_product_is_there_and_says_before_is_nothing(done) -> None:
    study, run, out = done
    assert {p.name for p in out.iterdir()} >= PRODUCTS
    assert json.loads((out / "run.json").read_text("utf-8")) == run
    assert run["coverage"]["before"]["covered"] == 0
    assert run["stations"]["chosen"] == study.settings.siting.p
    assert run["stations"]["gap"] <= study.settings.study.accept_gap
    shares = run["coverage"]["after"]["by_radius_m"]
    assert 0 < shares["500"] <= shares["667"] <= shares["833"] <= 1


def test_every_product_says_what_is_registered(done) -> None:
    study, run, out = done
    language = study.settings.study.language
    names = {g.label(language): g.name for g in study.settings.groups}
    names |= {d[f"name_{language}"]: d["district"] for _, d in study.districts.iterrows()}
    said = summary(run, out, study.settings.study.language)
    assert [str(d) for d in judge(out, terminal=said, names=names)] == []


def test_travel_times_agree_with_networkx_for_fifty_pairs(done) -> None:
    study, _, _ = done
    network, rng = study.network("walk"), np.random.default_rng(50)
    rows = rng.choice(len(study.demand), min(400, len(study.demand)), replace=False)
    here = snap(network, study.site_stations().chosen.geometry.iloc[:8])
    there = snap(network, study.demand["point"].iloc[rows], limit_m=400)
    found = travel_times(network, here, there, cutoff_s=3600).seconds.tocoo()
    expected = seconds_to_sites(network, here, there, cutoff_s=3600)
    assert found.nnz >= 50
    pick = rng.choice(found.nnz, 50, replace=False)
    i, j = found.coords[0][pick], found.coords[1][pick]
    assert found.data[pick] == pytest.approx(expected[i, j], abs=0.1)


def test_what_is_printed_as_covered_is_covered_by_networkx(done) -> None:
    study, _, _ = done
    network, plan = study.network("walk"), study.site_stations()
    rows = np.random.default_rng(30).choice(len(study.demand), 30, replace=False)
    here = snap(network, plan.chosen.geometry)
    there = snap(network, study.demand["point"].iloc[rows])
    near = np.isfinite(seconds_to_sites(network, here, there, cutoff_s=600)).sum(axis=0)
    assert plan.after.cells["stations"].iloc[rows].tolist() == near.tolist()
    # a cell is covered as far as its points are: every point of ten of them
    points, cells = study.demand_points, rows[:10]
    mine = np.flatnonzero(np.isin(study.stages.value("demand").points.cell, cells))
    reached = seconds_to_sites(network, here, snap(network, points.geometry.iloc[mine]), cutoff_s=600)
    any_hour = points["workers"].iloc[mine].where(np.isfinite(reached).any(axis=0), 0.0)
    sums = any_hour.groupby(points["cell_id"].iloc[mine], observed=True).sum()
    found = plan.after.cells["covered_any_hour"].iloc[cells].to_numpy()
    assert found == pytest.approx(sums[study.demand["cell_id"].iloc[cells]].to_numpy(), abs=1e-6)
