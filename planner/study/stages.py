"""What is computed once: each stage's value, found by the hash of everything it takes, in memory as on disk."""

from __future__ import annotations

import functools
import importlib
import inspect
import resource
import time
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from pathlib import Path
from queue import Queue
from typing import Any

import pandas as pd

from planner.errors import AbsentError, Finding, InputError
from planner.progress import Progress, silent
from planner.settings.whole import Settings
from planner.study.store import Kept, Store, code_digest, file_digest, text_digest
from planner.study.takes import FromStages, Take, digest_of
from planner.threads import cpu_s, threads

__all__ = ["Stage", "StageRecord", "Stages", "peak_mb"]


@dataclass(frozen=True)
class Stage:
    """A row of the table of stages.

    Attributes
    ----------
    make
        ``module:function`` of the room that makes the value; called with what ``takes`` names, and with
        ``progress`` where it has such an argument.
    takes
        Argument → where it is from.
    kept
        Whether the value is kept on disk (else in memory only: it is quick to make).
    told
        Whether its findings are told (they are not where another stage tells the same).
    guards
        Stages that only judge: an error of theirs refuses this value, though it is not made from theirs.
    """

    make: str
    takes: Mapping[str, Take]
    kept: bool = True
    told: bool = True
    guards: tuple[str, ...] = ()

    @property
    def after(self) -> tuple[str, ...]:
        """Names of the stages whose values it takes."""
        return tuple(n for take in self.takes.values() if isinstance(take, FromStages) for n in take.names)


@dataclass(frozen=True)
class StageRecord:
    """What a stage took when it was computed (:class:`~planner.study.store.Kept`); ``kept``: taken from the cache this time."""

    name: str
    seconds: float
    peak_mb: float
    kept: bool
    cpu_s: float = 0.0


