"""Open streams, any number of them on one thread: a connection is taken from gunicorn once its request is answered.

A thread for each reader would cost more than all readers do. The view checks the key, the limits and the message as for
any request; then the socket is detached from gunicorn's connection (`responses`), and this module's loop writes to it
until the message has ended or the client is gone. What is told comes from `web.streaming.feeds`, read by a few threads.
"""

import asyncio
import socket
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from werkzeug.exceptions import TooManyRequests

from web.streaming.feeds import Told
from worker.access.keys import Principal
from worker.conversations import event_log
from worker.services import Services
from worker.telemetry import logs

log = logs.get(__name__)

#: A client that was told nothing for so long is told that.
HEARTBEAT_S = 15.0

#: A stream ends after this; the client resumes where it was.
MAX_S = 300.0

#: A client that takes nothing of what waits for it for so long is gone.
_TIMEOUT_S = 30.0
_TICK_S = 1.0

#: Bytes that wait for a client before nothing more is read for it.
_MAX_WAITING = 64 * 1024

#: How long the log is looked through again for events whose transactions were overtaken by later ones.
_OVERTAKEN_S = 5.0
_MAX_EVENTS = 5_000
_READERS = 4

#: Open streams of one customer, whose token opens one conversation.
_MAX_OF_CUSTOMER = 10

#: Messages that a conversation may get over sockets in a minute, and conversations that are counted.
MAX_A_MINUTE = 60
_MAX_COUNTED = 10_000

#: Messages of one client that wait for the one before.
_MAX_UNHANDLED = 20


class Source(Protocol):
    """What a stream is told from (`feeds.Feed`)."""

    ended: bool
    more: bool

    def look(self) -> list[Told]:
        """Return what was not told yet."""
        ...

    def lives(self) -> bool:
        """Whether there is still something to tell of."""
        ...


class Wire(Protocol):
    """How a stream speaks."""

    def head(self, headers: Iterable[tuple[str, str]]) -> bytes:
        """Return what the client is answered first."""
        ...

    def told(self, events: Sequence[Told]) -> bytes:
        """Return events as they are sent."""
        ...

    def heartbeat(self) -> bytes:
        """Return what says that nothing has happened."""
        ...

    def farewell(self) -> bytes:
        """Return what is sent before the end."""
        ...

    def received(self, data: bytes) -> tuple[bytes, list[str], bool]:
        """Return what is to be sent for what came, the messages in it, and whether this is the end."""
        ...


