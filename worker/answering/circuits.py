"""When to leave a model alone: after failures in a row, or for as long as it asks to be."""

import threading
import time
from collections.abc import Callable

from circuitbreaker import CircuitBreaker

from worker.telemetry import logs

log = logs.get(__name__)

_FAILURES = 5
_REST_S = 10
_LONGEST_REST_S = 60.0


class Circuit:
    """One model of one endpoint, for all threads of a process.

    After five failures in a row it rests for ten seconds; then whoever comes tries again. An overloaded one that says
    when it can be asked again (`Retry-After`) rests for that long.
    """

    def __init__(self, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._clock = clock
        self._guard = threading.Lock()
        self._breaker = CircuitBreaker(_FAILURES, _REST_S, name=name)
        self._not_before = 0.0

    @property
    def rests_s(self) -> float:
        """How long it should be left alone; 0 when it can be asked."""
        asked_for = self._not_before - self._clock()
        return max(0.0, asked_for, float(self._breaker.open_remaining) if self._breaker.opened else 0.0)

    def answered(self) -> None:
        """It did what it was asked."""
        self._breaker.reset()

    def failed(self, error: Exception, *, after_s: float | None = None) -> None:
        """It could not answer now; `after_s` is what it said of when it can."""
        with self._guard:
            was_open = self._breaker.opened
            self._breaker.__exit__(type(error), error, None)
            if after_s:
                self._not_before = max(self._not_before, self._clock() + min(after_s, _LONGEST_REST_S))
        if self._breaker.opened and not was_open:
            log.warning("model_rests", model=self.name, seconds=_REST_S, cause=str(error))
