"""The command: ``planner run``, ``check``, ``coverage``, ``site``, ``homes``, ``networks``, ``evaluate``, ``export``, ``handouts``, ``example``, ``fetch``, ``cut``, ``batch``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from planner.errors import AbsentError, InputError, PlannerError, SettingsError, visible
from planner.exports.formats import FORMATS
from planner.language import locale_language
from planner.leaving import say_at_end
from planner.telling.words.phrases import phrase


def _say(key: str, **values: object) -> str:
    """A text in the locale's language: of help, and of what is said before a study is open."""
    return phrase(key, locale_language(), **values)


def _echo(text: str, *, err: bool = False) -> None:
    """Print, without letters that act on the terminal (they may come from a file)."""
    typer.echo(visible(text), err=err)


app = typer.Typer(
    help=_say("help_planner"),
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StudyFile = Annotated[Path, typer.Argument(help=_say("help_arg_study"), show_default=False)]
Out = Annotated[Path | None, typer.Option("--out", help=_say("help_opt_out"))]


class _Shown:
    """Progress as it is shown; ``language``: the locale's until a study is open."""

    def __init__(self, show: Callable[[str, float], None]) -> None:
        self.show = show
        self.language: str = locale_language()
        self.study: Any = None

    def __call__(self, label: str, share: float) -> None:
        """Say what is being done."""
        from planner.study.terminal import step_label

        self.show(step_label(label, self.language), share)


@contextmanager
def _shown() -> Iterator[_Shown]:
    """Progress on standard error; at the end, what was computed again since the last run and why."""
    from planner.study.terminal import recomputed_text

    with _live() as shown:
        yield shown
    if shown.study is not None:
        stages = shown.study.stages
        again = recomputed_text(stages.recomputed_first(), len(stages.recomputed), shown.language)
        if again:
            _echo(again, err=True)


@contextmanager
def _live() -> Iterator[_Shown]:
    """Progress on standard error: a live line on a terminal, a line per step elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        last: list[str] = []

        def line(label: str, share: float) -> None:
            if share < 1 and last[-1:] != [label]:
                last.append(label)
                console.print(f"  {phrase('say_step', shown.language, label=label)}", highlight=False, markup=False, soft_wrap=True)  # fmt: skip

        shown = _Shown(line)
        yield shown
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(_say("step:starting"), total=1.0)
        yield _Shown(lambda label, share: bar.update(task, description=label, completed=share))


def _open(path: Path | None, shown: _Shown) -> Any:
    """The study of a file; a refused file is told in the language it names, else in the locale's."""
    from planner.settings.reading import language_of
    from planner.study.study import open_study
    from planner.study.terminal import error_text

    try:
        opened = open_study(path, progress=shown)
    except SettingsError as error:
        language = (path is not None and language_of(path)) or locale_language()
        _echo(error_text(error, language), err=True)
        raise typer.Exit(1) from error
    shown.language = opened.settings.study.language
    shown.study = opened
    return opened


def _folder(study: Any, out: Path | None) -> Path:
    return out if out is not None else Path("outputs") / study.settings.study.label


def _language(study: Any) -> str:
    return str(study.settings.study.language)


def _refusing(work: Callable[[], Any], study: Any, folder: Path | None = None) -> Any:
    """Do ``work``; what is refused is told in the study's language and leaves checks.html and to_geocode.csv."""
    from planner.study.products import write_checks
    from planner.study.terminal import error_text

    try:
        return work()
    except PlannerError as error:
        if folder is not None and isinstance(error, (AbsentError, InputError)):
            write_checks(study.stages, folder)
        _echo(error_text(error, _language(study)), err=True)
        raise typer.Exit(1) from error


def _exit_code(run: dict[str, Any], accept_gap: float) -> int:
    gaps = [run["stations"]["gap"]] + ([run["driver_homes"]["gap"]] if run.get("driver_homes") else [])
    return 3 if any(gap > accept_gap for gap in gaps) else 0


def _end(study: Any, code: int) -> None:
    """Leave with the exit code; 3 says which setting it comes from."""
    from planner.telling.words.numbers import percent

    if code == 3:
        limit = percent(study.settings.study.accept_gap, 3)
        _echo(phrase("say_gap_above", _language(study), limit=limit), err=True)
    raise typer.Exit(code)


@app.command(help=_say("help_run"))
def run(
    study: Annotated[Path | None, typer.Argument(help=_say("help_arg_study_or_suzhou"))] = None,
    out: Out = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_say("help_opt_dry_run"))] = False,
    evidence: Annotated[bool, typer.Option("--evidence", help=_say("help_opt_evidence"))] = False,
    plan: Annotated[Path | None, typer.Option(help=_say("help_opt_plan"))] = None,
    public: Annotated[bool, typer.Option("--public", help=_say("help_opt_public"))] = False,
) -> None:
    """Make the whole plan: map, workbook, report, layers."""
    from planner.study.plan_file import read_plan, wishes
    from planner.study.terminal import dry_run_text, noticed_text, summary

    with _shown() as shown:
        opened = _open(study, shown)
        if evidence:
            opened = opened.with_(siting__evidence=("fair_front", "value_of_information", "pilots"))
        if plan is not None:
            file = plan
            wished = _refusing(lambda: read_plan(file), opened)
            opened = opened.with_(**wishes(wished, opened.settings.siting))
        shown.study = opened
        if dry_run:
            text = dry_run_text(opened.dry_run(), _language(opened))
        else:
            folder = _folder(opened, out)
            result = _refusing(lambda: opened.run(folder, public=public), opened, folder)
            text = summary(result, folder, _language(opened))
            noticed = noticed_text(opened.all_findings(), folder / "checks.html", _language(opened))
            same = "" if opened.stages.records else f"{phrase('say_unchanged', _language(opened))}\n"
            text = f"{same}{text}\n{noticed}"
    _echo(text)
    if not dry_run:
        _end(opened, _exit_code(result, opened.settings.study.accept_gap))


