"""What every test may lean on: the real data beside the checkout, and a cache of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"

# Tests never touch the user's cache; one folder per checkout, so that the embedded Suzhou is built once.
os.environ.setdefault("PLANNER_CACHE", str(Path(tempfile.gettempdir()) / f"planner-test-cache-{os.getuid()}"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data beside the checkout; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real data are not beside this checkout")
    return SHARED
