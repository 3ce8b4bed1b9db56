"""Results of stages, kept under the hash of everything they depend on.

A folder per result, named by its key: the value's parts in open formats (:mod:`planner.study.parts`) and
``note.json``. A folder appears whole (written beside, then renamed) or not at all.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.study.parts import read_value, write_value

__all__ = ["Kept", "Store", "code_digest", "file_digest", "text_digest"]

KEEP_FOLDERS = 300
NOTE = "note.json"


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def text_digest(text: str) -> str:
    """The first 24 hex digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@functools.cache
def code_digest() -> str:
    """SHA-256 over planner's own sources and tables: another version never reuses a result."""
    total = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".csv", ".toml"} and path.is_file():
            total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


@dataclass(frozen=True)
class Kept:
    """A stage's result: its ``value``, what it took when it was computed, and the digest of each thing it takes."""

    value: Any
    seconds: float
    peak_mb: float
    takes: Mapping[str, str] = field(default_factory=dict)


class Store:
    """A folder of finished stages.

    Parameters
    ----------
    folder
        Made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, key: str) -> bool:
        """Whether something is kept under ``key``."""
        return (self.folder / key / NOTE).is_file()

    def get(self, key: str) -> Kept | None:
        """What is kept under ``key``, or None when absent or unreadable (it is then made again)."""
        home = self.folder / key
        try:
            note = json.loads((home / NOTE).read_text("utf-8"))
            kept = Kept(read_value(note["value"], home), note["seconds"], note["peak_mb"], note["takes"])
            os.utime(home)
        except FileNotFoundError:
            return None
        except Exception:  # whatever a damaged file makes a reader say (BadZipFile, ArrowInvalid, EOFError …)
            shutil.rmtree(home, ignore_errors=True)
            return None
        return kept

    def put(self, key: str, kept: Kept) -> None:
        """Keep a result; a store that cannot be written (read-only, full) is left as it was."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
        except OSError:
            return
        try:
            note = {
                "value": write_value(kept.value, beside), "seconds": kept.seconds, "peak_mb": kept.peak_mb,
                "takes": dict(kept.takes),
            }  # fmt: skip
            (beside / NOTE).write_text(json.dumps(note, ensure_ascii=False), "utf-8")
            shutil.rmtree(self.folder / key, ignore_errors=True)
            beside.replace(self.folder / key)
            self._forget_oldest()
        except OSError:
            shutil.rmtree(beside, ignore_errors=True)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def takes_of_last(self, stem: str) -> Mapping[str, str] | None:
        """What the newest kept result whose key begins with ``stem`` took; None if there is none."""
        homes = [h for h in self.folder.glob(f"{stem}-*") if (h / NOTE).is_file()]
        if not homes:
            return None
        newest = max(homes, key=lambda h: (h.stat().st_mtime_ns, h.name))
        try:
            takes: dict[str, str] = json.loads((newest / NOTE).read_text("utf-8"))["takes"]
        except (OSError, ValueError, KeyError):
            return None
        return takes

    def _forget_oldest(self) -> None:
        homes = sorted((p for p in self.folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        for old in homes[:-KEEP_FOLDERS]:
            shutil.rmtree(old, ignore_errors=True)
