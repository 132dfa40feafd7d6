"""Intercom's notifications are read without what its own bots write, and its answers by the part that the bot wrote."""

import hashlib

import pytest

from tests.support.contracts import Contract
from tests.support.fakes import LOOPBACK
from tests.support.helpdesks import AGENT, SECRET, FakeIntercom, account
from tests.support.helpdesks import BOT as BOT_ID
from worker.addresses import Caller
from worker.helpdesks.intercom import Intercom
from worker.helpdesks.protocol import (
    HelpdeskRefused,
    Post,
    Posted,
    TicketEvent,
    UnreadableAnswer,
    WebhookRefused,
    hmac_hex,
)
from worker.states import TicketEventKind

OPTIONS = {"admin_id": "9", "app_id": "app1"}
ADA = {"type": "user", "id": "5f2", "name": "Ada", "email": "ada@shop.example"}
BOB = {"type": "admin", "id": "3", "name": "Bob"}
BOT = {"type": "admin", "id": "9", "name": "Answerback"}
CONVERSATION = {"id": "7", "title": "<p>Parcel</p>", "admin_assignee_id": None}


def part(id: int, author: object, **fields: object) -> dict[str, object]:
    return {"id": str(id), "part_type": "comment", "body": f"<p>Text {id}</p>", "author": author, **fields}


def listed(*parts: object) -> dict[str, object]:
    return {"conversation_parts": {"conversation_parts": list(parts)}}


def read(topic: str, item: object, *, app_id: str = "app1") -> list[TicketEvent]:
    payload = {"topic": topic, "app_id": app_id, "id": "notif_1", "data": {"item": item}}
    return Intercom(account(**OPTIONS), None).read(payload, {})


def test_the_first_message_is_the_source_of_a_conversation():
    written, state = read("conversation.user.created", {**CONVERSATION, "source": part(1, ADA)})
    assert (written.kind, written.ticket, written.message_id) == ("customer", "7", "1")
    assert (written.text, written.subject, written.owned) == ("Text 1", "Parcel", False)
    assert written.author == {"id": "5f2", "name": "Ada", "email": "ada@shop.example"}
    assert (state.is_state, state.value) == (True, "")


@pytest.mark.parametrize(
    "unread",
    [
        part(1, BOT),
        part(1, {"type": "bot", "id": "2"}),
        part(1, {**BOB, "from_ai_agent": True}),  # Fin answers in an admin's name
        part(1, BOB, part_type="note"),
        part(1, BOT, app_package_code="answerback"),  # what it wrote over the API
        part(1, BOB, part_type="custom_action_started", body=None, app_package_code="tracker"),
    ],
)
def test_what_bots_write_notes_and_actions_have_no_effect(unread):
    assert read("conversation.admin.replied", {**CONVERSATION, **listed(unread)}) == []


@pytest.mark.parametrize(("author", "kind"), [(BOB, TicketEventKind.AGENT), (ADA, TicketEventKind.CUSTOMER)])
def test_who_writes_through_another_integration_is_heard(author, kind):
    """Since 2.13 everything that is created over the API has the code of the app that created it."""
    item = {**CONVERSATION, **listed(part(1, author, app_package_code="desk-sync"))}
    written, _state = read(f"conversation.{'admin' if author is BOB else 'user'}.replied", item)
    assert (written.kind, written.text) == (kind, "Text 1")


def test_a_reply_may_assign_the_conversation_too():
    item = {**CONVERSATION, "admin_assignee_id": 3, **listed(part(1, BOB, part_type="assignment"))}
    written, state = read("conversation.admin.replied", item)
    assert (written.kind, written.text, state.value) == (TicketEventKind.AGENT, "Text 1", "3")


def test_a_picture_without_words_is_a_message():
    item = {**CONVERSATION, **listed(part(1, ADA, body=None, attachments=[{"type": "upload", "name": "a.png"}]))}
    written, _state = read("conversation.user.replied", item)
    assert (written.kind, written.text) == (TicketEventKind.CUSTOMER, "")


def test_each_part_of_a_reply_is_a_message():
    events = read("conversation.admin.replied", {**CONVERSATION, **listed(part(1, BOB), part(2, BOB))})
    assert [event.message_id for event in events if event.kind is TicketEventKind.AGENT] == ["1", "2"]


@pytest.mark.parametrize(("to", "value"), [(None, ""), (0, ""), ("0", ""), (9, ""), (3, "3")])
def test_a_conversation_of_nobody_or_of_the_bot_has_no_agent(to, value):
    item = {**CONVERSATION, "admin_assignee_id": to}
    (assigned,) = read("conversation.admin.assigned", item)
    assert (assigned.kind, assigned.is_state, assigned.value) == (TicketEventKind.ASSIGNED, True, value)
    written, _state = read("conversation.user.replied", {**item, **listed(part(1, ADA))})
    assert written.owned is bool(value)


