"""Chatwoot's webhooks are read by what they say of the bot, and its API allows a bot few calls."""

from dataclasses import replace

import pytest

from tests.support.fakes import LOOPBACK
from tests.support.helpdesks import BOT, SECRET, FakeChatwoot, Refused, account
from worker.addresses import Caller
from worker.helpdesks.chatwoot import Chatwoot
from worker.helpdesks.protocol import (
    HelpdeskRefused,
    Post,
    TicketEvent,
    UnreadableAnswer,
    WebhookRefused,
    hmac_hex,
)
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
        {"message_type": "outgoing", "private": True, "sender": {"id": 3, "type": "user"}},
        {"message_type": "activity"},  # "Ada was assigned"
        {"message_type": "template"},  # a greeting of the inbox, or its survey
        {"message_type": 2},
    ],
)
def test_notes_and_the_systems_messages_have_no_effect(change):
    assert read({**MESSAGE, **change}) == []


@pytest.mark.parametrize(("kind", "by"), [(0, "customer"), (1, "agent"), ("outgoing", "agent")])
def test_a_message_has_its_writer_whether_the_type_is_a_name_or_a_number(kind, by):
    sender = {**MESSAGE["sender"], **({"type": "user"} if by == "agent" else {})}
    message, _state = read({**MESSAGE, "message_type": kind, "sender": sender})
    assert (message.kind, message.ticket, message.message_id) == (by, "1", "7")
    assert message.author == {"id": "5", "name": "Ada", "email": "ada@shop.example"}


#: Who writes outgoing messages without being a human: as `Message#human_response?` has it.
MACHINES = {
    "a rule's message": {"sender": None, "content_attributes": {"automation_rule_id": 4}},
    "a rule's attachment": {"sender": None, "content": None},
    "a rule in a user's name": {"sender": {"id": 3, "type": "user"}, "content_attributes": {"automation_rule_id": 4}},
    "a campaign": {"sender": {"id": 3, "type": "user"}, "additional_attributes": {"campaign_id": 9}},
    "its own assistant": {"sender": {"id": 1, "name": "Captain", "type": "captain_assistant"}},
}


@pytest.mark.parametrize("who", sorted(MACHINES))
def test_what_rules_campaigns_and_its_own_assistant_write_is_no_humans_reply(who):
    assert read({**MESSAGE, "message_type": "outgoing", **MACHINES[who]}) == []


def test_who_replies_in_the_channels_own_app_is_a_human():
    sent = {**MESSAGE, "message_type": "outgoing", "sender": None, "content_attributes": {"external_echo": True}}
    message, _state = read(sent)
    assert (message.kind, message.text) == (TicketEventKind.AGENT, "Noted.")


@pytest.mark.parametrize("private", [True, False])
def test_what_bots_write_is_an_echo(private):
    sent = {**MESSAGE, "message_type": "outgoing", "private": private, "sender": {"id": 9, "type": "agent_bot"}}
    (echo,) = read(sent)
    assert (echo.kind, echo.ticket, echo.message_id, echo.text) == (TicketEventKind.POSTED, "1", "7", "Noted.")


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


def test_older_versions_report_a_status_under_a_name_of_its_own():
    closed, state = read({"event": "conversation_resolved", "id": 1, "status": "resolved"})
    assert (closed.kind, state.value) == (TicketEventKind.CLOSED, "")
    (opened,) = read({"event": "conversation_opened", "id": 1, "status": "open"})
    assert (opened.kind, opened.is_state, opened.value) == (TicketEventKind.ASSIGNED, True, "open")


@pytest.mark.parametrize(
    ("changed", "kinds"),
    [
        ([{"assignee_id": {"previous_value": None, "current_value": 3}}], [TicketEventKind.ASSIGNED]),
        ([{"assignee_id": {"previous_value": 3, "current_value": None}}], []),
        (
            [{"priority": {"current_value": "high"}}, {"label_list": {"current_value": ["bot"]}}],
            [TicketEventKind.TAGGED],
        ),
        ([{"assignee_agent_bot_id": {"previous_value": None, "current_value": 7}}], []),
        (None, []),
    ],
)
def test_an_update_reports_what_was_changed_to(changed, kinds):
    events = read({"event": "conversation_updated", "id": 1, "changed_attributes": changed})
    assert [event.kind for event in events] == kinds
    assert [event.tags for event in events if event.tags] == [("bot",)] * kinds.count(TicketEventKind.TAGGED)


@pytest.mark.parametrize(
    ("before", "after", "added"),
    [(["bot"], ["bot", "vip"], [("vip",)]), (["bot", "vip"], ["bot"], []), (None, ["bot"], [("bot",)])],
)
def test_a_label_that_stays_is_not_added_again(before, after, added):
    changed = [{"label_list": {"previous_value": before, "current_value": after}}]
    events = read({"event": "conversation_updated", "id": 1, "changed_attributes": changed})
    assert [event.tags for event in events] == added


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


