"""The circuit and the rate of each destination of deliveries, in SQL for all workers.

A destination is an endpoint, a helpdesk, or the origin of the callback URLs of a workspace. After failures its circuit
opens: nothing is sent until a time, and then one delivery probes it. So a slow or dead destination delays no other.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from worker.deliveries.outbox import publish
from worker.states import ConnectionState, DeliveryState
from worker.store.engine import Store
from worker.store.rows import Delivery, Destination, Endpoint
from worker.store.tables import attempt, delivery, destination, endpoint
from worker.store.upsert import upsert_into
from worker.time import to_rfc3339

#: Failures in a row after which a circuit opens.
FAILURES = 5

#: Seconds for which a circuit opens at first; each further failure doubles them, up to the most.
_FIRST_OPEN_S = 15.0
_MAX_OPEN_S = 600.0

#: The longest pause that one answer can ask for, for all deliveries to its destination.
_MAX_RETRY_AFTER_S = 3_600.0

#: Seconds of nothing but failures after which an endpoint is disabled (as Svix does: five days).
_HOPELESS_S = 120 * 3_600.0

#: The burst that a rate allows, in milliseconds of it.
_BURST_MS = 1_000

_UNITS_S = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}

_CLOSED = {"failures": 0, "failing_since": None, "circuit_open_until": None}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How an attempt went as far as its destination is concerned."""

    healthy: bool
    gone: bool = False
    retry_after_s: float | None = None


def interval_ms(rate: str) -> float:
    """Return the time between two requests at a rate such as `10/second`."""
    count, _, unit = rate.replace(" ", "").partition("/")
    return 1_000 * _UNITS_S[unit] / int(count)


