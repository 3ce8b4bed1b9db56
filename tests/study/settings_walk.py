"""Every key of the study file, found in the schema, and another value for each."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from planner.settings.whole import Settings

__all__ = ["patterns", "replaced", "value_at"]


def _bare(kind: Any) -> Any:
    """A type without its annotations and its None."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        rest = [a for a in get_args(kind) if a is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else kind
    return kind


def patterns(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(path, type) of every key: ``inputs.stations[].path``, ``groups[].profile{}`` …

    Sections, and lists and tables of sections, are gone into; everything else is a key.
    """
    for name, field in model.model_fields.items():
        yield from _of(_bare(field.annotation), prefix + name)


def _of(kind: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from patterns(kind, path + ".")
        return
    origin, inner = get_origin(kind), [_bare(a) for a in get_args(kind) if a is not ...]
    if origin in (tuple, list) and len(set(inner)) == 1 and inner[0] is not Ellipsis:
        if isinstance(inner[0], type) and issubclass(inner[0], BaseModel):
            yield from _of(inner[0], path + "[]")
        else:
            yield path + "[]", inner[0]
    elif origin is dict:
        if isinstance(inner[1], type) and issubclass(inner[1], BaseModel):
            yield from _of(inner[1], path + "{}")
        else:
            yield path + "{}", inner[1]
    else:
        yield path, kind


def _steps(path: str) -> list[str]:
    """A path cut at its points and its first item or value taken: ``groups[].name`` → groups, [], name."""
    return path.replace("[]", ".[]").replace("{}", ".{}").split(".")


def value_at(data: Any, path: str) -> Any:
    """The value at a path of plain data; the first item of a list, the first value of a table.

    Raises
    ------
    LookupError
        Nothing stands there: the study that is changed must give every key.
    """
    for step in _steps(path):
        if step == "[]":
            data = data[0]
        elif step == "{}":
            data = data[next(iter(data), "")]
        else:
            data = data[step]
        if data is None:
            raise LookupError(path)
    return data


def replaced(data: Any, path: str, value: Any) -> Any:
    """A copy of plain data with another value at the path."""
    return _replaced(data, _steps(path), value)


def _replaced(data: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    step, *rest = steps
    if step == "[]":
        return [_replaced(data[0], rest, value), *data[1:]]
    key = next(iter(data)) if step == "{}" else step
    return {**data, key: _replaced(data[key], rest, value)}


def another(kind: Any, value: Any) -> Any:
    """Another value of the same kind, near the one that stands there (ranges are the study's business).

    Raises
    ------
    TypeError
        No rule for this kind: give a value in the table of the test.
    """
    kind = _bare(kind)
    if get_origin(kind) is Literal:
        return next(v for v in get_args(kind) if v != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 0.9 if value else 0.1
    if isinstance(value, Path):
        return value.with_name("other-" + value.name)
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, dict):
        key = next(iter(value))
        return {**value, key: another(type(value[key]), value[key])}
    if isinstance(value, (list, tuple)):
        return [another(type(value[0]), value[0]), *value[1:]]
    raise TypeError(f"no other value for {value!r}")
