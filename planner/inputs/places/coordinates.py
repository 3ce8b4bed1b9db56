"""Coordinates written as text: plain, full-width, decimal comma, degrees-minutes-seconds, pairs."""

from __future__ import annotations

import math
import re
import unicodedata

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.errors import Finding, finding

__all__ = ["decimals", "parse_column", "parse_number", "split_pairs"]

Floats = npt.NDArray[np.float64]
_SIDE = {
    "n": 1,
    "e": 1,
    "北": 1,
    "东": 1,
    "北纬": 1,
    "东经": 1,
    "s": -1,
    "w": -1,
    "南": -1,
    "西": -1,
    "南纬": -1,
    "西经": -1,
}
_DMS = re.compile(
    r"(?P<pre>[nsew]|[东西]经?|[南北]纬?)?\s*(?P<sign>-)?(?P<d>\d{1,3}(?:\.\d+)?)\s*(?:°|º|度|˚|d)?\s*"
    r"(?:(?P<m>\d{1,2}(?:\.\d+)?)\s*(?:'|′|’|‘|分))?\s*(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:\"|''|′′|″|”|“|秒)?)?\s*"
    r"(?P<post>[nsew]|[东西南北])?",
    re.ASCII,
)
_COMMA = re.compile(r"-?\d{1,3},\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII)


def parse_number(text: str) -> tuple[float, str]:
    """A coordinate as degrees (or metres) and how it had to be mended.

    The second value is ``""`` as written, ``"XY-009"`` full-width or stray characters,
    ``"XY-010"`` decimal comma, ``"XY-008"`` degrees-minutes-seconds, ``"XY-013"`` unreadable (NaN).

    >>> parse_number("120°36′E")
    (120.6, 'XY-008')
    """
    if _NUMBER.fullmatch(text.strip().lower()):
        value = float(text.strip())
        return (value, "") if math.isfinite(value) else (math.nan, "XY-013")
    s = unicodedata.normalize("NFKC", text).strip().lower().replace("。", ".")
    s = re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", s)
    if _NUMBER.fullmatch(s) and math.isfinite(float(s)):
        return float(s), "XY-009"
    s = re.sub(r"(?<=\d)[、,](?=\d)", ",", s)
    if _COMMA.fullmatch(s):
        return float(s.replace(",", ".")), "XY-010"
    m = _DMS.fullmatch(s)
    if m and (m["m"] is None) <= (m["s"] is None) and not (m["pre"] and m["post"]):
        minute, second = float(m["m"] or 0), float(m["s"] or 0)
        if minute < 60 and second < 60:
            side = _SIDE.get(m["pre"] or m["post"] or "n", 1)
            value = float(m["d"]) + minute / 60 + second / 3600
            return (-value if m["sign"] else value) * side, "XY-008"
    return math.nan, "XY-013"


def parse_column(
    texts: pd.Series, rows: npt.NDArray[np.int64], *, source: str, field: str
) -> tuple[Floats, list[Finding]]:
    """A column of text as numbers; NaN where empty or unreadable, with a finding per mended row."""
    values = pd.to_numeric(texts, errors="coerce").to_numpy(float, copy=True)
    values[~np.isfinite(values)] = np.nan
    odd = np.flatnonzero(np.isnan(values) & texts.notna().to_numpy())
    found: list[Finding] = []
    for i in odd:
        text = str(texts.iloc[i])
        values[i], code = parse_number(text)
        if code:
            found.append(
                finding(
                    code, source=source, row=int(rows[i]), field=field, value=text, read=f"{values[i]:.6f}"
                )
            )
    return values, found


def split_pairs(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """``"120.62,31.30"`` as two columns of text; both hold the whole text where it is no pair."""

    def split(text: str | None) -> tuple[str | None, str | None]:
        if text is None:
            return None, None
        s = unicodedata.normalize("NFKC", text).strip(" ()[]")
        for pattern in (r"[;|/]", r"\s+", r"[,、]", r"(?<=[NSEWnsew东西南北])[\s,]*"):
            parts = [p.strip(" ,") for p in re.split(pattern, s) if p.strip(" ,")]
            if len(parts) == 2:
                return parts[0], parts[1]
        return text, text

    pairs = [split(t) for t in texts]
    return (
        pd.Series([a for a, _ in pairs], index=texts.index, dtype=object),
        pd.Series([b for _, b in pairs], index=texts.index, dtype=object),
    )


def decimals(texts: pd.Series) -> npt.NDArray[np.int64]:
    """Digits after the point of plain decimal numbers; 99 for anything else."""
    tail = texts.astype("str").str.extract(r"^\s*-?\d+(?:\.(\d*))?\s*$", expand=False)
    plain = texts.astype("str").str.fullmatch(r"\s*-?\d+(?:\.\d*)?\s*")
    return np.where(plain.fillna(False).to_numpy(bool), tail.fillna("").str.len().to_numpy(), 99).astype(
        np.int64
    )
