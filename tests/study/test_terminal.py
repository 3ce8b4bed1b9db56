"""What the commands print: in the study's language, before one is open in the locale's, nothing in the other."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from planner import cli
from planner.language import locale_language
from planner.settings.reading import language_of, read_settings
from planner.study.table.whole import table_of
from planner.study.terminal import (
    step_label,
)  # fmt: skip
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


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_gap_above_what_is_accepted_ends_with_3_and_says_which_key(
    towns, tmp_path, command, language, monkeypatch
) -> None:
    monkeypatch.setattr(cli, "_exit_code", lambda run, accepted: 3)
    code, _, err = command("run", towns[language], "--out", tmp_path, locale=OTHER_LOCALE[language])
    assert code == 3
    assert "study.accept_gap = 0.200%" in err
    assert foreign(err, language) == []


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