def peak_mb() -> int:
    """Most memory this process has held so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


@dataclass
class Memory:
    """What is at hand, by key: values with their records, what was refused, digests of files."""

    known: MutableMapping[str, tuple[Any, StageRecord]] = field(default_factory=dict)
    refusals: MutableMapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    digests: dict[tuple[Path, int, int], str] = field(default_factory=dict)

    def branch(self) -> Memory:
        """A memory that knows all this one does and keeps to itself what it learns: it is forgotten with its study."""
        return Memory(ChainMap({}, self.known), ChainMap({}, self.refusals), self.digests)


class Stages:
    """The stages of a study.

    Parameters
    ----------
    table
        Name → stage, in an order in which each comes after those whose values it takes.
    settings
        What the stages' settings are read off.
    store
        Where kept values are.
    memory
        Values at hand already; shared with other studies or new.
    """

    def __init__(
        self, table: Mapping[str, Stage], settings: Settings, store: Store, *, progress: Progress | None = None,
        memory: Memory | None = None,
    ) -> None:  # fmt: skip
        self.table = table
        self.settings = settings
        self.store = store
        self.progress = progress or silent
        self.memory = memory or Memory()
        self.records: dict[str, StageRecord] = {}
        #: Stages made again though a result of theirs was kept for this study: which of what they take has changed, or "damaged".
        self.recomputed: dict[str, str] = {}
        #: What was found when the products were written, where a run left them as they are and so asked for no value.
        self.told: tuple[Finding, ...] = ()
        self._keys: dict[str, str] = {}
        self._telling = False

    # -- keys --------------------------------------------------------------------------------------

    @functools.cached_property
    def files(self) -> dict[Path, str]:
        """Digest of every input file that is there, as it was when first asked for."""
        return {
            path: self._digest(path)
            for path in _paths((self.settings.inputs, self.settings.networks, self.settings.actions.partners))
            if path.is_file()
        }

    def _digest(self, path: Path) -> str:
        known = path.stat()
        mark = (path, known.st_size, known.st_mtime_ns)
        return self.memory.digests.setdefault(mark, self.memory.digests.get(mark) or file_digest(path))

    def digests(self, name: str, **given: Any) -> dict[str, str]:
        """Digest of each thing that a stage takes; ``given`` takes the place of arguments."""
        found = {}
        for argument, take in self.table[name].takes.items():
            if argument in given:
                found[argument] = digest_of(given[argument], self.files)
            elif isinstance(take, FromStages):
                found[argument] = text_digest(" ".join(self.key(n) for n in take.names))
            else:
                found[argument] = digest_of(take.read(self.settings), self.files)
        return found

    def key(self, name: str, **given: Any) -> str:
        """Key of a stage's value: hash of its name, the code, and everything it takes. Nothing is computed."""
        if not given and name in self._keys:
            return self._keys[name]
        text = "\n".join([name, code_digest(), *(f"{k}={v}" for k, v in self.digests(name, **given).items())])
        key = f"{_stem(name)}-{text_digest(text)}"
        if not given:
            self._keys[name] = key
        return key

    def keys(self) -> dict[str, str]:
        """Key of every stage."""
        return {name: self.key(name) for name in self.table}

    # -- values ------------------------------------------------------------------------------------

    def value(self, name: str, **given: Any) -> Any:
        """The value of a stage: from memory, else from the store, else computed and kept.

        ``given`` takes the place of arguments that the table reads off the settings.

        Raises
        ------
        InputError
            An error was found by it or by what it stands on; with every finding told so far.
        AbsentError
            It cannot be made, though the inputs are sound; says why.
        """
        value = self.peek(name, **given)
        if any(f.severity == "E" for f in self._noticed(name, value)):
            raise InputError(self.findings())
        return value

    def peek(self, name: str, **given: Any) -> Any:
        """As :meth:`value`, but a value that carries errors comes back instead of a refusal."""
        key, row = self.key(name, **given), self.table[name]
        for guard in row.guards:
            self.peek(guard)
        if key in self.memory.refusals:
            raise _again(self.memory.refusals[key])
        if key not in self.memory.known:
            for (
                take
            ) in row.takes.values():  # a refusal is found again, also where the value made without is kept
                if isinstance(take, FromStages) and take.may_fail:
                    self._taken(take)
            kept = self.store.get(key) if row.kept else None
            found = kept is not None
            if kept is None:
                if row.kept and not given:
                    self._note_why(name, key)
                kept = self._made(name, given)
                if row.kept:
                    self.store.put(key, kept)
            record = StageRecord(name, kept.seconds, kept.peak_mb, found, kept.cpu_s)
            self.memory.known[key] = (kept.value, record)
        value, record = self.memory.known[key]
        if not given:
            self.records.setdefault(name, record)
        return value

    def _note_why(self, name: str, key: str) -> None:
        """Note why a stage is made that was made before."""
        why = "damaged" if key in self.store.damaged else self.because(name)
        if why and why != "first time":
            self.recomputed[name] = why

    def recomputed_first(self) -> dict[str, str]:
        """Of :attr:`recomputed`, those that do not only follow another, in the table's order."""
        return {
            name: self.recomputed[name]
            for name in self.table
            if name in self.recomputed
            and not all(
                isinstance(self.table[name].takes.get(a), FromStages)
                for a in self.recomputed[name].split(", ")
            )
        }

    def ahead(self, names: Iterable[str]) -> None:
        """Make what the values of ``names`` need, stages that do not wait for each other at the same time.

        The longest chain of stages goes on first: nothing else makes up for a core that waits for it in the end.
        Refusals are kept; whoever asks for the value meets them.
        """
        waiting = self._needed(names)
        finished: Queue[tuple[str, BaseException | None]] = Queue()

        def make(name: str) -> None:
            try:
                self.peek(name)
            except (InputError, AbsentError):
                finished.put((name, None))
            except BaseException as error:
                finished.put((name, error))
            else:
                finished.put((name, None))

        below = _chains(waiting)
        with ThreadPool(threads()) as pool:
            running = 0
            while waiting or running:
                ready = sorted((n for n, others in waiting.items() if not others), key=lambda n: -below[n])
                for name in ready[: threads() - running]:
                    del waiting[name]
                    pool.apply_async(make, (name,))
                    running += 1
                name, error = finished.get()
                if error is not None:
                    raise error
                running -= 1
                for others in waiting.values():
                    others.discard(name)
        self.records = {n: self.records[n] for n in self.table if n in self.records}

    def _needed(self, names: Iterable[str]) -> dict[str, set[str]]:
        """What has to be made or read for these values, in the table's order; each with what it waits for of that."""
        todo, needed = list(names), set[str]()
        while todo:
            name = todo.pop()
            key, row = self.key(name), self.table[name]
            if name in needed or key in self.memory.known or key in self.memory.refusals:
                continue
            needed.add(name)
            if not (row.kept and self.store.has(key)):
                todo += row.after
            todo += row.guards
        every = {n: {*self.table[n].after, *self.table[n].guards} for n in self.table if n in needed}
        return {n: others & needed for n, others in every.items()}

    def _made(self, name: str, given: Mapping[str, Any]) -> Kept:
        stage = self.table[name]
        arguments = {a: given[a] if a in given else self._taken(take) for a, take in stage.takes.items()}
        module, _, function = stage.make.partition(":")
        make = getattr(importlib.import_module(module), function)
        if "progress" in inspect.signature(make).parameters:
            arguments["progress"] = self.progress
        if stage.kept:
            self.progress(name, 0.0)
        start, worked = time.perf_counter(), cpu_s()
        try:
            value = make(**arguments)
        except (InputError, AbsentError) as error:
            self.memory.refusals[self.key(name, **given)] = tuple(error.findings)
            raise
        seconds, worked = round(time.perf_counter() - start, 3), round(cpu_s() - worked, 3)
        if stage.kept:
            self.progress(name, 1.0)
        study = "" if given else self.settings.study.name
        takes = self.digests(name, **given)
        return Kept(value, seconds, peak_mb(), tuple(_findings_of(value)), takes, study, worked)

    def _taken(self, take: Take) -> Any:
        if not isinstance(take, FromStages):
            return take.read(self.settings)
        pick = take.pick or (lambda value: value)
        if take.may_fail:
            try:
                return pick(self.value(take.names[0]))
            except (InputError, AbsentError):
                return None
        values = tuple(pick(self.value(name)) for name in take.names)
        return values if take.many else values[0]

    # -- what was noticed --------------------------------------------------------------------------

    def _noticed(self, name: str, value: Any) -> list[Finding]:
        """Findings of a value, of its guards, and of refusals that it went on without."""
        row = self.table[name]
        found = list(_findings_of(value)) if row.told else []
        for guard in row.guards:
            found += _findings_of(self.peek(guard))
        for take in row.takes.values():
            if isinstance(take, FromStages) and take.may_fail:
                for above in (*self.above(take.names[0]), take.names[0]):
                    found += self.memory.refusals.get(self.key(above), ())
        return found

    def findings(self) -> tuple[Finding, ...]:
        """Every finding of the values asked for, of all they stand on and of what was refused, in the table's order.

        What they stand on counts also where it was not needed, because a value made from it was kept.
        """
        if self.told and not self.records:
            return self.told
        names = set(self.records)
        names |= {above for name in self.records for above in self.above(name)}
        names |= {guard for name in names for guard in self.table[name].guards}
        told = [f for n in self.table if self.table[n].told for f in self._found(n, n in names)]
        refused = [f for n in self.table if not self.table[n].told for f in self._refused(n)]
        return (*told, *(f for f in dict.fromkeys(refused) if f not in told))

    def _refused(self, name: str) -> Sequence[Finding]:
        """Why a stage was refused, if it was."""
        return self.memory.refusals.get(self.key(name), ())

    def _found(self, name: str, counts: bool) -> Sequence[Finding]:
        """Findings of one stage: of its refusal, its value, its kept note; a judge that is quick is asked."""
        key = self.key(name)
        if key in self.memory.refusals:
            return self.memory.refusals[key]
        if not counts:
            return ()
        if key in self.memory.known:
            return _findings_of(self.memory.known[key][0])
        if self.table[name].kept:
            return self.store.findings(key)
        if self._telling:
            return ()
        self._telling = True
        try:
            return _findings_of(self.peek(name))
        except (InputError, AbsentError):
            return self.memory.refusals.get(key, ())
        finally:
            self._telling = False

    # -- the table ---------------------------------------------------------------------------------

    def above(self, name: str) -> tuple[str, ...]:
        """Names of all stages that a stage stands on, in the order of the table."""
        found: set[str] = set()
        todo = list(self.table[name].after)
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                todo += self.table[one].after
        return tuple(n for n in self.table if n in found)

    def because(self, name: str) -> str:
        """Why a kept stage would be computed: which of what it takes has changed since it last was; "" if it would not."""
        key = self.key(name)
        if not self.table[name].kept or key in self.memory.known or self.store.has(key):
            return ""
        before = self.store.takes_of_last(_stem(name), self.settings.study.name)
        if before is None:
            return "first time"
        now = self.digests(name)
        changed = [a for a in now if before.get(a) != now[a]]
        return ", ".join(changed) or "planner itself"

    def dry_run(self, asked: Iterable[str] | None = None) -> pd.DataFrame:
        """What a run would do: stage, state ("kept", "compute", "memory only", "not asked"), because, after, key.

        ``asked``: stages that a run asks for; all where None.
        """
        wanted = set(self.table if asked is None else asked)
        wanted |= {above for name in wanted for above in self.above(name)}
        wanted |= {guard for name in wanted for guard in self.table[name].guards}
        rows = []
        for name, row in self.table.items():
            because = self.because(name) if name in wanted else ""
            state = "memory only" if not row.kept else "compute" if because else "kept"
            state = state if name in wanted else "not asked"
            rows.append((name, state, because, ", ".join(row.after), self.key(name)))
        return pd.DataFrame(rows, columns=["stage", "state", "because", "after", "key"])