@app.callback()
def _every(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help=_say("help_opt_version"))] = False,
) -> None:
    if version:
        from planner.version import VERSION

        _echo(f"planner {VERSION}")
        raise typer.Exit(0)


@app.command(help=_say("help_new"))
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_say("help_arg_new"), show_default=False)],
    streets: Annotated[Path, typer.Option(help=_say("help_opt_streets"), show_default=False)],
    stations: Annotated[list[Path] | None, typer.Option(help=_say("help_opt_stations"))] = None,
    districts: Annotated[Path | None, typer.Option(help=_say("help_opt_districts"))] = None,
    population: Annotated[str | None, typer.Option(help=_say("help_opt_population"))] = None,
    language: Annotated[Literal["zh", "en"] | None, typer.Option(help=_say("help_opt_language"))] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_say("help_opt_yes"))] = False,
) -> None:
    """Begin a study of your own from your files."""
    from planner.study.begin.new import begin, begun_text
    from planner.study.products import write_checks

    def ask(question: str, otherwise: str) -> str:
        return str(typer.prompt(question, default=otherwise, show_default=bool(otherwise), err=True))

    chosen: Literal["zh", "en"] = language or ("zh" if locale_language() == "zh" else "en")
    silent = yes or not sys.stdin.isatty()
    if silent:
        with _shown() as shown:
            shown.language = chosen
            begun = begin(folder, streets=streets, stations=stations or (), districts=districts, population=population,
                          language=chosen, progress=shown)  # fmt: skip
    else:  # a live line would write over the questions
        begun = begin(folder, streets=streets, stations=stations or (), districts=districts, population=population,
                      language=chosen, ask=ask)  # fmt: skip
    _refusing(lambda: write_checks(begun.study.stages, folder), begun.study)
    _echo(begun_text(begun, folder / "checks.html", chosen))
    raise typer.Exit(1 if any(f.severity == "E" for f in begun.findings) else 0)


