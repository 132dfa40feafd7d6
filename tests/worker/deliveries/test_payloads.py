"""Each kind of delivery has a payload of its own type, which the table gives back as it was."""

from dataclasses import replace

import pytest

from worker.deliveries.payloads import (
    Notification,
    TicketChange,
    TicketEvents,
    TicketPost,
    TicketRead,
    WebhookBody,
    payload_of,
    serialise,
)
from worker.states import DeliveryChannel, DeliveryKind, DeliveryState
from worker.store.rows import Delivery

POST = TicketPost(ticket="7", text="Grüße", public=True, status="open", tags=("bot", "vip"), assignee="1", group="2")
PAYLOADS = {
    DeliveryKind.CALLBACK: WebhookBody(body='{"type":"message.answered"}'),
    DeliveryKind.ENDPOINT: WebhookBody(body='{"type":"message.answered"}'),
    DeliveryKind.TICKET_REPLY: POST,
    DeliveryKind.TICKET_NOTE: TicketPost(ticket="7", text="Suggested.", public=False),
    DeliveryKind.HANDOFF_NOTE: replace(POST, public=False),
    DeliveryKind.AGENT_REPLY: TicketPost(ticket="7", text="Hi", public=True),
    DeliveryKind.TICKET_CHANGE: TicketChange(ticket="7", status="pending", tags=("bot",)),
    DeliveryKind.TICKET_READ: TicketRead(ticket="7"),
    DeliveryKind.TICKET_EVENTS: TicketEvents(ticket="7", events=({"kind": "customer", "text": "Grüße"},)),
    DeliveryKind.NOTIFICATION: Notification(text="Handed off."),
    DeliveryKind.NOTIFICATION_UPDATE: Notification(text="Ada wrote."),
}


def stored(kind: DeliveryKind, payload: str) -> Delivery:
    return Delivery(
        id="whd_1",
        workspace_id="ws_1",
        kind=kind,
        destination_id="hd_1",
        type="message.answered",
        url="https://a.example",
        payload=payload,
        state=DeliveryState.PENDING,
        attempts=0,
        round=0,
        lease_token=0,
        created_at=1,
    )


@pytest.mark.parametrize("kind", list(DeliveryKind))
def test_a_payload_is_read_back_as_it_was(kind):
    assert payload_of(stored(kind, serialise(kind, PAYLOADS[kind]))) == PAYLOADS[kind]


def test_the_body_of_a_webhook_is_stored_as_it_is_signed():
    body = '{"type":"message.answered", "data":{"é":1}}'
    assert serialise(DeliveryKind.ENDPOINT, WebhookBody(body=body)) == body


def test_a_payload_of_another_kind_is_refused_before_it_is_stored():
    with pytest.raises(TypeError, match="ticket_read"):
        serialise(DeliveryKind.TICKET_READ, POST)


@pytest.mark.parametrize("payload", ['{"text":"Hi"}', '{"ticket":"7","text":"Hi","public":true,"colour":"red"}'])
def test_a_stored_payload_of_another_form_is_noticed(payload):
    with pytest.raises(TypeError):
        payload_of(stored(DeliveryKind.TICKET_REPLY, payload))


def test_every_kind_leaves_by_one_channel():
    assert {kind.channel for kind in DeliveryKind} == set(DeliveryChannel)
