"""Coverage against a count with plain loops: two ways of travelling, three groups, three periods, chance numbers."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from shapely.geometry import Point, box

from planner.siting.coverage import (
    Access,
    cover_matrix,
    cover_weights,
    measure_coverage,
    nearest_seconds,
    stations_in_reach,
    worker_cube,
)
from planner.siting.gaps import gap_areas

SPEED = 4 / 3.6
PERIODS = ["day", "evening", "night"]
GROUPS = ["rider", "courier", "taxi"]
CELLS, SITES = 30, 7


class City:
    """Workers by cell, group and period, and who reaches what, as plain numbers."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.workers = {
            (c, g, t): float(rng.integers(0, 50)) for c in range(CELLS) for g in GROUPS for t in PERIODS
        }
        self.district = [["a", "b", "c"][int(k)] for k in rng.integers(0, 3, CELLS)]
        self.walk = self._times(rng)
        self.ride = self._times(rng)
        self.open = rng.choice([0.0, 0.4, 0.5, 0.7, 1.0], (SITES, 3))
        self.demand = gpd.GeoDataFrame(
            {
                "district": self.district,
                **{
                    f"{g}__{t}": [self.workers[c, g, t] for c in range(CELLS)]
                    for g in GROUPS
                    for t in PERIODS
                },
            },
            geometry=[box(200 * c, 0, 200 * c + 200, 200) for c in range(CELLS)],
            crs="EPSG:4549",
            index=[f"cell{c}" for c in range(CELLS)],
        )

    @staticmethod
    def _times(rng: np.random.Generator) -> dict[tuple[int, int], float]:
        """(site, cell) → seconds; some nought, some exactly the cutoff, many missing."""
        pairs = [(s, c) for s in range(SITES) for c in range(CELLS) if rng.random() < 0.25]
        return {p: float(rng.choice([0.0, 450.0, 600.0, 601.0, *rng.integers(1, 900, 4)])) for p in pairs}

    @staticmethod
    def _matrix(times: dict[tuple[int, int], float]) -> sparse.csr_array:
        rows, cols = zip(*times, strict=True)
        values = np.array(list(times.values()), dtype=np.float32)
        return sparse.csr_array(sparse.coo_array((values, (rows, cols)), shape=(SITES, CELLS)))

    @property
    def access(self) -> list[Access]:
        return [
            Access(("rider", "courier"), self._matrix(self.walk), 600.0, SPEED),
            Access(("taxi",), self._matrix(self.ride), 700.0),
        ]

    def near(self, group: str, cell: int, period: str | None, radius_m: float | None = None) -> int:
        """Stations in reach of a group's workers in a cell that are open in the period (any hour: None)."""
        times, cutoff = (self.ride, 700.0) if group == "taxi" else (self.walk, 600.0)
        if radius_m is not None and group != "taxi":
            cutoff = radius_m / SPEED
        t = None if period is None else PERIODS.index(period)
        return sum(
            times.get((s, cell), 1e9) <= cutoff and (t is None or self.open[s, t] >= 0.5)
            for s in range(SITES)
        )

    def count(
        self, *, least: int = 1, radius_m: float | None = None, any_hour: bool = False, **only: str
    ) -> float:
        """Workers with ``least`` stations in reach; ``only``: a district, group or period."""
        total = 0.0
        for (c, g, t), n in self.workers.items():
            here = {"district": self.district[c], "group": g, "period": t, "cell": c}
            if all(here[k] == v for k, v in only.items()):
                total += n * (self.near(g, c, None if any_hour else t, radius_m) >= least)
        return total

    def all(self, **only: object) -> float:
        return self.count(least=0, **only)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=[1, 2, 3])
def city(request) -> City:
    return City(request.param)


@pytest.fixture(scope="module")
def found(city):
    return measure_coverage(city.demand, city.access, city.open, periods=PERIODS, night=["evening", "night"])


def test_the_whole_and_its_shares(city: City, found) -> None:
    assert found.workers == city.all()
    assert found.covered == city.count()
    assert found.share == pytest.approx(city.count() / city.all())
    assert found.share_backup == pytest.approx(city.count(least=2) / city.all())
    assert 0 < found.share_backup < found.share < 1
    assert repr(found).startswith(
        f"Coverage({found.covered:,.0f} of {found.workers:,.0f} workers, {found.share:.1%};"
    )
    assert repr(found).endswith(f"{found.share_backup:.1%})")


