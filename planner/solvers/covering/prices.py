"""Prices of rows in a Lagrangian dual: the averaged direction, and a step along it (compiled)."""

from __future__ import annotations

from planner.jit import compiled

__all__ = ["blend", "step_prices"]


@compiled
def blend(weight, price, count, average, share):  # type: ignore[no-untyped-def]
    """Blend the new subgradient into ``average``; returns the squared length of what can move.

    Without a branch: it is four times as fast.
    """
    length = 0.0
    for j in range(len(weight)):
        g = count[j] - (1.0 if price[j] < weight[j] else 0.0)
        d = share * g + (1.0 - share) * average[j]
        average[j] = d
        stuck = ((price[j] <= 0.0) & (d > 0.0)) | ((price[j] >= weight[j]) & (d < 0.0))
        length += 0.0 if stuck else d * d
    return length


@compiled
def step_prices(weight, price, average, step):  # type: ignore[no-untyped-def]
    """``price`` − step · average, kept within [0, weight]; returns its sum."""
    total = 0.0
    for j in range(len(weight)):
        v = min(max(price[j] - step * average[j], 0.0), weight[j])
        price[j] = v
        total += v
    return total
