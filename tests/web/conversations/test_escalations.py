"""Handoffs: agents are notified once in Slack and by mail, and reply from there; each handoff has an escalation."""

import dataclasses
import ipaddress
import json

import pytest
import sqlalchemy as sa

from tests.support.fakes import answer
from tests.support.helpdesks import FAKES
from tests.support.places import FakeSlack, Mailbox
from tests.support.receiver import Receiver
from tests.web.integrations.test_helpdesks import HELP, Story
from worker.conversations import escalations
from worker.conversations.outcomes import Handoff
from worker.errors import Conflict, NotFound
from worker.helpdesks.connections import Connections
from worker.helpdesks.mail import MailServer
from worker.store.tables import conversation, helpdesk_message

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # on loopback

ADA = {"id": "7", "name": "Ada", "email": "ada@shop.example"}
PERSON = Handoff(
    reason="asked_for_person", summary="Ada wants a person & <soon>.", priority="high", reasons=("“person”",)
)


@pytest.fixture
def mailbox():
    return Mailbox(password="secret/word")


@pytest.fixture
def settings(settings, mailbox):
    with mailbox.serving() as url:
        yield dataclasses.replace(
            settings,
            callback_allow=(ipaddress.ip_network("127.0.0.0/8"),),
            smtp_url=url.replace("secret/word", "secret%2Fword"),
            mail_from="Desk <bot@shop.example>",
            conversation_url="https://desk.example/conversation_ids/{id}",
        )


@pytest.fixture
def slack():
    server = FakeSlack()
    yield server
    server.shutdown()
    server.server_close()


class Desk(Story):
    """An installation whose agents are notified in Slack and by mail."""

    def __init__(self, call, services, slack):
        super().__init__(call, services, slack, name="slack")
        made = call(
            "POST",
            "/v1/helpdesks",
            json={"name": "mail", "kind": "email", "url": "mailto:help@shop.example,boss@shop.example"},
        )
        assert made.status_code == 201, made.json
        self.mail_id = made.json["id"]

    def ticket(self, body="I want a person", outcome=PERSON, **more):
        new = {"body": body, "subject": "My order", "requester": ADA, "external_id": "t1", **more}
        made = self.call("POST", "/v1/tickets", json=new)
        assert made.status_code == 202, made.json
        claim = self.services.mailbox.claim(made.json["conversation_id"])
        if claim is not None:
            self.services.mailbox.finish(claim, outcome)
        self.send()
        return made.json

    def says(self, message, **more):
        body, headers = self.fake.event(message, **more)
        answered = self.post(body, headers)
        self.send()
        return answered

    @property
    def escalations(self):
        return self.call("GET", "/v1/escalations").json["items"]


@pytest.fixture
def desk(call, services, slack):
    return Desk(call, services, slack)


def test_agents_are_notified_once_and_the_escalation_is_assigned_and_closed(desk, slack, mailbox, call):
    made = desk.ticket()
    (mail,) = mailbox.mails
    assert mail["To"] == "help@shop.example, boss@shop.example"
    assert mail["From"] == "Desk <bot@shop.example>"
    assert mail["Subject"] == "Handed off (high): My order"
    (root,) = slack.texts
    message = call("GET", f"/v1/messages/{made['id']}").json
    (escalation,) = desk.escalations
    for text in (root, mail.get_content()):
        assert "Ada wants a person & <soon>." in text
        assert escalation["id"] in text
        assert f"https://desk.example/conversation_ids/{made['conversation_id']}" in text
    assert message["handoff"]["escalation_id"] == escalation["id"]
    assert (escalation["state"], escalation["reason"], escalation["priority"], escalation["assignee"]) == (
        "open",
        "asked_for_person",
        "high",
        None,
    )

    desk.ticket("Are you there?")
    assert len(mailbox.mails) == 1
    assert slack.texts[1:] == ["Ada wrote:\nAre you there?"]
    assert slack.messages[1]["thread_ts"] == slack.messages[0]["ts"]
    assert len(desk.escalations) == 1

    taken = call("POST", f"/v1/escalations/{escalation['id']}/assign", json={"assignee": "Grace"}).json
    assert (taken["state"], taken["assignee"]) == ("assigned", "Grace")
    closed = call("POST", f"/v1/escalations/{escalation['id']}/close", json={"note": "Sent a new one."}).json
    assert (closed["state"], closed["note"]) == ("closed", "Sent a new one.")
    assert call("GET", closed["links"]["conversation"]).json["owner"] == "closed"
    assert call("POST", f"/v1/escalations/{escalation['id']}/assign", json={"assignee": "Linus"}).status_code == 409

    desk.ticket("And once more a person")
    assert len(mailbox.mails) == 2
    assert [escalation["state"] for escalation in desk.escalations] == ["open", "closed"]
    assert [escalation["id"] for escalation in call("GET", "/v1/escalations?state=open").json["items"]] == [
        desk.escalations[0]["id"]
    ]


