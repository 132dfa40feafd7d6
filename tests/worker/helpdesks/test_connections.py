"""Helpdesks are connected with what their kind needs, and their webhooks are read once they are verified."""

import json

import pytest

from tests.support.fakes import LOOPBACK
from tests.support.helpdesks import SECRET
from worker.addresses import AddressRefused
from worker.errors import Conflict, Invalid, NotFound
from worker.helpdesks.connections import Connections
from worker.helpdesks.protocol import WebhookRefused
from worker.states import TicketEventKind

NEW = {
    "kind": "freshdesk",
    "name": "desk",
    "url": "https://127.0.0.1/",
    "token": "t",
    "webhook_secret": SECRET,
    "mode": "reply",
    "options": {"bot_id": "1"},
}
SIGNED = {"x-answerback-secret": SECRET}


@pytest.fixture
def connections(store):
    return Connections(store, LOOPBACK, mail=None)


def read(connections, row, payload, *, headers=SIGNED, now=1_000.0):
    return connections.read(row, payload, headers, now=now, parse=json.loads)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"options": {}}, "options"),
        ({"options": {"bot_id": " "}}, "options"),
        ({"options": {"bot_id": "x"}}, "options"),
        ({"options": {"bot_id": "1", "assigned_takes_over": "false"}}, "options"),
        ({"kind": "zendesk"}, "options"),  # it needs the user's address too
        ({"kind": "slack", "options": {"channel": ""}}, "options"),
        ({"hours": {"timezone": "Mars/Olympus"}}, "hours"),
        ({"hours": {"timezone": "../etc/passwd"}}, "hours"),
        ({"hours": {"mon": "09:00-17:00"}}, "hours"),
        ({"hours": {"timezone": "UTC", "mon": "9 to 5"}}, "hours"),
        ({"hours": {"timezone": "UTC", "mon": "09:00-25:00"}}, "hours"),
        ({"hours": {"timezone": "UTC", "someday": "09:00-17:00"}}, "hours"),
        ({"token": None}, "token"),
        ({"token": " "}, "token"),
        ({"webhook_secret": " "}, "webhook_secret"),
        ({"kind": "email", "url": "https://shop.example"}, "url"),
        ({"kind": "email", "url": "mailto:"}, "url"),
        ({"kind": "email", "url": "mailto:a@shop.example,nobody"}, "url"),
        ({"kind": "email", "url": "mailto:a@shop.example%0d%0aBcc:b@evil.example"}, "url"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(connections, workspace_id, change, field):
    with pytest.raises(Invalid) as refused:
        connections.make(workspace_id, {**NEW, **change})
    assert refused.value.field == field
    assert connections.all(workspace_id) == []


@pytest.mark.parametrize("url", ["https://10.0.0.1", "http://desk.example", "mailto:a@shop.example"])
def test_a_url_that_may_not_be_called_is_refused_when_it_is_set_and_when_it_is_changed(connections, workspace_id, url):
    with pytest.raises(AddressRefused):
        connections.make(workspace_id, {**NEW, "url": url})
    made = connections.make(workspace_id, NEW)
    with pytest.raises(AddressRefused):
        connections.change(workspace_id, made["id"], {"url": url})


def test_a_secret_is_made_where_none_is_given_and_shown_once(store, connections, workspace_id):
    made = connections.make(workspace_id, {**NEW, "webhook_secret": None})
    assert len(made["webhook_secret"]) > 40
    assert "webhook_secret" not in connections.show(workspace_id, made["id"])
    kept = connections.named(workspace_id, "desk").webhook_secret
    assert made["webhook_secret"] not in kept
    assert store.sealing.open(kept) == made["webhook_secret"]
    assert made["url"] == "https://127.0.0.1"


def test_a_name_is_taken_once_in_its_workspace(connections, workspace_id):
    connections.make(workspace_id, NEW)
    with pytest.raises(Conflict):
        connections.make(workspace_id, NEW)


def test_a_change_is_checked_with_what_stays_and_an_empty_secret_is_no_change(store, connections, workspace_id):
    id = connections.make(workspace_id, NEW)["id"]
    for new in ({"options": {}}, {"hours": {"timezone": "x"}}, {"token": ""}, {"webhook_secret": " "}):
        with pytest.raises(Invalid):
            connections.change(workspace_id, id, new)
    assert connections.change(workspace_id, id, {"mode": "draft"})["mode"] == "draft"
    assert store.sealing.open(connections.named(workspace_id, id).token) == "t"
    connections.change(workspace_id, id, {"token": "new-token"})
    kept = connections.named(workspace_id, id).token
    assert "new-token" not in kept
    assert store.sealing.open(kept) == "new-token"


def test_a_removed_or_disabled_helpdesk_is_not_opened_by_its_webhooks(connections, workspace_id):
    id = connections.make(workspace_id, NEW)["id"]
    assert connections.opened(id).name == "desk"
    connections.change(workspace_id, id, {"state": "disabled"})
    with pytest.raises(NotFound):
        connections.opened(id)
    connections.remove(workspace_id, id)
    for missing in (connections.show, connections.named, connections.remove):
        with pytest.raises(NotFound):
            missing(workspace_id, id)


def test_a_helpdesk_of_another_workspace_is_not_found(connections, workspace_id):
    id = connections.make(workspace_id, NEW)["id"]
    for call in (connections.show, connections.named, connections.remove):
        with pytest.raises(NotFound):
            call("ws_other", id)
    assert connections.all("ws_other") == []


def test_a_webhook_is_read_once_it_is_verified_and_its_time_is_noticed(connections, workspace_id):
    connections.make(workspace_id, NEW)
    id, events = read(connections, connections.named(workspace_id, "desk"), b'{"ticket_id": "7"}')
    assert (id, [event.kind for event in events]) == (None, [TicketEventKind.CHANGED])
    row = connections.named(workspace_id, "desk")
    assert (row.heard_at, row.refused_at) == (1_000_000, None)

    def unread(_body):
        raise AssertionError("a forged webhook is parsed")

    with pytest.raises(WebhookRefused):
        connections.read(row, b"{}", {}, now=2_000.0, parse=unread)
    row = connections.named(workspace_id, "desk")
    assert (row.heard_at, row.refused_at) == (1_000_000, 2_000_000)
    read(connections, row, b'{"ticket_id": "7"}', now=1_030.0)
    assert connections.named(workspace_id, "desk").heard_at == 1_000_000, "written more than once a minute"


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'"7"'])
def test_a_signed_webhook_that_cannot_be_read_is_said_to_be_so(connections, workspace_id, body):
    connections.make(workspace_id, NEW)
    with pytest.raises(Invalid, match="is signed, but"):
        read(connections, connections.named(workspace_id, "desk"), body)


