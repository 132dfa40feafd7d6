"""Wake the streams and long polls of all web processes when a conversation changes.

Redis publish/subscribe carries the wake-ups and may lose one, so streams and long polls also look now and then.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import RedisError

from worker.telemetry import logs

log = logs.get(__name__)

#: Stands for every conversation in `subscribe`.
ANY = "*"


class Wakeups:
    """Publishes wake-ups, and wakes the threads of this process that wait. The first of each starts its thread."""

    def __init__(self, client: Redis, waiting: Redis, *, prefix: str) -> None:
        """`waiting` is a client whose calls may block: it listens. `channel` is the Redis channel of the wake-ups."""
        self._client = client
        self._waiting_client = waiting
        self.channel = f"{prefix}changed"
        self._guard = threading.Lock()
        self._waiting: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self._thread: threading.Thread | None = None
        self._listeners: list[Callable[[str], None]] = []
        self._stopped = threading.Event()
        self._unsent: dict[str, None] = {}  # conversations, in the order in which they changed
        self._has_unsent = threading.Condition()
        self._sender: threading.Thread | None = None

    def send(self, conversation_id: str) -> None:
        """Publish soon that a conversation changed. Neither fails nor waits for Redis, which may hang.

        Without Redis, streams see the change a little later.
        """
        with self._has_unsent:
            self._unsent[conversation_id] = None
            if self._sender is None:
                self._sender = threading.Thread(target=self._publish, name="wakeup-sender", daemon=True)
                self._sender.start()
            self._has_unsent.notify()

    def _publish(self) -> None:
        while not self._stopped.is_set():
            with self._has_unsent:
                if not self._unsent:
                    self._has_unsent.wait(1.0)
                unsent, self._unsent = self._unsent, {}
            for conversation_id in unsent:
                try:
                    self._client.publish(self.channel, conversation_id)
                except RedisError as error:
                    log.debug("wakeup_lost", cause=str(error))

    @contextmanager
    def subscribe(self, conversation_id: str) -> Iterator[threading.Event]:
        """Yield an event that is set whenever the conversation, or `ANY`, may have changed."""
        event = threading.Event()
        with self._guard:
            self._waiting[conversation_id].add(event)
        self._start()
        try:
            yield event
        finally:
            with self._guard:
                self._waiting[conversation_id].discard(event)
                if not self._waiting[conversation_id]:
                    del self._waiting[conversation_id]

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener`, on the listening thread, with the id of every conversation that changes."""
        self._listeners.append(listener)
        self._start()

    def _start(self) -> None:
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="wakeups", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Stop listening and sending."""
        self._stopped.set()
        with self._has_unsent:
            self._has_unsent.notify()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._waiting_client.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
                    subscription.subscribe(self.channel)
                    while not self._stopped.is_set():
                        received = subscription.get_message(timeout=1.0)
                        if received is not None:
                            self._wake(received["data"].decode())
            except (RedisError, OSError) as error:
                log.warning("wakeups_interrupted", cause=str(error))
                self._stopped.wait(1.0)

    def _wake(self, conversation_id: str) -> None:
        with self._guard:
            for event in (*self._waiting.get(conversation_id, ()), *self._waiting.get(ANY, ())):
                event.set()
        for listener in self._listeners:
            listener(conversation_id)
