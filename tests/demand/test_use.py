"""The choice of a station: by hand, against loops, and planted laws found again on simulated cities."""

from __future__ import annotations

import numpy as np
import pytest

from planner.use.fit import Counted, UseModel, fit, fit_level, folds_of, withhold
from planner.use.law import Law, Pairs, Priors, calibrated, chances, drawn_laws, expected, joined_pairs

#: Two stations and three points: point 0 reaches both, point 1 the second, point 2 none.
PAIRS = Pairs(
    np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([5.0, 0.0, 10.0]), np.array([1.0, 1.0, 0.5]), 2, 3
)
LAW = Law(0.5, np.log(2) / 5, np.array([3.0]))
TRAITS = np.array([[1.0], [0.0]])


def test_chances_by_pencil() -> None:
    # pulls: 3 · ½ = 1.5, 1 and ½ · ¼ = ⅛; at level ½: 0.75 and 0.5 at point 0, 1/16 at point 1
    found = chances(LAW, PAIRS, TRAITS)
    assert found == pytest.approx([0.75 / 2.25, 0.5 / 2.25, (1 / 16) / (17 / 16)])
    half = chances(LAW, PAIRS, TRAITS, kept=np.array([0.5, 1.0]))
    assert half[0] == pytest.approx(0.375 / 1.875), "a door that is locked half of the time pulls half"


def test_visits_are_occasions_times_chances() -> None:
    use = expected(LAW, PAIRS, TRAITS, np.array([90.0, 34.0, 1000.0]))
    assert use.by_site == pytest.approx([30.0, 20.0 + 2.0])
    assert use.by_point == pytest.approx([50.0, 2.0, 0.0])
    assert use.total == pytest.approx(52.0)


def test_a_further_station_adds_less_than_it_has_because_some_come_from_the_others() -> None:
    trips = np.array([90.0, 34.0, 0.0])
    alone = Pairs(np.array([0]), np.array([0]), np.array([5.0]), np.ones(1), 1, 3)
    other = Pairs(np.array([0, 0]), np.array([0, 1]), np.array([0.0, 10.0]), np.array([1.0, 0.5]), 1, 3)
    both = expected(LAW, joined_pairs(alone, other), TRAITS, trips)
    first = expected(LAW, alone, TRAITS[:1], trips)
    assert both.by_site == pytest.approx([30.0, 22.0])
    assert first.total == pytest.approx(90 * 0.75 / 1.75)
    assert both.total - first.total < both.by_site[1]


@pytest.mark.parametrize("visits", [0.01, 3.1, 60.0, 123.9])
def test_the_level_makes_the_visits_it_is_asked_for(visits: float) -> None:
    trips = np.array([90.0, 34.0, 1000.0])  # 124 occasions in reach
    law = calibrated(LAW, PAIRS, TRAITS, trips, visits)
    assert expected(law, PAIRS, TRAITS, trips).total == pytest.approx(visits, rel=1e-9)
    assert (law.slope, law.factors[0]) == (LAW.slope, 3.0)


def test_more_visits_than_occasions_in_reach_are_refused() -> None:
    with pytest.raises(ValueError, match="124 occasions"):
        calibrated(LAW, PAIRS, TRAITS, np.array([90.0, 34.0, 1000.0]), 124.0)


def test_draws_have_the_band_they_were_drawn_from() -> None:
    priors = Priors.of_bands(np.array([[0.25, 1.0, 4.0], [0.05, 0.1, 0.2], [1.0, 2.0, 4.0]]))
    laws = drawn_laws(priors.middle, np.diag(priors.spread), 20_000, seed=1)
    levels = np.array([law.level for law in laws])
    assert np.quantile(levels, [0.05, 0.5, 0.95]) == pytest.approx([0.25, 1.0, 4.0], rel=0.05)
    assert np.median([law.factors[0] for law in laws]) == pytest.approx(2.0, rel=0.03)


# -- planted laws -----------------------------------------------------------------------------------------------------

TRUTH = {"level": 0.03, "slope": np.log(2) / 4, "toilet": 2.5, "parking": 1.4}
KAPPA = 0.15
#: Wide enough to say nothing: a factor of a hundred to either side of a wrong middle.
FLAT = Priors(np.log([0.1, 0.4, 1.0, 1.0]), np.full(4, np.log(100.0)))


