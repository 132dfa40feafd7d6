"""Send what was promised: attempts on a schedule that lives in SQL."""

import random
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa

from worker import logs
from worker.addresses import AddressRefused, Guard, open_client
from worker.callbacks import signing
from worker.store.engine import Store
from worker.store.tables import UNSENT_DELIVERY, attempt, delivery, message, workspace

log = logs.get(__name__)

#: Seconds to wait before each attempt after the first (Standard Webhooks 1.0.0, example schedule), ±20 %.
SCHEDULE_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
_JITTER = 0.2
_TOTAL_S = 20.0
_LEASE_MS = 30_000
_MOST_SWEPT = 500
_EXCERPT_BYTES = 1_024
_GONE = 410


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one attempt; `status` is None when no response came."""

    status: int | None
    error: str | None = None
    response: str | None = None
    address: str | None = None
    retry_after_s: float | None = None
    duration_ms: int = 0
    final: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Claims due deliveries and sends them. At least once: a crash after the send repeats it under the same id."""

    def __init__(self, store: Store, guard: Guard, *, jitter: Callable[[], float] = random.random) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._guard = guard
        self._jitter = jitter

    def deliver(self, conversation_id: str) -> None:
        """Send the due deliveries of a conversation, oldest first."""
        with self._store.read() as connection:
            due = connection.execute(
                sa.select(delivery.c.id)
                .outerjoin_from(delivery, message, message.c.id == delivery.c.message_id)
                .where(
                    delivery.c.conversation_id == conversation_id,
                    UNSENT_DELIVERY,
                    delivery.c.due_at <= self._now,
                )
                .order_by(delivery.c.created_at, message.c.seq, delivery.c.id)
            ).scalars()
            ids = list(due)
        for id in ids:
            self.send(id)

    def send(self, delivery_id: str) -> Result | None:
        """Make one attempt at a delivery that is due; None when it is not, or another sends it."""
        claimed = self._claim(delivery_id)
        if claimed is None:
            return None
        row, secret = claimed
        result = self._post(row, secret)
        self._record(row, result)
        return result

    def sweep(self, *, limit: int = 200, busy: Collection[str] = ()) -> tuple[str, ...]:
        """Return up to `limit` conversations that have deliveries due, except those that are `busy` already."""
        with self._store.read() as connection:
            found = connection.execute(
                sa.select(delivery.c.conversation_id)
                .where(
                    UNSENT_DELIVERY,
                    delivery.c.due_at <= self._now,
                    delivery.c.conversation_id.is_not(None),
                    delivery.c.conversation_id.not_in(list(busy)),
                )
                .order_by(delivery.c.due_at)
                .limit(_MOST_SWEPT)
            ).scalars()
            return tuple(dict.fromkeys(found))[:limit]

    def _claim(self, delivery_id: str) -> tuple[Mapping[Any, Any], str] | None:
        with self._store.begin() as tx:
            row = (
                tx.execute(
                    delivery.update()
                    .where(delivery.c.id == delivery_id, delivery.c.state == "pending", delivery.c.due_at <= self._now)
                    .values(
                        due_at=self._now + _LEASE_MS,
                        lease_token=delivery.c.lease_token + 1,
                        attempts=delivery.c.attempts + 1,
                    )
                    .returning(*delivery.c)
                )
                .mappings()
                .first()
            )
            if row is None:
                return None
            secret = tx.execute(
                sa.select(workspace.c.callback_secret).where(workspace.c.id == row["workspace_id"])
            ).scalar_one()
        return row, secret

    def _post(self, row: Mapping[Any, Any], secret: str) -> Result:
        body = row["payload"].encode()
        # By the database's clock: receivers refuse what is five minutes off, and this machine's clock may be.
        headers = signing.headers(secret, id=row["id"], timestamp=(row["due_at"] - _LEASE_MS) // 1000, body=body)
        headers |= {
            "accept-encoding": "identity",
            "content-type": "application/json",
            "user-agent": "Answerback-Webhooks/1",
        }
        began = time.monotonic()
        try:
            self._guard.check_url(row["url"])
            with (
                open_client(self._guard, total_s=_TOTAL_S) as client,
                client.stream("POST", row["url"], content=body, headers=headers) as response,
            ):
                peer = response.extensions["network_stream"].get_extra_info("server_addr")
                excerpt = _excerpt(response)
                result = Result(
                    status=response.status_code,
                    response=excerpt.decode(errors="replace").replace("\x00", ""),
                    address=str(peer[0]) if peer else None,
                    retry_after_s=_retry_after(response),
                    final=response.status_code == _GONE
                    or response.headers.get("webhook-delivery", "").lower() == "abort-message",
                )
        except AddressRefused as error:
            result = Result(status=None, error=str(error))
        except (httpx.HTTPError, OSError, ValueError) as error:
            result = Result(status=None, error=f"{type(error).__name__}: {error}"[:500])
        return Result(**{**vars(result), "duration_ms": int((time.monotonic() - began) * 1000)})

    def _record(self, row: Mapping[Any, Any], result: Result) -> None:
        number = row["attempts"]
        over = result.final or number > len(SCHEDULE_S)
        state = "delivered" if result.delivered else "exhausted" if over else "pending"
        values: dict[str, Any] = {"state": state, "due_at": None, "finished_at": self._now}
        if state == "pending":
            wait = SCHEDULE_S[number - 1] * (1 + _JITTER * (2 * self._jitter() - 1))
            wait = max(wait, result.retry_after_s or 0.0)
            values = {"state": state, "due_at": self._now + int(wait * 1000)}
        with self._store.begin() as tx:
            now = self._store.now(tx)
            held = tx.execute(
                delivery.update()
                .where(delivery.c.id == row["id"], delivery.c.lease_token == row["lease_token"])
                .values(**values)
            )
            tx.execute(
                attempt.insert().values(
                    workspace_id=row["workspace_id"],
                    delivery_id=row["id"],
                    number=number,
                    started_at=now - result.duration_ms,
                    duration_ms=result.duration_ms,
                    status=result.status,
                    address=result.address,
                    error=result.error,
                    response=result.response,
                )
            )
        log.info(
            "callback_attempted",
            delivery_id=row["id"],
            number=number,
            status=result.status,
            error=result.error,
            state=state if held.rowcount else "fenced",
        )


def _excerpt(response: httpx.Response) -> bytes:
    """Return how the body begins; a body that never comes does not undo the status that did."""
    try:
        return next(response.iter_raw(_EXCERPT_BYTES), b"")
    except httpx.HTTPError:
        return b""


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return min(86_400.0, max(0.0, float(response.headers["retry-after"])))
    except (KeyError, ValueError):
        return None
