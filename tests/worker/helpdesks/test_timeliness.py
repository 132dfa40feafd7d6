"""Nothing is written that came too late, or by an attempt that another has replaced."""

from dataclasses import replace

import sqlalchemy as sa

from tests.support.fakes import accept, conversation_actions
from worker.deliveries.outbox import enqueue_helpdesk_delivery
from worker.deliveries.payloads import TicketPost
from worker.deliveries.sender import Sender
from worker.helpdesks.timeliness import is_held, obsolete
from worker.states import ConnectionState, DeliveryKind, HelpdeskMode
from worker.store.rows import Helpdesk
from worker.store.tables import delivery, helpdesk

NEW = {
    "id": "hd_1",
    "name": "desk",
    "kind": "zendesk",
    "url": "https://desk.example",
    "token": "",
    "webhook_secret": "",
    "options": {},
    "mode": "reply",
    "state": "enabled",
    "created_at": 1,
    "updated_at": 1,
}


def claimed(store, workspace_id, conversation_id):
    with store.begin() as tx:
        tx.execute(helpdesk.insert().values(workspace_id=workspace_id, **NEW))
        row = Helpdesk.from_row(tx.execute(sa.select(helpdesk)).mappings().one())
        enqueue_helpdesk_delivery(
            tx,
            row,
            DeliveryKind.TICKET_REPLY,
            TicketPost(ticket="7", text="Yes.", public=True),
            type="message.answered",
            now=store.now(tx),
            conversation_id=conversation_id,
        )
    leased = Sender(store).claim("hd_1")
    assert leased is not None
    return row, leased.delivery


def test_an_answer_is_obsolete_once_an_agent_wrote_or_the_helpdesk_is_off(store, workspace_id):
    conversation_id = accept(store, workspace_id)["conversation_id"]
    row, sent = claimed(store, workspace_id, conversation_id)
    assert obsolete(store, row, sent) is None
    assert obsolete(store, replace(row, state=ConnectionState.DISABLED), sent) is not None
    assert obsolete(store, replace(row, mode=HelpdeskMode.SHADOW), sent) is not None
    conversation_actions(store).reply(workspace_id, conversation_id, content="I have it.", author="Ola")
    assert obsolete(store, row, sent) == "An agent answered first."
    assert obsolete(store, row, replace(sent, kind=DeliveryKind.AGENT_REPLY)) is None


def test_an_attempt_is_held_until_another_begins(store, workspace_id):
    _, sent = claimed(store, workspace_id, accept(store, workspace_id)["conversation_id"])
    assert is_held(store, sent)
    with store.begin() as tx:
        tx.execute(delivery.update().values(lease_token=sent.lease_token + 1))
    assert not is_held(store, sent)
