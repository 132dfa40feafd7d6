"""Freshdesk's webhooks say that a ticket changed; its messages and states are read through its API."""

import pytest

from tests.support.helpdesks import SECRET, Refused, account
from worker.helpdesks.freshdesk import Freshdesk
from worker.helpdesks.protocol import HelpdeskRefused, Post, TicketEvent, WebhookRefused
from worker.states import TicketEventKind

AT, CONFIGS = "/api/v2/tickets/7", "/api/v2/email_configs?per_page=100"
TICKET = {
    "id": 7,
    "subject": "Parcel",
    "description_text": "Where is it?",
    "source": 1,
    "status": 2,
    "tags": ["vip"],
    "responder_id": None,
    "requester": {"id": 5, "name": "Ada", "email": None},
}


@pytest.fixture
def look(canned, connect):
    """Read a ticket with these fields and conversations."""

    def read(*conversations: object, **fields: object) -> list[TicketEvent]:
        canned.answers = {
            "GET /api/v2/tickets/7?include=requester": {**TICKET, **fields},
            "GET /api/v2/tickets/7/conversations?per_page=100&page=1": list(conversations),
        }
        return connect(Freshdesk, bot_id="9").look("7")

    return read


def message(id: int, **fields: object) -> dict[str, object]:
    return {"id": id, "body_text": f"Text {id}", "incoming": False, "private": False, "user_id": 3, **fields}


@pytest.mark.parametrize(("given", "tickets"), [("7", ["7"]), (7, ["7"]), ("../agents", []), ("", []), (None, [])])
def test_a_webhook_names_the_ticket_that_changed_by_its_number(given, tickets):
    events = Freshdesk(account(bot_id="9"), None).read({"ticket_id": given}, {})
    assert [(event.kind, event.ticket) for event in events] == [(TicketEventKind.CHANGED, id) for id in tickets]


def test_a_webhook_must_bring_the_secret():
    connector = Freshdesk(account(bot_id="9"), None)
    connector.verify(b"", {"x-answerback-secret": SECRET}, now=0.0)
    for headers in ({}, {"x-answerback-secret": SECRET[:-1]}):
        with pytest.raises(WebhookRefused):
            connector.verify(b"", headers, now=0.0)


def test_a_ticket_begins_with_its_description_and_leaves_out_notes_and_the_bots_replies(look):
    events = look(
        message(11, user_id=9),
        message(12, private=True),
        message(13),
        message(14, incoming=True, user_id=5),
    )
    messages = [event for event in events if event.message_id]
    assert [(event.kind, event.message_id, event.text) for event in messages] == [
        ("customer", "ticket-7", "Where is it?"),
        ("agent", "13", "Text 13"),
        ("customer", "14", "Text 14"),
    ]
    assert messages[0].author == messages[2].author == {"id": "5", "name": "Ada"}
    assert messages[1].author == {"id": "3", "name": "an agent"}
    assert {event.subject for event in messages} == {"Parcel"}


@pytest.mark.parametrize(
    ("fields", "assignee", "closed"),
    [
        ({}, "", ""),
        ({"responder_id": 3}, "3", ""),
        ({"responder_id": 9}, "", ""),  # the bot
        ({"status": 4}, "", "closed"),
        ({"status": 5, "responder_id": 3}, "3", "closed"),
        ({"status": 3}, "", ""),
    ],
)
def test_the_state_of_a_ticket_is_reported_with_it(look, fields, assignee, closed):
    states = {event.kind: event for event in look(**fields) if event.is_state}
    assert states[TicketEventKind.ASSIGNED].value == assignee
    assert states[TicketEventKind.CLOSED].value == closed
    assert states[TicketEventKind.TAGGED].tags == ("vip",)


def test_a_long_ticket_is_read_to_its_end(canned, connect):
    at = "GET /api/v2/tickets/7/conversations?per_page=100&page="
    canned.answers = {
        "GET /api/v2/tickets/7?include=requester": TICKET,
        f"{at}1": [message(number) for number in range(100)],
        f"{at}2": [message(100)],
    }
    connector = connect(Freshdesk, bot_id="9")
    assert [event.message_id for event in connector.look("7") if event.message_id][-1] == "100"
    assert [posted.id for posted in connector.find("7")] == [str(id) for id in range(51, 101)]
    assert f"{at}3" not in canned.calls


def test_tags_that_a_ticket_has_are_kept_when_some_are_added(canned, connect):
    canned.answers = {"GET /api/v2/tickets/7": TICKET, "PUT /api/v2/tickets/7": {}}
    post = Post(ticket="7", text="", public=True, status="closed", assignee="3", group="4", tags=("vip", "refund"))
    connect(Freshdesk, bot_id="9").change(post)
    assert canned.bodies["PUT /api/v2/tickets/7"] == {
        "status": 4,
        "responder_id": 3,
        "group_id": 4,
        "tags": ["vip", "refund"],
    }


