"""The reference of the study file's keys: every key of the models once, in both languages, with an example that is taken."""

from __future__ import annotations

import importlib.util
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from planner.settings.keys.words import held_section, key_words, sections, words_of
from planner.settings.whole import Settings
from planner.study.begin.schema import study_schema
from tests.study.settings_walk import patterns

ROOT = Path(__file__).resolve().parents[1]
ALL: list[type[BaseModel]] = [Settings, *sections()]
FIELDS = [(section, name) for section in ALL for name in section.model_fields]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_keys", ROOT / "docs" / "make_keys.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pages_in_docs_are_the_models_of_now(maker: ModuleType, language: str) -> None:
    assert maker.PAGES[language].read_text("utf-8") == maker.page(language), "run python docs/make_keys.py"


def _keys_told(text: str) -> Iterator[str]:
    """Every key of the page with its section before it: ``siting.goal.aim``."""
    places: list[str] = []
    for line in text.splitlines():
        if line.startswith(("## ", "`[")):
            places = re.findall(r"`\[+([a-z_.]+)\]+`", line) or [""]
        elif found := re.match(r"\| `([a-z0-9_]+)` \|", line):
            yield from (f"{place}.{found[1]}".lstrip(".") for place in places)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_key_of_the_study_file_stands_on_the_page_once(maker: ModuleType, language: str) -> None:
    """Found by another walk than the page's own."""
    told = list(_keys_told(maker.page(language)))
    assert len(told) == len(set(told))
    known = {re.sub(r"\[\]|\{\}", "", path) for path, _ in patterns()}
    assert known <= set(told)
    heads = {path.rsplit(".", n)[0] for path in known for n in range(1, path.count(".") + 1)}
    assert set(told) - known <= heads


def test_no_words_are_of_a_key_that_is_gone() -> None:
    declared = {c for section in ALL for c in section.__mro__ if issubclass(c, BaseModel)}
    known = {f"{c.__name__}.{name}" for c in declared for name in inspect.get_annotations(c)}
    assert set(key_words()) <= known


@pytest.mark.parametrize(("section", "name"), FIELDS, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_a_key_has_words_in_both_languages_an_example_and_its_source(
    section: type[BaseModel], name: str
) -> None:
    words, field = words_of(section, name), section.model_fields[name]
    assert words.meaning["en"]
    assert re.search("[一-鿿]", words.meaning["zh"])
    assert bool(words.unit["en"]) == bool(words.unit["zh"])
    if held_section(field.annotation) or (section.__name__, name) == ("About", "scenario"):
        return
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation  # type: ignore[valid-type]
    value = tomllib.loads(f"x = {words.example}")["x"]
    TypeAdapter(kind).validate_python(value)
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    figure = isinstance(default, (int, float)) and not isinstance(default, bool)
    if figure and default not in (0, 1):
        assert words.source, "a figure that is taken where a study does not say needs its source"


def test_units_in_names_are_the_units_told() -> None:
    suffix = {"m": "m", "km": "km", "kmh": "km/h", "yuan": "yuan", "s": "s", "minutes": "min", "h": "h"}
    for section, name in FIELDS:
        said, last = words_of(section, name).unit["en"], name.rsplit("_", 1)[-1]
        if last in suffix and "per" not in name and not held_section(section.model_fields[name].annotation):
            assert said in (suffix[last], f"{suffix[last]}/year", "min/day"), (section.__name__, name)


def test_an_example_out_of_range_would_be_noticed() -> None:
    field = Settings.model_fields["siting"].annotation.model_fields["p"]  # type: ignore[union-attr]
    with pytest.raises(ValidationError):
        TypeAdapter(Annotated[field.annotation, *field.metadata]).validate_python(0)  # type: ignore[valid-type]


@pytest.mark.parametrize(("language", "said"), [("en", "New stations; a fifth"), ("zh", "新增站点数；")])
def test_editors_are_told_the_same(language: str, said: str) -> None:
    schema = study_schema(language)
    assert schema["$defs"]["Siting"]["properties"]["p"]["description"].startswith(said)
    assert schema["$defs"]["Circle"]["properties"]["walk_kmh"]["description"].endswith("]")
