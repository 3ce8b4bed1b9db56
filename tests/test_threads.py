"""Questions asked at once are answered in their order, errors included."""

from __future__ import annotations

import threading
import time

import pytest

from planner import threads
from planner.threads import at_once, cpu_s


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "threads", lambda: 4)


def test_answers_come_in_the_order_of_what_is_asked_however_long_each_takes(four: None) -> None:
    def slowest_first(n: int) -> int:
        time.sleep(0.02 * (4 - n))
        return n * n

    assert list(at_once(slowest_first, range(4))) == [0, 1, 4, 9]


def test_they_really_run_at_once(four: None) -> None:
    meeting = threading.Barrier(4, timeout=20)
    assert sorted(at_once(lambda _: meeting.wait(), range(4))) == [0, 1, 2, 3]


def test_one_alone_needs_no_thread(four: None) -> None:
    assert list(at_once(lambda _: threading.current_thread(), [0])) == [threading.current_thread()]
    assert list(at_once(str, [])) == []


def test_what_goes_wrong_is_raised_where_its_answer_is_asked(four: None) -> None:
    answers = at_once(lambda n: 1 // n, [1, 0, 1])
    assert next(answers) == 1
    with pytest.raises(ZeroDivisionError):
        next(answers)


def test_the_processor_seconds_of_those_that_worked_for_a_thread_are_its_own(four: None) -> None:
    def work(seconds: float) -> None:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass

    before, own = cpu_s(), time.thread_time()
    list(
        at_once(lambda _: list(at_once(work, [0.05, 0.05])), range(3))
    )  # also of those that worked for these
    assert cpu_s() - before >= 0.3
    assert time.thread_time() - own < 0.2  # while this one waited
