"""What a worker process sweeps, by the queues that it consumes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from worker import logs
from worker.sweeper import Duties

if TYPE_CHECKING:
    from worker.services import Services

log = logs.get(__name__)

_SOON_S = 1.0
_MAILBOXES_S = 0.5
_CALLBACKS_S = 0.5
_KNOWLEDGE_S = 5.0
_QUIET_S = 10.0
_CLEANING_S = 60.0


def duties(built: "Services") -> Duties:
    """Return the duties of a process. Who would do the work looks for it; the rest is everybody's."""
    found: dict[Callable[[], None], float] = {
        built.presence.announce: _SOON_S,
        _Deadlines(built): _SOON_S,
        _Cleaning(built): _CLEANING_S,
    }
    if built.settings.resume_after_h:
        found[_Quiet(built)] = _QUIET_S
    if "answer" in built.roles:
        found[_Mailboxes(built)] = _MAILBOXES_S
    if "callback" in built.roles:
        found[_Callbacks(built)] = _CALLBACKS_S
    if "ingest" in built.roles:
        found[_Knowledge(built)] = _KNOWLEDGE_S
    return found


class _Duty:
    def __init__(self, built: "Services") -> None:
        self._built = built


class _Mailboxes(_Duty):
    """Answer what nobody came for, with the slots that are free."""

    def __call__(self) -> None:
        built = self._built
        free = min(built.slots.free, built.answering_crew.free)
        if free <= 0 or built.stopping.is_set():
            return
        ids = built.mailbox.sweep(limit=free)
        built.answering_crew.do(built.drainer.drain, ids)
        if ids:
            built.counters.add("conversations_swept", len(ids))
            log.info("conversations_swept", count=len(ids))


class _Deadlines(_Duty):
    """Give to a person what is past its deadline."""

    def __call__(self) -> None:
        built = self._built
        ids = built.mailbox.sweep_deadlines()
        for conversation_id in ids:
            built.wakeups.send(conversation_id)
        if ids:
            built.counters.add("deadlines_passed", len(ids))
            log.warning("deadlines_passed", conversations=len(ids))


class _Callbacks(_Duty):
    """Send the callbacks that are due."""

    def __call__(self) -> None:
        if not self._built.stopping.is_set():
            self._built.dispatcher.sweep()


class _Knowledge(_Duty):
    """Hint at documents that wait; indexing takes minutes, and is done by one task at a time."""

    def __call__(self) -> None:
        built = self._built
        waiting = (*built.library.sweep(model=built.embedder.identity), *built.importer.sweep())
        for workspace_id in dict.fromkeys(waiting):
            built.hints.index(workspace_id)


class _Quiet(_Duty):
    """Give back to the bot what people have let lie."""

    def __call__(self) -> None:
        built = self._built
        for conversation_id in built.steering.resume_quiet(after_s=built.settings.resume_after_h * 3_600):
            built.wakeups.send(conversation_id)
            log.info("conversation_resumed", conversation_id=conversation_id, why="quiet")


class _Cleaning(_Duty):
    """Drop what has expired: sessions, keys, memories, files that nobody named, old webhooks, events, deliveries."""

    def __call__(self) -> None:
        self._built.intake.forget_keys()
        self._built.repetitions.clean_up()
        self._built.attachments.clean_up()
        self._built.memories.clean_up()
        self._built.inbound.clean_up()
        if gone := self._built.retention.prune():
            log.info("pruned", rows=gone)
        self._built.sessions.clean_up()  # last, as Redis may be away
