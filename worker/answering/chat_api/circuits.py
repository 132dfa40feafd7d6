"""Circuit breakers: a model or a service is not called for a while after failures in a row, or while it asks for it."""

import threading
import time
from collections.abc import Callable

from circuitbreaker import CircuitBreaker

from worker import compat
from worker.telemetry import logs

log = logs.get(__name__)

_FAILURE_THRESHOLD = 5
_RECOVERY_TIMEOUT_S = 10
_MAX_RETRY_AFTER_S = 60.0


class Circuit:
    """The circuit breaker of one model or service, shared by all threads of a process.

    It opens for ten seconds after five failures in a row, and then lets calls through again. A `Retry-After` of an
    overloaded server keeps it open for that long, at most a minute.
    """

    def __init__(self, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._clock = clock
        self._guard = threading.Lock()
        self._breaker = CircuitBreaker(_FAILURE_THRESHOLD, _RECOVERY_TIMEOUT_S, name=name)
        self._not_before = 0.0

    @property
    def open_for_s(self) -> float:
        """Seconds until the next call is allowed; 0 when it is allowed now."""
        retry_after_s = self._not_before - self._clock()
        return max(0.0, retry_after_s, float(self._breaker.open_remaining) if self._breaker.opened else 0.0)

    def record_success(self) -> None:
        """Close the circuit and forget the failures before."""
        self._breaker.reset()

    def record_failure(self, error: Exception, *, after_s: float | None = None) -> None:
        """Count a failure; `after_s` is the server's `Retry-After` in seconds."""
        with self._guard:
            was_open = self._breaker.opened
            compat.count_failure(self._breaker, error)
            if after_s:
                self._not_before = max(self._not_before, self._clock() + min(after_s, _MAX_RETRY_AFTER_S))
        if self._breaker.opened and not was_open:
            log.warning("circuit_opened", circuit=self.name, seconds=_RECOVERY_TIMEOUT_S, cause=str(error))
