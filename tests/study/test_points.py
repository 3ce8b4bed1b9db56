"""Demand points through the facade: what a plan covers on its own points and on others, by pencil."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import planner
from planner.errors import PlannerError
from tests.study.town import TEN_MINUTES_M, X0, Place, at, site_list, street_town, write_table

#: Workers per metre of a street of 4 km whose district has 10,000 residents, 10 per 1,000 of them workers.
PER_M = 100 / 4000


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))


def near(x: np.ndarray, *places: float) -> np.ndarray:
    return (np.abs(x[:, None] - np.array(places)) <= TEN_MINUTES_M).any(axis=1)


def town(folder: Path, **more) -> planner.Study:
    return planner.open_study(
        street_town(
            folder / "town", stations=[Place("old", 1000)], hosts=[Place("A", 3000), Place("B", 2800)], **more
        )
    )


def test_workers_stand_in_the_middle_of_each_hundred_metres_and_cells_sum_them(tmp_path: Path) -> None:
    study = town(tmp_path)
    points = study.demand_points
    x = points.geometry.x.to_numpy() - X0
    assert np.sort(x) == pytest.approx(np.arange(50, 4000, 100), abs=0.01)
    assert points["workers"].to_numpy() == pytest.approx(np.full(40, 100 * PER_M), rel=1e-5)
    assert study.coverage().covered == pytest.approx(near(x, 1000).sum() * 100 * PER_M, rel=1e-5)
    cells = study.demand.set_index("cell_id")["workers"]
    sums = points.groupby("cell_id", observed=True)["workers"].sum()
    assert cells.to_numpy() == pytest.approx(sums[cells.index].to_numpy())
    partly = study.coverage().cells["covered"].to_numpy() / study.demand["workers"].to_numpy()
    assert sorted(set(np.round(partly, 6))) == [
        0,
        0.5,
        1,
    ]  # two pieces a cell, one of them in reach at the ends


def test_neither_size_nor_origin_of_the_cells_moves_a_site(tmp_path: Path) -> None:
    study = town(tmp_path)
    plan = study.site_stations()
    for change in ({"demand__cell_m": 350.0}, {"demand__cell_origin_m": (100.0, 30.0)}):
        other = study.with_(**change)
        assert (
            len(other.demand) != len(study.demand) or (other.demand.geometry != study.demand.geometry).any()
        )
        again = other.site_stations()
        assert again.chosen["site_id"].tolist() == plan.chosen["site_id"].tolist()
        assert again.after.covered == pytest.approx(plan.after.covered, rel=1e-12)


def test_a_plan_is_scored_on_pieces_cut_elsewhere(tmp_path: Path) -> None:
    study = town(tmp_path)
    wished = site_list(tmp_path / "list.csv", [Place("w", 2510)])
    found = study.evaluate(wished, points="50m")
    # each street of 100 m in pieces of 50 m, the first cut after 0.37 of one: 18.5, 50 and 31.5 m
    start = np.arange(0, 4000, 100)[:, None]
    x = (start + np.array([9.25, 43.5, 84.25])).ravel()
    workers = np.tile([18.5, 50, 31.5], 40) * PER_M
    site = float(study.site_stations().chosen.geometry.x.iloc[0] - X0)
    for coverage, places in (
        (found.before, (1000,)),
        (found.wished, (1000, 2510)),
        (found.proposed, (1000, site)),
    ):
        assert coverage.covered == pytest.approx(workers[near(x, *places)].sum(), rel=1e-4)
    assert found.claimed[1].covered == study.site_stations().after.covered
    assert "50 m" in found.describe()
    plain = study.evaluate(wished)
    assert plain.claimed is None
    assert "50 m" not in plain.describe()


def test_a_plan_is_scored_on_the_workers_of_a_file(tmp_path: Path) -> None:
    study = town(tmp_path)
    wished = site_list(tmp_path / "list.csv", [Place("w", 2510)])
    rows = [(*at(900), 7, "rider"), (*at(2600), 4, "sweeper"), (*at(3900), 5, ""), (*at(9000), 50, "rider")]
    seen = write_table(tmp_path / "seen.csv", ["lng", "lat", "count", "group"], rows)
    found = study.evaluate(wished, points=seen)
    assert found.before.workers == pytest.approx(16)  # the fourth lies in no district
    assert found.before.covered == pytest.approx(7)
    assert found.wished.covered == pytest.approx(11)
    by = found.wished.by_group.set_index("group")["workers"]
    assert by["rider"] == pytest.approx(7 + 5 * 0.8)  # of no group: as the study has them, 8 to 2
    empty = write_table(tmp_path / "none.csv", ["lng", "lat", "count"], [(*at(9000), 50)])
    with pytest.raises(PlannerError, match="no point with workers"):
        study.evaluate(wished, points=empty)
    with pytest.raises(PlannerError, match="5 to 1,000 m"):
        study.evaluate(wished, points="3m")
