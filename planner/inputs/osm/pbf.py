"""Streets out of a ``.osm.pbf`` with NumPy alone, several times faster than an object at a time.

Only what streets need is decoded: ways with ``highway`` or ``route=ferry`` and turn restrictions, then the
places of the ways' nodes, then the tags of those nodes. Two passes over the blocks, so that memory grows with the streets
kept and not with the file. Layout: https://wiki.openstreetmap.org/wiki/PBF_Format. Whatever is unusual
(other compression, nodes that are not dense, history, a cut file) gives None, and osmium reads the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from planner.inputs.osm.protobuf import (
    StringTable,
    UnusualError,
    message_fields,
    ranges,
    signed,
    varints,
    way_fields,
    way_messages,
    zigzag,
)
from planner.inputs.osm.turns import RawTurn, relations_of

__all__ = ["PER_DEGREE", "RawStreets", "read_pbf"]

#: Places are whole numbers, so many to a degree.
PER_DEGREE = 1e7
#: For mixing bits.
_ODD = tuple(np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_BLOCK_LIMIT = 32 * 1024 * 1024
#: Numbers at a time.
_STEP = 1 << 16
_KEEP_BYTES = 12_000_000
_KNOWN_FEATURES = {b"OsmSchema-V0.6", b"DenseNodes"}

_NONE = np.zeros(0, np.int64)

Tags = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class RawStreets:
    """Ways and their vertices as the file holds them; ``there`` says whether a vertex has a place.

    ``x``, ``y`` are int32, :data:`PER_DEGREE` to a degree; ``vertex`` are the nodes' ids, ascending.
    """

    way_id: np.ndarray
    size: np.ndarray
    way_tags: np.ndarray
    way_sets: tuple[dict[str, str], ...]
    vertex: np.ndarray
    index: np.ndarray
    x: np.ndarray
    y: np.ndarray
    there: np.ndarray
    node_at: np.ndarray
    node_tags: np.ndarray
    node_sets: tuple[dict[str, str], ...]
    turns: tuple[RawTurn, ...] = ()


def read_pbf(
    path: Path, way_keys: Collection[str], node_keys: Collection[str], *, turns: bool = True
) -> RawStreets | None:
    """Streets of a ``.osm.pbf``, with or without turn restrictions; None if it holds anything unusual or no street."""
    ways, kept, spent = _Ways(way_keys, turns), list[bytes | None](), 0
    try:
        for block in _blocks(path):
            dense = ways.take(block)
            if not dense:
                kept.append(b"")
            else:
                spent += len(block)
                kept.append(block if spent < _KEEP_BYTES else None)
        if not ways.id:
            return None
        nodes = _Nodes(ways.ref, node_keys)
        for memory, block in zip(kept, _again(path, kept), strict=True):
            if memory != b"":
                nodes.take(block)
    except (UnusualError, LookupError, ArithmeticError, ValueError, zlib.error, OSError):
        return None
    return RawStreets(
        way_id=np.concatenate(ways.id), size=np.concatenate(ways.size), way_tags=np.concatenate(ways.tags),
        way_sets=_text(ways.sets), vertex=nodes.vertex, index=nodes.index, x=nodes.x, y=nodes.y,
        there=nodes.there, node_at=np.concatenate([_NONE, *nodes.tagged]), node_tags=np.concatenate([_NONE, *nodes.tags]).astype(np.int32),
        node_sets=_text(nodes.sets), turns=tuple(ways.turns),
    )  # fmt: skip


def _text(sets: dict[Tags, int]) -> tuple[dict[str, str], ...]:
    return tuple({k.decode(): v.decode("utf-8", "replace") for k, v in tags} for tags in sets)


def _blocks(path: Path, skip: list[bool] | None = None) -> Iterator[bytes]:
    """The data blocks, unpacked; those to skip come as ``b""``."""
    number = 0
    with path.open("rb") as file:
        while head := file.read(4):
            header = dict(message_fields(_exactly(file, int.from_bytes(head, "big"))))
            size, kind = header.get(3), header.get(1)
            if not isinstance(size, int) or size > _BLOCK_LIMIT:
                raise UnusualError
            if kind == b"OSMHeader":
                features = [v for k, v in message_fields(_unpack(_exactly(file, size))) if k == 4]
                if not set(features) <= _KNOWN_FEATURES:
                    raise UnusualError
            elif kind == b"OSMData":
                number += 1
                if skip is not None and skip[number - 1]:
                    file.seek(size, 1)
                    yield b""
                else:
                    yield _unpack(_exactly(file, size))
            else:
                raise UnusualError


def _again(path: Path, kept: list[bytes | None]) -> Iterator[bytes]:
    """Second pass: blocks that were kept, or read again where memory would not do."""
    if all(k is not None for k in kept):
        yield from (k for k in kept if k is not None)
        return
    for block, memory in zip(_blocks(path, [k is not None for k in kept]), kept, strict=True):
        yield memory or block


def _exactly(file, size: int) -> bytes:  # type: ignore[no-untyped-def]
    data = file.read(size)
    if len(data) != size or size > _BLOCK_LIMIT:
        raise UnusualError
    return data


def _unpack(blob: bytes) -> bytes:
    fields = dict(message_fields(blob))
    raw, packed = fields.get(1), fields.get(3)
    if isinstance(raw, bytes):
        return raw
    if not isinstance(packed, bytes):
        raise UnusualError
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, _BLOCK_LIMIT)
    if not unpacker.eof:
        raise UnusualError
    return data


def _parts(block: bytes) -> tuple[bytes, list[bytes], dict[int, int]]:
    """A block's table of strings, its groups, and its whole-number settings."""
    strings, groups, numbers = b"", list[bytes](), dict[int, int]()
    for number, value in message_fields(block):
        if number == 1 and isinstance(value, bytes):
            strings = value
        elif number == 2 and isinstance(value, bytes):
            groups.append(value)
        elif isinstance(value, int):
            numbers[number] = value
    return strings, groups, numbers


