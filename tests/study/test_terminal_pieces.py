"""The pieces of what the commands print, on figures by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from planner.errors import AbsentError, InfeasibleError, InputError, NoInternetError, PlannerError, finding
from planner.facts.networks import UNION
from planner.facts.register import Register, Scope, fact
from planner.freight.choose.ties import Ties
from planner.solvers.clash import told
from planner.study.table.whole import asked
from planner.study.terminal import (
    aligned,
    batch_text,
    check_text,
    coverage_text,
    dry_run_text,
    error_text,
    finding_line,
    homes_text,
    misuse_text,
    networks_text,
    padded,
    plan_text,
    refusal_text,
    step_label,
    summary,
)  # fmt: skip
from planner.telling.words.phrases import words_of
from tests.publish.known import known_bundle

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


# -- the pieces ---------------------------------------------------------------------------------------


def test_a_stage_goes_by_the_first_part_of_its_name_that_is_known() -> None:
    assert step_label("reach:candidates:walk:15", "en") == "travel times to candidate sites"
    assert step_label("network:ebike", "en") == "e-bike network"
    assert step_label("写出 map.html", "zh") == "写出 map.html"
    assert step_label("nothing known", "zh") == "nothing known"
    assert step_label("looking up Suzhou, China", "zh") == "查找地点 Suzhou, China"
    assert step_label("looking up Suzhou, China", "en") == "looking up Suzhou, China"


def test_both_languages_fill_the_same_places() -> None:
    for table in ("terminal", "steps"):
        zh, en = words_of(table, "zh"), words_of(table, "en")
        assert zh.keys() == en.keys()
        for key in zh:
            assert zh[key].strip()
            assert en[key].strip()
            assert sorted(re.findall(r"{\w+}", zh[key])) == sorted(re.findall(r"{\w+}", en[key])), key
            assert not CHINESE.search(en[key]), key


def test_columns_stay_in_line_beside_chinese() -> None:
    assert padded("中文", 6) == "中文  "
    assert padded("ab", 4, right=True) == "  ab"
    assert padded("too long", 3) == "too long"
    shown = aligned([("区", "人"), ("ab", "1,234")], right=(False, True), indent=1).splitlines()
    assert shown == [" 区     人", " ab  1,234"]


def test_errors_carry_both_languages() -> None:
    error = NoInternetError.of(finding("OSM-005", value="overpass-api.de"))
    assert isinstance(error, PlannerError)
    assert str(error) == error.message("en") == error.told.message_en
    assert error.message("zh").startswith("无法连接 overpass-api.de")
    assert PlannerError("only English").message("zh") == "only English"
    clash = InfeasibleError([told("p = 3", "选址 3 处"), told("two", "两处")], told("p = 2", "选 2 处"))
    assert clash.message("zh") == "没有方案能同时满足以下规则：选址 3 处；两处。最接近的可行办法：选 2 处"
    assert clash.message("en") == str(clash)


def test_a_refusal_lists_the_errors_alone_by_code() -> None:
    found = [
        finding("TAB-015", source="b.csv"),
        finding("ID-007", source="a.csv"),
        finding("DIS-005", source="a.geojson"),
    ]
    lines = refusal_text(found, "en").splitlines()
    assert lines[0] == "2 problems in the inputs; nothing was computed:"
    assert [line.split()[1] for line in lines[1:]] == ["DIS-005", "TAB-015"]
    assert "错误 2" not in refusal_text(found, "zh")
    assert refusal_text(found, "zh").splitlines()[0] == "输入数据有 2 个问题，未进行计算："


def figures() -> list[dict[str, object]]:
    """1,000 workers; 250 covered today, 500 with the plan; half of each within 500 m; homes."""
    here = Scope()
    homes = here.at(network="driver_homes", groups="truck")
    made = [
        fact("workers", here.at(plan=""), 1000.4), fact("stations_open", here.at(plan="today"), 2), fact("sites_new", here, 3),
        fact("gap", here, 0.0001201), fact("newly_covered", here.at(plan="gain"), 250.0, band=(199.6, 300.2)),
        fact("homes_new", homes, 4), fact("drivers_served", homes, 1234.4), fact("homes_gap", homes, 0.0),
        fact("homes_full", homes, 4),
    ]  # fmt: skip
    for plan, covered in (("today", 250.0), ("proposal", 500.0)):
        state = here.at(plan=plan)
        made += [
            fact("covered", state, covered), fact("share", state, covered / 1000, band=(0.2, 0.3)),
            fact("share", state.at(cutoff_m=500), covered / 2000), fact("share", state.at(least=2), 0.1),
        ]  # fmt: skip
    return Register(made, here).json()


RUN = {
    "title": "街镇", "synthetic": True, "absent": {"driver_homes": "没有司机之家。"}, "facts": figures(),
    "stations": {"status": "feasible", "repeatable": False}, "driver_homes": {"status": "optimal"},
}  # fmt: skip


def test_the_summary_says_all_it_is_given(tmp_path) -> None:
    (tmp_path / "figures").mkdir()
    for name in ("run.json", "figures/a.png"):
        (tmp_path / name).write_text("x", "utf-8")
    assert summary(RUN, tmp_path, "zh").splitlines() == [
        "街镇  [含合成数据]",
        "  户外劳动者    1,000",
        "  现状，圈内      250  25.0%   （两站及以上可达：10.0%）",
        "  建成后，圈内    500  50.0%   （两站及以上可达：10.0%）",
        "    500 米以内         12.5% -> 25.0%",
        "    667 米以内         25.0% -> 50.0%",
        "  新增覆盖        250  （九成区间 200–300）",
        "  在现有 2 个开放站点之外新选 3 处（可行）：任何同样数量站点的方案，覆盖人数都不会比本方案多出 0.013% 以上",
        "  时间限制使搜索提前结束：再次运行可能选出不同的站点",
        "  司机之家 4 处，每月服务 1,234 名司机，受泊位限制（已证明最优）",
        "  没有司机之家。",
        f"  {tmp_path} 中的文件：figures/a.png、run.json",
    ]
    assert not CHINESE.search(summary(RUN | {"title": "Town", "absent": {}}, tmp_path, "en"))


def test_a_batch_is_told_in_columns_and_what_went_wrong_below() -> None:
    rows = [
        {"study": "a", "exit_code": 0, "before": 0.1, "after": 0.25, "sites": 3, "gap": 0.0, "folder": "o/a", "message": ""},
        {"study": "b.toml", "exit_code": 1, "before": None, "after": None, "sites": None, "gap": None, "folder": "o/b", "message": "没有街道"},
    ]  # fmt: skip
    lines = batch_text(pd.DataFrame(rows), "zh").splitlines()
    assert lines[0].split() == ["研究", "退出码", "现状", "建成后", "站点", "差距", "文件夹"]
    assert lines[1].split() == ["a", "0", "10.0%", "25.0%", "3", "0.000%", "o/a"]
    assert lines[2].split() == ["b.toml", "1", "–", "–", "–", "–", "o/b"]
    assert lines[3] == "b.toml: 没有街道"


def test_both_lists_of_words_are_read_as_plain_text() -> None:
    """A name from a file may look like a place to fill: it is shown as it is."""
    found = finding("NAM-001", source="{x}.csv", value="{severity}", other="2")
    assert "{severity}" in refusal_text([found], "zh")
    assert json.dumps(refusal_text([found], "en"))


# -- what the other commands print, by hand ----------------------------------------------------------------------------


def test_the_columns_of_a_batch_stand_in_line_numbers_to_the_right() -> None:
    rows = [
        {"study": "a", "exit_code": 0, "before": 0.1, "after": 0.25, "sites": 1300, "gap": 0.0, "folder": "o/a", "message": ""},
        {"study": "long-name", "exit_code": 0, "before": 0.012, "after": 0.05, "sites": 3, "gap": 0.01234567, "folder": "o", "message": ""},
    ]  # fmt: skip
    assert batch_text(pd.DataFrame(rows), "en").splitlines() == [
        "study      exit code  before  after  sites     gap  folder",
        "a                  0   10.0%  25.0%  1,300  0.000%  o/a",
        "long-name          0    1.2%   5.0%      3  1.235%  o",
    ]


def test_coverage_is_told_in_a_sentence_and_by_district() -> None:
    bundle = known_bundle("en")
    said = coverage_text(bundle.before, {"east": "East", "west": "West"}, "en").splitlines()
    assert said == [
        "410 of 1,000 outdoor workers are in the circle (41.0%); by two or more stations 9.0%",
        "district  workers  covered  share  by two or more",
        "East          300       60  20.0%            5.0%",
        "West          700      350  50.0%           11.0%",
    ]


def test_a_plan_of_homes_is_told_with_a_bound_and_a_gap_rounded_up() -> None:
    class Solution:
        bound = 4400.2

    class Homes:
        chosen, existing, drivers, solution, gap, limited = [1, 2, 3], [1], 4321.4, Solution, 0.0182301, 0
        ties = Ties(1, True, 0.0, 0.0)

    assert (
        homes_text(Homes(), "en")
        == "3 new driver homes beside 1: 4,321 drivers a month; bound 4,401, gap 1.824%"
    )
    assert (
        homes_text(Homes(), "zh")
        == "在现有 1 处之外新建 3 处司机之家：每月服务 4,321 名司机；上界 4,401，差距 1.824%"
    )

    class Tied(Homes):
        limited, ties = 2, Ties(1200, False, 0.0, 0.0)

    assert homes_text(Tied(), "en") == (
        "3 new driver homes beside 1: 4,321 drivers a month, 2 of the homes limited by bays; bound 4,401, gap 1.824%; "
        "at least 1,200 plans serve as many"
    )
    assert homes_text(Tied(), "zh").endswith(
        "4,321 名司机，其中 2 处受泊位限制；上界 4,401，差距 1.824%；服务人数相同的方案至少 1,200 个"
    )


def test_what_a_run_asks_for() -> None:
    settings = known_bundle().settings
    every = ("hotspots", "covers", "plan", "curve", "second_views", "fairness", "areas", "gaps", "font")
    questions = ("alternatives", "replacements", "sensitivity", "rule_prices", "hanging")
    assert asked(settings) == (*every, "homes", *questions, "law_of_use", "use")
    off = {"siting": settings.siting.model_copy(update={"alternatives": 0, "replacements": 0, "sensitivity": False}),
           "freight": settings.freight.model_copy(update={"enabled": False}),
           "use": settings.use.model_copy(update={"enabled": False})}  # fmt: skip
    assert asked(settings.model_copy(update=off)) == every


def test_every_misuse_says_what_is_wrong_with_which_argument() -> None:
    class Usage(Exception):
        ctx = type("Context", (), {"command_path": "planner check"})
        message = "No such command 'chek'."
        param = None

    named = type("UsageError", (Usage,), {})
    assert misuse_text(named(), "zh") == "用法错误：没有命令 chek。查看帮助：planner check --help"
    missing = type(
        "MissingParameter",
        (Usage,),
        {"message": "", "param": type("P", (), {"opts": ["study"], "name": "study"})},
    )
    assert "缺少参数 study" in misuse_text(missing(), "zh")
    bad = type(
        "BadParameter", (Usage,), {"param": type("P", (), {"opts": ["-d", "--datum"], "name": "datum"})}
    )
    assert "参数 -d 的值无效" in misuse_text(bad(), "zh")
    strange = type("NoSuchOption", (Usage,), {"option_name": "--nosuch"})
    assert "没有选项 --nosuch" in misuse_text(strange(), "zh")


# -- findings, plans and what a run would do, by hand ------------------------------------------------------------------


NO_ROWS = finding("TAB-015", source="b.csv", row=1200, field="x", value="abc")
LINE = "Error TAB-015 b.csv, row 1200 x 'abc': the table has column names but no rows"
LINE_ZH = "错误 TAB-015 b.csv，第 1200 行 x 'abc'：表格只有表头，没有数据行"
ABSENT = finding("TAB-015", source="c.csv", severity="I")


def test_a_finding_on_one_line_with_its_place_and_value() -> None:
    assert (finding_line(NO_ROWS, "en"), finding_line(NO_ROWS, "zh")) == (LINE, LINE_ZH)
    assert finding_line(ABSENT, "en") == "Note TAB-015 c.csv: the table has column names but no rows"
    told_already = finding("OSM-005", value="overpass-api.de")
    assert "'overpass-api.de'" not in finding_line(told_already, "en")  # the sentence names it


def test_an_error_is_told_by_its_findings_or_its_own_words() -> None:
    head = "1 problem in the inputs; nothing was computed:"
    assert error_text(InputError([ABSENT, NO_ROWS]), "en") == f"{head}\n  {LINE}"
    assert error_text(InputError([ABSENT]), "en").startswith(
        f"{head}\n  Note TAB-015 c.csv"
    )  # no error: all there is
    assert refusal_text([NO_ROWS, NO_ROWS], "en").startswith("2 problems in the inputs")
    assert error_text(AbsentError([NO_ROWS, ABSENT]), "zh").splitlines() == [
        LINE_ZH,
        finding_line(ABSENT, "zh"),
    ]
    assert error_text(PlannerError("plain"), "en") == "plain"
    assert error_text(PlannerError.of(NO_ROWS), "en") == LINE


def test_a_check_lists_the_worst_first_counts_and_says_where_all_stands() -> None:
    assert check_text([ABSENT, NO_ROWS], Path("/x/checks.html"), "en").splitlines() == [
        LINE, "Note TAB-015 c.csv: the table has column names but no rows",
        "Findings: 2. Errors: 1; warnings: 0; mended: 0; notes: 1.", "Written to /x/checks.html",
    ]  # fmt: skip


def test_a_plan_in_a_sentence_and_a_dry_run_in_columns() -> None:
    plan: Any = SimpleNamespace(
        chosen=range(3), before=SimpleNamespace(share=0.25, by_time=None), after=SimpleNamespace(share=0.5, by_time=None),
        solution=SimpleNamespace(gap=0.0123401, status="optimal"),
    )  # fmt: skip
    assert (
        plan_text(plan, "en")
        == "3 new stations: in the circle 25.0% before, 50.0% after; gap 1.235% (optimal)"
    )
    assert plan_text(plan, "zh") == "新选 3 处站点：圈内由 25.0% 提高到 50.0%；差距 1.235%（已证明最优）"
    rows = pd.DataFrame(
        {
            "stage": ["network:walk", "x"],
            "state": ["compute", "kept"],
            "because": ["first time", ""],
            "key": ["k1", "k2"],
        }
    )
    assert dry_run_text(rows, "zh").splitlines() == [
        "步骤          状态      原因  键", "network:walk  需要计算  首次  k1", "x             沿用            k2",
    ]  # fmt: skip


def test_networks_in_columns_and_the_circle_of_all_today_and_with_the_plan() -> None:
    """Places, those more and shares by network; a network that shares money has no gap of its own."""
    own = {
        "rooms": {"network_places": (3, 5), "network_share": (0.251, 0.402)},
        "posts": {"network_places": (10, 10), "network_share": (0.6, 0.703)},
        UNION: {"network_circle": (0.511, 0.822), "network_twice": (0.123, 0.234)},
    }  # fmt: skip
    here = Scope()
    facts = [
        fact(quantity, here.at(plan=plan, network=network), value)
        for network, figures_ in own.items()
        for quantity, values in figures_.items()
        for plan, value in zip(("today", "proposal"), values, strict=True)
    ]
    facts.append(fact("network_gap", here.at(network="rooms"), 0.01234))
    union: Any = SimpleNamespace(
        networks=[
            SimpleNamespace(name=name, title=lambda language, of=title: of[language])
            for name, title in (
                ("rooms", {"en": "Rooms", "zh": "阅读角"}),
                ("posts", {"en": "Posts", "zh": "驿站"}),
            )
        ],
        after=SimpleNamespace(counted=("rooms", "posts", "stations")),
    )
    assert networks_text(union, Register(facts, here), "en").splitlines() == [
        "network  today  new  today  with the plan     gap", "Rooms        3    2  25.1%          40.2%  1.234%",
        "Posts       10    0  60.0%          70.3%       –", "circle of service (3 networks): 51.1% -> 82.2%; two or more 12.3% -> 23.4%",
    ]  # fmt: skip
    assert networks_text(union, Register(facts, here), "zh").splitlines()[-1] == (
        "服务圈（3 类阵地）：51.1% -> 82.2%；两类及以上 12.3% -> 23.4%"
    )


def test_the_summary_without_bands_or_homes_and_of_a_plan_that_can_be_repeated(tmp_path: Path) -> None:
    facts = [f | {"low": None, "high": None} for f in figures()]
    plain = RUN | {
        "facts": facts,
        "synthetic": False,
        "absent": {},
        "driver_homes": None,
        "stations": {"status": "optimal", "repeatable": True},
    }
    lines = summary(plain, tmp_path, "en").splitlines()
    assert lines[0] == "街镇"
    assert len(lines) == 1 + 5 + 1 + 1  # title, table without the new ones' band, certificate, files
    assert "(optimal)" in lines[6]