def test_closing_and_tags_are_reported_and_other_topics_are_not():
    (closed,) = read("conversation.admin.closed", CONVERSATION)
    assert (closed.kind, closed.ticket) == (TicketEventKind.CLOSED, "7")
    tags = {"tags": {"type": "tag.list", "tags": [{"id": "1", "name": "bot"}, {"id": "2", "name": "vip"}]}}
    (tagged,) = read("conversation_part.tag.created", {**CONVERSATION, **tags})
    assert (tagged.kind, tagged.tags) == (TicketEventKind.TAGGED, ("bot", "vip"))
    tags["tags_added"] = {"type": "tag.list", "tags": [{"id": "2", "name": "vip"}]}
    (tagged,) = read("conversation_part.tag.created", {**CONVERSATION, **tags})
    assert tagged.tags == ("vip",), "a tag that stays was added again"
    assert read("conversation.admin.snoozed", CONVERSATION) == []
    assert read("ping", {"type": "ping"}) == []


def test_a_notification_of_another_workspace_is_refused():
    with pytest.raises(WebhookRefused, match="another workspace"):
        read("conversation.admin.closed", CONVERSATION, app_id="app2")


def test_the_signature_is_a_sha1_of_the_body():
    connector, body = Intercom(account(**OPTIONS), None), b'{"topic": "ping"}'
    connector.verify(body, {"x-hub-signature": f"sha1={hmac_hex(SECRET, body, hashlib.sha1)}"}, now=0.0)
    for signature in ("", f"sha1={hmac_hex('other', body, hashlib.sha1)}", f"sha256={hmac_hex(SECRET, body)}"):
        with pytest.raises(WebhookRefused):
            connector.verify(body, {"x-hub-signature": signature}, now=0.0)


def test_a_post_is_the_last_part_of_the_bot_with_its_text(canned, connect):
    call = "POST /conversations/7/reply"
    earlier = part(1, BOT, body="<p>Yes.</p>")
    wanted = part(2, BOT, body="<p>Yes.</p>")
    canned.answers = {call: {"id": "7", **listed(earlier, wanted, part(3, BOT, body="<p>No.</p>"), part(4, ADA))}}
    connector = connect(Intercom, **OPTIONS)
    assert connector.post(Post(ticket="7", text="Yes.", public=True)) == "2"
    assert canned.bodies[call] == {"message_type": "comment", "type": "admin", "admin_id": "9", "body": "<p>Yes.</p>"}
    assert connector.post(Post(ticket="7", text="No.", public=False)) == "3"
    assert canned.bodies[call]["message_type"] == "note"
    with pytest.raises(UnreadableAnswer, match="does not list the part"):
        connector.post(Post(ticket="7", text="Perhaps.", public=True))


def test_only_what_admins_wrote_is_found_again(canned, connect):
    canned.answers = {"GET /conversations/7": {"id": "7", **listed(part(1, ADA), part(2, BOB), part(3, None))}}
    assert connect(Intercom, **OPTIONS).find("7") == [Posted(id="2", text="<p>Text 2</p>")]


@pytest.mark.parametrize(
    ("post", "body"),
    [
        ({"status": "open"}, {"message_type": "open"}),
        ({"status": "closed"}, {"message_type": "close", "type": "admin"}),
        ({"assignee": "3"}, {"message_type": "assignment", "type": "admin", "assignee_id": "3"}),
        ({"group": "4"}, {"message_type": "assignment", "type": "team", "assignee_id": "4"}),
        ({"status": "pending"}, None),  # Intercom has no such state
    ],
)
def test_a_change_is_a_part_of_its_own(canned, connect, post, body):
    call = "POST /conversations/7/parts"
    canned.answers = {call: {}}
    connect(Intercom, **OPTIONS).change(Post(ticket="7", text="", public=True, **post))
    assert canned.bodies == ({call: {"admin_id": "9", **body}} if body else {})


def test_a_check_names_the_workspace_of_the_token(canned, connect):
    canned.answers = {"GET /me": {"type": "admin", "app": {"id_code": "app1"}}}
    assert connect(Intercom, **OPTIONS).check() == [("credentials", None), ("workspace", None), ("region", None)]
    wrong = connect(Intercom, admin_id="9", app_id="app2").check()
    assert wrong[1] == ("workspace", "app_id is app2, but the token's workspace is app1.")


