"""Stories of Chatwoot, which repeats a webhook three times at most and opens the conversation when it fails."""

import time

import pytest

from tests.support.helpdesks import AGENT, FakeChatwoot
from tests.support.stories import HELP, Story
from worker.errors import DatabaseUnavailable
from worker.store.tables import delivery

CAPTAIN = {"id": 1, "name": "Captain", "type": "captain_assistant"}


@pytest.fixture
def fake():
    server = FakeChatwoot()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def story(call, services, fake):
    return Story(call, services, fake)


@pytest.fixture
def send(story):
    return lambda body, headers: story.post(body, headers).status_code


def test_what_rules_and_its_own_assistant_write_does_not_silence_the_bot(story, fake):
    story.asks(7)
    rule = {"sender": None, "content_attributes": {"automation_rule_id": 4}}
    story.hook(7, "written", fake.agent_writes(7, "We are open from nine."), **rule)
    story.hook(7, "written", fake.agent_writes(7, "I am Captain."), sender=CAPTAIN)
    assert story.conversation["owner"] == "bot"
    assert story.answers() == 1
    assert [role for role, _state in story.said] == ["customer", "assistant"]


def test_an_answer_whose_response_was_lost_is_sent_again_only_if_no_echo_came(story, fake, services):
    story.asks(7)
    fake.trouble = ["lost"]
    story.answers()
    with services.store.read() as connection:
        row = connection.execute(delivery.select().where(delivery.c.kind == "ticket_reply")).one()
        assert row.due_at - services.store.now(connection) > 25_000, "sent again before its echo can come"
    story.echo(7)
    story.again()
    assert len(fake.bots(7, public=True)) == 1
    assert "GET" not in {call.partition(" ")[0] for call in fake.calls}
    assert story.said == [("customer", "answered"), ("assistant", "answered")]


def test_a_short_outage_of_the_database_neither_loses_a_message_nor_opens_the_conversation(
    story, fake, services, send, monkeypatch
):
    attempts = []
    real = services.connections.opened

    def away(id):
        attempts.append(id)
        if len(attempts) < 3:
            raise DatabaseUnavailable(cause="restarts")
        return real(id)

    monkeypatch.setattr(services.connections, "opened", away)
    assert fake.deliver(send, 7, "written", fake.customer_writes(7, HELP))
    assert (len(attempts), fake.tickets[7].status) == (3, "new")
    assert story.said == [("customer", "queued")]


def test_a_conversation_that_a_failed_webhook_opened_is_an_agents(story, fake, send, services, monkeypatch):
    def away(_id):
        raise DatabaseUnavailable(cause="gone")

    story.asks(7)
    with monkeypatch.context() as patch:
        patch.setattr(services.connections, "opened", away)
        assert not fake.deliver(send, 7, "written", fake.customer_writes(7, "Hello?"))
    assert fake.tickets[7].status == "open"
    story.asks(7, "Is nobody there?")
    assert story.conversation["owner"] == "human"


def test_a_webhook_of_the_account_is_verified_with_its_own_secret(call, services, fake):
    story = Story(call, services, fake, webhook_secret=f"bot-secret-0123456789 {fake.account_secret}")
    body, _headers = fake.webhook(7, "written", fake.customer_writes(7, HELP))
    for secret, status in ((fake.account_secret, 204), ("bot-secret-0123456789", 204), ("another-0123456789", 401)):
        headers = {"Content-Type": "application/json", **fake.signed(body, at=time.time(), secret=secret)}
        assert story.post(body, headers).status_code == status
    assert story.said == [("customer", "queued")]


@pytest.mark.parametrize(
    ("event", "status", "owner"),
    [("conversation_opened", "open", "human"), ("conversation_resolved", "resolved", "closed")],
)
def test_bots_of_older_versions_hear_of_a_status_under_its_old_name(story, fake, event, status, owner, monkeypatch):
    story.asks(7)
    story.answers()
    fake.tickets[7].status = status
    told = {"event": event, "id": 7, "status": status, "labels": [], "meta": {"assignee": {"id": AGENT}}}
    monkeypatch.setattr(fake, "told", lambda *_args: told)
    story.hook(7, "closed")
    assert story.conversation["owner"] == owner


def test_labels_that_an_older_version_refuses_leave_the_answer_posted_once(call, services, fake):
    story = Story(call, services, fake, answered={"status": "open", "tags": ["bot"]})
    fake.may_label = False
    story.asks(7)
    story.answers()
    story.again()
    assert len(fake.bots(7, public=True)) == 1
    assert fake.tickets[7].status == "open"
    (reply,) = call("GET", "/v1/deliveries?kind=ticket_reply").json["items"]
    assert (reply["state"], reply["attempts"]) == ("delivered", 1)
    (change,) = call("GET", "/v1/deliveries?kind=ticket_change").json["items"]
    assert "refuses them to bots" in change["last_attempt"]["error"]
    assert change["attempts"] == 1
