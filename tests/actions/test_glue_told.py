"""What is told of the five verbs: what is assumed of costs, and the two fronts as rows, beside figures put down by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from planner.settings.actions import VERBS, Actions, GradeClass, HourClass
from planner.telling.contents.actions.costs import action_assumptions
from planner.telling.contents.actions.fronts import (
    fair_front_lines,
    fair_front_rows,
    money_front_lines,
    money_front_rows,
)
from planner.telling.contents.actions.told import actions_run

DAY = HourClass(
    name="day",
    name_zh="白天",
    name_en="day",
    hours="08:00-20:00",
    one_off_yuan=10,
    yearly_yuan=700,
    source="own / 自拟",
)
MODEL = GradeClass(name="model", name_zh="示范", name_en="model", one_off_yuan=3000, yearly_yuan=200, yearly_band=(100, 400))  # fmt: skip


def assumed(language: str, **changes: Any) -> list[tuple[Any, ...]]:
    actions = Actions(**{"enabled": True, "budget_yuan": 1.0, "hours": (DAY,), "grades": (MODEL,), **changes})
    settings: Any = SimpleNamespace(actions=actions, study=SimpleNamespace(language=language))
    return list(action_assumptions(settings))


def test_every_cost_is_told_with_its_name_unit_band_and_key() -> None:
    rows = assumed("en")
    assert [(r[0], r[1], r[2], r[3:5], r[7]) for r in rows[:4]] == [
        ('Hours "day": once', 10, "CNY", (None, None), "actions.hours.day.one_off_yuan"),
        ('Hours "day": every year', 700, "CNY a year", (None, None), "actions.hours.day.yearly_yuan"),
        ('Grade "model": once', 3000, "CNY", (None, None), "actions.grades.model.one_off_yuan"),
        ('Grade "model": every year', 200, "CNY a year", (100, 400), "actions.grades.model.yearly_yuan"),
    ]
    assert [r[0] for r in assumed("zh")[:3]] == [
        "开放时间“白天”：一次性投入",
        "开放时间“白天”：每年运行费用",
        "等级“示范”：一次性投入",
    ]
    assert [r[7] for r in rows[4:]] == ["actions.move_share", "actions.close_yuan", "actions.cobrand_yuan"]
    assert assumed("en", enabled=False) == []


def test_what_the_study_gives_is_told_apart_from_what_planner_assumes() -> None:
    given = "Given in the study file"
    shipped = Actions()
    ours = assumed("en", hours=shipped.hours, grades=shipped.grades)
    n = 2 * (len(shipped.hours) + len(shipped.grades))
    assert all(r[5] not in ("", given) for r in ours)
    assert len({r[5] for r in ours[:n]}) == 2  # one reason for hours, one for grades
    assert assumed("en")[2][5] == given
    changed = [
        h.model_copy(update={"yearly_yuan": 1.0, "yearly_band": None, "source": ""}) for h in shipped.hours
    ]
    assert [r[5] for r in assumed("en", hours=tuple(changed))[:2]] == [given, given]
    assert [(r[5] == given, r[6]) for r in assumed("en", close_yuan=7.0)[5:7]] == [(True, ""), (False, "L")]


def table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({v: [0, 0] for v in VERBS} | columns)


@pytest.mark.parametrize(
    ("language", "mix"),
    [("en", ["Build 2, Close 1", "Move 1,200"]), ("zh", ["新建 2、撤并 1", "迁址 1,200"])],
)
def test_a_row_of_the_money_front_holds_the_figures_of_its_budget(language: str, mix: list[str]) -> None:
    found: Any = SimpleNamespace(
        table=table(
            budget_yuan=[10.0, 20.0], yearly_yuan=[3.0, 4.0], new=[5.4, 6.6], bound=[7.0, 8.6], gap=[0.1, 0.2], per_1000_once=[1.234, 5.678],
            per_1000_yearly=[9.876, 0.004], build=[2, 0], close=[1, 0], move=[0, 1200],
        )
    )  # fmt: skip
    rows = money_front_rows(found, language)
    assert rows.to_dict("list") == {
        "front_budget": [10.0, 20.0], "front_yearly": [3.0, 4.0], "action_gain": [5.0, 7.0], "bound_all": [7.0, 9.0], "gap": [0.1, 0.2],
        "front_per_once": [1.23, 5.68], "front_per_yearly": [9.88, 0.0], "front_mix": mix,
    }  # fmt: skip
    assert "2" in money_front_lines(found, language)[0]
    nothing: Any = SimpleNamespace(table=pd.DataFrame())
    assert list(money_front_rows(nothing, language).columns) == list(rows.columns)
    assert money_front_lines(nothing, language) != money_front_lines(found, language)


def test_a_row_of_the_fair_front_holds_the_figures_of_its_point() -> None:
    found: Any = SimpleNamespace(
        table=table(
            least_share=[0.1, 0.3], least_district=["a", "zz"], new=[5.4, 6.6], covered=[100.4, 99.6], bound=[110.0, 100.4], gap=[0.01, 0.02],
            gini=[0.4, 0.3], ede=[0.2, 0.25], retime=[1, 0], upgrade=[0, 3],
        ),
        today={"least_share": 0.05, "gini": 0.4567, "ede": 0.125}, least_bound=0.321,
    )  # fmt: skip
    rows = fair_front_rows(found, "en", {"a": "Gusu"})
    assert rows.to_dict("list") == {
        "front_least": [0.1, 0.3], "least_district": ["Gusu", "zz"], "action_gain": [5.0, 7.0], "front_covered": [100.0, 100.0],
        "bound_all": [110.0, 100.0], "gap": [0.01, 0.02], "front_gini": [0.4, 0.3], "front_ede": [0.2, 0.25],
        "front_mix": ["Re-time 1", "Upgrade 3"],
    }  # fmt: skip
    lines = fair_front_lines(found, "en")
    assert "32.1%" in lines[1]
    assert all(text in lines[2] for text in ("5.0%", "0.457", "12.5%"))


def test_run_json_rounds_money_to_cents_workers_to_thousandths_and_gaps_to_eight_digits() -> None:
    verb = SimpleNamespace(verb="build", n=2, cost_yuan=1.23456, yearly_yuan=2.34567, workers=3.45678)
    plan = SimpleNamespace(
        by_verb=SimpleNamespace(itertuples=lambda: iter([verb])), cost_yuan=4.56789, yearly_yuan=5.67891, lost=6.78912, open_after=7,
        after=SimpleNamespace(covered=8.91234, share=0.123456789), new_gap=0.1234567891,
        solution=SimpleNamespace(objective=9.12345, bound=9.98765, gap=0.0123456789, status="feasible", repeatable=True),
        build_only=SimpleNamespace(objective=1.98765, bound=2.34567),
    )  # fmt: skip
    bundle: Any = SimpleNamespace(actions=plan)
    assert actions_run(bundle) == {
        "cost_yuan": 4.57, "yearly_yuan": 5.68, "covered": 8.912, "share": 0.123457, "objective": 9.123, "bound": 9.988, "gap": 0.01234568,
        "gap_of_new": 0.12345679, "status": "feasible", "repeatable": True, "lost": 6.789, "open": 7,
        "by_verb": {"build": {"n": 2, "cost_yuan": 1.23, "yearly_yuan": 2.35, "workers": 3.457}},
        "build_only": {"objective": 1.988, "bound": 2.346},
    }  # fmt: skip
    plan.build_only = None
    assert actions_run(bundle)["build_only"] is None
    assert actions_run(SimpleNamespace(actions=None)) is None
