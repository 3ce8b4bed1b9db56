"""What a stage takes: settings, files, other stages' values; each with the digest that its key is made of."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from pydantic import BaseModel

from planner.settings.about import About
from planner.settings.inputs import Inputs, Streets
from planner.settings.whole import Settings
from planner.study.store import file_digest, text_digest

__all__ = [
    "FromSettings",
    "FromStages",
    "Take",
    "bared",
    "derived",
    "digest_of",
    "fixed",
    "part",
    "setting",
    "stage",
    "stages",
]


@dataclass(frozen=True)
class FromSettings:
    """A value read off the settings."""

    read: Callable[[Settings], Any]


@dataclass(frozen=True)
class FromStages:
    """Values of other stages: of one (``many`` False) or a tuple of several.

    ``pick``: what of each value is taken. ``may_fail``: None instead of a refusal, or of what cannot be made
    (it is told all the same).
    """

    names: tuple[str, ...]
    many: bool = False
    pick: Callable[[Any], Any] | None = None
    may_fail: bool = False


Take = FromSettings | FromStages


def setting(path: str) -> FromSettings:
    """The setting at a dotted path, as it stands (a section, a list, a number)."""
    return FromSettings(lambda settings: functools.reduce(getattr, path.split("."), settings))


def derived(read: Callable[[Settings], Any]) -> FromSettings:
    """What ``read`` makes of the settings: only its value counts in the key."""
    return FromSettings(read)


def fixed(value: Any) -> FromSettings:
    """The same value in every study."""
    return FromSettings(lambda _settings: value)


def section(name: str, *keys: str) -> FromSettings:
    """A section of which only ``keys`` are the study's own; the rest stands at its defaults.

    A stage that takes a section so cannot read what is not in its key. So it is with :func:`groups` and :func:`part`.
    """
    return FromSettings(lambda settings: bared(settings.searching(name), keys))


def groups(which: str, *keys: str) -> FromSettings:
    """The study's groups (``which``: all ``groups``, ``active_groups``, ``headline_groups``) with only ``keys`` of each."""
    return FromSettings(lambda settings: tuple(bared(g, keys) for g in getattr(settings, which)))


def part(*paths: str, but: Iterable[str] = (), of_groups: Iterable[str] = ()) -> FromSettings:
    """Settings of which only ``paths`` (less ``but``), and of the groups only ``of_groups``, are the study's own."""
    return FromSettings(
        functools.partial(_part, paths=paths, but=frozenset(but), of_groups=frozenset(of_groups))
    )


def bared(model: Any, keys: Iterable[str]) -> Any:
    """A section or group with all but some of its keys at their defaults."""
    fields = type(model).model_fields
    unknown = set(keys) - fields.keys()
    if unknown:
        raise KeyError(f"{type(model).__name__} has no {', '.join(sorted(unknown))}")
    bare = {
        k: {} if f.is_required() and k == "profile" else f.get_default(call_default_factory=True)
        for k, f in fields.items()
        if k not in keys
    }
    return model.model_copy(update=bare)


def _part(
    settings: Settings, *, paths: tuple[str, ...], but: frozenset[str], of_groups: frozenset[str]
) -> Settings:
    bare: dict[str, Any] = {
        "study": About(name="part"), "inputs": Inputs(streets=Streets(path=Path("streets"))), "groups": (), "periods": (),
    }  # fmt: skip
    whole = Settings.model_construct(**bare)
    for path in paths:
        name, _, key = path.partition(".")
        own = settings.searching(name)
        if key:
            value = getattr(whole, name).model_copy(update={key: getattr(own, key)})
        elif isinstance(own, BaseModel):
            left = {k: getattr(own, k) for k in type(own).model_fields if f"{name}.{k}" not in but}
            value = getattr(whole, name).model_copy(update=left)
        else:
            value = own
        whole = whole.model_copy(update={name: value})
    some = tuple(bared(g, of_groups) for g in settings.groups) if of_groups else ()
    return whole.model_copy(update={"groups": some})


def stage(name: str, pick: Callable[[Any], Any] | None = None, *, may_fail: bool = False) -> FromStages:
    """The value of another stage, or what ``pick`` takes of it."""
    return FromStages((name,), pick=pick, may_fail=may_fail)


def stages(names: Iterable[str], pick: Callable[[Any], Any] | None = None) -> FromStages:
    """A tuple of the values of several stages."""
    return FromStages(tuple(names), many=True, pick=pick)


def digest_of(value: Any, files: Mapping[Path, str]) -> str:
    """Digest of a value that a stage takes; a file counts by its name and content (``files``: digests known)."""
    return text_digest(json.dumps(_plain(value, files), sort_keys=True, ensure_ascii=False))


def _plain(value: Any, files: Mapping[Path, str]) -> Any:
    """A value as JSON that tells it from every other value."""
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 1.0 in a file is the 1 of a default
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Path):
        if value in files:
            return ["file", value.name, files[value]]
        return ["file", value.name, file_digest(value)] if value.is_file() else ["no file", str(value)]
    if isinstance(value, BaseModel):
        return {k: _plain(getattr(value, k), files) for k in type(value).model_fields}
    if isinstance(value, Mapping):
        return ["dict", [[_plain(k, files), _plain(v, files)] for k, v in value.items()]]
    if isinstance(value, (tuple, list)):
        return [_plain(v, files) for v in value]
    if isinstance(value, gpd.GeoSeries):
        return ["points", str(value.crs), hashlib.sha256(b"".join(value.to_wkb())).hexdigest()]
    if isinstance(value, np.ndarray):
        return ["array", str(value.dtype), list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a stage's key cannot hold a {type(value).__name__}")
