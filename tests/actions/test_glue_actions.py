"""What the five verbs say and count, piece by piece, with numbers made by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.actions.judge import judge_actions
from planner.actions.options import _Writer
from planner.actions.partners import read_partners
from planner.actions.places import CANDIDATE, EXISTING, PARTNER, ActionPlaces, host_kind_of
from planner.actions.plan import ActionPlan
from planner.actions.reasons import VERB_WORDS, reason
from planner.actions.sequence import in_order
from planner.actions.solve import relative_gap
from planner.actions.years import spread
from planner.hours.parse import merged, parse_hours
from planner.options.core import reduce_options
from planner.options.exact import solve_options_core
from planner.options.infeasible import _Side
from planner.options.request import check_options
from planner.settings.actions import Actions
from planner.settings.inputs import Table
from planner.settings.siting import Goal
from planner.solvers.effort import Effort
from tests.actions.test_five_verbs import LOCK, study_of
from tests.study.town import Place

GRADES = {"basic": "基本级", "model": "示范级"}
ROW = {
    "verb": "build", "host_kind": "bank", "hours_from": "08:00-20:00", "hours_to": "00:00-24:00", "grade_from": "basic", "grade_to": "model",
    "to_name": "Quay", "workers_gained": 1234.4, "workers_refused": 0.0, "substitute_id": "", "substitute_m": 0.0, "substitute_name": "",
    "substitute_loss": 0.0, "substitute_verb": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "zh", "en"),
    [
        ("build", "新建", "build"), ("retime", "调时", "re-time"), ("upgrade", "提档", "upgrade"), ("move", "迁址", "move"),
        ("close", "撤并", "close"), ("cobrand", "共建", "co-brand"),
    ],
)  # fmt: skip
def test_each_verb_has_its_word_in_both_languages(verb: str, zh: str, en: str) -> None:
    assert VERB_WORDS[verb] == (zh, en)
    assert len(VERB_WORDS) == 6


@pytest.mark.parametrize(
    ("changes", "zh", "en"),
    [
        ({}, "在银行网点新建，开放 24 小时；新增覆盖 1,234 人。", "Build in a bank branch, open round the clock; 1,234 more workers in the circle."),
        ({"verb": "retime", "workers_gained": 0.2}, "开放时间由 08:00-20:00 调整为 24 小时；覆盖人数不变。",
         "Open round the clock instead of 08:00-20:00; as many workers in the circle."),
        ({"verb": "upgrade", "workers_refused": 3.0}, "等级由基本级提升为示范级；新增覆盖 1,234 人；若不实施，少覆盖 3 人。",
         "Raise the grade from 基本级 to 示范级; 1,234 more workers in the circle; without it the plan covers 3 fewer."),
        ({"verb": "cobrand", "workers_refused": 3.0}, "与合作单位共建挂牌，开放 24 小时；新增覆盖 1,234 人；若不实施，少覆盖 3 人，步行可达范围内无可替代。",
         "Co-brand with the partner, open round the clock; 1,234 more workers in the circle; without it the plan covers 3 fewer, and nothing within reach can replace it."),
        ({"verb": "close", "workers_gained": -12.0, "workers_refused": 40.0}, "撤并；12 人不再被覆盖，省下的经费另有更大用处。",
         "Close; 12 workers leave the circle, and the money does more elsewhere."),
        ({"verb": "move", "workers_refused": 7.6, "substitute_id": "x", "substitute_m": 420.0, "substitute_name": "Depot", "substitute_loss": 2.4,
          "substitute_verb": "build"},
         "迁至 Quay（银行网点），开放 24 小时；新增覆盖 1,234 人；若不实施，少覆盖 8 人，可由 420 米内的 Depot（新建）替代，仍少覆盖 2 人。",
         "Move to Quay (bank branch), open round the clock; 1,234 more workers in the circle; without it the plan covers 8 fewer, or 2 fewer with Depot (build) within 420 m instead."),
        ({"workers_refused": 0.4}, "在银行网点新建，开放 24 小时；新增覆盖 1,234 人。",
         "Build in a bank branch, open round the clock; 1,234 more workers in the circle."),
    ],
)  # fmt: skip
def test_a_reason_says_what_is_done_what_it_brings_and_what_is_lost_without_it(
    changes: dict[str, Any], zh: str, en: str
) -> None:
    assert reason(ROW | changes, "zh", GRADES) == zh
    assert reason(ROW | changes, "en", GRADES) == en


def squares(*corners: tuple[str, float]) -> gpd.GeoDataFrame:
    """Districts of 10 km by 10 km side by side."""
    return gpd.GeoDataFrame(
        {"district": [name for name, _ in corners]},
        geometry=[shapely.box(x, 3.46e6, x + 1e4, 3.47e6) for _, x in corners], crs=4549,
    )  # fmt: skip


def test_a_list_of_partners_is_judged_by_the_districts_and_only_open_posts_inside_count(
    tmp_path: Path,
) -> None:
    districts = squares(("a", 5e5), ("b", 5.1e5))
    points = gpd.GeoSeries(
        [shapely.Point(5.01e5, 3.465e6), shapely.Point(5.11e5, 3.465e6), shapely.Point(5.02e5, 3.466e6), shapely.Point(9e5, 3.9e6)],
        crs=4549,
    ).to_crs(4326)  # fmt: skip
    frame = pd.DataFrame(
        {"id": ["p", "q", "r", "s"], "name": ["P", "Q", "R", "S"], "lng": points.x, "lat": points.y, "status": ["open", "open", "closed", "open"]}
    )  # fmt: skip
    for name in ("one.csv", "two.csv"):
        frame.to_csv(tmp_path / name, index=False)
    lists = tuple(Table(path=tmp_path / n, datum="wgs84") for n in ("one.csv", "two.csv"))
    found = read_partners(lists[:1], districts=districts, crs="EPSG:4549")
    assert list(zip(found.posts["station_id"], found.posts["district"], strict=True)) == [
        ("p", "a"),
        ("q", "b"),
    ]
    assert [(f.code, f.row) for f in found.findings if f.severity == "E"] == [("LOC-002", 5)]
    both = read_partners(lists, districts=districts, crs="EPSG:4549")
    assert sorted(both.posts["station_id"]) == ["1:p", "1:q", "2:p", "2:q"]


def test_places_are_found_by_where_they_come_from() -> None:
    table = pd.DataFrame({"source": [EXISTING, CANDIDATE, EXISTING, PARTNER], "cost_yuan": 0.0})
    places = ActionPlaces(table, None, None)  # type: ignore[arg-type]
    assert [places.rows(s).tolist() for s in (EXISTING, CANDIDATE, PARTNER)] == [[0, 2], [1], [3]]


def test_the_kind_of_host_is_read_from_free_text() -> None:
    assert (host_kind_of("人民路银行网点"), host_kind_of("xyz")) == ("bank", "")


def told(before: float, after: float, objective: float, bound: float) -> Any:
    state = [SimpleNamespace(covered=v) for v in (before, after)]
    return SimpleNamespace(
        before=state[0], after=state[1], solution=SimpleNamespace(objective=objective, bound=bound)
    )


def test_the_gap_of_what_is_new_is_a_share_of_what_is_new() -> None:
    gap: Any = ActionPlan.new_gap
    assert gap.fget(told(100.0, 120.0, 120.0, 125.0)) == 0.25
    assert gap.fget(told(100.0, 100.0, 100.0, 105.0)) == 0.0


def test_a_notebook_shows_the_first_twenty_actions() -> None:
    columns = ["rank", "verb", "name", "district", "workers_gained", "cost_yuan", "yearly_yuan", "reason"]

    class Shown(SimpleNamespace):
        def __repr__(self) -> str:
            return "<a plan>"

    shown = Shown(actions=pd.DataFrame([dict.fromkeys(columns, n) for n in range(30)]))
    html = ActionPlan._repr_html_(shown)  # type: ignore[arg-type]
    assert html.count("<tr>") == 20
    assert "&lt;a plan&gt;" in html


def hours_of(text: str) -> tuple[tuple[int, int], ...]:
    return merged(parse_hours(text).spans)


def test_only_hosts_that_can_keep_hours_are_offered_them(tmp_path: Path) -> None:
    actions = study_of(tmp_path, "budget_yuan = 1").settings.actions  # 24 h at fuel stations only
    writer = _Writer(actions, {})
    for kind, offered in (("bank", {"08:00-20:00"}), ("fuel", {"08:00-20:00", "00:00-24:00"})):
        made = writer.candidate(hours_of("08:00-20:00"), "08:00-20:00", kind, 9000.0)
        assert {(o.verb, o.open_hours) for o in made} == {(v, h) for v in ("build", "move") for h in offered}
    always = writer.candidate(
        hours_of("00:00-24:00"), "00:00-24:00", "bank", 9000.0
    )  # it is open all day already
    assert {o.open_hours: o.cost.yuan for o in always if o.verb == "build"} == {
        "00:00-24:00": 9000.0,
        "08:00-20:00": 9000.0,
    }
    longer = writer.candidate(hours_of("08:00-20:00"), "08:00-20:00", "fuel", 9000.0)
    assert {o.open_hours: o.cost.yuan for o in longer if o.verb == "build"}["00:00-24:00"] == 9000.0 + LOCK


@pytest.mark.parametrize(("least", "codes"), [(3, []), (4, ["ACT-014"])])
def test_as_many_open_stations_as_places_may_be_asked_for(least: int, codes: list[str]) -> None:
    places = {"s": EXISTING, "c": CANDIDATE, "d": CANDIDATE, "p": PARTNER}
    candidates = gpd.GeoDataFrame({"site_id": ["c", "d"]}, geometry=[shapely.Point(0, 0)] * 2, crs=4549)
    actions = Actions(enabled=True, budget_yuan=1.0, open_least=least)
    found = judge_actions(actions, Goal(), places, squares(("a", 5e5)), candidates, {})
    assert [f.code for f in found if "open_least" in f.field] == codes


@pytest.mark.parametrize("worth", [1.0, 0.01])
def test_what_stands_in_the_order_is_what_does_most_in_its_turn(worth: float) -> None:
    """Three changes that share workers: a brings 10, b the same 10 and 1 more, c 3 of its own; each worth as many people, or a hundredth."""
    options = SimpleNamespace(is_open=None)
    problem: Any = SimpleNamespace(options=options)
    brings = [{*range(10)}, {*range(11)}, {20, 21, 22}]

    class Tally:
        def __init__(self, _problem: Any, _options: Any) -> None:
            self.have: set[int] = set()

        def gain(self, out: Any, into: Any) -> float:
            have = self.have - set().union(*(brings[o] for o in out)) if out else self.have
            return worth * float(len(have.union(*(brings[o] for o in into))) - len(self.have))

        def make(self, _out: Any, into: Any) -> None:
            self.have = self.have.union(*(brings[o] for o in into))

    from planner.actions import sequence

    changes: Any = [SimpleNamespace(out=[], into=[n]) for n in range(3)]
    problem.keep = np.zeros(0, int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequence, "Tally", Tally)
        order, gained, alone, _ = in_order(problem, changes)
    assert order == [1, 2, 0]
    assert (gained / worth).tolist() == pytest.approx([0.0, 11.0, 3.0])
    assert (alone / worth).tolist() == pytest.approx([10.0, 11.0, 3.0])


@pytest.mark.parametrize("season", ["", "hot"])
def test_a_plan_that_may_do_nothing_leaves_every_figure_as_it_is(tmp_path: Path, season: str) -> None:
    """On a hot day nobody is out from 12 to 15, and who closes then loses nothing: the plan is measured as what stands is."""
    extra = f'[demand]\nseason = "{season}"\n' if season else ""
    stations = [Place("S1", 500, "08:00-12:00,15:00-20:00"), Place("S2", 2500, "10:00-14:00")]
    study = study_of(
        tmp_path, "budget_yuan = 0\nyearly_yuan = 0\nmost = { close = 0, move = 0, retime = 0 }", stations=stations, extra=extra
    )  # fmt: skip
    before, after = study.coverage(), study.plan_actions().after
    assert after.covered == pytest.approx(before.covered)
    assert before.by_time is not None
    assert after.by_time is not None
    pd.testing.assert_frame_equal(after.by_time.by_period, before.by_time.by_period)
    assert after.by_time.kept == pytest.approx(before.by_time.kept)


def test_a_gap_is_a_share_of_the_bound() -> None:
    assert relative_gap(90.0, 100.0) == pytest.approx(0.1, abs=0.02)
    assert relative_gap(100.0, 100.0) == 0.0


def test_a_model_without_any_plan_says_so_and_what_highs_says_of_it() -> None:
    """Two places that must each take an option of 3 yuan, and 4 yuan in all."""
    covers = np.eye(2, dtype=np.int8)
    request = check_options(
        covers, [1.0, 1.0], [0, 1], must=[0, 1], use={"yuan": [3.0, 3.0]}, most={"yuan": 10.0}
    )
    core = reduce_options(request)
    poor: Any = SimpleNamespace(**{k: getattr(core, k) for k in dir(core) if not k.startswith("__")})
    poor.limits = SimpleNamespace(
        use=core.limits.use, least=core.limits.least, most=np.full(len(core.limits.most), 4.0)
    )
    chosen, outcome = solve_options_core(poor, effort=Effort(1, np.inf, 0.0, 0))
    assert chosen is None
    assert outcome.values is None  # noqa: PD011


@pytest.mark.parametrize(
    ("side", "value", "eased"),
    [
        ("most", 1234567.89012345678, 1234567.89013),
        ("least", 1234567.89012345678, 1234567.89012),
        ("most", 12.5, 12.5),
    ],
)
def test_the_nearest_number_that_can_be_kept_is_told_in_twelve_digits(
    side: str, value: float, eased: float
) -> None:
    limit: Any = SimpleNamespace(kind="use", name="yuan")
    assert _Side(limit, side).eased(value) == pytest.approx(eased, rel=1e-15)


@pytest.mark.parametrize(
    ("years", "found"),
    [
        ([], ["", "", "", ""]),
        # the saving comes first and pays for what follows; the second does not fit into the first year by a yuan
        ([("2024", 100.0, 0.0), ("2025", 50.0, 30.0)], ["2024", "2025", "2024", "2025"]),
        ([("2024", 101.0, 0.0), ("2025", 50.0, 30.0)], ["2024", "2024", "2024", "2025"]),
    ],
)
def test_actions_are_done_in_the_first_year_whose_money_lasts(
    years: list[tuple[str, float, float]], found: list[str]
) -> None:
    cost, yearly = np.array([60.0, 41.0, 0.0, 9.0]), np.array([20.0, 0.0, -20.0, 30.0])
    of = [SimpleNamespace(name=n, budget_yuan=once, yearly_yuan=each) for n, once, each in years]
    assert spread(range(4), cost, yearly, of) == found  # type: ignore[arg-type]
