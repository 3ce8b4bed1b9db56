"""Whether a study can be run: every finding of what a run stands on, told at once and before anything expensive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.errors import Finding, InputError, refuse_if_errors, sorted_findings
from planner.settings.whole import Settings
from planner.study.stages import Stages

__all__ = ["judge", "refuse_what_cannot_run"]


def _judges(settings: Settings, *, networks: bool) -> Iterator[str]:
    """Stages in which a run may refuse the study, in the order in which they are asked.

    None of them searches for a plan; those that take time are kept, so that the run does not make them again.
    """
    modes = [m for g in settings.headline_groups for m in (g.mode, g.second_mode) if m is not None]
    trucks = ["truck"] if settings.freight.enabled else []
    yield from ("inputs", "stations", "visits", "ways", "candidates")
    yield from (("previous_sites",) if settings.previous is not None else ())
    yield "rules"
    yield from (f"network:{mode}" for mode in dict.fromkeys(["walk", *modes, *trucks]))
    yield from (("action_rules",) if settings.actions.enabled else ())
    yield from ("demand", "worth", *(("choice",) if settings.siting.goal.aim == "use" else ()))
    yield from ("grade_rules",) if settings.grades.enabled else ()
    if settings.networks and (networks or settings.union.in_run):
        yield from ("union:lists", "union:people", "union:judged")


def judge(stages: Stages, *, networks: bool = False, beside: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Every finding about a study, errors first: what is wrong with its files, numbers and rules.

    Nothing is refused or written. A study without an error here can be run. ``networks``: the lists and rules of the union's
    networks are judged too where a run leaves them out. ``beside``: stages that are made at the same time, as a run needs
    them anyway.
    """
    asked = list(_judges(stages.settings, networks=networks))
    stages.ahead([*asked, *beside])
    for name in asked:
        try:
            stages.peek(name)
        except InputError:  # kept among the findings, where it is this stage's own
            continue
    return tuple(sorted_findings(stages.findings()))


def refuse_what_cannot_run(stages: Stages) -> None:
    """Refuse, with every finding, a study that :func:`judge` finds an error in.

    Raises
    ------
    InputError
        The study cannot be run.
    """
    trucks = ("trucks",) if stages.settings.freight.enabled else ()
    refuse_if_errors(judge(stages, beside=trucks))
