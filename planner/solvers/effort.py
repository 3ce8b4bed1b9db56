"""How hard to look: work first, so that answers repeat; the clock only as a safety."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from planner.solvers.request import RequestError

__all__ = ["ENTRIES_PER_ROUND", "Effort", "effort"]

#: Coverage entries per round of work: 0.05 to 0.07 s of one core.
ENTRIES_PER_ROUND = 10_000_000
#: Rounds that fit into a second with room to spare.
ROUNDS_PER_SECOND = 10


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
    begun: float = field(default_factory=time.perf_counter)
    repeatable: bool = True

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self.begun

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.seconds - self.spent

    def out_of_time(self) -> bool:
        """Whether the clock has run out; remembers that the answer then depends on it."""
        if self.left <= 0:
            self.repeatable = False
            return True
        return False

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
