"""Many studies at once: one task each, on this machine or on a Dask cluster.

Nothing of a cluster is made here: Dask's own ``LocalCluster`` (on 127.0.0.1) or the scheduler named by
the user does the work. Tasks take paths and return small rows; every study writes its own folder.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from planner.errors import InputError, PlannerError, SettingsError, finding
from planner.language import locale_language
from planner.leaving import signals_elsewhere
from planner.progress import Progress, silent
from planner.telling.words.phrases import phrase

#: ``workers`` and ``gain`` (workers newly covered) as every product prints them, ``_low`` and ``_high`` their bands (of ``after`` too),
#: empty where no band is known; ``seconds``: from opening to the last file.
COLUMNS = [
    "study", "exit_code", "workers", "before", "after", "after_low", "after_high", "gain", "gain_low", "gain_high", "sites", "gap",
    "findings", "seconds", "folder", "message",
]  # fmt: skip


def run_one(path: str, out: str) -> dict[str, Any]:
    """Run one study into ``out``; a row of the batch's table, whatever happens."""
    begun = time.perf_counter()
    return _ran(path, out) | {"seconds": time.perf_counter() - begun}


def _ran(path: str, out: str) -> dict[str, Any]:
    from planner.facts.register import Register
    from planner.settings.reading import language_of
    from planner.study.products import write_checks
    from planner.study.study import open_study
    from planner.study.terminal import error_text

    row: dict[str, Any] = dict.fromkeys(COLUMNS) | {"study": path, "folder": out, "message": ""}
    study = None
    try:
        study = open_study(path)
        done = study.run(out)
    except PlannerError as error:
        language = (
            study.settings.study.language if study is not None else language_of(path)
        ) or locale_language()
        if study is not None and isinstance(error, InputError):
            write_checks(study.stages, Path(out))
        return row | {"exit_code": 1, "message": error_text(error, language)}
    except Exception as error:  # one study's fault must not cost the others theirs; it is said in the table
        return row | {"exit_code": 1, "message": f"{type(error).__name__}: {error}"}
    stations, coverage, facts = done["stations"], done["coverage"], Register.read(done["facts"])
    gain, after = facts.fact("newly_covered", plan="gain"), facts.fact("share")
    return row | _band("gain", gain) | _band("after", after) | {
        "study": study.settings.study.label,
        "exit_code": 3 if stations["gap"] > study.settings.study.accept_gap else 0,
        "workers": facts.shown("workers", plan=""),
        "gain": gain.shown,
        "findings": sum(done["findings"].values()),
        "before": coverage["before"]["share"],
        "after": coverage["after"]["share"],
        "sites": stations["chosen"],
        "gap": stations["gap"],
    }  # fmt: skip


def _band(name: str, fact: Any) -> dict[str, float]:
    """The columns of a figure's band; none where it has none."""
    band = fact.shown_band()
    return {} if band is None else {f"{name}_low": band[0], f"{name}_high": band[1]}


def _client(make: Any, address: Any) -> Any:
    """A Dask client, or a plain word when nobody answers at the address."""
    try:
        return make(address, timeout=10)
    except (OSError, ValueError) as error:
        raise PlannerError.of(finding("RUN-003", value=address, why=str(error))) from error


def _name(path: Path | str) -> str:
    """Name of a study, "" where its file is refused (its row in the table says why)."""
    from planner.settings.reading import read_settings

    try:
        return read_settings(path).study.label
    except SettingsError:
        return ""


def with_scenarios(path: Path | str) -> list[str]:
    """A study file, and each of its scenarios (``study.toml#name``); what names a scenario is that one alone."""
    from planner.settings.reading import read_settings

    try:
        return [str(path), *(f"{path}#{name}" for name in read_settings(path).scenarios)]
    except SettingsError:
        return [str(path)]


