"""Where planner keeps what it can make again, and what tells that it is still what was written."""

from __future__ import annotations

import os
import shutil
import time
import zlib
from pathlib import Path

#: A folder that nobody wrote into for so long was left by a run that was killed (s).
OLD_S = 3600.0
_BLOCK = 1 << 20


def cache_folder() -> Path:
    """The user's cache folder for planner; the environment variable ``PLANNER_CACHE`` overrides it."""
    import platformdirs

    own = os.environ.get("PLANNER_CACHE")
    return Path(own).expanduser() if own else Path(platformdirs.user_cache_dir("planner"))


def sum_of(path: Path) -> str:
    """CRC-32 and size of a file: an accident of the disk is told, at the speed of reading."""
    total, size = 0, 0
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            total, size = zlib.crc32(block, total), size + len(block)
    return f"{total:08x}-{size}"


def sweep(folder: Path, pattern: str) -> None:
    """Remove folders of this name that runs which were killed left behind an hour ago or more."""
    for dead in folder.glob(pattern):
        if dead.is_dir() and time.time() - dead.stat().st_mtime > OLD_S:
            shutil.rmtree(dead, ignore_errors=True)
