"""The command line, as a newcomer and an analyst use it, on a toy town written by the test."""

from __future__ import annotations

import csv
import itertools
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from planner import cli
from tests.commands import here

WEST, SOUTH = 120.60, 31.30
LAT_M, LNG_M = 1 / 110_900, 1 / 95_200  # degrees per metre at Suzhou


def lng(x_m: float) -> float:
    return WEST + x_m * LNG_M


def lat(y_m: float) -> float:
    return SOUTH + y_m * LAT_M


def toy_town(folder: Path, *, p: int = 4, extra: str = "", stations: str | None = None) -> Path:
    """Streets every 200 m over 4 km × 4 km, a bank at each crossing of the quarter, two stations."""
    n = 21
    lines = []
    for i in range(n):
        lines.append([[lng(200 * i), lat(200 * j)] for j in range(n)])
        lines.append([[lng(200 * j), lat(200 * i)] for j in range(n)])
    segments = [pair for line in lines for pair in itertools.pairwise(line)]
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": list(s)}}
        for s in segments
    ]
    (folder / "streets.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features}), "utf-8"
    )
    ring = [[lng(x), lat(y)] for x, y in [(-50, -50), (4050, -50), (4050, 4050), (-50, 4050), (-50, -50)]]
    town = {
        "type": "Feature",
        "properties": {"name_zh": "新镇", "name_en": "Newtown", "population": 50000},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    (folder / "districts.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [town]}), "utf-8"
    )
    with (folder / "hosts.csv").open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle)
        out.writerow(["host_id", "name", "host_kind", "open_hours", "lng", "lat"])
        for i in range(0, n, 2):
            for j in range(0, n, 2):
                out.writerow(
                    [f"h{i:02d}{j:02d}", f"银行{i}-{j}", "bank", "08:00-20:00", lng(200 * i), lat(200 * j)]
                )
    rows = stations if stations is not None else (
        f"001,第一站,{lng(400)},{lat(400)},08:00-20:00,正常\n002,=1+1,{lng(3600)},{lat(3600)},全天,正常\n"
    )  # fmt: skip
    (folder / "stations.csv").write_text("编号,站点名称,经度,纬度,开放时间,状态\n" + rows, "utf-8")
    (folder / "study.toml").write_text(
        f"""[study]
name = "newtown"
title_en = "Newtown"
language = "en"
[inputs.streets]
path = "streets.geojson"
[inputs.districts]
path = "districts.geojson"
[[inputs.stations]]
path = "stations.csv"
datum = "wgs84"
[inputs.hosts]
path = "hosts.csv"
datum = "wgs84"
[siting]
p = {p}
curve = [2, 4]
scenarios = 3
[freight]
enabled = false
{extra}""",
        "utf-8",
    )
    return folder / "study.toml"


