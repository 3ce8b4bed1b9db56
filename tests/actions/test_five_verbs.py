"""The plan with five verbs on a town where everything can be told with a pencil, beside every plan there is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.errors import InputError
from planner.study.study import Study, open_study
from tests.study.town import (
    PERIODS,
    RATES,
    TEN_MINUTES_M,
    Place,
    at,
    standing,
    street_town,
    workers,
    write_table,
)

#: Our own table of costs: hours → (once, a year).
DAY, NIGHT = "08:00-20:00", "00:00-24:00"
RUNNING = {DAY: 2000.0, NIGHT: 9000.0}
LOCK, CLOSE, MOVE_SHARE = 5000.0, 500.0, 0.5
BUILD = {"fuel": 9000.0, "bank": 7000.0}
STATIONS = (Place("S1", 600, DAY), Place("S2", 900, DAY), Place("S3", 2600, DAY))
HOSTS = (Place("H1", 1500, DAY, "bank"), Place("H2", 2200, DAY, "fuel"), Place("H3", 3700, DAY, "fuel"))


def study_of(
    folder: Path, actions: str, *, stations: Any = STATIONS, hosts: Any = HOSTS, extra: str = ""
) -> Study:
    table = f"""
[actions]
enabled = true
close_yuan = {CLOSE}
move_share = {MOVE_SHARE}
{actions}
[[actions.hours]]
name = "day"
hours = "{DAY}"
yearly_yuan = {RUNNING[DAY]}
[[actions.hours]]
name = "24h"
hours = "{NIGHT}"
one_off_yuan = {LOCK}
yearly_yuan = {RUNNING[NIGHT]}
hosts = ["fuel"]
{extra}
"""
    siting = f"p = 1\ncost_yuan = {{ fuel = {BUILD['fuel']}, bank = {BUILD['bank']} }}"
    return open_study(street_town(folder, stations=stations, hosts=hosts, siting=siting, extra=table))


@dataclass(frozen=True)
class Done:
    """A place under one option: verb, hours ("" closed), what it costs once and a year."""

    verb: str
    hours: str
    once: float
    yearly: float


def existing_options() -> list[Done]:
    return [
        Done("keep", DAY, 0, 0), Done("retime", NIGHT, LOCK, RUNNING[NIGHT] - RUNNING[DAY]),
        Done("close", "", CLOSE, -RUNNING[DAY]),
    ]  # fmt: skip


def host_options(kind: str) -> list[Done]:
    found = [Done("none", "", 0, 0)]
    for verb, share in (("build", 1.0), ("move", MOVE_SHARE)):
        found.append(Done(verb, DAY, BUILD[kind] * share, RUNNING[DAY]))
        if kind == "fuel":
            found.append(Done(verb, NIGHT, BUILD[kind] * share + LOCK, RUNNING[NIGHT]))
    return found


def open_in(hours: str, period: str) -> bool:
    """Half of the period or more, told by hand."""
    return hours == NIGHT or (hours == DAY and period in ("06_10", "10_14", "14_17", "17_22"))


def every_plan(study: Study) -> list[tuple[float, float, float, tuple[str, ...]]]:
    """(workers covered, once, a year, verbs) of every plan there is."""
    return [plan[:4] for plan in every_plan_and_who_loses(study)]


def every_plan_and_who_loses(study: Study) -> list[tuple[float, float, float, tuple[str, ...], float]]:
    """(workers covered, once, a year, verbs, workers covered today and then no more) of every plan there is."""
    x = standing(study)
    near = np.array([np.abs(x - p.x_m) <= TEN_MINUTES_M for p in (*STATIONS, *HOSTS)])
    here = {t: sum(workers(study, g, t) for g in RATES) for t in PERIODS}
    options = [existing_options()] * len(STATIONS) + [host_options(h.kind) for h in HOSTS]
    found = []
    for plan in itertools.product(*options):
        verbs = tuple(o.verb for o in plan)
        if verbs.count("move") > verbs.count("close"):
            continue  # a station moves by closing here and opening there
        covered = lost = 0.0
        for t in PERIODS:
            on = np.array([open_in(o.hours, t) for o in plan])
            covered += here[t][near[on].any(axis=0)].sum()
            today = near[: len(STATIONS)][[open_in(p.hours, t) for p in STATIONS]].any(axis=0)
            lost += here[t][today & ~near[on].any(axis=0)].sum()
        found.append((covered, sum(o.once for o in plan), sum(o.yearly for o in plan), verbs, lost))
    return found


BUDGETS = [
    (0, 0),
    (5000, 7000),
    (9000, 2000),
    (14500, 12000),
    (30000, 9000),
    (20000, 0),
    (500, -2000),
    (60000, 40000),
]


@pytest.mark.parametrize(("once", "yearly"), BUDGETS)
def test_the_plan_is_the_best_of_every_plan_there_is(tmp_path: Path, once: float, yearly: float) -> None:
    study = study_of(tmp_path, f"budget_yuan = {once}\nyearly_yuan = {max(yearly, 0)}")
    plan = study.plan_actions()
    best = max(c for c, a, b, _ in every_plan(study) if a <= once + 1e-6 and b <= max(yearly, 0) + 1e-6)
    assert plan.after.covered == pytest.approx(best, abs=1e-6)
    assert plan.solution.objective == pytest.approx(plan.after.covered, abs=1e-6)
    assert plan.solution.bound == pytest.approx(best, rel=1e-6)
    assert plan.cost_yuan <= once
    assert plan.yearly_yuan <= max(yearly, 0)
    assert plan.actions["workers_gained"].sum() == pytest.approx(plan.after.covered - plan.before.covered)


def test_the_plan_that_only_builds_is_one_of_them_and_never_better(tmp_path: Path) -> None:
    study = study_of(tmp_path, "budget_yuan = 16000\nyearly_yuan = 9000")
    plan = study.plan_actions()
    only = max(
        c
        for c, a, b, v in every_plan(study)
        if a <= 16000 and b <= 9000 and set(v) <= {"keep", "none", "build"}
    )
    assert plan.build_only is not None
    assert plan.build_only.objective == pytest.approx(only)
    assert plan.after.covered >= only - 1e-9


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ("least = { close = 1 }", lambda v: v.count("close") - v.count("move") >= 1),
        ("most = { retime = 1, build = 1 }", lambda v: v.count("retime") <= 1 and v.count("build") <= 1),
        ("open_least = 5", lambda v: sum(o in ("keep", "retime", "build", "move") for o in v) >= 5),
        ("quota_min = { mid = 2 }", lambda v: v.count("build") + v.count("move") >= 2),
        ("quota_max = { mid = 1 }", lambda v: v.count("build") + v.count("move") <= 1),
        ('required = [{ verb = "build", place = "H3" }]', lambda v: v[5] == "build"),
        ('required = [{ verb = "close", place = "S1" }]', lambda v: v[0] == "close"),
        ('forbidden = [{ verb = "retime", place = "S2" }, { verb = "build", place = "H2" }]',
         lambda v: v[1] != "retime" and v[4] != "build"),
    ],
)  # fmt: skip
def test_limits_are_kept_and_cost_no_more_than_they_must(tmp_path: Path, limits: str, kept: Any) -> None:
    study = study_of(tmp_path, f"budget_yuan = 25000\nyearly_yuan = 12000\n{limits}")
    plan = study.plan_actions()
    best = max(c for c, a, b, v in every_plan(study) if a <= 25000 and b <= 12000 and kept(v))
    assert plan.after.covered == pytest.approx(best, abs=1e-6)
    assert plan.solution.bound >= best - 1e-6


@pytest.mark.parametrize("most", [0.0, 3.0, 7.0, 40.0])
def test_under_a_limit_on_who_loses_the_circle_the_certificate_holds_and_says_when_it_is_not_tight(
    tmp_path: Path, most: float
) -> None:
    """Building without money for another station's hours takes closing one: the limit binds where it is low."""
    money = "budget_yuan = 20000\nyearly_yuan = 0\nleast = { build = 1 }"
    study = study_of(tmp_path, f"{money}\nlost_most = {most}")
    may = [p for p in every_plan_and_who_loses(study) if p[1] <= 20000 and p[2] <= 0 and "build" in p[3]]
    best, free = max(p[0] for p in may if p[4] <= most), max(may)
    assert (best < free[0]) == (most < 5.0)
    solution, plan = study.plan_actions().solution, study.plan_actions()
    assert plan.lost <= most + 1e-6
    assert solution.objective <= best + 1e-6
    assert solution.bound >= best - 1e-6
    tight = solution.bound - solution.objective <= 1e-6 * solution.bound
    assert (solution.status == "optimal") == tight
    if tight:
        assert solution.objective == pytest.approx(best)


