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
from worker.mailboxes.recipients import Progress, from_json, of_bounce, to_json

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
NEW = Progress.new(OUTGOING)


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
    assert NEW.have == ()
    assert NEW.after({ANN: (550, b"gone")}).have == (CARL,)


def test_nothing_is_left_to_do_once_the_customer_has_the_mail_and_a_copy_is_refused():
    refused = {name: NEW.after({name: (550, b"gone")}) for name in (ANN, CARL)}
    assert NEW.after({}).is_done(OUTGOING)
    assert refused[CARL].is_done(OUTGOING)
    assert not refused[ANN].is_done(OUTGOING)
    assert not NEW.after({CARL: (450, b"later")}).is_done(OUTGOING)


def test_a_bounce_without_progress_came_back_from_whom_its_reason_names():
    headers = {"recipients": [ANN, CARL]}
    assert of_bounce(headers, f"{CARL}: 5.2.2 full").have == (ANN,)
    assert of_bounce(headers, f"x{CARL}: 5.2.2 full").have == ()