class Streams:
    """The open streams of this process. Safe to share between threads; the thread and the loop start with the first."""

    def __init__(self, built: Services, *, most: int, most_of_key: int) -> None:
        self._built = built
        self._most = most
        self._most_of_key = most_of_key
        self._guard = threading.Lock()
        self._by_key: Counter[str] = Counter()
        self._open: defaultdict[str, set[_Stream]] = defaultdict(set)  # by conversation; changed in the loop alone
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False
        self._pool = ThreadPoolExecutor(_READERS, thread_name_prefix="streams")
        self._handlers = ThreadPoolExecutor(_READERS, thread_name_prefix="sockets")
        self._said: dict[str, deque[float]] = {}
        self._seen: list[tuple[float, int]] = []  # the log's end, and when it was there

    def reserve(self, principal: Principal) -> Callable[[], None]:
        """Take one of the streams that somebody may have; returns what gives it back, which may be called again.

        Raises:
            TooManyRequests: it has as many as it may, or this process has.
        """
        key_id, most = principal.key_id, self._most_of_key
        if principal.conversation_id is not None:
            key_id, most = principal.conversation_id, _MAX_OF_CUSTOMER
        with self._guard:
            if self._by_key[key_id] >= most or self._by_key.total() >= self._most:
                raise TooManyRequests("There are too many open streams; close some, or poll.", retry_after=5)
            self._by_key[key_id] += 1
        given_back = threading.Event()

        def give_back() -> None:
            with self._guard:
                if not given_back.is_set():
                    given_back.set()
                    self._by_key -= Counter([key_id])

        return give_back

    def may_say(self, conversation_id: str) -> bool:
        """Count a message that comes over a socket; False when its conversation gets too many, over all sockets."""
        now = time.monotonic()
        with self._guard:
            if len(self._said) > _MAX_COUNTED:
                self._said = {id: times for id, times in self._said.items() if now - times[-1] < 60}
            times = self._said.setdefault(conversation_id, deque(maxlen=MAX_A_MINUTE))
            if len(times) == MAX_A_MINUTE and now - times[0] < 60:
                return False
            times.append(now)
            return True

    def take(self, taken: socket.socket, head: bytes, told: "Telling") -> None:
        """Write a stream to a connected socket from now on."""
        loop = self._started()
        stream = _Stream(self, told, head)
        taken.setblocking(False)
        asyncio.run_coroutine_threadsafe(self._begin(loop, taken, stream), loop)

    def close(self) -> None:
        """End all streams; their clients come back by themselves."""
        self._closing = True
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._close_all)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._handlers.shutdown(wait=False, cancel_futures=True)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._run, args=(self._loop,), name="streams", daemon=True).start()
                self._built.wakeups.listen(self._changed)
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._tick())  # which never ends

    async def _begin(self, loop: asyncio.AbstractEventLoop, taken: socket.socket, stream: "_Stream") -> None:
        try:
            await loop.connect_accepted_socket(lambda: stream, taken)
        except OSError as error:  # it is gone already
            log.debug("stream_not_begun", cause=str(error))
            taken.close()
            stream.end()

    async def _tick(self) -> None:
        """Once a second, wake those whose wake-up was lost, and tell who was told nothing for long that it is alive."""
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.monotonic()
            for stream in [one for streams in self._open.values() for one in streams]:
                stream.tick(now)
            if not self._open or self._closing:
                self._seen.clear()
                continue
            try:
                loop = asyncio.get_running_loop()
                for conversation_id in await loop.run_in_executor(self._pool, self._changed_lately):
                    self._wake(conversation_id)
            except asyncio.CancelledError:  # it was not begun yet when the readers were sent home
                continue
            except Exception as error:  # noqa: BLE001 - the database may be away; the next tick looks again
                log.warning("streams_not_swept", cause=str(error))

    def _changed_lately(self) -> set[str]:
        """Return the conversations of which something was written to the log in the last seconds."""
        now = time.monotonic()
        while len(self._seen) > 1 and self._seen[1][0] <= now - _OVERTAKEN_S:
            self._seen.pop(0)
        if not self._seen:
            self._seen.append((now, event_log.newest_id(self._built.store)))
            return set(self._open)
        changed, newest = event_log.changed_since(self._built.store, self._seen[0][1], limit=_MAX_EVENTS)
        self._seen.append((now, newest if changed else self._seen[-1][1]))
        return changed

    def _changed(self, conversation_id: str) -> None:
        """Take a wake-up, on whatever thread it comes."""
        if conversation_id in self._open and self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake, conversation_id)

    def _wake(self, conversation_id: str) -> None:
        for stream in tuple(self._open.get(conversation_id, ())):
            stream.wake()

    def _close_all(self) -> None:
        for stream in [one for streams in self._open.values() for one in streams]:
            stream.finish()

    # -- for streams, in the loop ------------------------------------------------------------------------------------

    def opened(self, stream: "_Stream") -> None:
        self._built.counters.add("streams_opened")
        self._open[stream.conversation_id].add(stream)

    def closed(self, stream: "_Stream") -> None:
        self._built.counters.add("streams_closed")
        streams = self._open[stream.conversation_id]
        streams.discard(stream)
        if not streams:
            del self._open[stream.conversation_id]

    def read(self, work: Callable[[], Any], then: Callable[["Future[Any]"], None]) -> None:
        """Do `work` on a reader's thread, and `then` in the loop."""
        self._do(self._pool, work, then)

    def handle(self, work: Callable[[], Any], then: Callable[["Future[Any]"], None]) -> None:
        """Do `work` that a client has asked for on other threads, so that no reader waits for it."""
        self._do(self._handlers, work, then)

    def _do(self, pool: ThreadPoolExecutor, work: Callable[[], Any], then: Callable[["Future[Any]"], None]) -> None:
        loop = self._loop

        def done(future: "Future[Any]") -> None:
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(then, future)

        try:
            pool.submit(work).add_done_callback(done)
        except RuntimeError:  # the process ends
            return


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What one client is told, and how.

    `end` is called when it is over, whatever ended it; `handle` does what a message of the client asks for; `valid`
    says whether who began it still may.
    """

    conversation_id: str
    source: Source
    wire: Wire
    end: Callable[[], None]
    handle: Callable[[str], list[Told]] = lambda _text: []
    valid: Callable[[], bool] = lambda: True


class _Stream(asyncio.Protocol):
    """One client that reads. All of it runs in the loop."""

    def __init__(self, streams: Streams, told: Telling, head: bytes) -> None:
        self.conversation_id = told.conversation_id
        self.end = told.end
        self._streams = streams
        self._source = told.source
        self._wire = told.wire
        self._handle = told.handle
        self._valid = told.valid
        self._finishing_since: float | None = None
        self._head = head
        self._inbox: deque[str] = deque()
        self._handling = False
        self._transport: asyncio.Transport | None = None
        self._looking = self._again = False
        self._paused_since: float | None = None
        self._began = self._told_at = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_MAX_WAITING)
        transport.write(self._head)
        self._streams.opened(self)
        self.wake()

    def data_received(self, data: bytes) -> None:
        """Answer what came, and have messages in it handled, one after the other."""
        if self._transport is None:
            return
        answer, texts, over = self._wire.received(data)
        self._transport.write(answer)
        self._inbox.extend(texts)
        if over or len(self._inbox) > _MAX_UNHANDLED:
            self.finish()
        else:
            self._handle_next()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._streams.closed(self)
        self.end()

    def pause_writing(self) -> None:
        """Read nothing more for, nor from, a client that does not take what is there; the log keeps it."""
        self._paused_since = time.monotonic()
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused_since = None
        if self._transport is not None:
            self._transport.resume_reading()
        self.wake()

    def wake(self) -> None:
        """Look whether there is something to tell."""
        if self._transport is None or self._paused_since is not None:
            return
        if self._looking:
            self._again = True
            return
        self._looking, self._again = True, False
        self._streams.read(self._source.look, self._looked)

    def tick(self, now: float) -> None:
        """Do what is due: end, give up, or say that nothing has happened."""
        if self._transport is None:
            return
        stuck_since = self._paused_since or self._finishing_since
        if stuck_since is not None:
            if now - stuck_since > _TIMEOUT_S:
                self._transport.abort()
        elif now - self._began > MAX_S:
            self.finish()
        elif now - self._told_at > HEARTBEAT_S:
            self._told_at = now
            self._streams.read(lambda: self._valid() and self._source.lives(), self._lives)

    def finish(self) -> None:
        """End the stream once all that was told has been sent."""
        if self._transport is not None and not self._transport.is_closing():
            self._finishing_since = time.monotonic()
            self._transport.write(self._wire.farewell())
            self._transport.close()

    def _handle_next(self) -> None:
        if self._inbox and not self._handling and self._transport is not None:
            self._handling = True
            self._streams.handle(partial(self._handle, self._inbox.popleft()), self._handled)

    def _handled(self, future: "Future[list[Told]]") -> None:
        self._handling = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._wire.told(future.result()))
            self._told_at = time.monotonic()
            self._handle_next()

    def _looked(self, future: "Future[list[Told]]") -> None:
        self._looking = False
        if self._transport is None:
            return
        try:
            told = future.result()
        except Exception as error:  # noqa: BLE001 - the database is away, or what is told of was erased
            log.warning("stream_interrupted", cause=str(error))
            self.finish()
            return
        if told:
            self._transport.write(self._wire.told(told))
            self._told_at = time.monotonic()
        if self._source.ended:
            self.finish()
        elif self._again or self._source.more:
            self.wake()

    def _lives(self, future: "Future[bool]") -> None:
        if self._transport is None:
            return
        if future.exception() is None and not future.result():
            self.finish()
        else:
            self._transport.write(self._wire.heartbeat())
