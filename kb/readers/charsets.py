"""The charset of a text that does not say it: marks, UTF-8, then what its bytes look like."""

import codecs
import re
from dataclasses import dataclass

#: Bytes that are looked at to tell a charset.
_LOOKED_AT = 64 * 1024

#: Below this confidence, Windows-1252 is more often right (on tests/support/reported_files).
_MIN_CONFIDENCE = 0.13

#: Of the characters of a text that is not UTF-8, at most this share and these few are control characters.
_MAX_CONTROLS = 0.05
_FEW_CONTROLS = 4

#: Charsets that hold all of the one that was found, and more of what is met under its name.
_WIDER = {
    "ascii": "cp1252",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "shift_jis": "cp932",
}

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A text and the charset that it was read in; `guessed` when neither a mark nor its bytes prove it."""

    text: str
    charset: str
    guessed: bool = False


def decode(data: bytes, *, said: str | None = None) -> Decoded | None:
    """Return the text in `data`, or None where it holds no text; `said` is the charset that it names itself.

    Bytes that fit no charset become U+FFFD. The halves of pairs of surrogates that are encoded one by one stay halves.
    """
    for mark, charset in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return Decoded(text=data.decode(charset, "replace"), charset=charset)
    if (wide := _wide(data)) is not None:
        return wide
    named = codec(said) if said else None
    for charset in ("iso2022_jp",) if b"\x1b$" in data else ():
        if (text := _strict(data, charset)) is not None:
            return Decoded(text=text, charset=charset)
    for charset, errors in (("utf-8", "strict"), ("utf-8", "surrogatepass"), (named or "utf-8", "strict")):
        try:
            return Decoded(text=data.decode(charset, errors), charset=charset)
        except UnicodeDecodeError:
            continue
    found = _mended(data) or _likely(data)
    if len(_CONTROL.findall(found.text)) > _FEW_CONTROLS + _MAX_CONTROLS * len(found.text):
        return None
    return found


#: Codecs of Python that are no charsets; "undefined" stands in pages whose template had no value.
_NOT_OF_TEXTS = frozenset({"undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape"})


def codec(name: str) -> str | None:
    """Return Python's name of a charset as mail and pages spell it, or None when nobody knows it."""
    plain = name.strip().strip("\"'").lower()
    spelt = (
        plain,
        re.sub(r"-[ie]$", "", plain),
        re.sub(r"^(?:windows|cp|x-cp)-?", "cp", plain),
        plain.removeprefix("x-"),
    )
    for spelling in spelt:
        try:
            info = codecs.lookup(spelling)
        except (LookupError, ValueError):
            continue
        found = info.name
        if not info._is_text_encoding or found in _NOT_OF_TEXTS:
            continue
        return _WIDER.get(found, found)
    return None


def _strict(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return None


def _wide(data: bytes) -> Decoded | None:
    """Return a text of two bytes a character without a mark, of which every other byte is mostly zero."""
    looked = data[:_LOOKED_AT]
    if len(data) < 4 or len(data) % 2:
        return None
    for charset, high, low in (("utf-16-le", looked[1::2], looked[::2]), ("utf-16-be", looked[::2], looked[1::2])):
        few, many = low.count(0), high.count(0)
        if many > 4 * few and many > 0.3 * len(high):
            text = _strict(data, charset)
            if text is not None:
                return Decoded(text=text, charset=charset)
    return None


def _mended(data: bytes) -> Decoded | None:
    """Return UTF-8 of which a few bytes are broken, or None where it is something else."""
    text = data.decode("utf-8", "replace")
    broken, whole = text.count("\ufffd"), sum(char > "\x7f" for char in text)
    return Decoded(text=text, charset="utf-8") if whole - broken >= 3 * broken else None


def _likely(data: bytes) -> Decoded:
    import chardet

    found = chardet.detect(data[:_LOOKED_AT])
    charset = codec(found["encoding"] or "cp1252") or "cp1252"
    if (found["confidence"] or 0) < _MIN_CONFIDENCE:
        charset = "cp1252"
    for tried in dict.fromkeys((charset, "cp1252")):
        text = _strict(data, tried)
        if text is not None:
            return Decoded(text=text, charset=tried, guessed=True)
    return Decoded(text=data.decode(charset, "replace"), charset=charset, guessed=True)
