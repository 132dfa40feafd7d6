"""The events of one message, until it has ended. A connection that breaks is resumed after the last event."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, cast

import httpx

from answerback_client._api_error import ConnectionFailed
from answerback_client._calls import Call, quoted
from answerback_client._event_stream import Decoder, ServerSentEvent
from answerback_client._generated.types import Message
from answerback_client._retries import Attempts
from answerback_client._transport import AsyncTransport, Options, Transport

#: States in which a message has ended; the outcome's event has the name of the state.
ENDED = frozenset({"answered", "handed_off", "cancelled", "failed"})


@dataclass(frozen=True)
class StreamEvent:
    """One event of a stream.

    Attributes:
        id: continue a stream after this event with `messages.stream(…, after=id)`.
        type: `queued`, `running`, `delta`, or the outcome: `answered`, `handed_off`, `cancelled`, `failed`.
        data: of an outcome the whole message; of a `delta` its `text`, `offset` and `citations`.
    """

    id: str
    type: str
    data: dict[str, Any]


class _Progress:
    """How far a stream has come."""

    def __init__(self, message_id: str, after: str | None, options: Options) -> None:
        self.retrieve = Call[Message]("GET", f"/v1/messages/{quoted(message_id)}", repeatable=True)
        self.path = f"{self.retrieve.path}/events"
        call = Call[None]("GET", self.path, repeatable=True)
        self.attempts = Attempts(call, options.base_url, options.max_retries)
        self.last_id = after
        self.text = ""
        self.message: Message | None = None

    def take(self, sent: ServerSentEvent) -> StreamEvent:
        data = json.loads(sent.data)
        self.last_id = sent.id or self.last_id
        self.attempts.succeeded()
        if sent.type in ENDED:
            self.message = cast(Message, data)
            reply = self.message["reply"]
            self.text = reply["content"] if reply else self.text
        elif sent.type == "queued":  # a message that had ended was retried
            self.message = None
        elif sent.type == "delta":
            self.text = self.text[: data["offset"]] + data["text"]
        return StreamEvent(sent.id, sent.type, data)

    def closed(self, decoder: Decoder, now: Message) -> StreamEvent | None:
        """Return the outcome of a message that has ended, after the server closed its stream without telling it.

        That happens where the stream continued after the last event, and where the events have expired.
        """
        if decoder.heartbeats:
            self.attempts.succeeded()
        if now["state"] not in ENDED:
            return None
        return self.take(ServerSentEvent(self.last_id or "", now["state"], json.dumps(now)))

    def broken(self, error: httpx.TransportError, decoder: Decoder) -> float:
        """Return the seconds until the next attempt, after the connection broke; 0 when the message has ended."""
        if self.message is not None:
            return 0.0
        if decoder.heartbeats:
            self.attempts.succeeded()
        return self.attempts.failed(error)


class MessageStream:
    """The events of one message.

    Iterate over it once. Use it in a `with` statement, or close it, if you may stop before its end.
    """

    def __init__(self, transport: Transport, message_id: str, after: str | None) -> None:
        self._transport = transport
        self._progress = _Progress(message_id, after, transport.options)
        self._events = self._read()

    @property
    def text(self) -> str:
        """The answer as far as it is written."""
        return self._progress.text

    @property
    def message(self) -> Message | None:
        """The whole message, once it has ended."""
        return self._progress.message

    def __iter__(self) -> Iterator[StreamEvent]:
        return self._events

    def until_done(self) -> Message:
        """Read to the end; return the message."""
        for _ in self._events:
            pass
        if self.message is None:
            raise ConnectionFailed("The stream was closed before the message had ended.")
        return self.message

    def close(self) -> None:
        """Close the connection."""
        self._events.close()

    def __enter__(self) -> MessageStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _read(self) -> Generator[StreamEvent, None, None]:
        progress = self._progress
        while progress.message is None:
            decoder, pause_s = Decoder(), 0.0
            try:
                with self._transport.stream(progress.path, progress.last_id) as response:
                    if not response.is_success:
                        response.read()
                        pause_s = progress.attempts.responded(response) or 0.0
                    else:
                        for chunk in response.iter_bytes():
                            for sent in decoder.feed(chunk):
                                yield progress.take(sent)
                if progress.message is None and response.is_success and not decoder.events:
                    outcome = progress.closed(decoder, self._transport.send(progress.retrieve))
                    if outcome is not None:
                        yield outcome
                        return
                    raise httpx.RemoteProtocolError("the server closed the stream")
            except httpx.TransportError as error:
                pause_s = progress.broken(error, decoder)
            time.sleep(pause_s)


class AsyncMessageStream:
    """The events of one message, for `async for`; see `MessageStream`."""

    def __init__(self, transport: AsyncTransport, message_id: str, after: str | None) -> None:
        self._transport = transport
        self._progress = _Progress(message_id, after, transport.options)
        self._events = self._read()

    @property
    def text(self) -> str:
        """The answer as far as it is written."""
        return self._progress.text

    @property
    def message(self) -> Message | None:
        """The whole message, once it has ended."""
        return self._progress.message

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self._events

    async def until_done(self) -> Message:
        """Read to the end; return the message."""
        async for _ in self._events:
            pass
        if self.message is None:
            raise ConnectionFailed("The stream was closed before the message had ended.")
        return self.message

    async def aclose(self) -> None:
        """Close the connection."""
        await self._events.aclose()

    async def __aenter__(self) -> AsyncMessageStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _read(self) -> AsyncGenerator[StreamEvent, None]:
        progress = self._progress
        while progress.message is None:
            decoder, pause_s = Decoder(), 0.0
            try:
                async with self._transport.stream(progress.path, progress.last_id) as response:
                    if not response.is_success:
                        await response.aread()
                        pause_s = progress.attempts.responded(response) or 0.0
                    else:
                        async for chunk in response.aiter_bytes():
                            for sent in decoder.feed(chunk):
                                yield progress.take(sent)
                if progress.message is None and response.is_success and not decoder.events:
                    outcome = progress.closed(decoder, await self._transport.send(progress.retrieve))
                    if outcome is not None:
                        yield outcome
                        return
                    raise httpx.RemoteProtocolError("the server closed the stream")
            except httpx.TransportError as error:
                pause_s = progress.broken(error, decoder)
            await asyncio.sleep(pause_s)
