"""The open streams of a web process: one thread serves them all.

A thread for each reader would cost more than all readers do. The view checks the key, the limits and the message as for
any request; then the socket is detached from gunicorn's connection (`responses`), and this module's event loop writes
to it until the message has ended or the client has disconnected. The events come from `web.streaming.feeds`; a few
threads read them.
"""

import asyncio
import socket
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from werkzeug.exceptions import TooManyRequests

from web.streaming.connections import StreamConnection
from web.streaming.subscriptions import Subscription
from worker.access.keys import Principal
from worker.conversations import event_log
from worker.conversations.wakeups import ANY, Wakeups
from worker.store.engine import Store
from worker.telemetry import logs
from worker.telemetry.counters import Counters

log = logs.get(__name__)

_TICK_S = 1.0

#: How far back the event log is searched again for events whose transactions committed after later ones.
_OVERLAP_S = 5.0
_MAX_EVENTS = 5_000
_THREADS = 4

#: Open streams of one customer, whose token opens one conversation.
_MAX_PER_CUSTOMER = 10

#: Messages that a conversation may receive over WebSockets in a minute, and conversations that are counted.
MAX_PER_MINUTE = 60
_MAX_COUNTED = 10_000


class Streams:
    """The open streams of this process. Thread-safe; the thread and its event loop start with the first stream."""

    def __init__(self, store: Store, wakeups: Wakeups, counters: Counters, *, max_total: int, max_per_key: int) -> None:
        self._store = store
        self._wakeups = wakeups
        self._counters = counters
        self._max_total = max_total
        self._max_per_key = max_per_key
        self._guard = threading.Lock()
        self._reserved: Counter[str] = Counter()  # by key or, for customers, by conversation
        self._open: defaultdict[str, set[StreamConnection]] = defaultdict(set)  # by conversation; changed in the loop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False
        self._readers = ThreadPoolExecutor(_THREADS, thread_name_prefix="streams")
        self._handlers = ThreadPoolExecutor(_THREADS, thread_name_prefix="sockets")
        self._messages: dict[str, deque[float]] = {}
        self._positions: list[tuple[float, int]] = []  # (time, id of the newest event then)

    def reserve(self, principal: Principal) -> Callable[[], None]:
        """Reserve a stream for a caller; return the function that releases it, which may be called repeatedly.

        Raises:
            TooManyRequests: the caller or this process has reached its limit.
        """
        owner, limit = principal.holder, self._max_per_key
        if principal.conversation_id is not None:
            owner, limit = principal.conversation_id, _MAX_PER_CUSTOMER
        with self._guard:
            if self._reserved[owner] >= limit or self._reserved.total() >= self._max_total:
                raise TooManyRequests("There are too many open streams; close some, or poll.", retry_after=5)
            self._reserved[owner] += 1
        released = threading.Event()

        def release() -> None:
            with self._guard:
                if not released.is_set():
                    released.set()
                    self._reserved -= Counter([owner])

        return release

    def may_send(self, conversation_id: str) -> bool:
        """Count a message that arrives over a WebSocket; False when its conversation exceeds the limit per minute."""
        now = time.monotonic()
        with self._guard:
            if len(self._messages) > _MAX_COUNTED:
                self._messages = {id: times for id, times in self._messages.items() if now - times[-1] < 60}
            times = self._messages.setdefault(conversation_id, deque(maxlen=MAX_PER_MINUTE))
            if len(times) == MAX_PER_MINUTE and now - times[0] < 60:
                return False
            times.append(now)
            return True

    def take(self, taken: socket.socket, head: bytes, subscription: Subscription) -> None:
        """Serve a subscription on a connected socket from now on."""
        loop = self._started()
        connection = StreamConnection(self, subscription, head)
        taken.setblocking(False)
        asyncio.run_coroutine_threadsafe(self._connect(loop, taken, connection), loop)

    def close(self) -> None:
        """Close all streams; their clients reconnect."""
        self._closing = True
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._close_all)
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._handlers.shutdown(wait=False, cancel_futures=True)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._run, args=(self._loop,), name="streams", daemon=True).start()
                self._wakeups.listen(self._woken)
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._tick())  # which never ends

    async def _connect(
        self, loop: asyncio.AbstractEventLoop, taken: socket.socket, connection: StreamConnection
    ) -> None:
        try:
            await loop.connect_accepted_socket(lambda: connection, taken)
        except OSError as error:  # the client has disconnected already
            log.debug("stream_not_opened", cause=str(error))
            taken.close()
            connection.release()

    async def _tick(self) -> None:
        """Once a second, send heartbeats that are due and wake the streams whose wake-up was lost."""
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.monotonic()
            for connection in self._connections():
                connection.tick(now)
            if not self._open or self._closing:
                self._positions.clear()
                continue
            try:
                loop = asyncio.get_running_loop()
                for conversation_id in await loop.run_in_executor(self._readers, self._changed_recently):
                    self._wake(conversation_id)
                self._wake(ANY)  # for events of no conversation
            except asyncio.CancelledError:  # the readers were shut down before the search began
                continue
            except Exception as error:  # noqa: BLE001 - the database may be unavailable; the next tick tries again
                log.warning("streams_not_swept", cause=str(error))

    def _changed_recently(self) -> set[str]:
        """Return the conversations with events that were logged in the last seconds."""
        now = time.monotonic()
        while len(self._positions) > 1 and self._positions[1][0] <= now - _OVERLAP_S:
            self._positions.pop(0)
        if not self._positions:
            self._positions.append((now, event_log.newest_id(self._store)))
            return set(self._open)
        changed, newest = event_log.changed_since(self._store, self._positions[0][1], limit=_MAX_EVENTS)
        self._positions.append((now, newest if changed else self._positions[-1][1]))
        return changed

    def _woken(self, conversation_id: str) -> None:
        """Receive a wake-up, on any thread."""
        if not self._open.keys().isdisjoint((conversation_id, ANY)) and self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake, conversation_id)

    def _wake(self, conversation_id: str) -> None:
        for key in dict.fromkeys((conversation_id, ANY)):
            for connection in tuple(self._open.get(key, ())):
                connection.wake()

    def _close_all(self) -> None:
        for connection in self._connections():
            connection.close()

    def _connections(self) -> list[StreamConnection]:
        return [connection for connections in self._open.values() for connection in connections]

    # -- for connections, in the loop --------------------------------------------------------------------------------

    def opened(self, connection: StreamConnection) -> None:
        """Register a connection that is open."""
        self._counters.add("streams_opened")
        self._open[connection.conversation_id].add(connection)

    def closed(self, connection: StreamConnection) -> None:
        """Remove a connection that is closed."""
        self._counters.add("streams_closed")
        connections = self._open[connection.conversation_id]
        connections.discard(connection)
        if not connections:
            del self._open[connection.conversation_id]

    def read(self, work: Callable[[], Any], then: Callable[["Future[Any]"], None]) -> None:
        """Run `work` on a thread for reads, then `then` in the loop."""
        self._submit(self._readers, work, then)

    def handle(self, work: Callable[[], Any], then: Callable[["Future[Any]"], None]) -> None:
        """Run `work` on a thread for messages of clients, so that it delays no reads; then `then` in the loop."""
        self._submit(self._handlers, work, then)

    def _submit(self, pool: ThreadPoolExecutor, work: Callable[[], Any], then: Callable[["Future[Any]"], None]) -> None:
        loop = self._loop

        def done(future: "Future[Any]") -> None:
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(then, future)

        try:
            pool.submit(work).add_done_callback(done)
        except RuntimeError:  # the process is ending
            return
