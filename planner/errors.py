"""The error tree and the one shape every complaint about an input takes.

A :class:`Finding` says what is wrong, where, and what to do. Checks return findings; only the
facade decides to stop, once, with all of them (:class:`InputError`).
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal, Self

__all__ = [
    "SEVERITIES",
    "AbsentError",
    "Finding",
    "InfeasibleError",
    "InputError",
    "NoInternetError",
    "PlannerError",
    "SettingsError",
    "Told",
    "UnsafePathError",
    "absent",
    "finding",
    "sorted_findings",
    "sums_that_work_out",
    "told",
    "visible",
]

Severity = Literal["E", "W", "F", "I"]
#: Errors, warnings, fixes, information: the order in which findings are shown.
SEVERITIES: tuple[Severity, ...] = ("E", "W", "F", "I")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed in the inputs.

    Attributes
    ----------
    code
        Stable code, e.g. ``"XY-001"``; its wording lives in ``planner/findings.csv``.
    severity
        ``E`` refuse, ``W`` go on and say so, ``F`` mended, ``I`` for information.
    source
        File (name, not path) or input the finding is about.
    row
        Row as the user counts it in that file (spreadsheet row, CSV line), or None.
    field, value
        The column or key concerned and the offending text, shortened.
    message_en, message_zh
        What is wrong and what to do about it.
    """

    code: str
    severity: Severity
    source: str
    row: int | None = None
    field: str = ""
    value: str = ""
    message_en: str = ""
    message_zh: str = ""

    def message(self, language: str) -> str:
        """The finding in ``"zh"`` or ``"en"``."""
        return self.message_zh if language == "zh" else self.message_en

    def __str__(self) -> str:
        where = self.source + (f", row {self.row}" if self.row is not None else "")
        what = f" {self.field}={self.value!r}" if self.field or self.value else ""
        return f"[{self.severity}] {self.code} {where}:{what} {self.message_en}".rstrip()


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by severity (errors first), then code, source and row: the order in which all products show them."""

    def key(f: Finding) -> tuple[int, str, str, int]:
        return (SEVERITIES.index(f.severity), f.code, f.source, -1 if f.row is None else f.row)

    return sorted(findings, key=key)


class Told(str):
    """An English sentence that carries its Chinese (``zh``)."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, english: str, chinese: str) -> Self:
        """The English text, with the Chinese one beside it."""
        made = super().__new__(cls, english)
        made.zh = chinese
        return made


def told(en: str, zh: str, /, **values: object) -> Told:
    """A sentence in both languages; ``values`` fill their named places."""
    return Told(en.format(**values), zh.format(**values))


@functools.cache
def _catalogue() -> dict[str, dict[str, str]]:
    """``planner/findings.csv`` by code: severity, en, zh (``str.format`` templates)."""
    text = resources.files("planner").joinpath("findings.csv").read_text("utf-8")
    return {row["code"]: row for row in csv.DictReader(text.splitlines())}


