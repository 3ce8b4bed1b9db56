"""Results of stages, kept under the hash of everything they depend on.

A folder per result, named by its key: the value's parts in open formats (:mod:`planner.study.parts`) and
``note.json``. A folder appears whole (written beside, then renamed) or not at all. The note holds a checksum of every part
and of itself: a file that was cut, or of which the disk flipped a bit, is never taken for a result.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from planner.errors import Finding
from planner.folders import sum_of, sweep
from planner.leaving import temporary_folder
from planner.study.parts import read_value, write_value

__all__ = ["Kept", "Store", "code_digest", "file_digest", "text_digest"]

KEEP_FOLDERS = 300
#: What tells that a run is done is small, and a batch of many studies is taken up again by it: kept beside the others, so many.
KEEP_WRITTEN = 10_000
WRITTEN = "written-"
NOTE = "note.json"


class DamagedError(ValueError):
    """A kept result is not what was written."""


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
    """A stage's result.

    Attributes
    ----------
    seconds, peak_mb, cpu_s
        What it took when it was computed: by the clock, most memory of the process, processor seconds of all its threads.
    findings
        What was noticed; to be had without reading the value.
    takes
        Digest of each thing it takes.
    study
        For whom it was first computed; "" for a question with arguments of its own.
    """

    value: Any
    seconds: float
    peak_mb: float
    findings: tuple[Finding, ...] = ()
    takes: Mapping[str, str] = field(default_factory=dict)
    study: str = ""
    cpu_s: float = 0.0


def _sealed(note: Mapping[str, Any]) -> str:
    """The note's text, with a checksum of itself."""
    seal = f"{zlib.crc32(json.dumps(note, ensure_ascii=False).encode()):08x}"
    return json.dumps({**note, "sum": seal}, ensure_ascii=False)


def _note(home: Path) -> dict[str, Any]:
    """The note of a kept result.

    Raises
    ------
    FileNotFoundError
        Nothing is kept there.
    ValueError
        It is not what was written.
    """
    text = (home / NOTE).read_text("utf-8")
    note = json.loads(text)
    if not isinstance(note, dict) or _sealed({k: v for k, v in note.items() if k != "sum"}) != text:
        raise DamagedError(home.name)
    return note


def _findings(note: Mapping[str, Any]) -> tuple[Finding, ...]:
    return tuple(Finding(**f) for f in note["findings"])


class Store:
    """A folder of finished stages.

    Parameters
    ----------
    folder
        Made when first written to.

    Attributes
    ----------
    damaged
        Keys of results that were kept and not to be read, as met so far.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: set[str] = set()

    def has(self, key: str) -> bool:
        """Whether something is kept under ``key``."""
        return (self.folder / key / NOTE).is_file()

    def get(self, key: str) -> Kept | None:
        """What is kept under ``key``, or None when absent or damaged (it is then made again)."""
        home = self.folder / key
        if not (home / NOTE).exists():
            return None
        try:
            note = _note(home)
            for name, written in note["files"].items():
                if sum_of(home / name) != written:
                    raise DamagedError(name)
            kept = Kept(
                read_value(note["value"], home), note["seconds"], note["peak_mb"], _findings(note), note["takes"],
                note["study"], note["cpu_s"],
            )  # fmt: skip
        except Exception:  # whatever a damaged file makes a reader say (BadZipFile, ArrowInvalid, EOFError …)
            self.damaged.add(key)
            shutil.rmtree(home, ignore_errors=True)
            return None
        with contextlib.suppress(OSError):  # a cache that may only be read
            os.utime(home)
        return kept

    def put(self, key: str, kept: Kept) -> None:
        """Keep a result; a store that cannot be written (read-only, full) is left as it was."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with temporary_folder(self.folder, ".new-") as beside:
                self._put(key, kept, beside)

    def _put(self, key: str, kept: Kept, beside: Path) -> None:
        note = {
            "value": write_value(kept.value, beside), "seconds": kept.seconds, "peak_mb": kept.peak_mb,
            "findings": [asdict(f) for f in kept.findings], "takes": dict(kept.takes), "study": kept.study, "cpu_s": kept.cpu_s,
        }  # fmt: skip
        note["files"] = {p.name: sum_of(p) for p in sorted(beside.iterdir())}
        (beside / NOTE).write_text(_sealed(note), "utf-8")
        shutil.rmtree(self.folder / key, ignore_errors=True)
        beside.replace(self.folder / key)
        self._forget_oldest()

    def findings(self, key: str) -> tuple[Finding, ...]:
        """What was noticed when the result kept under ``key`` was computed; none where nothing is kept."""
        try:
            return _findings(_note(self.folder / key))
        except (OSError, ValueError, KeyError, TypeError):
            return ()

    def takes_of_last(self, stem: str, study: str) -> Mapping[str, str] | None:
        """What the newest result of a stage kept for a study took; None if there is none."""
        found = []
        for home in self.folder.glob(f"{stem}-*"):
            try:
                note = _note(home)
                if note["study"] == study:
                    found.append((home.stat().st_mtime_ns, home.name, dict(note["takes"])))
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return max(found, key=lambda f: f[:2])[2] if found else None

    def _forget_oldest(self) -> None:
        """Remove the oldest results, and what runs that were killed left half written."""
        sweep(self.folder, ".new-*")
        homes = sorted((p for p in self.folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        done = [home for home in homes if home.name.startswith(WRITTEN)]
        rest = [home for home in homes if not home.name.startswith(WRITTEN)]
        for old in (*rest[:-KEEP_FOLDERS], *done[:-KEEP_WRITTEN]):
            shutil.rmtree(old, ignore_errors=True)
