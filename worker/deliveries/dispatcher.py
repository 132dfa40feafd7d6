"""Share the threads of a process among lanes, so that a slow or dead one never holds up another.

Each lane that has something due gets runners: threads that send one delivery after the other. A lane is new until its
first attempt; a quick success makes it well, a failure or an attempt that takes long makes it sick. Each kind has a
number of threads of its own, which those that are sick share evenly: however many they are, and however long they take,
no thread is missing elsewhere.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from worker.deliveries.sender import Claimed, Result, Sender, Transport, attempt_of
from worker.errors import AnswerbackError
from worker.telemetry import logs

log = logs.get(__name__)

#: Runners of one trusted lane.
_MAX = 8

#: Deliveries that a runner sends before other lanes get a turn.
_TURN = 25

#: Lanes that are remembered to be well or sick.
_MAX_KNOWN = 10_000

#: Seconds after which an attempt takes long.
_SLOW_S = 2.0


class Dispatcher:
    """Runs lanes; `transport` makes what one runner sends with.

    Args:
        well: runners of all lanes that are well together.
        others: runners of all that are new, and of all that are sick.
    """

    def __init__(self, sender: Sender, transport: Callable[[], Transport], *, well: int = 32, others: int = 16) -> None:
        self._sender = sender
        self._transport = transport
        self._limits = {"well": well, "new": others, "sick": others}
        # More than all limits: runners of a lane that falls sick are there until they notice.
        self._pool = ThreadPoolExecutor(2 * well + 4 * others, thread_name_prefix="callback")
        self._guard = threading.Condition()
        self._runners: Counter[str] = Counter()
        self._health: dict[str, str] = {}
        self._waiting: dict[str, None] = {}  # in order
        self._began: dict[int, tuple[str, float]] = {}  # attempts under way
        self._stopping = False

    def deliver(self, conversation_id: str) -> None:
        """Send what is due in a conversation soon; returns at once."""
        self.start(self._sender.lanes_of(conversation_id))

    def sweep(self) -> None:
        """Send whatever is due; a lane in which an attempt takes long is sick before it ends."""
        with self._guard:
            late = time.monotonic() - _SLOW_S
            self._health.update({lane: "sick" for lane, began in self._began.values() if began < late})
        self.start(self._sender.due_lanes())

    def start(self, lanes: Iterable[str]) -> None:
        """Give each lane one runner more, now or when there is room; one with much to do calls for more by itself."""
        with self._guard:
            if self._stopping:
                return
            for lane in lanes:
                self._waiting.setdefault(lane)
            self._fill()

    def stop(self, *, timeout_s: float) -> None:
        """Take up nothing more, and wait for the attempts that are under way."""
        ends = time.monotonic() + timeout_s
        with self._guard:
            self._stopping = True
            self._waiting.clear()
            while self._runners.total() and (left := ends - time.monotonic()) > 0:
                self._guard.wait(left)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fill(self) -> None:
        """Start runners for the lanes that wait, first come, first served; the caller holds the guard."""
        running = Counter(dict.fromkeys(self._limits, 0))
        for lane, count in self._runners.items():
            running[self._health.get(lane, "new")] += count
        sick = sum(self._health.get(lane) == "sick" for lane in {*self._runners, *self._waiting})
        most = {"well": _MAX, "new": 1, "sick": min(_MAX, max(1, self._limits["sick"] // max(1, sick)))}
        hanging = 2 * (self._limits["new"] + self._limits["sick"])  # those that fell sick while they wait are there too
        for lane in list(self._waiting):
            health = self._health.get(lane, "new")
            if self._runners[lane] >= most[health]:
                del self._waiting[lane]  # those that run will see what came
            elif running[health] < self._limits[health] and (
                health == "well" or running["new"] + running["sick"] < hanging
            ):
                del self._waiting[lane]
                self._runners[lane] += 1
                running[health] += 1
                self._pool.submit(self._run, lane)

    def _run(self, lane: str) -> None:
        again = False
        try:
            transport = self._transport()
            try:
                again = self._send(lane, transport)
            finally:
                transport.close()
        except AnswerbackError as error:
            log.warning("callbacks_interrupted", code=error.code, **error.context)
        except Exception:
            log.exception("callbacks_failed")
        finally:
            with self._guard:
                self._runners -= Counter([lane])
                if again and not self._stopping:
                    self._waiting.setdefault(lane)
                self._fill()
                self._guard.notify_all()

    def _send(self, lane: str, transport: Transport) -> bool:
        """Send up to a turn's worth; return whether there may be more."""
        claimed = self._sender.claim(lane)
        for left in range(_TURN - 1, -1, -1):
            if claimed is None:
                return False
            result = self._attempt(lane, transport, claimed)
            more = self._judge(lane, result) and left > 0 and not self._stopping
            claimed = self._sender.finish(claimed, result, more=more)
            if not more:
                break
            if claimed is not None:
                self.start([lane])  # there is more than one: help
        return True

    def _attempt(self, lane: str, transport: Transport, claimed: Claimed) -> Result:
        with self._guard:
            self._began[threading.get_ident()] = (lane, time.monotonic())
        try:
            return attempt_of(transport, claimed)
        finally:
            with self._guard:
                del self._began[threading.get_ident()]

    def _judge(self, lane: str, result: Result) -> bool:
        """Return whether the lane is well."""
        well = (result.delivered or result.final) and result.duration_ms < _SLOW_S * 1_000
        with self._guard:
            self._health[lane] = "well" if well else "sick"
            if len(self._health) > _MAX_KNOWN:
                self._health = {one: kind for one, kind in self._health.items() if one in self._runners}
        return well
