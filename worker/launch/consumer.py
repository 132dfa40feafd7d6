"""Celery's consumer, which must outlive its connection."""

import traceback
from typing import Any

from celery.worker import consumer

from worker.telemetry import logs

log = logs.get(__name__)


class Consumer(consumer.Consumer):  # type: ignore[misc]
    """Connects again whatever goes wrong while it lets go of a connection that broke (`worker_consumer`).

    With hints taken and not yet acknowledged, kombu 5.7 uses a transport that Celery 5.7 has cleared before. The
    AttributeError would end the worker. Hints that are lost are found by sweeping.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        start = self.blueprint.start

        def start_or_lose_connection(parent: Any) -> None:
            try:
                start(parent)
            except AttributeError as error:
                if not is_of_closed_transport(error):
                    raise
                raise ConnectionError("The connection to the broker was closed while it was used.") from error

        self.blueprint.start = start_or_lose_connection

    def on_connection_error_after_connected(self, exc: BaseException) -> None:
        """Let go of the connection; what fails there is logged."""
        try:
            super().on_connection_error_after_connected(exc)
        except Exception as error:  # noqa: BLE001 - the connection is gone in any case
            log.warning("connection_not_closed", cause=f"{type(error).__name__}: {error}")


def is_of_closed_transport(error: AttributeError) -> bool:
    """Whether kombu raised an error because the connection of a transport is gone."""
    frames = list(traceback.walk_tb(error.__traceback__))
    in_kombu = bool(frames) and str(frames[-1][0].f_globals.get("__name__", "")).startswith("kombu.")
    return in_kombu and str(error).startswith("'NoneType' object has no attribute")
