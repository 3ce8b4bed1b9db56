"""An interrupted command is gone within two seconds, whatever it is doing, and leaves no half-written folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from planner.leaving import temporary_folder, undisturbed

BEGIN = """
import sys, threading, time
from pathlib import Path
from planner.leaving import end_promptly, say_at_end, signals_elsewhere, temporary_folder
end_promptly()
say_at_end("中断 interrupted")
"""
#: What the main thread is in the middle of.
BUSY = {
    "a compiled loop": """
import numba
@numba.njit(nogil=True)
def spin(n):
    while n > 0:
        n = n % 1000003 + 1
    return n
spin(0)
with temporary_folder(Path(sys.argv[1]), ".planner-") as folder:
    (folder / "half").write_text("half")
    print("begun", flush=True)
    spin(7)
""",
    "a solver": """
import highspy, numpy as np
from scipy import sparse
rng = np.random.default_rng(0)
highs = highspy.Highs()
highs.setOptionValue("output_flag", False)
n = 400
for j in range(n):
    highs.addVar(0.0, 1.0); highs.changeColCost(j, -float(rng.integers(40, 60)))
for i in range(60):
    highs.addRow(-1e30, float(rng.integers(900, 1100)), n, np.arange(n), rng.integers(5, 60, n).astype(float))
highs.changeColsIntegrality(n, np.arange(n), np.full(n, highspy.HighsVarType.kInteger))
print("begun", flush=True)
highs.run()
""",
    "threads": """
from planner.threads import at_once
print("begun", flush=True)
list(at_once(lambda k: time.sleep(60), [1, 2, 3]))
""",
    "a destructor": """
class Slow:
    def __del__(self):
        print("begun", flush=True)
        time.sleep(60)
Slow()
time.sleep(60)
""",
}


@pytest.mark.parametrize("busy", BUSY)
def test_an_interruption_ends_the_process_soon_with_130_and_without_a_traceback(
    tmp_path: Path, busy: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN + BUSY[busy], str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(0.3)
    sent = time.perf_counter()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    took = time.perf_counter() - sent
    if busy != "threads":  # these come out by themselves, as KeyboardInterrupt
        assert process.returncode == 130
        assert said == "中断 interrupted\n"
    assert took < 2.0
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_is_not_to_be_disturbed_ends_first() -> None:
    done = []

    def swap() -> None:
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            done.append("swap")

    with pytest.raises(KeyboardInterrupt):
        swap()
    assert done == ["swap"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with undisturbed():
        done.append("again")


def test_a_temporary_folder_goes_whatever_happens(tmp_path: Path) -> None:
    def failing() -> None:
        with temporary_folder(tmp_path, ".new-") as folder:
            (folder / "half").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert list(tmp_path.iterdir()) == []


def test_processes_of_a_batch_do_not_see_the_interruption() -> None:
    code = """
import os, signal, subprocess, sys
from planner.leaving import signals_elsewhere
with signals_elsewhere():
    child = subprocess.Popen([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('alive')"],
                             stdout=subprocess.PIPE, text=True)
assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
print(child.communicate()[0], end="")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "alive\n"