def planner_(*args: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, which spends five seconds on imports alone."""
    return subprocess.run(
        [sys.executable, "-m", "planner", *map(str, args)],
        cwd=cwd, capture_output=True, text=True, env={**os.environ, **env}, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    return toy_town(folder)


@pytest.fixture(scope="module")
def run_once(town):
    return here("run", town, "--out", town.parent / "out", cwd=town.parent)


@pytest.mark.parametrize("asked", [False, True])
def test_evidence_is_asked_for_on_the_command_line(town, asked: bool) -> None:
    done = here("run", town, "--dry-run", *(["--evidence"] if asked else []), cwd=town.parent)
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    for stage in ("fair_front", "knowledge", "pilots"):
        assert any(words in lines[stage] for words in ("not asked", "不需要")) != asked, lines[stage]


def test_help_reads_like_the_list_of_doors(town) -> None:
    shown = here("--help", cwd=town.parent).stdout
    for word in ("run", "check", "coverage", "site", "homes", "evaluate", "example", "fetch", "batch"):
        assert re.search(rf"\b{word}\b", shown)


def test_a_run_prints_its_summary_and_writes_every_product(town, run_once) -> None:
    assert run_once.returncode == 0, run_once.stderr
    for words in ("outdoor workers", "500 m", "667 m", "833 m", "covers more than", "map.html"):
        assert words in run_once.stdout
    names = {p.name for p in (town.parent / "out").iterdir()}
    assert names >= {
        "map.html",
        "recommendations.csv",
        "recommendations.xlsx",
        "plan.gpkg",
        "report.html",
        "run.json",
    }


def test_run_json_holds_every_key_of_the_design(town, run_once) -> None:
    run = json.loads((town.parent / "out" / "run.json").read_text("utf-8"))
    assert set(run) >= {
        "study",
        "synthetic",
        "inputs",
        "coverage",
        "stations",
        "driver_homes",
        "stages",
        "seed",
        "versions",
    }
    assert set(run["coverage"]) >= {"before", "after", "by_district"}
    for side in ("before", "after"):
        assert set(run["coverage"][side]) >= {"workers", "covered", "share", "share_backup", "by_radius_m"}
        assert set(run["coverage"][side]["by_radius_m"]) == {"500", "667", "833"}
    assert set(run["stations"]) >= {
        "existing",
        "chosen",
        "total",
        "objective",
        "bound",
        "gap",
        "status",
        "seconds",
    }
    assert set(run["inputs"][0]) >= {"name", "path", "sha256", "rows"}
    assert set(run["stages"][0]) >= {"name", "seconds", "peak_mb"}
    assert set(run["coverage"]["by_district"][0]) == {"district", "workers", "before", "after"}
    assert "driver_homes" in run["absent"]
    assert run["stations"]["objective"] == pytest.approx(run["coverage"]["after"]["covered"], abs=0.1)


def test_the_workers_are_the_rates_times_the_population(town, run_once) -> None:
    run = json.loads((town.parent / "out" / "run.json").read_text("utf-8"))
    per_1000 = 4.97 + 2.48 + 2.13 + 1.42 + 0.71
    assert run["coverage"]["before"]["workers"] == pytest.approx(50 * per_1000, abs=0.5)


def without_times(run: dict) -> dict:
    run = json.loads(json.dumps(run))
    run["stations"].pop("seconds")
    run.pop("stages")
    return run


def test_two_cold_runs_give_the_same_bytes(town, run_once) -> None:
    again = town.parent / "again"
    done = planner_("run", town, "--out", again, cwd=town.parent, PLANNER_CACHE=str(town.parent / "cold"))
    assert done.returncode == 0, done.stderr
    first = town.parent / "out"
    for name in ("recommendations.csv", "recommendations.xlsx", "map.html", "checks.html", "plan.gpkg"):
        assert (first / name).read_bytes() == (again / name).read_bytes(), name
    runs = [json.loads((d / "run.json").read_text("utf-8")) for d in (first, again)]
    assert without_times(runs[0]) == without_times(runs[1])


def test_refused_inputs_exit_1_and_leave_only_the_checks(tmp_path) -> None:
    study = toy_town(
        tmp_path, stations="001,甲,31.30,120.60,8:00-20:00,正常\n001,乙,31.31,120.61,8:00-20:00,正常\n"
    )
    done = here("run", study, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "XY-001" in done.stderr
    assert {p.name for p in (tmp_path / "out").iterdir()} <= {"checks.html", "to_geocode.csv"}


def test_an_unknown_key_exits_1_with_the_nearest_right_one(tmp_path) -> None:
    study = toy_town(tmp_path, extra="[circel]\nminutes = 10\n")
    done = here("run", study, cwd=tmp_path)
    assert done.returncode == 1
    assert "circle" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage_exits_2(tmp_path) -> None:
    assert here("run", "--no-such-option", cwd=tmp_path).returncode == 2
    assert here("check", cwd=tmp_path).returncode == 2


def test_a_gap_above_what_the_study_accepts_exits_3(town, tmp_path, monkeypatch) -> None:
    run = json.loads((town.parent / "out" / "run.json").read_text("utf-8"))
    run["stations"]["gap"] = 0.01
    assert cli._exit_code(run, 0.002) == 3
    assert cli._exit_code(run, 0.02) == 0


def test_check_lists_findings_in_the_study_language(tmp_path) -> None:
    study = toy_town(tmp_path, stations=f"001,甲,{lng(400)},{lat(400)},随缘开放,正常\n")
    done = here("check", study, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "随缘开放" in done.stdout
    assert (tmp_path / "out" / "checks.html").exists()


def test_coverage_and_site_alone(town, tmp_path) -> None:
    done = here("coverage", town, "--out", tmp_path / "c", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "c" / "coverage.csv").exists()
    done = here("site", town, "--out", tmp_path / "s", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "s" / "recommendations.csv").exists()


def test_evaluating_the_proposal_itself_gives_its_own_coverage(town, run_once, tmp_path) -> None:
    text = (town.parent / "out" / "recommendations.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    columns = list(rows[0])
    x, y = (c for c in columns if "wgs84" in c.lower())
    with (tmp_path / "wish.csv").open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle)
        out.writerow(["name", "lng", "lat", "open_hours"])
        out.writerows([r[columns[2]], r[x], r[y], "08:00-20:00"] for r in rows)
    done = here("evaluate", town, tmp_path / "wish.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shares = re.findall(r"(\d+\.\d+)%", done.stdout)
    assert shares[1] == shares[2], done.stdout  # with these sites = with the proposed


def test_two_studies_of_one_name_are_not_written_over_each_other(tmp_path) -> None:
    study = toy_town(tmp_path)
    done = here("batch", study, study, cwd=tmp_path)
    assert done.returncode == 1
    assert "newtown" in done.stderr


def test_an_interrupted_run_exits_130_and_the_same_command_finishes_it(town, run_once, tmp_path) -> None:
    cache, command = str(tmp_path / "cache"), ["run", str(town), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        [sys.executable, "-m", "planner", *command], env={**os.environ, "PLANNER_CACHE": cache},
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    told = []
    for line in process.stderr:
        told.append(line)
        if "reading stations" in line:  # the network is kept by then, all that takes long is to come
            process.send_signal(signal.SIGINT)
            break
    told.append(process.communicate(timeout=120)[1])
    assert process.returncode == 130, told
    assert not (tmp_path / "out" / "run.json").exists()
    done = here(*command, cwd=tmp_path, PLANNER_CACHE=cache)
    assert done.returncode == 0, done.stderr
    ours, first = tmp_path / "out" / "recommendations.csv", town.parent / "out" / "recommendations.csv"
    assert ours.read_bytes() == first.read_bytes()
