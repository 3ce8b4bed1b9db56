"""At most, and at least, so many new sites per kind of host: from the study file to the report, in both languages."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.errors import InputError
from planner.study.gather import make_bundle
from planner.telling.contents.questions import options
from tests.siting.test_goals import Referee, best, pairs, town


def kinds_of(study, sites) -> list[str]:
    return study.candidates["host_kind"].to_numpy(dtype=str)[list(sites)].tolist()


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ("kind_max = { bank = 0 }", lambda kinds: kinds.count("bank") == 0),
        ("kind_min = { fuel = 1, bank = 1 }", lambda kinds: set(kinds) == {"bank", "fuel"}),
    ],
)
@pytest.mark.parametrize("goal", ["", "relocate = 1"])
def test_the_plan_is_the_best_that_keeps_the_limits(tmp_path: Path, rule: str, fits, goal: str) -> None:
    study = planner.open_study(town(tmp_path, goal, siting=rule))
    plan = study.site_stations()
    r = Referee(study)
    values = []
    for shut in (
        [(), *((k,) for k in range(len(r.old)))] if goal else [()]
    ):  # a station that closes opens elsewhere
        stay = np.delete(np.arange(len(r.old)), shut).tolist()
        every = list(pairs(len(r.new), 2 + len(shut)))
        allowed = [s for s in every if fits(kinds_of(study, s))]
        assert 0 < len(allowed) < len(every)
        values.append(best(r.covered(s, old=stay) for s in allowed))
    assert plan.solution.status == "optimal"
    assert plan.solution.objective == pytest.approx(best(values))
    assert fits(plan.chosen["host_kind"].tolist())


def test_the_report_says_what_the_rule_costs(tmp_path: Path) -> None:
    for language, words in (("zh", "依托场所类型的数量限制"), ("en", "Limits per kind of host")):
        folder = tmp_path / language
        folder.mkdir()
        study = planner.open_study(town(folder, siting="kind_max = { bank = 0 }", language=language))
        r = Referee(study)
        free = best(r.covered(s) for s in pairs(len(r.new)))
        kept = best(r.covered(s) for s in pairs(len(r.new)) if "bank" not in kinds_of(study, s))
        table = study.rule_prices()
        prices = table.set_index("rule")
        assert prices.loc["kinds", "price"] == pytest.approx(free - kept, abs=1e-6)
        assert prices.loc["kinds", "in_force"]
        bundle = dataclasses.replace(make_bundle(study.stages), rule_prices=table)
        shown = next(o for o in options(bundle) if o.key == "rules").table["rule"].tolist()
        assert words in shown


@pytest.mark.parametrize(
    ("rule", "code", "en", "zh"),
    [
        (
            "kind_max = { bnak = 1 }",
            "SET-006",
            "siting.kind_max names “bnak”, which planner does not know; did you mean bank?",
            "siting.kind_max 中的“bnak”无法识别，是否应为 bank？",
        ),
        (
            "kind_min = { bank = 2, fuel = 1 }",
            "CAN-008",
            "p = 2 sites; kind_min sum to 2 + 1 = 3",
            "选址 p = 2 处；kind_min合计 2 + 1 = 3",
        ),
        (
            "kind_min = { bank = 2 }\nkind_max = { bank = 1 }",
            "CAN-008",
            "bank branch (bank) needs at least 2; bank branch (bank) may have at most 1",
            "银行网点（bank）至少须 2 处；银行网点（bank）至多 1 处",
        ),
    ],
)
def test_what_cannot_be_is_told_in_both_languages(
    tmp_path: Path, rule: str, code: str, en: str, zh: str
) -> None:
    study = planner.open_study(town(tmp_path, siting=rule))
    with pytest.raises(InputError) as caught:
        study.site_stations()
    (found,) = [f for f in caught.value.findings if f.code == code]
    assert en in found.message_en.replace(" and ", "; ")
    assert zh in found.message_zh
