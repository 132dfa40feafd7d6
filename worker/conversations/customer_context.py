"""The context of a customer that an agent sees beside a conversation: other conversations, and memories."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.conversations import listing
from worker.customers import memories
from worker.customers.identity import customer_of
from worker.reading.message import read
from worker.states import Role
from worker.store.scope import Scope
from worker.store.tables import conversation, message
from worker.time import to_rfc3339


@dataclass(frozen=True, kw_only=True)
class CustomerContext:
    """The newest other conversations, each with `id`, `title`, `owner` and `created_at`, and memories as the API's."""

    conversations: list[dict[str, Any]]
    memories: list[dict[str, Any]]


def around(scope: Scope, current: dict[str, Any], *, limit: int = 8) -> CustomerContext:
    """Return the context of a conversation's customer, at most `limit` of each; nothing of an unknown customer.

    `current` is the conversation, in the API's form.
    """
    requester = current["requester"] or {}
    known_as = requester.get("id") or requester.get("email")
    customer = customer_of(requester)
    if not known_as or customer is None:
        return CustomerContext(conversations=[], memories=[])
    first = (
        sa.select(message.c.content)
        .where(message.c.conversation_id == conversation.c.id, message.c.role == Role.CUSTOMER)
        .order_by(message.c.seq)
        .limit(1)
        .scalar_subquery()
    )
    columns = (conversation.c.id, conversation.c.subject, conversation.c.owner, conversation.c.created_at)
    others = (
        scope.select(conversation, *columns, first.label("first"))
        .where(listing.of_customer(scope, str(known_as)), conversation.c.id != current["id"])
        .order_by(conversation.c.created_at.desc(), conversation.c.id.desc())
        .limit(limit)
    )
    with scope.store.read() as connection:
        rows = connection.execute(others).all()
    found = [
        {
            "id": row.id,
            "title": row.subject or _first_line(row.first or ""),
            "owner": row.owner,
            "created_at": to_rfc3339(row.created_at),
        }
        for row in rows
    ]
    return CustomerContext(conversations=found, memories=memories.page(scope, customer=customer, limit=limit)[0])


def _first_line(text: str) -> str:
    return next((line for line in read(text).own_text.splitlines() if line.strip()), text)
