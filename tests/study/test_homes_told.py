"""Driver homes that are not there: told in every product, in the study's language.

The town has 50,000 residents, so 12.5 × 50 = 625 truck drivers, and one truck park (40 bays for want of better
knowledge: 40 × 12 × 30 / 4 = 3,600 drivers a month). No main road leads out of it: nobody passes through.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import openpyxl
import pytest
from docx import Document

import planner
from planner.errors import AbsentError
from planner.freight import homes as homes_room
from tests.study.test_command import lat, lng
from tests.study.test_rough import command, pattern, town  # noqa: F401  (fixtures)

#: Words of a Chinese sentence about homes that are not Chinese: keys of the study file, codes, units.
KEY = r"freight\.\w+|inputs\.\w+|siting\.\w+|FRT-\d+|false|OpenStreetMap|WGS84|GCJ-?02|BD-?09|truck\b"
HOMES = {"zh": "司机之家", "en": "Driver homes"}
CHECKS = {"zh": "数据检查", "en": "Data checks"}
TARGET = {
    "zh": "目标为每月 10,000 名司机（freight.target_drivers），但除现有司机之家已服务者外，仅有 625 名司机可到达 1 个候选点中的任何一个；"
          "至多可服务 625 名（新建 1 处）。",
    "en": "freight.target_drivers = 10,000 a month, but beyond those whom the existing homes serve only 625 drivers have any of the "
          "1 candidate sites in reach; at most 625 can be served, with 1 homes",
}  # fmt: skip


def truck_town(town, freight: str, *, language: str = "en", park: bool = True) -> Path:  # noqa: F811
    """The toy town with a truck park, and with these lines of ``[freight]``."""
    study = town(("enabled = false", freight), ('language = "en"', f'language = "{language}"'))
    if park:
        with (study.parent / "hosts.csv").open("a", encoding="utf-8") as handle:
            handle.write(f"p1,,truck_parking,,{lng(2000)},{lat(2010)}\n")
    return study


def words_in(page: Path) -> str:
    text = re.sub(
        r"<style.*?</style>|<script.*?</script>|<svg.*?</svg>", " ", page.read_text("utf-8"), flags=re.DOTALL
    )
    return html.unescape(re.sub(r"<[^>]+>", "\n", text))


def sheet(out: Path, name: str) -> list[str]:
    book = openpyxl.load_workbook(out / "recommendations.xlsx")
    return [str(cell) for row in book[name].iter_rows(values_only=True) for cell in row if cell is not None]


def assert_said_under_their_heading(out: Path, why: str, language: str) -> None:
    """The sentence stands in run.json, in the workbook's sheet, and below the heading in both reports."""
    assert json.loads((out / "run.json").read_text("utf-8"))["absent"]["driver_homes"] == why
    assert sheet(out, HOMES[language]) == [why]
    lines = [line.strip() for line in words_in(out / "report.html").split("\n") if line.strip()]
    assert lines[lines.index(HOMES[language]) + 1] == why
    said = [p.text for p in Document(str(out / "report.docx")).paragraphs]
    assert said[said.index(HOMES[language]) + 1] == why


@pytest.mark.parametrize("language", ["zh", "en"])
def test_driver_homes_that_cannot_be_planned_are_told_in_every_product_in_chinese_and_english(
    town, command, tmp_path, language  # noqa: F811
) -> None:  # fmt: skip
    study, out = truck_town(town, "target_drivers = 10000", language=language), tmp_path / "out"
    code, printed, _ = command("run", study, "--out", out)
    assert code == 0
    run = json.loads((out / "run.json").read_text("utf-8"))
    why = run["absent"]["driver_homes"]
    assert run["driver_homes"] is None
    assert TARGET[language] in why
    assert why in printed
    assert_said_under_their_heading(out, why, language)
    assert why in words_in(out / "checks.html")
    assert "FRT-019" in sheet(out, CHECKS[language])
    assert why in sheet(out, CHECKS[language])
    again = planner.open_study(study)
    again.run(out)  # nothing has changed: told from what is kept
    told = again.all_findings()
    assert run["findings"] == {s: sum(f.severity == s for f in told) for s in "EWFI"}
    assert [(f.severity, f.field, f.value) for f in told if f.code == "FRT-019"] == [
        ("W", "freight.target_drivers", "10000")
    ]
    if language == "zh":
        assert not re.search("[A-Za-z]{2,}", re.sub(KEY, "", why)), why
    else:
        assert not re.search("[一-鿿]", why)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_homes_that_were_not_asked_for_are_said_so_and_are_no_warning(town, tmp_path, language) -> None:  # noqa: F811
    study, out = planner.open_study(truck_town(town, "enabled = false", language=language)), tmp_path / "out"
    study.run(out)
    why = {
        "zh": "本研究未要求规划司机之家（freight.enabled = false）。",
        "en": "Driver homes were not asked for (freight.enabled = false).",
    }
    assert_said_under_their_heading(out, why[language], language)
    assert not [f for f in study.all_findings() if f.code.startswith("FRT")]


