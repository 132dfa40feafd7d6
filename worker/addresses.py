"""Which URLs may be called. Decided when one is given, and again on every connection, on the address dialled."""

import functools
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from worker import compat
from worker.errors import AnswerbackError
from worker.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PORTS = (443, 8443)
MAX_LENGTH = 2_000

#: Never called unless the operator allows them: private, local, link-local, shared, reserved, multicast,
#: documentation and benchmark networks, cloud metadata services, and IPv6 forms that hide an IPv4 address.
DENIED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 "
        "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "
        "224.0.0.0/4 240.0.0.0/4 ::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 "
        "2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"
    ).split()
)

#: Seconds that resolving a name may take while a client waits, and in a worker.
REQUEST_RESOLVE_TIMEOUT_S = 1.0
WORKER_RESOLVE_TIMEOUT_S = 5.0

Resolve = Callable[[str, int], Iterable[str]]


class AddressRefused(AnswerbackError):
    """This URL may not be called."""

    code = "address_refused"
    field = "url"


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host name, as the system resolves it.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_within(seconds: float) -> Resolve:
    """Return a `resolve` that gives up after a time, for where a request waits."""
    pool = ThreadPoolExecutor(32, thread_name_prefix="resolve")

    def bounded(host: str, port: int) -> list[str]:
        try:
            return pool.submit(resolve, host, port).result(seconds)
        except TimeoutError as error:
            raise OSError(f"{host} could not be resolved in time") from error

    return bounded


class Guard:
    """Decides about URLs and addresses; `allow` are networks that the operator opened."""

    def __init__(self, *, allow: Sequence[Network] = (), resolve: Resolve = resolve) -> None:
        self._allow = tuple(allow)
        self._resolve = resolve

    def check_url(self, url: str, *, field: str = "url") -> None:
        """Raise unless the URL may be called as far as can be told now.

        Raises:
            AddressRefused: with the reason, which is safe to show to whoever gave the URL in this field.
        """
        try:
            self._check_url(url)
        except AddressRefused as error:
            error.field = field
            raise

    def _check_url(self, url: str) -> None:
        if len(url) > MAX_LENGTH or any(ord(char) <= 32 or ord(char) == 127 for char in url) or "\\" in url:
            raise AddressRefused("The URL is too long or holds characters that a URL may not.")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise AddressRefused("The URL cannot be read.") from None
        try:
            httpx.URL(url)
        except httpx.InvalidURL:
            raise AddressRefused("The URL cannot be read.") from None
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme not in ("http", "https") or not host:
            raise AddressRefused("The URL must start with https:// and name a host.")
        if parts.username is not None or parts.password is not None or "@" in parts.netloc:
            raise AddressRefused("The URL must not hold a user name or password.")
        port = port if port is not None else (443 if parts.scheme == "https" else 80)
        try:
            addresses = self.addresses(host, port)
        except UnicodeError:
            raise AddressRefused("The URL's host is not a valid name.") from None
        except OSError:
            # A name that does not resolve now may later; the connection decides again.
            addresses = []
        private = [address for address in addresses if self._is_allowed(address)]
        if len(private) == len(addresses) and private:
            return
        if parts.scheme != "https":
            raise AddressRefused("The URL must start with https://.")
        if port not in PORTS:
            raise AddressRefused(f"The URL's port must be one of {', '.join(map(str, PORTS))}.")

    def addresses(self, host: str, port: int) -> list[Address]:
        """Return the addresses to dial.

        Raises:
            AddressRefused: any one of them may not be called.
            OSError: the name does not resolve.
        """
        found = [ipaddress.ip_address(text.partition("%")[0]) for text in self._resolve(host, port)]
        if not found:
            raise OSError(f"{host} has no address")
        for address in found:
            if not self._is_allowed(address) and is_denied(address):
                raise AddressRefused("The URL leads to a private or reserved address.", host=host, address=str(address))
        return found

    def _is_allowed(self, address: Address) -> bool:
        return any(address in network for network in self._allow)


def is_denied(address: Address) -> bool:
    """Whether an address is in a denied network, also when it is an IPv4 address in IPv6 form."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in DENIED)


class _GuardedBackend(httpcore.NetworkBackend):
    """Dials the very address that was checked, so that a name cannot change its answer in between."""

    def __init__(self, guard: Guard, deadline: Callable[[], float]) -> None:
        self._guard = guard
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            address = self._guard.addresses(host, port)[0]
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        stream = self._backend.connect_tcp(
            str(address), port, _left(timeout, self._deadline), local_address, socket_options
        )
        return _BoundedStream(stream, self._deadline)


class _BoundedStream(httpcore.NetworkStream):
    """A connection that ends at the deadline, however slowly the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Callable[[], float]) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(timeout, self._deadline))
        return _BoundedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, deadline: Callable[[], float]) -> float:
    left = deadline() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the whole call took too long")
    return left if timeout is None else min(timeout, left)


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """One for the process: reading the certificates takes longer than a call."""
    return ssl.create_default_context()


class Caller:
    """Calls URLs, each call within `total_s` seconds: no redirects, no proxies. For one thread at a time.

    The connection is kept for the next call to the same place; its address was checked when it was dialled.
    """

    def __init__(self, guard: Guard, *, total_s: float) -> None:
        self._total_s = total_s
        self._ends = 0.0
        self._limit = float("inf")
        transport = httpx.HTTPTransport(verify=_ssl_context(), trust_env=False, retries=0)
        pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=10.0,
            network_backend=_GuardedBackend(guard, lambda: self._ends),
        )
        compat.use_connection_pool(transport, pool)
        self._client = httpx.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=total_s)

    @contextmanager
    def stream(self, method: str, url: str, **options: Any) -> Iterator[httpx.Response]:
        """Make a call; the response's body is read inside the block, or not at all.

        Raises:
            AddressRefused: the name leads to an address that may not be called.
            httpx.HTTPError: no answer came.
        """
        self._ends = min(time.monotonic() + self._total_s, self._limit)
        with self._client.stream(method, url, **options) as response:
            yield response

    def within(self, seconds: float) -> None:
        """Let all calls from now on, together, take no longer."""
        self._limit = time.monotonic() + seconds

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
