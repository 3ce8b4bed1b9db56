"""A study that kills its process costs the others nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from planner.study.batch import COLUMNS, run_apart


def run(path: str, folder: str) -> dict[str, Any]:
    """A study that is done at once, or, by its name, kills the process that runs it, or fails."""
    if "fatal" in path:
        os.kill(os.getpid(), signal.SIGKILL)
    if "failing" in path:
        raise MemoryError
    return dict.fromkeys(COLUMNS) | {"study": path, "folder": folder, "exit_code": 0, "message": ""}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_study_that_kills_its_process_is_a_row_of_the_table(workers: int, tmp_path: Path) -> None:
    names = ["one", "fatal", "two", "failing", "three"]
    seen: list[int] = []
    rows = run_apart(
        run, names, [str(tmp_path / n) for n in names], scheduler=None, workers=workers, each=seen.append
    )
    assert [r["study"] for r in rows] == names
    assert [r["exit_code"] for r in rows] == [0, 1, 0, 1, 0]
    assert [r["folder"] for r in rows] == [str(tmp_path / n) for n in names]
    assert seen == [1, 2, 3, 4, 5]
    for row in rows:
        assert ("RUN-004" in row["message"]) == (row["exit_code"] == 1)
    assert "KilledWorker" in rows[1]["message"]
    assert "MemoryError" in rows[3]["message"]


def test_a_batch_asks_for_no_port_that_another_may_have(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        held = stack.enter_context(socket.socket())
        with contextlib.suppress(OSError):  # somebody has it already, which is as good
            held.bind(("127.0.0.1", 8787))
            held.listen()
        rows = run_apart(run, ["one"], [str(tmp_path)], scheduler=None, workers=1, each=lambda _: None)
    assert rows[0]["exit_code"] == 0  # warnings are errors here
