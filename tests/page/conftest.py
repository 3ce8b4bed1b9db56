"""Node for the tests of the page's model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
HINT = "no node found: apt-get install nodejs"


@pytest.fixture(scope="session")
def node() -> Callable[..., Any]:
    """``node("count.mjs", *arguments, given=…)``: what a script of this folder prints, read as JSON."""
    path = shutil.which("node") or shutil.which("nodejs")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(HINT)
        pytest.skip(HINT)

    def run(script: str, *arguments: object, given: Any = None, options: tuple[str, ...] = ()) -> Any:
        done = subprocess.run(
            [path, *options, str(HERE / script), *map(str, arguments)],
            input=json.dumps(given), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout) if not options else done.stdout

    return run
