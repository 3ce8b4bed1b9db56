"""``report.html``, ``report.docx`` and ``checks.html``: what a mayor reads.

Jinja2 escapes everything it is given (autoescape); no text from a file is ever a template. The pages
hold no script, load nothing, and say so in a content security policy with the style's own hash.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import Finding, sorted_findings
from planner.publish.safe import plain_text, write_text
from planner.telling.contents.columns import header
from planner.telling.contents.records import (
    FINDING_COLUMNS,
    count_line,
    finding_rows,
)
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["render", "write_checks", "write_docx", "write_report"]

#: A page of findings longer than this helps nobody.
_MOST_FINDINGS_CHECKS = 2000


@functools.cache
def _environment() -> Any:
    import jinja2

    folder = resources.files("planner.publish.office")
    names = (
        "report.html.j2",
        "checks.html.j2",
        "times.html.j2",
        "audit.html.j2",
        "fronts.html.j2",
        "pieces.html.j2",
    )
    texts = {name: folder.joinpath("templates", name).read_text("utf-8") for name in names}
    return jinja2.Environment(
        loader=jinja2.DictLoader(texts),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: (
            plain_text(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
        ),
    )


def render(template: str, language: str, **values: Any) -> str:
    """Render one of our templates; the style is inlined and allowed by its hash, nothing else is."""
    import markupsafe

    style = resources.files("planner.publish.office").joinpath("templates", "document.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return str(
        _environment()
        .get_template(template)
        .render(
            style=markupsafe.Markup(style),  # noqa: S704  (our own file, no data in it)
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
            lang="zh-CN" if language == "zh" else "en",
            t=functools.partial(_phrase, language),
            **values,
        )
    )


def _phrase(language: str, key: str, **values: object) -> str:
    return phrase(key, language, **values)


def picture(path: Path) -> str:
    """A PNG as a data URI."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def write_report(bundle: Bundle, path: Path, figures: Mapping[str, Path]) -> None:
    """Write ``report.html``: one file, no script, nothing loaded; the same bundle gives the same bytes.

    ``figures`` is what :func:`planner.publish.office.figures.write_figures` returned; without figures the
    report says why there are none.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    from planner.publish.office.story import story

    language = bundle.settings.study.language
    pictures = {name: picture(file) for name, file in figures.items()}
    write_text(path, render("report.html.j2", language, s=story(bundle), pictures=pictures))


def write_docx(bundle: Bundle, path: Path, figures: Mapping[str, Path]) -> None:
    """Write ``report.docx`` with the same content (:mod:`planner.publish.office.wordfile`).

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    from planner.publish.office.wordfile import docx_bytes
    from planner.publish.safe import write_bytes

    write_bytes(path, docx_bytes(bundle, figures))


def write_checks(findings: Iterable[Finding], path: Path, language: str) -> None:
    """Write ``checks.html``: every finding, errors first, with what to do about it.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    found = sorted_findings(findings)
    shown = found[:_MOST_FINDINGS_CHECKS]
    refused = any(f.severity == "E" for f in found)
    rest = len(found) - len(shown)
    rows = finding_rows(shown, language)
    page = render(
        "checks.html.j2",
        language,
        counts=count_line(found, language),
        verdict=phrase("checks_refused" if refused else "checks_ok", language),
        refused=refused,
        heads=header(FINDING_COLUMNS, language),
        keys=[c.key for c in FINDING_COLUMNS],
        rows=list(zip([f.severity for f in shown], rows.itertuples(index=False), strict=True)),
        more=phrase("findings_more_checks", language, shown=number(len(shown)), rest=number(rest))
        if rest
        else "",
    )
    write_text(path, page)
