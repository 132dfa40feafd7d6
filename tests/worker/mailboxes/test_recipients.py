"""Who refused a mail is known by address, and whoever has it gets it once."""

import json
from dataclasses import replace

import pytest

from tests.support.mails import mail
from worker.mailboxes.addresses import Address
from worker.mailboxes.authentication import Belief
from worker.mailboxes.composing import Draft
from worker.mailboxes.envelopes import envelope_of
from worker.mailboxes.outgoing import OutgoingMail
from worker.mailboxes.parsing import parse
from worker.mailboxes.recipients import Progress, from_json, to_json

ANN, CARL = "ann@shop.example", "carl@shop.example"
ANSWERED = parse(mail())
OUTGOING = OutgoingMail(
    ticket="mail_1",
    is_draft=False,
    draft=Draft(
        message_id="whd_1@desk.example",
        sender=Address(address="support@desk.example"),
        to=(Address(address=ANN),),
        cc=(Address(address=CARL),),
        text="Yes.",
        answers=envelope_of(ANSWERED, ANSWERED.correspondent, Belief.BELIEVED),
        date=0,
        language="en",
    ),
)
NEW = Progress(left=(ANN, CARL))


@pytest.mark.parametrize(
    ("refusals", "left", "status", "final"),
    [
        ({}, (), 200, False),
        ({ANN: (450, b"later")}, (ANN,), 450, False),
        ({ANN: (550, b"gone")}, (), 550, True),
        ({CARL: (550, b"gone")}, (), 200, False),
        ({ANN: (451, b"later"), CARL: (550, "gone")}, (ANN,), 451, False),
        ({ANN: (550, b"gone"), CARL: (451, b"later")}, (CARL,), 451, False),
    ],
)
def test_who_is_refused_for_now_is_left_and_a_customer_who_is_refused_ends_it(refusals, left, status, final):
    progress = NEW.after(refusals)
    result = progress.result(OUTGOING)
    assert (progress.left, result.status, result.final) == (left, status, final)
    assert all(address in (result.error or "") for address in refusals)


def test_an_address_that_was_refused_earlier_is_still_told_at_the_end():
    first = NEW.after({ANN: (550, b"gone"), CARL: (451, b"later")})
    kept = from_json(json.loads(json.dumps(to_json(first))))
    assert kept == replace(first, delayed={})
    result = kept.after({}).result(OUTGOING)
    assert (result.status, result.final, result.error) == (
        550,
        True,
        "Refused for some, the others have it: ann@shop.example: 550 gone",
    )


def test_a_mail_that_no_attempt_handed_in_has_no_progress():
    assert from_json({"recipients": [ANN, CARL]}) is None
    assert not NEW.is_had(OUTGOING)
    assert NEW.after({ANN: (550, b"gone")}).is_had(OUTGOING)
