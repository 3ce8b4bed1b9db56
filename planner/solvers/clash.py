"""The refusal of a request that no plan can meet, in both languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from planner.errors import InfeasibleError

__all__ = ["InfeasibleRequestError", "Told", "told"]


class Told(str):
    """An English sentence that carries its Chinese (``zh``)."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, english: str, chinese: str) -> Self:
        """The English text, with the Chinese one beside it."""
        made = super().__new__(cls, english)
        made.zh = chinese
        return made


def told(en: str, zh: str, /, **values: object) -> Told:
    """A sentence in both languages; ``values`` fill their named places."""
    return Told(en.format(**values), zh.format(**values))


@dataclass
class InfeasibleRequestError(InfeasibleError, ValueError):
    """No plan obeys all the rules (also a ``ValueError``: the request itself has to change).

    ``rules`` names the groups of rules that clash, where a deletion filter found them.
    """

    rules: tuple[str, ...] = field(default_factory=tuple)