def test_readings_by_distance_hour_and_night(city: City, found) -> None:
    assert list(found.by_radius_m) == ["500", "667", "833"]
    for radius in (500, 667, 833):
        assert found.by_radius_m[str(radius)] == pytest.approx(city.count(radius_m=radius) / city.all())
    assert found.readings["any_hour"] == pytest.approx(city.count(any_hour=True) / city.all())
    night = [sum(f(period=t) for t in ("evening", "night")) for f in (city.count, city.all)]
    assert found.readings["night"] == pytest.approx(night[0] / night[1])


def test_by_district_group_and_period(city: City, found) -> None:
    for key, names in (
        ("district", list(dict.fromkeys(city.district))), ("group", GROUPS), ("period", PERIODS),
    ):  # fmt: skip
        table = getattr(found, f"by_{key}")
        assert list(table[key]) == names
        for row in table.itertuples():
            one = {key: getattr(row, key)}
            assert row.workers == city.all(**one)
            assert row.covered == city.count(**one)
            assert row.share == pytest.approx(city.count(**one) / city.all(**one))
            assert row.backup_share == pytest.approx(city.count(least=2, **one) / city.all(**one))


def test_districts_come_in_the_order_asked_for_and_strange_cells_in_none(city: City) -> None:
    order = ["c", "z", "a"]
    table = measure_coverage(
        city.demand, city.access, city.open, periods=PERIODS, districts=order
    ).by_district
    assert table["district"].tolist() == order
    assert table["workers"].tolist() == [city.all(district="c"), 0.0, city.all(district="a")]
    assert table["covered"].tolist() == [city.count(district="c"), 0.0, city.count(district="a")]
    assert table.loc[1, ["share", "backup_share"]].tolist() == [0.0, 0.0]


def test_cells_tell_workers_covered_stations_and_metres_on_foot(city: City, found) -> None:
    assert found.cells.index.tolist() == city.demand.index.tolist()
    for c, row in enumerate(found.cells.itertuples()):
        assert row.workers == city.all(cell=c)
        assert row.covered == city.count(cell=c)
        assert row.stations == max(city.near("rider", c, None), city.near("taxi", c, None))
        walks = [v for (_, cell), v in city.walk.items() if cell == c]
        if walks:
            assert row.nearest_m == pytest.approx(min(walks) * SPEED)
        else:
            assert np.isnan(row.nearest_m)


def test_who_is_open_long_enough_is_a_setting(city: City) -> None:
    """At 0.4 of the period more stations count, at 0.7 fewer; the default is a half."""
    strict = City.near

    def covered(need: float) -> float:
        return measure_coverage(city.demand, city.access, city.open, periods=PERIODS, need_open=need).covered

    assert (
        covered(0.4)
        > covered(0.5)
        == measure_coverage(city.demand, city.access, city.open, periods=PERIODS).covered
        > covered(0.7)
    )
    assert strict is City.near


def test_by_default_the_night_is_22_to_6() -> None:
    demand = gpd.GeoDataFrame(
        {"district": ["a"], "rider__17_22": [10.0], "rider__22_06": [4.0]},
        geometry=[box(0, 0, 1, 1)],
        crs="EPSG:4549",
    )
    here = Access(("rider",), sparse.csr_array(np.array([[1.0]], dtype=np.float32)), 600.0, SPEED)
    found = measure_coverage(demand, [here], np.array([[1.0, 0.0]]), periods=["17_22", "22_06"])
    assert found.readings["night"] == 0
    assert found.share == pytest.approx(10 / 14)
    found = measure_coverage(demand, [here], np.array([[0.0, 1.0]]), periods=["17_22", "22_06"])
    assert found.readings["night"] == 1
    assert list(found.by_radius_m) == ["500", "667", "833"]


