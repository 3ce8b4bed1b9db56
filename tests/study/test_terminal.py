"""What the commands print: in the study's language, before one is open in the locale's, nothing in the other."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from planner import cli
from planner.errors import InfeasibleError, NoInternetError, PlannerError, finding
from planner.facts.register import Register, Scope, fact
from planner.freight.choose.ties import Ties
from planner.language import locale_language
from planner.settings.reading import language_of, read_settings
from planner.solvers.clash import told
from planner.study.table.whole import asked, table_of
from planner.study.terminal import (
    aligned,
    batch_text,
    coverage_text,
    homes_text,
    misuse_text,
    padded,
    refusal_text,
    step_label,
    summary,
)  # fmt: skip
from planner.telling.words.phrases import words_of
from tests.publish.known import known_bundle
from tests.study.town import Place, site_list, street_town

PLANNER = Path(cli.__file__).parent
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
#: Two English words in a row, or a word and a colon.
ENGLISH = re.compile(r"(?<![.\w])[A-Za-z]{2,} [a-z]{2,}\b|\b[a-z]{3,}: ")
#: What stands as it is in every language: paths, commands to type, keys, and what the run leaves to others to word.
AS_IT_IS = (
    re.compile(r"\S*/\S*"), re.compile(r"planner (?:[a-z]+ --help|run|check|--help)"), re.compile(r"\b[a-z_]+(?:\.[a-z_]+)+ = \S+"),
    re.compile(r"freight\.enabled is false in the study file"),
)  # fmt: skip


def foreign(text: str, language: str) -> list[str]:
    """Lines of a text that hold something in the other language."""
    if language == "en":
        text = re.sub(r"“[^”]*”|'[^']*'|the column .*? is read", "", text)  # names and what stands in files
        text = re.sub(
            r"^( *(?:Error|Warning|Mended|Note) \S+) .*?: ", r"\1 ", text, flags=re.MULTILINE
        )  # file, column
    for known in AS_IT_IS:
        text = known.sub("", text)
    wrong = CHINESE if language == "en" else ENGLISH
    return [line for line in text.splitlines() if wrong.search(line)]


def test_the_searches_for_foreign_words_find_them() -> None:
    assert foreign("2 problems in the inputs", "zh") == ["2 problems in the inputs"]
    assert foreign("not made: driver homes", "zh")
    assert foreign("错误 XY-001 stations.csv：第 2 行 planner run /tmp/x/study.toml", "zh") == []
    assert foreign("3 sites 处", "en") == ["3 sites 处"]
    assert foreign("a（b", "en")
    assert foreign("the value “随缘” cannot be read", "en") == []


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def command(capsys, monkeypatch):
    """The command in this process, under a locale of the other language than the study's."""

    def call(*args: object, locale: str = "C") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["planner", *map(str, args)])
        for name in ("LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LC_ALL", locale)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return call


OTHER_LOCALE = {"zh": "en_US.UTF-8", "en": "zh_CN.UTF-8"}


@pytest.fixture(scope="module")
def towns(tmp_path_factory) -> dict[str, Path]:
    made = {}
    for language in ("zh", "en"):
        study = street_town(
            tmp_path_factory.mktemp(language),
            stations=[Place("s1", 300.0, hours="?")],
            hosts=[Place(f"h{i}", 200.0 + 400 * i) for i in range(8)],
            siting="p = 2\nscenarios = 2",
            districts={"W": (0.0, 2000.0, 5000.0), "E": (2000.0, 4000.0, 5000.0)},
        )
        study.write_text(
            study.read_text("utf-8").replace('language = "en"', f'language = "{language}"'), "utf-8"
        )
        site_list(study.parent / "wish.csv", [Place("w", 900.0), Place("v", 2500.0)])
        made[language] = study
    return made


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check",), {"zh": ["警告 HRS-001", "共 ", "错误 0 项"], "en": ["Warning HRS-001", "Findings: ", "Errors: 0"]}),
        (("run",), {"zh": ["户外劳动者", "667 米以内", "0.000% 以上", "写出 map.html……", "写出报告……"],
                    "en": ["outdoor workers", "within 667 m", "more than 0.000% above", "writing map.html ...", "writing reports ..."]}),
        (("run", "--dry-run"), {"zh": ["步骤", "沿用"], "en": ["stage", "kept"]}),
        (("coverage",), {"zh": ["名户外劳动者中有"], "en": ["outdoor workers are in the circle"]}),
        (("site",), {"zh": ["新选 2 处站点"], "en": ["2 new stations"]}),
        (("evaluate", "wish.csv"), {"zh": ["名单共 2 处站点", "分区县"], "en": ["2 sites", "by district"]}),
    ],
    ids=lambda a: " ".join(a) if isinstance(a, tuple) else "",
)  # fmt: skip
def test_a_command_speaks_the_language_of_its_study(
    towns, tmp_path, command, language, arguments, words
) -> None:
    study, (name, *rest) = towns[language], arguments
    more = (
        [study.parent / "wish.csv"]
        if name == "evaluate"
        else [*rest]
        if rest
        else ["--out", tmp_path / "out"]
    )
    code, out, err = command(name, study, *more, locale=OTHER_LOCALE[language])
    assert code == 0, err
    assert [w for w in words[language] if w not in out + err] == []
    assert foreign(out + err, language) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_refusal_speaks_it_too_whether_the_file_or_its_content_is_refused(
    tmp_path, command, language
) -> None:
    study = street_town(tmp_path, hosts=[Place("h", 500.0)], siting="p = 9")
    text = study.read_text("utf-8").replace('language = "en"', f'language = "{language}"')
    for changed, code in (
        (text, "CAN-004"),
        (text.replace("p = 9", "p = 0"), "SET-012"),
        (text + "[nowhere]\n", "SET-001"),
    ):
        study.write_text(changed, "utf-8")
        for arguments in (
            ("run", "--out", tmp_path / "out"),
            ("check", "--out", tmp_path / "out"),
            ("site",),
            ("run", "--dry-run"),
        ):
            if code == "CAN-004" and "--dry-run" in arguments:
                continue
            ended, out, err = command(arguments[0], study, *arguments[1:], locale=OTHER_LOCALE[language])
            assert ended == 1
            assert code in out + err
            assert foreign(out + err, language) == []


