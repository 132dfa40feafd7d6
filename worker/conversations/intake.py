"""Accept what customers write. When it returns, it is committed."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from worker.conversations import wire
from worker.conversations.events import announce_messages
from worker.errors import IdempotencyMismatch, NotFound
from worker.ids import new_id
from worker.store.engine import Prepared, Store
from worker.store.tables import conversation, message

T = TypeVar("T")

#: A conversation that became ready is hinted at again when nobody claimed it for this long.
FIRST_HINT_MS = 2_000


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a customer wrote. `deadline_s` counts from acceptance."""

    content: str
    deadline_s: float
    callback_url: str | None = None
    idempotency_key: str | None = None
    fingerprint: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A conversation to open, or to continue when the workspace has one with this `external_id`."""

    subject: str | None = None
    requester: Mapping[Any, Any] | None = None
    external_id: str | None = None
    channel: str | None = None
    metadata: Mapping[Any, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A message as clients see it, and whether a worker should be hinted at its conversation."""

    message: dict[str, Any]
    hint: bool


def fingerprint(*parts: Any) -> str:
    """Return a digest that tells whether two requests ask for the same."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Intake:
    """Writes messages into mailboxes. One transaction each; nothing half-done stays behind.

    The statements are built once: building one costs three times what running it does.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        now = store.clock.sql()
        wakes = sa.and_(conversation.c.mailbox == "idle", conversation.c.owner != "human")
        opened = conversation.insert().values(created_at=now, updated_at=now).returning(conversation.c.updated_at)
        dialect = store.engine.dialect
        self._open_idle = Prepared(opened.values(due_at=None, ready_at=None), _OPENED, dialect)
        self._open_ready = Prepared(opened.values(due_at=now + FIRST_HINT_MS, ready_at=now), _OPENED, dialect)
        take_seq = conversation.update().values(
            next_seq=conversation.c.next_seq + 1,
            updated_at=now,
            owner=sa.case((conversation.c.owner == "closed", "bot"), else_=conversation.c.owner),
            mailbox=sa.case((wakes, "ready"), else_=conversation.c.mailbox),
            due_at=sa.case((wakes, now + FIRST_HINT_MS), else_=conversation.c.due_at),
            ready_at=sa.case((wakes, now), else_=conversation.c.ready_at),
            hints=sa.case((wakes, 0), else_=conversation.c.hints),
        )
        mine = conversation.c.workspace_id == sa.bindparam("workspace")
        self._take_seq = {
            name: take_seq.where(mine, conversation.c[name] == sa.bindparam("value")).returning(*conversation.c)
            for name in ("id", "external_id")
        }
        self._insert = Prepared(message.insert(), message.c.keys(), dialect)

    def open(self, workspace_id: str, opening: Opening) -> dict[str, Any]:
        """Open a conversation, or find the one that has this external id; return it."""

        def work(tx: sa.Connection) -> Mapping[Any, Any]:
            found = None
            if opening.external_id is not None:
                same = sa.select(conversation).where(
                    conversation.c.workspace_id == workspace_id, conversation.c.external_id == opening.external_id
                )
                found = tx.execute(same).mappings().first()
            return found or self._insert_conversation(tx, workspace_id, opening, holds_message=False)

        return wire.conversation(self._twice(work))

    def submit(self, workspace_id: str, opening: Opening, submission: Submission) -> Accepted:
        """Open a conversation with its first message, or continue the one that has this external id.

        Raises:
            IdempotencyMismatch: the key was used with another request.
        """

        def work(tx: sa.Connection) -> Accepted:
            row = None
            if opening.external_id is not None:
                row = self._next_seq(tx, workspace_id, "external_id", opening.external_id)
            if row is None:
                row = self._insert_conversation(tx, workspace_id, opening, holds_message=True)
            return self._insert_message(tx, row, submission)

        return self._replayed(workspace_id, submission) or self._twice(work, workspace_id, submission)

    def accept(self, workspace_id: str, conversation_id: str, submission: Submission) -> Accepted:
        """Add a message to a conversation.

        Raises:
            NotFound: the workspace has no such conversation.
            IdempotencyMismatch: the key was used with another request.
        """

        def work(tx: sa.Connection) -> Accepted:
            row = self._next_seq(tx, workspace_id, "id", conversation_id)
            if row is None:
                raise NotFound("There is no conversation with this id.")
            return self._insert_message(tx, row, submission)

        return self._replayed(workspace_id, submission) or self._twice(work, workspace_id, submission)

    def _twice(
        self, work: Callable[[sa.Connection], T], workspace_id: str = "", submission: Submission | None = None
    ) -> Any:
        """Run `work`, and once more when a twin of this request, or of its conversation, was committed in between."""
        try:
            return self._store.submit(work)
        except IntegrityError:
            first = self._replayed(workspace_id, submission) if submission is not None else None
            return first or self._store.submit(work)

    def _replayed(self, workspace_id: str, submission: Submission) -> Accepted | None:
        if submission.idempotency_key is None:
            return None
        same = wire.with_reply().where(
            message.c.workspace_id == workspace_id, message.c.idempotency_key == submission.idempotency_key
        )
        with self._store.read() as connection:
            row = connection.execute(same).mappings().first()
        if row is None:
            return None
        if row["fingerprint"] != submission.fingerprint:
            raise IdempotencyMismatch
        return Accepted(message=wire.as_accepted(row), hint=False)

    def _next_seq(self, tx: sa.Connection, workspace_id: str, column: str, value: str) -> Mapping[Any, Any] | None:
        """Give the next message its place and wake the mailbox; a closed conversation is the bot's again."""
        return tx.execute(self._take_seq[column], {"workspace": workspace_id, "value": value}).mappings().first()

    def _insert_conversation(
        self, tx: sa.Connection, workspace_id: str, opening: Opening, *, holds_message: bool
    ) -> Mapping[Any, Any]:
        row = {
            "id": new_id("conv"),
            "workspace_id": workspace_id,
            "external_id": opening.external_id,
            "subject": opening.subject,
            "requester": opening.requester,
            "channel": opening.channel,
            "metadata": opening.metadata,
            "owner": "bot",
            "next_seq": 2 if holds_message else 1,
            "history": 0,
            "mailbox": "ready" if holds_message else "idle",
            "hints": 0,
            "lease_token": 0,
            "abort": False,
        }
        now = (self._open_ready if holds_message else self._open_idle).run(tx, row).scalar_one()
        return {**row, "handoff": None, "created_at": now, "updated_at": now}

    def _insert_message(self, tx: sa.Connection, talk: Mapping[Any, Any], submission: Submission) -> Accepted:
        now = talk["updated_at"]
        kept_for_person = talk["owner"] == "human"
        row = {
            **_NO_COLUMNS,
            "id": new_id("msg"),
            "workspace_id": talk["workspace_id"],
            "conversation_id": talk["id"],
            "seq": talk["next_seq"] - 1,
            "role": "customer",
            "author": (talk["requester"] or {}).get("name"),
            "state": "handed_off" if kept_for_person else "queued",
            "content": submission.content,
            "idempotency_key": submission.idempotency_key,
            "fingerprint": submission.fingerprint,
            "callback_url": submission.callback_url,
            "request_id": submission.request_id,
            "attempts": 0,
            "handoff": _OWNED if kept_for_person else None,
            "created_at": now,
            "finished_at": now if kept_for_person else None,
            "deadline_at": now + int(submission.deadline_s * 1000),
        }
        self._insert.run(tx, row)
        announce_messages(tx, [row], "queued", now=now)
        if kept_for_person:
            tx.execute(
                conversation.update().where(conversation.c.id == talk["id"]).values(history=conversation.c.history + 1)
            )
            announce_messages(tx, [row], "handed_off", now=now, data=_OWNED)
        return Accepted(message=wire.message(row), hint=talk["mailbox"] == "ready" and not kept_for_person)


_OPENED = (
    *("id", "workspace_id", "external_id", "subject", "requester", "channel", "metadata", "owner", "next_seq"),
    *("history", "mailbox", "hints", "lease_token", "abort"),
)
_NO_COLUMNS: dict[str, Any] = dict.fromkeys(message.c.keys())
_OWNED = {"reason": "owned_by_person", "summary": "A person is already in this conversation.", "ticket": None}