def test_nobody_and_no_groups_are_nought_and_not_a_fault(city: City) -> None:
    empty = city.demand.assign(**{c: 0.0 for c in city.demand if "__" in str(c)})
    found = measure_coverage(empty, city.access, city.open, periods=PERIODS)
    assert (found.workers, found.covered, found.share, found.share_backup) == (0, 0, 0, 0)
    assert set(found.by_radius_m.values()) == {0.0}
    assert set(found.readings.values()) == {0.0}
    assert found.by_group["share"].tolist() == [0, 0, 0]
    found = measure_coverage(city.demand, [], city.open, periods=PERIODS)
    assert (found.workers, len(found.by_group)) == (0, 0)
    assert found.cells["stations"].tolist() == [0] * CELLS
    assert found.cells["nearest_m"].isna().all()
    assert worker_cube(city.demand, [], PERIODS).shape == (0, CELLS, 3)


def test_covers_and_weights_run_over_ways_then_periods_then_cells(city: City) -> None:
    is_open = city.open >= 0.5
    covers, weights = (
        cover_matrix(city.access, is_open).toarray(),
        cover_weights(city.demand, city.access, PERIODS),
    )
    assert covers.shape == (SITES, 2 * 3 * CELLS)
    ways = [(("rider", "courier"), city.walk, 600.0), (("taxi",), city.ride, 700.0)]
    points = itertools.product(ways, range(3), range(CELLS))
    for column, ((groups, times, cutoff), t, c) in enumerate(points):
        assert weights[column] == sum(city.workers[c, g, PERIODS[t]] for g in groups)
        for s in range(SITES):
            reached = times.get((s, c), 1e9) <= cutoff and is_open[s, t]
            assert (covers[s, column] != 0) == reached


def test_the_cube_is_group_by_cell_by_period(city: City) -> None:
    cube = worker_cube(city.demand, ["taxi", "rider"], PERIODS)
    for g, group in enumerate(["taxi", "rider"]):
        for c, t in itertools.product(range(CELLS), range(3)):
            assert cube[g, c, t] == city.workers[c, group, PERIODS[t]]


def test_stations_in_reach_counts_each_open_one_once(city: City) -> None:
    found = stations_in_reach(city.access[0].seconds, 600.0, city.open >= 0.5)
    assert found.dtype.kind == "i"
    for c, (t, period) in itertools.product(range(CELLS), enumerate(PERIODS)):
        assert found[c, t] == city.near("rider", c, period)


def test_nearest_seconds_is_the_least_and_nothing_where_nobody_comes(city: City) -> None:
    found = nearest_seconds(city.access[0].seconds)
    for c in range(CELLS):
        walks = [v for (_, cell), v in city.walk.items() if cell == c]
        assert (np.isnan(found[c]) and not walks) or found[c] == min(walks)


def test_a_reading_in_metres_is_only_for_those_with_one_speed(city: City) -> None:
    walk, ride = city.access
    assert walk.cutoff_for(500) == pytest.approx(450)
    assert ride.cutoff_for(500) == 700


def test_the_table_by_district_is_shown_escaped(city: City) -> None:
    evil = city.demand.assign(district="<b>x</b>")
    shown = measure_coverage(evil, city.access, city.open, periods=PERIODS)._repr_html_()
    assert "<b>x</b>" not in shown
    assert "&lt;b&gt;x&lt;/b&gt;" in shown
    assert shown.startswith("<p>Coverage(")
    assert "</p><table" in shown
    assert "<th>0</th>" not in shown


# -- gaps ---------------------------------------------------------------------------------------------------


def town(workers: list[float], districts: str, covered: list[float] | None = None):
    """Cells of 200 m in a row, and their coverage."""
    n = len(workers)
    demand = gpd.GeoDataFrame(
        {"district": list(districts)},
        geometry=[box(200 * c, 0, 200 * c + 200, 200) for c in range(n)],
        crs="EPSG:4549",
        index=[f"c{c}" for c in range(n)],
    )
    cells = pd.DataFrame({"workers": workers, "covered": covered or [0.0] * n}, index=demand.index)
    return demand, type("Known", (), {"cells": cells})()


