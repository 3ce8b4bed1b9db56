"""What a run wrote, remembered: a run with nothing changed finds its products as they are."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planner.errors import Finding
from planner.study.stages import Stages
from planner.study.store import WRITTEN, Kept, file_digest, text_digest
from planner.study.table.whole import asked
from planner.study.takes import digest_of

__all__ = ["Written", "find_written", "note_written"]


#: Libraries that write products, beside those that can change a number.
_LIBRARIES = ("folium", "jinja2", "matplotlib", "openpyxl", "pyogrio", "python-docx")


@dataclass(frozen=True)
class Written:
    """The products of a run: their digests by name; and what was found."""

    files: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@functools.cache
def _program_digest() -> str:
    """SHA-256 over every file of the program, scripts and templates of products too."""
    total, root = hashlib.sha256(), Path(__file__).parents[1]
    for path in sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _key(stages: Stages, *, public: bool) -> str:
    """Hash of all that the products depend on: program, libraries, font, settings, and the values they are made from."""
    from planner.publish.office.drawing import chinese_font
    from planner.telling.run import versions

    settings = stages.settings
    libraries = [versions(""), *(importlib.metadata.version(name) for name in _LIBRARIES)]
    about = (_program_digest(), libraries, chinese_font(), digest_of(settings, stages.files), public)
    return f"{WRITTEN}{text_digest(repr((about, [stages.key(n) for n in asked(settings)])))}"


def find_written(stages: Stages, out: Path, *, public: bool, gone: Sequence[str]) -> Written | None:
    """What the same run wrote, where ``out`` still holds just that; None where anything has changed.

    ``gone``: products that a run need not have: none may be there that this one has not.
    """
    kept = stages.store.get(_key(stages, public=public))
    if kept is None:
        return None
    files = kept.value.files
    same = all((out / name).is_file() and file_digest(out / name) == d for name, d in files.items())
    same &= not any((out / name).exists() for name in gone if name not in files)
    return Written(files, kept.findings) if same else None


def note_written(stages: Stages, folder: Path, *, public: bool) -> None:
    """Remember the products in ``folder`` and what was found."""
    made = sorted(p for p in folder.rglob("*") if p.is_file())
    files = {p.relative_to(folder).as_posix(): file_digest(p) for p in made}
    stages.store.put(_key(stages, public=public), Kept(Written(files), 0.0, 0.0, stages.findings()))