@pytest.mark.parametrize("most", [0.0, 3.0, 12.0, 40.0])
def test_no_more_workers_lose_the_circle_than_may(tmp_path: Path, most: float) -> None:
    limits = f"budget_yuan = 20000\nyearly_yuan = 3000\nlost_most = {most}\nleast = {{ build = 1 }}"
    study = study_of(tmp_path, limits)
    plan = study.plan_actions()
    assert plan.lost <= most + 1e-6
    x, here = standing(study), {t: sum(workers(study, g, t) for g in RATES) for t in PERIODS}
    before, after = ({t: np.zeros(len(x), bool) for t in PERIODS} for _ in range(2))
    gone = {r.place_id for r in plan.actions.itertuples() if r.verb in ("close", "move")}
    now = {p.name: p for p in (*STATIONS, *HOSTS)}
    for t in PERIODS:
        for p in STATIONS:
            before[t] |= open_in(p.hours, t) & (np.abs(x - p.x_m) <= TEN_MINUTES_M)
        hours = {p.name: p.hours for p in STATIONS if p.name not in gone}
        for r in plan.actions.itertuples():
            if r.verb in ("build", "retime", "move"):
                hours[r.to_id if r.verb == "move" else r.place_id] = r.hours_to
        for name, text in hours.items():
            after[t] |= open_in(text, t) & (np.abs(x - now[name].x_m) <= TEN_MINUTES_M)
    lost = sum(here[t][before[t] & ~after[t]].sum() for t in PERIODS)
    assert plan.lost == pytest.approx(lost, abs=1e-6)
    assert plan.solution.bound >= plan.solution.objective - 1e-9


