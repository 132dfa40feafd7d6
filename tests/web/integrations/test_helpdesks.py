"""A whole story with each helpdesk: tickets, webhooks and agents who take over, despite failures."""

import contextlib
import dataclasses
import itertools
import re
import time

import pytest
import sqlalchemy as sa

from tests.support.helpdesks import SECRET, TOKEN
from tests.support.stories import HELP, Story
from worker.errors import DatabaseUnavailable
from worker.helpdesks.kinds import KINDS
from worker.helpdesks.options import OPTIONS
from worker.store.tables import delivery, helpdesk, helpdesk_message, inbound_webhook


def test_a_ticket_is_answered_taken_over_returned_and_closed(story):
    fake = story.fake
    story.asks(7)
    assert story.conversation["owner"] == "bot"
    assert story.answers() == 1
    (said,) = fake.bots(7, public=True)
    assert "Use the link that says so" in said

    echo = fake.tickets[7].entries[-1]
    story.hook(7, "written", echo)
    assert story.conversation["owner"] == "bot", "the echo of the bot's own answer counts as an agent's reply"
    assert story.said == [("customer", "answered"), ("assistant", "answered")]

    story.asks(7, "And my e-mail address?")
    assert story.answers() == 1
    assert len(fake.bots(7, public=True)) == 2

    story.hook(7, "assigned")
    story.hook(7, "written", fake.agent_writes(7, "Hello, this is Bob."))
    assert story.conversation["owner"] == "human"
    assert story.said[-1] == ("agent", "answered")
    story.asks(7, "Thanks, Bob. And the invoice?")
    assert story.answers() == 0
    assert story.said[-1] == ("customer", "handed_off")
    assert fake.bots(7, public=False) == [], "the agent who took the ticket over needs no note"

    story.hook(7, "tagged", tags=["bot"])
    assert story.conversation["owner"] == "bot"
    story.asks(7, "So where is it?")
    assert story.answers() == 1, "a tag that stays returns the ticket once, and an earlier assignment has no effect"
    story.hook(7, "written", fake.agent_writes(7, "Bob again."))
    assert story.conversation["owner"] == "human"
    story.hook(7, "closed")
    assert story.conversation["owner"] == "closed"


def test_a_repeated_webhook_counts_once(story):
    story.asks(7, times=3)
    entry = story.fake.tickets[7].entries[0]
    story.hook(7, "written", entry)  # the same comment in another webhook
    assert story.said == [("customer", "queued")]
    story.answers()
    story.hook(7, "written", story.fake.agent_writes(7, "Hello."), times=2)
    assert [role for role, _ in story.said] == ["customer", "assistant", "agent"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_webhooks_may_arrive_late_and_in_any_order(story, order):
    fake = story.fake
    written = [
        fake.customer_writes(7, HELP),
        fake.agent_writes(7, "I am on it."),
        fake.customer_writes(7, "Thank you, Ada."),
    ]
    hooks = [fake.webhook(7, "written", entry) for entry in written]
    for index in (*order, *order):
        body, headers = hooks[index]
        assert story.post(body, headers).status_code == 204
        story.send()
    assert story.answers() == 0
    assert story.conversation["owner"] == "human"
    assert fake.bots(7, public=True) == []
    assert sorted(role for role, _state in story.said) == ["agent", "customer", "customer"]


def test_an_agents_note_is_not_for_the_customer(story):
    story.asks(7)
    story.hook(7, "written", story.fake.agent_writes(7, "Careful, VIP.", public=False))
    assert story.said == [("customer", "queued")]
    assert story.conversation["owner"] == "bot"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_url_for_webhooks_can_be_validated(call, services, kind):
    """Intercom asks with HEAD before it accepts the URL."""
    url = "mailto:desk@shop.example" if kind == "email" else "http://127.0.0.1:9"
    new = {"name": "desk", "kind": kind, "url": url, "token": TOKEN, "options": dict.fromkeys(OPTIONS[kind], "1")}
    made = call("POST", "/v1/helpdesks", json=new)
    assert made.status_code == 201, made.json
    answered = call.client.head(f"/v1/helpdesks/{made.json['id']}/inbound")
    assert (answered.status_code, answered.data) == (200, b"")
    assert call.client.head("/v1/helpdesks/hd_unknown/inbound").status_code == 404
    assert call("GET", f"/v1/helpdesks/{made.json['id']}").json["heard_at"] is None


def test_a_webhook_that_was_accepted_is_applied_although_the_database_fails_meanwhile(story, services, monkeypatch):
    real = services.actions.submit

    def away(*_args, **_options):
        raise DatabaseUnavailable(cause="lock timeout")

    monkeypatch.setattr(services.actions, "submit", away)
    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP))
    assert story.post(body, headers).status_code == 204, "the helpdesk might not send it again"
    with contextlib.suppress(DatabaseUnavailable):
        story.send()
    assert story.call("GET", "/v1/conversations").json["items"] == []
    monkeypatch.setattr(services.actions, "submit", real)
    story.again()
    assert story.said == [("customer", "queued")]
    story.again()
    assert story.post(body, headers).status_code == 204
    assert story.said == [("customer", "queued")]


