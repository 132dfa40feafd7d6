"""The last mail of a mailbox, and what became of it."""

from typing import Any

import sqlalchemy as sa

from worker.deliveries.tickets import external_id
from worker.mailboxes.envelopes import from_json
from worker.store.engine import Store
from worker.store.tables import conversation, mail
from worker.time import to_rfc3339

#: Ids of mail that came and of mail that went begin so; within each, they grow with time.
_PREFIXES = ("mail_", "whd_")


def recent(store: Store, mailbox_id: str, *, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` mails that came and as many that went, newest first, with their conversations."""
    with store.read() as connection:
        rows = [row for prefix in _PREFIXES for row in connection.execute(_newest(mailbox_id, prefix, limit)).all()]
        tickets = {row.ticket: external_id(mailbox_id, row.ticket) for row in rows if row.ticket}
        known = sa.select(conversation.c.external_id, conversation.c.id, conversation.c.subject).where(
            conversation.c.helpdesk_id == mailbox_id, conversation.c.external_id.in_(tickets.values())
        )
        found = {row.external_id: row for row in connection.execute(known)}
    rows.sort(key=lambda row: row.created_at, reverse=True)
    return [_to_api(row, found.get(tickets.get(row.ticket, ""))) for row in rows]


def _newest(mailbox_id: str, prefix: str, limit: int) -> sa.Select[Any]:
    """Return the statement for the newest mail whose ids begin with a prefix, which the index of ids finds."""
    columns = ("id", "direction", "state", "reason", "ticket", "sender", "headers", "created_at")
    return (
        sa.select(*(mail.c[name] for name in columns))
        .where(mail.c.mailbox_id == mailbox_id, mail.c.id >= prefix, mail.c.id < f"{prefix}~")
        .order_by(mail.c.id.desc())
        .limit(limit)
    )


def _to_api(row: Any, of: Any) -> dict[str, Any]:
    headers = row.headers or {}
    is_out = row.direction == "out"
    envelope = from_json(headers) if headers and not is_out else None
    return {
        "id": row.id,
        "direction": row.direction,
        "state": row.state,
        "reason": row.reason,
        "addresses": list(headers.get("recipients", ())) if is_out else [row.sender] if row.sender else [],
        "subject": (envelope.subject if envelope is not None else None) or (None if of is None else of.subject),
        "conversation_id": None if of is None else of.id,
        "created_at": to_rfc3339(row.created_at),
    }
