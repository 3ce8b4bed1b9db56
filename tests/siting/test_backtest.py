"""Openings of a dated list hidden: on a pencil town, and through the facade."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from planner.errors import AbsentError
from planner.evidence.backtest import hide_openings, snapshots_of
from planner.siting.solve import Look
from planner.study.study import Study, open_study
from planner.study.terminal import backtest_text
from tests.study.town import Place, at, reach, street_town, write_table

LOOK = Look(work_limit=20, gap=0.0, time_limit_s=20.0, seed=0)
#: Six points in a row; stations A (first list), B, C (second), D (third); candidates E, F.
COVERS = sparse.csr_array(
    np.array(
        [
            [1, 1, 0, 0, 0, 0],  # A covers 0, 1
            [0, 1, 1, 0, 0, 0],  # B covers 1, 2
            [0, 0, 1, 1, 0, 0],  # C covers 2, 3
            [0, 0, 0, 0, 1, 0],  # D covers 4
            [0, 0, 0, 1, 1, 0],  # E covers 3, 4
            [0, 0, 0, 0, 0, 1],  # F covers 5
        ]
    )
)
WORKERS = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
RESIDENTS = np.array([100.0, 1.0, 90.0, 5.0, 4.0, 3.0])


def test_openings_hidden_by_pencil() -> None:
    table = hide_openings(COVERS, WORKERS, RESIDENTS, np.array([0, 1, 1, 2]), LOOK, seed=0, random_plans=4000)
    first, second = table.to_dict("records")
    # from A alone (30 covered) two were opened: B and C bring 30 + 40; E and F would bring 90 + 60
    assert (first["before"], first["opened"], first["covered"]) == (1, 2, 30.0)
    assert (first["real"], first["planner"], first["bound"]) == (70.0, 150.0, 150.0)
    # most residents: C (95) with E (5 + 4, of which 5 again) or F (3) or D (4): C and D or E bring 99: 70 + 50 workers
    assert first["population"] == 120.0
    sets = {1: {1, 2}, 2: {2, 3}, 3: {4}, 4: {3, 4}, 5: {5}}
    gains = [
        sum(WORKERS[k] for k in (sets[a] | sets[b]) - {0, 1}) for a, b in itertools.combinations(sets, 2)
    ]
    assert first["random"] == pytest.approx(np.mean(gains), rel=0.02)
    assert (first["random_low"], first["random_high"]) == (min(gains), max(gains))
    # from A, B, C (100 covered) one was opened: D brings 50, F would bring 60, of E's only point 4 is new
    assert (second["before"], second["opened"], second["covered"]) == (3, 1, 100.0)
    assert (second["real"], second["planner"], second["population"]) == (50.0, 60.0, 50.0)


def test_a_station_without_a_date_stands_from_the_first_snapshot_on() -> None:
    names, born = snapshots_of(pd.Series(["2025-07-15", None, "2024-01-24", "2025-07-15", "2023-12-31"]))
    assert names == ["2023-12-31", "2024-01-24", "2025-07-15"]
    assert born.tolist() == [2, 0, 1, 2, 0]


def dated_town(folder: Path, dates: list[str]) -> Study:
    """Four stations with dates on 6 km of street, people in a grid of two points."""
    stations = [Place("a", 500), Place("b", 700), Place("c", 2500), Place("d", 5500)]
    path = street_town(
        folder, stations=stations, hosts=[Place("H", 4000)], districts={"mid": (0.0, 6000.0, 10_000.0)},
        extra='[inputs.population]\nkind = "grid"\npath = "people.csv"\ncolumn = "n"\ncrs = "EPSG:4326"\n',
    )  # fmt: skip
    write_table(folder / "people.csv", ["lng", "lat", "n"], [(*at(2500), 9000), (*at(5500), 1000)])
    rows = [(s.name, s.name, *at(s.x_m), s.hours, "正常", d) for s, d in zip(stations, dates, strict=True)]
    head = ["编号", "站点名称", "经度", "纬度", "开放时间", "状态", "统计日期"]
    write_table(folder / "stations.csv", head, rows)
    return open_study(path)


def test_a_dated_list_through_the_facade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    study = dated_town(tmp_path, ["2024-01-24", "2025-01-01", "2025-07-15", "2025-07-15"])
    table = study.backtest().set_index("snapshot")
    assert list(table.index) == ["2025-01-01", "2025-07-15"]
    workers = study.demand_points["workers"].to_numpy()
    near = {
        name: reach(study, [Place(name, x)]) > 0
        for name, x in (("a", 500), ("b", 700), ("c", 2500), ("d", 5500), ("H", 4000))
    }
    row = table.loc["2025-01-01"]
    assert (row["before"], row["opened"]) == (1, 1)
    assert row["covered"] == pytest.approx(workers[near["a"]].sum())
    fresh = {k: workers[v & ~near["a"]].sum() for k, v in near.items() if k != "a"}
    assert row["real"] == pytest.approx(fresh["b"])
    assert row["planner"] == pytest.approx(max(fresh.values()))
    assert row["population"] == pytest.approx(fresh["c"]), "most residents live there"
    then = table.loc["2025-07-15"]
    assert (then["before"], then["opened"]) == (2, 2)
    assert then["real"] == pytest.approx(workers[(near["c"] | near["d"]) & ~near["a"] & ~near["b"]].sum())
    assert then["planner"] >= then["real"]


def test_a_list_without_dates_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    study = dated_town(tmp_path, ["2024-01-24"] * 4)
    with pytest.raises(AbsentError, match="1 different dates"):
        study.backtest()


@pytest.mark.parametrize(("language", "head"), [("en", "really opened"), ("zh", "实际新增覆盖")])
def test_the_command_prints_a_line_per_snapshot(language: str, head: str) -> None:
    table = hide_openings(COVERS, WORKERS, RESIDENTS, np.array([0, 1, 1, 2]), LOOK, seed=0, random_plans=10)
    table.insert(0, "snapshot", ["2025-01-01", "2025-07-15"])
    _, heads, first, second = backtest_text(table, language).splitlines()
    assert head in heads
    assert first.split()[:7] == ["2025-01-01", "1", "2", "30", "70", "150", "150"]
    assert second.split()[:7] == ["2025-07-15", "3", "1", "100", "50", "60", "60"]
