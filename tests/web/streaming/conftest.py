import socket
import threading

import pytest

from tests.web.streaming.sources import HEAD
from web.streaming.responses import ServerSentEvents
from web.streaming.streams import Streams
from web.streaming.subscriptions import Subscription


@pytest.fixture
def streams(services):
    made = Streams(services.store, services.wakeups, services.counters, max_total=10, max_per_key=2)
    yield made
    made.close()


@pytest.fixture
def take(streams):
    """Open a stream; return the client's socket, and an event that is set when the stream has ended."""
    opened = []

    def begin(source, *, conversation_id="conv_1", buffer=0, **more):
        server, client = socket.socketpair()
        if buffer:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        ended = threading.Event()
        subscription = Subscription(
            conversation_id=conversation_id, source=source, format=ServerSentEvents(), release=ended.set, **more
        )
        streams.take(server, HEAD, subscription)
        client.settimeout(5)
        opened.append(client)
        return client, ended

    yield begin
    for client in opened:
        client.close()
