"""From a TOML text or file to settings, with every refusal said at once."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from planner.errors import Finding, SettingsError, finding
from planner.settings.base import told
from planner.settings.keys.scenarios import overrides, split_scenario
from planner.settings.keys.words import held_section
from planner.settings.whole import Settings

__all__ = ["changed", "defaults", "in_scenario", "language_of", "parse_settings", "read_settings"]


@functools.cache
def _defaults_text() -> str:
    return resources.files("planner.settings").joinpath("defaults.toml").read_text("utf-8")


def defaults() -> dict[str, Any]:
    """``planner/defaults.toml``: periods and groups with their sources."""
    return tomllib.loads(_defaults_text())


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    """Keys allowed in the section that ``location`` (of pydantic's error) points into."""
    model: type[BaseModel] | None = Settings
    for part in location[:-1]:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = held_section(field.annotation) if field else None
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
    _refuse_scenarios(settings, source)
    return _resolved(settings, folder) if folder is not None else settings


def _refuse_scenarios(settings: Settings, source: str) -> None:
    """Refuse what the scenarios of a study set, all at once, each under its name."""
    found: list[Finding] = []
    for name in settings.scenarios:
        try:
            in_scenario(settings, name)
        except SettingsError as error:
            found += [
                replace(f, source=source, field=f"scenarios.{name}.{f.field}".rstrip("."))
                for f in error.findings
            ]
    if found:
        raise SettingsError(found)


def in_scenario(settings: Settings, name: str, *, folder: Path | None = None) -> Settings:
    """The settings as a scenario of the study has them; relative paths in it are taken from ``folder``.

    Raises
    ------
    SettingsError
        The study has no such scenario (with the nearest one), or what it sets is refused.
    """
    if name not in settings.scenarios:
        near = difflib.get_close_matches(name, settings.scenarios, n=1, cutoff=0.0)
        code, known = ("SET-049", near[0]) if near else ("SET-050", "")
        raise SettingsError(
            [finding(code, source="study.toml", field="scenarios", value=name, nearest=known)]
        )
    sets = overrides(settings.scenarios[name])
    strange = [".".join(path) for path in sets if path[0] == "scenarios" or path == ("study", "scenario")]
    if strange:
        raise SettingsError([finding("SET-051", field=key) for key in strange])
    made = _with_values(settings.model_copy(update={"scenarios": {}}), {**sets, ("study", "scenario"): name})
    return made if folder is None else _resolved(made, folder)


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """The settings with some values changed, each under its path with ``__`` between the parts (``siting__p``).

    Raises
    ------
    SettingsError
        A value is refused, or no such setting exists (with the nearest right one).
    """
    return _with_values(settings, {tuple(path.split("__")): value for path, value in changes.items()})


def _with_values(settings: Settings, changes: Mapping[tuple[str, ...], Any]) -> Settings:
    """The settings with a value put in at each path."""
    raw = settings.model_dump()
    for path, value in changes.items():
        *parts, last = path
        node: Any = raw
        for n, part in enumerate(parts):
            node = _inside(above := node, part)
            if node is None and isinstance(above, (tuple, list)):
                raise SettingsError([_unknown_name(path[: n + 1], above, value)])
        if not isinstance(node, dict):
            raise SettingsError([finding("SET-022", source="settings", field=".".join(path), value=value)])
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


def _unknown_name(path: tuple[str, ...], named: Sequence[Any], value: Any) -> Finding:
    """A group, batch … that is not in the list, with the nearest one."""
    known = [str(item["name"]) for item in named if isinstance(item, dict) and "name" in item]
    near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.0) or ["[]"]
    return finding("SET-001", source="settings", field=".".join(path), value=value, nearest=near[0])


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
        raw = tomllib.loads(split_scenario(path)[0].read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    about = raw.get("study")
    named = about.get("language") if isinstance(about, dict) else None
    return named if named in ("zh", "en") else None


def read_settings(path: Path | str) -> Settings:
    """Read ``study.toml``, or its scenario ``study.toml#name``; paths inside it are relative to it.

    Raises
    ------
    SettingsError
        The file is missing, not UTF-8 TOML, or its content is refused; it has no such scenario.
    """
    path, scenario = split_scenario(path)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError([finding("SET-004", source=path.name, value=str(path))]) from error
    except OSError as error:
        raise SettingsError([finding("SET-005", source=path.name, value=str(path))]) from error
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        raise SettingsError([finding("SET-003", source=path.name, why=why)]) from error
    folder = path.resolve().parent
    settings = parse_settings(text, source=path.name, folder=folder)
    return settings if scenario is None else in_scenario(settings, scenario, folder=folder)
