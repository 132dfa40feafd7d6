"""The last mail of a mailbox, and what became of it."""

from typing import Any

import sqlalchemy as sa

from worker.deliveries.tickets import external_id
from worker.mailboxes.envelopes import from_json
from worker.store.engine import Store
from worker.store.rows import Mailbox
from worker.store.tables import conversation, mail
from worker.time import to_rfc3339


def recent(store: Store, box: Mailbox, *, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` mails that came and as many that went, newest first, with their conversations."""
    with store.read() as connection:
        rows = [row for way in ("in", "out") for row in connection.execute(_newest(box.id, way, limit)).all()]
        found = _conversations(connection, box, {row.ticket for row in rows if row.ticket})
    rows.sort(key=lambda row: row.created_at, reverse=True)
    return [_to_api(row, found.get(row.ticket)) for row in rows]


def _newest(mailbox_id: str, direction: str, limit: int) -> sa.Select[Any]:
    """Return the statement for the newest mail of one way.

    What came is in a folder; the row that begins the thread of a chat's visitor is not, because no such mail came.
    """
    columns = ("id", "direction", "state", "reason", "ticket", "sender", "headers", "created_at")
    of_way = (mail.c.mailbox_id == mailbox_id, mail.c.direction == direction)
    came = () if direction == "out" else (mail.c.folder != "",)
    newest = (mail.c.created_at.desc(), mail.c.id.desc())
    return sa.select(*(mail.c[name] for name in columns)).where(*of_way, *came).order_by(*newest).limit(limit)


def _conversations(connection: sa.Connection, box: Mailbox, tickets: set[str]) -> dict[str, Any]:
    """Return the conversations of tickets by ticket: these name them, or are the ids of chats that go on by mail."""
    named = {external_id(box.id, ticket): ticket for ticket in tickets}
    columns = (conversation.c.external_id, conversation.c.id, conversation.c.subject)
    ours = sa.select(*columns).where(conversation.c.workspace_id == box.workspace_id)
    chats = connection.execute(ours.where(conversation.c.id.in_(tickets))).all()
    mails = connection.execute(ours.where(conversation.c.external_id.in_(named))).all()
    return {row.id: row for row in chats} | {named[row.external_id]: row for row in mails}


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
