"""Protocol-buffer messages, a run of numbers at a time, with NumPy.

Varints hold seven bits a byte, the lowest first; the last byte is below 0x80
(https://protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = [
    "StringTable",
    "UnusualError",
    "few_varints",
    "message_fields",
    "ranges",
    "signed",
    "varints",
    "way_fields",
    "way_messages",
    "zigzag",
]


class UnusualError(Exception):
    """Something this reader does not know."""


def message_fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """(number, value) of each field of a message: bytes, or an unsigned integer."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        value, at = _varint(data, at)
        if key & 7 == 0:
            yield key >> 3, value
        elif key & 7 == 2:
            if at + value > end:
                raise UnusualError
            yield key >> 3, data[at : at + value]
            at += value
        else:
            raise UnusualError


def _varint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    at += 1
    if byte < 0x80:
        return byte, at
    value, shift = byte & 0x7F, 7
    while byte >= 0x80:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value, at


def signed(value: int) -> int:
    """A negative int64 is written as its two's complement."""
    return value - (1 << 64) if value >> 63 else value


class StringTable:
    """The strings of a block, by number; each is cut out only when it is asked for."""

    def __init__(self, table: bytes) -> None:
        heads, at, end = [], 0, len(table)
        while at < end:
            heads.append(at)
            if table[at] != 0x0A:
                raise UnusualError
            length = table[at + 1]
            at += 2
            if length >= 0x80:
                length, at = _varint(table, at - 1)
            at += length
        if at != end:
            raise UnusualError
        heads.append(end)
        self._table, self._heads, self._cut = table, heads, dict[int, bytes]()

    def __len__(self) -> int:
        return len(self._heads) - 1

    def __getitem__(self, number: int) -> bytes:
        found = self._cut.get(number)
        if found is None:
            if number < 0:
                raise UnusualError
            _, at = _varint(self._table, self._heads[number] + 1)
            found = self._cut[number] = self._table[at : self._heads[number + 1]]
        return found

    def starting(self, begin: bytes) -> list[int]:
        """Numbers of the words of less than 128 bytes that begin so."""
        found, at = list[int](), -1
        while (at := self._table.find(begin, at + 1)) >= 0:
            number = bisect_left(self._heads, at - 2)
            if self._heads[number] == at - 2:
                found.append(number)
        return found

    def numbers(self, word: bytes) -> list[int]:
        """Under which numbers a word of less than 128 bytes stands (mostly one)."""
        return [i for i in self.starting(word) if self[i] == word]


def few_varints(data: bytes) -> list[int]:
    """Every varint of a short run of bytes."""
    found, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        found.append(value)
    return found


def varints(data: np.ndarray) -> np.ndarray:
    """Every varint of a run of bytes, as uint64."""
    if not data.size:
        return np.zeros(0, np.uint64)
    last = np.flatnonzero(data < 0x80)
    if not last.size or last[-1] != data.size - 1:
        raise UnusualError
    length = np.empty_like(last)
    length[0], length[1:] = last[0] + 1, last[1:] - last[:-1]
    longest = int(length.max())
    kind: Any = np.uint32 if longest <= 4 else np.uint64  # 28 bits and less in half the room
    low = (data & np.uint8(0x7F)).astype(kind)
    value = low[last]
    for k in range(1, longest):  # from the last byte, the highest, down
        more = np.flatnonzero(length > k)
        value[more] = (value[more] << kind(7)) | low[last[more] - k]
    return value.astype(np.uint64)


def zigzag(value: np.ndarray) -> np.ndarray:
    """Signed numbers from their zigzag form (0, -1, 1, -2 … written as 0, 1, 2, 3 …)."""
    return (value >> np.uint64(1)).astype(np.int64) ^ -(value & np.uint64(1)).astype(np.int64)


def ranges(data: np.ndarray, start: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The varints within several ranges of bytes, one after the other, and how many each range holds."""
    edge = np.concatenate([[0], np.cumsum(size)])
    run = data[np.arange(edge[-1]) + np.repeat(start - edge[:-1], size)]
    ends = np.concatenate([[0], np.cumsum(run < 0x80)])
    return varints(run), np.diff(ends[edge])


def way_messages(group: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Where each message of a group of ways begins and ends."""
    start, end, at, size = [], [], 0, len(group)
    while at < size:
        if group[at] != 0x1A:
            raise UnusualError
        length = group[at + 1]
        at += 2
        if length >= 0x80:
            length, at = _varint(group, at - 1)
        start.append(at)
        at += length
        end.append(at)
    if at != size:
        raise UnusualError
    return np.array(start, np.int64), np.array(end, np.int64)


def way_fields(
    data: np.ndarray, start: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, dict[int, tuple[np.ndarray, np.ndarray]]]:
    """Ids of all ways, and where their keys (2), values (3) and nodes (8) lie: all ways take a step at a time."""
    n = start.size
    way_id = np.zeros(n, np.int64)
    spots = {f: (np.zeros(n, np.int64), np.zeros(n, np.int64)) for f in (2, 3, 8)}
    at, active = start.copy(), np.arange(n)
    while active.size:
        key = data[at[active]].astype(np.int64)
        value, after = _step(data, at[active] + 1)
        number, packed = key >> 3, (key & 7) == 2
        if ((key & 7 != 0) & ~packed).any() or (key >= 0x80).any():
            raise UnusualError
        way_id[active[number == 1]] = value[number == 1]
        for field, (where, size) in spots.items():
            mine = number == field
            where[active[mine]], size[active[mine]] = after[mine], value[mine]
        at[active] = after + np.where(packed, value, 0)
        if (at > end).any():
            raise UnusualError
        active = np.flatnonzero(at < end)
    return way_id, spots


def _step(data: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The varints at these places, and the places after them."""
    value, at, open_ = np.zeros(at.size, np.int64), at.copy(), np.arange(at.size)
    for k in range(10):
        byte = data[at[open_]]
        value[open_] |= (byte & np.uint8(0x7F)).astype(np.int64) << (7 * k)
        at[open_] += 1
        open_ = open_[byte >= 0x80]
        if not open_.size:
            return value, at
    raise UnusualError
