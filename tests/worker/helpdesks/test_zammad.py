"""Zammad's triggers send an article and the owner; tags and states are read, and an answer leaves by mail or chat."""

import hashlib
from datetime import UTC, datetime, timedelta

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
SHOW, STATES = "GET /api/v1/tickets/7", "GET /api/v1/ticket_states"
TAGS = "GET /api/v1/tags?object=Ticket&o_id=7"
#: States as a German desk named them.
NAMED = [
    {"id": 9, "state_type_id": 5, "name": "erledigt", "active": True},
    {"id": 1, "state_type_id": 1, "name": "neu", "active": True},
    {"id": 2, "state_type_id": 2, "name": "offen", "active": False},
    {"id": 3, "state_type_id": 3, "name": "warten auf Erinnerung", "active": True},
    {"id": 4, "state_type_id": 5, "name": "geschlossen", "active": True},
    {"id": 5, "state_type_id": 6, "name": "zusammengefasst", "active": True},
]
ARTICLES, ADD = "GET /api/v1/ticket_articles/by_ticket/7", "POST /api/v1/ticket_articles"


def read(article: object = None, **ticket: object) -> list[TicketEvent]:
    return Zammad(account(bot_id="2"), None).read({"ticket": {**TICKET, **ticket}, "article": article}, {})


def messages(article: object, **ticket: object) -> list[TicketEvent]:
    return [event for event in read(article, **ticket) if event.message_id]


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
    ("ticket", "assignee"),
    [
        ({}, "3"),
        ({"owner": {"id": 1}}, ""),  # the system's user owns what nobody does
        ({"owner": None, "owner_id": 2}, ""),
        ({"owner": None, "owner_id": 3}, "3"),
    ],
)
def test_a_webhook_says_who_owns_the_ticket_and_the_rest_is_to_be_read(ticket, assignee):
    """It has no tags, and the name of a state that may be translated."""
    assigned, changed = read(state="geschlossen", **ticket)
    assert (assigned.kind, assigned.is_state, assigned.value) == (TicketEventKind.ASSIGNED, True, assignee)
    assert changed == TicketEvent(kind=TicketEventKind.CHANGED, ticket="1")


@pytest.mark.parametrize(
    ("state_id", "kinds", "closed"),
    [
        (1, {"tagged", "assigned", "closed"}, ""),
        (3, {"tagged", "assigned", "closed"}, ""),
        (4, {"tagged", "assigned", "closed"}, "closed"),
        (9, {"tagged", "assigned", "closed"}, "closed"),
        (5, {"gone"}, None),
    ],
)
def test_the_state_of_a_ticket_is_known_by_its_type_and_its_tags_are_read(canned, connect, state_id, kinds, closed):
    canned.answers = {SHOW: {"id": 7, "state_id": state_id, "owner_id": 3}, STATES: NAMED, TAGS: {"tags": ["bot"]}}
    found = {event.kind: event for event in connect(Zammad, bot_id="2").look("7")}
    assert set(found) == kinds
    if closed is not None:
        assert found[TicketEventKind.CLOSED].value == closed
        assert found[TicketEventKind.ASSIGNED].value == "3"
        assert found[TicketEventKind.TAGGED].tags == ("bot",)


def test_plain_text_keeps_what_stands_in_angle_brackets():
    (event,) = messages({**ARTICLE, "content_type": "text/plain", "body": "Type <your name> in <Settings>, a < b"})
    assert event.text == "Type <your name> in <Settings>, a < b"


MARKER = '<span class="js-signatureMarker"></span>'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"<p>And now?</p>{MARKER}<p><b>Von:</b> Shop<br>Old.</p>", "And now?\n\n> Von: Shop\n> Old."),
        (
            f'<p>Hi</p>{MARKER}<div>Dňa 1. 5. napísal:</div><blockquote type="cite">Old.</blockquote><p>Mine.</p>',
            "Hi\n\n> Dňa 1. 5. napísal:\n> Old.\n\nMine.",
        ),
        (f"{MARKER}<p><b>From:</b> Ada</p><p>All of it.</p>", "From: Ada\n\nAll of it."),
    ],
)
def test_what_zammad_marks_as_quoted_is_quoted_and_what_the_customer_wrote_below_it_is_not(body, text):
    (event,) = messages({**ARTICLE, "content_type": "text/html", "body": body})
    assert event.text == text


def test_the_signature_is_a_sha1_of_the_body():
    connector, body = Zammad(account(bot_id="2"), None), b'{"ticket": {}}'
    connector.verify(body, {"x-hub-signature": f"sha1={hmac_hex(SECRET, body, hashlib.sha1)}"}, now=0.0)
    for signature in ("", f"sha1={hmac_hex('other', body, hashlib.sha1)}"):
        with pytest.raises(WebhookRefused):
            connector.verify(body, {"x-hub-signature": signature}, now=0.0)


