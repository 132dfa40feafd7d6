"""The watchdog: it ends a process that runs but does no work, so that the supervisor restarts it.

Celery workers may stay alive and consume nothing after a reconnect (celery#8030, #10096, #10205), which a ping does not
detect. So each process sends itself a canary through the broker, on a queue that its consumer reads together with its
work; if a published canary does not arrive, nothing else arrives either. The consumer must also be subscribed to the
queue of its work, and threads that must keep running, such as the sweeper, send heartbeats.
"""

import threading
import time
from collections.abc import Callable

from worker.telemetry import logs

log = logs.get(__name__)

#: Interval of canaries, while the process has a free slot.
_CANARY_EVERY_S = 3.0

#: A process that consumes nothing for this long after a canary was published is stalled.
CONSUMPTION_TIMEOUT_S = 15.0

#: After the broker was unavailable, Celery's consumer may wait 30 s before it reconnects (kombu's interval_max).
_RECONNECT_S = 45.0

#: A check that is this late means that the whole process was paused, not that a thread is stalled.
_PAUSED_S = 5.0

#: A thread without a heartbeat for this long is stalled; database locks and connection timeouts are shorter.
BEAT_TIMEOUT_S = 30.0


class Watchdog:
    """Watches one process.

    Args:
        send: publishes a canary, and raises if the broker is unavailable; None disables the check of consumption.
        slots: tasks that the process runs at once.
        end: ends the process.
        subscribed: whether the consumer is subscribed to its queues.
    """

    def __init__(
        self,
        *,
        send: Callable[[], None] | None,
        slots: int,
        end: Callable[[], None],
        subscribed: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        consumption_timeout_s: float = CONSUMPTION_TIMEOUT_S,
        beat_timeout_s: float = BEAT_TIMEOUT_S,
    ) -> None:
        self._send = send
        self._slots = slots
        self._end = end
        self._subscribed = subscribed
        self._clock = clock
        self._consumption_timeout_s = consumption_timeout_s
        self._beat_timeout_s = beat_timeout_s
        self._guard = threading.Lock()
        self._running = 0
        self._canary_sent_at: float | None = None  # of a canary that has not arrived
        self._unsubscribed_since: float | None = None
        self._cut_off = False
        self._reconnecting_until = 0.0
        self._checked_at = clock()
        self._stalled: str | None = None
        self._beats: dict[str, float] = {}
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start watching, and send canaries from a thread of their own, because publishing may take seconds."""
        self._checked_at = self._clock()
        self._reconnecting_until = self._checked_at + CONSUMPTION_TIMEOUT_S  # the consumer is still connecting
        for name, run in (("watchdog", self._watch), ("canaries", self._send_canaries)):
            threading.Thread(target=run, name=name, daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def task_began(self) -> None:
        """Record that the consumer has received a task: a canary or work."""
        with self._guard:
            self._running += 1
            self._canary_sent_at = None

    def task_ended(self) -> None:
        """Record that a slot of the pool is free again."""
        with self._guard:
            self._running -= 1
            self._canary_sent_at = None

    def beat(self, name: str) -> None:
        """Record a heartbeat of the thread with this name."""
        self._beats[name] = self._clock()

    @property
    def state(self) -> str:
        """The state of the process, one of `presence.STATES`."""
        if self._stalled is not None:
            return "stalled"
        if self._stopped.is_set():
            return "stopping"
        return "cut_off" if self._cut_off else "working"

    def send_canary(self) -> None:
        """Send a canary if a slot is free; a full pool consumes nothing, which is not a stall."""
        if self._send is None:
            return
        with self._guard:
            if self._running >= self._slots:
                self._canary_sent_at = self._unsubscribed_since = None
                return
        try:
            self._send()
        except Exception as error:  # noqa: BLE001 - any failure of any broker means that it is unavailable
            if not self._cut_off:
                log.warning("broker_unavailable", cause=str(error))
            with self._guard:
                self._cut_off, self._canary_sent_at, self._unsubscribed_since = True, None, None
            return
        subscribed = self._subscribed()
        with self._guard:
            if self._cut_off:
                self._reconnecting_until = self._clock() + _RECONNECT_S
            self._cut_off = False
            if self._clock() < self._reconnecting_until:
                self._canary_sent_at = self._unsubscribed_since = None
                return
            if subscribed:
                self._unsubscribed_since = None
            elif self._unsubscribed_since is None:
                self._unsubscribed_since = self._clock()
            if self._canary_sent_at is None and self._running < self._slots:
                self._canary_sent_at = self._clock()

    def check(self) -> str | None:
        """Return the problem if the process is stalled, else None; called once a second.

        A late call means that the whole process was paused; then all timeouts start again.
        """
        now = self._clock()
        paused, self._checked_at = now - self._checked_at > _PAUSED_S, now
        if paused:
            self._beats = dict.fromkeys(self._beats, now)
            with self._guard:
                self._canary_sent_at = self._unsubscribed_since = None
        return self.problem()

    def problem(self) -> str | None:
        """Return the timeout that has been exceeded, or None."""
        now = self._clock()
        for name, beat in self._beats.items():
            if now - beat > self._beat_timeout_s:
                return f"no heartbeat of the {name} for {now - beat:.0f} s"
        with self._guard:
            if self._canary_sent_at is not None and now - self._canary_sent_at > self._consumption_timeout_s:
                return f"nothing was consumed for {now - self._canary_sent_at:.0f} s after a canary was sent"
            if (since := self._unsubscribed_since) is not None and now - since > self._consumption_timeout_s:
                return f"the consumer has not been subscribed to its queue for {now - since:.0f} s"
        return None

    def _send_canaries(self) -> None:
        while not self._stopped.wait(_CANARY_EVERY_S):
            self.send_canary()

    def _watch(self) -> None:
        while not self._stopped.wait(1.0):
            self._stalled = self.check()
            if self._stalled is not None:
                log.error("worker_stalled", problem=self._stalled)
                self._end()
                return
