"""The refusal of a request that no plan can meet, in both languages."""

from __future__ import annotations

from dataclasses import dataclass, field

from planner.errors import InfeasibleError, Told, told

__all__ = ["InfeasibleRequestError", "Told", "told"]


@dataclass
class InfeasibleRequestError(InfeasibleError, ValueError):
    """No plan obeys all the rules (also a ``ValueError``: the request itself has to change).

    ``rules`` names the groups of rules that clash, where a deletion filter found them.
    """

    rules: tuple[str, ...] = field(default_factory=tuple)
