"""Packing geometry and numbers into the page's one data island.

The island is ``gzip(header length, 4 bytes little-endian | header, JSON | blob)``, four bytes in five letters. Streams of
integers stand in the blob as zigzag varints (protobuf's encoding); the header points at them with
``[offset, length in bytes]``. Coordinates are WGS84 degrees × 1e5 (about 1 m), each the difference from
the one before, so that most take one or two bytes.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Island", "lettered", "rings_of", "unlettered", "varints", "zigzag"]

Kind = Literal["polygon", "line"]

#: Degrees per unit of a packed coordinate.
SCALE = 100_000
#: Letters of Python's base85 (RFC 1924) that mean something in a page or a template, and those that stand for them.
_MEANT, _INSTEAD = "$&<`{}", ".,/:[]"


def lettered(data: bytes) -> str:
    """Bytes as letters that neither HTML nor a template reads anything into: base85, a sixteenth shorter than base64."""
    return base64.b85encode(data).decode("ascii").translate(str.maketrans(_MEANT, _INSTEAD))


def unlettered(text: str) -> bytes:
    """The bytes of :func:`lettered`.

    Examples
    --------
    >>> unlettered(lettered(b"any bytes"))
    b'any bytes'
    """
    return base64.b85decode(text.translate(str.maketrans(_INSTEAD, _MEANT)))


def zigzag(values: ArrayLike) -> NDArray[np.uint64]:
    """Signed integers as unsigned ones, small ones staying small: 0, -1, 1, -2 become 0, 1, 2, 3."""
    v = np.asarray(values, dtype=np.int64)
    return ((v << 1) ^ (v >> 63)).astype(np.uint64)


def varints(values: ArrayLike) -> bytes:
    """Unsigned integers as varints, seven bits a byte, the lowest first."""
    v = np.asarray(values, dtype=np.uint64)
    if not len(v):
        return b""
    n = max(1, -(-int(v.max()).bit_length() // 7))
    digits = ((v[:, None] >> (np.uint64(7) * np.arange(n, dtype=np.uint64))) & np.uint64(0x7F)).astype(
        np.uint8
    )
    used = np.ones(len(v), dtype=np.int64)
    for k in range(1, n):
        used[digits[:, k] != 0] = k + 1
    place = np.arange(n)
    digits |= np.where(place < (used[:, None] - 1), 0x80, 0).astype(np.uint8)
    return digits[place < used[:, None]].tobytes()


def rings_of(geometry: Any, kind: Kind) -> list[list[NDArray[np.float64]]]:
    """Parts of a geometry that are of the kind, each a list of coordinate arrays (n × 2).

    A polygon's part is its rings, the outer one first; a line's part is one array.
    """
    import shapely

    if geometry is None or geometry.is_empty:
        return []
    parts: list[list[NDArray[np.float64]]] = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon" and kind == "polygon":
            parts.append([shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)])
        elif part.geom_type in ("LineString", "LinearRing") and kind == "line":
            parts.append([shapely.get_coordinates(part)])
        elif part.geom_type.startswith(("Multi", "Geometry")):
            parts.extend(rings_of(part, kind))
    return parts


class Island:
    """Collects streams and makes the island's text.

    Examples
    --------
    >>> island = Island()
    >>> island.integers([3, -1])  # offset and length in bytes
    [0, 2]
    """

    def __init__(self) -> None:
        self._blob = bytearray()

    def _add(self, data: bytes) -> list[int]:
        start = len(self._blob)
        self._blob += data
        return [start, len(data)]

    def integers(self, values: ArrayLike, *, delta: bool = False) -> list[int]:
        """Signed integers; ``delta`` stores differences (undone by the reader, who is told)."""
        v = np.asarray(values, dtype=np.int64).ravel()
        return self._add(varints(zigzag(np.diff(v, prepend=0) if delta else v)))

    def geometries(self, geometries: Iterable[Any], *, kind: Kind) -> dict[str, list[int]]:
        """Lines or polygons in WGS84 degrees; what is of another kind in them is left out.

        Returns
        -------
        dict
            ``shape``: for every geometry its number of parts, for every part its number of rings, for
            every ring its number of points; ``xy``: all points, lng and lat in turn, as differences. A
            ring's closing point, repeated points, and rings without area at this scale are left out.
        """
        shape: list[int] = []
        coordinates: list[NDArray[np.int64]] = []
        least = 3 if kind == "polygon" else 2
        for geometry in geometries:
            packed = [[_distinct(ring, kind) for ring in rings] for rings in rings_of(geometry, kind)]
            parts = [[r for r in rings if len(r) >= least] for rings in packed if len(rings[0]) >= least]
            shape.append(len(parts))
            for rings in parts:
                shape.append(len(rings))
                shape.extend(len(ring) for ring in rings)
                coordinates.extend(rings)
        xy = np.concatenate(coordinates) if coordinates else np.zeros((0, 2), dtype=np.int64)
        return {"shape": self.integers(shape), "xy": self.integers(np.diff(xy, axis=0, prepend=0).ravel())}

    def points(self, lng: ArrayLike, lat: ArrayLike) -> list[int]:
        """Points in WGS84 degrees: lng and lat in turn, as differences."""
        xy = np.rint(np.column_stack([lng, lat]) * SCALE).astype(np.int64).reshape(-1, 2)
        return self.integers(np.diff(xy, axis=0, prepend=0).ravel())

    def text(self, header: dict[str, Any]) -> str:
        """The island for this header: letters only, the same for the same content."""
        head = json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        packed = head.encode("utf-8", "replace")  # an unpaired surrogate has no UTF-8
        whole = len(packed).to_bytes(4, "little") + packed + bytes(self._blob)
        return lettered(_zipped(whole))


def _zipped(data: bytes) -> bytes:
    """The bytes as gzip; streams of varints hold few long repeats, which this strategy of zlib expects."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    return pack.compress(data) + pack.flush()


def _distinct(ring: NDArray[np.float64], kind: Kind) -> NDArray[np.int64]:
    """A ring or line in units of 1e-5 degree without repeated points; a ring also unclosed."""
    xy = np.rint(ring[:, :2] * SCALE).astype(np.int64)
    keep = np.ones(len(xy), dtype=bool)
    keep[1:] = (np.diff(xy, axis=0) != 0).any(axis=1)
    xy = xy[keep]
    closed = kind == "polygon" and len(xy) > 1 and bool((xy[0] == xy[-1]).all())
    return xy[:-1] if closed else xy
