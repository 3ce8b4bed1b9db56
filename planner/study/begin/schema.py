"""The study file as a JSON schema, for editors that complete and check TOML."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from planner.settings.keys.words import sections, words_of
from planner.settings.whole import Settings

__all__ = ["study_schema"]


def study_schema(language: str = "en") -> dict[str, Any]:
    """JSON schema (draft 2020-12) of ``study.toml``, what each key means told in ``language``.

    Periods and groups are left out by most studies, and a group that planner knows may be named to change some of its keys: of
    these the schema asks for no more than the reader does.
    """
    made = Settings.model_json_schema()
    made["required"] = [k for k in made["required"] if k not in ("periods", "groups")]
    made["$defs"]["Group"]["required"] = ["name"]
    described: list[type[BaseModel]] = [Settings, *sections()]
    for section in described:
        defined = made if section is Settings else made["$defs"][section.__name__]
        defined.pop("description", None)  # the docstring, which is for who reads the code
        for name, told in defined["properties"].items():
            words = words_of(section, name)
            unit = words.unit[language]
            told["description"] = words.meaning[language] + (f" [{unit}]" if unit else "")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "planner study.toml",
        **{k: v for k, v in made.items() if k != "title"},
    }
