"""``python -m planner`` and the command ``planner``."""

from __future__ import annotations

import contextlib
import os
import sys

from planner.leaving import INTERRUPTED, end_promptly


def main() -> None:
    """The command as a process of its own: an interruption ends it at once, threads and solvers with it."""
    end_promptly()
    code: object = INTERRUPTED
    try:
        from planner.cli import main as command

        command()
    except KeyboardInterrupt:  # before the command could say a word
        pass
    except SystemExit as left:
        code = left.code
    if code != INTERRUPTED:
        sys.exit(code)  # type: ignore[arg-type]
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
