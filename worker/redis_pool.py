"""Connections to a Redis that may be unavailable: this costs one time-out a second, not one for every call."""

import threading
import time
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisUnavailable
from redis.retry import Retry

from worker.telemetry import logs

log = logs.get(__name__)

#: Seconds that a call takes at most: what Redis is used for must never hold anything up.
TIMEOUT_S = 0.5

#: The same for calls that block on purpose.
_BLOCKING_TIMEOUT_S = 30.0

#: After a failure, one call in this time tries again; the others fail at once.
_PROBE_EVERY_S = 1.0


class GuardedPool(ConnectionPool):
    """A connection pool with a circuit breaker. Made with `from_url`, as any pool.

    A call that fails or times out opens the circuit, one that gets through closes it.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._guard = threading.Lock()
        self._unavailable = False
        self._next_probe = 0.0
        super().__init__(*arguments, **options)

    def get_connection(self, *deprecated: Any, **options: Any) -> Any:
        """Return a connection.

        Raises:
            RedisUnavailable: Redis is unavailable, or was a moment ago.
        """
        if self._unavailable and not self._may_probe():
            raise RedisUnavailable("Redis did not answer a moment ago")
        return super().get_connection(*deprecated, **options)

    def release(self, connection: Any) -> None:
        """Take a connection back; one that was lost in use shows that Redis is unavailable."""
        if connection.is_connected:
            if self._unavailable:
                log.info("redis_available_again")
            self._unavailable = False
        elif not self._unavailable:
            log.warning("redis_unavailable")
            self._next_probe = time.monotonic() + _PROBE_EVERY_S
            self._unavailable = True
        super().release(connection)

    def _may_probe(self) -> bool:
        with self._guard:
            now = time.monotonic()
            if now < self._next_probe:
                return False
            self._next_probe = now + _PROBE_EVERY_S
            return True


def open_redis(url: str, *, timeout_s: float = TIMEOUT_S, max_connections: int = 200, retries: int = 0) -> Redis:
    """Return a client whose calls take at most `timeout_s`, and no time while Redis is unavailable.

    `retries` are for connections that turn out to be closed, as after a restart of Redis; time-outs are not retried.
    """
    tcp = {} if url.startswith("unix") else {"socket_keepalive": True}
    pool = GuardedPool.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        health_check_interval=15,
        retry=Retry(NoBackoff(), retries, supported_errors=(RedisUnavailable,)),
        max_connections=max_connections,
        **tcp,
    )
    return Redis(connection_pool=pool)


def open_blocking_redis(url: str) -> Redis:
    """Return a client for calls that block on purpose: subscriptions and blocking pops."""
    return Redis.from_url(
        url, socket_timeout=_BLOCKING_TIMEOUT_S, socket_connect_timeout=1.0, retry=Retry(NoBackoff(), 0)
    )
