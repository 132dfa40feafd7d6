"""The events of a workspace as a feed: in an order that never changes, in which nothing is skipped.

On PostgreSQL, an event's id is drawn before its transaction commits, so an event can appear after one with a higher id.
The feed orders by the number of the transaction instead, and ends before the oldest transaction that still runs:
whatever commits later comes later. On SQLite one transaction writes at a time, and ids are in the order of commits.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.conversations import serializers
from worker.deliveries.outbox import TYPES
from worker.errors import Invalid, NotFound
from worker.states import SLA_EVENTS, EventType, MessageState
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.rows import Conversation
from worker.store.scope import Scope
from worker.store.tables import conversation, event, message, workspace
from worker.time import to_rfc3339

#: The cursor that starts a feed after the newest event.
NOW = "now"

#: Types of events of a message that are in the feed and are no webhooks.
_PROGRESS = (f"message.{MessageState.QUEUED}", f"message.{MessageState.RUNNING}")

#: Every type of an event in the feed.
FEED_TYPES = (*_PROGRESS, *TYPES)

_CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_ID = re.compile(r"evt_([0-9]{1,18})")
_OF_MESSAGES = tuple(type.value for type in EventType if "." not in type)
_COLUMNS = tuple(column for column in event.c if column is not event.c.workspace_id)


@dataclass(frozen=True, order=True)
class Position:
    """A place in the feed: that of an event, or the beginning."""

    transaction_id: int = 0
    event_id: int = 0

    def __str__(self) -> str:
        return f"{self.transaction_id}-{self.event_id}"


@dataclass(frozen=True, kw_only=True)
class FeedPage:
    """Events in the form of the API, each with its position.

    Attributes:
        end: where the next page starts; it may be beyond the last event of this one.
        has_more: whether further events can be read now.
    """

    events: Sequence[tuple[Position, dict[str, Any]]]
    end: Position
    has_more: bool


def start(scope: Scope, cursor: str | None) -> Position:
    """Return the position of a cursor: of a page's end or an event, of the newest event for `now`, or the beginning.

    Raises:
        Invalid: it is none of these.
    """
    if cursor is None:
        return Position()
    if cursor == NOW:
        with scope.store.read() as connection:
            return _end(connection, scope)
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise Invalid("Must be the `next_cursor` of the page before, or `now`.", field="cursor")
    position = Position(int(found[1]), int(found[2]))
    if position.transaction_id and _newest_transaction(scope.store) < position.transaction_id:
        # The database was restored into another cluster, and its events lost their transactions: `migrate` saw to it.
        return Position(0, position.event_id)
    return position


def page(scope: Scope, which: Which = EVERYTHING, *, after: Position, limit: int) -> FeedPage:
    """Return the events that follow a position, in the order of the feed.

    `which` may have `type` (a list of FEED_TYPES), `conversation_id`, `created_after` and `created_before`.
    """
    where = [
        *_following(scope.store, after),
        *conditions(which, {"conversation_id": event.c.conversation_id}, created=event.c.created_at),
    ]
    if "type" in which:
        where.append(event.c.type.in_([*which["type"], *(type.removeprefix("message.") for type in which["type"])]))
    statement = (
        scope.select(event, *_COLUMNS).where(*where).order_by(event.c.transaction_id, event.c.id).limit(limit + 1)
    )
    with scope.store.read() as connection:
        end = _end(connection, scope)  # before the events: what is committed in between is on the next page
        rows = list(connection.execute(statement).mappings())
    events = [(_position(row), item) for row, item in _to_api(scope, rows[:limit])]
    if len(rows) > limit:
        end = _position(rows[limit - 1])
    elif rows:
        end = max(end, _position(rows[-1]))
    return FeedPage(events=events, end=max(end, after), has_more=len(rows) > limit)


def get(scope: Scope, event_id: str) -> dict[str, Any]:
    """Return an event.

    Raises:
        NotFound: the workspace has none with this id, or no longer.
    """
    found = _ID.fullmatch(event_id)
    if found is not None:
        with scope.store.read() as connection:
            statement = scope.select(event, *_COLUMNS).where(event.c.id == int(found[1]))
            rows = list(connection.execute(statement).mappings())
        for _row, item in _to_api(scope, rows):
            return item
    raise NotFound("There is no event with this id.")


def forget_other_cluster(store: Store) -> None:
    """Put events first that have numbers of transactions which this PostgreSQL cluster has not reached.

    They come from another one, from which the database was restored. To be called before anything is written.
    """
    if store.is_sqlite:
        return
    newest = _newest_transaction(store)
    with store.begin() as tx:
        for workspace_id in tx.execute(sa.select(workspace.c.id)).scalars().all():
            ahead = sa.and_(event.c.workspace_id == workspace_id, event.c.transaction_id > newest)
            if tx.execute(sa.select(sa.exists().where(ahead))).scalar():
                tx.execute(event.update().where(event.c.workspace_id == workspace_id).values(transaction_id=0))


def _following(store: Store, after: Position) -> list[sa.ColumnElement[bool]]:
    """Return the condition that an event follows a position, spelt so that the index of the feed finds it."""
    if store.is_sqlite:  # which searches an index by the first column of a row value alone
        return [event.c.transaction_id == 0, event.c.id > after.event_id]
    position = sa.tuple_(event.c.transaction_id, event.c.id)
    return [position > sa.tuple_(after.transaction_id, after.event_id), *_committed(store)]


def _committed(store: Store) -> list[sa.ColumnElement[bool]]:
    """Return the condition that no transaction which still runs can record an event before this one."""
    if store.is_sqlite:
        return []
    return [event.c.transaction_id < sa.literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")]


def _newest_transaction(store: Store) -> int:
    """Return a number above those of all transactions that have begun; on SQLite 0."""
    if store.is_sqlite:
        return 0
    with store.read() as connection:
        newest = sa.text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return int(connection.execute(newest).scalar_one())


def _end(connection: sa.Connection, scope: Scope) -> Position:
    """Return the position of the newest event that can be read."""
    newest = (
        scope.select(event, event.c.transaction_id, event.c.id)
        .where(*_committed(scope.store))
        .order_by(event.c.transaction_id.desc(), event.c.id.desc())
        .limit(1)
    )
    row = connection.execute(newest).mappings().first()
    return Position() if row is None else _position(row)


def _position(row: Mapping[Any, Any]) -> Position:
    return Position(row["transaction_id"], row["id"])


def _to_api(scope: Scope, rows: Sequence[sa.RowMapping]) -> list[tuple[sa.RowMapping, dict[str, Any]]]:
    """Return rows with their events, except those whose conversation was erased since they were read.

    Messages and conversations are as they are now, not as they were: they may have changed since the event.
    """
    message_ids = {row["message_id"] for row in rows if row["message_id"] is not None}
    conversation_ids = {row["conversation_id"] for row in rows if row["conversation_id"] is not None}
    if not message_ids and not conversation_ids:
        return [(row, _item(row, dict(row["data"]))) for row in rows]
    messages_statement = serializers.with_reply().where(message.c.id.in_(message_ids))
    conversations_statement = scope.select(conversation).where(conversation.c.id.in_(conversation_ids))
    with scope.store.read() as connection:
        messages = {
            row["id"]: serializers.message(*serializers.message_and_reply(row))
            for row in connection.execute(messages_statement).mappings()
        }
        conversations = {
            row["id"]: serializers.conversation(Conversation.from_row(row))
            for row in connection.execute(conversations_statement).mappings()
        }
    found = []
    for row in rows:
        if row["conversation_id"] is None:
            found.append((row, _item(row, dict(row["data"]))))
        elif row["conversation_id"] in conversations:
            data = {"conversation": conversations[row["conversation_id"]]}
            if row["type"] in SLA_EVENTS:
                data["sla"] = row["data"]["sla"]
            if row["message_id"] in messages:
                data = {"message": messages[row["message_id"]], **data}
            found.append((row, _item(row, data)))
    return found


def _item(row: sa.RowMapping, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"evt_{row['id']}",
        "type": f"message.{row['type']}" if row["type"] in _OF_MESSAGES else row["type"],
        "created_at": to_rfc3339(row["created_at"]),
        "conversation_id": row["conversation_id"],
        "message_id": row["message_id"],
        "data": data,
        "cursor": str(_position(row)),
        "links": {"self": f"/v1/events/evt_{row['id']}"},
    }
