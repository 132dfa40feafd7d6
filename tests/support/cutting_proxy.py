"""A proxy that cuts every other connection: what a client sees of a network that breaks after the server has acted."""

import contextlib
import itertools
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

Address = tuple[str, int]

#: Takes the bytes of a response so far; returns how many of them pass before the cut, or None to wait for more.
Cut = Callable[[bytes], int | None]

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def nothing(received: bytes) -> int | None:
    """Pass nothing of a response, once its beginning has arrived."""
    return 0 if received else None


def first_event(received: bytes) -> int | None:
    """Pass a stream until its first event is complete."""
    begin = received.find(b"event: ")
    end = received.find(b"\n\n", begin)
    return end + 2 if begin >= 0 and end >= 0 else None


def never(_received: bytes) -> int | None:
    """Pass everything."""
    return None


@contextlib.contextmanager
def cutting_proxy(target: Address, cut: Cut) -> Iterator[str]:
    """Yield the address of a proxy that resets the first connection, passes the second, resets the third, and so on."""
    listener = socket.create_server(("127.0.0.1", 0))
    numbers = itertools.count()

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            chosen = cut if next(numbers) % 2 == 0 else never
            threading.Thread(target=_relay, args=(client, target, chosen), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _relay(client: socket.socket, target: Address, cut: Cut) -> None:
    """Pass bytes in both directions until either side closes, or until the cut."""
    response = b""
    with client, socket.create_connection(target) as server, contextlib.suppress(OSError):
        while True:
            for source in select.select([client, server], [], [])[0]:
                received = source.recv(65536)
                if not received:
                    return
                if source is client:
                    server.sendall(received)
                    continue
                passed, response = len(response), response + received
                end = cut(response)
                client.sendall(response[passed:end])
                if end is not None:
                    time.sleep(0.2)  # a reset takes away what the client has not read yet
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                    return
