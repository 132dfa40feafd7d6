"""Send deliveries: attempts on a schedule that lives in SQL, each destination by itself, a conversation in order."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import sqlalchemy as sa

from worker.deliveries.destinations import FAILURES, Destinations, Verdict, end_pending
from worker.errors import AnswerbackError
from worker.states import ConnectionState, DeliveryKind, DeliveryState
from worker.store.engine import Store
from worker.store.rows import Delivery, Endpoint
from worker.store.tables import UNSENT_DELIVERY, attempt, delivery, destination, endpoint, message, workspace
from worker.telemetry import logs, tracing
from worker.telemetry.counters import Meter, Unmetered

log = logs.get(__name__)

#: Seconds to wait before each attempt after the first (Standard Webhooks 1.0.0, example schedule), ±20 %.
SCHEDULE_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
_JITTER = 0.2

#: Retries of a change of a ticket, about half an hour in all: later it would undo what agents did meanwhile.
CHANGE_RETRIES = 3

#: How long an attempt may take, name resolution included, before another worker makes it again.
LEASE_S = 45.0


@dataclass(frozen=True, kw_only=True)
class AttemptResult:
    """How one attempt went; `status` is None when no response came.

    `final`: another attempt would not help. `gone`: the receiver wants no delivery ever again.
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
class ClaimedDelivery:
    """A delivery that is leased to this worker, and what is needed to send it.

    Attributes:
        signers: the secrets that sign it.
        headers: extra headers of its endpoint.
        at: the time of the claim, in Unix seconds by the database's clock.
        destination_known: whether the destination has a row.
        traceparent: of the message that it is about.
    """

    delivery: Delivery
    signers: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    at: int
    destination_known: bool
    traceparent: str | None = None


class Transport(Protocol):
    """Makes attempts. For one thread at a time."""

    def send(self, claimed: ClaimedDelivery) -> AttemptResult:
        """Make one attempt. Never raises for what the other side does."""

    def close(self) -> None:
        """Close what is open."""


