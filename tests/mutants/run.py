"""Run tests against mutants: scratch copies of the tree, and forks of a process that has the libraries loaded."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutate import Mutant

__all__ = ["Result", "Scratch", "load_libraries", "run_all"]

#: Loaded once, before the first fork; the program's own modules and tests are loaded anew in every fork.
LIBRARIES = (
    "numpy", "pandas", "pyarrow", "pyarrow.parquet", "shapely", "pyproj", "pyogrio", "geopandas", "scipy.sparse",
    "scipy.sparse.csgraph", "scipy.spatial", "scipy.optimize", "scipy.special", "sklearn.linear_model", "numba",
    "highspy", "osmium", "openpyxl", "docx", "jinja2", "folium", "pydantic", "networkx", "matplotlib.figure",
    "matplotlib.backends.backend_agg", "python_calamine", "rich.console", "typer", "pytest", "hypothesis", "html.parser",
)  # fmt: skip
COPIED = (
    "planner",
    "tests",
    "benchmarks",
    "data",
    "docs",
    "pyproject.toml",
    "README.md",
    "README.zh.md",
    "CHANGELOG.md",
)
#: Exit status of pytest that means "a test failed" or "a test file could not be imported".
KILLED = (1, 2)
#: A run may take so many times its CPU seconds by the clock: a busy machine notices no fault.
WAIT = 10.0


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and of its children that have ended; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Result:
    """What became of a mutant: "killed", "survived" or "timeout" (which counts as killed); CPU seconds."""

    mutant: Mutant | None
    outcome: str
    seconds: float
    by: str = ""


def load_libraries() -> None:
    """Import the heavy libraries, so that forks have them."""
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            continue


class Scratch:
    """A copy of the tree, in which one file at a time is changed and put back."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, folder / name, symlinks=True)
            elif source.exists():
                shutil.copy2(source, folder / name)

    def start(self, tests: Sequence[str], mutant: Mutant | None) -> _Run:
        """Begin a test run, of the tree as it is where ``mutant`` is None."""
        changed = None
        if mutant is not None:
            changed = self.folder / mutant.path
            stat = changed.stat()
            kept = changed.read_bytes()
            changed.write_text(mutant.source, "utf-8")
            return _Run(self, tests, mutant, (changed, kept, (stat.st_atime_ns, stat.st_mtime_ns)))
        return _Run(self, tests, None, None)


class _Run:
    """One fork that runs pytest in a scratch copy."""

    def __init__(
        self,
        scratch: Scratch,
        tests: Sequence[str],
        mutant: Mutant | None,
        changed: tuple[Path, bytes, tuple[int, int]] | None,
    ) -> None:
        self.scratch, self.mutant, self._changed = scratch, mutant, changed
        self._log = scratch.folder / "log.txt"
        self._begun, self._worked = time.monotonic(), 0.0
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _in_child(scratch.folder, tests, self._log, keep_bytecode=mutant is None)

    def poll(self, limit_s: float) -> Result | None:
        """The result, once there is one; a run beyond its CPU seconds, or one that waits for ever, is stopped."""
        worked = cpu_s(self.pid)
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        waited, outcome = time.monotonic() - self._begun, ""
        seconds = self._worked = max(worked, self._worked)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            outcome = (
                "survived" if code == 0 else "killed" if code in KILLED or code < 0 else f"pytest exit {code}"
            )
        elif seconds > limit_s or waited > WAIT * limit_s:
            os.killpg(self.pid, signal.SIGKILL)  # the group that this fork began
            os.waitpid(self.pid, 0)
            outcome = "timeout"
        if not outcome:
            return None
        if self._changed is not None:
            path, kept, times = self._changed
            path.write_bytes(kept)
            os.utime(path, ns=times)
        log = self._log.read_text("utf-8", "replace")
        by = next((line for line in log.splitlines() if line.startswith(("FAILED", "ERROR"))), "")
        return Result(self.mutant, outcome, seconds, by if outcome != "survived" else "")

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")


def _in_child(folder: Path, tests: Sequence[str], log: Path, *, keep_bytecode: bool) -> None:
    """Run pytest in ``folder`` and leave this process with its status."""
    status = 70
    try:
        os.setpgid(0, 0)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(folder)
        os.environ["PLANNER_CACHE"] = str(folder / "cache")
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        sys.dont_write_bytecode = not keep_bytecode
        for name in [m for m in sys.modules if m.split(".")[0] in ("planner", "tests", "benchmarks")]:
            del sys.modules[name]
        root = Path(__file__).resolve().parents[2]
        sys.path[:] = [str(folder), *(p for p in sys.path if Path(p or ".").resolve() != root)]
        importlib.invalidate_caches()
        import pytest

        options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "-W", "error", "-o", "timeout=0"]
        for file in tests:  # one after the other: what the first one kills need not load the next
            status = int(pytest.main([*options, "-p", "pytest_timeout", file]))
            if status:
                break
    finally:
        sys.stdout.flush()
        os._exit(status)


def run_all(
    jobs: Sequence[tuple[Mutant, tuple[str, ...], float]], scratches: Sequence[Scratch]
) -> Iterator[Result]:
    """Run (mutant, tests, time limit) in as many forks as there are scratch copies; results as they come."""
    waiting, free = list(jobs), list(scratches)
    running: dict[int, tuple[_Run, float]] = {}
    while waiting or running:
        while waiting and free:
            mutant, tests, limit = waiting.pop(0)
            run = free.pop().start(tests, mutant)
            running[run.pid] = (run, limit)
        time.sleep(0.05)
        for pid, (run, limit) in list(running.items()):
            result = run.poll(limit)
            if result is not None:
                del running[pid]
                free.append(run.scratch)
                shutil.rmtree(run.scratch.folder / "cache", ignore_errors=True)
                yield result
