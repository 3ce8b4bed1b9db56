"""Arrays on disk without pickle: one uncompressed ``.npz``, mapped into memory when read."""

from __future__ import annotations

import os
import struct
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from planner.errors import PlannerError

__all__ = ["load_arrays", "save_arrays"]


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray], meta: str) -> Path:
    """Write ``arrays`` and the text ``meta`` to ``path``; the same content gives the same bytes.

    The file appears whole or not at all.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            everything = {**arrays, "meta": np.frombuffer(meta.encode(), np.uint8)}
            for name, array in everything.items():
                entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
                with archive.open(entry, "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return path


def load_arrays(path: Path, names: Sequence[str]) -> tuple[dict[str, np.ndarray], str]:
    """Read what :func:`save_arrays` wrote; arrays are read-only views of the file.

    Raises
    ------
    PlannerError
        The file is missing, cut short or lacks an array.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            entries = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
            arrays = {name: _map(path, file, entries[name]) for name in (*names, "meta")}
    except (OSError, KeyError, ValueError, struct.error, zipfile.BadZipFile) as error:
        raise PlannerError(f"{path.name} is not a network that planner saved: {error}") from error
    return arrays, bytes(arrays.pop("meta")).decode()


def _map(path: Path, file, entry: zipfile.ZipInfo) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Map one stored member of the archive into memory."""
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{entry.filename} is compressed")
    file.seek(entry.header_offset)
    name_length, extra_length = struct.unpack("<26x2H", file.read(30))
    file.seek(entry.header_offset + 30 + name_length + extra_length)
    version = np.lib.format.read_magic(file)
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    shape, fortran, dtype = read_header(file)
    if dtype.hasobject or fortran:
        raise ValueError(f"{entry.filename} holds objects")
    if 0 in shape:
        return np.zeros(shape, dtype)
    if file.tell() + dtype.itemsize * int(np.prod(shape)) > path.stat().st_size:
        raise ValueError("the file is cut short")
    return np.memmap(path, dtype=dtype, mode="r", offset=file.tell(), shape=shape)
