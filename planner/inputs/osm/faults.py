"""What can be wrong with an OSM file, and how much memory its nodes may take."""

from __future__ import annotations

import contextlib
import re
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import osmium

from planner.errors import InputError, finding

__all__ = ["broken_file", "location_store"]

#: From this size on, the places of nodes are kept in a temporary file instead of memory.
LARGE_BYTES = 100_000_000


@contextlib.contextmanager
def location_store(path: Path) -> Iterator[Any]:
    """An index from node to place: 16 bytes a node, in memory, or on disk for a large file."""
    if path.stat().st_size < LARGE_BYTES:
        yield osmium.index.create_map("flex_mem")
        return
    with tempfile.TemporaryDirectory(prefix="planner-") as folder:
        yield osmium.index.create_map(f"sparse_file_array,{folder}/nodes")


def broken_file(path: Path, error: Exception) -> InputError:
    """Say where an OSM file stops being one."""
    name = path.name.lower()
    if path.stat().st_size == 0:
        return InputError([finding("NET-106", source=path.name, value="", byte=0, why="empty file")])
    byte = _pbf_position(path) if name.endswith(".pbf") else _xml_position(path, str(error))
    return InputError([finding("NET-106", source=path.name, byte=byte, why=str(error))])


def _pbf_position(path: Path) -> int:
    """The byte at which the last whole block of a ``.pbf`` ends.

    The file is a chain of blocks, each with its sizes in front
    (https://wiki.openstreetmap.org/wiki/PBF_Format#File_format).
    """
    size, position = path.stat().st_size, 0
    with path.open("rb") as file:
        while position + 4 <= size:
            file.seek(position)
            (head_size,) = struct.unpack(">I", file.read(4))
            head = file.read(head_size)
            data = _field_3(head) if len(head) == head_size <= 65536 else None
            if data is None or position + 4 + head_size + data > size:
                return position
            position += 4 + head_size + data
    return position


def _field_3(head: bytes) -> int | None:
    """``datasize`` of a BlobHeader: field 3, a varint."""
    i = 0
    while i < len(head):
        key, i = _varint(head, i)
        value, i = _varint(head, i)
        if key == 0x18:
            return value
        if key & 7 == 2:
            i += value
        elif key & 7 != 0:
            return None
    return None


def _varint(data: bytes, i: int) -> tuple[int, int]:
    value = shift = 0
    while i < len(data):
        byte = data[i]
        value |= (byte & 0x7F) << shift
        i, shift = i + 1, shift + 7
        if byte < 0x80:
            break
    return value, i


def _xml_position(path: Path, message: str) -> int:
    """The byte of the line and column that the XML parser names; the file's end if it names none."""
    where = re.search(r"line (\d+),? column (\d+)", message)
    if where is None or path.suffix.lower() not in (".osm", ".xml"):
        return path.stat().st_size
    line, column = int(where[1]), int(where[2])
    position = 0
    with path.open("rb") as file:
        for _ in range(line - 1):
            position += len(file.readline())
    return min(position + column, path.stat().st_size)
