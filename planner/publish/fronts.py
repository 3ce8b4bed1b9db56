"""``frontiers.html``: workers against money, and against the worst-off district, as one page without script or request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import markupsafe

from planner.publish.office.csvfile import write_table
from planner.publish.office.document import render
from planner.publish.office.printed import printed_table
from planner.publish.safe import write_text
from planner.telling.contents.actions.fronts import (
    FAIR_FRONT_COLUMNS,
    MONEY_FRONT_COLUMNS,
    fair_front_lines,
    fair_front_rows,
    money_front_lines,
    money_front_rows,
)
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.actions.fair import ActionFairFront
    from planner.actions.frontier import MoneyFront

__all__ = ["write_fronts"]


def write_fronts(
    money: MoneyFront,
    fair: ActionFairFront,
    out: Path,
    *,
    title: str,
    language: str,
    districts: Mapping[str, str],
    synthetic: str = "",
) -> Path:
    """Write ``frontiers.html``, ``money_front.csv`` and ``fair_front.csv``; the page's path.

    ``districts``: their names; ``synthetic``: what each row says of made-up data.

    Raises
    ------
    OutputError
        A file could not be written; the old one is untouched.
    """
    parts = (
        ("money_front_title", money_front_lines(money, language), money.picture(), MONEY_FRONT_COLUMNS, money_front_rows(money, language)),
        ("action_front_title", fair_front_lines(fair, language), fair.picture(), FAIR_FRONT_COLUMNS,
         fair_front_rows(fair, language, districts)),
    )  # fmt: skip
    sections = [
        (
            phrase(key, language),
            " ".join(lines),
            markupsafe.Markup(picture),  # noqa: S704  (numbers of ours alone)
            printed_table(columns, rows, language),
        )
        for key, lines, picture, columns, rows in parts
    ]
    page = out / "frontiers.html"
    write_text(page, render("fronts.html.j2", language, title=title, lines=[], sections=sections))
    write_table(money.table, out / "money_front.csv", synthetic=synthetic)
    write_table(fair.table, out / "fair_front.csv", synthetic=synthetic)
    return page
