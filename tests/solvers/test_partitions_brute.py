"""Several labels per site with limits of their own (district, kind of host, owner) against all plans.

No plan exceeds the bound, not even where little work leaves a gap; what is refused has no plan at all.
"""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from scipy import sparse

from planner.errors import InfeasibleError
from planner.medians.problems import p_center, p_median
from planner.solvers.covering.bound import Dual, best_sites
from planner.solvers.covering.core import reduce_request
from planner.solvers.problems import (
    maximal_covering,
    maximal_covering_backup,
    maximal_covering_capacitated,
    partition,
    set_covering,
)
from planner.solvers.request import Request, check_rules


class Toy:
    """A random town: coverage, weights, districts and one or two further labels with random limits."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.m, self.n = int(rng.integers(4, 10)), int(rng.integers(4, 20))
        self.p = int(rng.integers(1, min(5, self.m) + 1))
        self.hit = rng.random((self.m, self.n)) < rng.uniform(0.1, 0.5)
        self.covers = sparse.csr_array(self.hit)
        self.weights = rng.integers(1, 20, self.n).astype(float)
        self.labels, self.low, self.high, self.rules = [], [], [], {}
        for k, names in enumerate(("ABC", "xy", "uvw")[: int(rng.integers(2, 4))]):
            of = np.array(list(names))[rng.integers(0, len(names), self.m)]
            low = {c: int(rng.integers(1, 3)) for c in names[:-1] if rng.random() < 0.4}
            high = {c: int(rng.integers(0, 4)) for c in names[1:] if rng.random() < 0.5}
            self.labels.append(of)
            self.low.append(low)
            self.high.append(high)
            if k == 0:
                self.rules |= {"region": of, "quota_min": low, "quota_max": high}
        self.rules["partitions"] = [
            partition(of, low, high, name=f"kind{k}")
            for k, (of, low, high) in enumerate(
                zip(self.labels[1:], self.low[1:], self.high[1:], strict=True)
            )
        ]
        picks = rng.permutation(self.m)
        if rng.random() < 0.3:
            self.rules["required"] = picks[:1].tolist()
        if rng.random() < 0.3:
            self.rules["forbidden"] = picks[-1:].tolist()

    def obeys(self, s: tuple[int, ...], *, fewer: bool = False) -> bool:
        """Whether sites obey the lists and every count (``fewer``: least numbers aside)."""
        if not set(self.rules.get("required", ())) <= set(s) or set(s) & set(self.rules.get("forbidden", ())):
            return False
        for of, low, high in zip(self.labels, self.low, self.high, strict=True):
            there = [of[i] for i in s]
            if any(there.count(c) > q for c, q in high.items()):
                return False
            if not fewer and any(there.count(c) < q for c, q in low.items()):
                return False
        return True

    def plans(self, p: int | None = None):
        sizes = range(self.m + 1) if p is None else [p]
        return [s for k in sizes for s in itertools.combinations(range(self.m), k) if self.obeys(s)]

    def mended(self, way_out: str) -> bool:
        """Whether some plan obeys the rules once they are changed as a refusal says."""
        p = re.fullmatch(r"p = (\d+) .*", way_out)
        for name, side, label, number in re.findall(r"(\w+)_(min|max) of (\w) = (\d+)", way_out):
            which = {"quota": 0, "kind0": 1, "kind1": 2}[name]
            (self.low if side == "min" else self.high)[which][label] = int(number)
        if way_out.startswith("leave out"):
            self.rules.pop(way_out.split()[-1])
        return bool(self.plans(int(p[1]) if p else self.p))

    def covered(self, s: tuple[int, ...]) -> float:
        return float(self.weights[self.hit[list(s)].any(axis=0)].sum())


@pytest.mark.parametrize("block", range(20))
def test_maximal_covering(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        t = Toy(seed)
        extra: dict = {}
        every = t.plans(t.p)
        if seed % 4 == 1:
            pairs = t.rng.integers(0, t.m, (2, 2))
            extra["conflicts"] = pairs
            every = [s for s in every if not any(a != b and a in s and b in s for a, b in pairs)]
        if seed % 4 == 2:
            cost = t.rng.integers(1, 9, t.m).astype(float)
            extra |= {"cost": cost, "budget": float(t.rng.integers(3, 25))}
            every = [s for s in every if cost[list(s)].sum() <= extra["budget"]]
        if not every:
            with pytest.raises(InfeasibleError) as caught:
                maximal_covering(t.covers, t.weights, t.p, **t.rules, **extra)
            assert caught.value.clash, seed
            if caught.value.rules and not extra:
                assert t.mended(str(caught.value.suggestion)), (seed, caught.value)
            continue
        found = maximal_covering(t.covers, t.weights, t.p, **t.rules, **extra, work_limit=4)
        assert found.objective == pytest.approx(max(map(t.covered, every))), seed
        assert found.status == "optimal"
        assert tuple(sorted(found.chosen.tolist())) in every


@pytest.mark.parametrize("block", range(10))
def test_prices_and_tolls_bound_every_plan_and_settle_near_the_best(block: int) -> None:
    gaps = []
    for seed in range(block * 40, block * 40 + 40):
        t = Toy(1000 + seed)
        t.rules.pop("required", None)
        every = t.plans(t.p)
        if not every:
            continue
        asked = Request(t.covers, t.weights, np.zeros(t.n, bool), check_rules(t.m, t.p, **t.rules))
        core = reduce_request(asked)
        best = max(map(t.covered, every))
        dual = Dual(core)
        for _ in range(8):
            assert core.base + dual.run(25, best - core.base) >= best - 1e-7, seed
        gaps.append((core.base + dual.bound - best) / max(best, 1.0))
        score = t.rng.integers(0, 20, core.n_sites).astype(float)
        top = max(score[np.isin(core.site, s)].sum() for s in every)
        assert best_sites(score, core.rules)[1] >= top - 1e-7
    assert np.median(gaps) < 0.02


@pytest.mark.parametrize("block", range(5))
def test_the_other_problems(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        t = Toy(2000 + seed)
        every = t.plans(t.p)
        costs = t.rng.integers(1, 30, (t.m, t.n)).astype(float)
        costs[t.rng.random((t.m, t.n)) < 0.2] = np.inf
        far = [(t.weights * costs[list(s)].min(axis=0)).sum() for s in every]
        far = [v for v in far if np.isfinite(v)]
        most = [costs[list(s)].min(axis=0).max() for s in every]
        most = [v for v in most if np.isfinite(v)]
        for solve, values in (
            (lambda t=t, c=costs: p_median(c, t.weights, t.p, **t.rules), far),
            (lambda t=t, c=costs: p_center(c, t.p, **t.rules), most),
        ):
            if not values:
                with pytest.raises(InfeasibleError):
                    solve()
                continue
            found = solve()
            assert found.objective == pytest.approx(min(values)), seed
            assert found.status == "optimal", seed
            assert tuple(sorted(found.chosen.tolist())) in every
        sizes = [len(s) for s in t.plans() if t.hit[list(s)].any(axis=0).all()]
        if not sizes:
            with pytest.raises(InfeasibleError):
                set_covering(t.covers, **t.rules)
        else:
            assert set_covering(t.covers, **t.rules).objective == min(sizes), seed


@pytest.mark.parametrize("block", range(5))
def test_relatives(block: int) -> None:
    for seed in range(block * 12, block * 12 + 12):
        t = Toy(3000 + seed)
        every = t.plans(t.p)
        if not every:
            continue
        steps = np.array([0.0, 0.7, 1.0])
        best = max((t.weights * steps[np.minimum(2, t.hit[list(s)].sum(axis=0))]).sum() for s in every)
        found = maximal_covering_backup(t.covers, t.weights, t.p, credit=(0.7, 0.3), **t.rules, work_limit=4)
        assert found.objective == pytest.approx(best), seed
        assert found.status == "optimal"
        room = np.full(t.m, float(t.weights.sum()))
        found = maximal_covering_capacitated(t.covers, t.weights, t.p, capacity=room, **t.rules, work_limit=4)
        assert found.objective == pytest.approx(max(map(t.covered, every))), seed
        assert tuple(sorted(found.chosen.tolist())) in every


def test_a_clash_across_labels_names_both_and_the_nearest_way_out() -> None:
    covers = sparse.csr_array(np.eye(4))
    rules = {
        "region": list("NNSS"),
        "quota_min": {"N": 2},
        "partitions": [partition(["bank", "bank", "park", "park"], None, {"bank": 1}, name="kind")],
    }
    # both sites of N are banks, and only one bank may be chosen
    with pytest.raises(InfeasibleError) as caught:
        maximal_covering(covers, [1, 1, 1, 1], 3, **rules)
    assert list(caught.value.clash) == ["N needs at least 2", "bank may have at most 1"]
    assert caught.value.suggestion == "quota_min of N = 1"
    assert [c.zh for c in caught.value.clash] == ["N至少须 2 处", "bank至多 1 处"]
    assert caught.value.suggestion.zh == "N的 quota_min = 1"
    assert len(maximal_covering(covers, [1, 1, 1, 1], 3, **rules | {"quota_min": {"N": 1}}).chosen) == 3
    with pytest.raises(ValueError, match="names of their own"):
        maximal_covering(
            covers, [1, 1, 1, 1], 2, partitions=[partition(list("aabb")), partition(list("abab"))]
        )
