"""A batch on several processes makes the bytes that one makes, also when a process dies in the middle or the batch is begun again."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planner.study.batch import COLUMNS, run_apart, run_batch, run_one
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


@pytest.fixture(scope="module")
def apart(
    serial: tuple[list[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]]]:
    """The same on two processes, one of which dies in the middle: the folder, a row for each study."""
    home = tmp_path_factory.mktemp("apart")
    paths, folders = [str(p) for p in serial[0]], [str(home / "out" / name) for name in NAMES]
    (home / "out").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(home / "cache"))
        rows = run_apart(dies_once, paths, folders, scheduler=None, workers=2, each=lambda _: None)
    return home, rows


def same_bytes(folder: Path, wanted: Path) -> bool:
    made, there = products(folder), products(wanted)
    return set(made) == set(there) and [n for n in there if made[n] != there[n]] == []


def test_a_process_killed_in_the_middle_costs_its_study_a_second_try_and_no_byte(
    serial: tuple[list[Path], Path], apart: tuple[Path, list[dict[str, Any]]]
) -> None:
    home, rows = apart
    assert [row["exit_code"] for row in rows] == [0, 0], [row["message"] for row in rows]
    assert (home / "out" / "south.died").exists()
    demand = list((home / "cache" / "stages").glob("demand-*"))
    assert len(demand) == len(NAMES)  # that of the study whose process died was not made again
    assert all(same_bytes(home / "out" / name, serial[1] / name) for name in NAMES)


def test_a_batch_begun_again_leaves_what_is_done_and_makes_the_bytes_of_one_process(
    serial: tuple[list[Path], Path],
    apart: tuple[Path, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    studies, alone = serial
    home, rows = apart
    monkeypatch.setenv("PLANNER_CACHE", str(home / "cache"))
    out = home / "out"
    stamps = {name: (out / name / "map.html").stat().st_mtime_ns for name in NAMES}
    (out / "south" / "report.html").unlink()
    again = run_batch(studies, out, workers=2)
    now = {name: (out / name / "map.html").stat().st_mtime_ns for name in NAMES}
    assert list(again["study"]) == list(NAMES)
    assert now["north"] == stamps["north"]
    assert now["south"] != stamps["south"]
    first = pd.DataFrame(rows, columns=COLUMNS)
    assert again.drop(columns="seconds").equals(first.drop(columns="seconds"))
    assert all(same_bytes(out / name, alone / name) for name in NAMES)