def test_every_action_says_what_it_does_and_what_happens_without_it(tmp_path: Path) -> None:
    study = study_of(tmp_path, "budget_yuan = 25000\nyearly_yuan = 12000")
    plan = study.plan_actions()
    table = plan.actions
    assert list(table["rank"]) == list(range(1, len(table) + 1))
    assert set(table["verb"]) <= {"build", "retime", "upgrade", "move", "close", "cobrand"}
    assert (table["workers_alone"] >= table["workers_gained"] - 1e-9)[table["verb"] == "build"].all()
    assert (table["substitute_loss"] <= table["workers_refused"].clip(lower=0) + 1e-9).all()
    assert (table["substitute_m"].dropna() <= TEN_MINUTES_M + 1e-6).all()
    for zh, en in zip(table["reason_zh"], table["reason_en"], strict=True):
        assert zh.endswith("。")
        assert en.endswith(".")
    assert plan.by_verb["n"].sum() == len(table)
    assert plan.by_verb["workers"].sum() == pytest.approx(plan.after.covered - plan.before.covered)
    assert "ActionPlan(" in repr(plan)
    assert "<table" in plan._repr_html_()


def test_nothing_is_built_at_a_host_that_refuses_and_nothing_moves_there(tmp_path: Path) -> None:
    money = "budget_yuan = 25000\nyearly_yuan = 12000"
    free = study_of(tmp_path, money).plan_actions()
    used = {
        *free.actions.loc[free.actions["verb"] == "build", "place_id"],
        *free.actions.loc[free.actions["verb"] == "move", "to_id"],
    }
    assert used
    refused = {str(place): "its landlord refuses" for place in used}
    plan = study_of(tmp_path / "b", money).with_(siting__refused=refused).plan_actions()
    named = {*plan.actions["place_id"], *plan.actions["to_id"], *plan.actions["substitute_id"]}
    assert not named & used
    assert plan.after.covered < free.after.covered


