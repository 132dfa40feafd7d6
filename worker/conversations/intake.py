"""Accept what customers write. When it returns, it is committed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from worker.conversations import wire
from worker.conversations.events import announce_messages
from worker.errors import IdempotencyMismatch, NotFound
from worker.ids import new_id
from worker.store.engine import Store
from worker.store.tables import conversation, message

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
    requester: Mapping[str, Any] | None = None
    external_id: str | None = None
    channel: str | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A message as clients see it, and whether a worker should be hinted at its conversation."""

    message: dict[str, Any]
    hint: bool


def fingerprint(*parts: Any) -> str:
    """Return a digest that tells whether two requests ask for the same."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Intake:
    """Writes messages into mailboxes. One transaction each; nothing half-done stays behind."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()

    def open(self, workspace_id: str, opening: Opening, submission: Submission | None = None) -> Accepted | dict[str, Any]:
        """Open a conversation, with its first message or without; return that message or the conversation.

        Raises:
            IdempotencyMismatch: the key was used with another request.
        """
        first = self._replayed(workspace_id, submission)
        if first is not None:
            return first
        try:
            with self._store.begin() as tx:
                row = self._continue(tx, workspace_id, opening, submission)
                if row is None:
                    row = self._insert_conversation(tx, workspace_id, opening, holds_message=submission is not None)
                if submission is None:
                    return wire.conversation(row)
                return self._insert_message(tx, row, submission)
        except IntegrityError:
            # A twin of this request, or of its conversation, was committed in between.
            first = self._replayed(workspace_id, submission)
            if first is not None:
                return first
            with self._store.begin() as tx:
                row = self._continue(tx, workspace_id, opening, submission)
                if row is None:
                    raise
                return wire.conversation(row) if submission is None else self._insert_message(tx, row, submission)

    def accept(self, workspace_id: str, conversation_id: str, submission: Submission) -> Accepted:
        """Add a message to a conversation.

        Raises:
            NotFound: the workspace has no such conversation.
            IdempotencyMismatch: the key was used with another request.
        """
        first = self._replayed(workspace_id, submission)
        if first is not None:
            return first
        try:
            with self._store.begin() as tx:
                row = self._take_seq(tx, workspace_id, conversation.c.id == conversation_id)
                if row is None:
                    raise NotFound("There is no conversation with this id.")
                return self._insert_message(tx, row, submission)
        except IntegrityError:
            first = self._replayed(workspace_id, submission)
            if first is None:
                raise
            return first

    def _replayed(self, workspace_id: str, submission: Submission | None) -> Accepted | None:
        if submission is None or submission.idempotency_key is None:
            return None
        with self._store.read() as connection:
            row = (
                connection.execute(
                    wire.with_reply().where(
                        message.c.workspace_id == workspace_id,
                        message.c.idempotency_key == submission.idempotency_key,
                    )
                )
                .mappings()
                .first()
            )
        if row is None:
            return None
        if row["fingerprint"] != submission.fingerprint:
            raise IdempotencyMismatch
        return Accepted(message=wire.as_accepted(row), hint=False)

    def _continue(
        self, tx: sa.Connection, workspace_id: str, opening: Opening, submission: Submission | None
    ) -> Mapping[str, Any] | None:
        if opening.external_id is None:
            return None
        where = sa.and_(conversation.c.workspace_id == workspace_id, conversation.c.external_id == opening.external_id)
        if submission is None:
            return tx.execute(sa.select(conversation).where(where)).mappings().first()
        return self._take_seq(tx, workspace_id, where)

    def _take_seq(self, tx: sa.Connection, workspace_id: str, where: sa.ColumnElement[bool]) -> Mapping[str, Any] | None:
        """Give the next message its place and wake the mailbox; a closed conversation is the bot's again."""
        wakes = sa.and_(conversation.c.mailbox == "idle", conversation.c.owner != "human")
        return (
            tx.execute(
                conversation.update()
                .where(conversation.c.workspace_id == workspace_id, where)
                .values(
                    next_seq=conversation.c.next_seq + 1,
                    updated_at=self._now,
                    owner=sa.case((conversation.c.owner == "closed", "bot"), else_=conversation.c.owner),
                    mailbox=sa.case((wakes, "ready"), else_=conversation.c.mailbox),
                    due_at=sa.case((wakes, self._now + FIRST_HINT_MS), else_=conversation.c.due_at),
                    hints=sa.case((wakes, 0), else_=conversation.c.hints),
                )
                .returning(*conversation.c)
            )
            .mappings()
            .first()
        )

    def _insert_conversation(
        self, tx: sa.Connection, workspace_id: str, opening: Opening, *, holds_message: bool
    ) -> Mapping[str, Any]:
        return (
            tx.execute(
                conversation.insert()
                .values(
                    id=new_id("conv"),
                    workspace_id=workspace_id,
                    external_id=opening.external_id,
                    subject=opening.subject,
                    requester=opening.requester,
                    channel=opening.channel,
                    metadata=opening.metadata,
                    owner="bot",
                    next_seq=2 if holds_message else 1,
                    history=0,
                    mailbox="ready" if holds_message else "idle",
                    due_at=self._now + FIRST_HINT_MS if holds_message else None,
                    hints=0,
                    lease_token=0,
                    abort=False,
                    created_at=self._now,
                    updated_at=self._now,
                )
                .returning(*conversation.c)
            )
            .mappings()
            .one()
        )

    def _insert_message(self, tx: sa.Connection, talk: Mapping[str, Any], submission: Submission) -> Accepted:
        now = talk["updated_at"]
        kept_for_person = talk["owner"] == "human"
        row = {
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
        tx.execute(message.insert().values(**row))
        announce_messages(tx, [row], "queued", now=now)
        if kept_for_person:
            tx.execute(
                conversation.update().where(conversation.c.id == talk["id"]).values(history=conversation.c.history + 1)
            )
            announce_messages(tx, [row], "handed_off", now=now, data=_OWNED)
        whole = dict.fromkeys(message.c.keys()) | row
        return Accepted(message=wire.message(whole), hint=talk["mailbox"] == "ready" and not kept_for_person)


_OWNED = {"reason": "owned_by_person", "summary": "A person is already in this conversation.", "ticket": None}
