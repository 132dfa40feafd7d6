"""Keep the targets of conversations: a duty of the sweeper follows what changed, and records what is due.

A conversation says in `sla_seen` which state its targets follow. Where that differs from its state, which a partial
index finds, the targets are brought up to date with the times of the messages: it costs the transactions of customers
and agents nothing, and is exact though it runs a second later.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from worker.access.audit_log import record_action
from worker.conversations.escalations import RANKS
from worker.conversations.events import record_conversation_event
from worker.conversations.fan_out import enqueue_conversation_deliveries
from worker.ids import new_id
from worker.service_levels import times
from worker.service_policy import Policy, ServiceTarget, TargetState
from worker.states import EventType, Owner, Priority, Role
from worker.store.engine import Store
from worker.store.rows import Conversation, ServiceTargetRow
from worker.store.tables import SLA_STALE, SLA_STATE, conversation, message, service_target, workspace
from worker.time import to_rfc3339

#: Returns the policy of a workspace by its id.
Policies = Callable[[str], Policy]

_NOTICED = service_target.c.notice_at.is_not(None)
_OPEN = service_target.c.closed_at.is_(None)
_NO_TARGET = {"sla_target": None, "sla_due_at": None, "sla_warn_at": None}


class ServiceLevels:
    """Follows conversations with their targets. Safe to share between threads and processes.

    Args:
        policies: reads the policies that hold now.
    """

    def __init__(self, store: Store, *, policies: Callable[[], Policies]) -> None:
        self._store = store
        self._policies = policies

    def follow(self, *, limit: int = 100) -> int:
        """Bring the targets of up to `limit` conversations up to date; return the number of warnings and breaches."""
        stale = sa.select(conversation.c.id, conversation.c.workspace_id).where(SLA_STALE).limit(limit)
        due = (
            sa.select(service_target.c.conversation_id, service_target.c.workspace_id)
            .where(_NOTICED, service_target.c.notice_at <= self._store.clock.sql())
            .order_by(service_target.c.notice_at)
            .limit(limit)
        )
        with self._store.read() as connection:
            changed = [(row[0], row[1]) for row in connection.execute(stale)]
            found = dict.fromkeys([*changed, *((row[0], row[1]) for row in connection.execute(due))])
        if not found:
            return 0
        policy_of = self._policies()
        without = [id for id, workspace_id in changed if not policy_of(workspace_id).targets]
        if without:
            known = sa.select(workspace.c.id).where(workspace.c.sla_policy == "")
            here = (conversation.c.id.in_(without), conversation.c.workspace_id.in_(known))
            with self._store.begin() as tx:
                tx.execute(conversation.update().where(*here).values(sla_seen=SLA_STATE))
        skipped = set(without)
        return sum(self._follow(id, policy_of(owner)) for id, owner in found if id not in skipped)

    def apply_policies(self) -> list[str]:
        """Give the conversations of workspaces whose policy changed their new targets; return the workspaces' ids."""
        policy_of = self._policies()
        with self._store.read() as connection:
            known = connection.execute(sa.select(workspace.c.id, workspace.c.sla_policy)).all()
        changed = [row.id for row in known if policy_of(row.id).digest != row.sla_policy]
        for workspace_id in changed:
            self._apply(workspace_id, policy_of(workspace_id))
        return changed

    def _apply(self, workspace_id: str, policy: Policy) -> None:
        theirs = conversation.c.workspace_id == workspace_id
        with self._store.begin() as tx:
            if not policy.targets:
                tx.execute(service_target.delete().where(service_target.c.workspace_id == workspace_id, _OPEN))
                tx.execute(
                    conversation.update().where(theirs, conversation.c.sla_due_at.is_not(None)).values(_NO_TARGET)
                )
            else:
                waiting = conversation.c.waiting_since.is_not(None)
                tx.execute(conversation.update().where(theirs, waiting).values(sla_seen=-1))
            tx.execute(workspace.update().where(workspace.c.id == workspace_id).values(sla_policy=policy.digest))

    def _follow(self, conversation_id: str, policy: Policy) -> int:
        """Bring the targets of a conversation up to date, and record what is due; return the number of events.

        A conversation whose workspace has another policy by now, as another worker applied it, is left to a later pass.
        """
        with self._store.begin() as tx:
            free = sa.select(conversation, SLA_STATE.label("sla_state")).where(conversation.c.id == conversation_id)
            found = tx.execute(free.with_for_update(skip_locked=True)).mappings().first()
            if found is None:
                return 0  # another transaction changes it right now, or it was erased
            applied = sa.select(workspace.c.sla_policy).where(workspace.c.id == found["workspace_id"])
            if tx.execute(applied).scalar_one() != policy.digest:
                return 0
            locked, now = Conversation.from_row(found), self._store.now(tx)
            before = _open_targets(tx, conversation_id)
            after = _followed(locked, before, _replies(tx, locked), policy)
            after, events = _noticed(after, now)
            _write(tx, before, after)
            next_due = min((row for row in after if row.due_at is not None), key=_due_at, default=None)
            values = (
                _NO_TARGET
                if next_due is None
                else {"sla_target": next_due.target, "sla_due_at": next_due.due_at, "sla_warn_at": next_due.warn_at}
            )
            here = conversation.c.id == conversation_id
            tx.execute(conversation.update().where(here).values(sla_seen=found["sla_state"], **values))
            for type, row in events:
                due_at = row.due_at or next((old.due_at for old in before if old.id == row.id), None)
                _record(tx, locked, type, row, due_at=due_at, now=now)
            return len(events)


def _due_at(row: ServiceTargetRow) -> int:
    return row.due_at or 0