def test_gaps_are_the_cells_above_the_mean_of_the_inhabited_ones_that_touch() -> None:
    # inhabited: 40 50 10 60 40 10 (not 0): mean 35; above it without a station: 40 50 | 60 | 40, in a and b
    demand, coverage = town([40, 50, 10, 60, 40, 0, 10], "aaaabbb")
    gaps = gap_areas(demand, coverage, cell_m=200, places=None)
    assert gaps["workers"].tolist() == [90, 60, 40]
    assert gaps["district"].tolist() == ["a", "a", "b"]
    assert gaps["name"].tolist() == ["", "", ""]
    assert list(gaps.columns) == ["name", "district", "workers", "geometry"]
    assert gaps.crs == demand.crs
    assert gaps.index.tolist() == [0, 1, 2]
    assert gaps.geometry.iloc[0].bounds == pytest.approx((-2, -2, 402, 202))


def test_a_gap_counts_only_who_has_no_station_and_must_be_large_enough() -> None:
    demand, coverage = town([40, 50, 20, 10], "aaaa", [35, 10, 0, 0])
    # mean 30; without a station: 5 40 20 10
    assert gap_areas(demand, coverage, cell_m=200)["workers"].tolist() == [40]
    assert gap_areas(demand, coverage, cell_m=200, least_workers=40)["workers"].tolist() == [40]
    none = gap_areas(demand, coverage, cell_m=200, least_workers=40.5)
    assert none.empty
    demand, coverage = town([9.9, 1.0, 1.0], "aaa")
    assert gap_areas(demand, coverage, cell_m=200).empty
    demand, coverage = town([10.0, 1.0, 1.0], "aaa")
    assert gap_areas(demand, coverage, cell_m=200)["workers"].tolist() == [10]


def test_where_nobody_is_missed_there_is_no_gap() -> None:
    for workers in ([0.0, 0.0], [5.0, 5.0]):
        demand, coverage = town(workers, "aa", workers)
        gaps = gap_areas(demand, coverage, cell_m=200)
        assert gaps.empty
        assert list(gaps.columns) == ["name", "district", "workers", "geometry"]
        assert gaps.crs == demand.crs


def test_a_cell_at_the_mean_is_no_gap() -> None:
    demand, coverage = town([20.0, 20.0], "aa")
    assert gap_areas(demand, coverage, cell_m=200).empty


def test_a_gap_is_named_by_the_place_nearest_to_its_middle() -> None:
    demand, coverage = town([60, 1, 1, 50, 1], "aaaaa")
    places = gpd.GeoDataFrame(
        {"name": ["东", "西"]}, geometry=[Point(700, 0), Point(100, 500)], crs="EPSG:4549"
    )
    gaps = gap_areas(demand, coverage, cell_m=200, places=places)
    assert gaps["name"].tolist() == ["西", "东"]
    assert gap_areas(demand, coverage, cell_m=200, places=places.iloc[:0])["name"].tolist() == ["", ""]


def test_gaps_as_large_as_each_other_keep_the_order_of_their_districts() -> None:
    demand, coverage = town([50, 1, 50, 1], "bbaa")
    assert gap_areas(demand, coverage, cell_m=200)["district"].tolist() == ["a", "b"]


def test_a_gap_inside_the_bend_of_another_counts_its_own_workers() -> None:
    """Five cells along two sides of a square, and one in the opposite corner."""
    at = [(0, 0), (1, 0), (2, 0), (0, 1), (0, 2), (2, 2), *((5 + i, 9) for i in range(9))]
    demand = gpd.GeoDataFrame(
        {"district": ["a"] * len(at)},
        geometry=[box(200 * x, 200 * y, 200 * x + 200, 200 * y + 200) for x, y in at],
        crs="EPSG:4549",
    )
    cells = pd.DataFrame({"workers": [50.0] * 5 + [70.0] + [1.0] * 9, "covered": 0.0})
    coverage = type("Known", (), {"cells": cells})()
    assert gap_areas(demand, coverage, cell_m=200)["workers"].tolist() == [250, 70]


# -- cells in every state --------------------------------------------------------------------------------------------


