"""Figures of what changes from last year's plan to this one."""

from __future__ import annotations

from collections.abc import Iterator

from planner.audit.changes import Changes
from planner.facts.register import Fact, Scope, fact

__all__ = ["change_facts"]


def change_facts(changes: Changes | None, here: Scope, plan: str) -> Iterator[Fact]:
    """How many sites (or actions) of the plan are kept, dropped, added, built since; none without last year's plan."""
    if changes is None:
        return
    for change, n in changes.counts().items():
        yield fact(f"plan_{change}", here.at(plan=plan), n, source="previous")
