"""The answer of every siting problem: which sites, how good, and how sure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["PROOF", "Solution", "relative_gap"]

#: A gap at or below this is called optimal.
PROOF = 1e-9


def gap_text(gap: float) -> str:
    """A gap in print, rounded up to a thousandth of a per cent as in every product: "at most" stays true."""
    return f"{math.ceil(gap * 1e5 - 1e-4) / 1e3:.3f}%" if math.isfinite(gap) else "–"


def relative_gap(objective: float, bound: float) -> float:
    """``|bound − objective| / |objective|``; 0 where both are 0, inf where only the objective is."""
    if bound == objective:
        return 0.0
    return abs(bound - objective) / abs(objective) if objective != 0 else float("inf")


@dataclass(frozen=True)
class Solution:
    """A plan with its certificate.

    Attributes
    ----------
    chosen
        Site positions (rows of ``covers`` or ``costs``), best first: in order of marginal gain.
    objective
        Covered weight including what was covered already (covering), or cost (p-median, p-center).
    bound
        No plan that obeys the rules is better than this.
    status
        ``"optimal"`` when bound and objective meet (gap ≤ 1e-9), else ``"feasible"``.
    seconds
        Wall time.
    repeatable
        False when the clock, not the amount of work, ended the search.
    base
        Weight that was covered before any site was chosen (0 where that has no meaning).
    prices
        Share of each demand point's weight that the bound charges to the sites that cover it (maximal covering; else
        None): with them the bound can be had again, whatever is forced or forbidden.
    work
        What was done: counts of moves, dual steps, nodes; sizes of the reduced problem.
    """

    chosen: NDArray[np.int64]
    objective: float
    bound: float
    status: Literal["optimal", "feasible"]
    seconds: float
    repeatable: bool = True
    base: float = 0.0
    prices: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    work: Mapping[str, float] = field(default_factory=dict)

    @property
    def gap(self) -> float:
        """``|bound − objective| / |objective|``."""
        return relative_gap(self.objective, self.bound)

    @property
    def gained(self) -> float:
        """Weight newly covered by the chosen sites."""
        return self.objective - self.base

    @property
    def gap_gained(self) -> float:
        """The gap as a share of what is *newly* covered."""
        return relative_gap(self.gained, self.bound - self.base)

    @property
    def gap_sites(self) -> float:
        """The gap in average chosen sites: "at most so many sites' worth is missing"."""
        if self.bound == self.objective or not len(self.chosen):
            return 0.0
        each = abs(self.gained) / len(self.chosen)
        return abs(self.bound - self.objective) / each if each > 0 else float("inf")

    def __repr__(self) -> str:
        return (
            f"Solution({len(self.chosen):,} sites, objective {self.objective:,.6g}, "
            f"bound {self.bound:,.6g}, gap {gap_text(self.gap)}, {self.status}, {self.seconds:.1f} s"
            f"{'' if self.repeatable else ', cut by the clock'})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "sites": f"{len(self.chosen):,}", "objective": f"{self.objective:,.2f}",
            "bound": f"{self.bound:,.2f}", "gap": gap_text(self.gap),
            "gap of what is newly covered": gap_text(self.gap_gained),
            "at most": f"{self.gap_sites:.2f} sites' worth", "status": self.status,
            "seconds": f"{self.seconds:.2f}", "repeatable": "yes" if self.repeatable else "no",
        }  # fmt: skip
        cells = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows.items())
        return f"<table>{cells}</table>"
