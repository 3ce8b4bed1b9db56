"""The town worked by hand in docs/union-networks.md: planned, and every combination tried."""

from __future__ import annotations

import itertools
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from scipy import sparse

from planner.networks.review import review_places
from planner.networks.shared import plan_together
from planner.networks.solve import LookFor, NetworkBlock

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "union-networks.md").read_text("utf-8")
MOTHERS, WOMEN, RIDERS = [4, 1, 3, 0, 2, 2], [3, 2, 4, 1, 6, 5], [2, 0, 5, 4, 3, 0]
STOPS, NIGHT = [(1, 2), (2, 3), (5, 6)], [(1,), (3, 4), (4, 5)]
BUDGET = 36.0


def block(people: list[int], corners: list[tuple[int, ...]], cost: float) -> NetworkBlock:
    covers = np.array([[float(k + 1 in near) for k in range(6)] for near in corners])
    weights = np.array(people, float)
    return NetworkBlock(sparse.csr_array(covers), weights, np.full(3, cost), 0.0, weights.sum(), np.zeros((0, 2), np.int64), None)  # fmt: skip


BLOCKS = [block(MOTHERS, STOPS, 18.0), block(WOMEN, STOPS, 6.0), block(RIDERS, NIGHT, 6.0)]


def served(people: list[int], corners: list[tuple[int, ...]], chosen: tuple[int, ...]) -> int:
    return sum(people[k - 1] for k in {k for j in chosen for k in corners[j]})


def every_plan() -> dict[tuple[tuple[int, ...], ...], int]:
    """Plan → people, of all that keep the money and stand rooms on stops."""
    some = [c for k in range(4) for c in itertools.combinations(range(3), k)]
    return {
        (m, r, n): served(MOTHERS, STOPS, m) + served(WOMEN, STOPS, r) + served(RIDERS, NIGHT, n)
        for m, r, n in itertools.product(some, repeat=3)
        if set(r) <= set(m) and 18 * len(m) + 6 * len(r) + 6 * len(n) <= BUDGET
    }


def test_the_common_plan_is_the_best_of_all_and_the_page_says_so() -> None:
    links = {1: (0, np.arange(3))}
    found = plan_together(BLOCKS, [1.0, 1.0, 1.0], BUDGET, LookFor(20, 0.0, 60.0, 1), on=links)
    plans = every_plan()
    assert found.worth == max(plans.values()) == 27
    assert found.bound == pytest.approx(27)
    assert [sorted(c.tolist()) for c in found.chosen] == [[2], [2], [1, 2]]
    assert [sorted(c.tolist()) for c in found.separate] == [[], [], [1, 2]]
    assert found.separate_worth == 12
    assert found.spent == BUDGET
    assert plans[(0,), (0,), (1, 2)] == 22
    assert plans[(0, 2), (), ()] == 9
    for said in ("**27** people", "= **12** riders", "5 + 5 + 12 = 22", "5 + 4 = 9"):
        assert said in PAGE
    for name, people in (("mothers", MOTHERS), ("women workers", WOMEN), ("riders at night", RIDERS)):
        assert f"| {name} | " + " | ".join(map(str, people)) + " |" in PAGE


def test_the_reading_rooms_are_what_the_page_says() -> None:
    rooms = [(1, 2), (2,), (5,)]
    where = [(k, j - 1) for k, near in enumerate(rooms) for j in near]
    seconds = sparse.csr_array((np.ones(len(where)), tuple(zip(*where, strict=True))), shape=(3, 6))
    places = gpd.GeoDataFrame(
        {"place_id": ["r1", "r2", "r3"]}, geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0])
    )
    people = np.array(MOTHERS, float)[:, None]
    found = review_places(places, people, seconds, np.ones((3, 1), bool), cutoff_s=600)
    assert found["verdict"].tolist() == ["shared", "redundant", "alone"]
    assert found["may_close"].tolist() == [False, True, False]
