"""A call ends at its deadline or when it is revoked, however slowly the server sends."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpcore2
import pytest

from worker.answering.chat_api import deadlines


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept one connection and hand it to `serve`, in a thread; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with listening.accept()[0] as connection:
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def connect(port: int) -> httpcore2.NetworkStream:
    return deadlines.DeadlineBackend(httpcore2.SyncBackend()).connect_tcp("127.0.0.1", port, timeout=5)


def test_a_read_of_a_silent_server_ends_at_the_deadline_not_at_its_own_timeout():
    over = threading.Event()
    with server(lambda _connection: over.wait(10)) as port:
        stream = connect(port)
        began = time.monotonic()
        with deadlines.call(ends=began + 0.3, revoked=lambda: False), pytest.raises(httpcore2.ReadTimeout):
            stream.read(10, timeout=60)
        assert 0.25 < time.monotonic() - began < 5
        stream.close()
        over.set()


def test_a_revoked_call_ends_within_moments():
    over, revoked = threading.Event(), threading.Event()
    with server(lambda _connection: over.wait(10)) as port:
        stream = connect(port)
        threading.Timer(0.1, revoked.set).start()
        began = time.monotonic()
        with deadlines.call(ends=began + 60, revoked=revoked.is_set), pytest.raises(httpcore2.ReadTimeout):
            stream.read(10)
        assert time.monotonic() - began < 5
        stream.close()
        over.set()


def test_a_server_that_sends_a_byte_now_and_then_does_not_extend_the_deadline():
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        while not over.wait(0.05):
            connection.sendall(b".")

    with server(trickle) as port:
        stream = connect(port)
        read: list[bytes] = []
        with deadlines.call(ends=time.monotonic() + 0.5, revoked=lambda: False), pytest.raises(httpcore2.ReadTimeout):
            read.extend(iter(lambda: stream.read(1, timeout=60), b""))
        assert read
        over.set()
        stream.close()


def test_what_arrives_in_time_is_read_and_the_timeout_of_one_read_still_holds():
    over = threading.Event()

    def send(connection: socket.socket) -> None:
        connection.sendall(b"hello")
        over.wait(10)

    with server(send) as port:
        stream = connect(port)
        with deadlines.call(ends=time.monotonic() + 60, revoked=lambda: False):
            assert stream.read(10, timeout=5) == b"hello"
            began = time.monotonic()
            with pytest.raises(httpcore2.ReadTimeout):
                stream.read(10, timeout=0.3)
            assert time.monotonic() - began < 5
        over.set()
        stream.close()


def test_a_read_outside_a_call_has_no_deadline():
    with server(lambda connection: connection.sendall(b"hello")) as port:
        stream = connect(port)
        with deadlines.call(ends=time.monotonic() - 1, revoked=lambda: True):
            pass
        assert stream.read(10, timeout=5) == b"hello"
        stream.close()
