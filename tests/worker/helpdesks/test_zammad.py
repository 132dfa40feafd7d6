"""Zammad's triggers send a ticket with its states; an answer leaves as the customer's last message came."""

import hashlib

import pytest

from tests.support.helpdesks import SECRET, account
from worker.helpdesks.protocol import HelpdeskRefused, Post, Posted, TicketEvent, WebhookRefused, hmac_hex
from worker.helpdesks.zammad import Zammad
from worker.states import TicketEventKind

TICKET = {
    "id": 1,
    "title": "Re: X",
    "state": "open",
    "owner": {"id": 3},
    "customer": {"id": 5, "firstname": "Ada", "lastname": "Lovelace", "email": "ada@shop.example"},
}
ARTICLE = {"id": 7, "sender": "Customer", "body": "Noted.", "internal": False, "created_by_id": 5}
ARTICLES, ADD = "GET /api/v1/ticket_articles/by_ticket/7", "POST /api/v1/ticket_articles"


def read(article: object = None, **ticket: object) -> list[TicketEvent]:
    return Zammad(account(bot_id="2"), None).read({"ticket": {**TICKET, **ticket}, "article": article}, {})


def messages(article: object, **ticket: object) -> list[TicketEvent]:
    return [event for event in read(article, **ticket) if not event.is_state]


@pytest.mark.parametrize("automatic", [True, False])
def test_it_says_which_article_is_an_automatic_reply(automatic):
    (event,) = messages({**ARTICLE, "preferences": {"is-auto-response": automatic}})
    assert (event.kind, event.automatic) == ("customer", automatic)


@pytest.mark.parametrize(
    "change",
    [
        {"internal": True},
        {"created_by_id": 2, "sender": "Agent"},  # the bot
        {"sender": "System"},
        {"sender": {"name": "System"}},
        {"id": None},
    ],
)
def test_notes_the_bots_articles_and_the_systems_are_no_messages(change):
    assert messages({**ARTICLE, **change}) == []


def test_an_article_has_the_name_of_its_writer():
    (customers,) = messages(ARTICLE)
    assert customers.author == {"id": "5", "name": "Ada Lovelace", "email": "ada@shop.example"}
    by_agent = {"sender": "Agent", "created_by_id": 3, "created_by": {"id": 3, "firstname": "Bob", "lastname": ""}}
    (agents,) = messages({**ARTICLE, **by_agent})
    assert (agents.kind, agents.author) == (TicketEventKind.AGENT, {"id": "3", "name": "Bob"})
    (nameless,) = messages({**ARTICLE, "from": "Ada <ada@shop.example>"}, customer=None)
    assert nameless.author == {"id": "5", "name": "Ada <ada@shop.example>"}


@pytest.mark.parametrize(
    ("ticket", "assignee", "closed"),
    [
        ({}, "3", ""),
        ({"owner": {"id": 1}}, "", ""),  # the system's user owns what nobody does
        ({"owner": None, "owner_id": 2}, "", ""),
        ({"owner": None, "owner_id": 3}, "3", ""),
        ({"state": "closed"}, "3", "closed"),
        ({"state": {"id": 5, "name": "merged"}}, "3", "closed"),
        ({"state": "pending reminder"}, "3", ""),
    ],
)
def test_the_state_of_a_ticket_is_reported_with_every_webhook(ticket, assignee, closed):
    states = {event.kind: event for event in read(tags=["bot"], **ticket)}
    assert states[TicketEventKind.ASSIGNED].value == assignee
    assert states[TicketEventKind.CLOSED].value == closed
    assert states[TicketEventKind.TAGGED].tags == ("bot",)


def test_the_signature_is_a_sha1_of_the_body():
    connector, body = Zammad(account(bot_id="2"), None), b'{"ticket": {}}'
    connector.verify(body, {"x-hub-signature": f"sha1={hmac_hex(SECRET, body, hashlib.sha1)}"}, now=0.0)
    for signature in ("", f"sha1={hmac_hex('other', body, hashlib.sha1)}"):
        with pytest.raises(WebhookRefused):
            connector.verify(body, {"x-hub-signature": signature}, now=0.0)


@pytest.mark.parametrize(
    ("last", "sent"),
    [
        (
            {"type": "email", "from": "ada@shop.example", "subject": "Parcel"},
            {"type": "email", "internal": False, "to": "ada@shop.example", "subject": "Parcel"},
        ),
        (
            {"type": "email", "from": "form@shop.example", "reply_to": "ada@shop.example"},
            {"type": "email", "internal": False, "to": "ada@shop.example", "subject": ""},
        ),
        ({"type": "web", "from": "Ada"}, {"type": "note", "internal": False}),
    ],
)
def test_an_answer_leaves_as_the_customers_last_message_came(canned, connect, last, sent):
    listed = [
        {"sender": "Customer", "type": "phone", "from": "Ada"},
        {"sender": "Customer", **last},
        {"sender": "Agent", "type": "email", "from": "desk@shop.example"},
    ]
    canned.answers = {ARTICLES: listed, ADD: {"id": 12}}
    assert connect(Zammad, bot_id="2").post(Post(ticket="7", text="Yes.", public=True)) == "12"
    common = {"ticket_id": 7, "body": "<p>Yes.</p>", "content_type": "text/html", "sender": "Agent"}
    assert canned.bodies[ADD] == {**common, **sent}


def test_a_note_is_never_sent_by_mail(canned, connect):
    canned.answers = {ADD: {"id": 12}}
    connect(Zammad, bot_id="2").post(Post(ticket="7", text="Careful.", public=False))
    assert (canned.bodies[ADD]["type"], canned.bodies[ADD]["internal"]) == ("note", True)
    assert canned.calls == [ADD]


def test_only_agents_articles_are_found_again(canned, connect):
    canned.answers = {
        ARTICLES: [
            {"id": 1, "sender": "Customer", "body": "Hello"},
            {"id": 2, "sender": {"name": "Agent"}, "body": "Yes."},
            {"id": 3, "sender": "System", "body": "Merged"},
        ]
    }
    assert connect(Zammad, bot_id="2").find("7") == [Posted(id="2", text="Yes.")]


def test_states_have_zammads_names_and_tags_are_added_one_by_one(canned, connect):
    update, tag = "PUT /api/v1/tickets/7", "POST /api/v1/tags/add"
    canned.answers = {update: {}, tag: True}
    connector = connect(Zammad, bot_id="2")
    connector.change(Post(ticket="7", text="", public=True, status="pending", assignee="3", group="Sales"))
    assert canned.bodies == {update: {"state": "pending reminder", "owner_id": 3, "group": "Sales"}}
    canned.calls.clear()
    connector.change(Post(ticket="7", text="", public=True, tags=("a", "b")))
    assert canned.calls == [tag, tag]
    assert canned.bodies[tag] == {"item": "b", "object": "Ticket", "o_id": 7}
    with pytest.raises(HelpdeskRefused, match="assignee must be a number"):
        connector.change(Post(ticket="7", text="", public=True, assignee="Bob"))


def test_a_check_says_whose_token_it_is(canned, connect):
    canned.answers = {"GET /api/v1/users/me": {"id": 2}}
    assert connect(Zammad, bot_id="2").check() == [("credentials", None), ("user", None)]
    assert "bot_id is 3, but the token's user is 2" in str(connect(Zammad, bot_id="3").check())