def test_replies_in_the_thread_reach_the_customer_and_resume_returns_the_conversation(desk, slack, call):
    made = desk.ticket()
    thread = slack.messages[0]["ts"]
    reply = slack.add("We sent <https://shop.example/a|a new one> &amp; <https://x.example|x.example>.", thread=thread)
    for _ in range(2):  # Slack repeats webhooks without a timely response
        assert desk.says(reply).status_code == 204
    said = call("GET", f"/v1/conversations/{made['conversation_id']}/messages").json["items"]
    assert [(message["role"], message["content"]) for message in said][1:] == [
        ("agent", "We sent a new one (https://shop.example/a) & https://x.example.")
    ]
    (escalation,) = desk.escalations
    assert (escalation["state"], escalation["assignee"]) == ("assigned", "an agent")
    desk.says(slack.add("!resume", thread=thread))
    assert call("GET", f"/v1/conversations/{made['conversation_id']}").json["owner"] == "bot"
    assert desk.escalations[0]["state"] == "closed"
    desk.ticket(HELP, outcome=answer("Use the link [1]."))
    assert len(slack.messages) == 3
    desk.says(slack.add("!close", thread=thread))
    assert call("GET", f"/v1/conversations/{made['conversation_id']}").json["owner"] == "closed"


def test_later_messages_of_the_customer_are_posted_in_the_thread(desk, slack, services, call):
    first = call("POST", "/v1/tickets", json={"body": "A person!", "external_id": "t1", "requester": ADA}).json
    claim = services.mailbox.claim(first["conversation_id"])
    call("POST", "/v1/tickets", json={"body": "My order is 4711", "external_id": "t1", "requester": ADA})
    services.mailbox.finish(claim, PERSON)
    desk.send()
    assert [text.partition("\n")[0] for text in slack.texts] == ["Handed off (high): a conversation", "Ada wrote:"]
    assert "4711" in slack.texts[1]


def test_a_reply_that_cannot_be_sent_is_reported_in_the_thread(desk, slack, call):
    made = desk.ticket()
    thread = slack.messages[0]["ts"]
    desk.says(slack.add("!close", thread=thread))
    desk.says(slack.add("One more thing", thread=thread))
    assert slack.texts[-1] == "Not sent: the conversation is closed."
    assert slack.messages[-1]["thread_ts"] == thread
    assert call("GET", f"/v1/conversations/{made['conversation_id']}").json["owner"] == "closed"


def test_a_file_alone_is_not_sent_and_said_so_in_the_thread(desk, slack, call):
    made = desk.ticket(HELP, outcome=PERSON)
    thread = slack.messages[0]["ts"]
    files = [{"id": "F1", "name": "label.pdf"}]
    desk.says(slack.add("", thread=thread, subtype="file_share", files=files))
    assert slack.texts[-1] == "Not sent: only text goes to the customer, no file (label.pdf)."
    messages = f"/v1/conversations/{made['conversation_id']}/messages"
    assert [item["role"] for item in call("GET", messages).json["items"]] == ["customer"]
    desk.says(slack.add("Print this label.", thread=thread, subtype="file_share", files=files))
    assert slack.texts[-1] == "Sent without the file (label.pdf): only text is sent."
    assert call("GET", messages).json["items"][-1]["content"] == "Print this label."


def test_a_second_handoff_is_posted_to_the_channel_too(desk, slack, call):
    desk.ticket()
    call("POST", f"/v1/conversations/{desk.conversation['id']}/resume")
    desk.ticket("A person again")
    assert [message.get("thread_ts") for message in slack.messages] == [None, slack.messages[0]["ts"]]
    assert slack.messages[1]["reply_broadcast"] is True


