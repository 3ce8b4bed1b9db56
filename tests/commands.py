"""The command ``planner`` in the tests' own process: a process of its own spends five seconds on imports."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from planner import cli


def here(*args: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The command in this process: what it exits with, prints and tells."""
    said, told = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(cwd):
        patch.setattr(sys, "argv", ["planner", *map(str, args)])
        for name, value in env.items():
            patch.setenv(name, value)
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(told),
            pytest.raises(SystemExit) as end,
        ):
            cli.main()
    return subprocess.CompletedProcess(args, int(end.value.code or 0), said.getvalue(), told.getvalue())
