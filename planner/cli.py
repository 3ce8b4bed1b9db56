"""The command: ``planner run``, ``check``, ``coverage``, ``site``, ``homes``, ``evaluate``, ``example``, ``fetch``, ``batch``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from planner.errors import AbsentError, Finding, InputError, PlannerError, SettingsError

app = typer.Typer(
    help="Decide where outdoor workers get a place to rest.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StudyFile = Annotated[Path, typer.Argument(help="The study file (study.toml).", show_default=False)]
Out = Annotated[
    Path | None, typer.Option("--out", help="The folder to write into (default: outputs/<study>).")
]


@contextmanager
def _shown() -> Iterator[Callable[[str, float], None]]:
    """Progress on standard error: a live line on a terminal, a line per step elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        last: list[str] = []

        def line(label: str, share: float) -> None:
            if share < 1 and last[-1:] != [label]:
                last.append(label)
                console.print(f"  {label} ...", highlight=False, markup=False)

        yield line
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda label, share: bar.update(task, description=label, completed=share)


def _open(path: Path | None, progress: Callable[[str, float], None]) -> Any:
    from planner.study.study import open_study

    return open_study(path, progress=progress)


def _folder(study: Any, out: Path | None) -> Path:
    return out if out is not None else Path("outputs") / study.settings.study.name


def _percent(value: float) -> str:
    return f"{value:.1%}"


def summary(run: dict[str, Any], out: Path) -> str:
    """The few lines a run ends with."""
    before, after, stations = run["coverage"]["before"], run["coverage"]["after"], run["stations"]
    width = max(len(r) for r in before["by_radius_m"])
    lines = [
        f"{run['title']}" + ("  [partly synthetic data]" if run["synthetic"] else ""),
        f"  outdoor workers        {before['workers']:>12,.0f}",
        (
            f"  in the circle, before  {before['covered']:>12,.0f}  {_percent(before['share'])}"
            f"   (by two or more: {_percent(before['share_backup'])})"
        ),
        (
            f"  in the circle, after   {after['covered']:>12,.0f}  {_percent(after['share'])}"
            f"   (by two or more: {_percent(after['share_backup'])})"
        ),
    ]
    for radius, share in before["by_radius_m"].items():
        lines.append(
            f"    within {radius:>{width}} m      {_percent(share)} -> {_percent(after['by_radius_m'][radius])}"
        )
    lines.append(
        f"  sites chosen {stations['chosen']} beside {stations['existing']} open stations;"
        f" gap {stations['gap']:.4%} ({stations['status']}): no plan of as many sites covers more than"
        f" {stations['gap']:.3%} above this one"
    )
    if not stations["repeatable"]:
        lines.append("  the time limit cut the search short: another run may choose other sites")
    homes = run.get("driver_homes")
    if homes:
        lines.append(
            f"  driver homes {homes['chosen']}, serving {homes['drivers']:,.0f} drivers a month;"
            f" gap {homes['gap']:.4%} ({homes['status']})"
        )
    lines += [f"  {why}" for why in run["absent"].values()]  # whole sentences in the study's language
    files = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
    lines.append(f"  files in {out}: {', '.join(files)}")
    return "\n".join(lines)


def _exit_code(run: dict[str, Any], accept_gap: float) -> int:
    gaps = [run["stations"]["gap"]] + ([run["driver_homes"]["gap"]] if run.get("driver_homes") else [])
    return 3 if any(gap > accept_gap for gap in gaps) else 0


@app.command()
def run(
    study: Annotated[Path | None, typer.Argument(help="The study file; the embedded Suzhou without.")] = None,
    out: Out = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only list the stages: which are kept, which would be computed, and why."
        ),
    ] = False,
) -> None:
    """Make the whole plan: map, workbook, report, layers."""
    if dry_run:
        with _shown() as progress:
            stages = _open(study, progress).dry_run()
        typer.echo(stages.drop(columns="after").to_string(index=False))
        return
    with _shown() as progress:
        opened = _open(study, progress)
        folder = _folder(opened, out)
        result = _refusing(lambda: opened.run(folder), opened, folder)
    typer.echo(summary(result, folder))
    raise typer.Exit(_exit_code(result, opened.settings.study.accept_gap))


def _refusing(work: Callable[[], Any], study: Any, folder: Path | None = None) -> Any:
    """Do ``work``; refused inputs are told in the study's language and leave checks.html and to_geocode.csv."""
    try:
        return work()
    except InputError as error:
        if folder is not None:
            _write_checks(study, folder)
        typer.echo(_refusal(error.findings, study.settings.study.language), err=True)
        raise typer.Exit(1) from error
    except AbsentError as error:  # only where it is all that was asked for: a run goes on without
        if folder is not None:
            _write_checks(study, folder)
        language = study.settings.study.language
        typer.echo("\n".join(_line(f, language) for f in error.findings), err=True)
        raise typer.Exit(1) from error


def _line(f: Finding, language: str) -> str:
    """A finding on one line: severity, code, file, row, field and value, what is wrong and what to do."""
    row = "" if f.row is None else f", row {f.row}" if language == "en" else f"，第 {f.row} 行"
    value = "" if not f.value or f.value in f.message(language) else repr(f.value)
    where = " ".join(part for part in (f.source + row, f.field, value) if part)
    return f"{f.severity} {f.code} {where}: {f.message(language)}"


def _refusal(findings: Iterable[Finding], language: str) -> str:
    findings = list(findings)
    errors = [f for f in findings if f.severity == "E"] or findings
    head = {
        "en": f"{len(errors)} problem{'s' if len(errors) != 1 else ''} in the inputs; nothing was computed:",
        "zh": f"输入数据有 {len(errors)} 个问题，未进行计算：",
    }[language]
    return "\n".join([head, *(f"  {_line(f, language)}" for f in errors)])


