"""Automatic mail: told by what only software writes; a person who speaks of it is a person."""

import pytest

from worker.reading.automatic import Automatic, Envelope, detect
from worker.reading.message import read


def told(text: str, **envelope: object) -> Automatic | None:
    return detect(read(text), Envelope(**envelope))


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Auto-Submitted": "auto-replied"}, "declared"),
        ({"AUTO-SUBMITTED": "auto-generated; x=y"}, "declared"),
        ({"X-Autoreply": "yes"}, "declared"),
        ({"Precedence": "bulk"}, "declared"),
        ({"Return-Path": "<>"}, "bounce"),
        ({"Content-Type": "multipart/report; report-type=delivery-status"}, "delivery_report"),
    ],
)
def test_the_headers_of_rfc_3834_decide(headers, kind):
    assert told("Fine.", headers=headers).kind == kind


@pytest.mark.parametrize(
    "headers",
    [{"Auto-Submitted": "no"}, {"X-Auto-Response-Suppress": "All"}, {"List-Id": "support"}, {"Precedence": "list"}],
)
def test_headers_that_peoples_mail_has_too_do_not(headers):
    assert told("Where is my parcel?", headers=headers) is None


def test_what_a_channel_declares_decides():
    assert told("Fine.", declared=True).kind == "declared"


def test_quoted_automatic_mail_does_not_count():
    quoted = (
        "> This is the mail system at host mx.firm.example.\n> Your message could not be delivered to one recipient."
    )
    assert told(f"I got this. Could you check my address?\n\n{quoted}") is None


def test_a_person_who_answers_an_automatic_reply_is_a_person():
    assert told("Thanks. Can I still cancel?", subject="RE: Automatic reply: Your order") is None


def test_a_question_above_the_footer_of_a_newsletter_is_a_person_s():
    footer = "You are receiving this email because you signed up. Unsubscribe | View in browser"
    assert told(f"Does the code work in the store?\n\n{footer}") is None
    assert told(f"Our sale has begun.\n\n{footer}").kind == "newsletter"
    assert told(f"Ready for winter?\n\n{footer}", sender="news@brand.example").kind == "newsletter"


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Please change my delivery address. I am on vacation until Monday, please contact my neighbour.", None),
        ("Delivery has failed to these recipients or groups - I get this for my colleague. How do I fix it?", None),
        ("Bitte senden Sie mir die Police.", "Auto: Versicherung"),
        ("I can't set it up in your app.", "Abwesenheitsnotiz einrichten"),
        ("Your system does not send my newsletter.", "Mail delivery failed"),
    ],
)
def test_a_person_who_is_away_or_writes_of_failures_is_a_person(text, subject):
    assert told(text, subject=subject) is None
