"""A planted effect on the neighbours of new stations is recovered, and the band holds."""

from __future__ import annotations

import numpy as np
import pytest

from planner.audit.effect import EffectRules, neighbours_effect

MONTHS, EVENT = 24, 12


def city(seed: int, effect: float, *, n: int = 200, new: int = 30) -> dict[str, object]:
    """Visits of a made-up city: seasons, a trend of each district, stations that drift, openings spread over the year."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 25_000, (n, 2))
    district = (xy[:, 0] // 12_500 + 2 * (xy[:, 1] // 12_500)).astype(int)
    workers = rng.lognormal(5, 0.6, n)
    hosts = rng.choice(n, new, replace=False)
    new_xy = xy[hosts] + rng.uniform(-400, 400, (new, 2))
    opened = rng.integers(8, 16, new)
    months = np.arange(MONTHS)
    season = 0.3 * np.sin(2 * np.pi * months / 12)
    trend = rng.normal(0, 0.02, 4)[district][:, None] * months
    own = rng.normal(0, 0.5, n)[:, None] + np.cumsum(rng.normal(0, 0.03, (n, MONTHS)), axis=1)
    rate = np.log(workers / 3)[:, None] + season + trend + own
    first = np.full(n, MONTHS)
    for k in range(new):
        near = np.hypot(*(xy - new_xy[k]).T) <= 800
        first[near] = np.minimum(first[near], opened[k])
    hit = months[None] > first[:, None]
    visits = rng.poisson(np.exp(rate + np.log1p(effect) * hit)).astype(float)
    visits[rng.random(visits.shape) < 0.02] = np.nan  # a log that was lost
    return {
        "visits": visits, "days": np.full(MONTHS, 30.0), "xy": xy, "district": district.astype(object), "workers": workers,
        "new_xy": new_xy, "opened": opened,
    }  # fmt: skip


@pytest.mark.parametrize("effect", [-0.15, 0.0, 0.1])
def test_bands_hold_the_planted_effect_in_nine_of_ten_cities(effect: float) -> None:
    found = [neighbours_effect(**city(seed, effect), seed=seed) for seed in range(40)]  # type: ignore[arg-type]
    held = np.mean([f is not None and f.low <= effect <= f.high for f in found])
    middle = np.mean([f.change for f in found if f is not None])
    assert 0.8 <= held <= 1.0, f"the band held {held:.0%} of {len(found)} cities"
    assert abs(middle - effect) < 0.02
    assert np.mean([f.high - f.low for f in found if f is not None]) < 0.2  # and it says something


def test_without_noise_the_effect_is_the_planted_one() -> None:
    """Two neighbours of two new stations lose a fifth, eight far stations rise by a tenth as all would: by hand 0.8."""
    xy = np.array([[0, 0], [0, 2500], *[[10_000 + 3000 * k, 0] for k in range(8)]], float)
    visits = np.tile(1e6 * np.where(np.arange(10) < 5, 1.0, 1.1), (10, 1))
    visits[:2, 6:] *= 0.8
    found = neighbours_effect(
        visits,
        np.full(10, 30.0),
        xy,
        np.array(["a"] * 10, object),
        np.full(10, 50.0),
        np.array([[50.0, 0.0], [50.0, 2500.0]]),
        np.array([5, 5]),
    )
    assert found is not None
    assert (found.neighbours, found.new, found.controls) == (2, 2, 5)
    assert found.change == pytest.approx(-0.2, abs=1e-5)
    assert found.low == pytest.approx(-0.2, abs=1e-5)


def test_nobody_near_or_nobody_to_compare_with() -> None:
    visits, days = np.full((3, 8), 90.0), np.full(8, 30.0)
    xy = np.array([[0, 0], [500, 0], [900, 0]], float)
    place = (np.array(["a"] * 3, object), np.ones(3))
    assert neighbours_effect(visits, days, xy, *place, np.array([[9e4, 0.0]]), np.array([4])) is None
    assert (
        neighbours_effect(visits, days, xy, *place, np.array([[100.0, 0.0]]), np.array([4])) is None
    )  # no station far away
    far = np.vstack([xy, [[9000.0, 0.0]]])
    more = np.full((4, 8), 90.0)
    late = neighbours_effect(
        more, days, far, np.array(["a"] * 4, object), np.ones(4), np.array([[100.0, 0.0]]), np.array([7])
    )
    assert late is None  # no month after the opening
    found = neighbours_effect(
        more,
        days,
        far,
        np.array(["a"] * 4, object),
        np.ones(4),
        np.array([[100.0, 0.0]]),
        np.array([4]),
        rules=EffectRules(draws=10),
    )
    assert found is not None
    assert found.change == pytest.approx(0)
