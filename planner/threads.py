"""The same question asked of many things at once: compiled loops and HiGHS let other threads run meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.pool import ThreadPool
from typing import Any, TypeVar

__all__ = ["at_once", "threads"]

Item = TypeVar("Item")

#: No more threads than this: each holds a problem of its own.
MOST_THREADS = 4


def threads() -> int:
    """How many threads work at the same time."""
    return min(MOST_THREADS, os.cpu_count() or 1)


def at_once(ask: Callable[[Item], Any], items: Sequence[Item]) -> Iterator[Any]:
    """``ask(item)`` of each item, in their order, some at a time.

    What is answered must not depend on what else is being asked. Threads die with the program: an interrupted run
    waits for none of them.
    """
    number = min(threads(), len(items))
    if number < 2:
        yield from map(ask, items)
        return
    with ThreadPool(number) as pool:
        yield from pool.imap(ask, items)