def test_a_webhook_that_cannot_be_accepted_is_asked_for_again(story, services, monkeypatch):
    def away(*_args, **_options):
        raise DatabaseUnavailable(cause="connection refused")

    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP))
    for broken in ("opened", "read"):
        with monkeypatch.context() as patch:
            patch.setattr(services.connections, broken, away)
            answered = story.post(body, headers)
        assert (answered.status_code, answered.headers["Retry-After"]) == (429, "5")
        assert answered.json["code"] == "webhook_postponed"
    story.hook(7, "written", story.fake.tickets[7].entries[0])
    assert story.said == [("customer", "queued")]


def test_an_applied_webhook_leaves_no_text_behind(story, services):
    story.asks(7)
    with services.store.read() as connection:
        kinds = connection.execute(sa.select(delivery.c.kind, delivery.c.state)).all()
    assert ("ticket_events", "pending") not in kinds
    assert [kind for kind, _state in kinds if kind == "ticket_events"] == []


def test_a_forged_webhook_changes_nothing(story):
    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP))
    for name in headers:
        if any(part in name.lower() for part in ("signature", "secret", "authorization")):
            for value in ("", "sha1=", headers[name][:-2] + "xx"):
                assert story.post(body, {**headers, name: value}).status_code == 401
            if "signature" in name.lower():  # the others do not sign the body
                assert story.post(body + b" ", headers).status_code == 401
    assert story.call("GET", "/v1/conversations").json["items"] == []
    assert story.post(body, headers).status_code == 204


def test_a_signed_but_invalid_webhook_is_rejected_without_losing_others(story):
    for body in (b"", b"[]", b"nonsense", b'{"ticket": 1, "event": 2, "data": 3, "type": [], "detail": "x"}'):
        headers = {"Content-Type": "application/json", **story.fake.signed(body, at=time.time())}
        assert story.post(body, headers).status_code in (204, 422), body
    assert story.call("GET", "/v1/conversations").json["items"] == []


def test_an_old_webhook_is_rejected_if_its_timestamp_is_signed(story):
    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP), at=time.time() - 400)
    assert story.post(body, headers).status_code == (401 if story.fake.kind in ("zendesk", "chatwoot", "rt") else 204)


def test_an_assigned_agent_owns_the_ticket(story):
    story.asks(7)
    story.hook(7, "assigned")
    assert story.conversation["owner"] == "human"
    assert story.said == [("customer", "handed_off")]
    assert story.answers() == 0


def test_a_check_reports_problems(story, services):
    def check(ticket=None, **changed):
        row = dataclasses.replace(services.connections.named(services.keys.workspace(), "desk"), **changed)
        return dict(services.connections.check(row, ticket=ticket))

    assert check()["webhooks (none has come yet)"] is None
    story.asks(7)
    assert "none has come" not in str(check())
    assert all(wrong is None for wrong in check().values())
    assert "401" in check(token="other")["credentials"]
    assert check(ticket="7")["round trip in ticket 7"] is None
    assert "Answerback tries its connection" in story.fake.bots(7, public=False)[0]
    assert re.search("404|422", check(ticket="8")["round trip"])
    with services.store.begin() as tx:
        tx.execute(helpdesk.update().values(heard_at=1))
    assert story.post(b"{}", {}).status_code == 401
    assert "not signed" in check()["webhooks"]
    row = services.connections.named(services.keys.workspace(), "desk")
    steps = services.connections.setup(row, "https://answers.example/v1/helpdesks/x/inbound")
    assert "answers.example/v1/helpdesks/x/inbound" in steps


def test_secrets_are_hidden_and_a_removed_helpdesk_rejects_webhooks(story, call, services):
    response = call("GET", f"/v1/helpdesks/{story.id}")
    assert TOKEN not in response.text
    assert SECRET not in response.text
    assert call("DELETE", f"/v1/helpdesks/{story.id}").status_code == 204
    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP))
    assert story.post(body, headers).status_code == 404
    with services.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(helpdesk_message)).scalar_one() == 0


