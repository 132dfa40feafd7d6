"""Endpoints and deliveries in the form of the API."""

from collections.abc import Sequence
from typing import Any

from worker.deliveries import signing
from worker.states import DeliveryState
from worker.store.rows import Attempt, Delivery, Destination, Endpoint
from worker.time import to_rfc3339


def endpoint(row: Endpoint, circuit: Destination | None, *, now: int) -> dict[str, Any]:
    """Return an endpoint with the state of its circuit, without its secret; `now` in ms since 1970 UTC."""
    is_open = circuit is not None and (circuit.circuit_open_until or 0) > now
    return {
        "id": row.id,
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "headers": dict.fromkeys(row.headers or {}, "…"),  # their values may be secrets
        "rate_limit": row.rate_limit,
        "signature": signing.scheme_of(row.secret),
        "public_key": signing.public_key(row.secret),
        "old_secret_until": to_rfc3339(row.old_until) if (row.old_until or 0) > now else None,
        "state": row.state,
        "reason": row.reason,
        "failures": 0 if circuit is None else circuit.failures,
        "failing_since": None if circuit is None else to_rfc3339(circuit.failing_since),
        "circuit_open_until": to_rfc3339(circuit.circuit_open_until) if circuit is not None and is_open else None,
        "created_at": to_rfc3339(row.created_at),
        "updated_at": to_rfc3339(row.updated_at),
    }


def delivery(row: Delivery, last_attempt: Attempt | None) -> dict[str, Any]:
    """Return a delivery with its last attempt."""
    return {
        "id": row.id,
        "kind": row.kind,
        "endpoint_id": row.endpoint_id,
        "type": row.type,
        "url": row.url,
        "conversation_id": row.conversation_id,
        "message_id": row.message_id,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt_at": to_rfc3339(row.due_at) if row.state == DeliveryState.PENDING else None,
        "created_at": to_rfc3339(row.created_at),
        "finished_at": to_rfc3339(row.finished_at),
        "last_attempt": None if last_attempt is None else attempt(last_attempt),
    }


def whole_delivery(row: Delivery, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """Return a delivery with its payload and all its attempts, oldest first."""
    return {
        **delivery(row, attempts[-1] if attempts else None),
        "payload": row.payload,
        "all_attempts": [attempt(each) for each in attempts],
    }


def attempt(row: Attempt) -> dict[str, Any]:
    """Return one attempt at a delivery."""
    return {
        "number": row.number,
        "started_at": to_rfc3339(row.started_at),
        "duration_ms": row.duration_ms,
        "status": row.status,
        "address": row.address,
        "error": row.error,
        "response": row.response,
    }
