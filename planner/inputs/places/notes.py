"""Collecting what is noticed about one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from planner.errors import Finding, finding
from planner.inputs.tables.read import RawTable
from planner.settings.inputs import Table

__all__ = ["Notes"]


@dataclass
class Notes:
    """A table, how the study wants it read, and the findings so far."""

    raw: RawTable
    table: Table
    found: list[Finding] = field(default_factory=list)

    def each(
        self,
        code: str,
        mask: npt.NDArray[np.bool_],
        value: Callable[[int], object] = lambda _: "",
        **details: Any,
    ) -> None:
        """One finding per row of ``mask``, with the row's number and ``value`` of its position."""
        for i in np.flatnonzero(mask).tolist():
            row = int(self.raw.rows[i])
            self.found.append(finding(code, source=self.raw.source, row=row, value=value(i), **details))

    def whole(self, code: str, **details: Any) -> None:
        """One finding about the file."""
        self.found.append(finding(code, source=self.raw.source, **details))
