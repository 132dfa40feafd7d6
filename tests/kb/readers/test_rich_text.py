"""RTF is read in the charsets of its fonts."""

from kb.readers.rich_text import read_rich_text


def texts(data: bytes) -> list[str]:
    return [text for kind, _level, text, _anchor in read_rich_text(data) if kind != "left_out" and text]


def test_bytes_are_those_of_the_font_that_is_set():
    data = rb"{\rtf1\ansi{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}}\f0 A\f1\'c2\'ee\f0 B\par}"
    assert texts(data) == ["AВоB"]


def test_hidden_text_is_counted():
    assert ("left_out", 1, "hidden_text", "") in list(read_rich_text(rb"{\rtf1 Seen {\v not}\par}"))


def test_what_is_no_rtf_makes_no_error():
    assert texts(b"{\\rtf1 " + b"{" * 5_000) == []
