"""Zendesk's events are read as it documents them, and a ticket is updated only as it was read."""

import pytest

from tests.support.helpdesks import SECRET, Refused, account
from worker.helpdesks.protocol import HelpdeskRefused, Post, Posted, TicketEvent, WebhookRefused, hmac_base64
from worker.helpdesks.zendesk import Zendesk
from worker.states import TicketEventKind

OPTIONS = {"bot_id": "9", "email": "bot@shop.example"}
DETAIL = {"id": "5158", "subject": "Parcel", "status": "OPEN", "assignee_id": None}
COMMENT = {
    "id": "11",
    "body": "Where is it?",
    "is_public": True,
    "author": {"id": "5", "is_staff": False, "name": "Ada"},
}
TICKET, NOW = "/api/v2/tickets/7.json", 1_764_000_000.0
COMMENTS = "GET /api/v2/tickets/7/comments.json?include=users&page=1"


def read(kind: str, event: object, **detail: object) -> list[TicketEvent]:
    payload = {
        "id": "01H",
        "type": f"zen:event-type:ticket.{kind}",
        "subject": "zen:ticket:5158",
        "zendesk_event_version": "2022-11-06",
        "detail": {**DETAIL, **detail},
        "event": event,
    }
    return Zendesk(account(**OPTIONS), None).read(payload, {})


def test_what_a_customer_writes_is_read_through_the_api_and_what_staff_writes_comes_with_the_event():
    """The event has no flags, and that of a new ticket has no comment."""
    for kind, event in (
        ("created", {}),
        ("created", {"meta": {"sequence": {}}}),
        ("comment_added", {"comment": COMMENT}),
    ):
        assert read(kind, event) == [TicketEvent(kind=TicketEventKind.CHANGED, ticket="5158")]
    staff = {**COMMENT, "author": {"id": "3", "is_staff": True, "name": "Bob"}}
    agents, state = read("comment_added", {"comment": staff}, assignee_id="3")
    assert (agents.kind, agents.ticket, agents.message_id) == (TicketEventKind.AGENT, "5158", "11")
    assert (agents.text, agents.subject, agents.owned) == ("Where is it?", "Parcel", True)
    assert agents.author == {"id": "3", "name": "Bob"}
    assert (state.is_state, state.value) == (True, "3")


@pytest.mark.parametrize(
    "change", [{"is_public": False}, {"is_public": None}, {"author": {"id": "9", "is_staff": True}}]
)
def test_notes_and_the_bots_comments_have_no_effect(change):
    assert read("comment_added", {"comment": {**COMMENT, **change}}) == []


@pytest.mark.parametrize(
    ("current", "closes"), [("SOLVED", True), ("CLOSED", True), ("solved", True), ("PENDING", False), (None, False)]
)
def test_a_solved_or_closed_ticket_is_closed(current, closes):
    events = read("status_changed", {"previous": "OPEN", "current": current})
    assert [event.kind for event in events] == [TicketEventKind.CLOSED] * closes


@pytest.mark.parametrize(("agent", "value"), [("3", "3"), (3, "3"), ("9", ""), (None, "")])
def test_a_ticket_of_nobody_or_of_the_bot_has_no_agent(agent, value):
    (assigned,) = read("agent_assignment_changed", {"current": agent})
    assert (assigned.is_state, assigned.value) == (True, value)


def test_the_tags_of_a_ticket_are_a_state_and_other_events_are_not_reported():
    (tagged,) = read("tags_changed", {"tags_added": ["vip"], "tags_removed": []}, tags=["bot", "vip"])
    assert (tagged.kind, tagged.tags, tagged.is_state) == (TicketEventKind.TAGGED, ("bot", "vip"), True)
    assert read("priority_changed", {"current": "HIGH"}) == []


@pytest.mark.parametrize("kind", ["merged", "marked_as_spam", "soft_deleted", "permanently_deleted"])
def test_a_ticket_that_is_gone_is_reported(kind):
    assert read(kind, {}) == [TicketEvent(kind=TicketEventKind.GONE, ticket="5158")]


