from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import UnsafePathError
from planner.publish import safe
from tests.publish.hostile import FORMULAS, HOSTILE, MARKUP


@pytest.mark.parametrize("text", [t for t in FORMULAS if not t.startswith("_x")])
def test_formula_like_text_gets_an_apostrophe_in_csv(text: str) -> None:
    assert safe.csv_text(text).startswith("'")
    assert safe.csv_text(text)[1:] == safe.plain_text(text)


@pytest.mark.parametrize("text", ["石路驿站", "08:00-20:00", "a=b", "3-5", "", "<b>"])
def test_ordinary_text_stays_as_it_is_in_csv(text: str) -> None:
    assert safe.csv_text(text) == text


@given(st.text(alphabet=st.characters(), max_size=30))
def test_plain_text_fits_xml_and_utf8_and_is_stable(text: str) -> None:
    plain = safe.plain_text(text)
    plain.encode("utf-8")
    assert not any((ord(c) < 32 and c not in "\t\n\r") or c in "\x7f\ufffe\uffff" for c in plain)
    assert safe.plain_text(plain) == plain
    assert len(plain) == len(text) or plain == ""


def test_missing_values_are_empty_and_control_characters_become_visible() -> None:
    assert [safe.plain_text(v) for v in (None, float("nan"))] == ["", ""]
    assert safe.plain_text("a\0b\x1b") == "a␀b␛"
    assert safe.cell_text("a\tb\nc\u2028d") == "a b c d"


def test_excels_own_escapes_are_made_literal() -> None:
    assert safe.xlsx_text("_x003D_1") == "_x005F_x003D_1"
    assert len(safe.xlsx_text("长" * 40_000)) == 32767


BAD_NAMES = [
    "", " ", ".", "..", "../../x", "/etc/passwd", "a/b", "a\\b", "C:\\x", "CON", "con.txt", "NUL", "LPT1", "com¹",
    "a\0b", "x" * 300, "汉" * 70, "a:b", "a|b", 'a"b', "<a>", "trailing ", "trailing.", "~x", "-rf", "a\u202eb", "a\nb",
    "\ud800", "?", "*",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_unsafe_names_are_refused(name: str) -> None:
    with pytest.raises(UnsafePathError):
        safe.safe_name(name)


@pytest.mark.parametrize("name", ["gusu", "姑苏区", "a-b_c", "v1.2", "公园 一期", "console"])
def test_ordinary_names_are_kept(name: str) -> None:
    assert safe.safe_name(name) == name


def left_beside(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir() if p != path)


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "plan.gpkg"
    path.write_text("old")

    def fail() -> None:
        with safe.atomic_path(path) as temporary:
            temporary.write_text("half")
            temporary.with_name(temporary.name + "-journal").write_text("left by a database")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert (path.read_text(), left_beside(path)) == ("old", [])


@pytest.mark.parametrize(("number", "code"), [(errno.EACCES, "OUT-002"), (errno.ENOSPC, "OUT-001")])
def test_a_file_held_open_elsewhere_or_a_full_disk_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    path = tmp_path / "recommendations.xlsx"
    path.write_bytes(b"old")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(safe.OutputError) as caught:
        safe.write_bytes(path, b"new")
    assert caught.value.finding.code == code
    assert "recommendations.xlsx" in str(caught.value)
    assert (path.read_bytes(), left_beside(path)) == (b"old", [])


def test_a_folder_that_is_a_file_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(safe.OutputError):
        safe.write_text(tmp_path / "file" / "run.json", "{}")


def test_an_empty_result_does_not_replace_anything(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(safe.OutputError):
        safe.write_bytes(path, b"")
    assert path.read_text() == "old"


_FULL_DISK = """
import resource, sys
from pathlib import Path
from planner.publish import safe
from planner.exports.gis import layers
from planner.workbook import whole as workbook
from tests.publish.toy import toy_bundle
bundle = toy_bundle()
write = {"xlsx": workbook.write_workbook, "gpkg": layers.write_layers}[sys.argv[1]]
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write(bundle, Path(sys.argv[2]))
except safe.OutputError as error:
    print(error.finding.code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("kind", ["xlsx", "gpkg"])
def test_no_room_left_while_writing_keeps_the_old_product(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"plan.{kind}"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, kind, str(path)], capture_output=True, text=True, check=False, cwd=Path.cwd()
    )  # fmt: skip
    assert done.stdout.strip() in ("OUT-001", "OUT-002"), done.stderr
    assert (path.read_bytes(), left_beside(path)) == (b"old", [])


def test_html_text_cannot_leave_its_place() -> None:
    for text in HOSTILE + MARKUP:
        assert not set(safe.html_text(text)) & set("<>\"'")