class Sender:
    """Claims due deliveries, has them sent and records the results. At least once, under the same id."""

    def __init__(
        self, store: Store, *, jitter: Callable[[], float] = random.random, meter: Meter | None = None
    ) -> None:
        self._meter = meter or Unmetered()
        self._store = store
        self._now = store.clock.sql()
        self._jitter = jitter
        self._destinations = Destinations(store)
        self._due = (UNSENT_DELIVERY, delivery.c.due_at <= self._now)
        self._claim = self._claim_statement(self._destinations.circuit_closed)
        self._claim_to_probe = self._claim_statement()  # the circuit is open for everybody else
        self._destinations_of = (
            sa.select(delivery.c.destination_id)
            .distinct()
            .where(
                delivery.c.conversation_id == sa.bindparam("conversation"),
                *self._due,
                self._destinations.circuit_closed,
            )
        )
        self._due_destinations = self._due_destinations_statement()

    def _claim_statement(self, *where: sa.ColumnElement[bool]) -> Any:
        """Return an UPDATE that leases the next delivery to a destination."""
        earlier = delivery.alias("earlier")
        # An earlier delivery of the same conversation that is still pending goes first, whether it is due or not.
        blocked = sa.exists().where(
            earlier.c.conversation_id == delivery.c.conversation_id,
            earlier.c.destination_id == delivery.c.destination_id,
            earlier.c.state == sa.literal_column("'pending'"),
            earlier.c.event_id < delivery.c.event_id,
        )
        first = (
            sa.select(delivery.c.id)
            .where(delivery.c.destination_id == sa.bindparam("destination"), *self._due, ~blocked, *where)
            .order_by(delivery.c.due_at, delivery.c.event_id)
            .limit(1)
        )
        if not self._store.is_sqlite:
            first = first.with_for_update(skip_locked=True, of=delivery)
        return (
            delivery.update()
            .where(delivery.c.id == first.scalar_subquery(), *self._due)
            .values(
                due_at=self._now + int(LEASE_S * 1_000),
                lease_token=delivery.c.lease_token + 1,
                attempts=delivery.c.attempts + 1,
            )
            .returning(*delivery.c)
        )

    def _due_destinations_statement(self) -> sa.Select[Any]:
        """Return a SELECT of the destinations with a due delivery and a closed circuit, longest due first.

        It hops from one destination to the next in the index instead of reading every due delivery: a dead endpoint
        has thousands.
        """
        pending = sa.select(sa.func.min(delivery.c.destination_id).label("id")).where(UNSENT_DELIVERY)
        hops = pending.cte("destinations", recursive=True)
        after = sa.select(sa.func.min(delivery.c.destination_id)).where(
            UNSENT_DELIVERY, delivery.c.destination_id > hops.c.id
        )
        hops = hops.union_all(sa.select(after.scalar_subquery()).where(hops.c.id.is_not(None)))
        oldest = sa.select(sa.func.min(delivery.c.due_at)).where(
            UNSENT_DELIVERY, delivery.c.destination_id == hops.c.id
        )
        found = sa.select(hops.c.id, oldest.scalar_subquery().label("due_at")).where(hops.c.id.is_not(None)).subquery()
        circuit_open = sa.exists().where(destination.c.id == found.c.id, destination.c.circuit_open_until > self._now)
        return sa.select(found.c.id).where(found.c.due_at <= self._now, ~circuit_open).order_by(found.c.due_at)

    def due_destinations(self) -> list[str]:
        """Return the destinations to which a delivery could be sent now, longest due first."""
        with self._store.read() as connection:
            return list(connection.execute(self._due_destinations).scalars())

    def destinations_of(self, conversation_id: str) -> list[str]:
        """Return the destinations to which a delivery of a conversation could be sent now."""
        with self._store.read() as connection:
            return list(connection.execute(self._destinations_of, {"conversation": conversation_id}).scalars())

    def claim(self, destination_id: str) -> ClaimedDelivery | None:
        """Lease the next delivery to a destination; return None when none may be sent now."""
        return self._store.submit(lambda tx: self._claim_in(tx, destination_id))

    def finish(self, claimed: ClaimedDelivery, result: AttemptResult, *, more: bool = False) -> ClaimedDelivery | None:
        """Record an attempt; with `more`, lease the destination's next delivery in the same transaction."""
        sent = claimed.delivery

        def work(tx: sa.Connection) -> tuple[str, ClaimedDelivery | None]:
            state = self._record(tx, claimed, result)
            return state, self._claim_in(tx, sent.destination_id) if more else None

        state, following = self._store.submit(work)
        how = "delivered" if result.delivered else "given_up" if state == DeliveryState.EXHAUSTED else "failed"
        self._meter.add("delivery_attempts", kind=sent.kind.channel, result=how)
        self._meter.observe("delivery_seconds", result.duration_ms / 1_000, kind=sent.kind.channel)
        log.info(
            "delivery_attempted",
            delivery_id=sent.id,
            kind=sent.kind,
            number=sent.attempts,
            status=result.status,
            error=result.error,
            state=state,
        )
        return following

    def send(self, destination_id: str, transport: Transport) -> AttemptResult | None:
        """Make the next attempt at a destination; return None when nothing is due there."""
        claimed = self.claim(destination_id)
        if claimed is None:
            return None
        result = attempt_of(transport, claimed)
        self.finish(claimed, result)
        return result

    def _claim_in(self, tx: sa.Connection, destination_id: str) -> ClaimedDelivery | None:
        state = self._destinations.get(tx, destination_id)
        known = state is not None
        row = tx.execute(sa.select(endpoint).where(endpoint.c.id == destination_id)).mappings().first()
        target = None if row is None else Endpoint.from_row(row)
        if target is not None and target.state != ConnectionState.ENABLED:  # enqueued while it was disabled
            end_pending(tx, destination_id, now=self._store.now(tx))
            return None
        if state is not None and state.failures >= FAILURES:
            if not self._destinations.probe(tx, destination_id, for_s=LEASE_S):
                return None
            claimed = self._claim_next(tx, destination_id, target, known=known, statement=self._claim_to_probe)
            if claimed is None:
                self._destinations.end_probe(tx, destination_id)
            return claimed
        claimed = self._claim_next(tx, destination_id, target, known=known, statement=self._claim)
        if claimed is None or target is None or target.rate_limit is None:
            return claimed
        if self._destinations.take_rate(tx, destination_id, target.rate_limit):
            return claimed
        self._put_back(tx, claimed)
        return None

    def _claim_next(
        self, tx: sa.Connection, destination_id: str, target: Endpoint | None, *, known: bool, statement: Any
    ) -> ClaimedDelivery | None:
        row = tx.execute(statement, {"destination": destination_id}).mappings().first()
        if row is None:
            return None
        leased = Delivery.from_row(row)
        at = row["due_at"] - int(LEASE_S * 1_000)
        claimed = ClaimedDelivery(
            delivery=leased,
            signers=(),
            headers={},
            at=at // 1_000,
            destination_known=known,
            traceparent=self._traceparent(tx, leased),
        )
        if leased.kind == DeliveryKind.ENDPOINT and target is None:  # enqueued while it was being removed
            self._put_back(tx, claimed)
            end_pending(tx, destination_id, now=at)
            return None
        if target is None:
            secret = sa.select(workspace.c.callback_secret).where(workspace.c.id == leased.workspace_id)
            return replace(claimed, signers=(tx.execute(secret).scalar_one(),))
        old = target.old_secret if (target.old_until or 0) > at else None
        return replace(
            claimed,
            delivery=replace(leased, url=target.url),  # which may have changed since
            signers=tuple(filter(None, (target.secret, old))),
            headers=target.headers or {},
        )

    def _traceparent(self, tx: sa.Connection, leased: Delivery) -> str | None:
        if not tracing.on():
            return None
        found: str | None = tx.execute(
            sa.select(message.c.traceparent).where(message.c.id == leased.message_id)
        ).scalar()
        return found

    def _put_back(self, tx: sa.Connection, claimed: ClaimedDelivery) -> None:
        """Undo a claim: the delivery is due as before and no attempt was made."""
        before = {"attempts": delivery.c.attempts - 1, "due_at": claimed.at * 1_000}
        tx.execute(delivery.update().where(delivery.c.id == claimed.delivery.id).values(**before))

    def _record(self, tx: sa.Connection, claimed: ClaimedDelivery, result: AttemptResult) -> str:
        """Write the result of an attempt; return the delivery's new state, or `fenced` or `erased`."""
        sent, now = claimed.delivery, self._store.now(tx)
        if not (result.delivered or result.final):
            # The destination before the delivery, as everybody does who changes both.
            self._destinations.lock(tx, sent.destination_id, sent.workspace_id)
        state, due_at = self._next_state(sent, result, now=now)
        held = tx.execute(
            delivery.update()
            .where(
                delivery.c.id == sent.id,
                delivery.c.lease_token == sent.lease_token,
                delivery.c.state == DeliveryState.PENDING,
            )
            .values(state=state, due_at=due_at, **({} if due_at is not None else {"finished_at": now}))
        )
        if not held.rowcount and tx.execute(sa.select(delivery.c.id).where(delivery.c.id == sent.id)).first() is None:
            return "erased"
        self._insert_attempt(tx, sent, result, now=now)
        if not held.rowcount:
            return "fenced"
        if due_at is not None:
            self._delay_following(tx, sent, due_at)
        verdict = Verdict(
            healthy=result.delivered or result.final, gone=result.gone, retry_after_s=result.retry_after_s
        )
        self._destinations.record(tx, sent, verdict, now=now, known=claimed.destination_known)
        return state

    def _next_state(self, sent: Delivery, result: AttemptResult, *, now: int) -> tuple[DeliveryState, int | None]:
        """Return the state after an attempt, and when the next one is due if there is one."""
        number = sent.attempts - sent.round
        if result.delivered:
            return DeliveryState.DELIVERED, None
        schedule = SCHEDULE_S[:CHANGE_RETRIES] if sent.kind == DeliveryKind.TICKET_CHANGE else SCHEDULE_S
        if result.final or result.gone or number > len(schedule):
            return DeliveryState.EXHAUSTED, None
        wait_s = schedule[number - 1] * (1 + _JITTER * (2 * self._jitter() - 1))
        return DeliveryState.PENDING, now + int(max(wait_s, result.retry_after_s or 0.0) * 1_000)

    def _insert_attempt(self, tx: sa.Connection, sent: Delivery, result: AttemptResult, *, now: int) -> None:
        tx.execute(
            attempt.insert().values(
                workspace_id=sent.workspace_id,
                delivery_id=sent.id,
                number=sent.attempts,
                started_at=now - result.duration_ms,
                duration_ms=result.duration_ms,
                status=result.status,
                address=result.address,
                error=result.error,
                response=result.response,
            )
        )

    def _delay_following(self, tx: sa.Connection, sent: Delivery, due_at: int) -> None:
        """Make what comes after a delivery in its conversation wait with it, so that it is not looked at in between."""
        if sent.conversation_id is None or sent.event_id is None:
            return
        tx.execute(
            delivery.update()
            .where(
                delivery.c.conversation_id == sent.conversation_id,
                delivery.c.destination_id == sent.destination_id,
                delivery.c.event_id > sent.event_id,
                UNSENT_DELIVERY,
                delivery.c.due_at < due_at,
            )
            .values(due_at=due_at)
        )


def attempt_of(transport: Transport, claimed: ClaimedDelivery) -> AttemptResult:
    """Make an attempt and measure its time.

    An exception that no transport foresaw is a bug of this program: it is logged with its traceback and ends the
    delivery, which can be replayed once the bug is fixed.

    Raises:
        AnswerbackError: a service of ours is unavailable; the attempt is made again when its lease ends.
    """
    began = time.monotonic()
    sent = claimed.delivery
    with tracing.span(
        "callback attempt",
        parent=claimed.traceparent,
        kind=tracing.SpanKind.CLIENT,
        delivery_id=sent.id,
        type=sent.type,
        attempt=sent.attempts,
    ) as span:
        try:
            result = transport.send(claimed)
        except AnswerbackError:
            raise
        except Exception as error:
            log.exception("delivery_crashed", delivery_id=sent.id, kind=sent.kind)
            cause = f"Internal error, see the worker's log: {type(error).__name__}: {error}"
            result = AttemptResult(status=None, error=cause[:500], final=True)
        span.set_attribute("status", result.status or 0)
        if not result.delivered:
            tracing.failed(span, result.error or f"answered with {result.status}")
    return replace(result, duration_ms=int((time.monotonic() - began) * 1_000))
