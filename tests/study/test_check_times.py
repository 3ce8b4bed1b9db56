"""``planner check --times`` as a command: exit codes, both languages, the files it leaves."""

from __future__ import annotations

from pathlib import Path

from tests.commands import here
from tests.study.town import Place, at, street_town, write_table

HEAD = ["origin_lng", "origin_lat", "dest_lng", "dest_lat", "minutes"]


def test_check_says_how_the_times_agree(tmp_path: Path) -> None:
    study = street_town(tmp_path, stations=[Place("s", 100)], hosts=[Place("A", 500)])
    study.write_text(study.read_text("utf-8").replace('language = "en"', 'language = "zh"'), "utf-8")
    ways = [(0, 400), (100, 900), (700, 200), (50, 1000)]
    rows = [
        (*at(a), *at(b), abs(a - b) * 0.06 * 0.25 + 0.25) for a, b in ways
    ]  # quarter of an hour a kilometre, and 15 s
    times = write_table(tmp_path / "times.csv", HEAD, [*rows, (*at(0), *at(400), "soon")])
    done = here("check", study, "--times", times, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+0.25 分钟" in done.stdout
    assert "TIM-002" in done.stdout
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"checks.html", "times.html", "times.csv"}
    page = (tmp_path / "out" / "times.html").read_text("utf-8")
    assert "相差最大的路径" in page


def test_a_list_without_its_columns_exits_1(tmp_path: Path) -> None:
    study = street_town(tmp_path, stations=[Place("s", 100)], hosts=[Place("A", 500)])
    times = write_table(tmp_path / "times.csv", HEAD[:4], [(*at(0), *at(400))])
    done = here("check", study, "--times", times, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "TIM-001" in done.stdout
