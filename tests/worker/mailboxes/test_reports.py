"""Reports on deliveries, as mail servers write them."""

from email import message_from_string

import pytest

from worker.mailboxes.reports import Failure, report_of


def report(fields: str, original: str = "Content-Type: text/rfc822-headers\n\nMessage-ID: <1@desk.example>\n") -> str:
    return (
        'Content-Type: multipart/report; report-type="delivery-status"; boundary=x\n\n--x\n\nSorry.\n'
        f"--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n{fields}\n--x\n{original}\n--x--\n"
    )


FAILED = "Final-Recipient: rfc822; Ann@Gone.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no\n"


def test_a_failure_is_read_with_the_mail_that_it_is_about():
    found = report_of(message_from_string(report(FAILED)))
    assert found is not None
    assert found.message_id == "1@desk.example"
    assert found.failures == (Failure(address="ann@gone.example", status="5.1.1", why="550 no", action="failed"),)


def test_the_whole_mail_may_come_back_and_several_recipients_may_fail():
    original = "Content-Type: message/rfc822\n\nFrom: a@b.example\nMessage-ID: <2@desk.example>\n\nHello"
    found = report_of(message_from_string(report(f"{FAILED}\n{FAILED.replace('Ann', 'Bob')}", original)))
    assert found is not None
    assert found.message_id == "2@desk.example"
    assert [failure.address for failure in found.failures] == ["ann@gone.example", "bob@gone.example"]


def test_a_delivered_or_relayed_mail_is_no_failure():
    found = report_of(message_from_string(report(FAILED.replace("failed", "relayed"))))
    assert found is not None
    assert found.failures == ()


@pytest.mark.parametrize(
    "text",
    [
        "Content-Type: text/plain\n\nUndelivered Mail Returned to Sender",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n\n--x\n\nRead.\n--x--",
    ],
)
def test_other_mail_is_none(text):
    assert report_of(message_from_string(text)) is None


@pytest.mark.parametrize(
    ("status", "action", "hard"),
    [
        ("5.1.1", "failed", True),
        ("5.1.10", "failed", True),
        ("5.2.1", "failed", True),
        ("5.2.2", "failed", False),
        ("5.7.1", "failed", False),
        ("4.4.7", "failed", False),
        ("5.1.1", "delayed", False),
        ("", "failed", False),
    ],
)
def test_only_an_address_that_does_not_exist_is_given_up(status, action, hard):
    assert Failure(address="a@b.example", status=status, why="", action=action).is_hard is hard