@app.command(help=_say("help_check"))
def check(
    study: StudyFile,
    out: Out = None,
    times: Annotated[Path | None, typer.Option(help=_say("help_opt_times"))] = None,
    datum: Annotated[Literal["wgs84", "gcj02", "bd09"], typer.Option(help=_say("help_opt_datum"))] = "wgs84",
) -> None:
    """Judge every input; findings as a table and checks.html. Travel times against another router's."""
    from planner.study.products import write_checks, write_times
    from planner.study.terminal import check_text, times_text

    with _shown() as shown:
        opened = _open(study, shown)
        folder = _folder(opened, out)
        findings = _refusing(opened.judge, opened)
        _refusing(lambda: write_checks(opened.stages, folder), opened)
        compared = None
        if times is not None:
            file = times
            compared = _refusing(lambda: write_times(opened.stages, file, folder, datum=datum), opened)
    _echo(check_text(findings, folder / "checks.html", _language(opened)))
    if compared is not None:
        _echo(times_text(compared, folder / "times.html", _language(opened)))
        findings = (*findings, *compared.findings)
    raise typer.Exit(1 if any(f.severity == "E" for f in findings) else 0)


@app.command(help=_say("help_coverage"))
def coverage(study: StudyFile, out: Out = None) -> None:
    """Who reaches an open station today."""
    from planner.study.products import write_coverage
    from planner.study.terminal import coverage_text

    with _shown() as shown:
        opened = _open(study, shown)
        folder = _folder(opened, out)
        result = _refusing(lambda: write_coverage(opened.stages, folder), opened, folder)
    language, table = _language(opened), opened.districts
    labels = dict(zip(table["district"].astype(str), table[f"name_{language}"].astype(str), strict=True))
    _echo(coverage_text(result, labels, language))


@app.command(help=_say("help_site"))
def site(study: StudyFile, out: Out = None) -> None:
    """Choose the new stations; the list as CSV and workbook."""
    from planner.study.products import write_site_list
    from planner.study.terminal import plan_text

    with _shown() as shown:
        opened = _open(study, shown)
        folder = _folder(opened, out)
        plan = _refusing(lambda: write_site_list(opened.stages, folder), opened, folder)
    _echo(plan_text(plan, _language(opened)))
    _say_changes(opened, "stations")
    _end(opened, 3 if plan.solution.gap > opened.settings.study.accept_gap else 0)


@app.command(help=_say("help_actions"))
def actions(
    study: StudyFile,
    out: Out = None,
    frontier: Annotated[bool, typer.Option("--frontier", help=_say("help_opt_frontier"))] = False,
) -> None:
    """Build, re-time, upgrade, move, close and co-brand under one budget."""
    from planner.study.products import write_action_fronts, write_actions
    from planner.study.terminal import actions_text

    with _shown() as shown:
        opened = _open(study, shown)
        folder = _folder(opened, out)
        plan = _refusing(lambda: write_actions(opened.stages, folder), opened, folder)
        page = write_action_fronts(opened.stages, folder) if frontier else None
    _echo(actions_text(plan, _language(opened), opened.stages.findings()))
    _say_changes(opened, "actions")
    if page is not None:
        _echo(phrase("say_fronts", _language(opened), page=page))
    _end(opened, 3 if plan.solution.gap > opened.settings.study.accept_gap else 0)


def _say_changes(opened: Any, plan: str) -> None:
    """What changes from last year's plan, where the study goes on from one."""
    from planner.study.terminal import changes_text

    if opened.settings.previous is not None:
        _echo(changes_text(opened.changes(plan), _language(opened)))


@app.command(help=_say("help_homes"))
def homes(study: StudyFile, out: Out = None) -> None:
    """Choose the truck drivers' homes."""
    from planner.study.products import write_homes
    from planner.study.terminal import homes_text

    with _shown() as shown:
        opened = _open(study, shown)
        folder = _folder(opened, out)
        plan = _refusing(lambda: write_homes(opened.stages, folder), opened, folder)
    _echo(homes_text(plan, _language(opened)))
    _end(opened, 3 if plan.gap > opened.settings.study.accept_gap else 0)


