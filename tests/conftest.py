"""What every test may lean on: the real data beside the checkout, caches of their own, and one computed Suzhou."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"

# Tests never touch the user's cache; one folder per checkout, so that the embedded Suzhou is built once.
os.environ.setdefault("PLANNER_CACHE", str(Path(tempfile.gettempdir()) / f"planner-test-cache-{os.getuid()}"))
# Commands that tests start run this checkout, wherever another one is installed.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))

#: Files that take longest, begun first so that no worker is left alone with one at the end. Seconds
#: on one quiet core, warm; only their order matters.
HEAVY = {
    "tests/study/test_suzhou.py": 240,
    "tests/solvers/test_rows_search_brute.py": 90,
    "tests/study/test_real_studies.py": 80,
    "tests/example/test_example.py": 60,
    "tests/notebooks/test_notebooks.py": 31,  # once the Suzhou they share is computed
    "tests/roads/test_network_real.py": 40,
    "tests/docs/test_site.py": 40,
    "tests/solvers/test_problems_variants_brute.py": 40,
    "tests/study/test_command.py": 35,
    "tests/freight/test_homes.py": 30,
    "tests/demand/test_observations.py": 30,
    "tests/browser/test_map.py": 30,
}


def _file(item: pytest.Item) -> str:
    return item.path.relative_to(ROOT).as_posix() if item.path.is_relative_to(ROOT) else str(item.path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files come first."""
    for item in items:
        if "suzhou_run" in getattr(item, "fixturenames", ()) and config.pluginmanager.hasplugin("timeout"):
            item.add_marker(pytest.mark.timeout(1800))  # the first computes it
    items.sort(key=lambda item: -HEAVY.get(_file(item), 0))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data beside the checkout; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real data are not beside this checkout")
    return SHARED


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock file while others who want it wait; where files cannot be locked nobody waits."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            import fcntl
        except ImportError:
            yield
            return
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


def code_mark() -> str:
    """A short digest of the program's code and tables: other code computes its own Suzhou."""
    total = hashlib.sha256()
    for path in sorted((ROOT / "planner").rglob("*")):
        if path.suffix in {".py", ".csv", ".toml"}:
            total.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


@pytest.fixture(scope="session")
def suzhou_run() -> tuple[Path, Path]:
    """The embedded Suzhou as ``planner run`` computes it, once: (cache, folder of products).

    The first that asks computes it, others wait; the cache is apart from that of the small towns, which would drive
    its stages out. Kept until the code changes.
    """
    home = Path(os.environ["PLANNER_CACHE"]) / "suzhou"
    out = home / "products"
    with alone(home / "lock"):
        done = home / f"done-{code_mark()}"
        if not (done.exists() and (out / "run.json").exists()):
            for old in home.glob("done-*"):
                old.unlink()
            shutil.rmtree(out, ignore_errors=True)
            env = {**os.environ, "PLANNER_CACHE": str(home)}
            command = [sys.executable, "-m", "planner", "run", "--out", str(out)]
            made = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
            assert made.returncode == 0, made.stderr[-2000:]
            done.touch()
    return home, out
