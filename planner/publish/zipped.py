"""Office files are zip archives that carry the time of writing: the same content, without the clock."""

from __future__ import annotations

import io
import re
import zipfile

__all__ = ["FIXED_DATE", "without_clock"]

#: What a product's properties say instead of the time of writing: the day of the work report that the
#: study answers to. Real times are in ``run.json``.
FIXED_DATE = "2024-01-24T00:00:00Z"
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")


def without_clock(content: bytes) -> bytes:
    """The same xlsx / docx archive with every time stamp fixed, so that equal content is equal bytes.

    Entry times become 1980-01-01, creation and change dates in ``docProps/core.xml`` become
    :data:`FIXED_DATE`; entries keep their order.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "docProps/core.xml":
                data = _STAMP.sub(rb"\g<1>" + FIXED_DATE.encode() + rb"\g<3>", data)
            fixed = zipfile.ZipInfo(entry.filename, date_time=(1980, 1, 1, 0, 0, 0))
            fixed.compress_type = zipfile.ZIP_DEFLATED
            fixed.external_attr = 0o600 << 16
            new.writestr(fixed, data)
    return out.getvalue()
