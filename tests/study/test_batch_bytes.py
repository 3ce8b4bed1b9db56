"""A batch on several processes makes the bytes that one makes, also when a process dies in the middle or the batch is begun again."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from planner.study.batch import run_apart, run_batch, run_one
from planner.study.store import Kept, Store
from tests.campaigns.kills import products
from tests.study.town import Place, street_town

NAMES = ("north", "south")


def towns(folder: Path) -> list[Path]:
    """Two towns, each with hosts and stations of its own."""
    paths = []
    for i, name in enumerate(NAMES):
        hosts = [Place(f"h{k}", 700.0 * k + 100 * i) for k in range(4)]
        path = street_town(folder / name, hosts=hosts, stations=[Place("s", 500.0 + 200 * i)], siting="p = 2")
        text = path.read_text("utf-8").replace('name = "street"', f'name = "{name}"', 1)
        path.write_text(text, "utf-8")
        paths.append(path)
    return paths


def dies_once(path: str, folder: str) -> dict[str, Any]:
    """``run_one``, but the process of one study is killed the first time, right after its demand is kept."""
    mark, put = Path(folder).with_suffix(".died"), Store.put

    def then_die(store: Store, key: str, kept: Kept) -> None:
        put(store, key, kept)
        if key.startswith("demand-"):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    fatal = "south" in path and not mark.exists()
    Store.put = then_die if fatal else put  # type: ignore[method-assign]
    try:
        return run_one(path, folder)
    finally:
        Store.put = put  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    """The studies, and a folder with the products of each, made one after another in this process."""
    home = tmp_path_factory.mktemp("batch")
    studies = towns(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(home / "cache"))
        for path, name in zip(studies, NAMES, strict=True):
            row = run_one(str(path), str(home / "out" / name))
            assert row["exit_code"] == 0, row["message"]
    return studies, home / "out"


def test_two_processes_make_the_bytes_of_one(
    serial: tuple[list[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies, alone = serial
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    first = run_batch(studies, out, workers=2)
    assert list(first["study"]) == list(NAMES)
    stamps = {name: (out / name / "map.html").stat().st_mtime_ns for name in NAMES}
    (out / "south" / "report.html").unlink()
    again = run_batch(
        studies, out, workers=2
    )  # what is done is left as it is, what lacks something is made anew
    now = {name: (out / name / "map.html").stat().st_mtime_ns for name in NAMES}
    assert now["north"] == stamps["north"]
    assert now["south"] != stamps["south"]
    assert again.drop(columns="seconds").equals(first.drop(columns="seconds"))
    for name in NAMES:
        made, wanted = products(out / name), products(alone / name)
        assert set(made) == set(wanted)
        assert [n for n in made if made[n] != wanted[n]] == []


def test_a_process_killed_in_the_middle_costs_its_study_a_second_try_and_no_byte(
    serial: tuple[list[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies, alone = serial
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    folders = [str(tmp_path / "out" / name) for name in NAMES]
    (tmp_path / "out").mkdir()
    paths = [str(p) for p in studies]
    rows = run_apart(dies_once, paths, folders, scheduler=None, workers=2, each=lambda _: None)
    assert [row["exit_code"] for row in rows] == [0, 0], [row["message"] for row in rows]
    assert (tmp_path / "out" / "south.died").exists()
    demand = list((tmp_path / "cache" / "stages").glob("demand-*"))
    assert len(demand) == len(NAMES)  # that of the study whose process died was not made again
    for name, folder in zip(NAMES, folders, strict=True):
        made, wanted = products(Path(folder)), products(alone / name)
        assert [n for n in wanted if made.get(n) != wanted[n]] == []
