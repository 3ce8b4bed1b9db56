"""The command in a process of its own that can be killed at a point, after a time, or kept from writing.

The parent loads planner and compiles once; each child is a fork of it, so that hundreds of runs are affordable.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Ended", "Point", "start", "warm_up", "watched"]

#: What Python says before it touches a file; the argument that is the file.
EVENTS = {
    "os.rename": 1, "os.remove": 0, "os.rmdir": 0, "os.mkdir": 0, "os.utime": 0, "os.truncate": 0, "shutil.rmtree": 0,
    "shutil.copyfile": 1, "shutil.move": 1,
}  # fmt: skip
NOBODY = 65534


@dataclass(frozen=True)
class Point:
    """A moment just before a file of a study is touched."""

    event: str
    path: str


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code, or minus the signal; what it said; how long it took."""

    code: int
    said: str
    seconds: float

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


def warm_up(study: Path, out: Path, cache: Path) -> None:
    """Load and compile all that a run needs, in this process; then no thread is left that a fork would miss."""
    import highspy

    import planner

    os.environ["PLANNER_CACHE"] = str(cache)
    planner.open_study(study).run(out)
    highspy.Highs.resetGlobalScheduler(True)


def watched(inside: Path, reached: Callable[[int, Point], None]) -> None:
    """Call ``reached`` with the number of each moment just before a file below ``inside`` is touched."""
    root, count = str(inside), 0

    def hook(event: str, given: tuple[Any, ...]) -> None:
        nonlocal count
        if event == "open":
            path, mode, flags = given
            if not (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)) and not (
                mode and set(str(mode)) & set("wax+")
            ):
                return
        elif event in EVENTS:
            path = given[EVENTS[event]]
        else:
            return
        if isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(root):
            count += 1
            reached(count, Point(event, os.fsdecode(path)[len(root) + 1 :]))

    sys.addaudithook(hook)


@dataclass(frozen=True)
class Child:
    """A command that is running; ``said`` is the file that it prints into."""

    pid: int
    said: Path
    begun: float

    def end(
        self, *, within_s: float = 300.0, kill_after_s: float | None = None, signal_: int = signal.SIGKILL
    ) -> Ended:
        """Wait for it (or send it ``signal_`` after a time); how it ended."""
        if kill_after_s is not None:
            time.sleep(max(0.0, self.begun + kill_after_s - time.perf_counter()))
            os.kill(self.pid, signal_)
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            seconds = time.perf_counter() - self.begun
            if pid:
                code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
                return Ended(code, self.said.read_text("utf-8", "replace"), seconds)
            if seconds > within_s:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                return Ended(999, self.said.read_text("utf-8", "replace"), seconds)
            time.sleep(0.01)


def start(
    arguments: list[object], *, cache: Path, said: Path, before: Callable[[], None] | None = None, as_nobody: bool = False,
    most_bytes: int | None = None,
) -> Child:  # fmt: skip
    """Start ``planner ARGUMENTS`` in a fork of this process.

    Parameters
    ----------
    before
        Called in the child before the command.
    as_nobody
        Give up root's rights (nothing happens where there are none): folders may then be read-only.
    most_bytes
        No file may grow beyond this: the disk is full.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    begun = time.perf_counter()
    pid = os.fork()
    if pid:
        return Child(pid, said, begun)
    code = 70
    try:
        handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.environ.update(PLANNER_CACHE=str(cache), LC_ALL="en_US.UTF-8", COLUMNS="200")
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
        if as_nobody and os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        if before is not None:
            before()
        code = _command(arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(arguments: list[object]) -> int:
    import traceback

    from planner import cli

    sys.argv = ["planner", *map(str, arguments)]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        cli.main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
    return 70
