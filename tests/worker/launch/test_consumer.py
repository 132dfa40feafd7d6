"""The consumer outlives its connection."""

import pytest
from kombu.transport.redis import Transport

from worker.app import app
from worker.launch.consumer import Consumer, is_of_closed_transport


class Broken:
    """A connection that cannot even be closed, as kombu's with hints that were taken and not acknowledged."""

    connection_errors = channel_errors = (OSError,)
    transport = None
    closed = 0

    def collect(self, socket_timeout: float) -> None:
        raise OSError("gone")

    def close(self) -> None:
        self.closed += 1
        raise AttributeError("'NoneType' object has no attribute 'hostname'")


def test_a_connection_that_cannot_be_closed_does_not_end_the_worker():
    consumer = object.__new__(Consumer)
    consumer.app = app
    consumer.connection = broken = Broken()
    consumer.on_connection_error_after_connected(OSError("reset"))
    assert broken.closed == 1
    assert consumer.connection is None, "it would not connect again"


def test_a_transport_whose_connection_was_closed_is_connected_again():
    transport = object.__new__(Transport)
    transport.client = None  # as kombu's connection leaves it
    with pytest.raises(AttributeError) as closed:
        _ = transport.supports_batch_publish
    assert is_of_closed_transport(closed.value)
    with pytest.raises(AttributeError) as ours:
        _ = None.hostname  # type: ignore[attr-defined]
    assert not is_of_closed_transport(ours.value)


def test_workers_use_it():
    assert app.conf.worker_consumer == f"{Consumer.__module__}:{Consumer.__qualname__}"
