"""Uses of private parts of libraries, one function each, with the versions for which each is known to work.

`setup.cfg` has an upper bound for each of these libraries, and `tests/worker/test_compat.py` a test of each function.
Raise a bound only after its test has passed on the new version.
"""

from collections.abc import Callable
from typing import Any


def count_failure(breaker: Any, error: Exception) -> None:
    """Count one failure on a `circuitbreaker.CircuitBreaker`; the last one before its threshold opens it.

    Known for circuitbreaker 2. The library counts only what is raised inside a decorated function or a `with` block;
    callers here learn of a failure after the call has ended, so its exit hook is called directly.
    """
    breaker.__exit__(type(error), error, None)


def wrap_network_backend(client: Any, wrap: Callable[[Any], Any]) -> None:
    """Replace the network backend of every transport of an `openai.OpenAI` client, proxies included.

    `wrap` takes a backend of httpcore2 and returns the one to use. Known for openai 3 on httpx2 and httpcore2 2, which
    have no public way from a client to its network backend.
    """
    http = client._client
    for transport in (http._transport, *http._mounts.values()):
        if transport is not None:
            pool = transport._pool
            pool._network_backend = wrap(pool._network_backend)


def wrap_async_network_backend(transport: Any, wrap: Callable[[Any], Any]) -> None:
    """Replace the network backend of an `httpx2.AsyncHTTPTransport`, as `wrap_network_backend` does.

    Known for httpx2 on httpcore2 2.
    """
    pool = transport._pool
    pool._network_backend = wrap(pool._network_backend)


def set_response_content(response: Any, content: bytes) -> None:
    """Give an `httpx.Response` the body that was read from its stream, so that `content` and `text` work.

    Known for httpx 0.27 and 0.28. `Response.read` has no limit of size or time, so the body is read by the caller.
    """
    response._content = content


def use_connection_pool(transport: Any, pool: Any) -> None:
    """Replace the `httpcore.ConnectionPool` of an `httpx.HTTPTransport`.

    Known for httpx 0.27 and 0.28 on httpcore 1, which accept no network backend of one's own.
    """
    transport._pool = pool


def bind_processors(compiled: Any) -> Any:
    """Return the functions by which SQLAlchemy converts the values of a compiled statement to the driver's, by name.

    Known for SQLAlchemy 2.1. A statement that is compiled once and sent to the driver directly needs them.
    """
    return compiled._bind_processors
