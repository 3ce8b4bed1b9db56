"""What every test may lean on: the real data beside the checkout, caches of their own, and one computed Suzhou."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import shutil
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

#: Files begun first, so that no worker is left alone with a long one at the end: a quarter to two minutes each. The first
#: computes the Suzhou that notebooks and networks take; the other workers are busy with the files between meanwhile.
FIRST = (
    "tests/study/test_suzhou.py",
    "tests/study/test_check_and_run.py",
    "tests/study/test_batch_bytes.py",
    "tests/study/test_real_studies.py",
    "tests/study/test_command.py",
    "tests/docs/test_guide.py",
    "tests/campaigns/test_small.py",
    "tests/solvers/test_rows_search_brute.py",
    "tests/study/test_homes_told.py",
    "tests/browser/test_firefox.py",
    "tests/notebooks/test_notebooks.py",
    "tests/example/test_example.py",
    "tests/study/test_second_time.py",
    "tests/options/test_options_brute.py",
    "tests/solvers/test_problems_published.py",
    "tests/siting/test_goals.py",
    "tests/study/test_rough.py",
    "tests/inputs/test_hostile_files.py",
    "tests/options/test_options_pulp.py",
    "tests/browser/test_negotiation.py",
    "tests/browser/test_keyboard.py",
    "tests/browser/test_hands.py",
    "tests/freight/test_cost.py",
    "tests/browser/test_monkey.py",
    "tests/study/test_scenarios.py",
    "tests/browser/test_jupyter.py",
    "tests/facts/test_referee.py",
    "tests/page/test_bound.py",
    "tests/networks/test_shared.py",
    "tests/networks/test_suzhou_networks.py",  # takes what the ninth notebook has planned
)


def _file(item: pytest.Item) -> str:
    return item.path.relative_to(ROOT).as_posix() if item.path.is_relative_to(ROOT) else str(item.path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files come first."""
    place = {file: number for number, file in enumerate(FIRST)}
    for item in items:
        if "suzhou_run" in getattr(item, "fixturenames", ()) and config.pluginmanager.hasplugin("timeout"):
            item.add_marker(pytest.mark.timeout(1800))  # the first computes it
    items.sort(key=lambda item: place.get(_file(item), len(FIRST)))


def pytest_collection_finish() -> None:
    """Modules and thousands of tests stay to the end: without them the collector of cycles has a tenth as much to look through."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


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
    """A short digest of the program's code and tables, and of the notebook that runs it: others compute their own Suzhou."""
    from tests.notebooks.kernel import QUICK_START

    total = hashlib.sha256()
    for path in [*sorted((ROOT / "planner").rglob("*")), QUICK_START]:
        if path.suffix in {".py", ".csv", ".toml", ".ipynb"}:
            total.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


@pytest.fixture(scope="session")
def suzhou_home() -> Path:
    """The cache of the embedded Suzhou, apart from that of the small towns, which would drive its stages out."""
    return Path(os.environ["PLANNER_CACHE"]) / "suzhou"


@pytest.fixture(scope="session")
def suzhou_run(suzhou_home: Path) -> tuple[Path, Path]:
    """The embedded Suzhou as the first notebook computes it in a fresh kernel, once: (cache, folder of products).

    The first that asks computes it, others wait. Kept until the code changes.
    """
    from tests.notebooks.kernel import QUICK_START, run_notebook

    home, out = suzhou_home, suzhou_home / "outputs" / "suzhou"
    with alone(home / "lock"):
        done = home / f"done-{code_mark()}"
        if not (done.exists() and (out / "run.json").exists()):
            for old in home.glob("done-*"):
                old.unlink()
            shutil.rmtree(out, ignore_errors=True)
            (home / "notebooks").mkdir(exist_ok=True)
            run_notebook(QUICK_START, cache=home, within=home / "notebooks")
            done.touch()
    return home, out
