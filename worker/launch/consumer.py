"""Celery's consumer, which must outlive its connection."""

from celery.worker import consumer

from worker.telemetry import logs

log = logs.get(__name__)


class Consumer(consumer.Consumer):  # type: ignore[misc]
    """Connects again whatever goes wrong while it lets go of a connection that broke (`worker_consumer`)."""

    def on_connection_error_after_connected(self, exc: BaseException) -> None:
        """Let go of the connection; what fails there is logged.

        With hints taken and not yet acknowledged, kombu 5.7 gives them back by a transport that Celery 5.7 has cleared
        before, and the AttributeError would end the worker. Hints that are lost are found by sweeping.
        """
        try:
            super().on_connection_error_after_connected(exc)
        except Exception as error:  # noqa: BLE001 - the connection is gone in any case
            log.warning("connection_not_closed", cause=f"{type(error).__name__}: {error}")