@pytest.mark.parametrize("wish", ['{ verb = "build", place = "H1" }', '{ verb = "move", place = "H1" }'])
def test_a_required_place_whose_host_refuses_is_told_with_the_reason(tmp_path: Path, wish: str) -> None:
    study = study_of(tmp_path, f"required = [{wish}]\nbudget_yuan = 25000\nyearly_yuan = 12000")
    study.plan_actions()  # may be had
    with pytest.raises(InputError) as refused:
        study.with_(siting__refused={"H1": "its landlord refuses"}).plan_actions()
    (told,) = [f for f in refused.value.findings if f.severity == "E"]
    assert told.code == "ACT-018"
    for message in (told.message_en, told.message_zh):
        assert "H1" in message
        assert "its landlord refuses" in message


def test_years_keep_their_own_money(tmp_path: Path) -> None:
    years = """years = [{ name = "2025", budget_yuan = 9000, yearly_yuan = 9000 },
      { name = "2026", budget_yuan = 16000, yearly_yuan = 3000 }]"""
    plan = study_of(tmp_path, years).plan_actions()
    whole = study_of(tmp_path / "b", "budget_yuan = 25000\nyearly_yuan = 12000").plan_actions()
    assert plan.after.covered == pytest.approx(whole.after.covered)
    first = plan.actions[plan.actions["year"] == "2025"]
    assert first["cost_yuan"].sum() <= 9000
    assert first["yearly_yuan"].sum() <= 9000
    assert set(plan.actions["year"]) <= {"2025", "2026"}


BAD = {
    "ACT-002": "least = { build = 3 }\nmost = { build = 1 }",
    "ACT-004": 'required = [{ verb = "build", place = "H1" }, { verb = "move", place = "H1" }]',
    "ACT-006": 'required = [{ verb = "retime", place = "S1", hours = "night" }]',
    "ACT-010": 'required = [{ verb = "build", place = "H9" }]',
    "ACT-011": 'required = [{ verb = "retime", place = "H1" }]',
    "ACT-012": 'required = [{ verb = "close", place = "S1" }]\nforbidden = [{ verb = "close", place = "S1" }]',
    "ACT-013": "quota_min = { centre = 1 }",
    "ACT-014": "least = { close = 9 }",
    "ACT-015": "budget_yuan = 100\nleast = { build = 1 }",
}


@pytest.mark.parametrize("code", BAD)
def test_what_cannot_be_meant_is_told_in_both_languages(tmp_path: Path, code: str) -> None:
    with pytest.raises(Exception) as refused:
        study_of(tmp_path, BAD[code]).plan_actions()
    findings = refused.value.findings  # type: ignore[attr-defined]
    told = [f for f in findings if f.code == code]
    assert told, [f.code for f in findings]
    assert told[0].message_zh != told[0].message_en


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    wrong = (
        'least = { close = 9 }\nquota_min = { centre = 1 }\nforbidden = [{ verb = "build", place = "H9" }]'
    )
    with pytest.raises(InputError) as refused:
        study_of(tmp_path, wrong).plan_actions()
    assert {"ACT-010", "ACT-013", "ACT-014"} <= {f.code for f in refused.value.findings}


