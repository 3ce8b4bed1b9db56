"""The columns of a printed table: what they are called, what stands in them, how wide they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from planner.telling.words.numbers import Kind
from planner.telling.words.phrases import phrase

__all__ = ["Column", "Option", "header"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a printed table: its key, what its values are, its width in characters.

    ``head``: its head as it stands (a batch's name); the words of its key where empty.
    """

    key: str
    kind: Kind
    width: int
    head: str = ""


def header(columns: Iterable[Column], language: str) -> list[str]:
    """The printed heads of some columns."""
    return [c.head or phrase(f"col_{c.key}", language) for c in columns]


@dataclass(frozen=True)
class Option:
    """A section: heading, sentences, a table with its columns; ``long`` ones stay out of the report."""

    key: str
    heading: str
    lines: tuple[str, ...]
    columns: tuple[Column, ...]
    table: pd.DataFrame
    long: bool = False
