"""The command that compares the products of two checkouts, on made-up products."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest

from benchmarks.same_products import RunFailed, compare_folders, main, run_study
from planner.publish.page.pack import Island


def page(covered: list[float], crs: str, points: list[int]) -> str:
    island = Island()
    at = island.integers(points)
    text = island.text({"about": {"crs": crs}, "headline": {"covered": covered}, "at": at})
    return f'<h1>Town</h1>\n<script id="planner-data">{text}</script>\n<p>end</p>\n'


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The same made-up products twice."""
    old = tmp_path / "old"
    old.mkdir()
    (old / "map.html").write_text(page([3, 5], "EPSG:4549", [1, 2, 3]), "utf-8")
    (old / "recommendations.csv").write_text("rank,name\n1,一站\n2,二站\n", "utf-8")
    run = {"stations": {"gap": 0.001, "seconds": 1.5}, "stages": [{"name": "demand"}], "versions": {"a": "1"}}
    (old / "run.json").write_text(json.dumps(run), "utf-8")
    book = openpyxl.Workbook()
    book.active.append(["rank", "gain"])
    book.active.append([1, 10.5])
    book.save(old / "recommendations.xlsx")
    with sqlite3.connect(old / "plan.gpkg") as base:
        base.execute("CREATE TABLE chosen (rank INTEGER, name TEXT)")
        base.executemany("INSERT INTO chosen VALUES (?, ?)", [(1, "a"), (2, "b")])
    base.close()
    new = tmp_path / "new"
    shutil.copytree(old, new)
    return old, new


def why(folders: tuple[Path, Path], name: str) -> tuple[str, ...]:
    found = {c.name: c for c in compare_folders(*folders)}
    assert not found[name].same_bytes
    return found[name].why


def test_the_same_products_are_the_same(folders, capsys) -> None:
    assert all(c.same_bytes and not c.differs for c in compare_folders(*folders))
    assert main([str(f) for f in folders]) == 0
    assert "5 files, 0 differ" in capsys.readouterr().out


def test_times_and_versions_do_not_count(folders, capsys) -> None:
    run = {"stations": {"gap": 0.001, "seconds": 9.0}, "stages": [], "versions": {}}
    (folders[1] / "run.json").write_text(json.dumps(run), "utf-8")
    assert why(folders, "run.json") == ()
    assert main([str(f) for f in folders]) == 0
    assert "same content, other bytes run.json" in capsys.readouterr().out


def test_a_changed_figure_of_the_run_is_named(folders, capsys) -> None:
    run = {"stations": {"gap": 0.003, "seconds": 1.5, "more": []}, "stages": [], "versions": {}}
    (folders[1] / "run.json").write_text(json.dumps(run), "utf-8")
    assert why(folders, "run.json") == (
        "stations.gap: '0.001' → '0.003'",
        "stations.more[]: only in the new (0)",
    )
    assert main([str(f) for f in folders]) == 1
    assert "5 files, 1 differ" in capsys.readouterr().out


def test_a_cell_of_the_workbook_is_named_by_its_address(folders) -> None:
    book = openpyxl.load_workbook(folders[1] / "recommendations.xlsx")
    book.active["B2"] = 11.5
    book.save(folders[1] / "recommendations.xlsx")
    assert "Sheet!B2: \"(10.5, 'General')\" → \"(11.5, 'General')\"" in why(folders, "recommendations.xlsx")


def test_a_workbook_packed_otherwise_has_the_same_content(folders) -> None:
    path = folders[1] / "recommendations.xlsx"
    with zipfile.ZipFile(path) as z:
        members = {n: z.read(n) for n in z.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as z:
        for name, content in members.items():
            z.writestr(name, content)
    assert why(folders, "recommendations.xlsx") == ()


def test_a_row_of_a_layer_is_named(folders) -> None:
    with sqlite3.connect(folders[1] / "plan.gpkg") as base:
        base.execute("UPDATE chosen SET name = 'c' WHERE rank = 2")
    base.close()
    assert why(folders, "plan.gpkg") == ("chosen row 2 name: 'b' → 'c'",)


def test_the_data_of_a_page_are_unpacked(folders) -> None:
    (folders[1] / "map.html").write_text(page([5, 5], "EPSG:4326", [1, 2, 4]), "utf-8")
    told = why(folders, "map.html")
    assert told[:2] == ("data: about.crs: 'EPSG:4549' → 'EPSG:4326'", "data: headline.covered[0]: '3' → '5'")
    assert told[2].startswith("data: at: '3 bytes")
    assert len(told) == 3
    (folders[1] / "map.html").write_text(
        page([3, 5], "EPSG:4549", [1, 2, 3]).replace("Town", "Borough"), "utf-8"
    )
    assert why(folders, "map.html") == ("line 1: '<h1>Town</h1>' → '<h1>Borough</h1>'",)


def test_lines_and_files_on_one_side_only(folders) -> None:
    (folders[1] / "recommendations.csv").write_text("rank,name\n2,二站\n3,三站\n", "utf-8")
    (folders[1] / "plan.gpkg").unlink()
    assert why(folders, "recommendations.csv") == (
        "line 2: only in the old ('1,一站')",
        "line 3: only in the new ('3,三站')",
    )
    assert why(folders, "plan.gpkg") == ("only in the old",)


def test_wrong_usage(folders, tmp_path, capsys) -> None:
    assert main([str(folders[0]), str(tmp_path / "nowhere")]) == 2
    (tmp_path / "checkout" / "planner").mkdir(parents=True)
    (tmp_path / "checkout" / "planner" / "__init__.py").touch()
    assert main([str(folders[0]), str(tmp_path / "checkout")]) == 2
    assert "a checkout beside a folder" in capsys.readouterr().err


def test_each_checkout_runs_its_own_code(tmp_path, monkeypatch, capsys) -> None:
    """Two made-up planners, the second of which covers more; each with a cache of its own."""
    main_py = """
import json, os, pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir(parents=True)
cache = pathlib.Path(os.environ["PLANNER_CACHE"])
warm = cache.exists()
cache.mkdir(exist_ok=True)
(out / "run.json").write_text(json.dumps({"study": sys.argv[2], "covered": COVERED, "warm": warm and TELLS}))
"""
    for name, covered, tells in (("old", 3, False), ("new", 4, True)):
        code = tmp_path / name / "planner"
        code.mkdir(parents=True)
        (code / "__init__.py").touch()
        (code / "__main__.py").write_text(
            main_py.replace("COVERED", str(covered)).replace("TELLS", str(tells))
        )
    study = tmp_path / "study.toml"
    study.touch()
    arguments = [*(str(tmp_path / n) for n in ("old", "new")), "--studies", str(study), "--no-suzhou"]
    assert main([*arguments, "--out", str(tmp_path / "a")]) == 1
    assert "covered: '3' → '4'" in capsys.readouterr().out
    assert main([*arguments, "--warm", "--out", str(tmp_path / "b")]) == 1
    shown = capsys.readouterr().out
    assert "old, cold and warm\n  same" in shown
    assert "new, cold and warm\n  differs    run.json\n      warm: 'False' → 'True'" in shown
    elsewhere = subprocess.CompletedProcess([], 0, stdout=str(tmp_path / "old/planner/__init__.py"))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: elsewhere)
    with pytest.raises(RunFailed, match="would run"):
        run_study(tmp_path / "new", study, tmp_path / "c", tmp_path / "d")
