"""Coverage of a toy city worked by hand: two stations, four cells, two groups, two periods."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from scipy import sparse
from shapely.geometry import box

from planner.siting.coverage import (
    Access,
    cover_matrix,
    cover_weights,
    measure_coverage,
    stations_in_reach,
    worker_cube,
)
from planner.siting.gaps import gap_areas

SPEED = 4 / 3.6
PERIODS = ["day", "night"]


@pytest.fixture
def demand() -> gpd.GeoDataFrame:
    cells = [box(200 * i, 0, 200 * i + 200, 200) for i in range(4)]
    return gpd.GeoDataFrame(
        {
            "cell_id": list("abcd"),
            "district": ["east", "east", "west", "west"],
            "rider__day": [10.0, 20.0, 30.0, 40.0],
            "rider__night": [1.0, 2.0, 3.0, 4.0],
            "courier__day": [5.0, 5.0, 5.0, 5.0],
            "courier__night": [0.0, 0.0, 0.0, 0.0],
        },
        geometry=cells,
        crs="EPSG:4549",
    )


@pytest.fixture
def access() -> Access:
    # station 0 stands in cell a (0 s, stored), reaches b in 450 s and c in 600 s; station 1 reaches b in 700 s, c in 300 s
    rows, cols, seconds = [0, 0, 0, 1, 1], [0, 1, 2, 1, 2], [0.0, 450.0, 600.0, 700.0, 300.0]
    matrix = sparse.csr_array(sparse.coo_array((np.float32(seconds), (rows, cols)), shape=(2, 4)))
    assert matrix.nnz == 5
    return Access(("rider", "courier"), matrix, 600.0, SPEED)


OPEN = np.array([[1.0, 0.6], [1.0, 0.2]])  # station 1 is shut most of the night


def test_covered_counts_cells_and_periods_with_an_open_station(demand, access) -> None:
    found = measure_coverage(demand, [access], OPEN, periods=PERIODS, night=["night"])
    # day: a 15, b 25, c 35 covered, d not; night: a 1, b 2, c 3
    assert found.workers == 130
    assert found.covered == 15 + 25 + 35 + 6
    assert found.share == pytest.approx(81 / 130)
    # by two stations: only c, only by day
    assert found.share_backup == pytest.approx(35 / 130)


def test_a_stored_zero_second_counts_as_reached(demand, access) -> None:
    assert stations_in_reach(access.seconds, 600, OPEN >= 0.5)[0].tolist() == [1, 1]


def test_readings_in_metres_move_the_cutoff(demand, access) -> None:
    found = measure_coverage(demand, [access], OPEN, periods=PERIODS, readings_m=(500, 667, 833))
    # 500 m = 450 s: b's 450 s is just in, c by station 1 by day only; 833 m changes nothing but c by two
    assert found.by_radius_m["500"] == pytest.approx((15 + 25 + 35 + 1 + 2) / 130)
    assert found.by_radius_m["667"] == pytest.approx(found.share)
    assert found.by_radius_m["833"] == pytest.approx(found.share)


def test_by_district_group_and_period_each_sum_to_the_whole(demand, access) -> None:
    found = measure_coverage(demand, [access], OPEN, periods=PERIODS)
    for table in (found.by_district, found.by_group, found.by_period):
        assert table["workers"].sum() == found.workers
        assert table["covered"].sum() == found.covered
    assert found.by_district.set_index("district").loc["west", "covered"] == 38


def test_any_hour_ignores_opening_hours(demand, access) -> None:
    shut = measure_coverage(demand, [access], np.zeros((2, 2)), periods=PERIODS)
    assert shut.covered == 0
    assert shut.readings["any_hour"] == pytest.approx(81 / 130)


def test_nearest_is_in_metres(demand, access) -> None:
    cells = measure_coverage(demand, [access], OPEN, periods=PERIODS).cells
    assert cells["nearest_m"].tolist()[:3] == pytest.approx([0, 450 * SPEED, 300 * SPEED])
    assert np.isnan(cells["nearest_m"].iloc[3])


def test_cover_matrix_and_weights_give_the_same_total(demand, access) -> None:
    covers = cover_matrix([access], OPEN >= 0.5)
    weights = cover_weights(demand, [access], PERIODS)
    reached = np.asarray(covers.sum(axis=0)).ravel() > 0
    assert covers.shape == (2, 8)
    assert weights.sum() == worker_cube(demand, ("rider", "courier"), PERIODS).sum()
    assert weights[reached].sum() == measure_coverage(demand, [access], OPEN, periods=PERIODS).covered


def test_gap_areas_join_touching_cells_and_leave_covered_ones(demand, access) -> None:
    nobody = measure_coverage(demand, [access], np.zeros((2, 2)), periods=PERIODS)
    gaps = gap_areas(demand, nobody, cell_m=200)
    # mean 32.5: cells c (38) and d (49) are above it, and touch
    assert len(gaps) == 1
    assert gaps["workers"].iloc[0] == pytest.approx(87)
    assert gaps["district"].iloc[0] == "west"