def run_batch(
    studies: Sequence[Path | str],
    out: Path | str,
    *,
    scheduler: str | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Run ``studies`` and their scenarios, each into ``out/<its name>`` (``out/<study>-<scenario>``); a row for each, in the order given.

    Parameters
    ----------
    studies
        Study files; ``study.toml#name`` is one scenario alone.
    scheduler
        Address of a running Dask scheduler whose workers see the same files; None starts ``workers``
        processes here.

    Raises
    ------
    PlannerError
        Two studies would write into the same folder, or Dask is not installed.
    """
    say, language = progress or silent, locale_language()
    studies = [one for path in studies for one in with_scenarios(path)]
    names = [_name(path) for path in studies]
    twice = [name for name, n in Counter(names).items() if n > 1 and name]
    if twice:
        raise PlannerError.of(finding("RUN-001", value=", ".join(twice)))
    folders = [str(Path(out).resolve() / name) if name else "" for name in names]
    paths = [str(Path(p).resolve()) for p in studies]
    if scheduler is None and (len(paths) == 1 or (workers == 1 and find_spec("distributed") is None)):
        rows = []
        for n, (path, folder) in enumerate(zip(paths, folders, strict=True)):
            say(phrase("say_study", language, name=names[n] or path), n / len(paths))
            rows.append(run_one(path, folder))
        return pd.DataFrame(rows, columns=COLUMNS)

    def each(n: int) -> None:
        say(phrase("say_studies", language, n=n, all=len(paths)), n / len(paths))

    rows = run_apart(run_one, paths, folders, scheduler=scheduler, workers=workers, each=each)
    return pd.DataFrame(rows, columns=COLUMNS)


def with_products(table: pd.DataFrame) -> list[tuple[str, Path]]:
    """Name and folder of each study of :func:`run_batch` that was planned."""
    made = table[table["exit_code"] != 1]
    return [(str(r.study), Path(str(r.folder))) for r in made.itertuples()]


def run_apart(
    run: Callable[[str, str], dict[str, Any]], paths: Sequence[str], folders: Sequence[str], *, scheduler: str | None,
    workers: int, each: Callable[[int], None],
) -> list[dict[str, Any]]:  # fmt: skip
    """``run(path, folder)`` of each study in a process of Dask's; a row for each, also where its process died of it.

    ``each`` is called with how many are done. A study whose process dies is tried once more, by itself.
    """
    try:
        import dask
        from distributed import Client, LocalCluster, as_completed
    except ImportError as error:
        raise PlannerError.of(finding("RUN-002")) from error
    cluster = None
    # a process holds one study at a time, so that none is blamed for another's death
    alone = {"distributed.scheduler.worker-saturation": 1.0, "distributed.scheduler.allowed-failures": 1}
    with dask.config.set(alone):
        if scheduler is None:
            with signals_elsewhere():  # Ctrl+C reaches every process of a terminal: only this one answers
                cluster = LocalCluster(
                    n_workers=min(workers, len(paths)),
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # else two batches want one port
                )
        try:
            with _client(Client, scheduler or cluster) as client:
                tasks = client.map(run, paths, folders, pure=False)
                place, rows = {task.key: n for n, task in enumerate(tasks)}, dict[int, dict[str, Any]]()
                answers = as_completed(tasks)
                for task in answers:
                    n = place[task.key]
                    if task.status == "error":
                        rows[n] = _died(paths[n], folders[n], task.exception())
                    elif answer := client.gather([task], errors="skip"):
                        rows[n] = answer[0]
                    else:  # the process died, of another study, before it could say: it is done again, from the cache
                        answers.add(task)
                        continue
                    task.release()  # what a process has done is not done again when it dies
                    each(len(rows))
                return [rows[n] for n in range(len(tasks))]
        finally:
            if cluster is not None:
                cluster.close()


def _died(path: str, folder: str, error: BaseException) -> dict[str, Any]:
    """The row of a study whose process died, or whose answer never came."""
    from planner.settings.reading import language_of
    from planner.study.terminal import error_text

    why = PlannerError.of(finding("RUN-004", source=Path(path).name, why=type(error).__name__))
    message = error_text(why, language_of(path) or locale_language())
    return dict.fromkeys(COLUMNS) | {"study": path, "folder": folder, "exit_code": 1, "message": message}