def _open_targets(tx: sa.Connection, conversation_id: str) -> list[ServiceTargetRow]:
    statement = sa.select(service_target).where(service_target.c.conversation_id == conversation_id, _OPEN)
    return [ServiceTargetRow.from_row(row) for row in tx.execute(statement).mappings()]


def _replies(tx: sa.Connection, locked: Conversation) -> list[int]:
    """Return when agents replied since the conversation was handed off, in order."""
    at = (locked.handoff or {}).get("at")
    since = locked.created_at if at is None else int(datetime.fromisoformat(at).timestamp() * 1_000)
    statement = (
        sa.select(message.c.created_at)
        .where(message.c.conversation_id == locked.id, message.c.role == Role.AGENT, message.c.created_at >= since)
        .order_by(message.c.seq)
    )
    return list(tx.execute(statement).scalars())


def _followed(
    locked: Conversation, rows: Sequence[ServiceTargetRow], replies: Sequence[int], policy: Policy
) -> list[ServiceTargetRow]:
    """Return the targets of a conversation as they follow from its state and the agents' replies."""
    rows = [_with_replies(row, replies, policy) for row in rows]
    if locked.waiting_since is not None:
        return _waiting(locked, rows, policy, since=locked.waiting_since, has_reply=bool(replies))
    at = locked.updated_at
    if locked.owner == Owner.HUMAN:
        runs = TargetState.RUNNING
        return [
            times.stopped(row, policy.hours, at=at, state=TargetState.PAUSED) if row.state == runs else row
            for row in rows
        ]
    return [times.ended(row, policy.hours, at=at) for row in rows]


def _with_replies(row: ServiceTargetRow, replies: Sequence[int], policy: Policy) -> ServiceTargetRow:
    """Return a target that the first reply reached, or that waits for the customer since the last one."""
    if row.since is None:
        return row
    since = row.since
    later = [at for at in replies if at > since or at == since == row.started_at]
    if not later:
        return row
    if row.target == ServiceTarget.FIRST_RESPONSE:
        reached = times.stopped(row, policy.hours, at=later[0], state=TargetState.REACHED)
        return replace(reached, ended_at=later[0])
    return times.stopped(row, policy.hours, at=later[-1], state=TargetState.PAUSED)


def _waiting(
    locked: Conversation, rows: Sequence[ServiceTargetRow], policy: Policy, *, since: int, has_reply: bool
) -> list[ServiceTargetRow]:
    """Return the targets of a conversation whose customer waits, by its priority."""
    priority = RANKS[locked.urgency]
    found = {row.target: row for row in rows}
    for target in ServiceTarget:
        target_ms, row = policy.targets.get((target, priority)), found.get(target)
        is_off = row is None or row.state == TargetState.CANCELLED
        if is_off and has_reply and target == ServiceTarget.FIRST_RESPONSE:
            continue
        if row is None:
            if target_ms is not None:
                new = _new(locked, target, priority, target_ms, since=since)
                found[target] = times.running(new, policy.hours, since=since)
        elif row.state == TargetState.REACHED or (is_off and target_ms is None):
            continue
        elif target_ms is None:
            found[target] = times.stopped(row, policy.hours, at=since, state=TargetState.CANCELLED)
        else:
            row = times.retargeted(replace(row, priority=priority), target_ms)
            found[target] = times.running(row, policy.hours, since=since if row.since is None else row.since)
    return list(found.values())


def _new(
    locked: Conversation, target: ServiceTarget, priority: Priority, target_ms: int, *, since: int
) -> ServiceTargetRow:
    return ServiceTargetRow(
        id=new_id("sla"),
        workspace_id=locked.workspace_id,
        conversation_id=locked.id,
        target=target,
        priority=priority,
        state=TargetState.RUNNING,
        target_ms=target_ms,
        left_ms=target_ms,
        started_at=since,
    )


def _noticed(
    rows: Sequence[ServiceTargetRow], now: int
) -> tuple[list[ServiceTargetRow], list[tuple[EventType, ServiceTargetRow]]]:
    """Return targets with what is noticed by now, and the events of it: one that is late has no warning any more."""
    after, events = [], []
    for row in rows:
        late = row.left_ms < 0 if row.since is None else (row.due_at or 0) <= now
        soon = row.since is not None and (row.warn_at or 0) <= now
        if late and row.breached_at is None and row.state != TargetState.CANCELLED:
            row = times.noted(replace(row, breached_at=now, warned_at=row.warned_at or now))
            events.append((EventType.CONVERSATION_SLA_BREACHED, row))
        elif soon and row.warned_at is None:
            row = times.noted(replace(row, warned_at=now))
            events.append((EventType.CONVERSATION_SLA_WARNING, row))
        after.append(row)
    return after, events


def _write(tx: sa.Connection, before: Sequence[ServiceTargetRow], after: Sequence[ServiceTargetRow]) -> None:
    known = {row.id: row for row in before}
    for row in after:
        if row.id not in known:
            tx.execute(service_target.insert().values(**vars(row)))
        elif row != known[row.id]:
            tx.execute(service_target.update().where(service_target.c.id == row.id).values(**vars(row)))


def _record(
    tx: sa.Connection, locked: Conversation, type: EventType, row: ServiceTargetRow, *, due_at: int | None, now: int
) -> None:
    """Record a warning or a breach in the log of events, with its callbacks, and in the audit log."""
    data = {"sla": {"target": row.target, "priority": row.priority, "due_at": to_rfc3339(due_at)}}
    event = record_conversation_event(tx, locked, type, now=now, data=data)
    enqueue_conversation_deliveries(tx, locked, event)
    target = {"name": row.target, "before": None, "after": data["sla"]["due_at"]}
    who = {"via": "worker", "actor": "Answerback"}
    record_action(tx, locked.workspace_id, now=now, action=type, subject=locked.id, changes=[target], **who)