class Destinations:
    """Reads and writes circuits and rates inside transactions that the caller holds."""

    def __init__(self, store: Store) -> None:
        self._now = store.clock.sql()
        self._insert = upsert_into(store, destination)
        is_open = sa.exists().where(
            destination.c.id == delivery.c.destination_id, destination.c.circuit_open_until > self._now
        )
        #: Whether the circuit of a delivery's destination is closed; for statements that pick deliveries.
        self.circuit_closed = ~is_open

    def get(self, tx: sa.Connection, id: str) -> Destination | None:
        """Return a destination; None when it has never failed and has no rate."""
        row = tx.execute(sa.select(destination).where(destination.c.id == id)).mappings().first()
        return None if row is None else Destination.from_row(row)

    def ensure(self, tx: sa.Connection, id: str, workspace_id: str) -> None:
        """Make sure that a destination has a row."""
        new = self._insert.values(id=id, workspace_id=workspace_id, failures=0)
        tx.execute(new.on_conflict_do_nothing())

    def take_rate(self, tx: sa.Connection, id: str, rate: str) -> bool:
        """Take one request of a destination's rate; return False when the rate is used up for now."""
        paced = sa.func.coalesce(destination.c.paced_until, 0)
        begins = sa.case((paced > self._now, paced), else_=self._now)
        taken = (
            destination.update()
            .where(destination.c.id == id, paced <= self._now + _BURST_MS)
            .values(paced_until=begins + max(1, round(interval_ms(rate))))
        )
        return bool(tx.execute(taken).rowcount)

    def record(self, tx: sa.Connection, attempted: Delivery, verdict: Verdict, *, now: int, known: bool) -> None:
        """Record how an attempt went; `known` says whether the destination had a row when it was claimed."""
        id = attempted.destination_id
        if verdict.healthy:
            if known:
                tx.execute(
                    destination.update().where(destination.c.id == id, destination.c.failures > 0).values(**_CLOSED)
                )
            return
        self.ensure(tx, id, attempted.workspace_id)
        failed = tx.execute(
            destination.update()
            .where(destination.c.id == id)
            .values(
                failures=destination.c.failures + 1,
                failing_since=sa.func.coalesce(destination.c.failing_since, now),
            )
            .returning(destination.c.failures, destination.c.failing_since)
        ).one()
        open_s = min(verdict.retry_after_s or 0.0, _MAX_RETRY_AFTER_S)
        if failed.failures >= FAILURES:
            open_s = max(open_s, min(_MAX_OPEN_S, _FIRST_OPEN_S * 2 ** min(failed.failures - FAILURES, 20)))
        if open_s:
            until = now + int(open_s * 1_000)
            tx.execute(destination.update().where(destination.c.id == id).values(circuit_open_until=until))
        if attempted.endpoint_id is None:
            return
        if verdict.gone:
            disable(tx, attempted.endpoint_id, "It answered 410 Gone.", now=now)
        elif now - failed.failing_since > _HOPELESS_S * 1_000:
            disable(tx, attempted.endpoint_id, "Nothing but failures for five days.", now=now)

    def lock(self, tx: sa.Connection, id: str, workspace_id: str) -> None:
        """Keep others from changing a destination until the transaction ends."""
        self.ensure(tx, id, workspace_id)
        tx.execute(sa.select(destination.c.id).where(destination.c.id == id).with_for_update())

    def probe(self, tx: sa.Connection, id: str, *, for_s: float) -> bool:
        """Reserve a destination whose circuit may close for one delivery; return False while another probes it."""
        reserved = (
            destination.update()
            .where(destination.c.id == id, sa.func.coalesce(destination.c.circuit_open_until, 0) <= self._now)
            .values(circuit_open_until=self._now + int(for_s * 1_000))
        )
        return bool(tx.execute(reserved).rowcount)

    def end_probe(self, tx: sa.Connection, id: str) -> None:
        """Give up a reservation: there was no delivery to probe with."""
        tx.execute(destination.update().where(destination.c.id == id).values(circuit_open_until=None))

    def close_circuit(self, tx: sa.Connection, id: str) -> None:
        """Close the circuit of a destination and forget its failures."""
        tx.execute(destination.update().where(destination.c.id == id).values(**_CLOSED))

    def retry_now(self, tx: sa.Connection, id: str) -> None:
        """Close the circuit of a destination that was mended, and have what waits for another attempt tried at once."""
        self.close_circuit(tx, id)
        attempted = sa.exists().where(attempt.c.delivery_id == delivery.c.id, attempt.c.number == delivery.c.attempts)
        waits = (
            delivery.c.destination_id == id,
            delivery.c.state == DeliveryState.PENDING,
            delivery.c.due_at > self._now,
        )
        # An attempt that is under way has no row yet; until it ends, `due_at` is the end of its lease.
        tx.execute(delivery.update().where(*waits, attempted).values(due_at=self._now))


def disable(tx: sa.Connection, endpoint_id: str, reason: str, *, now: int) -> None:
    """Disable an endpoint and report it to the others; its pending deliveries end and can be replayed."""
    row = (
        tx.execute(
            endpoint.update()
            .where(endpoint.c.id == endpoint_id, endpoint.c.state == ConnectionState.ENABLED)
            .values(state=ConnectionState.DISABLED, reason=reason, updated_at=now)
            .returning(*endpoint.c)
        )
        .mappings()
        .first()
    )
    if row is None:
        return
    disabled = Endpoint.from_row(row)
    end_pending(tx, endpoint_id, now=now)
    data = {"id": disabled.id, "url": disabled.url, "reason": reason, "disabled_at": to_rfc3339(now)}
    publish(tx, disabled.workspace_id, "endpoint.disabled", [{"endpoint": data}], now=now)


def end_pending(tx: sa.Connection, destination_id: str, *, now: int) -> None:
    """End the pending deliveries to a destination; they can be replayed."""
    tx.execute(
        delivery.update()
        .where(delivery.c.destination_id == destination_id, delivery.c.state == DeliveryState.PENDING)
        .values(state=DeliveryState.EXHAUSTED, due_at=None, finished_at=now)
    )
