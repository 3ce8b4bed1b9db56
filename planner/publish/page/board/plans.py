"""The plan with five verbs and last year's as the page can count them: which sites are open, in whose hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.publish.page.values import texts_of

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["actions_plan", "last_plan"]


def actions_plan(bundle: Bundle) -> dict[str, Any] | None:
    """Positions of the open stations that close, of the candidates that are chosen, and hours by site (stations, then candidates).

    None without such a plan, and where it opens posts of partners, which the page does not count.
    """
    plan = bundle.actions
    if plan is None or (plan.actions["verb"] == "cobrand").any():
        return None
    stations = bundle.stations[bundle.stations["status"] == "open"]
    old = {key: i for i, key in enumerate(texts_of(stations, "station_id"))}
    new = {key: i for i, key in enumerate(texts_of(bundle.candidates, "site_id"))}
    closed, chosen, hours = [], [], []
    for row in plan.actions.itertuples():
        verb, place, to = str(row.verb), str(row.place_id), str(row.to_id)
        if verb in ("close", "move"):
            closed.append(old[place])
        if verb in ("build", "move"):
            site = new[to if verb == "move" else place]
            chosen.append(site)
            hours.append([len(old) + site, str(row.hours_to)])
        elif verb in ("retime", "upgrade"):
            hours.append([old[place], str(row.hours_to)])
    return {"closed": closed, "chosen": chosen, "hours": hours}


def last_plan(bundle: Bundle) -> list[int] | None:
    """Candidates where last year's plan wanted stations that are not built yet; None where the study goes on from none.

    A place that is no candidate any more cannot be counted; the list of changes names it.
    """
    if bundle.changes is None:
        return None
    number = {key: i for i, key in enumerate(texts_of(bundle.candidates, "site_id"))}
    table = bundle.changes.table
    wanted = table[table["change"].isin(("kept", "dropped")) & (table["why"] != "gone")]
    return sorted({number[key] for key in wanted["place_id"].astype(str) if key in number})
