"""Bands of groups, from draws that tell groups apart: two cells, two groups, worked by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from planner.demand.ensemble import Ensemble
from planner.facts.bands import Drawn, Draws
from planner.facts.coverage import coverage_facts, headline_scope
from planner.facts.register import Register
from planner.siting.coverage import Coverage

HERE = headline_scope(4000 / 6)
#: Factors of 39 draws: their 5, 50 and 95 % points by (n + 1) p are the second, the twentieth, the thirty-eighth.
UP = np.linspace(0.61, 1.37, 39)
POINTS = [UP[1], UP[19], UP[37]]
#: Riders: 30 in cell 0 (10 covered today, 30 with the plan), 10 in cell 1 (none, 5). Couriers: 20 in cell 0 (all, all), none elsewhere.
RIDERS = {"workers": [30.0, 10.0], "today": [10.0, 0.0], "proposal": [30.0, 5.0]}
COURIERS = {"workers": [20.0, 0.0], "today": [20.0, 0.0], "proposal": [20.0, 0.0]}


def town(plan: str) -> Coverage:
    """The town under a plan; two thirds of everything are by day."""
    of_groups = {
        name: pd.DataFrame(
            {
                "workers": table["workers"],
                "covered": table[plan],
                "workers_in_day": np.array(table["workers"]) * 2 / 3,
                "covered_in_day": np.array(table[plan]) * 2 / 3,
                "workers_in_eve": np.array(table["workers"]) / 3,
                "covered_in_eve": np.array(table[plan]) / 3,
            },
            dtype=np.float32,
        )
        for name, table in (("rider", RIDERS), ("courier", COURIERS))
    }
    cells = of_groups["rider"].astype(float) + of_groups["courier"].astype(float)

    def by(label: str, rows: dict[str, tuple[float, float]]) -> pd.DataFrame:
        made = [(k, w, c, c / w, 0.0) for k, (w, c) in rows.items()]
        return pd.DataFrame(made, columns=[label, "workers", "covered", "share", "backup_share"])

    whole = cells.sum()
    return Coverage(
        workers=whole["workers"], covered=whole["covered"], share=whole["covered"] / whole["workers"], share_backup=0.0,
        by_radius_m={}, readings={}, cells=cells, of_groups=of_groups,
        by_district=by("district", {d: tuple(cells.loc[k, ["workers", "covered"]]) for k, d in enumerate("ew")}),
        by_group=by("group", {g: tuple(t[["workers", "covered"]].sum()) for g, t in of_groups.items()}),
        by_period=by("period", {t: (whole[f"workers_in_{t}"], whole[f"covered_in_{t}"]) for t in ("day", "eve")}),
    )  # fmt: skip


def draws_of(rider: np.ndarray, courier: np.ndarray) -> Draws:
    """Draws that multiply each group by factors of its own, n_draws × 2 cells."""
    base = np.array([RIDERS["workers"], COURIERS["workers"]], np.float32)
    return Draws(
        Ensemble(("rider", "courier"), base, np.stack([rider, courier], axis=1)), pd.Series(["e", "w"])
    )


def register(draws: Draws | None) -> Register:
    bands = {"rider": (0.5, 2.0), "courier": (0.5, 2.0)}
    return Register(
        coverage_facts(town("today"), town("proposal"), HERE, draws=draws, group_bands=bands), HERE
    )


def test_each_group_has_the_band_of_its_own_draws() -> None:
    """Riders go up and down, all alike; couriers stay."""
    facts = register(draws_of(np.column_stack([UP, UP]), np.ones((39, 2))))

    def points(id_: str, **scope: str) -> list[float | None]:
        f = facts.fact(id_, **scope)
        return [f.low, f.middle, f.high]

    for group, workers, today, then in (("rider", 40, 10, 35), ("courier", 20, 20, 20)):
        factors = np.array(POINTS if group == "rider" else [1, 1, 1])
        assert points("workers", plan="", groups=group) == pytest.approx(workers * factors)
        assert points("covered", plan="today", groups=group) == pytest.approx(today * factors)
        assert points("covered", groups=group) == pytest.approx(then * factors)
        assert points("newly_covered", plan="gain", groups=group) == pytest.approx((then - today) * factors)
        assert points("share", plan="today", groups=group) == pytest.approx([today / workers] * 3)
        assert points("share", groups=group) == pytest.approx([then / workers] * 3)
        assert points("share_gain", plan="gain", groups=group) == pytest.approx(
            [100 * (then - today) / workers] * 3
        )
    # together: 20 couriers, and riders; of the share the fewest riders make the most
    assert points("covered", plan="today") == pytest.approx([20 + 10 * u for u in POINTS])
    assert points("share", plan="today") == pytest.approx(
        [(20 + 10 * u) / (20 + 40 * u) for u in POINTS[::-1]]
    )
    # by day, two thirds of each
    assert points("covered", periods="day") == pytest.approx([2 / 3 * (20 + 35 * u) for u in POINTS])
    # west: only riders
    assert points("share", district="w") == pytest.approx([0.5] * 3)


def test_a_share_within_a_group_moves_with_where_its_workers_are() -> None:
    """Riders of the covered cell double in half of the draws: 10 of 40 covered, or 20 of 70."""
    twice = np.array([1.0] * 20 + [2.0] * 19)
    facts = register(draws_of(np.column_stack([twice, np.ones(39)]), np.ones((39, 2))))
    rider = facts.fact("share", plan="today", groups="rider")
    assert [rider.low, rider.middle, rider.high] == pytest.approx([10 / 40, 10 / 40, 20 / 70])
    assert facts.fact("workers", plan="", groups="rider").high == pytest.approx(70)


def test_in_every_draw_groups_districts_and_periods_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(4)
    draws = draws_of(rng.lognormal(0, 0.6, (40, 2)), rng.lognormal(0, 0.6, (40, 2)))
    found = draws.under(town("proposal"))
    assert isinstance(found, Drawn)
    for column in ("workers", "covered"):
        whole = found.of(column)
        assert whole == pytest.approx(sum(found.of(column, group=g) for g in ("rider", "courier")))
        assert whole == pytest.approx(sum(found.of(column, district=d) for d in "ew"))
        assert whole == pytest.approx(sum(found.of(f"{column}_in_{t}") for t in ("day", "eve")))
    by_hand = np.array([[30.0, 5.0], [20.0, 0.0]])
    assert found.of("covered") == pytest.approx((draws.ensemble.factors * by_hand).sum(axis=(1, 2)))
    assert found.of("covered", group="rider", district="w") == pytest.approx(
        5 * draws.ensemble.factors[:, 0, 1]
    )


def test_draws_of_other_groups_or_cells_give_no_band_and_without_draws_numbers_keep_that_of_the_rate() -> (
    None
):
    some = draws_of(np.ones((39, 2)), np.ones((39, 2)))
    other = Draws(Ensemble(("rider", "sweeper"), some.ensemble.workers, some.ensemble.factors), some.district)
    fewer = Draws(
        Ensemble(("rider",), some.ensemble.workers[:1, :1], some.ensemble.factors[:, :1, :1]), some.district
    )
    for draws in (None, other, fewer):
        facts = register(draws)
        rider = facts.fact("workers", plan="", groups="rider")
        assert (rider.low, rider.middle, rider.high) == (20, None, 80)
        assert {json.dumps(f.scope.json()) for f in facts.values() if f.middle is not None} == set()
