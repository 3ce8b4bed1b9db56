"""From a TOML text or file to settings, with every refusal said at once."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ValidationError

from planner.errors import Finding, SettingsError, finding
from planner.settings.base import told
from planner.settings.whole import Settings

__all__ = ["changed", "defaults", "language_of", "parse_settings", "read_settings"]


@functools.cache
def _defaults_text() -> str:
    return resources.files("planner.settings").joinpath("defaults.toml").read_text("utf-8")


def defaults() -> dict[str, Any]:
    """``planner/defaults.toml``: periods and groups with their sources."""
    return tomllib.loads(_defaults_text())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation is, or holds in a list, table or choice."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    """Keys allowed in the section that ``location`` (of pydantic's error) points into."""
    model: type[BaseModel] | None = Settings
    for part in location[:-1]:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = _model_in(field.annotation) if field else None
    return list(model.model_fields) if model else []


def _place(location: tuple[str | int, ...], raw: dict[str, Any]) -> str:
    """Where in the study file an error is: lists count from 1, groups and the like go by their name."""
    parts, node = list[str](), raw
    for part in location:
        try:
            node = node[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            node = {}
        item = node if isinstance(part, int) and isinstance(node, dict) else {}
        named = item.get("name") or item.get("use")
        parts.append(str(named or (part + 1 if isinstance(part, int) else part)))
    return ".".join(parts)


def _findings(error: ValidationError, source: str, raw: dict[str, Any]) -> list[Finding]:
    found = []
    for e in error.errors():
        path = _place(e["loc"], raw)
        if e["type"] == "extra_forbidden":
            known = _known_keys(e["loc"])
            near = difflib.get_close_matches(str(e["loc"][-1]), known, n=1, cutoff=0.0) or [", ".join(known)]
            found.append(finding("SET-001", source=source, field=path, value=e["input"], nearest=near[0]))
        else:
            found.append(told(e, source=source, field=path))
    return found


def parse_settings(text: str, *, source: str = "study.toml", folder: Path | None = None) -> Settings:
    """Read a study from TOML text; relative paths are taken from ``folder``.

    Groups of the study replace the default group of the same name key by key; a study that names no
    periods or groups gets the defaults.

    Raises
    ------
    SettingsError
        Not TOML, unknown keys (with the nearest right one) or impossible values, all at once.
    """
    try:
        raw = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # not TOML, a number of thousands of digits, tables without end
        raise SettingsError([finding("SET-003", source=source, why=str(error)[:200])]) from error
    base = defaults()
    raw.setdefault("periods", base["periods"])
    named = raw.get("groups", [])
    if isinstance(named, list) and all(isinstance(g, dict) and isinstance(g.get("name"), str) for g in named):
        own: dict[str, dict[str, Any]] = {}
        twice = [g for g in named if own.setdefault(g["name"], g) is not g]
        known = {g["name"]: g for g in base["groups"]} if raw["periods"] == base["periods"] else {}
        merged = [{**g, **own.pop(name, {})} for name, g in known.items()]
        raw["groups"] = [*merged, *own.values(), *({**known.get(g["name"], {}), **g} for g in twice)]
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(_findings(error, source, raw)) from error
    return _resolved(settings, folder) if folder is not None else settings


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """The settings with some values changed, each under its path with ``__`` between the parts (``siting__p``).

    Raises
    ------
    SettingsError
        A value is refused, or no such setting exists (with the nearest right one).
    """
    raw = settings.model_dump()
    for path, value in changes.items():
        *parts, last = path.split("__")
        node: Any = raw
        for part in parts:
            node = _inside(node, part)
        if not isinstance(node, dict):
            raise SettingsError(
                [finding("SET-022", source="settings", field=path.replace("__", "."), value=value)]
            )
        node[last] = value
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(_findings(error, "settings", raw)) from error


def _inside(node: Any, part: str) -> Any:
    """A part of plain settings to put a value into: a section, or the group, batch … of a name; None where there is none."""
    if isinstance(node, dict):
        if node.get(part) is None:
            node[part] = {}
        return node[part]
    named = node if isinstance(node, (tuple, list)) else ()
    return next((item for item in named if isinstance(item, dict) and item.get("name") == part), None)


def _resolved(settings: Settings, folder: Path) -> Settings:
    """The same settings with every path made absolute from the study file's folder."""

    def walk(node: Any) -> Any:
        if isinstance(node, Path):
            return node if node.is_absolute() else (folder / node).resolve()
        if isinstance(node, BaseModel):
            return node.model_copy(update={k: walk(getattr(node, k)) for k in type(node).model_fields})
        if isinstance(node, tuple):
            return tuple(walk(item) for item in node)
        return node

    return settings.model_copy(
        update={
            "inputs": walk(settings.inputs),
            "networks": walk(settings.networks),
            "actions": walk(settings.actions),
            "previous": walk(settings.previous),
        }
    )


def language_of(path: Path | str) -> Literal["zh", "en"] | None:
    """The language that a study file names, also where the file is refused; None where it names none."""
    try:
        raw = tomllib.loads(Path(path).read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    about = raw.get("study")
    named = about.get("language") if isinstance(about, dict) else None
    return named if named in ("zh", "en") else None


def read_settings(path: Path | str) -> Settings:
    """Read ``study.toml``; paths inside it are relative to it.

    Raises
    ------
    SettingsError
        The file is missing, not UTF-8 TOML, or its content is refused.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError([finding("SET-004", source=path.name, value=str(path))]) from error
    except OSError as error:
        raise SettingsError([finding("SET-005", source=path.name, value=str(path))]) from error
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        raise SettingsError([finding("SET-003", source=path.name, why=why)]) from error
    return parse_settings(text, source=path.name, folder=path.resolve().parent)
