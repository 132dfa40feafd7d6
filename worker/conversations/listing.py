"""Reads of conversations and messages, in the form of the API and bound to one workspace."""

from typing import Any

import sqlalchemy as sa

from worker.conversations import serializers
from worker.errors import NotFound
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.rows import Conversation
from worker.store.scope import Scope
from worker.store.tables import SLA_DUE, RequesterValue, conversation, message


def page(
    scope: Scope, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return conversations, newest first or by `sort`, and the cursor of the next page or None.

    `which` may have `owner`, `channel`, `external_id`, `customer` (the desk's id of one, or their e-mail address),
    `due_before`, `created_after` and `created_before`.
    """
    names = {name: conversation.c[name] for name in ("owner", "channel", "external_id")}
    where = conditions(which, names, created=conversation.c.created_at)
    if "due_before" in which:
        where.append(sa.and_(SLA_DUE, conversation.c.sla_due_at < which["due_before"]))
    if "customer" in which:
        where.append(of_customer(scope, which["customer"]))
    rows, cursor = scope.page(conversation, *where, after=after, limit=limit, sort=which.get("sort"))
    return [serializers.conversation(Conversation.from_row(row)) for row in rows], cursor


def of_customer(scope: Scope, customer: str) -> sa.ColumnElement[bool]:
    """Return the condition that a conversation is a customer's; each part has an index, which an OR does not use."""
    ids = scope.select(conversation, conversation.c.id)
    by_id, by_email = RequesterValue("id") == customer, RequesterValue("email") == customer.lower()
    return conversation.c.id.in_(sa.union_all(ids.where(by_id), ids.where(by_email)))


def get(scope: Scope, conversation_id: str) -> dict[str, Any]:
    """Return a conversation.

    Raises:
        NotFound: the workspace has none with this id.
    """
    return serializers.conversation(Conversation.from_row(scope.get(conversation, conversation_id)))


def require(scope: Scope, conversation_id: str) -> None:
    """Check that a conversation exists.

    Raises:
        NotFound: the workspace has none with this id.
    """
    scope.get(conversation, conversation_id, columns=(conversation.c.id,))


def exists(scope: Scope, conversation_id: str) -> bool:
    """Whether the workspace has a conversation with this id: it may have been erased."""
    try:
        require(scope, conversation_id)
    except NotFound:
        return False
    return True


def change(scope: Scope, conversation_id: str, **values: Any) -> dict[str, Any]:
    """Set columns of a conversation and return it.

    Raises:
        NotFound: the workspace has none with this id.
    """
    with scope.store.begin() as tx:
        scope.lock(tx, conversation, conversation_id)
        tx.execute(
            conversation.update()
            .where(conversation.c.id == conversation_id)
            .values(updated_at=scope.store.clock.sql(), **values)
        )
        return serializers.conversation(Conversation.from_row(scope.get_in(tx, conversation, conversation_id)))


def messages(
    scope: Scope, conversation_id: str, which: Which = EVERYTHING, *, after_seq: int = 0, limit: int = 20
) -> tuple[list[dict[str, Any]], int | None]:
    """Return the messages of a conversation in order, and the `seq` that the next page follows, or None.

    `which` may have `state`, `role`, `created_after` and `created_before`.

    Raises:
        NotFound: the workspace has no such conversation.
    """
    require(scope, conversation_id)
    statement = (
        serializers.with_reply()
        .where(
            message.c.workspace_id == scope.workspace_id,
            message.c.conversation_id == conversation_id,
            message.c.seq > after_seq,
            *conditions(which, {name: message.c[name] for name in ("state", "role")}, created=message.c.created_at),
        )
        .order_by(message.c.seq)
        .limit(limit + 1)
    )
    with scope.store.read() as connection:
        rows = list(connection.execute(statement).mappings())
    found = [serializers.message(*serializers.message_and_reply(row)) for row in rows[:limit]]
    return found, found[-1]["seq"] if len(rows) > limit else None


def get_message(scope: Scope, message_id: str) -> dict[str, Any]:
    """Return a message with its reply.

    Raises:
        NotFound: the workspace has no such message.
    """
    statement = serializers.with_reply().where(message.c.workspace_id == scope.workspace_id, message.c.id == message_id)
    with scope.store.read() as connection:
        row = connection.execute(statement).mappings().first()
    if row is None:
        raise NotFound("There is no message with this id.")
    return serializers.message(*serializers.message_and_reply(row))


def conversation_of(scope: Scope, message_id: str) -> str:
    """Return the id of the conversation that a message belongs to.

    Raises:
        NotFound: the workspace has no such message.
    """
    row = scope.get(message, message_id, columns=(message.c.conversation_id,))
    return str(row["conversation_id"])
