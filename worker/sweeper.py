"""What every worker process looks for once a second, so that no hint is ever needed and no leader elected."""

import threading
import time
from collections.abc import Callable, Sequence

from worker import logs
from worker.callbacks.sending import Sender
from worker.conversations.mailbox import Mailbox
from worker.conversations.sessions import SessionStore
from worker.errors import AnswerbackError
from worker.hints import Hints
from worker.knowledge.library import Library
from worker.presence import Presence

log = logs.get(__name__)

_EVERY_S = 1.0
_CALLBACKS_EVERY_S = 2.0
_KNOWLEDGE_EVERY_S = 5.0
_SESSIONS_EVERY_S = 60.0


class Sweeper:
    """One thread; each round hints at what is due and says that this process lives."""

    def __init__(
        self,
        *,
        mailbox: Mailbox,
        sender: Sender,
        library: Library,
        sessions: SessionStore,
        hints: Hints,
        presence: Presence,
        wake: Callable[[str], None],
        busy: Callable[[], bool],
        roles: Sequence[str],
    ) -> None:
        self._wake = wake
        self._busy = busy
        self._hints = hints
        self._mailbox = mailbox
        self._sender = sender
        self._library = library
        self._sessions = sessions
        self._presence = presence
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._duties: dict[Callable[[], None], float] = {
            self._sweep_mailboxes: _EVERY_S,
            self._sweep_deadlines: _EVERY_S,
            self._presence.announce: _EVERY_S,
            self._clean_sessions: _SESSIONS_EVERY_S,
        }
        # Who would do the work looks for it; while nobody does it, hints would only pile up.
        if "callback" in roles:
            self._duties[self._sweep_callbacks] = _CALLBACKS_EVERY_S
        if "ingest" in roles:
            self._duties[self._sweep_knowledge] = _KNOWLEDGE_EVERY_S

    def start(self) -> None:
        """Start sweeping."""
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop sweeping."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self) -> None:
        due = dict.fromkeys(self._duties, 0.0)
        while not self._stopped.is_set():
            now = time.monotonic()
            for duty, every_s in self._duties.items():
                if now >= due[duty]:
                    due[duty] = now + every_s
                    self._perform(duty)
            self._stopped.wait(0.25)

    def _perform(self, duty: Callable[[], None]) -> None:
        try:
            duty()
        except AnswerbackError as error:
            log.warning("sweep_interrupted", code=error.code, **error.context)
        except Exception:
            log.exception("sweep_failed")

    def _sweep_mailboxes(self) -> None:
        """A process whose slots are all taken gives no hints: each of its turns ends with a look for the next."""
        if self._busy():
            return
        ids = self._mailbox.sweep()
        for conversation_id in ids:
            self._hints.drain(conversation_id)
        if ids:
            log.info("conversations_hinted_again", count=len(ids))

    def _sweep_deadlines(self) -> None:
        ids = self._mailbox.sweep_deadlines()
        for conversation_id in ids:
            self._wake(conversation_id)
        if ids:
            log.warning("deadlines_passed", conversations=len(ids))

    def _sweep_callbacks(self) -> None:
        for conversation_id in self._sender.sweep():
            self._hints.deliver(conversation_id)

    def _sweep_knowledge(self) -> None:
        for workspace_id in self._library.sweep():
            self._hints.index(workspace_id)

    def _clean_sessions(self) -> None:
        self._sessions.clean_up()
