"""Driver homes in the report and the workbook: tables that come with their headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planner.publish.phrases import number, phrase

if TYPE_CHECKING:
    from planner.publish.bundle import Bundle


def homes_lines(bundle: Bundle) -> tuple[str, ...]:
    """What the plan of driver homes comes to, in sentences; empty without it."""
    homes, language = bundle.homes, bundle.settings.study.language
    if homes is None:
        return ()
    run = homes.run_json()
    return (
        phrase("homes_meaning", language),
        phrase("homes_result", language, n=number(run["chosen"]), drivers=number(run["drivers"]),
               target=number(run["target"]), existing=number(run["existing"])),
        phrase("homes_certificate", language, gap=f"{run['gap']:.3%}", bound=number(run["bound"])),
    )  # fmt: skip


def homes_tables(bundle: Bundle, *, printed: bool) -> list[tuple[str, pd.DataFrame]]:
    """(heading, table) of the driver homes; ``printed`` leaves the long lists and coordinates to the workbook."""
    homes = bundle.homes
    if homes is None:
        return []
    return list(homes.tables(bundle.settings.study.language, printed=printed).items())


def is_number(table: pd.DataFrame, column: str) -> bool:
    """Whether a column holds numbers only."""
    return bool(
        pd.api.types.is_numeric_dtype(table[column]) and not pd.api.types.is_bool_dtype(table[column])
    )


def shown(value: object) -> str:
    """A cell as printed: whole numbers with separators, other numbers with up to two digits, missing empty."""
    if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NA:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        whole = float(value).is_integer() or abs(float(value)) >= 100
        return number(float(value), 0 if whole else 2)
    return str(value)
