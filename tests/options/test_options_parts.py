"""The parts by themselves: a core says of any choice what the request says, a bound holds at any prices, a search keeps its books."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from planner.options import dual as module
from planner.options.core import reduce_options, shrink
from planner.options.dual import OptionsDual
from planner.options.request import check_options
from planner.options.search import OptionsSearch, _spread, choice_of, mended
from planner.options.solve import _anneal, _lower_bound
from planner.solvers.effort import effort


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


def two_places():
    """Two places with an option each, that covers 6 and 4 and takes the one yuan there is."""
    request = check_options(
        np.eye(2, dtype=np.int8), [6.0, 4.0], ["a", "b"], use={"yuan": [1, 1]}, most={"yuan": 1.0}
    )
    core = reduce_options(request)
    assert core.weight.tolist() == [6, 4]
    return core


def test_the_bound_keeps_a_margin_of_all_that_is_summed_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """At prices of 3 and 2 and a toll of 1 the places are worth 2 + 1 and the yuan 1: 10 − 5 + 3 + 1 = 9, of sums of 10 + 3 + 1.

    The best tolls are of 2 and a little more: 10 − 5 + 1 + 2 = 8, of sums of 13.
    """
    assert module.SAFETY == 1e-12
    for margin in (0.0, 0.25, 1.0):
        monkeypatch.setattr(module, "SAFETY", margin)
        dual = OptionsDual(two_places(), price=np.array([3.0, 2.0]), toll=np.array([1.0]))
        dual.run(1, 0.0)
        assert dual.value == pytest.approx(9 + 14 * margin)
        assert dual.polish() == pytest.approx(min(8 + 13 * margin, 10), abs=1e-3)
        assert dual.value == pytest.approx(8 + 13 * margin, abs=1e-3)


def test_leaning_on_a_plan_prices_rows_by_how_often_it_covers_them_and_forgets_the_way_so_far() -> None:
    """Of rows of 8, 4 and 2 nobody covers the first, one option the second, two the third."""
    covers = np.array([[0, 1, 1], [0, 0, 1], [1, 0, 0]])
    request = check_options(
        covers, [8.0, 4.0, 2.0], ["a", "b", "c"], use={"yuan": [1, 1, 3]}, most={"yuan": 4.0}
    )
    core = reduce_options(request)
    by_weight = np.argsort(-core.weight)
    dual = OptionsDual(core)
    dual.average[:], dual.drift[:], dual.value, dual.stall = 0.7, 0.7, 12.0, 3
    plan = np.full(core.n_places, -1, np.int64)
    for o in range(core.n_options):
        if core.option[o] in (0, 1):
            plan[core.place[o]] = o
    dual.lean_on(plan)
    assert dual.price[by_weight] == pytest.approx([8.0, 0.3 * 4, 0.0])
    assert (dual.average.tolist(), dual.drift.tolist()) == ([0, 0, 0], [0])
    assert (dual.value, dual.bound, dual.scale, dual.stall) == (np.inf, 14, 0.03, 0)
    assert (dual.best_price == dual.price).all()
    assert (dual.best_toll == dual.toll).all()
    dual.price[:] = -1
    assert (dual.best_price >= 0).all()  # a copy


def test_a_search_looks_for_eight_partners_where_the_limits_have_no_room() -> None:
    def found(seed: int, **tries: int) -> tuple[list[int], int]:
        core = reduce_options(request_of(seed, places=40, points=300))
        dual = OptionsDual(core)
        dual.run(60, 0.0)
        net, best = dual.reduced()
        start = mended(core, dual.choice, net)
        assert start is not None
        search = OptionsSearch(core, start, seed=seed, toll=dual.best_toll, net=net, best=best, hot=0.1)
        search.run(100_000, heat=0.3, **tries)
        return search.taken.choice.tolist(), search.entries

    eight = [found(seed) for seed in range(6)]
    assert eight == [found(seed, tries=8) for seed in range(6)]
    for other in (7, 9):
        assert eight != [found(seed, tries=other) for seed in range(6)]


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


def test_the_bound_is_sought_fifty_steps_at_a_time_and_not_beyond_the_work_allowed() -> None:
    asked: list[int] = []

    def run(steps: int, target: float) -> None:
        asked.append(steps)
        assert target == 7.0
        dual.steps += steps

    dual = SimpleNamespace(steps=0, done=False, bound=9.0, run=run, polish=lambda: 8.5)
    core = SimpleNamespace(row=np.zeros(1_000_000), n_options=500_000, n_rows=500_000)
    found = SimpleNamespace(
        core=core, plan=SimpleNamespace(value=7.0), bound=20.0, settle=lambda: None, gap=lambda: 1.0
    )
    hard = effort(60.0, 0.0, 1, 0)
    # a step is worth (500,000 + 1,000,000 + 500,000) / 60 + 1 = 33,334 entries; 0.4 of ten million are 119 steps, of which 80 a round
    _lower_bound(found, dual, hard, {}, 0.0)  # type: ignore[arg-type]
    assert asked == [50, 30]
    assert found.bound == 8.5
