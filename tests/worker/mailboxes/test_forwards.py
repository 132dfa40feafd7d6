"""A customer's mail is found in what a colleague forwards, as each mail program writes it."""

import pytest

from tests.support.mails import mail
from worker.mailboxes.forwards import forwarded
from worker.mailboxes.parsing import parse

GMAIL = """FYI

---------- Forwarded message ---------
From: Zoe Zed <zoe@far.example>
Date: Thu, Nov 26, 2026 at 10:00 AM
Subject: Broken
To: <ola@desk.example>


It does not start."""
OUTLOOK = """Kannst du das übernehmen?

________________________________
Von: Zoe Zed <zoe@far.example>
Gesendet: Donnerstag, 26. November 2026 10:00
An: Ola <ola@desk.example>
Betreff: Kaputt

Es startet nicht."""
APPLE = """Begin forwarded message:

> From: Zoe Zed <zoe@far.example>
> Subject: Broken
> Date: 26 November 2026 at 10:00:00 CET
> To: ola@desk.example
>
> It does not start."""
OLD_OUTLOOK = """-----Original Message-----
From: Zoe Zed [mailto:zoe@far.example]
Sent: Thursday, November 26, 2026 10:00 AM
To: Ola
Subject: Broken

It does not start."""


@pytest.mark.parametrize(
    ("text", "subject", "said"),
    [
        (GMAIL, "Fwd: Broken", "It does not start."),
        (OUTLOOK, "WG: Kaputt", "Es startet nicht."),
        (APPLE, "Fwd: Broken", "It does not start."),
        (OLD_OUTLOOK, "FW: Broken", "It does not start."),
    ],
    ids=["gmail", "outlook", "apple", "old outlook"],
)
def test_the_customer_and_their_words_are_found(text, subject, said):
    found = forwarded(parse(mail(text, subject=subject)))
    assert found is not None
    assert (str(found.writer), found.text) == ("Zoe Zed <zoe@far.example>", said)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (GMAIL, "Re: Broken"),
        ("From: Zoe <zoe@far.example>\nis what it says.", "Fwd: Broken"),
        ("Look.", "Fwd: Broken"),
        (GMAIL.replace("zoe@far.example", "hidden"), "Fwd: Broken"),
    ],
)
def test_what_forwards_nothing_that_can_be_read_is_the_colleagues_own(text, subject):
    assert forwarded(parse(mail(text, subject=subject))) is None
