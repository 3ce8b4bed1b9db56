"""Compiled loops with a cache where one can be kept, and without one where not.

Numba's ``cache=True`` raises where no cache folder can be written (a read-only install); the same
function is then compiled once per run instead. How long compiling took is kept, so that no clock counts it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numba
from numba.core import event

__all__ = ["compiled", "compiling_s"]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """``numba.njit`` without the GIL, kept on disk; not kept where no folder can be written.

    Division by zero gives inf or NaN as in NumPy: a test for it in every loop costs time. Nobody calls them from C, and
    making them callable from there takes a twentieth of compiling.
    """
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)(function)
    except RuntimeError:  # "no locator available": nowhere to write
        return numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True)(function)


class _Stopwatch(event.Listener):
    """Seconds this thread has spent compiling: the outermost of nested compilations counts."""

    def __init__(self) -> None:
        self.of = threading.local()

    def on_start(self, event: Any) -> None:  # noqa: ARG002
        """A compilation begins."""
        depth = getattr(self.of, "depth", 0)
        if depth == 0:
            self.of.begun = time.perf_counter()
        self.of.depth = depth + 1

    def on_end(self, event: Any) -> None:  # noqa: ARG002
        """A compilation ends."""
        self.of.depth -= 1
        if self.of.depth == 0:
            self.of.seconds = self.seconds() + time.perf_counter() - self.of.begun

    def seconds(self) -> float:
        """Seconds so far."""
        return float(getattr(self.of, "seconds", 0.0))


_STOPWATCH = _Stopwatch()
event.register("numba:compile", _STOPWATCH)


def compiling_s() -> float:
    """Seconds that this thread has spent compiling so far, loading from the cache not counted."""
    return _STOPWATCH.seconds()
