"""How the Chinese characters of names sound, for whoever types letters; nothing where pypinyin is not installed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["sounds_of", "texts_in"]


def sounds_of(texts: Iterable[str]) -> dict[str, list[str]]:
    """The readings of every Chinese character in the texts, those it has in their words first (``ü`` as ``v``)."""
    try:
        from pypinyin import Style, lazy_pinyin, pinyin
    except ModuleNotFoundError:
        return {}
    found: dict[str, dict[str, None]] = {}
    for han in sorted({"".join(c for c in text if "\u3400" <= c <= "\u9fff") for text in texts}):
        for c, sound in zip(han, lazy_pinyin(han, errors="ignore"), strict=False):
            found.setdefault(c, {})[sound] = None
    for c, own in found.items():
        every = pinyin(c, style=Style.NORMAL, heteronym=True, errors="ignore")
        own.update(dict.fromkeys(every[0] if every else []))
    return {c: list(own) for c, own in sorted(found.items())}


def texts_in(content: Any) -> Iterable[str]:
    """Every text under the key ``name`` (or ``names``) of the page's content."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key in ("name", "names") and isinstance(value, list):
                yield from (v for v in value if isinstance(v, str))
            else:
                yield from texts_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from texts_in(value)