def test_each_cell_is_counted_in_every_state(city: City, found) -> None:
    nights, cells = ("evening", "night"), found.cells

    def column(**asked: object) -> list[float]:
        return [city.count(cell=c, **asked) for c in range(CELLS)]  # type: ignore[arg-type]

    def summed(least: int) -> np.ndarray:
        return np.sum([column(period=t, least=least) for t in nights], axis=0)

    wanted = {
        "workers": column(least=0), "covered": column(), "covered_twice": column(least=2), "covered_any_hour": column(any_hour=True),
        "workers_night": summed(0), "covered_night": summed(1),
        **{f"covered_{r}m": column(radius_m=600.0 * SPEED if r == 667 else float(r)) for r in (500, 667, 833)},
        **{f"workers_in_{t}": column(period=t, least=0) for t in PERIODS},
        **{f"covered_in_{t}": column(period=t) for t in PERIODS},
    }  # fmt: skip
    for name, values in wanted.items():
        assert cells[name].to_numpy() == pytest.approx(np.asarray(values, dtype=float)), name
    assert set(cells) == {*wanted, "stations", "nearest_m"}


def test_the_metres_that_the_cutoff_comes_to_are_the_cutoff_half_a_metre_either_way() -> None:
    access = Access(("rider",), sparse.csr_array((1, 1)), 600.0, SPEED)  # 666.67 m
    for radius in (667.0, 666.6666, 666.2, 667.16):
        assert access.cutoff_for(radius) == 600.0, radius
    for radius in (666.1, 667.2, 500.0):
        assert access.cutoff_for(radius) == radius / SPEED


def test_each_group_s_part_of_every_column_is_its_own(city: City) -> None:
    found = measure_coverage(city.demand, city.access, city.open, periods=PERIODS, night=["evening", "night"])
    states: dict[str, dict[str, object]] = {
        "workers": {"least": 0}, "covered": {}, "covered_twice": {"least": 2}, "covered_any_hour": {"any_hour": True},
        **{f"covered_{r}m": {"radius_m": r} for r in (500, 667, 833)},
    }  # fmt: skip
    assert list(found.of_groups) == GROUPS
    for group, table in found.of_groups.items():
        for c in range(CELLS):
            for column, state in states.items():
                assert table[column].iloc[c] == city.count(cell=c, group=group, **state), (group, c, column)  # type: ignore[arg-type]
            for t in PERIODS:
                assert table[f"workers_in_{t}"].iloc[c] == city.all(cell=c, group=group, period=t)
                assert table[f"covered_in_{t}"].iloc[c] == city.count(cell=c, group=group, period=t)
            night = [city.count(cell=c, group=group, period=t) for t in ("evening", "night")]
            assert table["covered_night"].iloc[c] == sum(night)
    for column in set(found.cells) - {"stations", "nearest_m"}:
        assert sum(t[column] for t in found.of_groups.values()).tolist() == found.cells[column].tolist()


def test_cut_cells_around_each_other_keep_their_workers_in_their_own_areas() -> None:
    """A cell that water cut to a horseshoe has its centroid in the cell that stands in it, and does not touch it."""
    shoe = box(0, 0, 200, 200).difference(box(40, 40, 160, 200))
    ring = box(1000, 0, 1200, 200).difference(box(1040, 40, 1160, 160))
    cells = [  # rows in an order unlike that of the areas: workers, shape
        (64.0, box(80, 80, 120, 200)),  # within the horseshoe
        (31.0, box(200, 0, 400, 200)),  # touches the horseshoe
        (128.0, box(1060, 60, 1140, 140)),  # within the ring
        (52.0, shoe),
        (33.0, ring),
        (256.0, box(600, 0, 800, 200)),
        *((1.0, box(200 * k, 4000, 200 * k + 200, 4200)) for k in range(0, 40, 2)),
    ]
    demand = gpd.GeoDataFrame(
        {"district": ["a"] * len(cells)}, geometry=[shape for _, shape in cells], crs="EPSG:4549"
    )
    assert demand.geometry.iloc[0].contains(shoe.centroid)
    assert demand.geometry.iloc[2].contains(ring.centroid)
    known = pd.DataFrame({"workers": [workers for workers, _ in cells], "covered": 0.0})
    gaps = gap_areas(demand, type("Known", (), {"cells": known})(), cell_m=200)
    assert gaps["workers"].tolist() == [256, 128, 83, 64, 33]
    for area in gaps.itertuples():
        inside = [w for w, shape in cells if area.geometry.buffer(1).contains(shape)]
        assert sum(inside) == area.workers
