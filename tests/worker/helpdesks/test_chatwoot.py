"""Chatwoot's webhooks are read by what they say of the bot, and its API overwrites what it is not told."""

import pytest

from tests.support.helpdesks import SECRET, Refused, account
from worker.helpdesks.chatwoot import Chatwoot
from worker.helpdesks.protocol import HelpdeskRefused, Post, Posted, TicketEvent, WebhookRefused, hmac_hex
from worker.states import TicketEventKind

MESSAGE = {
    "event": "message_created",
    "id": 7,
    "message_type": "incoming",
    "content": "Noted.",
    "sender": {"id": 5, "name": "Ada", "email": "ada@shop.example", "phone_number": None},
    "conversation": {"id": 1, "status": "pending"},
    "account": {"id": 1},
}


def read(payload: object) -> list[TicketEvent]:
    return Chatwoot(account(account_id="1"), None).read(payload, {})


@pytest.mark.parametrize("automatic", [True, False])
def test_it_says_which_mail_is_an_automatic_reply(automatic):
    (event, *_) = read({**MESSAGE, "content_attributes": {"email": {"auto_reply": automatic, "subject": "Re: X"}}})
    assert (event.automatic, event.subject) == (automatic, "Re: X")


@pytest.mark.parametrize(
    "change",
    [
        {"private": True},
        {"sender": {"id": 9, "type": "agent_bot"}},
        {"message_type": "activity"},  # "Ada was assigned"
        {"message_type": "template"},  # a greeting of the inbox, or its survey
        {"message_type": 2},
    ],
)
def test_notes_bots_and_the_systems_messages_have_no_effect(change):
    assert read({**MESSAGE, **change}) == []


@pytest.mark.parametrize(("kind", "by"), [(0, "customer"), (1, "agent"), ("outgoing", "agent")])
def test_a_message_has_its_writer_whether_the_type_is_a_name_or_a_number(kind, by):
    message, _state = read({**MESSAGE, "message_type": kind})
    assert (message.kind, message.ticket, message.message_id) == (by, "1", "7")
    assert message.author == {"id": "5", "name": "Ada", "email": "ada@shop.example"}


@pytest.mark.parametrize(
    ("status", "owner"), [("pending", ""), ("resolved", ""), (None, ""), ("open", "open"), ("snoozed", "snoozed")]
)
def test_a_conversation_is_the_bots_until_it_is_open(status, owner):
    message, state = read({**MESSAGE, "conversation": {"id": 1, "status": status}})
    assert message.owned is bool(owner)
    assert (state.kind, state.is_state, state.value) == (TicketEventKind.ASSIGNED, True, owner)


def test_a_resolved_conversation_is_closed_and_nobodys():
    closed, state = read({"event": "conversation_status_changed", "id": 1, "status": "resolved"})
    assert (closed.kind, closed.ticket) == (TicketEventKind.CLOSED, "1")
    assert state.value == ""
    (opened,) = read({"event": "conversation_status_changed", "id": 1, "status": "open"})
    assert opened.value == "open"


@pytest.mark.parametrize(
    ("changed", "kinds"),
    [
        ([{"assignee_id": {"previous_value": None, "current_value": 3}}], [TicketEventKind.ASSIGNED]),
        ([{"assignee_id": {"previous_value": 3, "current_value": None}}], []),
        (
            [{"priority": {"current_value": "high"}}, {"label_list": {"current_value": ["bot"]}}],
            [TicketEventKind.TAGGED],
        ),
        (None, []),
    ],
)
def test_an_update_reports_what_was_changed_to(changed, kinds):
    events = read({"event": "conversation_updated", "id": 1, "changed_attributes": changed})
    assert [event.kind for event in events] == kinds
    assert [event.tags for event in events if event.tags] == [("bot",)] * kinds.count(TicketEventKind.TAGGED)


def test_a_webhook_of_another_account_is_refused():
    with pytest.raises(WebhookRefused, match="another account"):
        read({**MESSAGE, "account": {"id": 2}})


@pytest.mark.parametrize(
    ("stamp", "signed", "accepted"),
    [
        ("1000", "1000.", True),
        ("1000", "", False),  # of the body alone, as before 4.13
        ("600", "600.", False),
        ("soon", "soon.", False),
    ],
)
def test_the_signature_covers_the_time_and_the_body(stamp, signed, accepted):
    body = b'{"event": "x"}'
    headers = {
        "x-chatwoot-timestamp": stamp,
        "x-chatwoot-signature": f"sha256={hmac_hex(SECRET, signed.encode() + body)}",
    }
    connector = Chatwoot(account(account_id="1"), None)
    if accepted:
        connector.verify(body, headers, now=1_200.0)
    else:
        with pytest.raises(WebhookRefused):
            connector.verify(body, headers, now=1_200.0)


def test_labels_that_a_conversation_has_are_kept(canned, connect):
    at = "/api/v1/accounts/1/conversations/7"
    canned.answers = {f"GET {at}/labels": {"payload": ["vip", "bot"]}, f"POST {at}/labels": {}}
    connect(Chatwoot, account_id="1").change(Post(ticket="7", text="", public=True, tags=("bot", "refund")))
    assert canned.bodies[f"POST {at}/labels"] == {"labels": ["vip", "bot", "refund"]}


@pytest.mark.parametrize(
    ("post", "path", "body"),
    [
        ({"status": "closed"}, "toggle_status", {"status": "resolved"}),
        ({"status": "open"}, "toggle_status", {"status": "open"}),
        ({"assignee": "3"}, "assignments", {"assignee_id": 3}),
        ({"group": "4"}, "assignments", {"team_id": 4}),
        ({"assignee": "3", "group": "4"}, "assignments", {"assignee_id": 3}),
    ],
)
def test_status_and_assignment_are_set_with_one_call_each(canned, connect, post, path, body):
    call = f"POST /api/v1/accounts/1/conversations/7/{path}"
    canned.answers = {call: {}}
    connect(Chatwoot, account_id="1").change(Post(ticket="7", text="", public=True, **post))
    assert canned.bodies == {call: body}


def test_only_outgoing_messages_are_found_again(canned, connect):
    listed = [
        {"id": 1, "message_type": 0, "content": "Hello"},
        {"id": 2, "message_type": 1, "content": "Yes."},
        {"id": 3, "message_type": 2, "content": "Ada was assigned"},
    ]
    canned.answers = {"GET /api/v1/accounts/1/conversations/7/messages": {"payload": listed}}
    assert connect(Chatwoot, account_id="1").find("7") == [Posted(id="2", text="Yes.")]


def test_a_check_fails_with_a_token_of_another_account(canned, connect):
    canned.answers = {"GET /api/v1/accounts/1/conversations?status=pending&page=1": Refused(401)}
    with pytest.raises(HelpdeskRefused) as refused:
        connect(Chatwoot, account_id="1").check()
    assert refused.value.status == 401
