"""What happened, counted over all processes and restarts: kept in SQL, added to once a second."""

import threading
from collections import Counter

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from worker import logs
from worker.errors import AnswerbackError
from worker.store.engine import Store
from worker.store.tables import counter

log = logs.get(__name__)

#: What is counted.
NAMES = {
    "conversations_swept": "conversations taken up by a sweeper since nobody came: a lost hint, a retry, a dead lease",
    "deadlines_passed": "conversations that a sweeper handed over because a deadline had passed",
    "duplicates_refused": "requests that repeated an idempotency key and got the first response again",
    "hints_lost": "hints that could not be published, or were dropped from a full queue",
    "leases_lost": "turns that were stopped because their lease was lost",
    "retries": "turns that failed and were put off",
    "workers_stalled": "workers that noticed they no longer worked, and ended themselves",
    "writes_fenced": "outcomes that came too late and were not written",
}


class Counters:
    """Counts in memory and adds to the tables; safe to share between threads. A crash forgets the last second."""

    def __init__(self, store: Store, *, every_s: float = 1.0) -> None:
        self._store = store
        self._every_s = every_s
        self._guard = threading.Lock()
        self._pending: Counter[str] = Counter()
        self._some = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, name: str, count: int = 1) -> None:
        """Count one of NAMES; never waits and never fails."""
        with self._guard:
            self._pending[name] += count
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="counters", daemon=True)
                self._thread.start()
        self._some.set()

    def flush(self) -> None:
        """Add what was counted to the tables.

        Raises:
            DatabaseAway: and then it stays counted here.
        """
        with self._guard:
            pending, self._pending = self._pending, Counter()
        if not pending:
            return
        insert = sqlite.insert if self._store.is_sqlite else postgresql.insert
        statement = insert(counter)
        added = statement.on_conflict_do_update(
            index_elements=[counter.c.name], set_={"value": counter.c.value + statement.excluded.value}
        )
        rows = [{"name": name, "value": value} for name, value in sorted(pending.items())]
        try:
            with self._store.begin() as tx:
                tx.execute(added, rows)
        except AnswerbackError:
            with self._guard:
                self._pending.update(pending)
            raise

    def read(self) -> dict[str, int]:
        """Return every count of all processes."""
        with self._store.read() as connection:
            found = {row.name: row.value for row in connection.execute(sa.select(counter))}
        return {name: found.get(name, 0) for name in NAMES}

    def stop(self) -> None:
        """Write what is left."""
        self._stopped.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join(2)
        self._try_flush()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            self._some.wait()
            self._some.clear()
            self._try_flush()

    def _try_flush(self) -> None:
        try:
            self.flush()
        except AnswerbackError as error:
            log.warning("counts_not_written", code=error.code, **error.context)
        except Exception:
            log.exception("counts_not_written")
