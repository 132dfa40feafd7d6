"""Documents: what their resource has beyond the operations of the API."""

from __future__ import annotations

import asyncio
import time

from answerback_client._api_error import WaitTimeout
from answerback_client._generated import async_resources, resources, types

_DONE = ("ready", "failed")
_PAUSE_S = 0.5


class Documents(resources.Documents):
    """The knowledge base."""

    def wait(self, document_id: str, /, *, timeout_s: float = 120.0) -> types.Document:
        """Return a document once it is `ready` to be found, or `failed` with its `error`.

        Raises:
            WaitTimeout: it is neither after `timeout_s`.
        """
        ends = time.monotonic() + timeout_s
        while (document := self.retrieve(document_id))["state"] not in _DONE:
            _check(ends, document_id, timeout_s)
            time.sleep(_PAUSE_S)
        return document


class AsyncDocuments(async_resources.AsyncDocuments):
    """The knowledge base, as coroutines."""

    async def wait(self, document_id: str, /, *, timeout_s: float = 120.0) -> types.Document:
        """Return a document once it is `ready` to be found, or `failed` with its `error`; see `Documents.wait`."""
        ends = time.monotonic() + timeout_s
        while (document := await self.retrieve(document_id))["state"] not in _DONE:
            _check(ends, document_id, timeout_s)
            await asyncio.sleep(_PAUSE_S)
        return document


def _check(ends: float, document_id: str, timeout_s: float) -> None:
    if time.monotonic() >= ends:
        raise WaitTimeout(f"{document_id} is not indexed after {timeout_s:g} s.")
