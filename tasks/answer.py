"""Hints that something waits in a conversation."""

from worker import hints
from worker.app import app
from worker.services import current


@app.task(name=hints.DRAIN)
def drain(*, conversation_id: str, **_newer: object) -> None:
    """Answer what waits in one conversation, oldest first."""
    current.answering().drainer.drain(conversation_id)
