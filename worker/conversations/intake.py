"""Accept customers' messages. When a call returns, its message is committed."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from worker.conversations import escalations, serializers
from worker.conversations.attachments import claim_for
from worker.conversations.events import record_events
from worker.conversations.fan_out import enqueue_message_deliveries
from worker.conversations.outcomes import Handoff
from worker.customers.identity import customer_of
from worker.errors import IdempotencyMismatch, NotFound
from worker.ids import new_id
from worker.reading.automatic import Automatic, Envelope, detect
from worker.reading.message import read
from worker.states import EventType, HandoffReason, MailboxState, MessageState, Owner, Role
from worker.store.engine import Prepared, Store
from worker.store.rows import Conversation, Json, Message
from worker.store.tables import conversation, message
from worker.telemetry import tracing

#: A sweeper claims a ready conversation when no worker has followed its hint for this long.
UNHEARD_MS = 2_000

#: Seconds that an idempotency key is remembered unless the settings say otherwise: a day, as at Stripe.
KEPT_S = 86_400.0

_GivesAlarm: TypeAlias = Callable[[], Json | None]

#: What selects a conversation of a workspace: by id or external id.
_SAME = {
    name: (conversation.c.workspace_id == sa.bindparam("workspace"), conversation.c[name] == sa.bindparam("value"))
    for name in ("id", "external_id")
}
_OWNER = {name: sa.select(conversation.c.owner).where(*same) for name, same in _SAME.items()}


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A customer's message to accept. `deadline_s` counts from acceptance.

    `declared_automatic`: the channel takes it for automatic mail. `sender`: an address beside the requester's `email`.
    """

    content: str
    deadline_s: float
    callback_url: str | None = None
    idempotency_key: str | None = None
    fingerprint: str | None = None
    request_id: str | None = None
    key_id: str | None = None
    attachments: tuple[str, ...] = ()
    email_headers: Mapping[str, str] = field(default_factory=dict)
    declared_automatic: bool = False
    sender: str | None = None
    traceparent: str | None = field(default_factory=tracing.traceparent)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A conversation to open, or to continue when the workspace has one with this `external_id`.

    `owner` is the owner of a new one: the bot or a human.
    """

    subject: str | None = None
    requester: Json | None = None
    external_id: str | None = None
    channel: str | None = None
    metadata: Json | None = None
    helpdesk_id: str | None = None
    owner: Owner = Owner.BOT


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A message in the form of the API, and whether its conversation is ready for a worker."""

    message: dict[str, Any]
    ready: bool


