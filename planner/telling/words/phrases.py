"""Everything the products say, in Chinese and English: the tables ``*.csv`` of this folder, one per kind of text.

Each has the columns ``key``, ``zh``, ``en``; a key stands once in all of them. A new table is found by itself,
a new language is a column.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from importlib import resources

__all__ = ["has_phrase", "phrase", "read_tables", "translated", "words_of"]

#: Keys of the defaults' sources, which stand in English in the settings.
_SOURCES = "src_"


def read_tables(texts: Mapping[str, str]) -> dict[str, dict[str, dict[str, str]]]:
    """Table → key → language → text, from the content of each table's csv file.

    Raises
    ------
    ValueError
        A key stands twice, in one table or in two; says where.
    """
    tables: dict[str, dict[str, dict[str, str]]] = {}
    home: dict[str, str] = {}
    for name, text in texts.items():
        tables[name] = {}
        for row in csv.DictReader(text.splitlines()):
            key = row.pop("key")
            if key in home:
                raise ValueError(f"{name}.csv: the key {key} already stands in {home[key]}.csv")
            home[key], tables[name][key] = name, row
    return tables


@functools.cache
def _tables() -> dict[str, dict[str, dict[str, str]]]:
    files = {f.name: f for f in resources.files("planner.telling.words").iterdir() if f.name.endswith(".csv")}
    return read_tables({name.removesuffix(".csv"): files[name].read_text("utf-8") for name in sorted(files)})


@functools.cache
def _phrases() -> dict[str, dict[str, str]]:
    return {key: row for table in _tables().values() for key, row in table.items()}


def phrase(key: str, language: str, **values: object) -> str:
    """The text ``key`` in ``"zh"`` or ``"en"``; ``values`` fill its named places (text as it is).

    Raises
    ------
    KeyError
        The key is in none of the tables.
    """
    text = _phrases()[key][language]
    return text.format(**values) if values else text


def has_phrase(key: str) -> bool:
    """Whether one of the tables has the key."""
    return key in _phrases()


def words_of(table: str, language: str) -> dict[str, str]:
    """All texts of one table by key, their places unfilled."""
    return {key: row[language] for key, row in _tables()[table].items()}


@functools.cache
def _sources() -> dict[str, dict[str, str]]:
    return {row["en"]: row for key, row in _phrases().items() if key.startswith(_SOURCES)}


def translated(text: str, language: str) -> str:
    """A source of the defaults in the language asked for; a user's own text as it stands."""
    return _sources()[text][language] if text in _sources() else text