def test_a_town_without_room_for_trucks_is_told_what_would_help(town, tmp_path) -> None:  # noqa: F811
    study, out = planner.open_study(truck_town(town, "enabled = true", park=False)), tmp_path / "out"
    why = study.run(out)["absent"]["driver_homes"]
    assert why.startswith("driver homes are not planned: no place has known room for trucks")
    assert_said_under_their_heading(out, why, "en")
    with pytest.raises(AbsentError, match="no place has known room"):  # and again, from memory
        study.site_driver_homes()


def test_homes_alone_end_with_1_and_say_why_in_the_studys_language(town, command, tmp_path) -> None:  # noqa: F811
    study, out = truck_town(town, "target_drivers = 10000", language="zh"), tmp_path / "out"
    code, printed, said = command("homes", study, "--out", out)
    assert code == 1
    assert printed == ""
    assert TARGET["zh"] in said
    assert "警告 FRT-019" in said
    assert {p.name for p in out.iterdir()} == {"checks.html"}
    assert TARGET["zh"] in words_in(out / "checks.html")


def test_figures_that_the_model_cannot_compute_with_are_a_finding_too(town, tmp_path, monkeypatch) -> None:  # noqa: F811
    study = truck_town(town, "mean_trip_minutes = 900", language="zh")
    run = planner.open_study(study).run(tmp_path / "mean")
    assert "平均行程不可能为 900 分钟" in run["absent"]["driver_homes"]
    study.write_text(study.read_text("utf-8").replace("mean_trip_minutes = 900", "max_homes = 3"), "utf-8")

    def fails(*_: object) -> None:
        raise ValueError("singular matrix")

    monkeypatch.setattr(homes_room, "choose", fails)
    opened = planner.open_study(study)
    why = opened.run(tmp_path / "sums")["absent"]["driver_homes"]
    assert "货运模型无法用现有数字求出结果" in why
    assert_said_under_their_heading(tmp_path / "sums", why, "zh")
    assert [f.value for f in opened.all_findings() if f.code == "FRT-026"] == ["singular matrix"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_another_city_gets_homes_without_a_target_and_reads_what_that_means(town, tmp_path, language) -> None:  # noqa: F811
    run = planner.open_study(truck_town(town, "max_homes = 7", language=language)).run(tmp_path / "out")
    homes = run["driver_homes"]
    assert (homes["chosen"], homes["target"], run["absent"]) == (1, None, {})
    assert homes["drivers"] == pytest.approx(625, abs=0.1)
    said = " ".join(sheet(tmp_path / "out", HOMES[language]))
    assert {
        "zh": "未设目标，按至多 7 处所能服务的最多人数规划",
        "en": "no target is set: as many as 7 homes at most can serve",
    }[language] in said
    assumed = sheet(tmp_path / "out", {"zh": "货运假设", "en": "Freight assumptions"}[language])
    assert not [cell for cell in assumed if "苏州市总工会" in cell or "Suzhou Federation" in cell]
    assert {"zh": "研究文件取值", "en": "given in the study file"}[language] in assumed  # max_homes


@pytest.mark.real
def test_monaco_where_trucks_have_no_room_says_so(shared_data, tmp_path) -> None:
    (tmp_path / "study.toml").write_text(
        f"""[study]
name = "monaco"
language = "zh"
[inputs.streets]
path = "{(shared_data / "cities" / "monaco.osm").as_posix()}"
[inputs.population]
kind = "districts"
total = 38000
[siting]
p = 5
quotas = "none"
curve = []
alternatives = 0
replacements = 0
sensitivity = false
scenarios = 0
""",
        "utf-8",
    )
    study = planner.open_study(tmp_path / "study.toml")
    why = study.run(tmp_path / "out")["absent"]["driver_homes"]
    assert why.startswith("未规划司机之家：没有任何场所有已知的货车泊位")
    assert_said_under_their_heading(tmp_path / "out", why, "zh")
