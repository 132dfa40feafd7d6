"""Notices that this process lives but works no more, and ends it, so that its supervisor starts it again.

Celery workers are known to stay alive and consume nothing after a reconnect (celery#8030, #10096, #10205), which a
ping does not show. So each process sends itself a canary through the broker, on a queue that its consumer reads
together with its work; a canary that was published and does not arrive says that nothing else arrives either. The
consumer must ask for the work's queue too, and threads that must go round, as the sweeper's, beat here.
"""

import threading
import time
from collections.abc import Callable

from worker.telemetry import logs

log = logs.get(__name__)

#: A canary is sent this often, while the process has room for work.
_CANARY_EVERY_S = 3.0

#: With a canary published and nothing consumed for this long, the process is stalled.
CONSUMPTION_TIMEOUT_S = 15.0

#: After the broker was away, Celery's consumer may sleep up to 30 s before it connects again (kombu's interval_max).
_RECONNECT_S = 45.0

#: A look that comes this late says that the whole process was paused, and nothing about its parts.
_PAUSED_S = 5.0

#: A thread that did not go round for this long is stalled: longer than the database may lock or a connection time out.
BEAT_TIMEOUT_S = 30.0


class Watchdog:
    """Watches one process.

    `send` publishes a canary, and raises when the broker is away; without it, consumption is not watched. `subscribed`
    tells whether the consumer asks for the queues that it is there for.
    """

    def __init__(
        self,
        *,
        send: Callable[[], None] | None,
        slots: int,
        end: Callable[[], None],
        subscribed: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        consumption_patience_s: float = CONSUMPTION_TIMEOUT_S,
        beat_patience_s: float = BEAT_TIMEOUT_S,
    ) -> None:
        self._send = send
        self._slots = slots
        self._end = end
        self._subscribed = subscribed
        self._clock = clock
        self._consumption_patience_s = consumption_patience_s
        self._beat_patience_s = beat_patience_s
        self._guard = threading.Lock()
        self._running = 0
        self._waits_since: float | None = None  # since when a canary is out
        self._unsubscribed_since: float | None = None
        self._cut_off = False
        self._reconnecting_until = 0.0
        self._looked = clock()
        self._stalled: str | None = None
        self._beats: dict[str, float] = {}
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start watching, and sending canaries from a thread of their own: publishing may take seconds."""
        self._looked = self._clock()
        self._reconnecting_until = self._looked + CONSUMPTION_TIMEOUT_S  # the consumer has yet to connect
        for name, run in (("watchdog", self._watch), ("canaries", self._send_canaries)):
            threading.Thread(target=run, name=name, daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def task_began(self) -> None:
        """The consumer brought something: a canary or work."""
        with self._guard:
            self._running += 1
            self._waits_since = None

    def task_ended(self) -> None:
        """A slot of the pool is free again."""
        with self._guard:
            self._running -= 1
            self._waits_since = None

    def beat(self, name: str) -> None:
        """The thread of this name still goes round."""
        self._beats[name] = self._clock()

    @property
    def state(self) -> str:
        """One of `presence.STATES`."""
        if self._stalled is not None:
            return "stalled"
        if self._stopped.is_set():
            return "stopping"
        return "cut_off" if self._cut_off else "working"

    def send_canary(self) -> None:
        """Send one if there is room for it; a pool that is full takes nothing from the queue, and rightly so."""
        if self._send is None:
            return
        with self._guard:
            if self._running >= self._slots:
                self._waits_since = self._unsubscribed_since = None
                return
        try:
            self._send()
        except Exception as error:  # noqa: BLE001 - any broker, any failure: it is away, so nothing can be consumed
            if not self._cut_off:
                log.warning("broker_away", cause=str(error))
            with self._guard:
                self._cut_off, self._waits_since, self._unsubscribed_since = True, None, None
            return
        subscribed = self._subscribed()
        with self._guard:
            if self._cut_off:
                self._reconnecting_until = self._clock() + _RECONNECT_S
            self._cut_off = False
            if self._clock() < self._reconnecting_until:
                self._waits_since = self._unsubscribed_since = None
                return
            if subscribed:
                self._unsubscribed_since = None
            elif self._unsubscribed_since is None:
                self._unsubscribed_since = self._clock()
            if self._waits_since is None and self._running < self._slots:
                self._waits_since = self._clock()

    def look(self) -> str | None:
        """Return what is stalled, if anything is; to be asked once a second.

        A look that comes late says that the whole process was stopped and woken: then all of it gets its time again.
        """
        now = self._clock()
        paused, self._looked = now - self._looked > _PAUSED_S, now
        if paused:
            self._beats = dict.fromkeys(self._beats, now)
            with self._guard:
                self._waits_since = self._unsubscribed_since = None
        return self.problem()

    def problem(self) -> str | None:
        """Return what has been stalled for too long, if anything has."""
        now = self._clock()
        for name, beat in self._beats.items():
            if now - beat > self._beat_patience_s:
                return f"the {name} has not gone round for {now - beat:.0f} s"
        with self._guard:
            if self._waits_since is not None and now - self._waits_since > self._consumption_patience_s:
                return f"nothing was consumed for {now - self._waits_since:.0f} s although a canary was sent"
            if (since := self._unsubscribed_since) is not None and now - since > self._consumption_patience_s:
                return f"the consumer has not asked for its queue for {now - since:.0f} s"
        return None

    def _send_canaries(self) -> None:
        while not self._stopped.wait(_CANARY_EVERY_S):
            self.send_canary()

    def _watch(self) -> None:
        while not self._stopped.wait(1.0):
            self._stalled = self.look()
            if self._stalled is not None:
                log.error("worker_stalled", problem=self._stalled)
                self._end()
                return
