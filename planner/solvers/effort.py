"""How hard to look: an amount of work, so that answers repeat; the clock only as a safety.

Nothing in a search asks how late it is but :meth:`Effort.out_of_time`, which ends it and says so. Compiling
a kernel on its first use is no part of the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.jit import compiling_s
from planner.solvers.request import RequestError

__all__ = ["ENTRIES_PER_ROUND", "LOOKS", "Effort", "effort", "random_state"]

#: Coverage entries per round of work: 0.05 to 0.07 s of one core.
ENTRIES_PER_ROUND = 10_000_000
#: Rounds that fit into a second with room to spare.
ROUNDS_PER_SECOND = 10
#: HiGHS's pauses per round of work, times the variables of the model.
LOOKS = 16_000


def _now() -> float:
    """Seconds on this thread's clock, which stands still while Numba compiles."""
    return time.perf_counter() - compiling_s()


@dataclass
class Effort:
    """How hard to look, and what was spent.

    ``rounds`` is the amount of work; ``seconds`` the safety; ``gap`` the stopping tolerance.
    ``repeatable`` turns False when the clock changed the course.
    """

    rounds: int
    seconds: float
    gap: float
    seed: int
    progress: Callable[[str, float], None] | None = None
    begun: float = field(default_factory=_now)
    repeatable: bool = True

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return _now() - self.begun

    @property
    def left(self) -> float:
        """Seconds left, at least a hundredth: what HiGHS is given as its safety."""
        return max(0.01, self.seconds - self.spent)

    def out_of_time(self) -> bool:
        """Whether the clock has run out; remembers that the answer then depends on it."""
        if self.spent >= self.seconds:
            self.repeatable = False
            return True
        return False

    def looks(self, size: int, least: int = 100) -> int:
        """How many of HiGHS's pauses a model of ``size`` variables may last."""
        return self.rounds * LOOKS // (size + 1) + least

    def tell(self, label: str, share: float) -> None:
        """Report progress."""
        if self.progress is not None:
            self.progress(label, min(1.0, max(0.0, share)))


def effort(
    time_limit_s: float,
    gap: float,
    work_limit: int | None,
    seed: int,
    progress: Callable[[str, float], None] | None = None,
) -> Effort:
    """An effort from a door's arguments; without ``work_limit`` the work that fits the time limit.

    Raises
    ------
    RequestError
        A limit that is not positive, or a gap that is negative.
    """
    if not time_limit_s > 0:
        raise RequestError(f"time_limit_s must be positive; got {time_limit_s!r}")
    if not gap >= 0:
        raise RequestError(f"gap must not be negative; got {gap!r}")
    if work_limit is not None and work_limit < 1:
        raise RequestError(f"work_limit must be at least 1; got {work_limit!r}")
    rounds = (
        max(4, round(min(time_limit_s, 1e6) * ROUNDS_PER_SECOND)) if work_limit is None else int(work_limit)
    )
    return Effort(rounds, time_limit_s, gap, seed, progress)


def random_state(seed: int) -> NDArray[np.uint64]:
    """Where the random numbers of a compiled search begin: one odd number, from its seed.

    In Python's integers: NumPy before 2.2 joins its own with 1 only where no thread compiles meanwhile.
    """
    return np.array([int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]) | 1], np.uint64)
