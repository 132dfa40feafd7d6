"""Test events: as real ones look, of a conversation that does not exist, and marked with `test`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from worker.conversations import serializers
from worker.deliveries import outbox
from worker.service_policy import ServiceTarget
from worker.states import DocumentState, MailboxState, MessageState, Owner, Role
from worker.store.engine import Store
from worker.store.rows import Conversation, Message, Reply
from worker.store.tables import event
from worker.time import to_rfc3339

_QUOTE = "Delivery to Norway takes 3 to 5 working days."
_CONVERSATION = "conv_test"
_HANDOFF = {
    "reason": "no_answer",
    "summary": "The customer asks how long delivery to Norway takes.",
    "escalation_id": None,
    "category": "no_answer",
    "priority": "normal",
}


def record_test_event(store: Store, workspace_id: str, type: str) -> tuple[str, list[str]]:
    """Record a test event of one of the types of webhooks, and enqueue it to the endpoints that subscribe to it.

    Return the id of the event, and the ids of the endpoints.
    """
    with store.begin() as tx:
        now = store.now(tx)
        data = {**example_data(type, now=now), "test": True}
        row = {"workspace_id": workspace_id, "type": type, "data": data, "created_at": now}
        event_id = tx.execute(event.insert().values(**row).returning(event.c.id)).scalar_one()
        endpoints = outbox.subscribers(tx, workspace_id, type)
        outbox.enqueue_deliveries(tx, workspace_id, type, data, now=now, to=endpoints)
    return f"evt_{event_id}", [str(endpoint_id) for endpoint_id, _url in endpoints]


def example_data(type: str, *, now: int) -> dict[str, Any]:
    """Return the data of an event of this type, at a time in ms."""
    subject, _, change = type.partition(".")
    if subject == "message":
        return {"message": _message(change, now), "conversation": _conversation(change, now)}
    if change.startswith("sla_"):
        sla = {"target": ServiceTarget.FIRST_RESPONSE, "priority": "normal", "due_at": to_rfc3339(now)}
        return {"conversation": _conversation("handed_off", now), "sla": sla}
    if subject == "conversation":
        return {"conversation": _conversation(change, now)}
    return {subject: {**_OTHERS[type], **({"disabled_at": to_rfc3339(now)} if change == "disabled" else {})}}


_OTHERS: Mapping[str, Mapping[str, Any]] = {
    "document.ready": {"id": "doc_test", "title": "Delivery times", "url": None, "state": DocumentState.READY},
    "document.failed": {
        "id": "doc_test",
        "title": "Delivery times",
        "url": None,
        "state": DocumentState.FAILED,
        "error": "The PDF is encrypted.",
    },
    "snapshot.published": {"version": "1-test", "documents": 1, "passages": 3},
    "endpoint.disabled": {"id": "ep_test", "url": "https://desk.example/answerback", "reason": "It failed for 5 days."},
}


def _conversation(change: str, now: int) -> dict[str, Any]:
    handed_off = change in ("handed_off", "replied")
    owner = Owner.CLOSED if change == "closed" else Owner.HUMAN if handed_off else Owner.BOT
    return serializers.conversation(
        Conversation(
            id=_CONVERSATION,
            workspace_id="",
            external_id="order-1001",
            subject="Delivery to Norway",
            requester={"id": "4711", "name": "Kari Nordmann", "email": "kari@customer.example"},
            channel="web",
            owner=owner,
            handoff={**_HANDOFF, "at": to_rfc3339(now)} if handed_off else None,
            next_seq=3,
            history=2,
            mailbox=MailboxState.IDLE,
            lease_token=1,
            abort=False,
            created_at=now,
            updated_at=now,
        )
    )


def _message(change: str, now: int) -> dict[str, Any]:
    message = Message(
        id="msg_test_1",
        workspace_id="",
        conversation_id=_CONVERSATION,
        seq=1,
        role=Role.CUSTOMER,
        author="Kari Nordmann",
        state=MessageState.ANSWERED if change == "replied" else MessageState(change),
        content="How long does delivery to Norway take?",
        attempts=1,
        created_at=now,
        started_at=now,
        finished_at=now,
        deadline_at=now + 120_000,
    )
    if change == "answered":
        return serializers.message(message, _reply(now))
    if change == "handed_off":
        return serializers.message(replace(message, handoff=_HANDOFF))
    if change == "failed":
        return serializers.message(replace(message, error={"code": "internal", "message": "Answering failed."}))
    if change == "replied":
        by_agent = replace(message, id="msg_test_2", seq=2, role=Role.AGENT, author="Grace", attempts=0)
        return serializers.message(replace(by_agent, content="It takes 3 to 5 working days."))
    return serializers.message(message)


def _reply(now: int) -> Reply:
    citation = {
        "number": 1,
        "document_id": "doc_test",
        "title": "Delivery times",
        "url": "https://shop.example/help/delivery",
        "quote": _QUOTE,
        "start": 16,
        "end": 16 + len(_QUOTE),
    }
    return Reply(
        id="msg_test_2",
        workspace_id="",
        conversation_id=_CONVERSATION,
        content=f"{_QUOTE} [1]",
        citations=[citation],
        support=0.98,
        confidence=0.94,
        answerer="extractive",
        prompt_tokens=0,
        completion_tokens=0,
        cost_usd=0.0,
        created_at=now,
    )