MAIL = {"type": "email", "internal": False, "body": "<p><strong>Yes</strong>.</p>", "content_type": "text/html"}
CHAT = {"internal": False, "to": "+4930123", "body": "Yes.", "content_type": "text/plain"}


@pytest.mark.parametrize(
    ("last", "sent"),
    [
        (
            {"type": "email", "from": "ada@shop.example", "subject": "Parcel", "message_id": "<1@shop.example>"},
            {**MAIL, "to": "ada@shop.example", "subject": "Parcel", "in_reply_to": "<1@shop.example>"},
        ),
        (
            {"type": "email", "from": "form@shop.example", "reply_to": "ada@shop.example"},
            {**MAIL, "to": "ada@shop.example", "subject": ""},
        ),
        ({"type": "web", "from": "Ada"}, {**MAIL, "to": "ada@home.example", "subject": ""}),
        ({"type": "phone", "from": "Ada"}, {**MAIL, "to": "ada@home.example", "subject": ""}),
        ({"type": "note", "from": "Ada"}, {**MAIL, "to": "ada@home.example", "subject": ""}),
        ({"type": "sms", "from": "+4930123"}, {**CHAT, "type": "sms"}),
        ({"type": "whatsapp message", "from": "+4930123"}, {**CHAT, "type": "whatsapp message"}),
        ({"type": "telegram personal-message", "from": "+4930123"}, {**CHAT, "type": "telegram personal-message"}),
    ],
)
def test_an_answer_leaves_by_the_customers_chat_or_by_mail_and_never_as_a_note(canned, connect, last, sent):
    listed = [
        {"sender": "Customer", "type": "phone", "from": "Ada"},
        {"sender": "Customer", **last},
        {"sender": "Agent", "type": "email", "from": "desk@shop.example"},
    ]
    canned.answers = {
        ARTICLES: listed,
        ADD: {"id": 12},
        SHOW: {"id": 7, "customer_id": 5},
        "GET /api/v1/users/5": {"id": 5, "email": "ada@home.example"},
    }
    assert connect(Zammad, bot_id="2").post(Post(ticket="7", text="**Yes**.", public=True)) == "12"
    assert canned.bodies[ADD] == {"ticket_id": 7, "sender": "Agent", **sent}


@pytest.mark.parametrize(
    ("last", "text", "said"),
    [
        ({"type": "web"}, "Yes.", "no e-mail address"),
        ({"type": "sms", "from": "+49"}, "Yes. " * 40, "longer than an SMS"),
    ],
)
def test_an_answer_that_would_not_reach_the_customer_is_refused_and_not_written(canned, connect, last, text, said):
    canned.answers = {
        ARTICLES: [{"sender": "Customer", **last}],
        SHOW: {"id": 7, "customer_id": 5},
        "GET /api/v1/users/5": {"id": 5, "email": ""},
    }
    with pytest.raises(HelpdeskRefused, match=said) as refused:
        connect(Zammad, bot_id="2").post(Post(ticket="7", text=text, public=True))
    assert refused.value.status == 422
    assert ADD not in canned.calls


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


def test_a_state_is_set_by_its_type_a_pending_one_with_its_time_and_tags_are_added_one_by_one(canned, connect):
    update, tag = "PUT /api/v1/tickets/7", "POST /api/v1/tags/add"
    canned.answers = {update: {}, tag: True, STATES: NAMED}
    connector = connect(Zammad, bot_id="2")
    connector.change(Post(ticket="7", text="", public=True, status="closed"))
    assert canned.bodies[update] == {"state_id": 4}, "the first active state of the type"
    connector.change(Post(ticket="7", text="", public=True, status="pending", assignee="3", group="Sales"))
    pending = canned.bodies[update]
    reminded = datetime.fromisoformat(pending.pop("pending_time"))
    assert timedelta(days=2) < reminded - datetime.now(UTC) < timedelta(days=4)
    assert pending == {"state_id": 3, "owner_id": 3, "group": "Sales"}
    canned.calls.clear()
    connector.change(Post(ticket="7", text="", public=True, tags=("a", "b")))
    assert canned.calls == [tag, tag]
    assert canned.bodies[tag] == {"item": "b", "object": "Ticket", "o_id": 7}
    with pytest.raises(HelpdeskRefused, match="assignee must be a number"):
        connector.change(Post(ticket="7", text="", public=True, assignee="Bob"))
    with pytest.raises(HelpdeskRefused, match="no active state of the type open"):
        connector.change(Post(ticket="7", text="", public=True, status="open"))


def test_a_check_says_whose_token_it_is(canned, connect):
    canned.answers = {"GET /api/v1/users/me": {"id": 2}}
    assert connect(Zammad, bot_id="2").check() == [("credentials", None), ("user", None)]
    assert "bot_id is 3, but the token's user is 2" in str(connect(Zammad, bot_id="3").check())
