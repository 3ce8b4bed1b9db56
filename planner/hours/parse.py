"""Opening hours as people write them, and what they mean for a period of the day.

Canonical text: spans of the day, ``"08:00-12:00;14:00-18:00"``, ``"00:00-24:00"`` for always open,
``"closed"`` for never. A span past midnight keeps its form, ``"22:00-06:00"``, unless it begins before
noon: ``"09:00-05:00"`` may be nine to five, so that is ``"00:00-05:00;09:00-24:00"``. The day is a
working day: where weekdays and weekend differ, the weekdays' hours are taken, and the days are
told beside (:attr:`Hours.days`). Where seasons differ, the hours kept all year are taken.

Unknown hours are never guessed here. For coverage, :func:`open_share` counts a place with unknown
hours as open in the study's default hours (``siting.default_hours``); readers say so in a finding.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.settings.groups import Period

__all__ = ["ALWAYS", "DAY_MIN", "Hours", "merged", "open_share", "parse_hours"]

Problem = Literal["", "empty", "unparsable", "days_only", "ambiguous", "seasons", "several_days"]
DAY_MIN = 1440
NOON_MIN = 720
ALWAYS = "00:00-24:00"
ALL_DAYS = "1234567"
_OSM_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


#: Minutes of the day, sorted and disjoint.
_Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """When a place is open on a working day.

    Attributes
    ----------
    spans
        Minutes of the day ``(start, end)``, sorted and disjoint, each within 0 … 1440; a span past
        midnight is two of them. Empty and ``known`` means closed.
    known
        False where the text gives no hours.
    days
        Days of the week it holds for, ``"12345"`` for Monday to Friday.
    problem
        Why hours are unknown, or what was chosen: ``"seasons"`` (hours kept all year),
        ``"several_days"`` (the hours of most days).
    week
        Spans of Monday … Sunday where the days differ (a day without spans: closed); empty where all are alike.
    """

    spans: tuple[tuple[int, int], ...] = ()
    known: bool = True
    days: str = ALL_DAYS
    problem: Problem = ""
    week: tuple[tuple[tuple[int, int], ...], ...] = ()

    def on(self, day: int) -> tuple[tuple[int, int], ...]:
        """Spans of a day of the week, 1 Monday … 7 Sunday."""
        return self.week[day - 1] if self.week else self.spans

    @property
    def week_text(self) -> str:
        """The days of the week as OpenStreetMap writes them, ``"Mo-Fr 09:00-17:00; Sa 09:00-12:00"``; "" where all are alike.

        Days that are not named are closed; :func:`parse_hours` reads it back.
        """
        parts, day = list[str](), 0
        while day < len(self.week):
            last = day
            while last < 6 and self.week[last + 1] == self.week[day]:
                last += 1
            text = Hours(self.week[day]).text
            if self.week[day] and text:
                named = _OSM_DAYS[day] + (f"-{_OSM_DAYS[last]}" if last > day else "")
                parts.append(f"{named} {text.replace(';', ',')}")
            day = last + 1
        return "; ".join(parts)

    @property
    def text(self) -> str | None:
        """Canonical text, or None where unknown."""
        if not self.known:
            return None
        spans = list(self.spans)
        if spans and spans[0][0] == 0 and spans[-1][1] == DAY_MIN and spans[-1][0] >= NOON_MIN:
            late = spans.pop()
            spans[0] = (late[0], spans[0][1])
            spans = [*spans[1:], spans[0]]
        return ";".join(f"{_clock(a)}-{_clock(b)}" for a, b in spans) or "closed"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


_DAY = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7, "末": 6}
_DAY |= {"mo": 1, "tu": 2, "we": 3, "th": 4, "fr": 5, "sa": 6, "su": 7}
_ENGLISH = "mo(?:n(?:day)?)?|tu(?:e(?:s(?:day)?)?)?|we(?:d(?:nesday)?)?|th(?:u(?:rs(?:day)?)?)?|fr(?:i(?:day)?)?|sa(?:t(?:urday)?)?|su(?:n(?:day)?)?"
_ANY_DAY = re.compile(
    rf"(?:(?:周|星期|礼拜)(?P<a>[一二三四五六日天末1-7])|\b(?P<aen>{_ENGLISH})\b)"
    rf"(?:\s*[-至到]\s*(?:(?:周|星期|礼拜)?(?P<b>[一二三四五六日天末]|[1-7](?![:.点时\d]))|\b(?P<ben>{_ENGLISH})\b))?"
)
_MORE_DAYS = re.compile(
    r"(?<=[周期拜][一二三四五六日天])(?: *,? *[一二三四五六日天])+(?![一二三四五六日天月点时])"
)
_EVERY_DAY = re.compile(
    r"每天|每日|天天|全周|全年(?:无休)?|无休|\bdaily\b|\bevery day\b|(?:一周)?7\s*天|一周七天|365天"
)
_WORKDAYS = re.compile(r"(?:法定)?工作日|平日|平时|\bweekdays?\b")
_WEEKEND = re.compile(r"双休日|休息日|(?:法定)?节假日|假日|\bweekends?\b|\bph\b|\bsh\b")
_HOLIDAY = re.compile(r"节假日|假日|\bph\b|\bsh\b")
_OFF = re.compile(r"休息?|除外|不开放?|不营业|关闭|闭馆|闭门|停|\boff\b|\bclosed\b")
#: Words of a pause, before or after its hours: 午休12:00-13:30, 12:00-13:00休息, Mo-Fr 12:00-13:00 off.
_PAUSE_BEFORE = re.compile(
    r"(?:(?<![无不])午休|(?:午间|中午|中间|其间|期间)休息|午餐|午饭|用餐|除去?|扣除|不含|\b(?:lunch|break|except|closed)\b)"
    r"(?:时间|时段|\bbreak\b|\btime\b)?(?:\bfrom\b)?[\s:,为是]*$"
)
_PAUSE_AFTER = re.compile(
    r"[\s:,为是]*(?:时间|时段)?(?:(?:中午|午间)?(?:休息(?![日天])|午休|不开放|不营业|闭馆|闭门|关闭|关门|除外)"
    r"|(?:\bis\b|\bfor\b)?\s*\b(?:off|closed|lunch|break)\b)"
    r"(?!(?:时间|时段|\s|:)*(?:[上下中]午|午[间后]|早上)?\d)"  # 9:00-16:00,午休12:00-13:00: the word is of the next
)
_SHUT_THEN = re.compile(r"\s*(?:休息?|闭馆|闭门|不开放|不营业)\s*[, ]\s*(?=\d)")
_CLOSED = re.compile(
    r"^(?:暂时?|临时|已|永久)?(?:停止?|不|未)(?:对外)?(?:开放|营业|服务|运营|使用)$"
    r"|^(?:暂时?|临时|已|永久)?(?:关闭|停用|停业|歇业|闭馆)$|^closed$|^off$"
)
_ALWAYS = re.compile(
    r"7\s*[x*]\s*24|24\s*/\s*7|24\s*(?:小时|h\b|hours?|hrs?\b)|二十四小时|全天候?|昼夜|不打烊|通宵|\bopen all day\b"
)
_SEASON = re.compile(
    r"夏[季令天]?(?:时间)?|冬[季令天]?(?:时间)?|春秋?[季天]?|秋[季天]?|旺季|淡季"
    r"|\d{1,2}月\d{0,2}[日号]?\s*-\s*(?:次年|翌年)?\d{1,2}月\d{0,2}[日号]?"
)
_PART = r"凌晨|清晨|早上|早晨|早间|早|上午|中午|午间|下午|午后|傍晚|晚上|晚间|夜间|夜里|夜晚|晚|夜|am|pm|a\.m\.|p\.m\."
_NEXT = r"次日|翌日|第二天|隔天|次晨|次"
_TIME = (
    r"(?P<next{0}>" + _NEXT + r")?\s*(?P<part{0}>" + _PART + r")?\s*(?<![\d.])(?<!\d:)"
    r"(?:(?P<h{0}>\d{{1,2}})(?:[:.](?P<m{0}>\d{{2}})(?::\d{{2}})?|[点时](?P<k{0}>半|整|一刻|三刻|\d{{1,2}}分?)?钟?)"
    r"|(?P<g{0}>\d{{1,2}}))(?![\d])(?P<tail{0}>am|pm|a\.m\.|p\.m\.)?"
)
_SPAN = re.compile(_TIME.format("1") + r"(?:开门|开)?-+" + _TIME.format("2"))
_PM = ("下午", "午后", "傍晚", "晚上", "晚间", "夜间", "夜里", "夜晚", "晚", "夜", "pm", "p.m.")
_NOONS = ("中午", "午间")
_NUMERAL = re.compile(r"(?P<n>[二三]?十[一二三四五六七八九]?|[一二两三四五六七八九零〇])(?=[点时](?!间))")
_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}


def _plain(text: str) -> str:
    """NFKC, lower case, one kind of dash, Chinese clock numerals as digits."""
    s = unicodedata.normalize("NFKC", text).lower()
    s = re.sub(r"[‐-―−﹣─━~〜～]+", "-", s)
    s = s.replace("。", ";").replace("、", ",").replace("×", "x")
    s = re.sub(r"(?<=\d)\s*:\s*(?=\d\d)", ":", s)
    s = re.sub(r"(?<![a-z])([ap])\. ?m\b\.?", r"\1m", s)
    s = re.sub(r"(?<=\d)\s+(?=[ap]m\b)", "", s)
    s = _MORE_DAYS.sub(lambda m: "".join(f",周{d}" for d in m[0] if d in _DAY), s)
    s = _NUMERAL.sub(lambda m: str(_numeral(m["n"])), s)
    s = re.sub(
        r"(?<=[\d点时分半整钟m.])\s*(?:至|到|直到|直至|\bto\b|-)\s*(?=[\d凌清早上中午下傍晚夜次翌第隔ap])",
        "-",
        s,
    )
    return re.sub(r"[ \t\u3000]+", " ", s).strip(" ;,.")


def _numeral(word: str) -> int:
    if "十" not in word:
        return _DIGIT[word]
    tens, _, ones = word.partition("十")
    return (_DIGIT[tens] if tens else 1) * 10 + (_DIGIT[ones] if ones else 0)


def _minute(m: re.Match[str], i: int, fallback_part: str | None) -> tuple[int, str | None] | None:
    """Minute of the day of one end of a span and its part of the day; None if impossible."""
    hour = int(m[f"h{i}"] or m[f"g{i}"])
    quarter = (m[f"k{i}"] or "").rstrip("分")
    words = {"半": 30, "一刻": 15, "三刻": 45}
    minute = int(m[f"m{i}"] or words.get(quarter, 0) or (quarter if quarter.isdigit() else 0))
    part = m[f"part{i}"] or m[f"tail{i}"] or fallback_part
    if (part in _PM and 0 < hour < 12) or (part in _NOONS and 0 < hour < 4):
        hour += 12
    elif part in ("am", "a.m.", "凌晨") and hour == 12:
        hour = 0
    total = hour * 60 + minute
    return (total, part) if total <= DAY_MIN and minute < 60 else None


def _span(m: re.Match[str]) -> list[tuple[int, int]] | None:
    """The pieces (within the day) of one matched span; None if it cannot be told."""
    first = _minute(m, 1, m["tail2"] if m["tail2"] in ("am", "a.m.") else None)
    second = _minute(m, 2, None)
    if first is None or second is None:
        return None
    (start, part), (end, end_part) = first, second
    overnight = bool(m["next2"]) or end_part == "凌晨"
    if (
        not overnight
        and end_part is None
        and part in (*_PM, *_NOONS)
        and end <= start
        and end + 720 > start
        and end <= 720
    ):
        end = min(end + 720, DAY_MIN)
    if end == 0 or (end == DAY_MIN - 1 and not overnight):
        end = DAY_MIN
    if start == DAY_MIN:
        start = 0
    if end > start:
        return [(0, DAY_MIN)] if overnight else [(start, end)]
    if start == end:
        return [(0, DAY_MIN)] if overnight else None
    if start < NOON_MIN and not overnight:
        return None
    return [(start, DAY_MIN), (0, end)]


def merged(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans sorted and disjoint; empty ones are left out."""
    out: list[tuple[int, int]] = []
    for a, b in sorted(spans):
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        elif b > a:
            out.append((a, b))
    return tuple(out)


