"""Tell workers where to look. A hint is published after the commit, from a bounded queue in the background.

A hint may be lost, doubled or late, and nothing is lost with it: a worker that finishes a turn looks for the next
conversation that is ready, and sweepers find what nobody was told about. So a stalled broker never holds a request, a
full queue drops hints, and in a crowd only so many are published as are needed to wake workers that idle.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from worker.telemetry import logs, tracing

log = logs.get(__name__)

#: Task names, each with its queue. A deployment updates consumers before producers, so a change gets a new version.
DRAIN = "answer.drain.v1"
DELIVER = "callback.deliver.v1"
SEND = "callback.send.v1"
INDEX = "knowledge.index.v1"
QUEUES = {DRAIN: "answer", DELIVER: "callback", SEND: "callback", INDEX: "ingest"}

#: What a worker sends to itself, on a queue of its own: see `worker.runtime.watchdog`.
CANARY = "canary.v1"

_CAPACITY = 100

#: Published at once after a quiet time, and then at this rate: an accept costs less than half without its hint, and in
#: a crowd the turns that end look for the next conversation as often as new ones arrive.
_BURST = 100
_PER_SECOND = 25.0

#: A broker that takes longer to confirm is unavailable.
_TIMEOUT_S = 5

Publish = Callable[[str, str, Mapping[str, str]], None]


class Hints:
    """Publishes task messages that hold ids only. Safe to share between threads."""

    def __init__(
        self, publish: Publish, *, capacity: int = _CAPACITY, count: Callable[[str], None] = lambda _name: None
    ) -> None:
        self._publish = publish
        self._count = count
        self._queue: queue.Queue[tuple[str, Mapping[str, str]] | None] = queue.Queue(capacity)
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self.dropped = 0
        self.published = 0

    def drain(self, conversation_id: str) -> None:
        """Something waits in this conversation."""
        self._put(DRAIN, {"conversation_id": conversation_id})

    def deliver(self, conversation_id: str) -> None:
        """Callbacks of this conversation are due."""
        self._put(DELIVER, {"conversation_id": conversation_id})

    def send(self, destination_id: str) -> None:
        """Deliveries to this destination are due; those of no conversation are hinted at by where they go."""
        self._put(SEND, {"destination_id": destination_id})

    def index(self, workspace_id: str) -> None:
        """Documents of this workspace changed."""
        self._put(INDEX, {"workspace_id": workspace_id})

    def stop(self, *, timeout_s: float = 2.0) -> None:
        """Publish what is queued, for at most `timeout_s`."""
        thread = self._thread
        if thread is not None:
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                return
            thread.join(timeout_s)

    def _put(self, task: str, arguments: Mapping[str, str]) -> None:
        if self._thread is None:
            self._start()
        with tracing.span("hint", kind=tracing.SpanKind.PRODUCER, task=task, **arguments) as hinted:
            try:
                self._queue.put_nowait((task, arguments))
            except queue.Full:
                self.dropped += 1
                self._count("hints_lost")
                tracing.failed(hinted, "the queue is full")

    def _start(self) -> None:
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        tokens, filled = float(_BURST), time.monotonic()
        while (hint := self._queue.get()) is not None:
            now = time.monotonic()
            tokens, filled = min(_BURST, tokens + (now - filled) * _PER_SECOND), now
            if tokens < 1:
                time.sleep((1 - tokens) / _PER_SECOND)
            tokens -= 1
            task, arguments = hint
            try:
                self._publish(task, QUEUES[task], arguments)
                self.published += 1
            except Exception as error:  # noqa: BLE001 - any broker, any failure: the sweeper will hint again
                self._count("hints_lost")
                log.warning("hint_lost", task=task, cause=str(error), **arguments)


def publisher(app: Any) -> Publish:
    """Return a function that publishes through a Celery app, over one connection kept open, in a few seconds or not.

    For one thread at a time.
    """
    local: dict[str, Any] = {}

    def connect() -> Any:
        connection = app.connection_for_write()
        if connection.transport.driver_type == "amqp":  # what is read here are confirms, soon or never
            times = {"read_timeout": _TIMEOUT_S, "write_timeout": _TIMEOUT_S}
            connection.transport_options = {**connection.transport_options, **times}
        return app.amqp.Producer(connection)

    def publish(task: str, queue_name: str, arguments: Mapping[str, str]) -> None:
        began = time.monotonic()
        fresh = "producer" not in local
        try:
            send(task, queue_name, arguments)
        except Exception:
            # A connection that was idle may have been closed meanwhile; one that is unavailable is not asked twice.
            if fresh or time.monotonic() - began > 1.0:
                raise
            send(task, queue_name, arguments)

    def send(task: str, queue_name: str, arguments: Mapping[str, str]) -> None:
        producer = local.get("producer")
        if producer is None:
            producer = local["producer"] = connect()
        try:
            app.send_task(
                task,
                kwargs=dict(arguments),
                queue=queue_name,
                producer=producer,
                ignore_result=True,
                retry=False,
                timeout=_TIMEOUT_S,
                confirm_timeout=_TIMEOUT_S,
            )
        except Exception:
            local.pop("producer", None)
            producer.close()
            raise

    return publish
