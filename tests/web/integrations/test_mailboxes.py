"""A mailbox's whole story: mail in by the API, threads, answers by a real SMTP server, and each mail once."""

from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from tests.support.mails import DESK, HELP, MailStory, mail, mailgun_form
from tests.support.places import Mailbox
from tests.support.posting import basic, sendgrid_body
from worker.conversations.outcomes import Handoff
from worker.mailboxes.bounces import Bounces
from worker.mailboxes.reports import Failure, Report
from worker.states import HandoffReason
from worker.store.tables import mail as mail_table
from worker.store.tables import mail_suppression

BOB = "Bob <bob@other.example>"


@pytest.fixture
def outbox():
    return Mailbox()


@pytest.fixture
def smtp_url(outbox):
    with outbox.serving() as url:
        yield url


@pytest.fixture
def story(call, services, outbox, smtp_url):
    return MailStory(call, services, outbox, smtp_url)


def test_a_mail_is_answered_by_mail_in_its_thread(story):
    story.writes(HELP, Cc="carl@shop.example")
    (conversation,) = story.conversations
    assert conversation["channel"] == "email"
    assert conversation["requester"] == {"name": "Ann", "email": "ann@shop.example"}
    assert story.said() == [("customer", HELP)]
    assert story.answers() == 1
    (sent,) = story.outbox.mails
    assert (sent["From"], sent["To"], sent["Cc"]) == (DESK, "Ann <ann@shop.example>", "carl@shop.example")
    assert sent["Subject"] == "Re: My password"
    assert sent["In-Reply-To"] == "<1@shop.example>"
    assert sent["References"] == "<1@shop.example>"
    assert sent["Auto-Submitted"] == "auto-replied"
    text = sent.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "Use the link that says so" in text
    assert "automated assistant" in text
    assert f"wrote:\n> {HELP}" in text
    assert "<blockquote" in sent.get_body(("html",)).get_content()

    answered = sent["Message-ID"].strip("<>")
    story.writes(
        "And my address?\n\nOn 2026-11-27, support wrote:\n> Use the link", id="2@shop.example", answers=answered
    )
    assert len(story.conversations) == 1
    assert story.answers() == 1
    assert story.outbox.mails[1]["References"].split() == ["<1@shop.example>", f"<{answered}>", "<2@shop.example>"][1:]


def test_the_notice_and_the_quote_are_in_the_customers_language(story):
    story.writes("Guten Tag, wie kann ich mein Passwort zurücksetzen? Ich habe es leider vergessen.")
    story.answers()
    text = story.outbox.mails[0].get_body(("plain",)).get_content()
    assert "automatischer Assistent" in text
    assert "schrieb Ann:" in text


def test_what_an_agent_types_in_the_console_goes_out_as_a_humans_mail(story):
    story.writes()
    id = story.conversations[0]["id"]
    answered = story.call(
        "POST", f"/v1/conversations/{id}/replies", json={"content": "I sent you a **new** one.", "author": "Ola"}
    )
    assert answered.status_code in (200, 201, 202), answered.json
    story.send()
    (sent,) = story.outbox.mails
    assert sent["Auto-Submitted"] is None
    assert "automated assistant" not in sent.get_body(("plain",)).get_content()
    assert "<strong>new</strong>" in sent.get_body(("html",)).get_content()


def test_a_handoff_notifies_colleagues_whose_reply_reaches_the_customer_and_takes_over(
    call, services, outbox, smtp_url
):
    story = MailStory(call, services, outbox, smtp_url, notify=["ola@desk.example"], team=["@desk.example"])
    story.writes()
    story.answers(Handoff(reason=HandoffReason.NO_ANSWER, summary="Nothing was found."))
    (note,) = outbox.mails
    assert note["To"] == "ola@desk.example"
    assert note["Subject"] == "[Handed off] Re: My password"
    assert "Nothing was found." in note.get_body(("plain",)).get_content()
    assert "ann@shop.example" in note["Reply-To"]

    story.writes(
        "Hello Ann, here it is.",
        sender="Ola <ola@desk.example>",
        to=note["Reply-To"],
        id="3@desk.example",
        answers=note["Message-ID"].strip("<>"),
    )
    assert story.said()[-1] == ("agent", "Hello Ann, here it is.")
    assert story.conversations[0]["owner"] == "human"
    assert len(outbox.mails) == 1, "the customer has the colleague's mail already"