def test_a_comment_without_text_becomes_a_message(story):
    story.asks(7, " ")
    assert story.said == [("customer", "queued")]


@pytest.mark.parametrize("fake", ["freshdesk", "rt", "zammad", "zendesk"], indirect=True)
def test_mail_that_the_helpdesk_knows_as_automatic_is_not_answered(story):
    story.asks(7)
    story.answers()
    away = story.fake.customer_writes(7, "How do I get to you? I am on the road.")
    away.automatic = True
    story.hook(7, "written", away)
    assert story.answers() == 0
    assert story.said[-1] == ("customer", "cancelled")


@pytest.mark.parametrize("fake", ["freshdesk", "rt", "zammad", "zendesk"], indirect=True)
def test_a_resume_tag_that_stays_does_not_resume_with_another_tag(story):
    story.asks(7)
    story.hook(7, "written", story.fake.agent_writes(7, "I am on it."))
    story.hook(7, "tagged", tags=["bot"])
    assert story.conversation["owner"] == "bot"
    story.hook(7, "written", story.fake.agent_writes(7, "I have it again."))
    story.hook(7, "tagged", tags=["vip"])
    assert story.conversation["owner"] == "human"


def test_an_erased_ticket_leaves_no_text_and_is_not_imported_again(story, services):
    story.asks(7)
    story.answers()
    entry = story.fake.tickets[7].entries[0]
    assert story.call("DELETE", f"/v1/conversations/{story.conversation['id']}").status_code == 204
    with services.store.read() as connection:
        assert set(connection.execute(sa.select(helpdesk_message.c.digest)).scalars()) == {""}
    story.hook(7, "written", entry)
    assert story.call("GET", "/v1/conversations").json["items"] == []


def test_receipts_of_old_webhooks_are_deleted(story, services):
    story.asks(7)
    with services.store.begin() as tx:
        tx.execute(helpdesk_message.update().values(created_at=1))
        tx.execute(inbound_webhook.update().values(created_at=1))
    services.inbound.clean_up()
    with services.store.read() as connection:
        assert connection.execute(sa.select(inbound_webhook)).first() is None
        assert connection.execute(sa.select(helpdesk_message)).first() is not None
    story.hook(7, "written", story.fake.tickets[7].entries[0])
    assert story.said == [("customer", "queued")]


def test_an_assignment_that_failed_is_recorded_with_the_repeated_webhook(story, services, monkeypatch):
    story.asks(7)
    real = services.actions.take_over

    def away(*_args, **_options):
        raise DatabaseUnavailable(cause="lock timeout")

    monkeypatch.setattr(services.actions, "take_over", away)
    body, headers = story.fake.webhook(7, "assigned")
    assert story.post(body, headers).status_code in (204, 503)
    with contextlib.suppress(DatabaseUnavailable):
        story.send()
    monkeypatch.setattr(services.actions, "take_over", real)
    story.hook(7, "assigned")
    with services.store.begin() as tx:
        tx.execute(delivery.update().where(delivery.c.state == "pending").values(due_at=1))
    story.send()
    assert story.conversation["owner"] == "human"


def test_a_ticket_that_was_assigned_before_the_connection_is_owned_by_the_agent(story):
    """The bot was connected yesterday; the ticket has been Bob's since last week."""
    story.fake.customer_writes(7, "Hello")
    story.fake.webhook(7, "assigned")
    if story.fake.kind == "chatwoot":
        story.fake.tickets[7].status = "open"
    story.asks(7, "And?")
    assert story.conversation["owner"] == "human"
    assert story.answers() == 0


def test_assignments_can_be_ignored(call, services, fake):
    story = Story(call, services, fake, options={**fake.options(), "assigned_takes_over": False})
    story.asks(7)
    story.hook(7, "assigned")
    assert story.conversation["owner"] == "bot"
    assert story.answers() == 1
    bad = {"options": {**fake.options(), "assigned_takes_over": "false"}}
    assert call("PATCH", f"/v1/helpdesks/{story.id}", json=bad).status_code == 422


def test_a_resume_tag_from_before_the_handoff_has_no_effect(story):
    story.asks(7)
    story.hook(7, "tagged", tags=["bot"])
    story.hook(7, "written", story.fake.agent_writes(7, "I am here."))
    story.asks(7, "Thank you!")
    assert story.conversation["owner"] == "human"
    assert story.answers() == 0
