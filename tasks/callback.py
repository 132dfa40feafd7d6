"""Hints that callbacks are due."""

from worker import hints
from worker.app import app
from worker.services import current


@app.task(name=hints.DELIVER)
def deliver(*, conversation_id: str, **_newer: object) -> None:
    """Have the due callbacks of one conversation sent; another thread does it, so no endpoint holds up this queue."""
    current.delivering().dispatcher.deliver(conversation_id)


@app.task(name=hints.SEND)
def send(*, destination_id: str, **_newer: object) -> None:
    """Have the due deliveries to one destination sent, in the same way."""
    current.delivering().dispatcher.start([destination_id])
