"""The clients."""

from __future__ import annotations

import os
from dataclasses import replace
from types import TracebackType

import httpx

from answerback_client._generated.surface import AsyncSurface, Surface
from answerback_client._transport import AsyncTransport, Options, Transport

_DEFAULT_URL = "http://127.0.0.1:8000"


class Answerback(Surface):
    """A client of one Answerback server and one workspace of it. Threads can share it.

    Args:
        api_key: by default that of `ANSWERBACK_API_KEY`.
        base_url: address of the server; by default that of `ANSWERBACK_URL`, or else a server on this machine.
        timeout_s: seconds of one attempt to connect, to write and to read.
        max_retries: attempts beyond the first, where another attempt can do no harm.
        http_client: an `httpx.Client` of your own, for proxies or certificates; it is not closed.

    Raises:
        ValueError: no key is known, or the address is not http or https.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout_s: float = 60.0,
        max_retries: int = 3,
        http_client: httpx.Client | None = None,
    ) -> None:
        options = _options(api_key, base_url, timeout_s, max_retries)
        self._owns_http = http_client is None
        self._transport = Transport(options, http_client or httpx.Client())
        super().__init__(self._transport)

    def with_options(self, *, timeout_s: float | None = None, max_retries: int | None = None) -> Answerback:
        """Return a client that shares the connections of this one and has other options."""
        options = _changed(self._transport.options, timeout_s, max_retries)
        return Answerback(
            options.api_key,
            options.base_url,
            timeout_s=options.timeout_s,
            max_retries=options.max_retries,
            http_client=self._transport.http,
        )

    def close(self) -> None:
        """Close the connections."""
        if self._owns_http:
            self._transport.http.close()

    def __enter__(self) -> Answerback:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncAnswerback(AsyncSurface):
    """The same as `Answerback` with coroutines, for asyncio."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout_s: float = 60.0,
        max_retries: int = 3,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        options = _options(api_key, base_url, timeout_s, max_retries)
        self._owns_http = http_client is None
        self._transport = AsyncTransport(options, http_client or httpx.AsyncClient())
        super().__init__(self._transport)

    def with_options(self, *, timeout_s: float | None = None, max_retries: int | None = None) -> AsyncAnswerback:
        """Return a client that shares the connections of this one and has other options."""
        options = _changed(self._transport.options, timeout_s, max_retries)
        return AsyncAnswerback(
            options.api_key,
            options.base_url,
            timeout_s=options.timeout_s,
            max_retries=options.max_retries,
            http_client=self._transport.http,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._owns_http:
            await self._transport.http.aclose()

    async def __aenter__(self) -> AsyncAnswerback:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()


def _options(api_key: str | None, base_url: str | None, timeout_s: float, max_retries: int) -> Options:
    key = (api_key or os.environ.get("ANSWERBACK_API_KEY", "")).strip()
    if not key:
        raise ValueError("No API key is known: give api_key, or set ANSWERBACK_API_KEY.")
    url = (base_url or os.environ.get("ANSWERBACK_URL") or _DEFAULT_URL).rstrip("/")
    if httpx.URL(url).scheme not in ("http", "https"):
        raise ValueError(f"The address of the server must begin with https:// or http://, not {url!r}.")
    return Options(base_url=url.removesuffix("/v1"), api_key=key, timeout_s=timeout_s, max_retries=max_retries)


def _changed(options: Options, timeout_s: float | None, max_retries: int | None) -> Options:
    return replace(
        options,
        timeout_s=options.timeout_s if timeout_s is None else timeout_s,
        max_retries=options.max_retries if max_retries is None else max_retries,
    )