def test_the_language_of_a_refused_file_is_read_where_it_can_be(tmp_path) -> None:
    path = tmp_path / "study.toml"
    assert language_of(path) is None
    for text, language in (
        ('[study]\nlanguage = "en"\n[nonsense]\n', "en"), ('[study]\nname = "a"\n', None),
        ('[study]\nlanguage = "fr"\n', None), ("study = 3\n", None), ("not toml", None),
    ):  # fmt: skip
        path.write_text(text, "utf-8")
        assert language_of(path) == language


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"), ({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LANG": "de_DE.UTF-8"}, "en"), ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"), ({"LC_MESSAGES": "zh_CN", "LC_ALL": "C"}, "en"),
        ({"LC_ALL": "zh", "LANG": "en_US"}, "zh"), ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
    ],
)  # fmt: skip
def test_without_a_study_the_locale_decides(environment, language) -> None:
    assert locale_language(environment) == language


@pytest.mark.parametrize("locale", ["zh_CN.UTF-8", "en_US.UTF-8"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "--nosuch"), 2), (("check",), 2), (("chek", "a"), 2), (("evaluate", "a", "b", "--datum", "x"), 2),
        (("check", "a", "b"), 2), (("batch", "a", "--workers", "0"), 2), (("check", "nowhere.toml"), 1),
        (("example", "."), 1), (("batch", "study.toml", "study.toml"), 1),
    ],
)  # fmt: skip
def test_what_is_said_before_a_study_is_open_follows_the_locale(
    towns, monkeypatch, command, locale, arguments, code
) -> None:
    monkeypatch.chdir(towns["en"].parent)
    ended, out, err = command(*arguments, locale=locale)
    assert ended == code
    assert (out + err).strip()
    assert "Traceback" not in err
    assert foreign(out + err, locale[:2]) == []


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


@pytest.mark.parametrize(("locale", "words"), [("zh_CN.UTF-8", "生成完整方案"), ("C", "Make the whole plan")])
def test_help_is_in_the_locale_s_language_and_quick(locale, words) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("LC_MESSAGES", "LANG")} | {
        "LC_ALL": locale
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = subprocess.run(
        [sys.executable, "-m", "planner", "--help"],
        capture_output=True,
        text=True,
        env=environment | {"PYTHONUTF8": "1"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert words in shown.stdout
    assert bool(CHINESE.search(shown.stdout)) == locale.startswith("zh")
    assert (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0
    )  # 0.3 s on an idle machine


# -- the pieces ---------------------------------------------------------------------------------------


def test_every_label_of_progress_and_every_stage_has_a_name_in_both_languages(towns) -> None:
    labels = set(table_of(read_settings(towns["zh"])))
    kept = {name for name, stage in table_of(read_settings(towns["zh"])).items() if stage.kept}
    for path in PLANNER.rglob("*.py"):
        if "publish" not in path.parts:
            labels |= set(
                re.findall(r'(?:\bsay|\bprogress|\.tell)\(\s*"([^"]+)",[^=\n]*\)', path.read_text("utf-8"))
            )
    assert len(labels) > 60
    spoken = labels - {name for name in table_of(read_settings(towns["zh"])) if name not in kept}
    assert [label for label in sorted(spoken) if not CHINESE.search(step_label(label, "zh"))] == []
    assert [label for label in sorted(spoken) if CHINESE.search(step_label(label, "en"))] == []


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


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_gap_above_what_is_accepted_ends_with_3_and_says_which_key(
    towns, tmp_path, command, language, monkeypatch
) -> None:
    monkeypatch.setattr(cli, "_exit_code", lambda run, accepted: 3)
    code, _, err = command("run", towns[language], "--out", tmp_path, locale=OTHER_LOCALE[language])
    assert code == 3
    assert "study.accept_gap = 0.200%" in err
    assert foreign(err, language) == []


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


def test_a_batch_tells_each_study_s_refusal_in_its_own_language(tmp_path) -> None:
    from planner.study.batch import run_one

    for language, word in (("zh", "输入数据有 1 个问题"), ("en", "1 problem in the inputs")):
        study = street_town(tmp_path / language, hosts=[Place("h", 500.0)], siting="p = 9")
        text = study.read_text("utf-8").replace('language = "en"', f'language = "{language}"')
        for changed in (text, text + "[nowhere]\n"):
            study.write_text(changed, "utf-8")
            row = run_one(str(study), str(tmp_path / "out"))
            assert row["exit_code"] == 1
            assert word in row["message"]
            assert foreign(row["message"], language) == []


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
    assert asked(settings) == (*every, "homes", *questions)
    off = {"siting": settings.siting.model_copy(update={"alternatives": 0, "replacements": 0, "sensitivity": False}),
           "freight": settings.freight.model_copy(update={"enabled": False})}  # fmt: skip
    assert asked(settings.model_copy(update=off)) == every
