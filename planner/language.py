"""The language of what is said before a study, which names its own, is open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

__all__ = ["locale_language"]

#: The variables of the locale for messages, the first that is set wins (POSIX).
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def locale_language(environment: Mapping[str, str] | None = None) -> Literal["zh", "en"]:
    """``"zh"`` where the locale of the environment (``os.environ``) is Chinese, else ``"en"``."""
    given = os.environ if environment is None else environment
    name = next((given[v] for v in _VARIABLES if given.get(v)), "")
    return "zh" if name.lower().startswith("zh") else "en"
