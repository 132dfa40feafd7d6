"""Share the threads of a process among destinations, so that a slow or dead one never delays another.

Each destination with a due delivery gets runners: threads that send one delivery after the other. A destination is new
until its first attempt; a quick success makes it healthy, a failure or a slow attempt makes it failing. Each of these
groups has threads of its own, which the failing ones share evenly: however many they are and however long they take, no
thread is missing elsewhere.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from worker.deliveries.sender import AttemptResult, ClaimedDelivery, Sender, Transport, attempt_of
from worker.errors import AnswerbackError
from worker.telemetry import logs

log = logs.get(__name__)

#: Runners of one destination.
_MAX_RUNNERS = 8

#: Deliveries that a runner sends before other destinations get a turn.
_TURN = 25

#: Destinations whose health is remembered.
_MAX_KNOWN = 10_000

#: Seconds that attempts under way are waited for at the end; the others are made again, by id.
_STOP_TIMEOUT_S = 6.0

#: Seconds after which an attempt is slow.
_SLOW_S = 2.0


class Health(StrEnum):
    """How the attempts at a destination go, as this process knows it."""

    NEW = "new"
    HEALTHY = "healthy"
    FAILING = "failing"


class Dispatcher:
    """Runs destinations; `transport` makes what one runner sends with.

    Args:
        healthy: runners of all healthy destinations together.
        others: runners of all new ones, and of all failing ones.
    """

    def __init__(
        self, sender: Sender, transport: Callable[[], Transport], *, healthy: int = 32, others: int = 16
    ) -> None:
        self._sender = sender
        self._transport = transport
        self._limits = {Health.HEALTHY: healthy, Health.NEW: others, Health.FAILING: others}
        # More than all limits: runners of a destination that starts to fail are there until they notice.
        self._pool = ThreadPoolExecutor(2 * healthy + 4 * others, thread_name_prefix="callback")
        self._guard = threading.Condition()
        self._runners: Counter[str] = Counter()
        self._health: dict[str, Health] = {}
        self._waiting: dict[str, None] = {}  # in order
        self._began: dict[int, tuple[str, float]] = {}  # attempts under way
        self._stopping = False

    def deliver(self, conversation_id: str) -> None:
        """Send the due deliveries of a conversation soon; returns at once."""
        self.start(self._sender.destinations_of(conversation_id))

    def sweep(self) -> None:
        """Send whatever is due; a destination with a slow attempt counts as failing before the attempt ends."""
        with self._guard:
            late = time.monotonic() - _SLOW_S
            self._health.update({id: Health.FAILING for id, began in self._began.values() if began < late})
        self.start(self._sender.due_destinations())

    def start(self, destination_ids: Iterable[str]) -> None:
        """Give each destination one more runner, now or when there is room; a busy one asks for more by itself."""
        with self._guard:
            if self._stopping:
                return
            for id in destination_ids:
                self._waiting.setdefault(id)
            self._fill()

    def stop(self, *, timeout_s: float = _STOP_TIMEOUT_S) -> None:
        """Start no more attempts, and wait for those that are under way."""
        ends = time.monotonic() + timeout_s
        with self._guard:
            self._stopping = True
            self._waiting.clear()
            while self._runners.total() and (left := ends - time.monotonic()) > 0:
                self._guard.wait(left)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _health_of(self, id: str) -> Health:
        return self._health.get(id, Health.NEW)

    def _fill(self) -> None:
        """Start runners for the destinations that wait, first come, first served; the caller holds the guard."""
        running = Counter(dict.fromkeys(self._limits, 0))
        for id, count in self._runners.items():
            running[self._health_of(id)] += count
        failing = sum(self._health_of(id) == Health.FAILING for id in {*self._runners, *self._waiting})
        share = self._limits[Health.FAILING] // max(1, failing)
        limits = {
            Health.HEALTHY: _MAX_RUNNERS,
            Health.NEW: 1,
            Health.FAILING: min(_MAX_RUNNERS, max(1, share)),
        }
        # Runners of destinations that start to fail while they wait for an answer count here too.
        max_hanging = 2 * (self._limits[Health.NEW] + self._limits[Health.FAILING])
        for id in list(self._waiting):
            health = self._health_of(id)
            if self._runners[id] >= limits[health]:
                del self._waiting[id]  # the runners that it has will find what is due
            elif running[health] < self._limits[health] and (
                health == Health.HEALTHY or running[Health.NEW] + running[Health.FAILING] < max_hanging
            ):
                del self._waiting[id]
                self._runners[id] += 1
                running[health] += 1
                self._pool.submit(self._run, id)

    def _run(self, id: str) -> None:
        again = False
        try:
            transport = self._transport()
            try:
                again = self._send(id, transport)
            finally:
                transport.close()
        except AnswerbackError as error:
            log.warning("deliveries_interrupted", code=error.code, **error.context)
        except Exception:
            log.exception("deliveries_failed")
        finally:
            with self._guard:
                self._runners -= Counter([id])
                if again and not self._stopping:
                    self._waiting.setdefault(id)
                self._fill()
                self._guard.notify_all()

    def _send(self, id: str, transport: Transport) -> bool:
        """Send up to a turn's worth; return whether there may be more."""
        claimed = self._sender.claim(id)
        for left in range(_TURN - 1, -1, -1):
            if claimed is None:
                return False
            result = self._attempt(id, transport, claimed)
            more = self._observe(id, result) and left > 0 and not self._stopping
            claimed = self._sender.finish(claimed, result, more=more)
            if not more:
                break
            if claimed is not None:
                self.start([id])  # there is more than one: help
        return True

    def _attempt(self, id: str, transport: Transport, claimed: ClaimedDelivery) -> AttemptResult:
        with self._guard:
            self._began[threading.get_ident()] = (id, time.monotonic())
        try:
            return attempt_of(transport, claimed)
        finally:
            with self._guard:
                del self._began[threading.get_ident()]

    def _observe(self, id: str, result: AttemptResult) -> bool:
        """Remember the health that an attempt shows; return whether the destination is healthy."""
        healthy = (result.delivered or result.final) and result.duration_ms < _SLOW_S * 1_000
        with self._guard:
            self._health[id] = Health.HEALTHY if healthy else Health.FAILING
            if len(self._health) > _MAX_KNOWN:
                self._health = {known: health for known, health in self._health.items() if known in self._runners}
        return healthy
