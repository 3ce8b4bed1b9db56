"""An interrupted command (Ctrl+C) ends within two seconds, also from inside a solver or a compiled loop, and leaves no half-written folder.

Python tells the main thread of an interruption only between two of its own instructions, and a solver may run for minutes. A watching
thread gives it a moment to come out by itself; then it clears away what was being written and ends the process. So it does where
the interruption was lost, because it came while Python was destroying an object.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = [
    "INTERRUPTED",
    "end_promptly",
    "say_at_end",
    "signals_elsewhere",
    "temporary_folder",
    "undisturbed",
]

#: The exit code of an interrupted command.
INTERRUPTED = 130
#: Seconds in which the command may come out by itself.
GRACE_S = 0.8

_folders: set[Path] = set()
_said: list[str] = []


def say_at_end(text: str) -> None:
    """What is printed if the process has to be ended from outside its work."""
    _said[:] = [text]


def end_promptly() -> None:
    """From now on an interruption ends this process, within about a second, whatever it is doing. For commands only."""
    if threading.current_thread() is not threading.main_thread():
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading,), name="interruptions", daemon=True).start()
    said = sys.unraisablehook
    sys.unraisablehook = lambda told: None if told.exc_type is KeyboardInterrupt else said(told)


def _watch(reading: int) -> None:
    while signal.SIGINT not in os.read(reading, 1):
        pass
    time.sleep(GRACE_S)
    for folder in tuple(_folders):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.write(2, "".join(f"{text}\n" for text in _said).encode(sys.stderr.encoding or "utf-8", "replace"))
    os._exit(INTERRUPTED)


@contextlib.contextmanager
def temporary_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder that goes at the end of the block, if it is still there then, or with the process."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    _folders.add(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _folders.discard(folder)


@contextlib.contextmanager
def signals_elsewhere() -> Iterator[None]:
    """Threads and processes begun in the block never see an interruption; one that comes meanwhile waits for the block's end."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """An interruption waits until the block is done: for steps of milliseconds that belong together."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
