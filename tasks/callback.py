"""Hints that callbacks are due."""

from worker import hints
from worker.app import app
from worker.services import services


@app.task(name=hints.DELIVER)
def deliver(*, conversation_id: str, **_newer: object) -> None:
    """Send the due callbacks of one conversation, oldest first."""
    services().sender.deliver(conversation_id)
