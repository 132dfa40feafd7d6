"""How an MCP server is reached: a program's standard input and output, or streamable HTTP, by the official SDK."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from worker import compat
from worker.addresses import AddressRefused, Guard

#: Bytes of one response over HTTP.
_MAX_RESPONSE_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ClientCredentials:
    """Credentials for OAuth's grant `client_credentials`; they are sent to this issuer alone."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None


@dataclass(frozen=True, kw_only=True)
class StdioServer:
    """A program that is started, and speaks on its standard input and output.

    It gets `env` and the few variables of every program (`PATH`, `HOME`, …), and no other of this process.
    """

    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        """Yield the transport of the SDK."""
        from mcp.client.stdio import StdioServerParameters, stdio_client

        program, *arguments = self.command
        parameters = StdioServerParameters(command=program, args=arguments, env=dict(self.env))
        with open(os.devnull, "w") as nowhere:
            async with stdio_client(parameters, errlog=nowhere) as streams:
                yield streams


@dataclass(frozen=True, kw_only=True)
class HttpServer:
    """A server over streamable HTTP; `guard` decides about each address that is dialled."""

    url: str
    guard: Guard = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    oauth: ClientCredentials | None = None
    timeout_s: float = 10.0

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        """Yield the transport of the SDK."""
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        transport = httpx2.AsyncHTTPTransport(trust_env=False)
        compat.wrap_async_network_backend(transport, lambda backend: _guarded(backend, self.guard))
        client = httpx2.AsyncClient(
            transport=_bounded(transport),
            headers=dict(self.headers),
            auth=self._auth(),
            # Each use has its own time limit; a read that ends by itself would take the calls of others with it.
            timeout=httpx2.Timeout(self.timeout_s, read=None),
            trust_env=False,
        )
        async with (
            client,
            streamable_http_client(
                self.url, http_client=client, max_sse_event_size=_MAX_RESPONSE_BYTES, terminate_on_close=False
            ) as streams,
        ):
            yield streams

    def _auth(self) -> Any:
        if self.oauth is None:
            return None
        from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider

        return ClientCredentialsOAuthProvider(
            self.url,
            _Tokens(),
            client_id=self.oauth.client_id,
            client_secret=self.oauth.client_secret,
            scope=self.oauth.scope,
            issuer=self.oauth.issuer,
        )


class _Tokens:
    """Keeps the tokens of one session in memory (the SDK's `TokenStorage`)."""

    def __init__(self) -> None:
        self._tokens: Any = None
        self._client: Any = None

    async def get_tokens(self) -> Any:
        return self._tokens

    async def set_tokens(self, tokens: Any) -> None:
        self._tokens = tokens

    async def get_client_info(self) -> Any:
        return self._client

    async def set_client_info(self, client_info: Any) -> None:
        self._client = client_info


def _guarded(backend: Any, guard: Guard) -> Any:
    """Return a network backend that dials the very address which the guard has checked."""
    import anyio.to_thread
    import httpcore2

    class Guarded(httpcore2.AsyncNetworkBackend):
        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore2.AsyncNetworkStream:
            try:
                addresses = await anyio.to_thread.run_sync(guard.addresses, host, port)
            except (OSError, AddressRefused) as error:
                raise httpcore2.ConnectError(str(error)) from error
            connected: httpcore2.AsyncNetworkStream = await backend.connect_tcp(
                str(addresses[0]), port, timeout, local_address, socket_options
            )
            return connected

        async def sleep(self, seconds: float) -> None:
            await backend.sleep(seconds)

    return Guarded()


def _bounded(transport: Any) -> Any:
    """Return a transport whose responses end with an error after _MAX_RESPONSE_BYTES, and at once if compressed.

    The error is one that the SDK takes for the failure of this request; others would end the session for all.
    """
    import httpx2

    class Body(httpx2.AsyncByteStream):
        def __init__(self, inner: Any, *, compressed: bool) -> None:
            self._inner = inner
            self._compressed = compressed

        async def __aiter__(self) -> AsyncIterator[bytes]:
            if self._compressed:
                raise httpx2.StreamError("The server answered compressed.")
            size = 0
            async for piece in self._inner:
                size += len(piece)
                if size > _MAX_RESPONSE_BYTES:
                    raise httpx2.StreamError("The server answered too much.")
                yield piece

        async def aclose(self) -> None:
            await self._inner.aclose()

    class Bounded(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: Any) -> Any:
            request.headers["Accept-Encoding"] = "identity"
            response = await transport.handle_async_request(request)
            encoding = response.headers.pop("Content-Encoding", "identity")
            response.stream = Body(response.stream, compressed=encoding.strip().lower() not in ("", "identity"))
            return response

        async def aclose(self) -> None:
            await transport.aclose()

    return Bounded()