def test_characters_that_databases_reject_are_removed(desk, call):
    outcome = Handoff(reason="rule", summary="a\x00b\ud800", category="rule:" + "x" * 300, reasons=("\x00",))
    made = desk.ticket(outcome=outcome)
    handoff = call("GET", f"/v1/messages/{made['id']}").json["handoff"]
    assert (handoff["summary"], len(handoff["category"])) == ("ab?", 200)
    assert desk.escalations[0]["summary"] == "ab?"


def test_an_agents_reply_is_sent_as_a_callback(desk, call, services):
    receiver = Receiver()
    made = call("POST", "/v1/endpoints", json={"url": receiver.url, "events": ["message.replied"]})
    assert made.status_code == 201, made.json
    conversation_id = desk.ticket()["conversation_id"]
    call("POST", f"/v1/conversations/{conversation_id}/replies", json={"content": "We are on it.", "author": "Grace"})
    desk.send()
    receiver.shutdown()
    receiver.server_close()
    ((_headers, body),) = receiver.got
    callback = json.loads(body)
    assert (callback["type"], callback["data"]["message"]["content"]) == ("message.replied", "We are on it.")
    with call("GET", f"/v1/messages/{callback['data']['message']['id']}/events") as stream:
        assert "event: replied" in stream.text


def test_slack_verifies_the_url_and_forged_webhooks_are_rejected(desk, slack):
    body = b'{"type": "url_verification", "challenge": "abc"}'
    assert desk.post(*slack.sign(body)).json == {"challenge": "abc"}
    assert desk.post(*slack.sign(body, at=1)).status_code == 401
    _, headers = slack.sign(body)
    assert desk.post(body + b" ", headers).status_code == 401
    assert desk.post(body, {}).status_code == 401


@pytest.mark.parametrize("trouble", ["lost", "limit", "error"])
def test_slack_gets_one_post_even_if_the_response_is_lost(desk, slack, trouble):
    slack.trouble = [trouble]
    desk.ticket()
    desk.again()
    desk.ticket("More")
    slack.trouble = [trouble]
    desk.ticket("Even more")
    desk.again()
    assert [text.partition("\n")[0] for text in slack.texts] == [
        "Handed off (high): My order",
        "Ada wrote:",
        "Ada wrote:",
    ]
    assert {message["thread_ts"] for message in slack.messages[1:]} == {slack.messages[0]["ts"]}


def test_mail_is_retried_under_the_same_id_and_given_up_when_it_is_rejected(desk, mailbox, call, services):
    mailbox.refusals = ["451 later"]
    desk.ticket()
    assert mailbox.mails == []
    desk.again()
    (mail,) = mailbox.mails
    sent = [delivery for delivery in call("GET", "/v1/deliveries").json["items"] if delivery["attempts"] == 2]
    assert [delivery["kind"] for delivery in sent] == ["notification"]
    assert mail["Message-ID"] == f"<{sent[0]['id']}@shop.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    call("POST", f"/v1/conversations/{desk.conversation['id']}/resume")
    mailbox.refusals = ["550 no such mailbox"]
    desk.ticket("A person again")
    desk.again()
    assert len(mailbox.mails) == 1


def test_an_accepted_mail_is_not_sent_again_although_quit_fails(desk, mailbox):
    mailbox.parting = "421 busy"
    desk.ticket()
    desk.again()
    assert len(mailbox.mails) == 1


def test_a_rejected_recipient_among_others_is_reported(desk, mailbox, call):
    mailbox.refused = "boss@shop.example"
    desk.ticket()
    desk.again()
    assert len(mailbox.mails) == 1
    (delivery,) = call("GET", "/v1/deliveries?state=exhausted").json["items"]
    whole = call("GET", f"/v1/deliveries/{delivery['id']}").json
    assert "boss@shop.example" in str(whole)


def test_an_agent_who_takes_over_by_replying_is_not_notified(desk, slack, mailbox, call):
    made = desk.ticket(HELP, outcome=answer("Use the link [1]."))
    call("POST", f"/v1/conversations/{made['conversation_id']}/replies", json={"content": "Hi", "author": "Grace"})
    desk.ticket("Thanks")
    assert (slack.messages, mailbox.mails, desk.escalations) == ([], [], [])
    assert desk.call("GET", f"/v1/conversations/{made['conversation_id']}").json["owner"] == "human"


