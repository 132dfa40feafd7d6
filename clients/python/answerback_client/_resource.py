"""What the resources of a client have in common."""

from answerback_client._transport import AsyncTransport, Transport


class Resource:
    """A resource of the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport


class AsyncResource:
    """A resource of the API, as coroutines."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
