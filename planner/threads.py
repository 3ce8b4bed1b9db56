"""The same question asked of many things at once: compiled loops and HiGHS let other threads run meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.pool import ThreadPool
from typing import Any, TypeVar

__all__ = ["at_once", "cpu_s", "threads"]

Item = TypeVar("Item")

#: No more threads than this: each holds a problem of its own.
MOST_THREADS = 4
#: CPU seconds of the threads that worked for this one.
_helped = threading.local()


def threads() -> int:
    """How many threads work at the same time."""
    return min(MOST_THREADS, os.cpu_count() or 1)


def cpu_s() -> float:
    """CPU seconds of this thread so far, and of those that worked for it in :func:`at_once`."""
    return time.thread_time() + getattr(_helped, "cpu_s", 0.0)


def at_once(ask: Callable[[Item], Any], items: Sequence[Item]) -> Iterator[Any]:
    """``ask(item)`` of each item, in their order, some at a time.

    What is answered must not depend on what else is being asked. Threads die with the program: an interrupted run
    waits for none of them.
    """
    number = min(threads(), len(items))
    if number < 2:
        yield from map(ask, items)
        return

    def asked(item: Item) -> tuple[Any, float]:
        begun = cpu_s()
        return ask(item), cpu_s() - begun

    with ThreadPool(number) as pool:
        for answer, spent in pool.imap(asked, items):
            _helped.cpu_s = getattr(_helped, "cpu_s", 0.0) + spent
            yield answer