def test_a_triggers_webhook_names_the_ticket():
    """For plans without events; its body is what the administrator wrote."""
    connector = Zendesk(account(**OPTIONS), None)
    assert connector.read({"ticket_id": "7"}, {}) == [TicketEvent(kind=TicketEventKind.CHANGED, ticket="7")]
    assert connector.read({"ticket_id": "../users"}, {}) == []


@pytest.mark.parametrize(("brand", "taken"), [("360", True), ("361", False), (None, False)])
def test_with_a_brand_only_its_tickets_are_read(canned, connect, brand, taken):
    connector = connect(Zendesk, **OPTIONS, brand_id="360")
    detail = {**DETAIL, "brand_id": brand}
    payload = {"type": "zen:event-type:ticket.created", "detail": detail, "event": {}}
    assert bool(connector.read(payload, {})) is taken
    canned.answers = {f"GET {TICKET}": {"ticket": {"status": "open", "brand_id": brand}}, COMMENTS: {"comments": []}}
    assert bool(connector.look("7")) is taken


def message(**actor: object) -> list[TicketEvent]:
    event = {"actor": {"id": "zd:5", "name": "Ada", "type": "end_user", **actor}, "conversation_id": "67ab5f53"}
    payload = {
        "type": "zen:event-type:messaging_ticket.message_added",
        "subject": "zen:ticket:141",
        "detail": {"id": "141"},
        "event": {**event, "message": {"id": "67ab5f55", "body": "Where is it?"}},
    }
    return Zendesk(account(**OPTIONS), None).read(payload, {})


def test_messages_of_messaging_tickets_are_read():
    (asked,) = message()
    assert (asked.kind, asked.ticket, asked.message_id, asked.text) == ("customer", "141", "67ab5f55", "Where is it?")
    assert asked.author == {"id": "zd:5", "name": "Ada"}
    (agents,) = message(type="agent", id="zd:3")
    assert agents.kind == TicketEventKind.AGENT
    for actor in ({"type": "trigger"}, {"type": "system", "id": "zd:answerBot"}, {"type": "agent", "id": "9"}):
        assert message(**actor) == []


def test_an_answer_to_a_messaging_ticket_becomes_a_note_since_a_comment_would_reach_nobody(canned, connect):
    found = {"status": "open", "updated_at": "x", "via": {"channel": "native_messaging"}}
    canned.answers = {f"GET {TICKET}": {"ticket": found}, f"PUT {TICKET}": updated({"type": "Comment", "id": 2})}
    connector = connect(Zendesk, **OPTIONS)
    connector.post(Post(ticket="7", text="Yes.", public=True))
    comment = canned.bodies[f"PUT {TICKET}"]["ticket"]["comment"]
    assert comment["public"] is False
    assert comment["html_body"].endswith("<p>Yes.</p>")
    canned.answers["GET /api/v2/tickets/7/comments.json?sort_order=desc"] = {"comments": [{"id": 2, **comment}]}
    assert connector.find("7") == [Posted(id="2", text="<p>Yes.</p>")], "a second attempt does not find the first"


def test_a_ticket_without_details_is_named_by_the_events_subject():
    (closed,) = read("status_changed", {"current": "SOLVED"}, id=None)
    assert closed.ticket == "5158"


@pytest.mark.parametrize(
    ("stamp", "accepted"),
    [
        ("2025-11-24T16:00:00Z", True),  # NOW
        ("2025-11-24T15:54:00Z", False),
        ("1764000000", True),
        ("now", False),
        ("", False),
    ],
)
def test_the_signature_covers_the_time_and_the_body(stamp, accepted):
    body, connector = b'{"id": "01H"}', Zendesk(account(**OPTIONS), None)
    headers = {
        "x-zendesk-webhook-signature": hmac_base64(SECRET, stamp.encode() + body),
        "x-zendesk-webhook-signature-timestamp": stamp,
    }
    if accepted:
        connector.verify(body, headers, now=NOW)
        headers["x-zendesk-webhook-signature"] = hmac_base64(SECRET, body)
    with pytest.raises(WebhookRefused):
        connector.verify(body, headers, now=NOW)