@app.command(help=_say("help_networks"))
def networks(
    study: StudyFile,
    out: Out = None,
    page: Annotated[bool, typer.Option("--map/--no-map", help=_say("help_opt_map"))] = True,
) -> None:
    """Plan the union's other networks; a workbook, layers, the map."""
    from planner.study.products import write_networks
    from planner.study.terminal import networks_text

    with _shown() as shown:
        opened = _open(study, shown)
        folder = _folder(opened, out)
        union, facts = _refusing(lambda: write_networks(opened.stages, folder, page=page), opened, folder)
    _echo(networks_text(union, facts, _language(opened)))
    pool = union.plan.pool
    own = [
        p.solution.gap
        for n, p in union.plan.plans.items()
        if facts.find("network_gap", network=n) is not None
    ]
    gaps = own if pool is None else [*own, pool.gap]
    _end(opened, 3 if any(gap > opened.settings.study.accept_gap for gap in gaps) else 0)


@app.command(help=_say("help_evaluate"))
def evaluate(
    study: StudyFile,
    sites: Annotated[Path, typer.Argument(help=_say("help_arg_sites"))],
    datum: Annotated[Literal["wgs84", "gcj02", "bd09"], typer.Option(help=_say("help_opt_datum"))] = "wgs84",
    points: Annotated[str | None, typer.Option(help=_say("help_opt_points"))] = None,
    sheet: Annotated[str | None, typer.Option(help=_say("help_opt_sheet"))] = None,
    out: Out = None,
) -> None:
    """Say what exactly these sites would cover, beside the proposal."""
    from planner.study.beside.evaluation import write_evaluated

    with _shown() as shown:
        opened = _open(study, shown)
        folder = _folder(opened, out)
        result = _refusing(lambda: opened.evaluate(sites, datum=datum, points=points, sheet=sheet), opened)
        book, page = _refusing(lambda: write_evaluated(result, result.table, opened.settings, folder), opened)
    _echo(result.describe())
    _echo(phrase("say_evaluation_files", _language(opened), book=book, page=page))


@app.command(help=_say("help_export"))
def export(
    study: StudyFile,
    to: Annotated[str, typer.Option(help=_say("help_opt_to", formats=", ".join(FORMATS)))] = "all",
    out: Annotated[Path | None, typer.Option("--out", help=_say("help_opt_out_export"))] = None,
    earlier: Annotated[Path | None, typer.Option(help=_say("help_opt_earlier"))] = None,
    qr: Annotated[str, typer.Option(help=_say("help_opt_qr"))] = "",
) -> None:
    """The plan for other programs: maps, GIS, the union's app."""
    with _shown() as shown:
        opened = _open(study, shown)
        folder = out if out is not None else _folder(opened, None) / "exports"
        files = _refusing(lambda: opened.export(folder, to, earlier=earlier, qr=qr), opened)
    _echo(phrase("say_exported", _language(opened), n=len(files), folder=folder))


@app.command(help=_say("help_handouts"))
def handouts(
    study: StudyFile,
    out: Annotated[Path | None, typer.Option("--out", help=_say("help_opt_out_handouts"))] = None,
) -> None:
    """A Word document and a workbook for each district."""
    with _shown() as shown:
        opened = _open(study, shown)
        folder = out if out is not None else _folder(opened, None) / "handouts"
        files = _refusing(lambda: opened.handouts(folder), opened)
    n = sum(f.suffix == ".docx" for f in files)
    _echo(phrase("say_handouts", _language(opened), n=n, folder=folder, whole=files[-1].name))


@app.command(help=_say("help_compare"))
def compare(
    first: Annotated[Path, typer.Argument(help=_say("help_arg_first"), show_default=False)],
    second: Annotated[Path, typer.Argument(help=_say("help_arg_first"), show_default=False)],
) -> None:
    """Two runs, or two studies, beside each other."""
    from planner.settings.keys.scenarios import split_scenario
    from planner.study.beside.compare import compare as compare_plans
    from planner.study.beside.compare import compared_text
    from planner.study.terminal import error_text

    language = locale_language()
    with _shown() as shown:
        sides = [
            _open(path, shown) if split_scenario(path)[0].suffix == ".toml" else path
            for path in (first, second)
        ]
        try:
            found = compare_plans(*sides)
        except PlannerError as error:
            _echo(error_text(error, language), err=True)
            raise typer.Exit(1) from error
    _echo(compared_text(found, language))


