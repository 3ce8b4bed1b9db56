"""What the table of chosen sites says of draws: each figure its own, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.siting.plan import _in_hindsight
from planner.siting.questions.robust import Hindsight


def test_steadiness_its_margin_and_the_band_of_what_only_the_site_covers_are_told_apart() -> None:
    n, z = 39, 1.6448536
    kept = np.array([0.0, 0.6, 1.0])
    alone = np.column_stack([np.arange(1.0, 40.0), 100 + np.arange(39.0, 0.0, -1), np.full(39, 7.0)])
    draws = pd.DataFrame({"workers": np.ones(n), "before": 0.0, "plan": 1.0, "best": 1.0, "bound": 1.0})
    told = _in_hindsight(Hindsight(kept, alone, draws, 667.0))
    # of 39 values in order the second and the thirty-eighth
    assert told["alone_low"].tolist() == [2.0, 102.0, 7.0]
    assert told["alone_high"].tolist() == [38.0, 138.0, 7.0]
    assert told["confidence"].tolist() == kept.tolist()
    # Wilson's interval: its ends are the roots of (k − p)² = z² p (1 − p) / n, half their distance is the margin
    for k, margin in zip(kept, told["confidence_margin"], strict=True):
        a, b, c = 1 + z**2 / n, -(2 * k + z**2 / n), k**2
        assert margin == pytest.approx(np.sqrt(b**2 - 4 * a * c) / a / 2)
    assert set(told) == {"confidence", "confidence_margin", "alone_low", "alone_high"}


def test_without_draws_nothing_is_known() -> None:
    assert all(np.isnan(v) for v in _in_hindsight(None).values())
    none = Hindsight(np.zeros(2), np.zeros((0, 2)), pd.DataFrame(columns=["plan", "best", "bound"]), 1.0)
    told = _in_hindsight(none)
    assert np.isnan(told["alone_low"])
    assert np.isnan(told["alone_high"])