def test_a_colleagues_remark_that_the_customer_did_not_get_is_not_sent_to_them(call, services, outbox, smtp_url):
    story = MailStory(call, services, outbox, smtp_url, team=["@desk.example"])
    story.writes()
    story.writes("A difficult one.", sender="Ola <ola@desk.example>", id="3@desk.example", answers="1@shop.example")
    assert story.said() == [("customer", HELP)]
    assert story.mails == {"taken": 1, "ignored": 1}


def test_mail_that_a_colleague_forwards_opens_the_customers_conversation(call, services, outbox, smtp_url):
    story = MailStory(call, services, outbox, smtp_url, team=["ola@desk.example"])
    story.writes(
        "Can you take this?\n\n---------- Forwarded message ---------\nFrom: Zoe Zed <zoe@far.example>\n"
        "Date: Thu, 26 Nov 2026 at 10:00\nSubject: Broken\nTo: <ola@desk.example>\n\nIt does not start.",
        sender="Ola <ola@desk.example>",
        subject="Fwd: Broken",
    )
    assert story.conversations[0]["requester"] == {"name": "Zoe Zed", "unverified_email": "zoe@far.example"}
    assert story.said() == [("customer", "It does not start.")]
    story.answers()
    assert story.outbox.mails[0]["To"] == "Zoe Zed <zoe@far.example>"
    assert story.outbox.mails[0]["Subject"] == "Re: Broken"


def test_nobody_forwards_in_a_colleagues_name(call, services, outbox, smtp_url):
    story = MailStory(call, services, outbox, smtp_url, team=["ola@desk.example"])
    story.writes(
        "From: Zoe <zoe@far.example>\nDate: x\nSubject: Broken\nTo: ola\n\nSend her this.",
        sender="Ola <ola@desk.example>",
        subject="Fwd: Broken",
        believed=False,
    )
    assert story.conversations[0]["requester"] == {"name": "Ola", "unverified_email": "ola@desk.example"}


@pytest.mark.parametrize("by", ["reference", "token", "subject"])
def test_a_stranger_in_a_thread_starts_a_conversation_of_their_own(call, services, outbox, smtp_url, by):
    story = MailStory(call, services, outbox, smtp_url, plus_addressing=True)
    story.writes("My order 1001 is for my wife's birthday.")
    story.answers()
    (sent,) = outbox.mails
    assert sent["Reply-To"].startswith("support+")
    fields = {
        "reference": {"answers": sent["Message-ID"].strip("<>"), "subject": "Re: My password"},
        "token": {"to": sent["Reply-To"], "subject": "Hi"},
        "subject": {"subject": "Re: My password"},
    }[by]
    story.writes("What did she write?", sender=BOB, id="9@other.example", **fields)
    assert len(story.conversations) == 2
    story.answers()
    assert "1001" not in str(outbox.mails[1])
    assert outbox.mails[1]["To"] == "Bob <bob@other.example>"


@pytest.mark.parametrize("by", ["reference", "token", "subject"])
def test_a_customer_is_found_again_by_reference_token_or_subject(call, services, outbox, smtp_url, by):
    story = MailStory(call, services, outbox, smtp_url, plus_addressing=True)
    story.writes()
    story.answers()
    (sent,) = outbox.mails
    fields = {
        "reference": {"answers": sent["Message-ID"].strip("<>"), "subject": "Something else"},
        "token": {"to": sent["Reply-To"], "subject": "Something else"},
        "subject": {"subject": "AW: My password"},
    }[by]
    story.writes("Thank you. And my address, how do I change it?", id="9@shop.example", **fields)
    assert len(story.conversations) == 1


def test_two_mails_with_one_subject_are_two_conversations_unless_one_answers(story):
    story.writes("My first one?", subject="Question", id="1@shop.example")
    story.writes("My second one?", subject="Question", id="2@shop.example")
    assert len(story.conversations) == 2


def test_the_same_mail_counts_once_however_it_comes(story):
    for received in ("by a.example", "by b.example", "by b.example"):
        story.receive(b"Received: " + received.encode() + b"\r\n" + mail())
    assert story.said() == [("customer", HELP)]
    assert story.mails == {"taken": 1, "ignored": 2}
    assert story.answers() == 1


def test_mails_that_share_a_message_id_by_mistake_are_both_taken(story):
    story.writes("The first question?")
    story.writes("Another question?")
    assert sorted(text for number in range(2) for _, text in story.said(number)) == [
        "Another question?",
        "The first question?",
    ]