@app.command(help=_say("help_audit"))
def audit(
    study: StudyFile,
    previous: Annotated[Path, typer.Argument(help=_say("help_arg_previous"))],
    out: Out = None,
    datum: Annotated[Literal["wgs84", "gcj02", "bd09"], typer.Option(help=_say("help_opt_datum"))] = "wgs84",
) -> None:
    """What an earlier plan promised, and what came."""
    from planner.study.beside.audit import write_audit
    from planner.study.terminal import audit_text

    with _shown() as shown:
        opened = _open(study, shown)
        folder = _folder(opened, out)
        found, page, table = _refusing(
            lambda: write_audit(opened.stages, previous, folder, datum=datum), opened
        )
    _echo(audit_text(found, page, table, _language(opened)))


@app.command("audit-map", help=_say("help_audit_map"))
def audit_map(
    study: StudyFile,
    export: Annotated[Path, typer.Argument(help=_say("help_arg_export"))],
    out: Out = None,
    datum: Annotated[
        Literal["gcj02", "bd09", "wgs84"], typer.Option(help=_say("help_opt_map_datum"))
    ] = "gcj02",
) -> None:
    """The list of stations against an export of a map platform."""
    from planner.study.beside.audit import write_map_audit
    from planner.study.terminal import map_audit_text

    with _shown() as shown:
        opened = _open(study, shown)
        folder = _folder(opened, out)
        found, page, table = _refusing(
            lambda: write_map_audit(opened.stages, export, folder, datum=datum), opened
        )
    _echo(map_audit_text(found, page, table, _language(opened)))


@app.command(help=_say("help_backtest"))
def backtest(study: StudyFile) -> None:
    """Hide the later openings of a dated list, plan from the state before, and compare."""
    from planner.study.terminal import backtest_text

    with _shown() as shown:
        opened = _open(study, shown)
        table = _refusing(opened.backtest, opened)
    _echo(backtest_text(table, _language(opened)))


@app.command(help=_say("help_example"))
def example(folder: Annotated[Path, typer.Argument(help=_say("help_arg_folder"))]) -> None:
    """Write the embedded Suzhou as files to edit."""
    from planner.example.build import write

    with _shown() as shown:
        written = write(folder, progress=shown)
    _echo(_say("say_example", folder=written, study=written / "study.toml"))


@app.command(help=_say("help_fetch"))
def fetch(
    place: Annotated[str, typer.Argument(help=_say("help_arg_place"))],
    out: Annotated[Path, typer.Option("--out", help=_say("help_opt_out_fetch"))],
    source: Annotated[Path | None, typer.Option("--from", help=_say("help_opt_from"))] = None,
) -> None:
    """Fetch streets, hosts and boundary of a place from OpenStreetMap, or from a local extract."""
    from planner.fetch.extract import cut_place
    from planner.fetch.overpass import fetch as fetch_place

    with _shown() as shown:
        written = (
            fetch_place(place, out, progress=shown)
            if source is None
            else cut_place(place, source, out, progress=shown)
        )
    _echo(_say("say_written", path=written))


@app.command(help=_say("help_cut"))
def cut(
    source: Annotated[Path, typer.Argument(metavar="FILE", help=_say("help_arg_large"), show_default=False)],
    studies: Annotated[list[Path], typer.Argument(help=_say("help_arg_cut_studies"), show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help=_say("help_opt_out_cut"))] = None,
) -> None:
    """Cut the streets of many studies out of one large OpenStreetMap file at once."""
    from planner.fetch.cut import cut_studies

    with _shown() as shown:
        written = cut_studies(source, studies, out, progress=shown)
    for path in written:
        _echo(_say("say_written", path=path))


