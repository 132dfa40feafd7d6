"""Characters that text may have: what no person wrote is dropped, and the rest is kept."""

import re

#: ANSI sequences of a terminal: colours and cursor moves (ECMA-48 CSI), titles and links (OSC), and two-character ones.
_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")

#: Control characters except tab and line ends, lone surrogates, and code points that are no characters.
_DROPPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

#: The two halves of a pair that JSON escaped one by one.
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def clean(text: str) -> str:
    """Return a text without control characters, terminal sequences and lone surrogates.

    Tabs and line ends stay, and so do the joiners of Persian and of emoji.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _PAIR.sub(_joined, text)
    text = _ANSI.sub("", text)
    return _DROPPED.sub("", text)


def one_line(json_text: str) -> str:
    r"""Return JSON in which no reader of lines sees a line end: U+0085, U+2028 and U+2029 are escaped."""
    if json_text.isascii():
        return json_text
    return json_text.replace("\x85", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _joined(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16", "surrogatepass").decode("utf-16")
