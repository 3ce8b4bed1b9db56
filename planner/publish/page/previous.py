"""What changes from last year's plan on the map: a layer for each of kept, dropped, added and built since."""

from __future__ import annotations

from typing import Any

from planner.audit.changes import CHANGES, Changes
from planner.telling.contents.existing.changes import why_changed
from planner.telling.layer import ExtraLayer, PopupField
from planner.telling.words.phrases import phrase

__all__ = ["previous_layers"]

_STYLE: dict[str, dict[str, Any]] = {
    "built": {"colour": "#6b7a85", "shape": "square"}, "kept": {"colour": "#1b7f5c", "shape": "circle"}, "dropped": {"colour": "#b8341f", "shape": "diamond"}, "added": {"colour": "#2f6db3", "shape": "triangle"},
}  # fmt: skip


def previous_layers(changes: Changes | None, key: str, language: str) -> tuple[ExtraLayer, ...]:
    """Layers named ``key``_… (``previous`` for stations, ``previous_actions`` for the five verbs); none without last year's plan."""
    if changes is None:
        return ()
    table = changes.table
    told = table[["name", "geometry"]].assign(
        place_id=table["place_id"], verb=[phrase(f"verb_{v}", language) for v in table["verb"]],
        workers_then=table["workers_then"], workers_now=table["workers_now"],
        why=[why_changed(r, changes, language) for r in table.itertuples(index=False)],
    )  # fmt: skip
    heads = (
        ("verb", "verb", None),
        ("workers_then", "workers_then", 0),
        ("workers_now", "workers_now", 0),
        ("why", "change_why", None),
    )
    fields = tuple(PopupField(c, phrase(f"col_{w}", "zh"), phrase(f"col_{w}", "en"), d) for c, w, d in heads)
    made = []
    for change in CHANGES:
        rows = told[(table["change"] == change).to_numpy()].reset_index(drop=True)
        if len(rows):
            zh, en = (phrase(f"layer_{key}_{change}", k, n=len(rows)) for k in ("zh", "en"))
            made.append(
                ExtraLayer(
                    f"{key}_{change}", zh, en, rows, name_column="name", fields=fields, **_STYLE[change],
                    searchable=change == "dropped",
                )
            )  # fmt: skip
    return tuple(made)
