"""One thread per process renews every lease that the process holds, in one statement."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from worker.errors import AnswerbackError
from worker.telemetry import logs
from worker.turns.mailbox import Claim, Mailbox

log = logs.get(__name__)

#: Leases are renewed this often, and so a cancelled message's model call is closed within this time.
BEAT_S = 0.5


class Lease:
    """The state of one claim while it is worked on."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self._stop = threading.Event()
        self.lost = False

    def revoke(self, *, lost: bool) -> None:
        """Have the work stop: the lease is lost, or nobody waits for the answer."""
        self.lost = self.lost or lost
        self._stop.set()

    @property
    def revoked(self) -> bool:
        """Whether the work should stop. Cheap enough to ask between two tokens."""
        return self._stop.is_set()


class Leases:
    """The leases of this process."""

    def __init__(self, mailbox: Mailbox, *, beat_s: float = BEAT_S, beat: Callable[[], None] = lambda: None) -> None:
        """`beat` is called once a round, to show that renewal still goes on."""
        self._mailbox = mailbox
        self._show = beat
        self._beat_s = beat_s
        self._held: dict[str, Lease] = {}
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start renewing."""
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop renewing."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(5)

    def __len__(self) -> int:
        return len(self._held)

    @contextmanager
    def hold(self, claim: Claim) -> Iterator[Lease]:
        """Keep the lease of `claim` alive for the block."""
        lease = Lease(claim)
        with self._guard:
            older = self._held.get(claim.conversation_id)
            self._held[claim.conversation_id] = lease
        if older is not None:  # fenced off by an action or its own expiry, and not noticed yet
            older.revoke(lost=True)
        try:
            yield lease
        finally:
            with self._guard:
                if self._held.get(claim.conversation_id) is lease:
                    del self._held[claim.conversation_id]

    def release_all(self) -> None:
        """Give everything back for other processes to take at once."""
        with self._guard:
            held = list(self._held.values())
        for lease in held:
            lease.revoke(lost=True)
            try:
                self._mailbox.release(lease.claim)
            except AnswerbackError as error:  # then it runs out
                log.warning("lease_not_released", code=error.code, **error.context)

    def beat(self) -> None:
        """Renew once."""
        with self._guard:
            held = dict(self._held)
        kept = self._mailbox.renew({id: lease.claim.token for id, lease in held.items()})
        for id, lease in held.items():
            if id not in kept:
                lease.revoke(lost=True)
            elif kept[id]:
                lease.revoke(lost=False)

    def _run(self) -> None:
        while not self._stopped.wait(self._beat_s):
            self._show()
            try:
                self.beat()
            except AnswerbackError as error:
                log.warning("leases_not_renewed", code=error.code, **error.context)
            except Exception:
                log.exception("leases_not_renewed")