#: Letters that move a terminal's cursor, colour it, open links or turn the direction of writing, and their visible names.
_UNSEEN = {c: f"\\x{c:02x}" for c in (*range(32), *range(127, 160)) if chr(c) not in "\n\t"}
_UNSEEN |= {
    c: f"\\u{c:04x}"
    for c in (0x061C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def visible(text: str) -> str:
    """Text without letters that act on a terminal or turn the direction of writing: each is shown by its number."""
    return text.translate(_UNSEEN)


def _short(value: object, limit: int = 80) -> str:
    text = visible(" ".join(str(value).split()))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def finding(
    code: str,
    *,
    source: str = "",
    row: int | None = None,
    field: str = "",
    value: object = "",
    severity: Severity | None = None,
    **details: object,
) -> Finding:
    """Make a finding from the catalogue.

    ``details`` fill the named places of the catalogue's sentences (a :class:`Told` with its own Chinese); text from
    files only ever arrives as an argument of ``str.format``, never as a template.

    Raises
    ------
    KeyError
        The code is not in ``planner/findings.csv``.
    """
    entry = _catalogue()[code]
    source, field = visible(source), visible(field)
    fixed = {"source": source, "row": row, "field": field, "value": _short(value)}
    en = {k: _short(v, 300) if isinstance(v, str) else v for k, v in details.items()} | fixed
    zh = en | {k: _short(v.zh, 300) for k, v in details.items() if isinstance(v, Told)}
    return Finding(
        code=code,
        severity=severity or entry["severity"],  # type: ignore[arg-type]
        source=source,
        row=None if row is None else int(row),
        field=field,
        value=_short(value),
        message_en=entry["en"].format(**en),
        message_zh=entry["zh"].format(**zh),
    )


class PlannerError(Exception):
    """Anything planner refuses to do, said in words a planner understands.

    ``told``: the same as a finding, in both languages; None where only a programmer can meet it.
    """

    told: Finding | None = None

    @classmethod
    def of(cls, told: Finding) -> Self:
        """The error that says a finding."""
        made = cls(told.message_en)
        made.told = told
        return made

    def message(self, language: str) -> str:
        """What is wrong in ``"zh"`` or ``"en"``; English where it has no other words."""
        return str(self) if self.told is None else self.told.message(language)


class UnsafePathError(PlannerError):
    """A name or path that would leave the folder it belongs to, or is not a regular local file."""


class NoInternetError(PlannerError):
    """A service on the internet was needed and could not be reached."""


@dataclass
class InputError(PlannerError):
    """The inputs were refused; ``findings`` holds every finding, not only the errors."""

    findings: Sequence[Finding] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        super().__init__(str(self))

    def __str__(self) -> str:
        found = sorted_findings(self.findings)
        shown = [f for f in found if f.severity == "E"] or found
        head = f"{len(shown)} problem{'s' if len(shown) != 1 else ''} in the inputs:"
        return "\n".join([head, *(f"  {f}" for f in shown)])


class SettingsError(InputError):
    """The study file was refused."""


@dataclass
class AbsentError(PlannerError):
    """A part of the plan cannot be made from inputs that are sound: the rest stands without it.

    ``findings`` (warnings) say why, with the nearest way out; every product of the study lists them.
    """

    findings: Sequence[Finding] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        super().__init__(str(self))

    def message(self, language: str) -> str:
        """Why, in ``"zh"`` or ``"en"``."""
        return " ".join(f.message(language) for f in self.findings)

    def __str__(self) -> str:
        return self.message("en")


def absent(code: str, *, field: str = "", value: object = "", **details: Any) -> AbsentError:
    """The error of one reason of the catalogue; ``field``: the key of the study file it is about."""
    return AbsentError((finding(code, source="study.toml", field=field, value=value, **details),))


@contextmanager
def sums_that_work_out(code: str, *, field: str) -> Iterator[None]:
    """Arithmetic that refuses the figures it gets (``ValueError``) is told as a finding of the study."""
    try:
        yield
    except ValueError as error:
        raise absent(code, field=field, value=error) from error


@dataclass
class InfeasibleError(PlannerError):
    """No answer obeys all the rules.

    Attributes
    ----------
    clash
        The smallest set of rules that cannot hold together, one sentence each.
    suggestion
        The nearest relaxation that would make the request possible.
    """

    clash: Sequence[str]
    suggestion: str = ""

    def __post_init__(self) -> None:
        super().__init__(str(self))

    def __str__(self) -> str:
        rules = "; ".join(self.clash)
        return f"no plan can obey these rules together: {rules}." + (
            f" Nearest way out: {self.suggestion}" if self.suggestion else ""
        )

    def message(self, language: str) -> str:
        """The refusal in ``"zh"`` or ``"en"``; a sentence without Chinese (``zh``) stays English."""
        if language == "en":
            return str(self)
        text = f"没有方案能同时满足以下规则：{'；'.join(getattr(c, 'zh', str(c)) for c in self.clash)}。"
        hint = getattr(self.suggestion, "zh", self.suggestion)
        return text + (f"最接近的可行办法：{hint}" if hint else "")


def refuse_if_errors(findings: Iterable[Finding]) -> None:
    """Raise :class:`InputError` with all findings if any of them is an error."""
    findings = list(findings)
    if any(f.severity == "E" for f in findings):
        raise InputError(findings)
