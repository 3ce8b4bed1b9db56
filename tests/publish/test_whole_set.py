"""The products of a run change places together: all of them or none."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from planner.folders import OLD_S
from planner.publish.safe import OutputError, whole_set


def put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def held(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_set_takes_its_places_and_leaves_nothing_beside(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with whole_set(out, last="run.json") as folder:
        put(folder, map="new", figures__one="new", run_json="new")
        assert held(out) == {f"{folder.name}/{k}": "new" for k in ("figures/one", "map", "run.json")}
    assert held(out) == {"figures/one": "new", "map": "new", "run.json": "new"}
    assert sorted(p.name for p in out.iterdir()) == ["figures", "map", "run.json"]


def failing(out: Path) -> None:
    with whole_set(out, last="run.json") as folder:
        put(folder, map="new")
        raise ZeroDivisionError


def test_where_the_writing_fails_the_old_set_stays_whole(tmp_path: Path) -> None:
    put(tmp_path, map="old", run_json="old")
    with pytest.raises(ZeroDivisionError):
        failing(tmp_path)
    assert held(tmp_path) == {"map": "old", "run.json": "old"}


def test_files_of_an_earlier_set_that_this_one_lacks_go_others_stay(tmp_path: Path) -> None:
    put(tmp_path, actions="old", notes="mine", run_json="old")
    with whole_set(tmp_path, last="run.json", gone=("actions",)) as folder:
        put(folder, map="new", run_json="new")
    assert held(tmp_path) == {"map": "new", "notes": "mine", "run.json": "new"}
    with whole_set(tmp_path, last="run.json", gone=("map",)) as folder:
        put(folder, map="newer", run_json="newer")
    assert held(tmp_path)["map"] == "newer"


def test_run_json_goes_first_and_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, a="old", z="old", run_json="old")
    seen, replace = [], Path.replace

    def noted(self: Path, target: Path) -> Path:
        seen.append((target.name, (tmp_path / "run.json").exists()))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    with whole_set(tmp_path, last="run.json") as folder:
        put(folder, z="new", run_json="new", a="new")
    assert seen == [("a", False), ("z", False), ("run.json", False)]


def test_a_file_that_cannot_be_replaced_is_named_by_its_own_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(self: Path, target: Path) -> Path:
        raise PermissionError(13, "open elsewhere")

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(OutputError) as told, whole_set(tmp_path, last="run.json") as folder:
        put(folder, map="new")
    assert told.value.finding.code == "OUT-002"
    assert told.value.finding.value == str(tmp_path / "map")


def test_two_runs_do_not_write_into_one_folder_at_once(tmp_path: Path) -> None:
    with whole_set(tmp_path, last="run.json") as folder:
        put(folder, map="first", run_json="first")
        with pytest.raises(OutputError) as told, whole_set(tmp_path, last="run.json"):
            pytest.fail("the folder is held")
        assert told.value.finding.code == "OUT-007"
    with whole_set(tmp_path, last="run.json") as folder:
        put(folder, map="second", run_json="second")
    assert held(tmp_path) == {"map": "second", "run.json": "second"}


def test_what_killed_runs_left_long_ago_is_swept_what_is_new_is_not(tmp_path: Path) -> None:
    for name, age_s in ((".planner-dead", 2 * OLD_S), (".planner-new", 0.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("half")
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    with whole_set(tmp_path, last="run.json") as folder:
        put(folder, run_json="new")
    assert held(tmp_path) == {".planner-new/half": "half", "run.json": "new"}
