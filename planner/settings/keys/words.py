"""What each key of the study file means, in both languages: the words stand in ``words.csv``, one row per field."""

from __future__ import annotations

import csv
import functools
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any, get_args

from pydantic import BaseModel

from planner.settings.whole import Settings

__all__ = ["KeyWords", "key_words", "sections", "words_of"]


@dataclass(frozen=True, slots=True)
class KeyWords:
    """Words of a key: unit and meaning by language, an example as the file would say it, where its default is from.

    ``source``: empty where there is nothing to source; ``own`` (``own:band``), ``technical``, a key of the tables of words, or
    the two languages with ``|`` between.
    """

    unit: dict[str, str]
    meaning: dict[str, str]
    example: str
    source: str


@functools.cache
def key_words() -> dict[str, KeyWords]:
    """Words by ``Section.field``, the section being the class that declares the field."""
    text = resources.files("planner.settings.keys").joinpath("words.csv").read_text("utf-8")
    return {
        row["key"]: KeyWords(
            unit={"en": row["unit_en"], "zh": row["unit_zh"]},
            meaning={"en": row["en"], "zh": row["zh"]},
            example=row["example"],
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def words_of(section: type[BaseModel], field: str) -> KeyWords:
    """Words of a section's field, also of one that it inherits.

    Raises
    ------
    KeyError
        No row of ``words.csv`` is about it.
    """
    for declared in section.__mro__:
        if field in inspect.get_annotations(declared):
            return key_words()[f"{declared.__name__}.{field}"]
    raise KeyError(f"{section.__name__}.{field}")


def held_section(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation is, or holds in a list, table or choice."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(held_section, get_args(annotation))), None)


def sections() -> dict[type[BaseModel], list[str]]:
    """Every section of the study file → where it stands (``[siting.goal]``, ``[[groups]]``), in the order of the file."""
    found: dict[type[BaseModel], list[str]] = {}
    for section, place in _placed(Settings, ""):
        found.setdefault(section, []).append(place)
    return found


def _placed(section: type[BaseModel], above: str) -> Iterator[tuple[type[BaseModel], str]]:
    for name, field in section.model_fields.items():
        inner = held_section(field.annotation)
        if inner is not None:
            many = str(field.annotation).startswith("tuple[")
            path = f"{above}{name}"
            yield inner, f"[[{path}]]" if many else f"[{path}]"
            yield from _placed(inner, path + ".")