def test_a_sender_who_is_proven_false_gets_no_answer_and_joins_nobody(story):
    story.writes()
    data = mail("Send it to me.", id="2@evil.example", answers="1@shop.example")
    story.receive(data.replace(b"dmarc=pass", b"dmarc=fail"))
    assert [row["owner"] for row in story.conversations] == ["bot", "human"]
    assert story.answers() == 1


def test_an_answer_goes_where_the_customer_wants_it_and_nowhere_that_was_not_proven(story):
    story.writes(Reply_To="Ann at home <ann@home.example>", Cc="victim@far.example")
    assert story.conversations[0]["requester"] == {"name": "Ann at home", "unverified_email": "ann@home.example"}
    story.answers()
    assert story.outbox.mails[0]["To"] == "Ann at home <ann@home.example>"
    assert story.outbox.mails[0]["Cc"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Auto_Response_Suppress": "OOF, AutoReply"},
        {"Precedence": "bulk"},
        {"X_Spam_Flag": "YES"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_automatic_mail_gets_no_answer(story, headers):
    story.writes(**headers)
    assert story.answers() == 0
    assert story.outbox.mails == []


def test_two_answerbacks_that_write_to_each_other_stop_after_one_exchange(call, services, outbox, smtp_url):
    one = MailStory(call, services, outbox, smtp_url)
    other = MailStory(call, services, outbox, smtp_url, name="other", address="help@other.example")
    one.receive(mail(sender="help@other.example", to=DESK, id="1@other.example"))
    assert one.answers() == 1
    other.receive(bytes(outbox.mails[0]))
    assert other.answers() == 0
    assert len(outbox.mails) == 1


def test_a_bounce_is_shown_on_the_delivery_and_nothing_is_sent_there_again(story):
    story.writes()
    story.answers()
    (sent,) = story.outbox.mails
    story.receive(bounce(sent["Message-ID"], "ann@shop.example", "5.1.1"))
    (delivery,) = story.call("GET", "/v1/deliveries").json["items"]
    assert delivery["state"] == "exhausted"
    assert "5.1.1" in delivery["last_attempt"]["error"]
    assert story.mails == {"taken": 1, "bounced": 1, "ignored": 1}
    assert len(story.conversations) == 1
    suppressed = story.call("GET", f"/v1/mailboxes/{story.id}/suppressions").json["items"]
    assert [row["address"] for row in suppressed] == ["ann@shop.example"]

    story.writes("And now?", id="2@shop.example", answers="1@shop.example")
    story.answers()
    assert len(story.outbox.mails) == 1
    path = f"/v1/mailboxes/{story.id}/suppressions/ann@shop.example"
    assert story.call("DELETE", path).status_code == 204
    assert story.call("DELETE", path).status_code == 404
    story.writes("And now?", id="3@shop.example", answers="1@shop.example")
    story.answers()
    assert len(story.outbox.mails) == 2


def test_a_forged_bounce_suppresses_nobody(story):
    story.writes()
    story.answers()
    (sent,) = story.outbox.mails
    story.receive(bounce(sent["Message-ID"], "other@shop.example", "5.1.1"))
    story.receive(bounce("<unknown@desk.example>", "ann@shop.example", "5.1.1"))
    assert story.call("GET", f"/v1/mailboxes/{story.id}/suppressions").json["items"] == []


def test_a_full_mailbox_is_no_reason_to_stop_writing(story):
    story.writes()
    story.answers()
    story.receive(bounce(story.outbox.mails[0]["Message-ID"], "ann@shop.example", "5.2.2"))
    assert story.call("GET", f"/v1/mailboxes/{story.id}/suppressions").json["items"] == []


def test_an_answer_waits_for_a_server_that_is_busy_and_is_sent_once(story):
    story.outbox.refusals.append("451 later")
    story.writes()
    story.answers()
    assert story.outbox.mails == []
    story.again()
    story.again()
    assert len(story.outbox.mails) == 1


def test_files_are_kept_and_those_that_nobody_can_read_are_named(story):
    from email import message_from_bytes, policy

    message = message_from_bytes(mail("See the log."), policy=policy.default)
    message.add_attachment("It failed at 12:00.", filename="log.txt")
    message.add_attachment(b"PK\x03\x04x", maintype="application", subtype="x-thing", filename="thing.bin")
    story.receive(message.as_bytes())
    id = story.conversations[0]["id"]
    (item,) = story.call("GET", f"/v1/conversations/{id}/messages").json["items"]
    assert item["content"] == "See the log.\n\n[Files that are not kept: thing.bin]"
    assert len(item["attachments"]) == 1


def test_a_mail_bomb_is_left_to_a_human_with_its_sender_and_subject(story):
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (level, level) for level in range(9_000)
    )
    story.receive(b"From: ann@shop.example\r\nSubject: Bomb\r\nMessage-ID: <b@shop.example>\r\n" + nested)
    (conversation,) = story.conversations
    assert (conversation["subject"], conversation["owner"]) == ("Bomb", "human")
    assert "could not be read" in story.said()[0][1]


def test_erasure_by_address_finds_mail_whose_sender_nothing_proves(story):
    story.writes(believed=False)
    assert story.call("POST", "/v1/customers/erase", json={"email": "ann@shop.example"}).json["conversations"] == 1
    assert story.conversations == []
    story.writes(believed=False)
    assert story.conversations == [], "the mail that was erased came again"


def test_an_erased_customer_leaves_nothing_in_the_tables_of_mail(story):
    workspace_id, store = story.services.keys.workspace(), story.services.store
    story.writes()
    story.answers()
    (sent,) = story.outbox.mails
    box = story.services.mailboxes.get(workspace_id, story.id)
    failure = Failure(address="ann@shop.example", status="5.1.1", why="550 no", action="failed")
    report = Report(message_id=sent["Message-ID"].strip("<>"), failures=(failure,))
    reason = Bounces(store, story.services.mailing.intake.threads).record(box, report)
    rows = [
        {"id": "1", "state": "ignored", "reason": reason},
        {"id": "2", "state": "failed", "raw": mail(id="2@shop.example")},
        {"id": "3", "state": "failed", "raw": mail(sender="Jo <jo-ann@shop.example>", Cc="ann@shop.example")},
        {"id": "4", "state": "ignored", "reason": "A bounce: jo-ann@shop.example: 5.1.1"},
    ]
    same = {"workspace_id": workspace_id, "mailbox_id": box.id, "direction": "in", "folder": "inbox"}
    with store.begin() as tx:
        for row in rows:
            tx.execute(mail_table.insert().values({**same, "size": 1, "attempts": 0, "created_at": 1, **row}))
    story.call("POST", "/v1/customers/erase", json={"email": "Ann@shop.example"})
    with store.read() as connection:
        left = connection.execute(sa.select(mail_table)).all()
        suppressed = connection.execute(sa.select(mail_suppression)).all()
    assert suppressed == []
    assert {row.id for row in left} >= {"1", "3", "4"}, "another customer's mail is gone"
    assert "2" not in {row.id for row in left}
    assert not any("ann@shop.example" in str(row).replace("jo-ann@", "").replace("Cc: ann@", "") for row in left)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"address": "nobody"}, "address"),
        ({"address": "jörg@desk.example"}, "address"),
        ({"imap_url": "imaps://me:gehe%C3%BCm@mail.example"}, "imap_url"),
        ({"smtp_url": "smtps://me:gehe%C3%BCm@mail.example"}, "smtp_url"),
        ({"imap_url": "https://mail.example"}, "imap_url"),
        ({"imap_url": "imaps://mail.example"}, "imap_url"),
        ({"smtp_url": "ftp://mail.example"}, "smtp_url"),
        ({"team": ["desk.example"]}, "team"),
        ({"notify": ["@desk.example"]}, "notify"),
        ({"mode": "draft"}, "imap_url"),
        ({"hours": {"timezone": "Europe/Oslo", "mon": "09:00-17:00"}}, "imap_url"),
        ({"hours": {"timezone": "Nowhere"}}, "hours"),
    ],
)
def test_a_mailbox_that_could_not_work_is_refused(call, fields, field):
    new = {"name": "x", "address": DESK, "smtp_url": "smtp://127.0.0.1:25", "mode": "reply", **fields}
    refused = call("POST", "/v1/mailboxes", json=new)
    assert refused.status_code == 422
    assert field in str(refused.json)


