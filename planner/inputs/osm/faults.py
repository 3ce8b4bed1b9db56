"""What can be wrong with an OSM file, and how much memory its nodes may take."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import math
import re
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import osmium

from planner.errors import InputError, Told, finding, told

__all__ = ["OSM_ERRORS", "broken_file", "check_places", "contents", "foreign_xml", "location_store"]

#: What osmium raises about a file.
OSM_ERRORS = (RuntimeError, ValueError, osmium.InvalidLocationError)

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
    if "out of order" in str(error):
        return InputError([finding("NET-128", source=path.name, why=str(error))])
    root = re.search(r"Unknown top-level element: (\S+)", str(error))
    if root is not None:
        return foreign_xml(path, root[1])
    byte = _pbf_position(path) if name.endswith(".pbf") else _xml_position(path, str(error))
    return InputError([finding("NET-106", source=path.name, byte=byte, why=str(error))])


_FOREIGN = {
    "net": told(": a network of SUMO; give the .osm file it was made from, or its edges as GeoJSON",
                "：SUMO 路网；请提供其来源 .osm 文件，或将路段导出为 GeoJSON"),
    "gpx": told(": GPS tracks; streets are wanted", "：GPS 轨迹；此处需要街道"),
    "kml": told(": places of Google Earth; export the streets as GeoJSON", "：Google Earth 地标；请将街道导出为 GeoJSON"),
    "osmChange": told(": changes, not a map; download an extract", "：变更集而非地图；请下载区域数据"),
}  # fmt: skip


def foreign_xml(path: Path, root: str) -> InputError:
    """Say what an XML file is that is not OpenStreetMap's, by its first element."""
    hint = _FOREIGN.get(
        root, told("; download an extract (.osm, .osm.pbf)", "；请下载区域数据（.osm、.osm.pbf）")
    )
    return InputError([finding("NET-129", source=path.name, value=root, hint=hint)])


def contents(path: Path) -> Told:
    """How many nodes, ways and relations a file without streets holds, as the end of a sentence; "" if it cannot be counted."""
    n = dict.fromkeys("nwr", 0)
    try:
        for thing in osmium.FileProcessor(str(path)):
            n["n" if thing.is_node() else "w" if thing.is_way() else "r"] += 1
    except OSM_ERRORS:
        return told("", "")
    words = {"nodes": f"{n['n']:,}", "ways": f"{n['w']:,}", "relations": f"{n['r']:,}"}
    return told("; it holds {nodes} nodes, {ways} ways and {relations} relations, so it may be an extract of something else",
                "；文件含节点 {nodes} 个、路径 {ways} 条、关系 {relations} 个，可能不是街道数据", **words)  # fmt: skip


_LAT = rb"[+-]?(?:90(?:\.0*)?|[0-8]?\d(?:\.\d*)?)"
_LON = rb"[+-]?(?:180(?:\.0*)?|1[0-7]\d(?:\.\d*)?|\d?\d(?:\.\d*)?)"
_BAD_PLACE = re.compile(  # within one element: no "<" may stand in it
    rb"<node\b(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*?\s(?:lat\s*=\s*([\"'])(?!" + _LAT + rb"\1)[^\"'<]*"
    rb"|lon\s*=\s*([\"'])(?!" + _LON + rb"\2)[^\"'<]*)[\"']"
)
_CHUNK = 1 << 22


def check_places(path: Path) -> None:
    """Refuse OSM XML in which a node's latitude or longitude is none: osmium ends the process at some of them.

    Raises
    ------
    InputError
        Such a node, by its number.
    """
    name = path.name.lower()
    if name.endswith(".pbf"):
        return
    opener = gzip.open if name.endswith(".gz") else bz2.open if name.endswith(".bz2") else open
    rest = b""
    try:
        with opener(path, "rb") as file:
            while block := file.read(_CHUNK):
                text = rest + block
                cut = text.rfind(b"<node")
                _refuse_bad_place(path, text)
                rest = text[cut:] if cut >= 0 and len(text) - cut < _CHUNK else b""
    except (EOFError, OSError, zlib.error):
        return  # cut short: the reader says where


def _refuse_bad_place(path: Path, text: bytes) -> None:
    for m in _BAD_PLACE.finditer(text):
        said = m[0].split(b"lat" if m[1] else b"lon")[-1]
        try:
            value = float(said.partition(b"=")[2].strip().strip(b"\"'").decode("utf-8", "replace"))
        except ValueError:
            value = math.nan
        if not abs(value) <= (90 if m[1] else 180):
            number = re.search(rb"\sid\s*=\s*[\"']([^\"']*)", m[0])
            node = number[1].decode("utf-8", "replace") if number else "?"
            shown = ("lat" if m[1] else "lon") + said.decode("utf-8", "replace")
            raise InputError([finding("NET-127", source=path.name, field=shown, value=node)])


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