def test_a_check_of_an_address_where_something_else_answers_says_so(connections, workspace_id, canned):
    connections.make(workspace_id, {**NEW, "url": canned.url})
    row = connections.named(workspace_id, "desk")
    assert dict(connections.check(row))["address"].startswith("GET /api/v2/agents/me: 404")
    canned.answers = {"GET /api/v2/agents/me": []}
    assert dict(connections.check(row))["credentials"].startswith("What answers there is no freshdesk")


def test_a_note_that_is_not_listed_fails_the_round_trip(connections, workspace_id, canned):
    connections.make(workspace_id, {**NEW, "url": canned.url})
    canned.answers = {
        "GET /api/v2/agents/me": {"id": 1},
        "GET /api/v2/email_configs?per_page=100": [],
        "POST /api/v2/tickets/7/notes": {"id": 12},
        "GET /api/v2/tickets/7/conversations?per_page=100&page=1": iter([[{"id": 12}], []]),
    }
    row = connections.named(workspace_id, "desk")
    assert dict(connections.check(row, ticket="7"))["round trip in ticket 7"] is None
    wrong = dict(connections.check(row, ticket="7"))["round trip in ticket 7"]
    assert wrong == "The note was written, but is not listed in the ticket."


def test_the_steps_of_a_helpdesk_name_the_url_for_its_webhooks(connections, workspace_id):
    connections.make(workspace_id, NEW)
    steps = connections.setup(connections.named(workspace_id, "desk"), "https://answers.example/in")
    assert "https://answers.example/in" in steps
    assert f"X-Answerback-Secret: {SECRET}" in steps