@pytest.mark.parametrize(
    ("secret", "accepted"), [("bots", True), ("accounts", True), ("bots accounts", False), ("", False)]
)
def test_the_bots_and_the_accounts_webhooks_have_a_secret_each(secret, accepted):
    connector = Chatwoot(replace(account(account_id="1"), webhook_secret="bots accounts"), None)
    headers = {
        "x-chatwoot-timestamp": "1000",
        "x-chatwoot-signature": f"sha256={hmac_hex(secret, b'1000.{}')}",
    }
    if accepted:
        connector.verify(b"{}", headers, now=1_000.0)
    else:
        with pytest.raises(WebhookRefused):
            connector.verify(b"{}", headers, now=1_000.0)


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


@pytest.fixture
def chatwoot():
    with FakeChatwoot() as server:
        server.customer_writes(7, "Hello")
        yield server
        server.shutdown()


@pytest.fixture
def bot(chatwoot):
    """The connector with the token of a bot."""
    with Caller(LOOPBACK, total_s=5) as caller:
        yield Chatwoot(account(chatwoot.url, account_id="1"), caller)


def test_a_bot_makes_only_calls_that_bots_may_make(chatwoot, bot):
    bot.check()
    bot.post(Post(ticket="7", text="Yes.", public=True))
    bot.change(Post(ticket="7", text="", public=True, status="open", assignee="3", tags=("vip",)))
    assert bot.find("7") is None
    assert chatwoot.bots(7, public=True) == ["Yes."]
    assert chatwoot.tickets[7].tags == ["vip"]
    with pytest.raises(HelpdeskRefused, match="not authorized for bots") as refused:
        bot._api("GET", "/conversations?status=pending&page=1")
    assert refused.value.status == 401


def test_labels_that_are_refused_to_bots_hold_nothing_back_and_are_not_tried_again(chatwoot, bot):
    chatwoot.may_label = False
    with pytest.raises(HelpdeskRefused, match="before June 2026") as refused:
        bot.change(Post(ticket="7", text="", public=True, status="open", assignee="3", tags=("vip",)))
    assert refused.value.status == 422
    assert (chatwoot.tickets[7].status, chatwoot.tickets[7].assignee) == ("open", 3)


@pytest.mark.parametrize(
    ("trouble", "pause_s"),
    [("lost", 30.0), ("fail", 30.0), ("limit", 30.0)],
)
def test_a_post_without_an_answer_is_tried_again_only_once_its_echo_would_have_come(chatwoot, bot, trouble, pause_s):
    chatwoot.trouble = [trouble]
    with pytest.raises(HelpdeskRefused) as refused:
        bot.post(Post(ticket="7", text="Yes.", public=True))
    assert refused.value.retry_after_s == pause_s


@pytest.mark.parametrize("answer", [{}, [], "A page of a proxy."])
def test_a_post_whose_answer_cannot_be_read_waits_for_its_echo_too(chatwoot, bot, answer):
    chatwoot.handle_call = lambda *_call: answer
    with pytest.raises(UnreadableAnswer) as refused:
        bot.post(Post(ticket="7", text="Yes.", public=True))
    assert refused.value.retry_after_s == 30.0


def test_a_refused_post_waits_for_no_echo(bot):
    with pytest.raises(HelpdeskRefused) as refused:
        bot.post(Post(ticket="8", text="Yes.", public=True))
    assert (refused.value.status, refused.value.retry_after_s) == (404, None)


def test_a_check_works_for_a_bot_and_says_what_its_version_lacks(chatwoot, bot):
    assert bot.check() == [("version 4.15.0", None), ("credentials", None)]
    chatwoot.version, chatwoot.may_label = "4.12.1", False
    (_version, unsigned), credentials, (labels, _nothing) = bot.check()
    assert "sign the webhooks" in unsigned
    assert credentials == ("credentials", None)
    assert "June 2026" in labels
    assert [entry for entry in chatwoot.tickets[7].entries if entry.author == BOT] == []


def test_a_check_fails_with_a_token_of_another_account(canned, connect):
    canned.answers = {
        "GET /api": {"version": "4.15.0"},
        "POST /api/v1/accounts/1/conversations/0/messages": Refused(401),
    }
    with pytest.raises(HelpdeskRefused) as refused:
        connect(Chatwoot, account_id="1").check()
    assert refused.value.status == 401


def test_a_check_of_something_else_says_so(canned, connect):
    canned.answers = {"GET /api": {"status": "ok"}}
    with pytest.raises(UnreadableAnswer, match="no version"):
        connect(Chatwoot, account_id="1").check()
