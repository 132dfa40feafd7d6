"""The gunicorn worker and detached connections."""

import socket

import pytest

from web.gunicorn import StreamingWorker


class _Connection:
    def __init__(self, sock):
        self.sock = sock


@pytest.fixture
def worker():
    made = object.__new__(StreamingWorker)
    made.nr_conns = 1
    return made


def test_a_detached_connection_is_counted_once(worker):
    """Otherwise the count falls below zero, and the worker accepts too many connections."""
    ours, theirs = socket.socketpair()
    kept = socket.socket(fileno=ours.detach())  # as a stream detaches it
    worker.finish_request(_Connection(ours), None)
    assert worker.nr_conns == 0
    kept.sendall(b"still open")
    assert theirs.recv(20) == b"still open"
    kept.close()
    theirs.close()
