"""What a station list says that stations have: toilet, water, parking bay, battery swap, a sign, a kit."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from planner.errors import Finding, finding
from planner.inputs.tables import headers
from planner.inputs.tables.read import RawTable

__all__ = ["EQUIPMENT", "TRAITS", "read_kit"]

#: What may draw workers to a station; the last, whether they can find it: signed, on the map.
TRAITS = ("toilet", "water", "parking", "battery", "findable")
#: What besides is asked of a grade: a base kit (water, microwave, table and chairs, charging, first-aid box) and single items.
EQUIPMENT = ("microwave", "charging", "tables", "first_aid", "aed", "kit", "sign", "mapped")
#: Words in a list of facilities (``设施``) that name each; such a list is taken as complete.
_NAMED = {
    "toilet": r"厕|卫生间|洗手间|toilet|\bwc\b",
    "water": r"饮水|热水|开水|茶水|直饮|water",
    "parking": r"停车|泊位|车位|parking",
    "battery": r"换电|充电柜|电动车充电|电瓶车充电|电动自行车充电|battery",
    "microwave": r"微波炉|热饭|microwave",
    "charging": r"手机充电|充电宝|充电插座|充电线|phone charging",
    "tables": r"桌|table",
    "first_aid": r"急救|药箱|first aid",
    "aed": r"除颤|\baed\b",
}


def read_kit(raw: RawTable) -> tuple[pd.DataFrame, list[Finding]]:
    """Columns of :data:`TRAITS` and :data:`EQUIPMENT` (1 has it, 0 has it not, NaN not said) that a file states.

    A column of its own goes before the list of facilities. Index as the rows of ``raw``.
    """
    columns: dict[str, np.ndarray] = {}
    found: list[Finding] = []
    if "facilities" in raw.roles:
        texts = [_plain(t) for t in raw.column("facilities")]
        for trait, pattern in _NAMED.items():
            said = [np.nan if not t else float(re.search(pattern, t) is not None) for t in texts]
            columns[trait] = np.array(said)
    words = headers.words("yes")
    for trait in (*TRAITS, *EQUIPMENT):
        if trait in raw.roles:
            own, more = _yes_or_no(raw, trait, words)
            columns[trait] = np.where(np.isnan(own), columns.get(trait, own), own)
            found += more
    return pd.DataFrame(columns, index=raw.cells.index), found


def _plain(text: str | None) -> str:
    return unicodedata.normalize("NFKC", text or "").strip().lower()


def _yes_or_no(raw: RawTable, role: str, words: dict[str, str]) -> tuple[np.ndarray, list[Finding]]:
    values, found = np.full(len(raw.rows), np.nan), []
    for i, text in enumerate(raw.column(role)):
        plain = _plain(text)
        if not plain:
            continue
        if re.fullmatch(r"\d+(\.\d+)?", plain):  # how many there are
            values[i] = float(float(plain) > 0)
        elif plain in words:
            values[i] = float(words[plain] == "yes")
        else:
            found.append(
                finding("STA-006", source=raw.source, row=int(raw.rows[i]), field=raw.roles[role], value=text)
            )
    return values, found
