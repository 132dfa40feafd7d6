"""The migration that gives deliveries their kinds keeps every row that an older version stored, there and back."""

import json

import pytest
import sqlalchemy as sa
from alembic import command

from tests.support.databases import move, rows
from worker.deliveries.payloads import Notification, TicketPost, TicketRead, WebhookBody, payload_of
from worker.helpdesks.protocol import digest
from worker.states import DeliveryKind, DeliveryState
from worker.store import migrate
from worker.store.rows import Delivery, Destination
from worker.store.tables import delivery, destination

#: id: (lane, endpoint, message, type, data or the body of a webhook)
OLD_DELIVERIES = {
    "whd_callback": ("org_1", None, "m1", "message.answered", '{"type":"message.answered","data":{}}'),
    "whd_endpoint": ("ep_1", "ep_1", "m1", "message.answered", '{"type":"message.answered","data":{"é":1}}'),
    "whd_removed": ("ep_gone", None, None, "document.ready", '{"type":"document.ready","data":{}}'),
    "whd_first_version": ("w", None, "m1", "message.answered", '{"type":"message.answered","data":{}}'),
    "whd_reply": (
        "hd_1",
        None,
        "m1",
        "helpdesk.reply",
        {"ticket": "7", "text": "Grüße", "public": True, "status": "pending", "tags": ["bot"]},
    ),
    "whd_draft": ("hd_1", None, "m1", "helpdesk.note", {"ticket": "7", "text": "Suggested", "public": False}),
    "whd_handoff": (
        "hd_1",
        None,
        None,
        "helpdesk.note",
        {"ticket": "7", "text": "Handed off", "public": False, "status": "open", "assignee": "12", "group": "3"},
    ),
    "whd_said": ("hd_1", None, "m2", "helpdesk.said", {"ticket": "7", "text": "Hi", "public": True}),
    "whd_look": ("hd_1", None, "7", "helpdesk.look", {"ticket": "7"}),
    "whd_told": ("hd_2", None, None, "handoff.told", {"text": "Handed off (normal): Parcel"}),
    "whd_continued": ("hd_2", None, None, "handoff.continued", {"text": "Ada wrote:\nHello?"}),
}

#: id: (external id, direction, text)
OLD_MESSAGES = {
    "hdm_hook": ("webhook evt-1", "hook", ""),
    "hdm_assigned": ("assigned of 7", "in", "700"),
    "hdm_closed": ("closed of 7", "in", ""),
    "hdm_tagged": ("tagged of 7", "in", "tagged"),
    "hdm_comment": ("1001", "in", "Where is my parcel?"),
    "whd_reply": ("1002", "out", "Grüße"),
    "whd_draft": (None, "out", "Suggested"),
}

#: id: (kind, type, message, ticket, payload)
EXPECTED = {
    "whd_callback": (DeliveryKind.CALLBACK, "message.answered", "m1", None, None),
    "whd_endpoint": (DeliveryKind.ENDPOINT, "message.answered", "m1", None, None),
    "whd_removed": (DeliveryKind.ENDPOINT, "document.ready", None, None, None),
    "whd_first_version": (DeliveryKind.CALLBACK, "message.answered", "m1", None, None),
    "whd_reply": (
        DeliveryKind.TICKET_REPLY,
        "message.answered",
        "m1",
        "7",
        TicketPost(ticket="7", text="Grüße", public=True, status="pending", tags=("bot",)),
    ),
    "whd_draft": (
        DeliveryKind.TICKET_NOTE,
        "message.answered",
        "m1",
        "7",
        TicketPost(ticket="7", text="Suggested", public=False),
    ),
    "whd_handoff": (
        DeliveryKind.HANDOFF_NOTE,
        "conversation.handed_off",
        None,
        "7",
        TicketPost(ticket="7", text="Handed off", public=False, status="open", assignee="12", group="3"),
    ),
    "whd_said": (
        DeliveryKind.AGENT_REPLY,
        "message.replied",
        "m2",
        "7",
        TicketPost(ticket="7", text="Hi", public=True),
    ),
    "whd_look": (DeliveryKind.TICKET_READ, "ticket.changed", None, "7", TicketRead(ticket="7")),
    "whd_told": (
        DeliveryKind.NOTIFICATION,
        "conversation.handed_off",
        None,
        None,
        Notification(text="Handed off (normal): Parcel"),
    ),
    "whd_continued": (
        DeliveryKind.NOTIFICATION_UPDATE,
        "message.handed_off",
        None,
        None,
        Notification(text="Ada wrote:\nHello?"),
    ),
}


@pytest.fixture
def old(store):
    """A database of revision 0013 with rows of every shape that it knew."""
    move(store, command.upgrade, "0013")
    with store.begin() as tx:
        fill(tx)
    return store


def insert(tx, table, **values):
    names = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    tx.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)