def updated(*events: object) -> dict[str, object]:
    return {"ticket": {"id": 7}, "audit": {"events": list(events)}}


def listed(id: int, author: int, **fields: object) -> dict[str, object]:
    return {"id": id, "author_id": author, "public": True, "plain_body": f"Text {id}", "metadata": {}, **fields}


def test_a_ticket_is_read_with_its_public_comments_and_its_state(canned, connect):
    """Rules write comments as nobody, and mail that software sent has a flag."""
    ticket = {"status": "open", "subject": "Parcel", "tags": ["vip"], "assignee_id": 3}
    users = [
        {"id": 5, "role": "end-user", "name": "Ada", "email": "ada@shop.example"},
        {"id": 3, "role": "agent", "name": "Bob"},
        {"id": 9, "role": "agent", "name": "Bot"},
    ]
    quoted = '<div class="zd-comment"><p>Thanks.</p><blockquote type="cite">Our answer.</blockquote></div>'
    comments = [
        listed(11, 5),
        listed(12, 3, public=False),
        listed(13, 9),
        listed(14, -1),
        listed(15, 3),
        listed(16, 5, html_body=quoted),
        listed(17, 5, metadata={"flags": [0, 4], "system": {}}),
    ]
    canned.answers = {f"GET {TICKET}": {"ticket": ticket}, COMMENTS: {"comments": comments, "users": users}}
    events = connect(Zendesk, **OPTIONS).look("7")
    messages = [event for event in events if event.message_id]
    assert [(event.kind, event.message_id, event.text, event.automatic) for event in messages] == [
        ("customer", "11", "Text 11", False),
        ("agent", "15", "Text 15", False),
        ("customer", "16", "Thanks.\n\n> Our answer.", False),
        ("customer", "17", "Text 17", True),
    ]
    assert messages[0].author == {"id": "5", "name": "Ada", "email": "ada@shop.example"}
    states = {event.kind: event for event in events if event.is_state}
    assert states[TicketEventKind.TAGGED].tags == ("vip",)
    assert states[TicketEventKind.ASSIGNED].value == "3"
    assert states[TicketEventKind.CLOSED].value == ""


def test_a_long_ticket_is_read_to_its_end(canned, connect):
    users = [{"id": 5, "role": "end-user"}]
    canned.answers = {
        f"GET {TICKET}": {"ticket": {"status": "solved"}},
        COMMENTS: {"comments": [listed(number, 5) for number in range(100)], "users": users},
        COMMENTS.replace("page=1", "page=2"): {"comments": [listed(100, 5)], "users": users},
    }
    events = connect(Zendesk, **OPTIONS).look("7")
    assert [event.message_id for event in events if event.message_id][-1] == "100"
    assert [event.value for event in events if event.kind == TicketEventKind.CLOSED] == ["closed"]


def test_a_comment_is_written_as_the_ticket_was_read_and_changes_nothing_else(canned, connect):
    """A field that is required to solve would refuse the comment too."""
    canned.answers = {
        f"GET {TICKET}": {"ticket": {"status": "open", "updated_at": "2026-11-23T00:00:00Z"}},
        f"PUT {TICKET}": updated({"type": "Change", "id": 1}, {"type": "Comment", "id": 2}),
    }
    post = Post(ticket="7", text="Yes.", public=True, status="closed", assignee="3", group="4")
    connector = connect(Zendesk, **OPTIONS)
    assert connector.post(post) == "2"
    stamp = {"safe_update": True, "updated_stamp": "2026-11-23T00:00:00Z"}
    assert canned.bodies[f"PUT {TICKET}"]["ticket"] == {
        "comment": {"html_body": "<p>Yes.</p>", "public": True, "author_id": 9},
        **stamp,
    }
    connector.change(post)
    assert canned.bodies[f"PUT {TICKET}"]["ticket"] == {"status": "solved", "assignee_id": 3, "group_id": 4, **stamp}


