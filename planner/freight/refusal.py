"""Why driver homes cannot be planned: a finding each, raised as one error that the rest of a study outlives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from planner.errors import AbsentError, finding

__all__ = ["no_homes", "sums_that_work_out"]


def no_homes(code: str, *, field: str = "", value: object = "", **numbers: Any) -> AbsentError:
    """The error of a reason in ``findings.csv``; ``field``: the key of ``[freight]`` it is about."""
    key = f"freight.{field}" if field else "freight"
    return AbsentError((finding(code, source="study.toml", field=key, value=value, **numbers),))


@contextmanager
def sums_that_work_out() -> Iterator[None]:
    """Arithmetic of the model: figures that it refuses (``ValueError``) are told as a finding."""
    try:
        yield
    except ValueError as error:
        raise no_homes("FRT-026", value=error) from error
