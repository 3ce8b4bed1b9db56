"""The products' labels in Chinese and English: one table, ``planner/publish/words/labels.csv``."""

from __future__ import annotations

import csv
import functools
from importlib import resources

__all__ = ["labels", "word"]


@functools.cache
def _table() -> dict[str, dict[str, str]]:
    """``labels.csv`` by key. Append lines freely; a key given twice is an error."""
    text = resources.files("planner.publish.words").joinpath("labels.csv").read_text("utf-8")
    table: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["key"] in table:
            raise ValueError(f"labels.csv: the key {row['key']} stands there twice")
        table[row["key"]] = {"zh": row["zh"], "en": row["en"]}
    return table


def word(key: str, language: str, **values: object) -> str:
    """The label ``key`` in ``"zh"`` or ``"en"``; ``values`` fill its named places.

    Raises
    ------
    KeyError
        The key is not in ``labels.csv``.
    """
    text = _table()[key]["zh" if language == "zh" else "en"]
    return text.format(**values) if values else text


def labels(language: str, prefix: str = "") -> dict[str, str]:
    """All labels whose key starts with ``prefix``, without it: ``{"title": "…"}``."""
    column = "zh" if language == "zh" else "en"
    return {key.removeprefix(prefix): row[column] for key, row in _table().items() if key.startswith(prefix)}
