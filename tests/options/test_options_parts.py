"""The parts by themselves: a core says of any choice what the request says, a bound holds at any prices, a search keeps its books."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import sparse

from planner.options.core import reduce_options, shrink
from planner.options.dual import OptionsDual
from planner.options.request import check_options
from planner.options.search import OptionsSearch, _spread, choice_of, mended
from planner.options.solve import _anneal


def request_of(seed: int, places: int = 5, points: int = 30):
    rng = np.random.default_rng(seed)
    place = np.sort(rng.integers(0, places, 3 * places))
    m = len(place)
    covers = sparse.csr_array((rng.random((m, points)) < 0.25).astype(np.int8))
    return check_options(
        covers, rng.integers(0, 9, points) + (np.arange(points) == 0), place, must=rng.permutation(np.unique(place))[:2],
        covered=rng.random(points) < 0.1, use={"yuan": rng.integers(1, 9, m), "net": rng.integers(-4, 5, m)},
        most={"yuan": 4.0 * places}, least={"net": -6.0},
    )  # fmt: skip


def worth(request, chosen) -> float:
    hit = request.covered | (request.covers[np.asarray(chosen, np.int64)].sum(axis=0) > 0)
    return float(request.weights[hit].sum())


@pytest.mark.parametrize("seed", range(20))
def test_a_core_says_of_any_choice_what_the_request_says(seed: int) -> None:
    request, rng = request_of(seed), np.random.default_rng(seed)
    core = reduce_options(request)
    for _ in range(20):
        taken = [int(rng.choice(o)) for o in np.split(np.arange(core.n_options), core.place_ptr[1:-1])]
        taken = [o for o in taken if core.must[core.place[o]] or rng.random() < 0.6]
        whole = np.concatenate([core.decided, core.option[taken]])
        assert core.base + choice_of(core, np.array(taken)).value == worth(request, whole)
        spent = core.limits.use[taken].sum(axis=0)
        for r, limit in enumerate(request.limits):
            total = limit.use[whole].sum()
            within = core.limits.least[r] <= spent[r] <= core.limits.most[r]
            assert within == (limit.least <= total <= limit.most)
        keep = rng.random(core.n_options) < 0.7
        keep[taken] = True
        less = shrink(core, keep, core.must)
        here = np.flatnonzero(np.isin(less.option, core.option[taken]))
        both = np.concatenate([less.decided, less.option[here]])
        assert less.base + choice_of(less, here).value == worth(request, both)
        if set(less.decided.tolist()) <= set(whole.tolist()):
            assert sorted(both.tolist()) == sorted(whole.tolist())


@pytest.mark.parametrize("seed", range(20))
def test_an_option_left_out_is_bettered_by_another_of_its_place(seed: int) -> None:
    request = request_of(seed)
    core = reduce_options(request)
    left = np.concatenate([core.option, core.decided])
    yuan, net = (limit.use for limit in request.limits)
    for o in np.setdiff1d(np.arange(request.n_options), left):
        mine = set(request.covers[[o]].indices.tolist())
        live = {j for j in mine if request.weights[j] > 0 and not request.covered[j]}
        others = [k for k in left if request.place[k] == request.place[o]]
        better = [
            k for k in others
            if live <= set(request.covers[[k]].indices.tolist()) and yuan[k] <= yuan[o] and net[k] >= net[o]
        ]  # fmt: skip
        none = not request.must[request.place[o]] and not live and net[o] <= 0
        assert better or none, o


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_holds_at_any_prices_and_tolls(seed: int) -> None:
    request, rng = request_of(seed, places=4), np.random.default_rng(seed)
    core = reduce_options(request)
    menus = [
        [*o.tolist(), *([] if must else [-1])]
        for o, must in zip(np.split(np.arange(core.n_options), core.place_ptr[1:-1]), core.must, strict=True)
    ]
    best = -1.0
    for taken in product(*menus):
        chosen = np.array([o for o in taken if o >= 0], np.int64)
        if request.allows(np.concatenate([core.decided, core.option[chosen]])):
            best = max(best, choice_of(core, chosen).value)
    for _ in range(15):
        price = rng.random(core.n_rows) * core.weight
        toll = np.array([1.0, -1.0]) * rng.exponential(0.5, 2)  # one limited above, one below
        assert OptionsDual(core, price=price, toll=toll).run(1, 0.0) >= best
        assert (
            OptionsDual(core, price=price, toll=-toll).toll == 0
        ).all()  # no toll on a side without a limit


@pytest.mark.parametrize("seed", range(8))
def test_a_search_keeps_its_books_and_the_limits(seed: int) -> None:
    request = request_of(seed, places=40, points=300)
    core = reduce_options(request)
    dual = OptionsDual(core)
    dual.run(60, 0.0)
    net, best = dual.reduced()
    start = mended(core, dual.choice, net)
    assert start is not None
    search = OptionsSearch(core, start, seed=seed, toll=dual.best_toll, net=net, best=best, hot=0.1)
    for heat in (0.0, 0.3, 0.7, 1.0, None):
        search.run(200_000, heat=heat)
        now = search.taken.choice[search.taken.choice >= 0]
        assert search.now == pytest.approx(choice_of(core, now).value)
        assert request.allows(np.concatenate([core.decided, core.option[now]]))
    found = search.choice()
    assert found.value == pytest.approx(search.best_value)
    assert start.value <= found.value <= dual.bound
    assert request.allows(np.concatenate([core.decided, core.option[found.taken]]))


def test_a_place_that_takes_nothing_stands_too_near_to_nobody() -> None:
    """b and c are too near to each other; c, the dearer one, takes nothing, so that b may stand."""
    request = check_options(
        np.eye(3, dtype=np.int8), [5.0, 4.0, 9.0], ["a", "b", "c"], apart=[("b", "c")], stands=[True] * 3
    )
    core = reduce_options(request)
    choice, net = np.array([0, 1, -1]), np.array([5.0, 4.0, 9.0])
    assert _spread(core, choice, net)
    assert choice.tolist() == [0, 1, -1]
    choice = np.array([0, 1, 2])
    assert _spread(core, choice, net)
    assert choice.tolist() == [0, -1, 2]


def test_a_search_cools_evenly_and_ends_cold() -> None:
    heats: list[float | None] = []
    looked: list[int] = []

    class Search:
        def run(self, entries: int, *, heat: float | None) -> None:
            looked.append(entries)
            heats.append(heat)

    class Effort:
        def out_of_time(self) -> bool:
            return False

    _anneal(Search(), 4_000, Effort())
    warm = [h for h in heats if h is not None]
    assert warm[0] == 0.0
    assert warm[-1] == 1.0
    assert np.diff(warm) == pytest.approx(1 / (len(warm) - 1))
    assert heats[len(warm) :] == [None] * 3
    assert sum(looked) == 4_000