def test_passwords_are_not_returned_and_names_are_taken_once(call):
    new = {
        "name": "support",
        "address": "Support@Desk.example",
        "imap_url": "imaps://me:secret@imap.example",
        "smtp_url": "smtps://me:secret@smtp.example",
    }
    made = call("POST", "/v1/mailboxes", json=new)
    assert made.status_code == 201
    assert "secret" not in made.text
    assert made.json["address"] == DESK
    assert call("POST", "/v1/mailboxes", json={**new, "name": "other"}).status_code == 409
    assert call("POST", "/v1/mailboxes", json={**new, "address": "o@desk.example"}).status_code == 409
    path = f"/v1/mailboxes/{made.json['id']}"
    assert call("PATCH", path, json={"mode": "shadow", "state": "disabled"}).json["mode"] == "shadow"
    assert [row["name"] for row in call("GET", "/v1/mailboxes").json["items"]] == ["support"]
    assert call("GET", "/v1/helpdesks").json["items"] == [], "a mailbox is managed as one"
    assert call("GET", f"/v1/helpdesks/{made.json['id']}").status_code == 404
    assert call("DELETE", path).status_code == 204
    assert call("GET", path).status_code == 404


def test_mail_that_mailgun_posts_is_taken_once_and_only_if_it_signed_it(call, services, outbox, smtp_url):
    story = MailStory(call, services, outbox, smtp_url, mailgun_key="key-1")
    path = f"/v1/mailboxes/{story.id}/inbound/mailgun/mime"
    assert "key-1" not in call("GET", f"/v1/mailboxes/{story.id}").text
    for wrong in (
        mailgun_form("key-2", mail()),
        mailgun_form("key-1", mail(), at=1),
        mailgun_form("key-1", mail()) | {"timestamp": "now"},
        {},
    ):
        assert call.client.post(path, data=wrong).status_code == 401
    for _ in range(2):
        assert call.client.post(path, data=mailgun_form("key-1", mail("Größe?"))).status_code == 200
    assert call.client.post(path, data=mailgun_form("key-1", b"")).status_code == 422
    other = MailStory(call, services, outbox, smtp_url, name="other", address="o@desk.example")
    assert call.client.post(path.replace(story.id, other.id), data=mailgun_form("", mail())).status_code == 404
    story.work()
    assert story.said() == [("customer", "Größe?")]


