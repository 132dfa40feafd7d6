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


@pytest.mark.parametrize("kind", ["comment_added", "created"])
def test_a_comment_is_a_message_of_the_customer_or_of_staff(kind):
    written, state = read(kind, {"comment": COMMENT})
    assert (written.kind, written.ticket, written.message_id) == ("customer", "5158", "11")
    assert (written.text, written.subject, written.owned) == ("Where is it?", "Parcel", False)
    assert written.author == {"id": "5", "name": "Ada"}
    assert (state.is_state, state.value) == (True, "")
    (agents, _state) = read(kind, {"comment": {**COMMENT, "author": {"id": "3", "is_staff": True}}}, assignee_id="3")
    assert (agents.kind, agents.owned) == (TicketEventKind.AGENT, True)


@pytest.mark.parametrize(
    "change", [{"is_public": False}, {"is_public": None}, {"author": {"id": "9", "is_staff": True}}]
)
def test_notes_and_the_bots_comments_have_no_effect(change):
    assert read("comment_added", {"comment": {**COMMENT, **change}}) == []
    assert read("created", {}) == []


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


def test_added_tags_are_reported_and_other_events_are_not():
    (tagged,) = read("tags_changed", {"tags_added": ["bot"], "tags_removed": ["vip"]})
    assert (tagged.kind, tagged.tags) == (TicketEventKind.TAGGED, ("bot",))
    assert read("priority_changed", {"current": "HIGH"}) == []


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


def test_a_comment_goes_with_the_state_that_the_ticket_was_read_in(canned, connect):
    canned.answers = {
        f"GET {TICKET}": {"ticket": {"status": "open", "updated_at": "2026-11-23T00:00:00Z"}},
        f"PUT {TICKET}": updated({"type": "Change", "id": 1}, {"type": "Comment", "id": 2}),
    }
    post = Post(ticket="7", text="Yes.", public=True, status="closed", assignee="3", group="4")
    assert connect(Zendesk, **OPTIONS).post(post) == "2"
    assert canned.bodies[f"PUT {TICKET}"]["ticket"] == {
        "comment": {"html_body": "<p>Yes.</p>", "public": True, "author_id": 9},
        "safe_update": True,
        "updated_stamp": "2026-11-23T00:00:00Z",
        "status": "solved",
        "assignee_id": 3,
        "group_id": 4,
    }


def test_the_status_of_a_closed_ticket_is_left_as_it_is(canned, connect):
    canned.answers = {
        f"GET {TICKET}": {"ticket": {"status": "closed", "updated_at": "2026-11-23T00:00:00Z"}},
        f"PUT {TICKET}": updated({"type": "Comment", "id": 2}),
    }
    connect(Zendesk, **OPTIONS).post(Post(ticket="7", text="Yes.", public=True, status="open"))
    assert "status" not in canned.bodies[f"PUT {TICKET}"]["ticket"]


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
    connector.change(Post(ticket="7", text="", public=True, status="closed"))
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