def fingerprint(*parts: Any) -> str:
    """Return a digest that is equal for two requests that ask for the same."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Intake:
    """Writes messages into mailboxes. One transaction each; nothing half-done stays behind.

    The statements are built once: building one costs three times what running it does.
    """

    def __init__(
        self,
        store: Store,
        *,
        keys_kept_s: float = KEPT_S,
        count: Callable[[str], None] = lambda _name: None,
        alarm: Callable[[str], Json | None] = lambda _text: None,
    ) -> None:
        """`keys_kept_s` is how long an idempotency key is remembered.

        `count` is called with `duplicates_refused` and `automatic_messages`. `alarm` returns the `reason`,
        `category`, `priority` and `reasons` of a text that a human should see soon: one has the conversation already,
        and the bot does not read it.
        """
        self._store = store
        self._count = count
        self._alarm = alarm
        now = store.clock.sql()
        self._forgotten = message.c.created_at <= now - int(keys_kept_s * 1000)
        self._find_key = (
            serializers.with_reply()
            .add_columns(self._forgotten.label("forgotten"))
            .where(
                message.c.workspace_id == sa.bindparam("workspace"),
                message.c.idempotency_key == sa.bindparam("key"),
            )
        )
        opened = conversation.insert().values(created_at=now, updated_at=now).returning(conversation.c.updated_at)
        dialect = store.engine.dialect
        self._open_idle = Prepared(opened.values(due_at=None, ready_at=None), _OPENED, dialect)
        self._open_waiting = Prepared(opened.values(due_at=None, ready_at=None, waiting_since=now), _OPENED, dialect)
        self._open_ready = Prepared(opened.values(due_at=now + UNHEARD_MS, ready_at=now), _OPENED, dialect)
        self._take_seq = _take_seq_statements(now)
        self._insert = Prepared(message.insert(), message.c.keys(), dialect)

    def open(self, workspace_id: str, opening: Opening) -> dict[str, Any]:
        """Open a conversation, or find the one that has this external id; return it in the form of the API."""

        def work(tx: sa.Connection) -> Conversation:
            found = None
            if opening.external_id is not None:
                same = sa.select(conversation).where(
                    conversation.c.workspace_id == workspace_id, conversation.c.external_id == opening.external_id
                )
                found = tx.execute(same).mappings().first()
            if found is not None:
                return Conversation.from_row(found)
            return self._insert_conversation(tx, workspace_id, opening, holds_message=False)

        try:
            return serializers.conversation(self._store.submit(work))
        except IntegrityError:  # the same conversation was opened by another request meanwhile
            return serializers.conversation(self._store.submit(work))

    def submit(
        self,
        workspace_id: str,
        opening: Opening,
        submission: Submission,
        *,
        in_transaction: Callable[[sa.Connection], None] = lambda _tx: None,
    ) -> Accepted:
        """Open a conversation with its first message, or continue the one that has this external id.

        `in_transaction` runs in the same transaction; what it raises undoes all.

        Raises:
            IdempotencyMismatch: the key was used with another request.
            Invalid: an attachment cannot be used here.
        """
        automatic = automatic_of(submission, opening)
        alarm = self._alarm_of(submission.content, workspace_id, "external_id", opening.external_id, opening.owner)

        def work(tx: sa.Connection) -> Accepted:
            in_transaction(tx)
            found = None
            if opening.external_id is not None:
                found = self._next_seq(tx, workspace_id, "external_id", opening.external_id, automatic)
            if found is None:
                found = self._insert_conversation(
                    tx, workspace_id, opening, holds_message=True, wakes=automatic is None
                )
            return self._insert_message(tx, found, submission, automatic, alarm, requester=opening.requester)

        return self._once(work, workspace_id, submission)

    def accept(self, workspace_id: str, conversation_id: str, submission: Submission) -> Accepted:
        """Add a message to a conversation.

        Raises:
            NotFound: the workspace has no such conversation.
            IdempotencyMismatch: the key was used with another request.
            Invalid: an attachment cannot be used here.
        """
        automatic = automatic_of(submission)
        alarm = self._alarm_of(submission.content, workspace_id, "id", conversation_id, Owner.BOT)

        def work(tx: sa.Connection) -> Accepted:
            found = self._next_seq(tx, workspace_id, "id", conversation_id, automatic)
            if found is None:
                raise NotFound("There is no conversation with this id.")
            return self._insert_message(tx, found, submission, automatic, alarm)

        return self._once(work, workspace_id, submission)

    def _once(self, work: Callable[[sa.Connection], Accepted], workspace_id: str, submission: Submission) -> Accepted:
        """Return the message accepted before under the submission's idempotency key, else run `work`.

        It runs again when another request committed the same key, or the same conversation, in between.
        """
        replayed = self._replayed(workspace_id, submission)
        if replayed is not None:
            return replayed
        try:
            return self._store.submit(work)
        except IntegrityError:
            return self._replayed(workspace_id, submission) or self._store.submit(work)

    def _replayed(self, workspace_id: str, submission: Submission) -> Accepted | None:
        if submission.idempotency_key is None:
            return None
        same = {"workspace": workspace_id, "key": submission.idempotency_key}
        with self._store.read() as connection:
            row = connection.execute(self._find_key, same).mappings().first()
        if row is None:
            return None
        accepted, reply = serializers.message_and_reply(row)
        if row["forgotten"]:
            self.forget_keys(message.c.id == accepted.id)
            return None
        if accepted.fingerprint != submission.fingerprint:
            raise IdempotencyMismatch
        self._count("duplicates_refused")
        return Accepted(message=serializers.as_accepted(accepted, reply), ready=accepted.state == MessageState.QUEUED)

    def forget_keys(self, *which: sa.ColumnElement[bool], limit: int = 500) -> int:
        """Forget idempotency keys that are older than they are kept, oldest first; return how many."""
        old = (
            sa.select(message.c.id)
            .where(message.c.idempotency_key.is_not(None), self._forgotten, *which)
            .order_by(message.c.created_at)
            .limit(limit)
        )
        forget = message.update().where(message.c.id.in_(old)).values(idempotency_key=None, fingerprint=None)
        return self._store.submit(lambda tx: tx.execute(forget).rowcount)

    def _alarm_of(self, text: str, workspace_id: str, column: str, value: str | None, owner: Owner) -> _GivesAlarm:
        """Return a function that gives a text's alarm; of a human's conversation it is computed now: it takes time."""
        alarm = cache(lambda: self._alarm(text))
        if value is not None:
            with self._store.read() as connection:
                found = connection.execute(_OWNER[column], {"workspace": workspace_id, "value": value}).scalar()
            owner = found or owner
        if owner == Owner.HUMAN:
            alarm()
        return alarm

    def _next_seq(
        self, tx: sa.Connection, workspace_id: str, column: str, value: str, automatic: Automatic | None
    ) -> Conversation | None:
        """Reserve the next message's `seq` and make the mailbox ready; a closed conversation is the bot's again.

        Automatic mail changes neither.
        """
        statement = self._take_seq[column, automatic is not None]
        row = tx.execute(statement, {"workspace": workspace_id, "value": value}).mappings().first()
        return None if row is None else Conversation.from_row(row)

    def _insert_conversation(
        self, tx: sa.Connection, workspace_id: str, opening: Opening, *, holds_message: bool, wakes: bool = True
    ) -> Conversation:
        ready = holds_message and wakes and opening.owner == Owner.BOT
        values: dict[str, Any] = {
            "id": new_id("conv"),
            "workspace_id": workspace_id,
            "external_id": opening.external_id,
            "subject": opening.subject,
            "requester": opening.requester,
            "channel": opening.channel,
            "metadata": opening.metadata,
            "helpdesk_id": opening.helpdesk_id,
            "owner": opening.owner,
            "next_seq": 2 if holds_message else 1,
            "history": 0,
            "mailbox": MailboxState.READY if ready else MailboxState.IDLE,
            "lease_token": 0,
            "abort": False,
        }
        waits = holds_message and wakes and opening.owner == Owner.HUMAN
        insert = self._open_ready if ready else self._open_waiting if waits else self._open_idle
        now = insert.run(tx, values).scalar_one()
        return Conversation(**values, created_at=now, updated_at=now)

    def _insert_message(
        self,
        tx: sa.Connection,
        locked: Conversation,
        submission: Submission,
        automatic: Automatic | None,
        alarm: _GivesAlarm,
        *,
        requester: Json | None = None,
    ) -> Accepted:
        if submission.attachments:
            claim_for(tx, locked, submission.attachments)
        now = locked.updated_at
        new = _message(locked, submission, automatic, writer=requester or locked.requester or {})
        self._insert.run(tx, vars(new))
        record_events(tx, [new], EventType.QUEUED, now=now)
        if new.state != MessageState.QUEUED:
            tx.execute(
                conversation.update().where(conversation.c.id == locked.id).values(history=conversation.c.history + 1)
            )
            events = record_events(tx, [new], EventType(new.state), now=now, data=new.handoff)
            enqueue_message_deliveries(tx, [new], events)
        if new.state == MessageState.CANCELLED:
            self._count("automatic_messages")
        if locked.owner == Owner.HUMAN and (raised := alarm()) is not None:
            escalations.renew(tx, locked, raised, message_id=new.id)
        ready = locked.mailbox == MailboxState.READY and new.state == MessageState.QUEUED
        return Accepted(message=serializers.message(new), ready=ready)


def _take_seq_statements(now: sa.ColumnElement[int]) -> dict[tuple[str, bool], sa.Executable]:
    """Return the UPDATE that reserves a `seq`: by `id` or `external_id`, and by whether the mail is automatic."""
    is_closed = conversation.c.owner == Owner.CLOSED
    wakes = sa.and_(conversation.c.mailbox == MailboxState.IDLE, conversation.c.owner != Owner.HUMAN)
    of_automatic = conversation.update().values(next_seq=conversation.c.next_seq + 1, updated_at=now)
    take_seq = conversation.update().values(
        next_seq=conversation.c.next_seq + 1,
        updated_at=now,
        owner=sa.case((is_closed, Owner.BOT), else_=conversation.c.owner),
        handoff=sa.case((is_closed, sa.null()), else_=conversation.c.handoff),
        waiting_since=sa.case(
            (conversation.c.owner == Owner.HUMAN, sa.func.coalesce(conversation.c.waiting_since, now)),
            else_=conversation.c.waiting_since,
        ),
        mailbox=sa.case((wakes, MailboxState.READY), else_=conversation.c.mailbox),
        due_at=sa.case((wakes, now + UNHEARD_MS), else_=conversation.c.due_at),
        ready_at=sa.case((wakes, now), else_=conversation.c.ready_at),
    )
    return {
        (name, is_automatic): taken.where(*same).returning(*conversation.c)
        for name, same in _SAME.items()
        for is_automatic, taken in ((False, take_seq), (True, of_automatic))
    }


def automatic_of(submission: Submission, opening: Opening | None = None) -> Automatic | None:
    """Return why a submission counts as automatic mail, or None."""
    requester = (opening.requester if opening is not None else None) or {}
    envelope = Envelope(
        subject=opening.subject if opening is not None else None,
        sender=submission.sender or requester.get("email"),
        headers=submission.email_headers,
        declared=submission.declared_automatic,
    )
    return detect(read(submission.content), envelope)


def _message(locked: Conversation, submission: Submission, automatic: Automatic | None, *, writer: Json) -> Message:
    """Return a customer's new message.

    In a conversation that a human owns it is handed off at once; elsewhere automatic mail is cancelled at once.
    """
    now = locked.updated_at
    owned_by_human = locked.owner == Owner.HUMAN
    state = MessageState.QUEUED if automatic is None else MessageState.CANCELLED
    state = MessageState.HANDED_OFF if owned_by_human else state
    handoff = _OWNED | {"escalation_id": (locked.handoff or {}).get("escalation_id")} if owned_by_human else None
    return Message(
        id=new_id("msg"),
        workspace_id=locked.workspace_id,
        conversation_id=locked.id,
        seq=locked.next_seq - 1,
        role=Role.CUSTOMER,
        author=writer.get("name"),
        state=state,
        content=submission.content,
        idempotency_key=submission.idempotency_key,
        fingerprint=submission.fingerprint,
        callback_url=submission.callback_url,
        request_id=submission.request_id,
        key_id=submission.key_id,
        traceparent=submission.traceparent,
        from_third_party=customer_of(writer) != customer_of(locked.requester or {}),
        attachments=list(submission.attachments) or None,
        handoff=handoff,
        error=automatic.error if automatic is not None and state == MessageState.CANCELLED else None,
        created_at=now,
        finished_at=None if state == MessageState.QUEUED else now,
        deadline_at=now + int(submission.deadline_s * 1000),
    )


_OPENED = (
    *("id", "workspace_id", "external_id", "subject", "requester", "channel", "helpdesk_id", "metadata", "owner"),
    *("next_seq", "history", "mailbox", "lease_token", "abort"),
)
_OWNED = Handoff(reason=HandoffReason.OWNED_BY_HUMAN, summary="A human already owns this conversation.").to_api()