def test_nothing_is_called_where_nothing_changes(canned, connect):
    connector = connect(Freshdesk, bot_id="9")
    connector.change(Post(ticket="7", text="", public=True))
    assert canned.calls == []
    with pytest.raises(HelpdeskRefused, match="assignee must be a number"):
        connector.change(Post(ticket="7", text="", public=True, assignee="Bob"))
    assert canned.calls == []


@pytest.mark.parametrize(
    ("source", "kind"), [(1, "customer"), (2, "customer"), (7, "customer"), (3, "agent"), (10, "agent")]
)
def test_the_description_of_a_call_or_of_an_outbound_mail_is_an_agents(look, source, kind):
    first = look(source=source)[0]
    assert (first.kind, first.message_id, first.text) == (kind, "ticket-7", "Where is it?")
    assert (first.author.get("name") == "Ada") is (kind == "customer")


def test_what_a_rule_sends_is_no_agents_reply_and_an_automatic_mail_is_known_as_one(look):
    events = look(
        message(11, auto_response=True),
        message(12, automation_id=70),
        message(13, incoming=True, user_id=5, auto_response=True),
    )
    assert [(event.message_id, event.automatic) for event in events if event.message_id] == [
        ("ticket-7", False),
        ("13", True),
    ]


def test_quoted_history_keeps_its_marks(look):
    body = '<div>And now?<blockquote class="freshdesk_quote">Our answer.</blockquote></div>'
    events = look(message(14, incoming=True, user_id=5, body=body), description=body)
    assert [event.text for event in events if event.message_id] == ["And now?\n> Our answer."] * 2


@pytest.mark.parametrize("field", ["spam", "deleted"])
def test_spam_and_deleted_tickets_are_gone(look, field):
    assert look(**{field: True}) == [TicketEvent(kind=TicketEventKind.GONE, ticket="7")]


MAILBOXES = [
    {"id": 20, "reply_email": "desk@example.com", "product_id": None, "primary_role": True},
    {"id": 21, "reply_email": "second@example.com", "product_id": 5, "primary_role": False},
    {"id": 22, "reply_email": "third@example.com", "product_id": 5, "primary_role": True},
]


@pytest.mark.parametrize(
    ("ticket", "sender"),
    [
        ({"email_config_id": 21, "product_id": 5}, {"from_email": "second@example.com"}),
        ({"email_config_id": None, "product_id": 5}, {"from_email": "third@example.com"}),  # from the portal
        ({"email_config_id": 99, "product_id": None}, {}),
        ({"email_config_id": None, "product_id": None}, {}),
    ],
)
def test_a_reply_leaves_from_the_address_of_the_tickets_brand(canned, connect, ticket, sender):
    call = "POST /api/v2/tickets/7/reply"
    canned.answers = {f"GET {AT}": {**TICKET, **ticket}, f"GET {CONFIGS}": MAILBOXES, call: {"id": 12}}
    connect(Freshdesk, bot_id="9").post(Post(ticket="7", text="**Yes**.", public=True))
    assert canned.bodies[call] == {"body": "<p><strong>Yes</strong>.</p>", **sender}


def test_an_agent_who_may_not_read_the_mail_settings_replies_all_the_same_and_the_check_says_so(canned, connect):
    call = "POST /api/v2/tickets/7/reply"
    canned.answers = {
        f"GET {AT}": {**TICKET, "email_config_id": 21},
        f"GET {CONFIGS}": Refused(403),
        call: {"id": 12},
        "GET /api/v2/agents/me": {"id": 9},
    }
    connector = connect(Freshdesk, bot_id="9")
    connector.post(Post(ticket="7", text="Yes.", public=True))
    assert canned.bodies[call] == {"body": "<p>Yes.</p>"}
    assert "may not read the e-mail settings" in dict(connector.check())["addresses of replies"]


@pytest.mark.parametrize(("public", "path", "more"), [(True, "reply", {}), (False, "notes", {"private": True})])
def test_a_note_is_private_and_a_reply_is_not(canned, connect, public, path, more):
    call = f"POST /api/v2/tickets/7/{path}"
    canned.answers = {call: {"id": 12}, f"GET {AT}": TICKET}
    assert connect(Freshdesk, bot_id="9").post(Post(ticket="7", text="a < b", public=public)) == "12"
    assert canned.bodies[call] == {"body": "<p>a &lt; b</p>", **more}


def test_a_check_says_whose_key_it_is(canned, connect):
    canned.answers = {"GET /api/v2/agents/me": {"id": 9}, f"GET {CONFIGS}": []}
    checks = connect(Freshdesk, bot_id="9").check()
    assert checks == [("credentials", None), ("user", None), ("addresses of replies", None)]
    assert "bot_id is 8, but the key's agent is 9" in str(connect(Freshdesk, bot_id="8").check())
    assert "bot_id is not set" in str(connect(Freshdesk).check())