@app.command(help=_say("help_geocode"))
def geocode(
    file: Annotated[Path, typer.Argument(help=_say("help_arg_addresses"), show_default=False)],
    service: Annotated[
        Literal["nominatim", "baidu", "amap"], typer.Option(help=_say("help_opt_service"))
    ] = "nominatim",
    city: Annotated[str, typer.Option(help=_say("help_opt_city"))] = "",
    out: Annotated[Path | None, typer.Option("--out", help=_say("help_opt_out_geocode"))] = None,
    url: Annotated[str | None, typer.Option(help=_say("help_opt_url"))] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_say("help_opt_yes_send"))] = False,
) -> None:
    """Ask a map service for the coordinates of addresses."""
    from planner.fetch.geocode import DATUM, host_of, rows_with_addresses
    from planner.fetch.geocode import geocode as ask_for
    from planner.publish.office.csvfile import write_table
    from planner.study.terminal import finding_line

    rows, column = rows_with_addresses(file)
    n = int(rows[column].notna().sum())
    if not yes and not typer.confirm(
        _say("say_send_ask", n=n, host=host_of(service, url)), default=False, err=True
    ):
        _echo(_say("say_not_sent"))
        raise typer.Exit(1)
    with _shown() as shown:
        found = ask_for(rows, column, service, city=city, url=url, progress=shown)
    target = out or file.with_name(f"{file.stem}_geocoded.csv")
    write_table(found.rows, target)
    for one in found.findings:
        _echo(finding_line(one, locale_language()), err=True)
    _echo(_say("say_geocoded", n=len(rows), placed=found.placed, datum=DATUM[service], path=target))


@app.command(help=_say("help_schema"))
def schema() -> None:
    """Print the study file's JSON schema."""
    import json

    from planner.study.begin.schema import study_schema

    _echo(json.dumps(study_schema(locale_language()), ensure_ascii=False, indent=2))


@app.command(help=_say("help_batch"))
def batch(
    studies: Annotated[list[Path], typer.Argument(help=_say("help_arg_studies"))],
    out: Annotated[Path, typer.Option("--out", help=_say("help_opt_out_batch"))] = Path("outputs"),
    scheduler: Annotated[str | None, typer.Option(help=_say("help_opt_scheduler"))] = None,
    workers: Annotated[int, typer.Option(min=1, help=_say("help_opt_workers"))] = 2,
) -> None:
    """Run many studies, on this machine or on a Dask cluster."""
    from planner.exports.together import write_all_sites
    from planner.study.batch import run_batch, with_products
    from planner.study.terminal import batch_text
    from planner.workbook.summary import write_summary

    with _shown() as shown:
        table = run_batch(studies, out, scheduler=scheduler, workers=workers, progress=shown)
    _echo(batch_text(table, locale_language()))
    files = [
        *write_summary(table, out, locale_language()),
        write_all_sites(with_products(table), out / "sites.parquet"),
    ]
    for path in files:
        if path is not None:
            _echo(str(path))
    codes = set(table["exit_code"])
    raise typer.Exit(1 if 1 in codes else 3 if 3 in codes else 0)


def _called() -> int:
    """Run the command that was asked for; its exit code."""
    if locale_language() != "en" and "--help" in sys.argv:
        from typer import rich_utils

        for panel in ("ARGUMENTS", "OPTIONS", "COMMANDS"):
            setattr(rich_utils, f"{panel}_PANEL_TITLE", _say(f"help_panel_{panel.lower()}"))
    try:
        return int(app(standalone_mode=False) or 0)
    except Exception as error:
        code = getattr(error, "exit_code", None)
        show = getattr(error, "show", None)
        if code is None or show is None:
            raise
        if type(error).__name__ == "NoArgsIsHelpError" or locale_language() == "en":
            show()  # typer's own words
        else:
            from planner.study.terminal import misuse_text

            _echo(misuse_text(error, locale_language()), err=True)
        return int(code)


def main() -> None:
    """Entry point: errors in words, exit codes as documented."""
    code = 1
    say_at_end(_say("error_interrupted"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that has no Chinese shows marks, not a traceback
    try:
        code = _called()
    except PlannerError as error:
        from planner.study.terminal import error_text

        _echo(error_text(error, locale_language()), err=True)
    except OSError as error:
        name = error.filename or _say("error_system")
        _echo(_say("error_file", name=name, why=error.strerror or error), err=True)
    except MemoryError:
        _echo(_say("error_memory"), err=True)
    except KeyboardInterrupt:
        code = 130
    if code == 130:  # typer turns an interruption into it without a word
        _echo(_say("error_interrupted"), err=True)
    sys.exit(code)
