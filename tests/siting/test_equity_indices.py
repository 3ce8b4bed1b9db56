"""Inequality and access against PySAL, and worked by hand."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import planner
from planner.equity.access import fading, power, steps
from planner.equity.indices import gini, kolm_pollak_ede, kolm_pollak_kappa, lorenz, theil


def _people(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, whole numbers of people that have them, and a group each."""
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, 3.0, 40), rng.integers(1, 9, 40), rng.integers(0, 4, 40)


# -- inequality --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_gini_and_theil_are_those_of_pysal_and_a_weight_is_so_many_people(seed: int) -> None:
    pysal_gini = pytest.importorskip("inequality.gini")
    pysal_theil = pytest.importorskip("inequality.theil")
    y, people, group = _people(seed)
    assert gini(y) == pytest.approx(pysal_gini.Gini(y).g, rel=1e-12)
    each, of = np.repeat(y, people), np.repeat(group, people)
    assert gini(y, people) == pytest.approx(pysal_gini.Gini(each).g, rel=1e-12)
    ours, theirs = theil(y, people, group), pysal_theil.TheilD(each, of)
    assert ours.total == pytest.approx(float(theirs.T), rel=1e-10)
    assert ours.between == pytest.approx(float(theirs.bg.sum()), rel=1e-9)
    assert ours.within == pytest.approx(float(theirs.wg.sum()), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_gini_is_the_mean_difference_of_all_pairs(seed: int) -> None:
    y, people, _ = _people(seed)
    pairs = (people[:, None] * people * np.abs(y[:, None] - y)).sum()
    assert gini(y, people) == pytest.approx(pairs / (2 * people.sum() ** 2 * np.average(y, weights=people)))


@pytest.mark.parametrize("seed", range(5))
def test_the_area_over_the_lorenz_curve_is_half_the_gini(seed: int) -> None:
    y, people, _ = _people(seed)
    curve = lorenz(y, people)
    assert (curve.iloc[0] == 0).all()
    assert curve.iloc[-1].tolist() == pytest.approx([1, 1])
    assert 1 - 2 * np.trapezoid(curve["got"], curve["people"]) == pytest.approx(gini(y, people))


def test_two_districts_by_hand() -> None:
    # 30 workers covered to 20 %, 10 to 60 %: mean 30 %; half the people-weighted mean difference over the mean
    assert gini([0.2, 0.6], [30, 10]) == pytest.approx(0.25)  # 2·(3/4)(1/4)·0.4 / (2·0.3)
    assert theil([0.2, 0.6], [30, 10]).total == pytest.approx(0.5 * math.log(2 / 3) + 0.5 * math.log(2))
    assert lorenz([0.6, 0.2], [10, 30])["got"].tolist() == pytest.approx([0, 0.5, 1])


def test_the_equally_distributed_equivalent_by_hand_and_its_laws() -> None:
    y, w = np.array([0.2, 0.6]), np.array([3.0, 1.0])
    kappa = kolm_pollak_kappa(y, w, aversion=2.0)
    assert kappa == pytest.approx(2 * (3 * 0.2 + 0.6) / (3 * 0.04 + 0.36))  # 5
    ede = kolm_pollak_ede(y, w, kappa=5.0)
    assert ede == pytest.approx(-math.log(0.75 * math.exp(-1) + 0.25 * math.exp(-3)) / 5)
    assert 0.2 < ede < 0.3  # between the least and the mean
    assert kolm_pollak_ede(y + 0.1, w, kappa=5.0) == pytest.approx(ede + 0.1)  # what all gain counts in full
    assert kolm_pollak_ede(y, w, kappa=0) == pytest.approx(0.3)
    assert kolm_pollak_ede(y, w, kappa=1e4) == pytest.approx(0.2, abs=1e-4)  # the worst-off alone
    assert kolm_pollak_ede(y * 60, w, kappa=-5 / 60) > 18  # minutes: more is worse, so above the mean


def test_nobody_and_nothing_have_no_inequality_and_nought_people_count_nothing() -> None:
    assert math.isnan(gini([], []))
    assert math.isnan(gini([0, 0]))
    assert math.isnan(theil([1], [0]).total)
    assert gini([1, 1, 9], [1, 1, 0]) == 0
    assert theil([1, 9], [1, 0], ["a", "b"]) == theil([1], [1], ["a"])
    assert gini([1, np.nan], [1, 0]) == 0


@pytest.mark.parametrize(
    ("values", "weights", "said"),
    [([1, 2], [1], "one weight per value"), ([1], [-1], "not negative"), ([-1], [1], "not be negative"), ([np.nan], [1], "finite")],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(values: list, weights: list, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        gini(values, weights)


# -- access ------------------------------------------------------------------------------------------------------------


def _town(seed: int) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    """Seconds (7 sites × 30 points), workers, room; some points reach nothing, one pair is 0 s apart."""
    rng = np.random.default_rng(seed)
    near = rng.random((7, 30)) < 0.3
    near[:, :2] = False
    near[3, 5] = True
    site, point = np.nonzero(near)
    seconds = rng.integers(10, 600, len(site)).astype(np.float32)
    seconds[(site == 3) & (point == 5)] = 0
    made = sparse.csr_array((seconds, (site, point)), shape=near.shape)
    return made, rng.integers(1, 50, 30).astype(float), rng.integers(1, 12, 7).astype(float)


def _pysal(seconds: sparse.csr_array, workers: np.ndarray, room: np.ndarray):
    """The same town as PySAL's tables."""
    pairs = seconds.tocoo()
    cost = pd.DataFrame({"origin": pairs.col, "dest": pairs.row, "cost": pairs.data.astype(float)})
    demand = pd.DataFrame({"demand": workers}, index=pd.RangeIndex(len(workers), name="geoid"))
    return cost, demand, pd.DataFrame({"supply": room}, index=pd.RangeIndex(len(room), name="geoid"))


DECAYS = {
    "zones": ({200: 1.0, 400: 0.68, 600: 0.22}, lambda w: w.step_fn({200: 1.0, 400: 0.68, 600: 0.22})),
    "gaussian": (fading(250), lambda w: w.gaussian(250)),
    "gravity": (power(300, -1.5, least_s=30), lambda w: w.gravity(300, -1.5, 30)),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", DECAYS)
def test_floating_catchments_and_gravity_are_those_of_pysal(name: str, seed: int) -> None:
    fca, weights = pytest.importorskip("access.fca"), pytest.importorskip("access.weights")
    seconds, workers, room = _town(seed)
    ours, theirs = DECAYS[name][0], DECAYS[name][1](weights)
    found = planner.access(seconds, workers=workers, room=room, cutoff_s=500, decay=ours)
    cost, demand, supply = _pysal(seconds, workers, room)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shared = fca.two_stage_fca(
            demand, supply, cost, 500, demand_index=True, supply_index=True, weight_fn=theirs
        )
        pulled = fca.weighted_catchment(
            supply, cost, 500, cost_source="dest", cost_dest="origin", loc_index=True, loc_value="supply",
            weight_fn=theirs,
        )  # fmt: skip
    assert len(shared) > 15
    assert found["e2sfca"].to_numpy() == pytest.approx(shared.reindex(range(30)).fillna(0).to_numpy())
    assert found["gravity"].to_numpy() == pytest.approx(pulled.reindex(range(30)).fillna(0).to_numpy())


@pytest.mark.parametrize("seed", range(5))
def test_all_room_in_reach_is_shared_out_and_no_more(seed: int) -> None:
    seconds, workers, room = _town(seed)
    found = planner.access(seconds, workers=workers, room=room, decay={600: 1.0})
    reached = np.diff(seconds.indptr) > 0
    assert workers @ found["e2sfca"] == pytest.approx(room[reached].sum())


@pytest.mark.parametrize(("k", "enough"), [(1, None), (2, 9.0), (3, 20.0)])
def test_the_kth_site_and_enough_room_by_looking_at_every_point(k: int, enough: float | None) -> None:
    seconds, _, room = _town(3)
    found = planner.access(seconds, room=room, k=k, enough=enough)
    for j in range(30):
        column = seconds[:, [j]].tocoo()
        order = np.argsort(column.data, kind="stable")
        times, sites = column.data[order], column.row[order]
        assert found["sites"][j] == len(times)
        if len(times) < k:
            assert math.isnan(found["kth_s"][j])
        else:
            assert found["kth_s"][j] == times[k - 1]
        want = k if enough is None else enough
        soon = [t for t in np.unique(times) if room[sites[times <= t]].sum() >= want]
        assert math.isnan(found["enough_s"][j]) if not soon else found["enough_s"][j] == soon[0]


def test_access_worked_by_hand() -> None:
    seconds = sparse.csr_array(([60.0, 300.0, 120.0], ([0, 0, 1], [0, 1, 1])), shape=(2, 3))
    found = planner.access(seconds, workers=[10, 30, 5], room=[4, 6], decay={120: 1.0, 600: 0.5}, k=2)
    # site 0: 10 · 1 + 30 · ½ = 25 share 4; site 1: 30 share 6
    assert found["e2sfca"].tolist() == pytest.approx([4 / 25, 4 / 25 / 2 + 6 / 30, 0])
    assert found["gravity"].tolist() == pytest.approx([4, 2 + 6, 0])
    assert found["kth_s"].fillna(-1).tolist() == [-1, 300, -1]
    assert found["enough_s"].fillna(-1).tolist() == [60, 120, -1]


def test_zones_end_on_their_bounds() -> None:
    assert steps({200: 1.0, 400: 0.5})(np.array([0, 200, 200.1, 400, 401])).tolist() == [1, 1, 0.5, 0.5, 0]


@pytest.mark.parametrize(
    "wrong", [{"workers": [1, 2]}, {"room": [-1.0, 1]}, {"k": 0}, {"decay": lambda t: -t}, {"workers": [1, np.nan, 1]}]
)  # fmt: skip
def test_access_refuses_what_does_not_fit(wrong: dict) -> None:
    with pytest.raises(ValueError):
        planner.access(sparse.csr_array(([60.0], ([0], [0])), shape=(2, 3)), **wrong)
