"""How it goes where callbacks go: a breaker, a rate and a verdict for each lane, in SQL for all workers.

A lane is an endpoint, or the origin of the `callback_url`s of a workspace. One that fails rests, and is asked once when
it has rested; so whatever is slow or dead holds up nobody but itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.deliveries.outbox import publish
from worker.store.engine import Store
from worker.store.tables import delivery, endpoint, lane
from worker.store.upsert import upsert_into
from worker.time import to_rfc3339

#: Failures in a row after which a lane rests.
FAILURES = 5

#: Seconds of the first rest; each further failure doubles it, up to the longest.
_FIRST_REST_S = 15.0
_LONGEST_REST_S = 600.0

#: Seconds of rest at most that one answer can ask for, for all deliveries of its lane.
_LONGEST_ASKED_S = 3_600.0

#: Seconds of nothing but failures after which an endpoint is disabled (as Svix does: five days).
_HOPELESS_S = 120 * 3_600.0

#: What a rate allows at once, in milliseconds of it.
_BURST_MS = 1_000

_UNITS_S = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How one attempt went, as far as its lane is concerned; `well` when the receiver is."""

    well: bool
    gone: bool = False
    retry_after_s: float | None = None


def interval_ms(rate: str) -> float:
    """Return the time between two requests at a rate such as `10/second`."""
    count, _, unit = rate.replace(" ", "").partition("/")
    return 1_000 * _UNITS_S[unit] / int(count)


class Lanes:
    """Reads and writes the state of lanes inside transactions that the caller holds."""

    def __init__(self, store: Store) -> None:
        self._now = store.clock.sql()
        self._insert = upsert_into(store, lane)
        resting = sa.exists().where(lane.c.id == delivery.c.lane, lane.c.rest_until > self._now)
        #: Whether a delivery's lane is awake; for statements that pick deliveries.
        self.awake = ~resting

    def get(self, tx: sa.Connection, id: str) -> sa.RowMapping | None:
        """Return the row of a lane; none means that nothing is known against it."""
        return tx.execute(sa.select(lane).where(lane.c.id == id)).mappings().first()

    def make(self, tx: sa.Connection, id: str, workspace_id: str) -> None:
        """Make sure that a lane has a row."""
        new = self._insert.values(id=id, workspace_id=workspace_id, failures=0)
        tx.execute(new.on_conflict_do_nothing())

    def pace(self, tx: sa.Connection, id: str, rate: str) -> bool:
        """Take one request of a lane's rate; False when it is used up for now."""
        paced = sa.func.coalesce(lane.c.paced_until, 0)
        taken = (
            lane.update()
            .where(lane.c.id == id, paced <= self._now + _BURST_MS)
            .values(paced_until=sa.case((paced > self._now, paced), else_=self._now) + max(1, round(interval_ms(rate))))
        )
        return bool(tx.execute(taken).rowcount)

    def judge(self, tx: sa.Connection, row: Mapping[Any, Any], verdict: Verdict, *, now: int, known: bool) -> None:
        """Take notice of an attempt; `known` says whether the lane had a row before, `row` is the delivery's."""
        if verdict.well:
            if known:
                well = {"failures": 0, "failing_since": None, "rest_until": None}
                tx.execute(lane.update().where(lane.c.id == row["lane"], lane.c.failures > 0).values(**well))
            return
        self.make(tx, row["lane"], row["workspace_id"])
        failed = tx.execute(
            lane.update()
            .where(lane.c.id == row["lane"])
            .values(failures=lane.c.failures + 1, failing_since=sa.func.coalesce(lane.c.failing_since, now))
            .returning(lane.c.failures, lane.c.failing_since)
        ).one()
        rest_s = min(verdict.retry_after_s or 0.0, _LONGEST_ASKED_S)
        if failed.failures >= FAILURES:
            rest_s = max(rest_s, min(_LONGEST_REST_S, _FIRST_REST_S * 2 ** min(failed.failures - FAILURES, 20)))
        if rest_s:
            tx.execute(lane.update().where(lane.c.id == row["lane"]).values(rest_until=now + int(rest_s * 1_000)))
        if row["endpoint_id"] is None:
            return
        if verdict.gone:
            disable(tx, row["endpoint_id"], "It answered 410 Gone.", now=now)
        elif now - failed.failing_since > _HOPELESS_S * 1_000:
            disable(tx, row["endpoint_id"], "Nothing but failures for five days.", now=now)

    def lock(self, tx: sa.Connection, id: str, workspace_id: str) -> None:
        """Keep others from changing a lane until the transaction ends."""
        self.make(tx, id, workspace_id)
        tx.execute(sa.select(lane.c.id).where(lane.c.id == id).with_for_update())

    def probe(self, tx: sa.Connection, id: str, *, for_s: float) -> bool:
        """Let one delivery find out how a lane is that has rested, and nothing else meanwhile; False when one does."""
        asked = (
            lane.update()
            .where(lane.c.id == id, sa.func.coalesce(lane.c.rest_until, 0) <= self._now)
            .values(rest_until=self._now + int(for_s * 1_000))
        )
        return bool(tx.execute(asked).rowcount)

    def wake(self, tx: sa.Connection, id: str) -> None:
        """End a rest: there was nothing to find out with."""
        tx.execute(lane.update().where(lane.c.id == id).values(rest_until=None))

    def forget(self, tx: sa.Connection, id: str) -> None:
        """Begin anew with a lane: its breaker is closed."""
        well = {"failures": 0, "failing_since": None, "rest_until": None}
        tx.execute(lane.update().where(lane.c.id == id).values(**well))


def disable(tx: sa.Connection, endpoint_id: str, reason: str, *, now: int) -> None:
    """Call an endpoint no more; what was due there stays, to be replayed. The others are told."""
    row = (
        tx.execute(
            endpoint.update()
            .where(endpoint.c.id == endpoint_id, endpoint.c.state == "enabled")
            .values(state="disabled", reason=reason, updated_at=now)
            .returning(*endpoint.c)
        )
        .mappings()
        .first()
    )
    if row is None:
        return
    end_pending(tx, endpoint_id, now=now)
    told = {"id": row["id"], "url": row["url"], "reason": reason, "disabled_at": to_rfc3339(now)}
    publish(tx, row["workspace_id"], "endpoint.disabled", [{"endpoint": told}], now=now)


def end_pending(tx: sa.Connection, lane_id: str, *, now: int) -> None:
    """End what is due in a lane; it stays, to be replayed."""
    tx.execute(
        delivery.update()
        .where(delivery.c.lane == lane_id, delivery.c.state == "pending")
        .values(state="exhausted", due_at=None, finished_at=now)
    )
