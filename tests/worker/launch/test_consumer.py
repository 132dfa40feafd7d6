"""The consumer outlives its connection."""

from worker.app import app
from worker.launch.consumer import Consumer


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


def test_workers_use_it():
    assert app.conf.worker_consumer == f"{Consumer.__module__}:{Consumer.__qualname__}"