def test_a_closed_ticket_is_left_as_it_is(canned, connect):
    canned.answers = {f"GET {TICKET}": {"ticket": {"status": "closed", "updated_at": "2026-11-23T00:00:00Z"}}}
    connect(Zendesk, **OPTIONS).change(Post(ticket="7", text="Yes.", public=True, status="open", assignee="3"))
    assert canned.calls == [f"GET {TICKET}"]


@pytest.mark.parametrize(("conflicts", "posted"), [(1, True), (2, True), (3, False)])
def test_a_ticket_that_changes_meanwhile_is_read_again_twice(canned, connect, conflicts, posted):
    stamps = ({"ticket": {"status": "open", "updated_at": f"2026-11-23T00:00:0{number}Z"}} for number in range(9))
    canned.answers = {
        f"GET {TICKET}": stamps,
        f"PUT {TICKET}": iter([Refused(409)] * conflicts + [updated({"type": "Comment", "id": 2})]),
    }
    connector, post = connect(Zendesk, **OPTIONS), Post(ticket="7", text="Yes.", public=True)
    if posted:
        assert connector.post(post) == "2"
        sent = canned.bodies[f"PUT {TICKET}"]["ticket"]
        assert sent["updated_stamp"] == f"2026-11-23T00:00:0{conflicts}Z"
    else:
        with pytest.raises(HelpdeskRefused) as refused:
            connector.post(post)
        assert refused.value.status == 409


def test_a_refusal_that_is_no_conflict_is_not_tried_again_at_once(canned, connect):
    canned.answers = {f"GET {TICKET}": {"ticket": {"status": "open", "updated_at": "x"}}, f"PUT {TICKET}": Refused(422)}
    with pytest.raises(HelpdeskRefused) as refused:
        connect(Zendesk, **OPTIONS).post(Post(ticket="7", text="Yes.", public=True))
    assert refused.value.status == 422
    assert canned.calls.count(f"PUT {TICKET}") == 1


def test_tags_are_added_to_those_of_the_ticket(canned, connect):
    call = "PUT /api/v2/tickets/7/tags.json"  # a PUT adds, a POST replaces
    canned.answers = {call: {"tags": []}}
    connector = connect(Zendesk, **OPTIONS)
    connector.change(Post(ticket="7", text="", public=True))
    assert canned.calls == []
    connector.change(Post(ticket="7", text="", public=True, tags=("bot",)))
    assert canned.bodies == {call: {"tags": ["bot"]}}


def test_comments_are_found_with_their_markup_where_they_have_it(canned, connect):
    listed = [{"id": 2, "html_body": "<p>Yes.</p>", "body": "Yes."}, {"id": 1, "body": "Hello"}]
    canned.answers = {"GET /api/v2/tickets/7/comments.json?sort_order=desc": {"comments": listed}}
    found = connect(Zendesk, **OPTIONS).find("7")
    assert found == [Posted(id="2", text="<p>Yes.</p>"), Posted(id="1", text="Hello")]


@pytest.mark.parametrize(
    ("user", "wrong"),
    [
        ({"id": 9, "role": "agent"}, None),
        ({"id": 9, "role": "end-user"}, "is no agent"),
        ({"id": 3, "role": "admin"}, "bot_id is 9, but the token's user is 3"),
    ],
)
def test_a_check_says_whose_token_it_is(canned, connect, user, wrong):
    canned.answers = {"GET /api/v2/users/me.json": {"user": user}}
    credentials, (name, said) = connect(Zendesk, **OPTIONS).check()
    assert (credentials, name) == (("credentials", None), "user")
    assert said is None if wrong is None else wrong in said
