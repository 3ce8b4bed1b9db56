"""How alike two names of stations are, whatever kind of post they are called."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

__all__ = ["core", "likeness"]

#: What every station is called; longest first, as they are taken out in turn.
_GENERIC = sorted(
    (
        "户外劳动者服务站点", "户外劳动者服务站", "户外劳动者服务点", "户外劳动者驿站", "户外劳动者之家", "户外劳动者", "爱心服务点", "爱心驿站", "暖心驿站",
        "工会驿站", "工会服务站", "职工驿站", "服务驿站", "服务站点", "服务站", "服务点", "驿站", "站点", "工会", "号", "苏州市", "江苏省",
        "reststation", "servicestation", "station",
    ),
    key=len, reverse=True,
)  # fmt: skip
#: Names with different numbers are of different stations more often than not; the same number is a sign of the same one.
_OTHER_SERIAL, _SAME_SERIAL = 0.6, 0.2


def core(name: str) -> tuple[str, str]:
    """What tells a station apart: its name without marks and general words, and the digits in it.

    >>> core("石路街道银行网点户外劳动者服务站点（3号）")
    ('石路街道银行网点', '3')
    """
    plain = unicodedata.normalize("NFKC", name).lower()
    digits = "".join(re.findall(r"\d+", plain))
    letters = re.sub(r"[\W\d_]+", "", plain)
    rest = letters
    for word in _GENERIC:
        rest = rest.replace(word, "")
    return rest or letters, digits


def likeness(one: tuple[str, str], two: tuple[str, str]) -> float:
    """How alike two names are, 0 to 1.

    The mean of Dice's coefficient (Dice 1945) and of the overlap coefficient (what is shared over the shorter name: maps shorten names), of
    their letters and of their pairs of letters; less where both have numbers that differ, more where they have the same.

    ``one``, ``two``: as :func:`core` gives them.

    >>> likeness(core("石路街道银行网点驿站"), core("石路街道银行网点户外劳动者服务站"))
    1.0
    """
    alike = (_shared(Counter(one[0]), Counter(two[0])) + _shared(_pairs(one[0]), _pairs(two[0]))) / 2
    if one[1] and two[1]:
        alike = min(1.0, alike + _SAME_SERIAL) if one[1] == two[1] and alike > 0 else alike * _OTHER_SERIAL
    return alike


def _shared(a: Counter[str], b: Counter[str]) -> float:
    """Mean of Dice's and the overlap coefficient."""
    if not a or not b:
        return 0.0
    shared, sizes = (a & b).total(), (a.total(), b.total())
    return (2 * shared / sum(sizes) + shared / min(sizes)) / 2


def _pairs(text: str) -> Counter[str]:
    return Counter(text[i : i + 2] for i in range(max(len(text) - 1, 1))) if text else Counter()
