"""Which station serves which cell, counted with a pencil along one street."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest

import planner
from planner.exports.allocation import allocation, allocation_lines
from planner.study.gather import make_bundle
from planner.study.study import Study
from tests.publish.toy import toy_bundle
from tests.study.town import PERIODS, RATES, Place, standing, street_town, workers

STATIONS = (
    Place(
        "day", 500.0, "08:00-18:00"
    ),  # open for half of 06–10, all of 10–14 and 14–17, 1 of 5 hours of 17–22
    Place("always", 900.0, "00:00-24:00"),
    Place("far", 3300.0, "00:00-24:00"),
)
HOSTS = (Place("h1", 1700.0, kind="bank"), Place("h2", 2400.0, "22:00-06:00", kind="bank"))
OPEN = {"day": {"06_10", "10_14", "14_17"}, "h2": {"22_06"}}
#: Minutes of each group: the sweepers' are halved below.
REACH_M = {"rider": 4000 / 6, "sweeper": 4000 / 12}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("allocation")
    path = street_town(
        folder / "town", stations=STATIONS, hosts=HOSTS, siting="p = 2",
        districts={"west": (0.0, 2000.0, 10_000.0), "east": (2000.0, 4000.0, 4000.0)},
    )  # fmt: skip
    text = path.read_text("utf-8")
    path.write_text(text.replace('name = "sweeper"\n', 'name = "sweeper"\nminutes = 5\n'), "utf-8")
    patch = pytest.MonkeyPatch()
    patch.setenv("PLANNER_CACHE", str(folder / "cache"))
    opened = planner.open_study(path)
    assert set(opened.site_stations().chosen["site_id"]) == {"h1", "h2"}
    patch.undo()
    return opened


def by_pencil(study: Study, places: tuple[Place, ...]) -> dict[tuple[str, str | None], float]:
    """(cell, station or None) → workers: in each period each goes to the nearest that is open and within the group's metres."""
    x, cells = standing(study), study.demand_points["cell_id"].to_numpy()
    out: dict[tuple[str, str | None], float] = defaultdict(float)
    for group in RATES:
        for period in PERIODS:
            there = workers(study, group, period)
            for i in range(len(x)):
                near = [(abs(x[i] - p.x_m), p.name) for p in places if period in OPEN.get(p.name, PERIODS)]
                metres, name = min(near)
                out[cells[i], name if metres <= REACH_M[group] else None] += there[i]
    return {k: v for k, v in out.items() if v > 1e-9}


@pytest.mark.parametrize(("plan", "places"), [("today", STATIONS), ("proposal", (*STATIONS, *HOSTS))])
def test_each_worker_goes_to_the_nearest_open_station(
    study: Study, plan: str, places: tuple[Place, ...]
) -> None:
    table = allocation(make_bundle(study.stages), plan)  # type: ignore[arg-type]
    stations = [None if pd.isna(s) else str(s) for s in table["station_id"]]
    got = dict(zip(zip(table["cell_id"], stations, strict=True), table["workers"], strict=True))
    assert len(got) == len(table)
    want = by_pencil(study, places)
    assert got.keys() == want.keys()
    for key, people in want.items():
        assert got[key] == pytest.approx(people), key


def test_its_sums_are_those_of_the_coverage(study: Study) -> None:
    bundle = make_bundle(study.stages)
    for plan, coverage in (("today", bundle.before), ("proposal", bundle.after)):
        table = allocation(bundle, plan)  # type: ignore[arg-type]
        served = table["station_id"].notna()
        assert table["workers"].sum() == pytest.approx(coverage.workers)
        assert table["workers"][served].sum() == pytest.approx(coverage.covered)
        by_district = table[served].groupby("district")["workers"].sum()
        for row in coverage.by_district.itertuples():
            assert by_district[row.district] == pytest.approx(row.covered)


def test_minutes_are_those_of_the_walk(study: Study) -> None:
    table = allocation(make_bundle(study.stages), "today")
    served = table[table["station_id"] == "always"]
    x, points = standing(study), study.demand_points
    alone = [
        c for c in served["cell_id"] if (table["cell_id"] == c).sum() == 1
    ]  # one station for all of a cell's workers
    assert alone
    for cell in alone:
        here = (points["cell_id"] == cell).to_numpy()
        people = points["workers"].to_numpy()[here]
        metres = np.average(np.abs(x[here] - 900.0), weights=people)
        assert served.set_index("cell_id").loc[cell, "minutes"] == pytest.approx(
            metres / (4000 / 60), abs=0.01
        )


def test_lines_run_from_the_workers_to_the_station(study: Study) -> None:
    bundle = make_bundle(study.stages)
    table = allocation(bundle, "proposal")
    lines = allocation_lines(table)
    assert len(lines) == table["station_id"].notna().sum()
    ends = dict(zip(bundle.stations["station_id"], bundle.stations.geometry, strict=True))
    ends |= dict(zip(bundle.chosen["site_id"], bundle.chosen.geometry, strict=True))
    points = dict(zip(bundle.demand["cell_id"], bundle.demand["point"], strict=True))
    for line in lines.itertuples():
        start, end = line.geometry.boundary.geoms
        assert start.distance(points[line.cell_id]) < 1e-6
        assert end.distance(ends[line.station_id]) < 1e-6
        assert line.is_new == line.station_id.startswith("h")


def test_a_station_that_the_plan_closes_serves_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    path = street_town(
        tmp_path, stations=(Place("old", 1000.0), Place("stays", 3000.0)), hosts=(Place("h1", 1100.0), Place("h2", 3900.0)),
        extra="[siting.goal]\nrelocate = 1\n",
    )  # fmt: skip
    bundle = make_bundle(planner.open_study(path).stages)
    assert len(bundle.closed) == 1
    served = set(allocation(bundle, "proposal")["station_id"].dropna())
    assert not served & set(bundle.closed)
    assert set(bundle.closed) <= set(allocation(bundle, "today")["station_id"].dropna())
    table = allocation(bundle, "proposal")
    assert table["workers"][table["station_id"].notna()].sum() == pytest.approx(bundle.after.covered)


def test_a_bundle_made_by_hand_has_no_travel_times() -> None:
    with pytest.raises(ValueError, match="travel times"):
        allocation(toy_bundle(), "today")


def test_the_files_hold_the_same(study: Study, tmp_path: Path) -> None:
    study.export(tmp_path, "allocation")
    bundle = make_bundle(study.stages)
    for plan, coverage in (("today", bundle.before), ("proposal", bundle.after)):
        rows = pd.read_csv(tmp_path / f"allocation_{plan}.csv", encoding="utf-8-sig")
        assert "synthetic" not in rows  # the town's data are none
        served = rows["station_id"].notna()
        assert rows["workers"].sum() == pytest.approx(coverage.workers, abs=0.0005 * len(rows))
        assert rows["workers"][served].sum() == pytest.approx(coverage.covered, abs=0.0005 * len(rows))
        lines = pyogrio.read_dataframe(tmp_path / "allocation.gpkg", layer=f"allocation_{plan}")
        assert lines.crs.to_epsg() == 4326
        assert sorted(lines["cell_id"]) == sorted(rows["cell_id"][served])
        assert lines["minutes"].max() <= 10
        assert list(lines["is_new"]) == [s.startswith("h") for s in lines["station_id"]]
        assert rows["cell_lng_wgs84"].between(120, 121).all()