def _shared(one: Sequence[tuple[int, int]], two: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return merged((max(a, c), min(b, d)) for a, b in one for c, d in two)


def _day(name: str) -> int:
    """1 … 7 for a day's name, figure or English word."""
    return _DAY.get(name[:2]) or int(name)


def _days(text: str) -> tuple[str, str]:
    """The days a clause names (``""`` if none) and the clause without them."""
    days: set[int] = set()

    def take(m: re.Match[str]) -> str:
        a, b = m["a"] or m["aen"], m["b"] or m["ben"]
        first = _day(a)
        last = _day(b) if b else first
        if a == "末":
            last = 7
        span = range(first, last + 1) if first <= last else [*range(first, 8), *range(1, last + 1)]
        days.update(span)
        return " "

    rest = _ANY_DAY.sub(take, text)
    for pattern, which in ((_EVERY_DAY, range(1, 8)), (_WORKDAYS, range(1, 6)), (_WEEKEND, (6, 7))):
        if pattern.search(rest):
            days.update(which)
            rest = pattern.sub(" ", rest)
    return "".join(str(d) for d in sorted(days)), rest


def _clauses(text: str) -> list[str]:
    """Pieces that begin with a day or a season, or are split by ``;``, brackets or line ends."""
    pieces: list[str] = []
    for part in re.split(r"[;\n|()\[\]]+", text):
        marks = sorted(
            {m.start() for p in (_ANY_DAY, _WORKDAYS, _WEEKEND, _SEASON) for m in p.finditer(part)}
        )
        starts = [i for i in marks if re.search(r"\d|小时|全天|休息?\s*[, ]*$", part[:i])]
        edges = [0, *starts, len(part)]
        pieces += [part[a:b].strip(" ,:.") for a, b in itertools.pairwise(edges)]
    return [p for p in pieces if p]


def _clause_spans(text: str) -> list[tuple[_Spans, bool]] | None:
    """Each span of a clause without days (as pieces within the day), and whether a word calls it a pause.

    None where one cannot be told; empty where there is none.
    """
    text = re.sub(r"(?<!\d)([012]\d)([0-5]\d)-([012]\d)([0-5]\d)(?!\d)", r"\1:\2-\3:\4", text)
    said: list[tuple[_Spans, bool]] = []
    for m in _SPAN.finditer(text):
        marked = any(m[k] for k in ("part1", "part2", "tail1", "tail2", "next2", "h1", "h2"))
        if not marked and _SPAN.sub("", text).strip(" ,."):  # two bare figures among other words
            continue
        pieces = _span(m)
        if pieces is None:
            return None
        paused = _PAUSE_BEFORE.search(text[: m.start()]) or _PAUSE_AFTER.match(text, m.end())
        said.append((merged(pieces), bool(paused)))
    if all(paused for _, paused in said) and _ALWAYS.search(text):
        said.append((((0, DAY_MIN),), False))
    return said


#: Days, whether of a season, spans.
_Clause = tuple[str, bool, _Spans]
#: How many clauses stand before it (0: it stands first), its days ("" if none), spans.
_Pause = tuple[int, str, _Spans]
#: Longer texts are no hours: OpenStreetMap's end at 255 letters.
_LONGEST = 400


@functools.lru_cache(maxsize=20_000)
def parse_hours(text: str | None) -> Hours:
    """Read opening hours written in Chinese or English, or as OpenStreetMap writes them.

    Examples
    --------
    >>> parse_hours("周一至周五 上午8:30-11:00 下午1:30-5:00").text
    '08:30-11:00;13:30-17:00'
    >>> parse_hours("全天24小时").text
    '00:00-24:00'
    >>> parse_hours("工作日开放").problem
    'days_only'
    """
    plain = _plain((text or "")[: 2 * _LONGEST])
    if plain in ("", "-", "--", "/", "无", "不详", "未知", "nan", "none", "n/a"):
        return Hours(known=False, problem="empty")
    if _CLOSED.match(plain.replace(" ", "")):
        return Hours(days="")
    if len(plain) > _LONGEST:
        return Hours(known=False, problem="unparsable")
    read = _Clauses()
    for clause in _clauses(plain):
        if not read.take(clause):
            return Hours(known=False, problem="ambiguous")
    return read.hours()


class _Clauses:
    """Clauses of one text, taken one after the other."""

    def __init__(self) -> None:
        self.found: list[_Clause] = []
        self.pauses: list[_Pause] = []
        self.named, self.more, self.shut = "", "", set[str]()

    def take(self, clause: str) -> bool:
        """Take a clause; False where its hours cannot be told."""
        season = bool(_SEASON.search(clause))
        days, rest = _days(_SEASON.sub(" ", clause))
        said = _clause_spans(rest)
        if said is None:
            return False
        if said:
            self._spans(days, rest, season, said)
        elif season and self.found:  # 7:00-19:00(夏季)
            self.found[-1] = (self.found[-1][0], True, self.found[-1][2])
        elif days and not _OFF.search(rest):
            self.more = "" if any(not d for d, _, _ in self.found) else days  # …；周六、周日 9:00-12:00
            self.named = days
            self.found = [(d or days, s, p) for d, s, p in self.found]  # 8:00-17:00(周一至周五)
        elif days and not _HOLIDAY.search(clause):  # 周日休息; holidays are no days of the week
            self.shut |= set(days)
        return True

    def _spans(self, days: str, rest: str, season: bool, said: list[tuple[_Spans, bool]]) -> None:
        before = [span for _, _, there in self.found for span in there]
        opened, pauses = list[tuple[int, int]](), list[tuple[int, int]]()
        for i, (pieces, paused) in enumerate(said):
            around = [*before, *(span for j, (other, _) in enumerate(said) if j != i for span in other)]
            # 9:00-12:00 午休 14:00-17:00: the word stands between two spans, and neither is the pause
            (pauses if paused and (not around or _within(pieces, around)) else opened).extend(pieces)
        if pauses:
            # a pause said beside hours holds for all before it: 周一至周五9:00-17:00,周六9:00-16:00,午休12:00-13:00
            self.pauses.append((len(self.found) + bool(opened), "" if opened else days, merged(pauses)))
        if not opened:
            return
        if days and _SHUT_THEN.match(rest):  # 周一闭馆 9:00-17:00
            self.shut, days = self.shut | set(days), ""
        self.found.append(
            ("".join(sorted({*days, *self.more})) if days else self.named, season, merged(opened))
        )
        self.more = ""

    def hours(self) -> Hours:
        """What all clauses say together."""
        if not self.found:
            problem: Problem = "ambiguous" if self.pauses else "days_only" if self.named else "unparsable"
            return Hours(known=False, problem=problem, days=self.named or ALL_DAYS)
        found = [(days or ALL_DAYS, season, spans) for days, season, spans in self.found]
        done = 0
        whole = list[_Clause]()
        for at, (days, spans) in [(a or len(found), (d, s)) for a, d, s in self.pauses]:
            for clause in found[done:at]:
                whole += _paused(clause, days or ALL_DAYS, spans)
            done = max(done, at)
        return _chosen([*whole, *found[done:]], self.shut)


def _within(pauses: Sequence[tuple[int, int]], around: Sequence[tuple[int, int]]) -> bool:
    """Whether pauses lie between the first opening and the last closing of spans."""
    return (
        bool(around)
        and min(a for a, _ in around) <= pauses[0][0]
        and pauses[-1][1] <= max(b for _, b in around)
    )


def _paused(clause: _Clause, days: str, pauses: Sequence[tuple[int, int]]) -> Iterator[_Clause]:
    """A clause without the pauses of some days; what is left on the others stays as it is."""
    named, season, spans = clause
    edges = [0, *(t for pause in pauses for t in pause), DAY_MIN]
    rest = _shared(spans, list(zip(edges[::2], edges[1::2], strict=True)))
    both = "".join(d for d in named if d in days)
    other = "".join(d for d in named if d not in days)
    if both:
        yield both, season, rest
    if other:
        yield other, season, spans


def _chosen(found: list[_Clause], shut: set[str]) -> Hours:
    """One set of hours out of clauses: by the days most of the week keeps, all seasons together; ``shut``: days off."""
    by_days: dict[str, list[tuple[bool, tuple[tuple[int, int], ...]]]] = {}
    for days, season, spans in found:
        by_days.setdefault(days, []).append((season, spans))
    days = max(by_days, key=lambda d: (len(set(d) & set("12345")), len(d)))
    problem: Problem = "several_days" if len(by_days) > 1 else ""
    problem = "seasons" if sum(season for season, _ in by_days[days]) > 1 else problem
    spans = _all_year(by_days[days])
    if not spans:
        return Hours(known=False, problem="ambiguous", days=days)
    week = []
    for (
        day
    ) in ALL_DAYS:  # of several clauses that name a day, the one that names the fewest, the last of these
        named = [d for d in by_days if day in d and day not in shut]
        week.append(_all_year(by_days[min(reversed(named), key=len)]) if named else ())
    alike = all(there == spans for there in week)
    return Hours(spans=spans, days=days, problem=problem, week=() if alike else tuple(week))


def _all_year(clauses: list[tuple[bool, tuple[tuple[int, int], ...]]]) -> tuple[tuple[int, int], ...]:
    """Spans of clauses (whether of a season, spans): those without season, and what all seasons share."""
    spans = merged(span for season, group in clauses if not season for span in group)
    seasonal = [merged(group) for season, group in clauses if season]
    return merged([*spans, *functools.reduce(_shared, seasonal)]) if seasonal else spans


def _share(hours: Hours, period: Period) -> float:
    start, end = round(period.start_h * 60), round(period.end_h * 60)
    pieces = [(start, end)] if end > start else [(start, DAY_MIN), (0, end)]
    length = sum(b - a for a, b in pieces)
    return sum(b - a for a, b in _shared(pieces, hours.spans)) / length


def open_share(
    open_hours: Iterable[Any], periods: Sequence[Period], *, default: str = "08:00-20:00"
) -> npt.NDArray[np.float64]:
    """Share of each period that each place is open, n × n_periods.

    Unknown hours (None, NaN, or text that :func:`parse_hours` cannot read) count as ``default``.

    Raises
    ------
    ValueError
        ``default`` itself cannot be read.
    """
    base = parse_hours(default)
    if not base.known:
        raise ValueError(f"cannot read the default opening hours {default!r}")
    texts = pd.Series(list(open_hours), dtype=object)
    codes, unique = pd.factorize(texts)
    rows = [base, *(parse_hours(str(u)) for u in unique)]
    table = np.array([[_share(h if h.known else base, p) for p in periods] for h in rows])
    return np.asarray(table.reshape(len(rows), len(periods))[codes + 1])
