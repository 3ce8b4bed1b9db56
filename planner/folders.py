"""Where planner keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The user's cache folder for planner; the environment variable ``PLANNER_CACHE`` overrides it."""
    import platformdirs

    own = os.environ.get("PLANNER_CACHE")
    return Path(own).expanduser() if own else Path(platformdirs.user_cache_dir("planner"))
