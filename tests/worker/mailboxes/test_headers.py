"""A header is text that every database takes, whatever its encoded words say."""

from email import message_from_bytes

import pytest

from worker.mailboxes.headers import words


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"=?utf-8?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        (b"a\r\n b", "a b"),
        (b"=?utf-7?q?a+2AA-b?=", "ab"),
        (b"a\x00b=?utf-8?q?c=00d?=", "abcd"),
        (b"=?utf-8?q?=1B[31mred?=", "red"),
        (b"a\xffb", "a\ufffdb"),
        (b"=?idna?q?xn--=FF?= =?punycode?q?=FF?=", None),
    ],
)
def test_a_header_has_no_characters_that_a_database_refuses(raw, expected):
    found = words(message_from_bytes(b"Subject: " + raw + b"\r\n\r\n"), "subject")
    assert found.encode()
    assert "\0" not in found
    assert expected is None or found == expected