def test_a_goal_that_options_know_nothing_of_is_refused(tmp_path: Path) -> None:
    study = study_of(tmp_path, "").with_(siting__goal__fade_m=(300.0, 600.0))
    with pytest.raises(InputError) as refused:
        study.plan_actions()
    assert "ACT-007" in {f.code for f in refused.value.findings}


def test_partners_posts_are_co_branded_where_that_brings_more_than_it_costs(tmp_path: Path) -> None:
    posts = (Place("P1", 1500, NIGHT), Place("P2", 700, DAY))
    tmp_path.mkdir(exist_ok=True)
    write_table(
        tmp_path / "posts.csv", ["编号", "站点名称", "经度", "纬度", "开放时间", "状态"],
        [(p.name, p.name, *at(p.x_m), p.hours, "正常") for p in posts],
    )  # fmt: skip
    listed = '[[actions.partners]]\npath = "posts.csv"\ndatum = "wgs84"\n'
    money = "budget_yuan = 2000\nyearly_yuan = 1200\ncobrand_yuan = 2000\ncobrand_yearly_yuan = 1200"
    plan = study_of(tmp_path, money, extra=listed).plan_actions()
    assert plan.actions["verb"].tolist() == ["cobrand"]
    assert plan.actions["place_id"].tolist() == ["P1"]  # the other stands within reach of two stations
    study = study_of(tmp_path, money, extra=listed)
    x, here = standing(study), {t: sum(workers(study, g, t) for g in RATES) for t in PERIODS}
    near = {p.name: np.abs(x - p.x_m) <= TEN_MINUTES_M for p in (*STATIONS, *posts)}
    day = near["S1"] | near["S2"] | near["S3"]
    covered = sum(here[t][near["P1"] | (day if t != "22_06" else False)].sum() for t in PERIODS)
    assert plan.after.covered == pytest.approx(covered, abs=1e-6)
    counted = study_of(tmp_path, money + "\ncount_partners = true", extra=listed).plan_actions()
    assert counted.after.covered >= covered - 1e-6
    assert "cobrand" not in set(counted.actions["verb"])


def test_what_an_action_does_alone_and_what_is_lost_without_it_are_counted_by_hand(tmp_path: Path) -> None:
    """Every action taken back, or made alone: who is covered is counted from the hours of every place."""
    study = study_of(
        tmp_path, "budget_yuan = 30000\nyearly_yuan = 16000\nleast = { move = 1, retime = 1, build = 1 }"
    )
    plan = study.plan_actions()
    x, here = standing(study), {t: sum(workers(study, g, t) for g in RATES) for t in PERIODS}
    near = {p.name: np.abs(x - p.x_m) <= TEN_MINUTES_M for p in (*STATIONS, *HOSTS)}
    today = {p.name: p.hours for p in STATIONS}

    def covered(hours: dict[str, str]) -> float:
        total = 0.0
        for t in PERIODS:
            on = [near[name] for name, text in hours.items() if open_in(text, t)]
            total += here[t][np.any(on, axis=0)].sum() if on else 0.0
        return total

    def done(hours: dict[str, str], rows: Any) -> dict[str, str]:
        made = dict(hours)
        for r in rows:
            if r.verb in ("close", "move"):
                made.pop(r.place_id)
            if r.verb in ("build", "retime", "move"):
                made[r.to_id if r.verb == "move" else r.place_id] = r.hours_to
        return made

    rows = list(plan.actions.itertuples())
    assert {"build", "retime", "move"} <= {r.verb for r in rows}
    whole = covered(done(today, rows))
    assert plan.after.covered == pytest.approx(whole)
    reached = covered(today)
    for n, r in enumerate(rows):
        assert r.workers_alone == pytest.approx(covered(done(today, [r])) - covered(today), abs=1e-6)
        assert r.workers_refused == pytest.approx(
            whole - covered(done(today, [o for o in rows if o is not r])), abs=1e-6
        )
        now = covered(done(today, rows[: n + 1]))
        assert r.workers_gained == pytest.approx(now - reached, abs=1e-6)
        reached = now
