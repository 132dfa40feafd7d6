"""Send what was promised: attempts on a schedule that lives in SQL, each lane by itself, a conversation in order."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import sqlalchemy as sa

from worker.deliveries.destinations import FAILURES, Lanes, Verdict, end_pending
from worker.errors import AnswerbackError
from worker.store.engine import Store
from worker.store.tables import UNSENT_DELIVERY, attempt, delivery, endpoint, lane, message, workspace
from worker.telemetry import logs, tracing
from worker.telemetry.counters import Meter, Unmetered

log = logs.get(__name__)

#: Seconds to wait before each attempt after the first (Standard Webhooks 1.0.0, example schedule), ±20 %.
SCHEDULE_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
_JITTER = 0.2

#: How long an attempt may take, names and all, before another worker makes it again.
LEASE_S = 45.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one attempt; `status` is None when no response came.

    `final`: the receiver wants this one no more. `gone`: it wants nothing ever again.
    """

    status: int | None
    error: str | None = None
    response: str | None = None
    address: str | None = None
    retry_after_s: float | None = None
    duration_ms: int = 0
    final: bool = False
    gone: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A delivery that is ours until its lease ends, and what is needed to send it.

    `at` is the time of the claim, in Unix seconds by the database's clock.
    """

    row: Mapping[Any, Any]
    signers: tuple[str, ...]
    headers: Mapping[str, str]
    at: int
    lane_known: bool
    traceparent: str | None = None  # of the message that it is about


class Transport(Protocol):
    """Makes attempts. For one thread at a time."""

    def send(self, claimed: Claimed) -> Result:
        """Make one attempt. Never raises for what the other side does."""

    def close(self) -> None:
        """Close what is open."""


class Sender:
    """Claims due deliveries, has them sent and keeps what became of them. At least once, under the same id."""

    def __init__(
        self, store: Store, *, jitter: Callable[[], float] = random.random, meter: Meter | None = None
    ) -> None:
        self._meter = meter or Unmetered()
        self._store = store
        self._now = store.clock.sql()
        self._jitter = jitter
        self._lanes = Lanes(store)
        earlier = delivery.alias("earlier")
        # What was promised before in the same conversation, and waits still: due or not, it goes first.
        blocked = sa.exists().where(
            earlier.c.conversation_id == delivery.c.conversation_id,
            earlier.c.lane == delivery.c.lane,
            earlier.c.state == sa.literal_column("'pending'"),
            earlier.c.event_id < delivery.c.event_id,
        )
        due = (UNSENT_DELIVERY, delivery.c.due_at <= self._now)

        def claim(*where: sa.ColumnElement[bool]) -> Any:
            first = (
                sa.select(delivery.c.id)
                .where(delivery.c.lane == sa.bindparam("lane_id"), *due, ~blocked, *where)
                .order_by(delivery.c.due_at, delivery.c.event_id)
                .limit(1)
            )
            if not store.is_sqlite:
                first = first.with_for_update(skip_locked=True, of=delivery)
            return (
                delivery.update()
                .where(delivery.c.id == first.scalar_subquery(), *due)
                .values(
                    due_at=self._now + int(LEASE_S * 1_000),
                    lease_token=delivery.c.lease_token + 1,
                    attempts=delivery.c.attempts + 1,
                )
                .returning(*delivery.c)
            )

        self._claim = claim(self._lanes.awake)
        self._claim_to_probe = claim()  # the lane rests for everybody else
        self._lanes_of = (
            sa.select(delivery.c.lane)
            .distinct()
            .where(delivery.c.conversation_id == sa.bindparam("talk"), *due, self._lanes.awake)
        )
        self._due_lanes = self._statement_of_due_lanes()

    def _statement_of_due_lanes(self) -> sa.Select[Any]:
        """Return a SELECT of the awake lanes that have something due, longest first.

        It hops from lane to lane in the index instead of reading all that is due: a dead endpoint has thousands.
        """
        pending = sa.select(sa.func.min(delivery.c.lane).label("id")).where(UNSENT_DELIVERY)
        lanes = pending.cte("lanes", recursive=True)
        after = sa.select(sa.func.min(delivery.c.lane)).where(UNSENT_DELIVERY, delivery.c.lane > lanes.c.id)
        lanes = lanes.union_all(sa.select(after.scalar_subquery()).where(lanes.c.id.is_not(None)))
        oldest = sa.select(sa.func.min(delivery.c.due_at)).where(UNSENT_DELIVERY, delivery.c.lane == lanes.c.id)
        found = (
            sa.select(lanes.c.id, oldest.scalar_subquery().label("due_at")).where(lanes.c.id.is_not(None)).subquery()
        )
        resting = sa.exists().where(lane.c.id == found.c.id, lane.c.rest_until > self._now)
        return sa.select(found.c.id).where(found.c.due_at <= self._now, ~resting).order_by(found.c.due_at)

    def due_lanes(self) -> list[str]:
        """Return the lanes in which something could be sent now, the one that waits longest first."""
        with self._store.read() as connection:
            return list(connection.execute(self._due_lanes).scalars())

    def lanes_of(self, conversation_id: str) -> list[str]:
        """Return the lanes in which something of a conversation could be sent now."""
        with self._store.read() as connection:
            return list(connection.execute(self._lanes_of, {"talk": conversation_id}).scalars())

    def claim(self, lane_id: str) -> Claimed | None:
        """Take the next delivery of a lane; None when there is none that may be sent now."""
        return self._store.submit(lambda tx: self._claim_in(tx, lane_id))

    def finish(self, claimed: Claimed, result: Result, *, more: bool = False) -> Claimed | None:
        """Write down what became of an attempt; with `more`, take the lane's next delivery in the same transaction."""

        def work(tx: sa.Connection) -> tuple[str, Claimed | None]:
            state = self._record(tx, claimed, result)
            return state, self._claim_in(tx, claimed.row["lane"]) if more else None

        state, following = self._store.submit(work)
        kind = claimed.row["type"].partition(".")[0]
        kind = kind if kind in ("helpdesk", "handoff") else "callback"
        how = "delivered" if result.delivered else "given_up" if state == "exhausted" else "failed"
        self._meter.add("delivery_attempts", kind=kind, result=how)
        self._meter.observe("delivery_seconds", result.duration_ms / 1_000, kind=kind)
        log.info(
            "callback_attempted",
            delivery_id=claimed.row["id"],
            number=claimed.row["attempts"],
            status=result.status,
            error=result.error,
            state=state,
        )
        return following

    def send(self, lane_id: str, transport: Transport) -> Result | None:
        """Make the next attempt of a lane; None when nothing is due there."""
        claimed = self.claim(lane_id)
        if claimed is None:
            return None
        result = attempt_of(transport, claimed)
        self.finish(claimed, result)
        return result

    def _claim_in(self, tx: sa.Connection, lane_id: str) -> Claimed | None:
        state = self._lanes.get(tx, lane_id)
        known = state is not None
        target = tx.execute(sa.select(endpoint).where(endpoint.c.id == lane_id)).mappings().first()
        if lane_id.startswith("ep_") and (target is None or target["state"] != "enabled"):
            end_pending(tx, lane_id, now=self._store.now(tx))  # promised while the endpoint was disabled or removed
            return None
        if state is not None and state["failures"] >= FAILURES:
            if not self._lanes.probe(tx, lane_id, for_s=LEASE_S):
                return None
            claimed = self._claim_next(tx, lane_id, target, known=known, statement=self._claim_to_probe)
            if claimed is None:
                self._lanes.wake(tx, lane_id)
            return claimed
        claimed = self._claim_next(tx, lane_id, target, known=known, statement=self._claim)
        if claimed is None or target is None or target["rate_limit"] is None:
            return claimed
        if self._lanes.pace(tx, lane_id, target["rate_limit"]):
            return claimed
        back = {"attempts": delivery.c.attempts - 1, "due_at": claimed.at * 1_000}
        tx.execute(delivery.update().where(delivery.c.id == claimed.row["id"]).values(**back))
        return None

    def _claim_next(
        self, tx: sa.Connection, lane_id: str, target: Any, *, known: bool, statement: Any
    ) -> Claimed | None:
        row = tx.execute(statement, {"lane_id": lane_id}).mappings().first()
        if row is None:
            return None
        at = row["due_at"] - int(LEASE_S * 1_000)
        told = sa.select(message.c.traceparent).where(message.c.id == row["message_id"])
        parent = tx.execute(told).scalar() if tracing.on() else None
        if target is None:
            secret = tx.execute(
                sa.select(workspace.c.callback_secret).where(workspace.c.id == row["workspace_id"])
            ).scalar_one()
            return Claimed(row=row, signers=(secret,), headers={}, at=at // 1_000, lane_known=known, traceparent=parent)
        old = target["old_secret"] if (target["old_until"] or 0) > at else None
        return Claimed(
            row={**row, "url": target["url"]},  # where it is now
            signers=tuple(filter(None, (target["secret"], old))),
            headers=target["headers"] or {},
            at=at // 1_000,
            lane_known=known,
            traceparent=parent,
        )

    def _record(self, tx: sa.Connection, claimed: Claimed, result: Result) -> str:
        row, now = claimed.row, self._store.now(tx)
        number = row["attempts"] - row["round"]
        if not (result.delivered or result.final):
            # The lane before the delivery, as everybody does who changes both.
            self._lanes.lock(tx, row["lane"], row["workspace_id"])
        over = result.final or result.gone or number > len(SCHEDULE_S)
        state = "delivered" if result.delivered else "exhausted" if over else "pending"
        values: dict[str, Any] = {"state": state, "due_at": None, "finished_at": now}
        if state == "pending":
            wait = SCHEDULE_S[number - 1] * (1 + _JITTER * (2 * self._jitter() - 1))
            values = {"state": state, "due_at": now + int(max(wait, result.retry_after_s or 0.0) * 1_000)}
        held = tx.execute(
            delivery.update()
            .where(
                delivery.c.id == row["id"],
                delivery.c.lease_token == row["lease_token"],
                delivery.c.state == "pending",
            )
            .values(**values)
        )
        if not held.rowcount and tx.execute(sa.select(delivery.c.id).where(delivery.c.id == row["id"])).first() is None:
            return "erased"
        tx.execute(
            attempt.insert().values(
                workspace_id=row["workspace_id"],
                delivery_id=row["id"],
                number=row["attempts"],
                started_at=now - result.duration_ms,
                duration_ms=result.duration_ms,
                status=result.status,
                address=result.address,
                error=result.error,
                response=result.response,
            )
        )
        if not held.rowcount:
            return "fenced"
        if state == "pending" and row["conversation_id"] is not None:
            # What comes after it waits with it, and is not looked at in between.
            tx.execute(
                delivery.update()
                .where(
                    delivery.c.conversation_id == row["conversation_id"],
                    delivery.c.lane == row["lane"],
                    delivery.c.event_id > row["event_id"],
                    UNSENT_DELIVERY,
                    delivery.c.due_at < values["due_at"],
                )
                .values(due_at=values["due_at"])
            )
        verdict = Verdict(well=result.delivered or result.final, gone=result.gone, retry_after_s=result.retry_after_s)
        self._lanes.judge(tx, row, verdict, now=now, known=claimed.lane_known)
        return state


def attempt_of(transport: Transport, claimed: Claimed) -> Result:
    """Make an attempt and take its time; whatever it meets that nobody foresaw is a failed attempt, not an endless one.

    Raises:
        AnswerbackError: something of ours is away; the attempt is made again when its lease ends.
    """
    began = time.monotonic()
    with tracing.span(
        "callback attempt",
        parent=claimed.traceparent,
        kind=tracing.SpanKind.CLIENT,
        delivery_id=claimed.row["id"],
        type=claimed.row.get("type"),
        attempt=claimed.row.get("attempts"),
    ) as made:
        try:
            result = transport.send(claimed)
        except AnswerbackError:
            raise
        except Exception as error:
            log.exception("attempt_failed", delivery_id=claimed.row["id"])
            result = Result(status=None, error=f"{type(error).__name__}: {error}"[:500])
        made.set_attribute("status", result.status or 0)
        if not result.delivered:
            tracing.failed(made, result.error or f"answered with {result.status}")
    return replace(result, duration_ms=int((time.monotonic() - began) * 1_000))