def simulated(seed: int, *, n: int = 160, m: int = 700) -> tuple[UseModel, Counted, np.ndarray]:
    """A city of stations and points on a plane, its counts drawn from the planted law by loops of its own."""
    rng = np.random.default_rng([seed, 5])
    at, people = rng.uniform(0, 6000, (n, 2)), rng.uniform(0, 6000, (m, 2))
    trips, traits = rng.gamma(1.0, 120.0, m), (rng.random((n, 2)) < [0.4, 0.5]).astype(float)
    site, point, minutes, open_ = [], [], [], []
    mu = np.zeros(n)
    for j in range(m):
        far = np.hypot(*(at - people[j]).T) / (4000 / 60)
        near = [i for i in range(n) if far[i] <= 10]
        hours = {i: float(rng.choice([0.5, 1.0])) for i in near}
        odds = {
            i: hours[i] * TRUTH["level"] * np.exp(-TRUTH["slope"] * far[i])
            * TRUTH["toilet"] ** traits[i, 0] * TRUTH["parking"] ** traits[i, 1]
            for i in near
        }  # fmt: skip
        for i in near:
            mu[i] += trips[j] * odds[i] / (1 + sum(odds.values()))
            site.append(i), point.append(j), minutes.append(far[i]), open_.append(hours[i])
    days = np.full(n, 90.0)
    visits = rng.poisson(mu * days * rng.gamma(1 / KAPPA, KAPPA, n)).astype(float)
    pairs = Pairs(np.array(site), np.array(point), np.array(minutes), np.array(open_), n, m)
    seen = np.flatnonzero(rng.random(n) < 0.7)
    return UseModel(pairs, traits, trips), Counted(seen, visits[seen], days[seen]), at[seen]


def test_planted_laws_are_found_again_on_24_cities() -> None:
    truth = np.log(list(TRUTH.values()))
    errors, inside, kappas, claimed = [], [], [], []
    for seed in range(24):
        model, counted, _ = simulated(seed)
        found = fit(model, counted, FLAT)
        off = found.law.logs - truth
        errors.append(off)
        claimed.append(np.sqrt(np.diag(found.covariance)))
        inside.append(np.abs(off) <= 1.645 * claimed[-1])
        kappas.append(found.dispersion)
    mean, error = np.mean(errors, axis=0), np.std(errors, axis=0, ddof=1)
    assert (np.abs(mean) < 3 * error / np.sqrt(24)).all(), "unbiased within the error over cities"
    assert (error < [0.4, 0.4, 0.1, 0.1]).all()
    assert error == pytest.approx(np.mean(claimed, axis=0), rel=0.4), "as far off as the fit says"
    assert 0.80 <= np.mean(inside) <= 0.98
    assert np.mean(kappas) == pytest.approx(KAPPA, rel=0.25)


def test_withheld_stations_are_foretold_better_by_the_fit_than_by_a_wrong_prior_or_the_mean() -> None:
    model, counted, at = simulated(3)
    wrong = Priors(
        np.log([0.03, np.log(2) / 50, 1.0, 1.0]), np.full(4, 2.0)
    )  # distance hardly matters, nor do traits
    fold = folds_of(at[:, 0], at[:, 1], block_m=1500.0, n=5, seed=0)
    told = withhold(model, counted, wrong, fold)
    assert told is not None
    assert told.fit_helps
    assert told.fitted < told.level < told.mean
    assert (told.stations, told.folds) == (len(at), 5)


def test_the_level_alone_meets_the_counted_visits() -> None:
    model, counted, _ = simulated(1)
    law = fit_level(model, counted, Law(5.0, 0.3, np.array([1.0, 1.0])))
    assert (model.daily(law)[counted.site] * counted.days).sum() == pytest.approx(counted.visits.sum())


def test_neighbours_are_withheld_together() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 8000, (2, 300))
    fold = folds_of(x, y, block_m=2000.0, n=4, seed=1)
    square = np.floor(x / 2000) * 10 + np.floor(y / 2000)
    assert all(len(set(fold[square == s])) == 1 for s in np.unique(square))
    assert np.bincount(fold).min() > 0.6 * len(x) / 4


def test_strong_priors_hold_against_one_count_and_give_way_to_many() -> None:
    model, counted, _ = simulated(2)
    middle = np.log([0.03, TRUTH["slope"], 1.0, 1.0])
    priors = Priors(middle, np.array([2.0, 0.3, 0.2, 0.2]))
    one = fit(model, counted.only(np.arange(1)), priors)
    many = fit(model, counted, priors)
    assert np.abs(one.law.logs - middle)[1:].max() < 0.1
    assert many.law.factors[0] > 1.3
