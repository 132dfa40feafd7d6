"""What happened and how long it took, over all processes and restarts: kept in SQL, added to once a second.

One place for all processes, so that whoever is asked can tell it, and nothing starts from zero when a process does.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from worker.errors import AnswerbackError
from worker.store.engine import Store
from worker.store.tables import sample
from worker.telemetry import logs

log = logs.get(__name__)

#: What is counted, and shown by `answerback status`.
NAMES = {
    "conversations_swept": "conversations taken up by a sweeper since nobody came: a lost hint, a retry, a dead lease",
    "deadlines_passed": "conversations that a sweeper handed off because a deadline had passed",
    "duplicates_refused": "requests that repeated an idempotency key and got the first response again",
    "hints_lost": "hints that could not be published, or were dropped from a full queue",
    "leases_lost": "turns that were stopped because their lease was lost",
    "retries": "turns that failed and were put off",
    "workers_stalled": "workers that noticed they no longer worked, and ended themselves",
    "writes_fenced": "outcomes that came too late and were not written",
}

#: Upper bounds of the buckets of histograms, in seconds.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What is measured, by labels whose values are few: never an id, nor anything that a customer wrote."""

    help: str
    labels: tuple[str, ...] = ()


COUNTED = {
    "requests": Metric(help="requests to the API", labels=("method", "route", "status")),
    "messages": Metric(
        help="messages that workers answered or handed off, by how and why", labels=("outcome", "reason")
    ),
    "model_calls": Metric(
        help="questions to a language model, by how they ended; one has several calls where it uses tools",
        labels=("model", "result"),
    ),
    "model_tokens": Metric(help="tokens that language models counted", labels=("model", "kind")),
    "model_cost_usd": Metric(help="what language models cost, in US dollars", labels=("model",)),
    "delivery_attempts": Metric(help="attempts at callbacks and posts into tickets", labels=("kind", "result")),
    "streams_opened": Metric(help="streams that were opened"),
    "streams_closed": Metric(help="streams that ended"),
}
TIMED = {
    "request_seconds": Metric(help="time that requests took", labels=("route",)),
    "turn_wait_seconds": Metric(help="time from a message's acceptance to the beginning of its turn"),
    "turn_seconds": Metric(help="time that the stages of a turn took", labels=("stage",)),
    "model_seconds": Metric(help="time that calls of a language model took", labels=("model",)),
    "delivery_seconds": Metric(help="time that attempts at callbacks and posts took", labels=("kind",)),
}

Key = tuple[str, str]


class Meter(Protocol):
    """Whoever is told what happened: `Counters`, or nobody."""

    def add(self, name: str, count: float = 1, **labels: str) -> None:
        """Count something."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Take notice of how long something took."""


class Unmetered:
    """Nobody is told."""

    def add(self, name: str, count: float = 1, **labels: str) -> None:
        """Count nothing."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Take no notice."""


class Counters:
    """Counts in memory and adds to the tables; safe to share between threads. A crash forgets the last second."""

    def __init__(self, store: Store, *, every_s: float = 1.0) -> None:
        self._store = store
        self._every_s = every_s
        self._guard = threading.Lock()
        self._pending: Counter[Key] = Counter()
        self._own: Counter[str] = Counter()
        self._some = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, name: str, count: float = 1, **labels: str) -> None:
        """Count one of NAMES or COUNTED; never waits and never fails."""
        self._add({(name, _text(labels)): count})

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Take notice of how long one of TIMED took; never waits and never fails."""
        place = bisect_left(BUCKETS_S, seconds)
        bound = f"{BUCKETS_S[place]:g}" if place < len(BUCKETS_S) else "+Inf"
        self._add({(f"{name}_bucket", _text({**labels, "le": bound})): 1, (f"{name}_sum", _text(labels)): seconds})

    def flush(self) -> None:
        """Add what was counted to the tables.

        Raises:
            DatabaseUnavailable: and then it stays counted here.
        """
        with self._guard:
            pending, self._pending = self._pending, Counter()
        if not pending:
            return
        insert = sqlite.insert if self._store.is_sqlite else postgresql.insert
        statement = insert(sample)
        added = statement.on_conflict_do_update(
            index_elements=[sample.c.name, sample.c.labels],
            set_={"value": sample.c.value + statement.excluded.value},
        )
        # In one order for everyone, so that no two wait for each other.
        rows = [{"name": name, "labels": labels, "value": value} for (name, labels), value in sorted(pending.items())]
        try:
            with self._store.begin() as tx:
                tx.execute(added, rows)
        except AnswerbackError:
            with self._guard:
                self._pending.update(pending)
            raise

    def own(self) -> dict[str, float]:
        """Return the counts of this process alone since it started, by name, labels added up."""
        with self._guard:
            return {name: round(value, 3) for name, value in sorted(self._own.items()) if not name.endswith("_bucket")}

    def read(self) -> dict[str, int]:
        """Return every count of NAMES, of all processes."""
        found = self.samples()
        return {name: int(found.get((name, ""), 0)) for name in NAMES}

    def samples(self) -> dict[Key, float]:
        """Return all that was counted, by its name and its labels as `a="b",c="d"`."""
        with self._store.read() as connection:
            return {(row.name, row.labels): row.value for row in connection.execute(sa.select(sample))}

    def stop(self) -> None:
        """Write what is left."""
        self._stopped.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join(2)
        self._try_flush()

    def _add(self, counts: Mapping[Key, float]) -> None:
        with self._guard:
            self._pending.update(counts)
            self._own.update({name: value for (name, _labels), value in counts.items()})
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="counters", daemon=True)
                self._thread.start()
        self._some.set()

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


def _text(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_value(value)}"' for name, value in sorted(labels.items()))


def _value(value: str) -> str:
    return "".join(char for char in value if char.isprintable() and char not in '"\\,')[:60]
