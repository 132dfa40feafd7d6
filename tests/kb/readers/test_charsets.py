"""Text without a mark is read in the charset that its bytes look like."""

import pytest

from kb.readers.charsets import codec, decode


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UTF8", "utf-8"), ("iso-8859-8-i", "iso8859-8"), ("cp-850", "cp850"), ("windows-874", "cp874"),
        ("x-gbk", "gb18030"), ("latin1", "cp1252"),
        ("Shift_JIS", "cp932"), ("bogus", None), ("", None), ("a\x00b", None),
    ],
)  # fmt: skip
def test_charsets_are_known_by_the_names_that_mail_and_pages_use(name, expected):
    assert codec(name) == expected


def test_a_charset_that_only_the_bytes_tell_is_a_guess():
    found = decode("Возврат товара в течение 30 дней.".encode("cp1251"))
    assert (found.text, found.charset, found.guessed) == ("Возврат товара в течение 30 дней.", "cp1251", True)
    assert decode("Größe".encode()).guessed is False
    assert decode("返品".encode("cp932"), said="shift_jis").guessed is False


def test_bytes_that_are_no_text_are_none():
    assert decode(bytes(range(256)) * 8) is None
    assert decode(b"\xff\x00\x01\x02\x03\x04\x05\x06") is None


def test_nul_within_text_is_text():
    assert decode(b"text\x00more").text == "text\x00more"


@pytest.mark.parametrize("name", ["undefined", "hex", "base64", "rot13", "idna"])
def test_codecs_that_are_no_charsets_are_not_taken_for_one(name):
    assert codec(name) is None
    assert decode("Größe".encode("cp1252"), said=name).text == "Größe"
