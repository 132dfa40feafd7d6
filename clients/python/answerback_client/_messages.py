"""Messages: what their resource has beyond the operations of the API."""

from __future__ import annotations

import asyncio
import time
from typing import Unpack

from answerback_client._api_error import WaitTimeout
from answerback_client._calls import Call, new_key, quoted
from answerback_client._generated import async_resources, resources, types
from answerback_client._streams import ENDED, AsyncMessageStream, MessageStream

#: The server waits this long at most for one request.
_MAX_WAIT_S = 60.0

#: The server has not waited, since others wait already: ask again after this time.
_PAUSE_S = 0.5


class Messages(resources.Messages):
    """Messages and their outcomes."""

    def create(
        self, conversation_id: str, /, *, idempotency_key: str | None = None, **body: Unpack[types.NewMessage]
    ) -> types.Message:
        """Send a message in a conversation; the same as `conversations.send_message`."""
        return self._transport.send(_create(conversation_id, idempotency_key, body))

    def wait(self, message_id: str, /, *, timeout_s: float = 120.0) -> types.Message:
        """Return a message once it has ended: `answered`, `handed_off`, `cancelled` or `failed`.

        Raises:
            WaitTimeout: it has not ended after `timeout_s`.
        """
        waiting = _Waiting(message_id, timeout_s)
        while (message := self.retrieve(message_id, wait_s=waiting.wait_s()))["state"] not in ENDED:
            time.sleep(waiting.pause_s())
        return message

    def stream(self, message_id: str, /, *, after: str | None = None) -> MessageStream:
        """Return the events of a message until it has ended, all of them or those after an event's id."""
        return MessageStream(self._transport, message_id, after)


class AsyncMessages(async_resources.AsyncMessages):
    """Messages and their outcomes, as coroutines."""

    async def create(
        self, conversation_id: str, /, *, idempotency_key: str | None = None, **body: Unpack[types.NewMessage]
    ) -> types.Message:
        """Send a message in a conversation; the same as `conversations.send_message`."""
        return await self._transport.send(_create(conversation_id, idempotency_key, body))

    async def wait(self, message_id: str, /, *, timeout_s: float = 120.0) -> types.Message:
        """Return a message once it has ended; see `Messages.wait`."""
        waiting = _Waiting(message_id, timeout_s)
        while (message := await self.retrieve(message_id, wait_s=waiting.wait_s()))["state"] not in ENDED:
            await asyncio.sleep(waiting.pause_s())
        return message

    def stream(self, message_id: str, /, *, after: str | None = None) -> AsyncMessageStream:
        """Return the events of a message until it has ended, all of them or those after an event's id."""
        return AsyncMessageStream(self._transport, message_id, after)


def _create(conversation_id: str, key: str | None, body: types.NewMessage) -> Call[types.Message]:
    path = f"/v1/conversations/{quoted(conversation_id)}/messages"
    return Call[types.Message]("POST", path, body=body, key=key or new_key())


class _Waiting:
    """The time that is left to wait for a message."""

    def __init__(self, message_id: str, timeout_s: float) -> None:
        self._message_id = message_id
        self._timeout_s = timeout_s
        self._ends = time.monotonic() + timeout_s
        self._asked = 0.0

    def wait_s(self) -> float:
        """Return how long the server may wait."""
        self._asked = time.monotonic()
        return min(max(self._ends - self._asked, 0.0), _MAX_WAIT_S)

    def pause_s(self) -> float:
        """Return the pause before the message is asked for again.

        Raises:
            WaitTimeout: the time is over.
        """
        now = time.monotonic()
        if now >= self._ends:
            raise WaitTimeout(f"{self._message_id} has not ended after {self._timeout_s:g} s.")
        return 0.0 if now - self._asked > _PAUSE_S else min(_PAUSE_S, self._ends - now)