def test_a_mail_in_latin_1_is_taken_byte_for_byte_whichever_form_it_is_posted_in(call, services, outbox, smtp_url):
    story = MailStory(call, services, outbox, smtp_url, mailgun_key="key-1", inbound_password="pass")
    raw = b"From: Ann <ann@shop.example>\r\nMessage-ID: <1@shop.example>\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    raw += b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHerr M\xfcller?\r\n"
    path = f"/v1/mailboxes/{story.id}/inbound"
    body, content_type = sendgrid_body(raw)
    headers = {"authorization": basic("pass")}
    posted = call.client.post(f"{path}/sendgrid", data=body, content_type=content_type, headers=headers)
    assert posted.status_code == 200, posted.text
    signed = {**mailgun_form("key-1", b""), "body-mime": raw}
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in signed.items()
    ]
    for data, type in (
        (urlencode(signed), "application/x-www-form-urlencoded"),
        (b"".join(parts) + b"--b--\r\n", "multipart/form-data; boundary=b"),
    ):
        assert call.client.post(f"{path}/mailgun/mime", data=data, content_type=type).status_code == 200
    with services.store.read() as connection:
        assert set(connection.execute(sa.select(mail_table.c.raw)).scalars()) == {raw}
    story.work()
    assert story.said() == [("customer", "Herr Müller?")]


def test_what_is_no_mail_is_refused(story):
    assert story.post(b"").status_code == 422
    assert story.post(b"just text").status_code == 422
    path = f"/v1/mailboxes/{story.id}/inbound"
    assert story.call("POST", path, json={}).status_code == 415
    assert story.call.client.post(path, data=mail(), content_type="message/rfc822").status_code == 401
    assert (
        story.call("POST", "/v1/mailboxes/mbx_no/inbound", data=mail(), content_type="message/rfc822").status_code
        == 404
    )


def bounce(message_id: str, address: str, status: str) -> bytes:
    """Return a DSN as Postfix writes it."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: support@desk.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n"
        f"Message-ID: <dsn-{status}-{address}>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 No such user here\r\n\r\n"
        f"--x\r\nContent-Type: message/rfc822\r\n\r\nFrom: {DESK}\r\nMessage-ID: {message_id}\r\n\r\nhello\r\n--x--\r\n"
    ).encode()