@pytest.mark.parametrize(
    ("region", "url", "said"),
    [
        ("EU", "https://api.intercom.io", "set the URL to https://api.eu.intercom.io"),
        ("AU", "https://api.eu.intercom.io/", "set the URL to https://api.au.intercom.io"),
        ("US", "https://api.au.intercom.io", "set the URL to https://api.intercom.io"),
        ("EU", "https://api.eu.intercom.io", None),
        ("US", "https://api.intercom.io", None),
        ("EU", "https://proxy.shop.example", None),
    ],
)
def test_a_check_names_the_host_of_the_workspaces_region(canned, connect, region, url, said):
    canned.answers = {"GET /me": {"type": "admin", "app": {"id_code": "app1", "region": region}}}
    connector = connect(Intercom, **OPTIONS)
    connector._account = account(url, **OPTIONS)
    _credentials, _workspace, (_name, wrong) = connector.check()
    assert (said in wrong) if said else (wrong is None)


def test_the_steps_name_the_host_of_each_region():
    steps = Intercom(account(**OPTIONS), None).setup("https://a.example/in")
    for host in ("https://api.intercom.io", "https://api.eu.intercom.io", "https://api.au.intercom.io"):
        assert host in steps


@pytest.fixture
def intercom():
    with FakeIntercom() as server:
        server.customer_writes(7, "Hello")
        yield server
        server.shutdown()


@pytest.fixture
def app(intercom):
    """The connector, connected to a fake that holds every call against Intercom's official description."""
    with Caller(LOOPBACK, total_s=5) as caller:
        yield Intercom(account(intercom.url, admin_id=str(BOT_ID), app_id="app1"), caller)


def test_every_call_and_answer_has_the_form_of_the_official_description(intercom, app):
    assert [wrong for _name, wrong in app.check()] == [None, None, None]
    public = app.post(Post(ticket="7", text="Yes, <see> https://shop.example/a?b=1&c=2", public=True))
    note = app.post(Post(ticket="7", text="Wants a refund.", public=False))
    for change in ({"status": "open"}, {"status": "closed"}, {"assignee": str(AGENT)}, {"group": "5017691"}):
        app.change(Post(ticket="7", text="", public=True, **change))
    assert [posted.id for posted in app.find("7")] == [public, note]
    with pytest.raises(HelpdeskRefused) as refused:
        app.post(Post(ticket="8", text="Yes.", public=True))
    assert refused.value.status == 404
    assert intercom.faults == []
    assert len(intercom.calls) == 9


def test_the_pause_after_too_many_calls_is_that_of_the_rate_limits_reset(intercom, app):
    intercom.trouble = ["limit"]
    with pytest.raises(HelpdeskRefused) as refused:
        app.post(Post(ticket="7", text="Yes.", public=True))
    assert 25 < refused.value.retry_after_s <= 30
    assert intercom.faults == []


@pytest.mark.parametrize("what", ["written", "closed", "assigned", "tagged"])
def test_the_fakes_notifications_have_conversations_as_they_are_described(intercom, what):
    entry = intercom.agent_writes(7, "Hello") if what == "written" else None
    intercom.told(7, what, entry, tags=["bot"])
    assert intercom.faults == []


CONTRACT = Contract("intercom-2.14.json")
REPLY = {"message_type": "comment", "type": "admin", "admin_id": "9", "body": "Yes."}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/conversations/7/reply", {**REPLY, "admin_id": None}),
        ("/conversations/7/reply", {**REPLY, "admin_id": 9}),
        ("/conversations/7/reply", {**REPLY, "private": True}),
        ("/conversations/7/reply", {**REPLY, "message_type": "email"}),
        ("/conversations/7/reply", None),
        ("/conversations/7/parts", {"message_type": "open", "type": "admin", "admin_id": "9"}),
        ("/conversations/7/parts", {"message_type": "assignment", "type": "admin", "admin_id": "9", "assignee_id": 3}),
        ("/conversations/7/labels", {"labels": []}),
    ],
)
def test_a_request_that_is_not_described_is_a_fault(path, body):
    assert CONTRACT.request_faults("POST", "/conversations/7/reply", REPLY) == []
    assert CONTRACT.request_faults("POST", path, body) != []


@pytest.mark.parametrize("wrong", [{"id": 7}, {"state": "pending"}, {"admin_assignee_id": "3"}, {"tags": []}])
def test_an_answer_that_is_not_described_is_a_fault(wrong):
    answer = {"type": "conversation", "id": "7", "title": None, "admin_assignee_id": None}
    assert CONTRACT.response_faults("GET", "/conversations/7", 200, answer) == []
    assert CONTRACT.response_faults("GET", "/conversations/7", 200, {**answer, **wrong}) != []
