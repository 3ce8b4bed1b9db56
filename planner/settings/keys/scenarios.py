"""Scenarios: named changes to a study, each written in the study file under ``[scenarios.NAME]``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

__all__ = ["Overrides", "ScenarioName", "overrides", "split_scenario"]

ScenarioName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,29}$")]
#: What a scenario sets: keys of the study file as they stand there, or with dots between the parts.
Overrides = dict[str, Any]


def split_scenario(path: Path | str) -> tuple[Path, str | None]:
    """A study file and the scenario that is asked for behind ``#``: ``my/study.toml#more`` is the scenario ``more``.

    A file whose own name has a ``#`` in it is that file.
    """
    found = re.fullmatch(r"(.+\.toml)#([^#/\\]+)", str(path))
    if found is None or Path(path).exists():
        return Path(path), None
    return Path(found[1]), found[2]


def overrides(scenario: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    """Path of each key that a scenario sets → its value. Tables are gone into, lists are values.

    >>> overrides({"siting.p": 9, "siting": {"kind_min": {"bank": 2}}})
    {('siting', 'p'): 9, ('siting', 'kind_min', 'bank'): 2}
    """
    found: dict[tuple[str, ...], Any] = {}

    def walk(table: Mapping[str, Any], above: tuple[str, ...]) -> None:
        for key, value in table.items():
            path = (*above, key)
            if isinstance(value, Mapping) and value:
                walk(value, path)
            else:
                found[path] = value

    for key, value in scenario.items():
        first = tuple(key.split("."))
        if isinstance(value, Mapping) and value:
            walk(value, first)
        else:
            found[first] = value
    return found
