"""Notify streams and workers after the commit of a change.

A notification may be lost: streams also poll now and then, and sweepers find messages and deliveries that no worker was
hinted at.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from worker.telemetry import logs

log = logs.get(__name__)


class Hints(Protocol):
    """Tells workers where to look (`worker.hints.Hints`); never fails and never waits."""

    def drain(self, conversation_id: str) -> None: ...

    def deliver(self, conversation_id: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class _Due:
    """The work that is due in a changed conversation."""

    messages: bool = False
    deliveries: bool = False


class Notifications:
    """Wakes streams and hints workers. Safe to share between threads.

    Args:
        wake: wakes the streams and long polls that wait for a conversation; never fails.
    """

    def __init__(self, *, wake: Callable[[str], None], hints: Hints) -> None:
        self._wake = wake
        self._hints = hints
        self._local = threading.local()

    def send(self, conversation_id: str, *, messages: bool = False, deliveries: bool = False) -> None:
        """Say that a conversation changed, and whether messages are to be answered or deliveries to be sent.

        Never fails: the change is committed, and whoever made it must not be told that it was not.
        """
        held = self._held()
        if held is not None:
            earlier = held.pop(conversation_id, _Due())
            held[conversation_id] = replace(
                earlier, messages=messages or earlier.messages, deliveries=deliveries or earlier.deliveries
            )
            return
        if messages:
            _attempt(self._hints.drain, conversation_id)
        if deliveries:
            _attempt(self._hints.deliver, conversation_id)
        _attempt(self._wake, conversation_id)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Send what this thread sends in the block when the block ends."""
        held: dict[str, _Due] = {}
        outer, self._local.held = self._held(), held
        try:
            yield
        finally:
            self._local.held = outer
            for conversation_id, due in held.items():
                self.send(conversation_id, messages=due.messages, deliveries=due.deliveries)

    def _held(self) -> dict[str, _Due] | None:
        held: dict[str, _Due] | None = getattr(self._local, "held", None)
        return held


def _attempt(send: Callable[[str], None], conversation_id: str) -> None:
    try:
        send(conversation_id)
    except Exception:
        log.exception("notification_lost", conversation_id=conversation_id)
