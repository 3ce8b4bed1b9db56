"""Writes ``docs/keys.md`` and ``docs/zh/keys.md`` from the models of the study file: ``python docs/make_keys.py``."""

from __future__ import annotations

import csv
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from planner.settings.base import Section
from planner.settings.keys.words import KeyWords, held_section, sections, words_of
from planner.settings.whole import Settings

HERE = Path(__file__).resolve().parent
WORDS = HERE.parent / "planner" / "telling" / "words"
PAGES = {"en": HERE / "keys.md", "zh": HERE / "zh" / "keys.md"}
SAID: dict[str, dict[str, str]] = {
    "title": {"en": "Keys of the study file", "zh": "研究文件的键"},
    "intro": {
        "en": "Every key that `study.toml` may hold, section by section, with what it is where a study does not say. Written by `python docs/make_keys.py` "
        "from the models in `planner/settings` and the words in `keys/words.csv` there; the same words stand in `planner schema`, so that editors show "
        "them. *required*: a study has to give it. *own assumption*: no published figure was found; a band, where there is one, stands behind it.",
        "zh": "`study.toml` 可写的全部键，按小节列出，并注明不写时的取值。由 `python docs/make_keys.py` 根据 `planner/settings` 的模型和其中 `keys/words.csv` 的文字生成；"
        "`planner schema` 中也是同样的文字，编辑器会显示。*必填*：研究文件必须给出。*自拟假设*：未找到公开数字，有范围的写在其后。",
    },
    "head": {
        "en": "| key | type | unit | default | what it is | where the default is from | example |",
        "zh": "| 键 | 类型 | 单位 | 缺省值 | 含义 | 缺省值的依据 | 示例 |",
    },
    "rows": {"en": "A file with rows", "zh": "一份表格文件"},
    "whole": {"en": "The whole file", "zh": "整个文件"},
    "text": {"en": "text", "zh": "文字"},
    "whole number": {"en": "whole number", "zh": "整数"},
    "number": {"en": "number", "zh": "数"},
    "yes or no": {"en": "true or false", "zh": "true 或 false"},
    "path": {"en": "file", "zh": "文件"},
    "section": {"en": "section", "zh": "小节"},
    "list": {"en": "list of {of}", "zh": "列表：{of}"},
    "table": {"en": "table, by name: {of}", "zh": "按名称的表：{of}"},
    "tables": {"en": "sections, by name", "zh": "小节，按名称"},
    "sections": {"en": "sections", "zh": "小节（可多个）"},
    "required": {"en": "*required*", "zh": "*必填*"},
    "weights": {"en": "{n} weights", "zh": "{n} 个权重"},
    "own": {"en": "own assumption", "zh": "自拟假设"},
    "band": {"en": ", {band}", "zh": "，{band}"},
    "technical": {"en": "technical choice", "zh": "技术取值"},
}  # fmt: skip
KINDS = {str: "text", int: "whole number", float: "number", bool: "yes or no", Path: "path"}


def _words() -> dict[str, dict[str, str]]:
    """The tables of words of the products: sources are told here as they are there."""
    found = {}
    for name in ("assumptions", "actions", "networks"):
        for row in csv.DictReader((WORDS / f"{name}.csv").read_text("utf-8").splitlines()):
            found[row["key"]] = {"en": row["en"], "zh": row["zh"]}
    return found


def _bare(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without its annotations and its None; the annotations."""
    notes: tuple[Any, ...] = ()
    while True:
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            notes += tuple(more)
        elif get_origin(kind) in (Union, types.UnionType):
            (kind,) = (a for a in get_args(kind) if a is not type(None))
        else:
            return kind, notes


def _range(notes: tuple[Any, ...]) -> str:
    """What limits a number: `> 0`, `0–1`, `≥ 1`."""
    flat = [m for note in notes for m in getattr(note, "metadata", (note,))]
    has = {
        k: getattr(m, k) for m in flat for k in ("gt", "ge", "lt", "le") if getattr(m, k, None) is not None
    }
    if {"ge", "le"} <= set(has):
        return f" {has['ge']:g}–{has['le']:g}"
    return "".join(
        f" {sign} {has[k]:g}" for k, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")) if k in has
    )


def type_of(kind: Any, language: str, notes: tuple[Any, ...] = ()) -> str:
    """A type in words, with its range."""
    kind, more = _bare(kind)
    origin, inner = get_origin(kind), [a for a in get_args(kind) if a is not ...]
    if isinstance(kind, type) and issubclass(kind, Section):
        return SAID["section"][language]
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in inner if choice)
    if origin is tuple:
        if held_section(inner[0]):
            return SAID["sections"][language]
        count = f" ({len(inner)})" if len(inner) > 1 else ""
        return SAID["list"][language].format(of=type_of(inner[0], language)) + count
    if origin is dict and get_origin(_bare(inner[1])[0]) is dict and _bare(inner[1])[0] == dict[str, Any]:
        return SAID["tables"][language]
    if origin is dict:
        return SAID["table"][language].format(of=type_of(inner[1], language))
    return SAID[KINDS.get(kind, "section")][language] + _range((*more, *notes))


def _toml(value: Any) -> str:
    """A value as the study file would say it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }" if value else "{}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def default_of(field: FieldInfo, language: str) -> str:
    """What a key is where a study does not say: `–` for nothing."""
    if field.annotation in (Settings.model_fields[k].annotation for k in ("periods", "groups")):
        return "`defaults.toml`"
    if field.is_required():
        return SAID["required"][language]
    value = field.get_default(call_default_factory=True)
    nothing = value is PydanticUndefined or value is None or value in ("", (), {})
    if nothing or held_section(field.annotation):
        return "–"
    if isinstance(value, tuple) and len(value) > 9:
        return SAID["weights"][language].format(n=len(value))
    return f"`{_toml(value)}`"


def source_of(words: KeyWords, known: dict[str, dict[str, str]], language: str) -> str:
    """Where a default is from, in words."""
    name, _, band = words.source.partition(":")
    if name in ("own", "technical"):
        return SAID[name][language] + (SAID["band"][language].format(band=band) if band else "")
    if words.source in known:
        return known[words.source][language]
    en, _, zh = words.source.partition("|")
    return {"en": en, "zh": zh}[language] or "–"


def _row(section: type[Section], name: str, known: dict[str, dict[str, str]], language: str) -> str:
    field, words = section.model_fields[name], words_of(section, name)
    cells = (
        f"`{name}`",
        type_of(field.annotation, language, tuple(field.metadata)),
        words.unit[language] or "–",
        default_of(field, language),
        words.meaning[language],
        source_of(words, known, language),
        f"`{words.example}`" if words.example else "–",
    )
    return f"| {' | '.join(c.replace('|', chr(92) + '|') for c in cells)} |"


def _lines(language: str) -> Iterator[str]:
    known = _words()
    yield from (f"# {SAID['title'][language]}", "", SAID["intro"][language])
    for section, places in {Settings: [], **sections()}.items():
        head = ", ".join(f"`{place}`" for place in places) or SAID["whole"][language]
        if len(places) > 3:
            yield from ("", f"## {SAID['rows'][language]}", "", head)
        else:
            yield from ("", f"## {head}")
        yield from ("", SAID["head"][language], "|---|---|---|---|---|---|---|")
        for name in section.model_fields:
            yield _row(section, name, known, language)


def page(language: str) -> str:
    """The page in a language."""
    return "\n".join(_lines(language)) + "\n"


if __name__ == "__main__":
    for spoken, target in PAGES.items():
        target.write_text(page(spoken), "utf-8")
