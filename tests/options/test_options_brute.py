"""Options beside all selections there are: same objective, a bound that holds, refusals exactly where none obeys."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import sparse

import planner
from planner.errors import InfeasibleError

SCALES = (1e-9, 1e-4, 1.0, 3.0, 1e5, 1e9)


def instance(seed: int) -> dict:
    """Arguments of the door: few places with few options each, ties, zero weights, limits that bind or clash."""
    rng = np.random.default_rng(seed)
    places = int(rng.integers(2, 7))
    place = rng.permutation(np.repeat(np.arange(places), rng.integers(1, 5, places)))
    m, n = len(place), int(rng.integers(1, 15))
    covers = sparse.csr_array((rng.random((m, n)) < rng.uniform(0.1, 0.5)).astype(float))
    covers.data[:] = rng.integers(0, 2, covers.nnz)  # stored zeros cover too
    whole = rng.random() < 0.6
    weights = rng.integers(0, 4, n).astype(float) if whole else rng.random(n) * (rng.random(n) < 0.8)
    weights[rng.integers(n)] = 1.0
    given = {"covers": covers, "weights": weights * SCALES[seed % 6], "place": place}
    given["must"] = np.flatnonzero(rng.random(places) < 0.4).tolist()
    given["covered"] = rng.random(n) < 0.15
    use, least, most = {}, {}, {}
    for name in ("one-off", "yearly")[: int(rng.integers(0, 3))]:
        money = SCALES[int(rng.integers(6))]
        amounts = rng.integers(-2, 6, m).astype(float) if rng.random() < 0.7 else rng.uniform(-0.5, 2.0, m)
        use[name] = amounts * money
        middle = amounts.mean() * places * rng.uniform(0.1, 0.9)
        if rng.random() < 0.8:
            most[name] = float(np.rint(middle) if rng.random() < 0.5 else middle) * money
        if rng.random() < 0.35:
            least[name] = float(np.rint(middle - rng.uniform(-1, 3))) * money
    given.update(use=use, least=least, most=most)
    if rng.random() < 0.4:
        given["region"] = rng.choice(["east", "west"], m)
        given["quota_min"] = {"east": int(rng.integers(0, 4))} if rng.random() < 0.6 else {}
        given["quota_max"] = {"west": int(rng.integers(0, 3))} if rng.random() < 0.6 else {}
    if (
        seed % 3 == 0
    ):  # places too near each other: of an own generator, so that the others stay what they are
        other = np.random.default_rng(10_000 + seed)
        pairs = [(a, b) for a in range(places) for b in range(a) if other.random() < 0.5]
        given.update(apart=pairs, stands=other.random(m) < 0.7)
    chance = rng.permutation(m)
    given["required"] = chance[: rng.integers(0, 2)].tolist() if rng.random() < 0.3 else []
    given["forbidden"] = chance[2 : 2 + rng.integers(0, 3)].tolist() if rng.random() < 0.4 else []
    return given


def keeps(given: dict, chosen: list[int]) -> bool:
    """Whether a selection with at most one option per place obeys all else."""
    place = given["place"]
    if not set(given["must"]) <= set(place[chosen].tolist()):
        return False
    if not set(given["required"]) <= set(chosen) or set(given["forbidden"]) & set(chosen):
        return False
    for name, amounts in given["use"].items():
        total, slack = float(amounts[chosen].sum()), 1e-11 * float(np.abs(amounts).sum())
        if (
            total > given["most"].get(name, np.inf) + slack
            or total < given["least"].get(name, -np.inf) - slack
        ):
            return False
    if "apart" in given:
        standing = {int(place[o]) for o in chosen if given["stands"][o]}
        if any(a in standing and b in standing for a, b in given["apart"]):
            return False
    if "region" in given:
        count = {g: int((given["region"][chosen] == g).sum()) for g in ("east", "west")}
        if any(count[g] < q for g, q in given["quota_min"].items()):
            return False
        if any(count[g] > q for g, q in given["quota_max"].items()):
            return False
    return True


def worth(given: dict, chosen: list[int]) -> float:
    rows = given["covers"].tocoo()
    hit = given["covered"].copy()
    hit[rows.coords[1][np.isin(rows.coords[0], chosen)]] = True
    return float(given["weights"][hit].sum())


def best_of_all(given: dict, leave_out: str = "") -> float | None:
    """The greatest weight of any selection that obeys the rules; None where there is none."""
    place, reached = given["place"], np.zeros(given["covers"].shape, bool)
    reached[given["covers"].tocoo().coords] = True
    menus = [[-1, *np.flatnonzero(place == p).tolist()] for p in np.unique(place)]
    selections = [[o for o in taken if o >= 0] for taken in product(*menus)]
    worths = [float(given["weights"][given["covered"] | reached[c].any(axis=0)].sum()) for c in selections]
    best_first = np.argsort(-np.array(worths), kind="stable")
    return next((worths[k] for k in best_first if keeps(given, selections[k])), None)


@pytest.mark.parametrize("block", range(24))
def test_the_best_of_all_selections_is_found_and_proved_or_the_request_refused(block: int) -> None:
    refused = 0
    for seed in range(block * 25, block * 25 + 25):
        given = instance(seed)
        best = best_of_all(given)
        if best is None:
            with pytest.raises(InfeasibleError) as caught:
                planner.maximal_covering_options(**given)
            assert_refusal_is_right(given, caught.value)
            refused += 1
            continue
        plan = planner.maximal_covering_options(**given)
        chosen = plan.chosen.tolist()
        assert len(set(given["place"][chosen])) == len(chosen), seed
        assert keeps(given, chosen), seed
        assert plan.objective == pytest.approx(worth(given, chosen), rel=1e-12), seed
        assert plan.objective == pytest.approx(best, rel=1e-9), seed
        assert plan.bound >= best * (1 - 1e-12), seed
        assert plan.status == "optimal", seed
        assert plan.gap <= 1e-9, seed
        assert plan.repeatable
    assert refused < 25


def without(given: dict, key: str) -> dict:
    """The request without the rule of that name."""
    less = {**given, "least": dict(given["least"]), "most": dict(given["most"])}
    if key in ("must", "required", "forbidden"):
        less[key] = []
        return less
    if key == "apart":
        return {**less, "apart": []}
    argument, label = key.split("[")[0], key.split("[")[1].rstrip("]").strip("'")
    less[argument] = {name: q for name, q in given.get(argument, {}).items() if name != label}
    return less


def assert_refusal_is_right(given: dict, error: InfeasibleError) -> None:
    """Each rule named is needed for the clash unless there are further clashes; the rules named clash alone."""
    assert error.rules
    assert error.suggestion
    assert all(clash.zh for clash in error.clash)
    alone = given
    every = [*(k for k in ("must", "required", "forbidden", "apart") if given.get(k))]
    for argument in ("least", "most", "quota_min", "quota_max"):
        every += [f"{argument}[{name!r}]" for name in given.get(argument, {})]
    for key in set(every) - set(error.rules):
        alone = without(alone, key)
    assert best_of_all(alone) is None, error
    for key in error.rules:
        if len(error.rules) > 1:
            assert best_of_all(without(alone, key)) is not None, (key, error)