@pytest.mark.parametrize("kind", sorted(FAKES))
def test_an_agents_reply_elsewhere_is_posted_once_in_the_ticket(call, services, slack, kind):
    fake = FAKES[kind]()
    try:
        story, people = Story(call, services, fake), Story(call, services, slack, name="slack")
        story.asks(7)
        story.answers(PERSON)
        people.post(*slack.event(slack.add("We are on it.", thread=slack.messages[0]["ts"])))
        story.send()
        assert fake.bots(7, public=True) == ["We are on it."] or "We are on it." in fake.bots(7, public=True)[0]
        echo = next(item for item in fake.tickets[7].entries if "We are on it" in item.text)
        story.hook(7, "written", echo)
        call(
            "POST",
            f"/v1/conversations/{story.conversation['id']}/replies",
            json={"content": "Done.", "author": "Grace"},
        )
        story.send()
        assert len(fake.bots(7, public=True)) == 2
        assert [role for role, _state in story.said] == ["customer", "agent", "agent"]
        story.hook(7, "written", fake.agent_writes(7, "Bye."))
        assert len(fake.bots(7, public=True)) == 2
    finally:
        fake.shutdown()
        fake.server_close()


def test_only_idle_conversations_are_returned_to_the_bot(desk, services, call):
    made = desk.ticket()
    assert services.actions.resume_quiet(after_s=3_600) == []
    with services.store.begin() as tx:
        tx.execute(conversation.update().values(updated_at=conversation.c.updated_at - 3_700_000))
    assert services.actions.resume_quiet(after_s=7_200) == []
    assert services.actions.resume_quiet(after_s=3_600) == []  # no agent has taken it up
    call("POST", f"/v1/escalations/{desk.escalations[0]['id']}/assign", json={"assignee": "Grace"})
    assert services.actions.resume_quiet(after_s=3_600) == [made["conversation_id"]]
    assert services.actions.resume_quiet(after_s=3_600) == []
    assert call("GET", f"/v1/conversations/{made['conversation_id']}").json["owner"] == "bot"
    assert desk.escalations[0]["state"] == "closed"


def test_a_retry_closes_the_escalation_and_another_handoff_opens_one(desk, call, services, mailbox):
    made = desk.ticket(outcome=Handoff(reason="error", summary="The model is away."))
    assert call("POST", f"/v1/messages/{made['id']}/retry").status_code == 202
    assert [escalation["state"] for escalation in desk.escalations] == ["closed"]
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), PERSON)
    desk.send()
    assert [escalation["state"] for escalation in desk.escalations] == ["open", "closed"]
    assert len(mailbox.mails) == 2


def test_a_check_reports_problems_of_slack_and_mail(desk, slack, services, settings):
    def check(name):
        return dict(services.connections.check(services.connections.named(services.keys.workspace(), name)))

    wanted = {"credentials (Shop, answerback)", "channel #desk", "scopes", "webhooks (none has come yet)"}
    assert check("slack") == dict.fromkeys(wanted)
    body, headers = slack.sign(b'{"type": "url_verification", "challenge": "abc"}')
    desk.post(body, headers)
    assert "webhooks (the last one at 2" in str(check("slack"))
    slack.member = False
    assert "invite" in check("slack")["channel #desk"]
    assert check("mail") == {"mail server": None}
    setup = services.connections.setup(
        services.connections.named(services.keys.workspace(), "slack"), "https://x.example/in"
    )
    assert '"request_url": "https://x.example/in"' in setup
    mail = MailServer(url=settings.smtp_url.replace("secret", "wrong"), sender=settings.mail_from)
    services = dataclasses.replace(services, connections=Connections(services.store, services.guard, mail=mail))
    assert "535" in str(check("mail"))


def test_escalations_belong_to_their_workspace_and_are_erased_with_their_conversation(desk, services, call):
    desk.ticket()
    (escalation,) = desk.escalations
    other = services.keys.workspace("other")
    with pytest.raises(NotFound):
        escalations.assign(services.store, other, escalation["id"], "Eve")
    services.actions.close(services.keys.workspace(), desk.conversation["id"])
    with pytest.raises(Conflict):
        escalations.assign(services.store, services.keys.workspace(), escalation["id"], "Late")
    desk.says(desk.fake.add("Gone.", thread=desk.fake.messages[0]["ts"]))
    call("DELETE", f"/v1/conversations/{desk.conversation['id']}")
    assert desk.escalations == []
    with services.store.read() as connection:
        digests = connection.execute(sa.select(helpdesk_message.c.digest, helpdesk_message.c.direction)).all()
    assert {digest for digest, direction in digests if direction != "hook"} == {""}
