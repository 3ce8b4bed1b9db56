"""Text from files made harmless, names made safe, and files that appear whole or not at all.

Names are hostile: no text from a file may be run by Excel, a browser, a template, XML or a path.
Everything is kept readable and as close to the letter as the format allows; control characters,
which no document format can hold, become their visible pictures (``NUL`` becomes ``␀``).
"""

from __future__ import annotations

import contextlib
import errno
import html
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from planner.errors import Finding, PlannerError, UnsafePathError, finding
from planner.folders import sweep
from planner.leaving import temporary_folder, undisturbed
from planner.tables import is_missing

__all__ = [
    "OutputError",
    "atomic_path",
    "cell_text",
    "csv_text",
    "html_text",
    "is_formula_like",
    "plain_text",
    "safe_name",
    "whole_set",
    "write_bytes",
    "write_text",
    "xlsx_text",
]

_C0 = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n\r"}
_PICTURES = _C0 | {0x7F: "\u2421"} | dict.fromkeys((*range(0x80, 0x85), *range(0x86, 0xA0)), "\ufffd")
_UNPAIRED = re.compile("[\ud800-\udfff\ufffe\uffff]")
_XLSX_ESCAPE = re.compile(r"_x(?=[0-9A-Fa-f]{4}_)")
#: What a spreadsheet may take for the start of a formula or a command, full-width forms included.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\u2400", "＝", "＋", "－", "＠")
_EXCEL_CELL_LIMIT = 32767
_RESERVED = {"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"} | {
    f"{device}{digit}" for device in ("COM", "LPT") for digit in "123456789¹²³"
}
_FORBIDDEN_IN_NAMES = set('<>:"/\\|?*')


class OutputError(PlannerError):
    """A product could not be written; the old file, if any, is untouched.

    Attributes
    ----------
    finding
        The same in the catalogue's words, for the list of findings.
    """

    def __init__(self, found: Finding) -> None:
        self.finding = self.told = found
        super().__init__(str(found))


def plain_text(value: object) -> str:
    """``value`` as text that every document format can hold; empty for None and missing values.

    Control characters become pictures, unpaired surrogates and non-characters U+FFFD. Nothing else
    is touched: markup, template marks and direction marks stay what they are, as text.
    """
    if is_missing(value):
        return ""
    text = str(value)
    return text if text.isprintable() else _UNPAIRED.sub("\ufffd", text.translate(_PICTURES))


def cell_text(value: object) -> str:
    """:func:`plain_text` on one line: tabs and line breaks become spaces."""
    return re.sub(r"[\t\r\n\x85\u2028\u2029]+", " ", plain_text(value))


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet could take this text for a formula (OWASP ASVS 1.2.10)."""
    return text.startswith(_FORMULA_START) or text.lstrip().startswith(_FORMULA_START)


def csv_text(value: object) -> str:
    """Text for a CSV cell: ``'`` before anything that a spreadsheet would run. For text columns only."""
    text = plain_text(value)
    return "'" + text if is_formula_like(text) else text


def xlsx_text(value: object) -> str:
    """Text for a workbook cell: Excel's own ``_x0041_`` escapes made literal, 32,767 characters at most."""
    text = re.sub("\r\n?", "\n", plain_text(value))
    return _XLSX_ESCAPE.sub("_x005F_x", text)[:_EXCEL_CELL_LIMIT]


def html_text(value: object) -> str:
    """Text for HTML content or a quoted attribute."""
    return html.escape(plain_text(value), quote=True)


def safe_name(name: str, *, limit: int = 80) -> str:
    """Return ``name`` unchanged if it is fit to be a file's or folder's name on any system.

    Raises
    ------
    UnsafePathError
        Empty, ``.``, ``..``, with a separator, a drive, a wildcard, a control or direction character,
        a space or dot at an end, a device name of Windows (``CON``), or longer than ``limit``
        characters or 200 bytes.
    """
    why = _why_unsafe(name, limit)
    if why:
        raise UnsafePathError(f"{cell_text(name)[:60]!r} cannot be the name of a file: {why}")
    return name


def _why_unsafe(name: str, limit: int) -> str:
    if name.strip() in ("", ".", ".."):
        return "it is empty or points to a folder"
    if len(name) > limit or len(name.encode("utf-8", "replace")) > 200:
        return f"it is longer than {limit} characters"
    bad = sorted(set(name) & _FORBIDDEN_IN_NAMES)
    if bad:
        return f"it holds {' '.join(bad)}"
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name):
        return "it holds invisible characters"
    if name != name.strip(" .") or name.startswith(("~", "-")):
        return "it begins or ends with a space, a dot, ~ or -"
    if name.split(".", maxsplit=1)[0].rstrip().upper() in _RESERVED:
        return "Windows keeps this name for a device"
    return ""


def _output_error(path: Path, error: OSError) -> OutputError:
    full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    code = "OUT-001" if full else "OUT-002"
    why = cell_text(error.strerror or error)
    path = Path(*(part for part in path.parts if not part.startswith(".planner-")))
    return OutputError(finding(code, source=path.name, value=str(path), why=why))


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a name beside ``path`` to write to; the finished file takes ``path``'s place in one step.

    If the block fails, or the result is empty or cannot be moved, ``path`` stays as it was and the
    temporary file (with what a database leaves beside it) is removed.

    Raises
    ------
    OutputError
        The disk is full, the folder cannot be written, or the old file is held open elsewhere.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(path.parent, ".planner-") as folder:
            temporary = folder / path.name
            yield temporary
            _flush(temporary)
            temporary.replace(path)
    except OSError as error:
        raise _output_error(path, error) from error


@contextlib.contextmanager
def whole_set(out: Path, *, last: str, gone: Sequence[str] = ()) -> Iterator[Path]:
    """Give a folder to write products into; all together take their places in ``out``, ``last`` at the end.

    If the block fails, what ``out`` held stays, all of it. ``last`` of an earlier set goes before the first of its files is replaced,
    so that a folder with it holds one set. ``gone``: files of an earlier set that this one need not have.

    Raises
    ------
    OutputError
        Somebody else is writing into ``out``, or as :func:`atomic_path`.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _alone(out):
            sweep(out, ".planner-*")
            with temporary_folder(out, ".planner-") as folder:
                yield folder
                with undisturbed():
                    _change_places(folder, out, last=last, gone=gone)
    except OSError as error:
        raise _output_error(out, error) from error


def _change_places(folder: Path, out: Path, *, last: str, gone: Sequence[str]) -> None:
    """Move every file below ``folder`` to its place in ``out``."""
    made = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    (out / last).unlink(missing_ok=True)
    for path in sorted(made, key=lambda p: p == Path(last)):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        try:
            (folder / path).replace(out / path)
        except OSError as error:
            raise _output_error(out / path, error) from error
    for name in gone:
        if Path(name) not in made:
            (out / name).unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold a folder while its set is written; where folders cannot be locked nobody is kept out."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(finding("OUT-007", source=out.name, value=str(out))) from error
        yield
    finally:
        os.close(handle)


def _flush(path: Path) -> None:
    """Bring the file to the disk, so that a power cut leaves the old one or the new one, whole."""
    with path.open("rb+") as handle:
        if handle.seek(0, os.SEEK_END) == 0:
            raise OSError(errno.EIO, "nothing was written")
        os.fsync(handle.fileno())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all (:func:`atomic_path`)."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str, *, encoding: str = "utf-8") -> None:
    """Write a text file whole or not at all; line ends are written as they stand in ``content``."""
    write_bytes(path, content.encode(encoding))
