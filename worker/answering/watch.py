"""Ends calls that nobody waits for any more, even while the other side says nothing.

A time-out bounds one read, not a call: a server that drips, or sends comments to keep a stream alive, never runs into
it, and a thread that waits in a read cannot look whether its message was cancelled. One thread looks for all of them,
and shuts the connection down.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

_EVERY_S = 0.2


@dataclass(frozen=True, kw_only=True, eq=False)
class _Call:
    connection: socket.socket
    ends: float
    revoked: Callable[[], bool]


class Watch:
    """The calls of one process that are under way. The thread starts with the first of them."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._calls: set[_Call] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, response: Any, *, ends: float, revoked: Callable[[], bool]) -> Iterator[None]:
        """Shut `response`'s connection down when the time is `ends` or `revoked` says so, while the block runs."""
        stream = response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        if connection is None:
            yield
            return
        call = _Call(connection=connection, ends=ends, revoked=revoked)
        with self._guard:
            self._calls.add(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._guard:
                self._calls.discard(call)

    def _run(self) -> None:
        while True:
            time.sleep(_EVERY_S)
            now = self._clock()
            with self._guard:  # held while shutting down, so that no connection is reused in between
                for call in [call for call in self._calls if now >= call.ends or call.revoked()]:
                    self._calls.discard(call)
                    with suppress(OSError):
                        call.connection.shutdown(socket.SHUT_RDWR)