class _Ways:
    """Collects streets, block by block."""

    def __init__(self, keys: Collection[str], turns: bool) -> None:
        self._keys, self._turns = {k.encode() for k in keys}, turns
        self.id: list[np.ndarray] = []
        self.size: list[np.ndarray] = []
        self.ref: list[np.ndarray] = []
        self.tags: list[np.ndarray] = []
        self.sets: dict[Tags, int] = {}
        self.turns: list[RawTurn] = []

    def take(self, block: bytes) -> bool:
        """Take the streets and turn restrictions of a block; whether it also holds nodes."""
        strings, groups, _ = _parts(block)
        dense = False
        for group in groups:
            kind = group[0] >> 3 if group else 0
            if kind == 1:
                raise UnusualError
            dense |= kind == 2
            if kind == 3 and (b"highway" in strings or b"ferry" in strings):
                self._ways(group, StringTable(strings))
            if kind == 4 and self._turns:
                self.turns += relations_of(group, strings)
        return dense

    def _ways(self, group: bytes, strings: StringTable) -> None:
        data = np.frombuffer(group, np.uint8)
        start, end = way_messages(group)
        way_id, spots = way_fields(data, start, end)
        keys, n_keys = ranges(data, *spots[2])
        perhaps = np.zeros(way_id.size, bool)
        mine = np.repeat(np.arange(way_id.size), n_keys)
        perhaps[mine[_where(strings, b"highway", keys) | _where(strings, b"route", keys)]] = True
        keys, some = keys[perhaps[mine]], np.flatnonzero(perhaps)
        vals, n_vals = ranges(data, spots[3][0][some], spots[3][1][some])
        if not np.array_equal(n_keys[some], n_vals):
            raise UnusualError
        owner = np.repeat(some, n_vals)
        wanted = _where(strings, b"highway", keys) | (
            _where(strings, b"route", keys) & _where(strings, b"ferry", vals)
        )
        perhaps[:] = False
        perhaps[owner[wanted]] = True
        street = np.flatnonzero(perhaps)
        deltas, size = ranges(data, spots[8][0][street], spots[8][1][street])
        street, deltas, size = _long_enough(street, zigzag(deltas), size)
        if not street.size:
            return
        total = np.cumsum(deltas)
        head = np.concatenate([[0], np.cumsum(size)[:-1]])
        self.ref.append(total - np.repeat(total[head] - deltas[head], size))
        self.id.append(way_id[street])
        self.size.append(size)
        self.tags.append(_tag_numbers(strings, keys, vals, owner, street, self._keys, self.sets))