def _write_checks(study: Any, folder: Path) -> None:
    from planner.study.products import write_checks

    write_checks(study.stages, folder)


@app.command()
def check(study: StudyFile, out: Out = None) -> None:
    """Judge every input; findings as a table and checks.html."""
    with _shown() as progress:
        opened = _open(study, progress)
        findings = opened.judge()
        folder = _folder(opened, out)
        _write_checks(opened, folder)
    language = opened.settings.study.language
    for f in findings:
        typer.echo(_line(f, language))
    errors = sum(f.severity == "E" for f in findings)
    typer.echo(f"{len(findings)} findings, {errors} of them errors; {folder / 'checks.html'}")
    raise typer.Exit(1 if errors else 0)


@app.command()
def coverage(study: StudyFile, out: Out = None) -> None:
    """Who reaches an open station today."""
    from planner.study.products import write_coverage

    with _shown() as progress:
        opened = _open(study, progress)
        folder = _folder(opened, out)
        result = _refusing(lambda: write_coverage(opened.stages, folder), opened, folder)
    typer.echo(repr(result))
    typer.echo(result.by_district.to_string(index=False, float_format=lambda v: f"{v:,.3f}"))


@app.command()
def site(study: StudyFile, out: Out = None) -> None:
    """Choose the new stations; the list as CSV and workbook."""
    from planner.study.products import write_site_list

    with _shown() as progress:
        opened = _open(study, progress)
        folder = _folder(opened, out)
        plan = _refusing(lambda: write_site_list(opened.stages, folder), opened, folder)
    typer.echo(repr(plan))
    raise typer.Exit(3 if plan.solution.gap > opened.settings.study.accept_gap else 0)


@app.command()
def homes(study: StudyFile, out: Out = None) -> None:
    """Choose the truck drivers' homes."""
    from planner.study.products import write_homes

    with _shown() as progress:
        opened = _open(study, progress)
        folder = _folder(opened, out)
        plan = _refusing(lambda: write_homes(opened.stages, folder), opened, folder)
    typer.echo(repr(plan))
    raise typer.Exit(3 if plan.gap > opened.settings.study.accept_gap else 0)


@app.command()
def evaluate(
    study: StudyFile,
    sites: Annotated[Path, typer.Argument(help="A list of sites: CSV, workbook, GeoJSON or GeoPackage.")],
    datum: Annotated[
        Literal["wgs84", "gcj02", "bd09"],
        typer.Option(help="Datum of the list's coordinates: wgs84, gcj02 or bd09."),
    ] = "wgs84",
) -> None:
    """Say what exactly these sites would cover, beside the proposal."""
    with _shown() as progress:
        opened = _open(study, progress)
        result = _refusing(lambda: opened.evaluate(sites, datum=datum), opened)
    typer.echo(result.describe())


@app.command()
def example(folder: Annotated[Path, typer.Argument(help="An empty or new folder.")]) -> None:
    """Write the embedded Suzhou as files to edit."""
    from planner.example.build import write

    with _shown() as progress:
        written = write(folder, progress=progress)
    typer.echo(f"the embedded Suzhou is in {written}; next: planner run {written / 'study.toml'}")


@app.command()
def fetch(
    place: Annotated[str, typer.Argument(help="A place as OpenStreetMap knows it, e.g. 'Suzhou, China'.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")],
) -> None:
    """Fetch streets, hosts and boundary of a place from OpenStreetMap."""
    from planner.inputs.osm.fetch import fetch as fetch_place

    with _shown() as progress:
        written = fetch_place(place, out, progress=progress)
    typer.echo(f"written to {written}")


@app.command()
def batch(
    studies: Annotated[list[Path], typer.Argument(help="Study files.")],
    out: Annotated[
        Path, typer.Option("--out", help="A folder; each study gets one of its own in it.")
    ] = Path("outputs"),
    scheduler: Annotated[str | None, typer.Option(help="Address of a running Dask scheduler.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes on this machine.")] = 2,
) -> None:
    """Run many studies, on this machine or on a Dask cluster."""
    from planner.study.batch import run_batch

    with _shown() as progress:
        table = run_batch(studies, out, scheduler=scheduler, workers=workers, progress=progress)
    typer.echo(table.drop(columns="message").to_string(index=False, na_rep="-"))
    for row in table[table["message"] != ""].itertuples():
        typer.echo(f"{row.study}: {row.message}")
    codes = set(table["exit_code"])
    raise typer.Exit(1 if 1 in codes else 3 if 3 in codes else 0)


def main() -> None:
    """Entry point: errors in words, exit codes as documented."""
    try:
        app()
    except SettingsError as error:  # the study's language is not known
        typer.echo(_refusal(error.findings, "en") + "\n" + _refusal(error.findings, "zh"), err=True)
        sys.exit(1)
    except PlannerError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except OSError as error:
        typer.echo(f"{error.filename or 'the system'}: {error.strerror or error}", err=True)
        sys.exit(1)
    except MemoryError:
        typer.echo(
            "not enough memory: close other programs, or take a smaller area or larger cells", err=True
        )
        sys.exit(1)
    except (KeyboardInterrupt, SystemExit) as stop:  # typer turns the first into exit 130 without a word
        if isinstance(stop, SystemExit) and stop.code != 130:
            raise
        typer.echo("interrupted; the same command goes on where this one stopped", err=True)
        sys.exit(130)
