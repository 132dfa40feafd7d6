"""A mailbox has fields that work, and a consent is for the servers that it was given for."""

import pytest

from worker.errors import Invalid
from worker.mailboxes.fields import checked, trusted

KEPT = {"imap_url": "imaps://me:sealed:x@imap.desk.example", "smtp_url": None}


@pytest.mark.parametrize(
    ("given", "is_trusted"),
    [
        ({}, True),
        ({"imap_url": "imap://you@IMAP.desk.example:143"}, True),
        ({"smtp_url": "smtps://me@imap.desk.example"}, True),
        ({"smtp_url": "smtps://me@smtp.desk.example"}, False),
        ({"imap_url": "imaps://imap.desk.example@evil.example"}, False),
        ({"imap_url": None, "smtp_url": None}, True),
    ],
)
def test_another_host_is_another_server(given, is_trusted):
    assert trusted(KEPT, given) is is_trusted


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "support"),
        ("imap_url", "https://me@imap.desk.example"),
        ("imap_url", "imaps://imap.desk.example"),
        ("smtp_url", "smtps://me:pass word@smtp.desk.example"),
        ("team", ["desk.example"]),
        ("folders", {"spam": "Junk"}),
    ],
)
def test_a_field_that_cannot_work_is_refused(field, value):
    with pytest.raises(Invalid) as raised:
        checked({field: value})
    assert raised.value.field == field