def _chains(waiting: Mapping[str, set[str]]) -> dict[str, int]:
    """How many stages stand on each in the longest chain; ``waiting``: stage → what it waits for, in the table's order."""
    below = dict.fromkeys(waiting, 0)
    for name in reversed(list(waiting)):
        for other in waiting[name]:
            below[other] = max(below[other], below[name] + 1)
    return below


def _findings_of(value: Any) -> Sequence[Finding]:
    """What a value says was noticed: its ``findings``, or the value itself where a stage only judges."""
    if isinstance(value, tuple) and value and isinstance(value[0], Finding):
        return value
    found: Sequence[Finding] = getattr(value, "findings", ())
    return found


def _again(findings: tuple[Finding, ...]) -> InputError | AbsentError:
    """What a value was refused with, once more: only refused inputs hold an error."""
    refused = any(f.severity == "E" for f in findings)
    return InputError(findings) if refused else AbsentError(findings)


def _stem(name: str) -> str:
    return name.replace(":", "_")


def _paths(node: Any) -> Iterator[Path]:
    """Every path in a section of settings."""
    if isinstance(node, Path):
        yield node
    elif isinstance(node, tuple):
        for item in node:
            yield from _paths(item)
    elif hasattr(type(node), "model_fields"):
        for name in type(node).model_fields:
            yield from _paths(getattr(node, name))
