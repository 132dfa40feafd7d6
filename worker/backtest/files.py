"""Read a file of past tickets, whatever its format and encoding."""

import codecs
import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path

from worker.backtest import exports, tables
from worker.backtest.past_tickets import PastTickets
from worker.errors import Invalid

_MAX_BYTES = 2 * 1024**3

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

#: What other files begin with, and what to do about each.
_OTHERS = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive: save the sheet as CSV, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    (b"%PDF", "a PDF"),
)


def read(path: Path, *, chosen: Mapping[str, str], encoding: str | None = None) -> PastTickets:
    """Return the tickets of a CSV, JSON or JSON Lines file, also of one that gzip compressed.

    Args:
        path: the file.
        chosen: names of columns by field, which count before those that are known.
        encoding: by default, that of its byte order mark, UTF-8, or else Windows-1252.

    Raises:
        Invalid: it is none of these, is too large or empty, or has no columns for question and reply.
    """
    data = _bytes(path)
    text, named = _decoded(data, encoding)
    start = text.lstrip()[:1]
    if not start:
        raise Invalid(f"{path.name} is empty.")
    if start == "<":
        raise Invalid(f"{path.name} is XML or HTML: export the tickets as JSON or CSV.")
    found = PastTickets(format="JSON" if start in "[{" else "CSV", encoding=named)
    (exports if start in "[{" else tables).read(text, found, chosen)
    return found


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise Invalid(f"{path.name} has over {_MAX_BYTES // 1024**3} GiB: split it.")
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            with gzip.open(path) as file:
                data = file.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Invalid(f"{path.name} cannot be read: {error}.") from None
    if len(data) > _MAX_BYTES:
        raise Invalid(f"{path.name} has over {_MAX_BYTES // 1024**3} GiB once unpacked: split it.")
    for signature, kind in _OTHERS:
        if data.startswith(signature):
            raise Invalid(f"{path.name} is {kind}.")
    return data


def _decoded(data: bytes, encoding: str | None) -> tuple[str, str]:
    """Return the text of a file and its encoding; a few bytes that are not UTF-8 stay, as lone surrogates."""
    if encoding is not None:
        try:
            return data.decode(encoding), encoding
        except LookupError:
            raise Invalid(
                f"There is no encoding {encoding}; utf-8, cp1252, iso-8859-2 and shift_jis are some."
            ) from None
        except UnicodeError as error:
            raise Invalid(f"The file is not {encoding}: {error}.") from None
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(name, "surrogateescape" if name == "utf-8-sig" else "replace"), name
    if data[1:2] == b"\x00" and data[3:4] == b"\x00":
        return data.decode("utf-16-le", "replace"), "utf-16-le"
    text = data.decode("utf-8", "surrogateescape")
    broken = sum(0xDC80 <= ord(char) <= 0xDCFF for char in text)
    if broken and broken > sum(ord(char) > 0x7F for char in text) - broken:
        return data.decode("cp1252", "replace"), "cp1252"
    return text, "utf-8"
