"""RTF, by striprtf, which is told of hidden text and of the charsets of fonts first."""

import re
from collections.abc import Callable, Iterator
from itertools import groupby

from kb.errors import DocumentUnreadable
from kb.readers.blocks import Block, paragraphs
from kb.readers.rows import unmarked_rows

_HIDDEN = re.compile(r"\{\\v(?![a-z0-9])[^{}]*\}|\\v(?![a-z0-9])[^{}\\]*(?:\\v0 ?|\\plain ?)")
_FONT = re.compile(r"\{\\f(\d+)[^{}]*?\\fcharset(\d+)")

#: What a field does, such as the address of a link; what it shows stands beside it.
_INSTRUCTION = re.compile(r"\{\\\*\\fldinst\s*(?:\{[^{}]*\}|[^{}])*\}")

#: Windows code pages by the charset of a font (the RTF specification 1.9.1, "Font Table").
_CODE_PAGES = {
    "128": "cp932", "129": "cp949", "134": "gb18030", "136": "big5hkscs", "161": "cp1253", "162": "cp1254",
    "163": "cp1258", "177": "cp1255",
    "178": "cp1256", "186": "cp1257", "204": "cp1251", "222": "cp874", "238": "cp1250",
}  # fmt: skip
_BYTES = re.compile(r"(?:\\'[0-9a-fA-F]{2})+")
_FONT_CHANGE = re.compile(r"\\f(\d+)(?![0-9])")


def read_rich_text(data: bytes) -> Iterator[Block]:
    """Yield the paragraphs of an RTF document; a row of a table is a line.

    Raises:
        DocumentUnreadable: it is damaged.
    """
    from striprtf import striprtf

    convert: Callable[..., str] = striprtf.rtf_to_text
    source = data.decode("latin-1")
    source, hidden = _HIDDEN.subn("", _INSTRUCTION.sub("", source))
    try:
        text = convert(_in_unicode(source), errors="replace")
    except Exception:  # noqa: BLE001 - whatever a damaged file makes the library raise
        raise DocumentUnreadable("The RTF document is damaged and cannot be opened.") from None
    for is_table, lines in groupby(text.split("\n"), lambda line: "|" in line):
        if is_table:
            yield from unmarked_rows([[cell.strip() for cell in line.rstrip("| ").split("|")] for line in lines])
        else:
            for line in lines:
                yield from paragraphs(line)
    yield "left_out", hidden, "hidden_text", ""


def _in_unicode(source: str) -> str:
    """Return a document in which bytes in the charset of a font are characters of Unicode."""
    fonts = {number: page for number, charset in _FONT.findall(source) if (page := _CODE_PAGES.get(charset))}
    if not fonts:
        return source
    made, page = [], None
    for piece in re.split(r"(\\f\d+(?![0-9])|(?:\\'[0-9a-fA-F]{2})+|\{\\fonttbl)", source):
        if change := _FONT_CHANGE.fullmatch(piece):
            page = fonts.get(change[1])
        elif page is not None and _BYTES.fullmatch(piece):
            text = bytes.fromhex(piece.replace("\\'", "")).decode(page, "replace")
            piece = "".join(_escaped(char) for char in text)
        made.append(piece)
    return "".join(made)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-le")
    codes = (int.from_bytes(units[at : at + 2], "little", signed=True) for at in range(0, len(units), 2))
    return "".join(f"\\u{code}?" for code in codes)