def _long_enough(
    street: np.ndarray, deltas: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Only ways of two nodes and more."""
    keep = size > 1
    return street[keep], deltas[np.repeat(keep, size)], size[keep]


def _where(strings: StringTable, word: bytes, numbers: np.ndarray) -> np.ndarray:
    """Where the numbers name a string."""
    mask = np.zeros(numbers.size, bool)
    for at in strings.numbers(word):
        mask |= numbers == np.uint64(at)
    return mask


def _tag_numbers(
    strings: StringTable,
    keys: np.ndarray,
    vals: np.ndarray,
    owner: np.ndarray,
    some: np.ndarray,
    wanted: Collection[bytes],
    sets: dict[Tags, int],
) -> np.ndarray:
    """The number of each object's set of wanted tags, in the order of ``some``; new sets are added.

    ``owner`` ascends. Only one object of each set becomes words: the others are known by the set's numbers.
    """
    if keys.size and max(keys.max(), vals.max()) >= len(strings):
        raise UnusualError
    known = np.zeros(len(strings), bool)
    known[
        [k for k in np.flatnonzero(np.bincount(keys.astype(np.int64))).tolist() if strings[k] in wanted]
    ] = True
    mine = np.zeros(int(owner[-1]) + 1 if owner.size else 0, bool)
    mine[some] = True
    keep = known[keys] & mine[owner]
    pair, owner = (keys[keep] << np.uint64(32)) | vals[keep], owner[keep]
    first, last = np.searchsorted(owner, some, "left"), np.searchsorted(owner, some, "right")
    alike, example, of = _alike(pair, first, last - first)
    if not alike:
        raise UnusualError
    number = np.empty(example.size, np.int32)
    for i in np.argsort(example).tolist():  # in the order in which they appear
        words = pair[first[example[i]] : last[example[i]]].tolist()
        tags = tuple([(strings[p >> 32], strings[p & 0xFFFFFFFF]) for p in words])
        number[i] = sets.setdefault(tags, len(sets))
    return number[of]


def _alike(pair: np.ndarray, first: np.ndarray, size: np.ndarray) -> tuple[bool, np.ndarray, np.ndarray]:
    """Runs of numbers that are the same: one run as the example of each, and which example each run is like.

    Runs are told apart by 64 mixed bits; that examples hold is tried, and False if one does not.
    """
    ptr = np.concatenate([[0], np.cumsum(size)])
    place = np.arange(ptr[-1]) - np.repeat(ptr[:-1], size)
    at = np.repeat(first, size) + place
    with np.errstate(over="ignore"):
        mixed = (pair[at] + place.astype(np.uint64) * _ODD[0]) * _ODD[1]
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _ODD[2]
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed ^ (mixed >> np.uint64(32)))])
        _, example, of = np.unique(total[ptr[1:]] - total[ptr[:-1]], return_index=True, return_inverse=True)
    other = example[of]
    same = (size[other] == size).all() and (pair[at] == pair[np.repeat(first[other], size) + place]).all()
    return bool(same), example, of


def _numbered(refs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The distinct numbers, ascending, and the position of each in them (int32); ``refs`` is emptied.

    As ``numpy.unique`` does, but with nothing of the size of all numbers beside them and the result.
    """
    vertex = np.concatenate(refs)
    index = np.empty(vertex.size, np.int32)
    vertex.sort()
    end, before = 0, None
    for lo in range(0, vertex.size, _STEP):  # what stands once moves to the front
        block = vertex[lo : lo + _STEP]
        new = block[np.concatenate([[block[0] != before], block[1:] != block[:-1]])]
        before = block[-1]
        vertex[end : end + new.size] = new
        end += new.size
    vertex.resize(end, refcheck=False)
    at = index.size
    while refs:
        block = refs.pop()
        index[at - block.size : at] = np.searchsorted(vertex, block)
        at -= block.size
    return vertex, index


def _common(ids: np.ndarray, vertex: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where numbers and ascending numbers are the same: positions in either, in the order of ``ids``."""
    if ids.size and (ids[1:] > ids[:-1]).all():  # mostly: then the fewer are looked for among the others
        lo, hi = np.searchsorted(vertex, (ids[0], ids[-1] + 1))
        some = vertex[lo:hi]
        near = np.searchsorted(ids, some)
        hit = np.flatnonzero(ids[near] == some)
        return near[hit], lo + hit
    near = np.minimum(np.searchsorted(vertex, ids), vertex.size - 1)
    hit = np.flatnonzero(vertex[near] == ids)
    return hit, near[hit]


class _Nodes:
    """Places and tags of the vertices of streets, block by block."""

    def __init__(self, refs: list[np.ndarray], keys: Collection[str]) -> None:
        """Takes the ids of the vertices block by block out of ``refs``."""
        self._keys = {k.encode() for k in keys}
        self.vertex, self.index = _numbered(refs)
        self.x, self.y = np.zeros(self.vertex.size, np.int32), np.zeros(self.vertex.size, np.int32)
        self.there = np.zeros(self.vertex.size, bool)
        self.tagged: list[np.ndarray] = []
        self.tags: list[np.ndarray] = []
        self.sets: dict[Tags, int] = {}

    def take(self, block: bytes) -> None:
        """Take the nodes of a block that streets use."""
        strings, groups, numbers = _parts(block)
        scale = numbers.get(17, 100)
        shift = signed(numbers.get(20, 0)), signed(numbers.get(19, 0))
        for group in groups:
            for number, message in message_fields(group) if group and group[0] >> 3 == 2 else ():
                if number == 2 and isinstance(message, bytes):
                    self._dense(dict(message_fields(message)), strings, scale, shift)

    def _dense(
        self, fields: dict[int, bytes | int], strings: bytes, scale: int, shift: tuple[int, int]
    ) -> None:
        columns = {k: np.frombuffer(v, np.uint8) for k, v in fields.items() if isinstance(v, bytes)}
        ids = np.cumsum(zigzag(varints(columns[1])))
        used, at = _common(ids, self.vertex)
        if not used.size:
            return
        lat, lng = (np.cumsum(zigzag(varints(columns[k])))[used] for k in (8, 9))
        self.x[at], self.y[at] = (shift[0] + scale * lng) // 100, (shift[1] + scale * lat) // 100
        self.there[at] = True
        if 10 in columns and (b"highway" in strings or b"barrier" in strings):
            vertex = np.full(ids.size, -1)
            vertex[used] = at
            self._tags(varints(columns[10]), StringTable(strings), vertex)

    def _tags(self, flat: np.ndarray, strings: StringTable, vertex: np.ndarray) -> None:
        """Tags of dense nodes: key, value, key, value … 0 for each; ``vertex`` of each node, -1: none."""
        stop = flat == 0
        owner = (np.cumsum(stop) - stop)[~stop]
        words = flat[~stop]
        if words.size % 2:
            raise UnusualError
        keys, vals, owner = words[::2], words[1::2], owner[::2]
        wanted = _where(strings, b"highway", keys) | _where(strings, b"barrier", keys)
        some = np.unique(owner[wanted])
        some = some[vertex[some] >= 0]
        if some.size:
            self.tagged.append(vertex[some])
            self.tags.append(_tag_numbers(strings, keys, vals, owner, some, self._keys, self.sets))