def fill(tx):
    insert(tx, "workspace", id="w", name="w", callback_secret="s", created_at=1)
    insert(
        tx, "endpoint", id="ep_1", workspace_id="w", url="https://a.example", secret="s", state="enabled", created_at=1
    )
    for id, kind in (("hd_1", "zendesk"), ("hd_2", "slack")):
        insert(
            tx,
            "helpdesk",
            id=id,
            workspace_id="w",
            name=id,
            kind=kind,
            url="https://h.example",
            token="t",
            webhook_secret="s",
            options="{}",
            mode="reply",
            state="enabled",
            created_at=1,
            updated_at=1,
        )
    insert(tx, "lane", id="ep_1", workspace_id="w", failures=6, failing_since=5, rest_until=99, paced_until=7)
    for number, (id, (lane, endpoint, message, type, content)) in enumerate(OLD_DELIVERIES.items()):
        payload = content if isinstance(content, str) else json.dumps({"type": type, "data": content})
        insert(
            tx,
            "delivery",
            id=id,
            workspace_id="w",
            lane=lane,
            endpoint_id=endpoint,
            message_id=message,
            event_id=number,
            type=type,
            url="https://a.example",
            payload=payload,
            state="pending",
            attempts=1,
            lease_token=1,
            due_at=1,
            created_at=1,
        )
    insert(
        tx,
        "attempt",
        workspace_id="w",
        delivery_id="whd_reply",
        number=1,
        started_at=1,
        duration_ms=1,
        status=500,
    )
    for id, (external_id, direction, text) in OLD_MESSAGES.items():
        insert(
            tx,
            "helpdesk_message",
            id=id,
            workspace_id="w",
            helpdesk_id="hd_1",
            ticket="7",
            external_id=external_id,
            direction=direction,
            digest=digest(text),
            created_at=4,
        )


def test_an_upgrade_gives_each_delivery_its_kind_and_loses_none(old):
    migrate.upgrade(old)
    with old.read() as connection:
        deliveries = {row["id"]: Delivery.from_row(row) for row in connection.execute(sa.select(delivery)).mappings()}
        (circuit,) = connection.execute(sa.select(destination)).mappings()
    assert {id: (sent.kind, sent.type, sent.message_id, sent.ticket) for id, sent in deliveries.items()} == {
        id: expected[:4] for id, expected in EXPECTED.items()
    }
    for id, (lane, _endpoint, _message, _type, content) in OLD_DELIVERIES.items():
        payload = EXPECTED[id][4] or WebhookBody(body=content)
        assert payload_of(deliveries[id]) == payload, id
        assert deliveries[id].destination_id == lane
        assert deliveries[id].state == DeliveryState.PENDING
    assert Destination.from_row(circuit) == Destination(
        id="ep_1", workspace_id="w", failures=6, failing_since=5, circuit_open_until=99, paced_until=7
    )
    assert rows(old, "SELECT delivery_id FROM attempt") == [("whd_reply",)]


def test_an_upgrade_moves_webhooks_and_ticket_states_to_tables_of_their_own(old):
    migrate.upgrade(old)
    assert rows(old, "SELECT helpdesk_id, webhook_id, created_at FROM inbound_webhook") == [("hd_1", "evt-1", 4)]
    assert rows(old, "SELECT ticket, aspect, digest, updated_at FROM ticket_state ORDER BY aspect") == [
        ("7", "assigned", digest("700"), 4),
        ("7", "closed", digest(""), 4),
        ("7", "tagged", digest("tagged"), 4),
    ]
    left = rows(old, "SELECT id, external_id, direction FROM helpdesk_message ORDER BY id")
    assert left == [("hdm_comment", "1001", "in"), ("whd_draft", None, "out"), ("whd_reply", "1002", "out")]


def test_a_downgrade_gives_every_row_its_old_shape(old):
    migrate.upgrade(old)
    move(old, command.downgrade, "0013")
    found = rows(old, "SELECT id, lane, endpoint_id, message_id, type, payload FROM delivery")
    assert len(found) == len(OLD_DELIVERIES)
    for id, lane, endpoint, message, type, payload in found:
        content = OLD_DELIVERIES[id][4]
        assert (lane, endpoint, message, type) == OLD_DELIVERIES[id][:4]
        assert (
            payload == content if isinstance(content, str) else json.loads(payload) == {"type": type, "data": content}
        )
    found = rows(old, "SELECT external_id, direction, digest, created_at FROM helpdesk_message")
    assert sorted(found, key=str) == sorted(
        [(external_id, direction, digest(text), 4) for external_id, direction, text in OLD_MESSAGES.values()], key=str
    )
    assert rows(old, "SELECT id, failures, failing_since, rest_until, paced_until FROM lane") == [("ep_1", 6, 5, 99, 7)]
    migrate.upgrade(old)
    assert migrate.current(old) == migrate.head()
