"""What is computed once: stages, in memory and kept on disk under the hash of what they depend on."""

from __future__ import annotations

import functools
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.folders import cache_folder
from planner.progress import Progress
from planner.settings.whole import Settings
from planner.study.store import Store, file_digest, key_of

__all__ = ["StageRecord", "Stages", "peak_mb"]


@dataclass(frozen=True)
class StageRecord:
    """What a stage took when it was computed; ``kept``: taken from the cache this time."""

    name: str
    seconds: float
    peak_mb: float
    kept: bool


def peak_mb() -> int:
    """Most memory this process has held so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


class Stages:
    """A study file and what was computed for it; see :class:`planner.study.study.Study`."""

    def __init__(
        self,
        settings: Settings,
        *,
        progress: Progress | None = None,
        cache: Path | None = None,
        source: Path | None = None,
    ) -> None:
        self.settings = settings
        self.source = source
        self.records: dict[str, StageRecord] = {}
        self.recomputed: list[str] = []
        self._progress = progress
        self._store = Store((cache or cache_folder()) / "stages")
        self._done: dict[str, Any] = {}

    def _say(self, label: str, share: float = 0.0) -> None:
        if self._progress:
            self._progress(label, share)

    @functools.cached_property
    def _digests(self) -> dict[str, str]:
        return {str(p): file_digest(p) for p in self.input_paths().values() if p.is_file()}

    def input_paths(self) -> dict[str, Path]:
        """The study's input files by role."""
        i = self.settings.inputs
        files: dict[str, Path | None] = {"streets": i.streets.path, "population": i.population.path}
        for role in ("districts", "hosts", "observations", "truck_counts", "truck_sites"):
            table = getattr(i, role)
            files[role] = table.path if table else None
        for role, tables in (("stations", i.stations), ("driver_homes", i.driver_homes)):
            for n, table in enumerate(tables):
                files[role if n == 0 else f"{role}_{n + 1}"] = table.path
        return {role: path for role, path in files.items() if path is not None}

    def _stage(
        self, name: str, depends: Sequence[Any], compute: Callable[[], Mapping[str, Any]], own: Any = None
    ) -> Any:
        """Parts of stage ``name``: from memory, else from the cache, else computed and kept."""
        if name in self._done:
            return self._done[name]
        key = key_of(name, *depends)
        parts = self._store.get(key, own)
        kept = parts is not None
        if parts is None:
            self._say(name)
            start = time.perf_counter()
            made = dict(compute())
            seconds = time.perf_counter() - start
            parts = {**made, "_record": {"seconds": round(seconds, 3), "peak_mb": peak_mb()}}
            self._store.put(key, parts)
            self._say(name, 1.0)
        record = parts["_record"]
        self.records[name] = StageRecord(name, record["seconds"], record["peak_mb"], kept)
        self._done[name] = {**parts, "_key": key}
        return self._done[name]
