"""Counters and histograms over all processes and restarts: stored in SQL, updated once a second.

Every process can read the totals, and a restart does not reset them.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from worker.errors import AnswerbackError
from worker.store.engine import Store
from worker.store.tables import sample
from worker.store.upsert import upsert_into
from worker.telemetry import logs

log = logs.get(__name__)

#: Counters that `answerback status` shows.
NAMES = {
    "automatic_messages": "messages that ended as automatic mail, without an answer",
    "conversations_swept": "conversations found by a sweeper: after a lost hint, for a retry, or with an expired lease",
    "deadlines_passed": "conversations handed off because a deadline had passed",
    "duplicates_refused": "requests that repeated an idempotency key and got the first response",
    "hints_lost": "hints that were not published, or were dropped from a full queue",
    "leases_lost": "turns stopped because their lease was lost",
    "retries": "turns that failed and are retried later",
    "workers_stalled": "workers that the watchdog ended because they were stalled",
    "writes_fenced": "outcomes discarded because another worker had claimed the conversation",
}

#: Upper bounds of the buckets of histograms, in seconds.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric. Labels have few values: never an id or text of a customer."""

    help: str
    labels: tuple[str, ...] = ()


COUNTED = {
    "requests": Metric(help="requests to the API", labels=("method", "route", "status")),
    "messages": Metric(
        help="messages that have ended, by outcome (`clarified`: with a question back) and reason"
        " (of a handoff; `partly_answered`)",
        labels=("outcome", "reason"),
    ),
    "model_calls": Metric(
        help="requests to a language model, by result; several calls with tools count as one",
        labels=("model", "result"),
    ),
    "model_tokens": Metric(help="tokens of language models", labels=("model", "kind")),
    "model_cost_usd": Metric(help="cost of language models in US dollars", labels=("model",)),
    "judgements": Metric(
        help="drafts that needed the judge, by result; the local check stands after all but `judged`",
        labels=("result",),
    ),
    "delivery_attempts": Metric(help="delivery attempts", labels=("kind", "result")),
    "streams_opened": Metric(help="opened streams"),
    "streams_closed": Metric(help="closed streams"),
}
TIMED = {
    "request_seconds": Metric(help="duration of requests to the API", labels=("route",)),
    "turn_wait_seconds": Metric(help="time from the acceptance of a message to the start of its turn"),
    "turn_seconds": Metric(help="duration of the stages of a turn", labels=("stage",)),
    "model_seconds": Metric(help="duration of requests to a language model", labels=("model",)),
    "delivery_seconds": Metric(help="duration of delivery attempts", labels=("kind",)),
}

Key = tuple[str, str]


class Meter(Protocol):
    """Receives measurements: `Counters` or `Unmetered`."""

    def add(self, name: str, count: float = 1, **labels: str) -> None:
        """Add to a counter."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add a duration to a histogram."""


class Unmetered:
    """A meter that discards everything."""

    def add(self, name: str, count: float = 1, **labels: str) -> None:
        """Do nothing."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Do nothing."""


class Counters:
    """Counts in memory and adds to SQL once a second. Thread-safe; a crash loses the last second."""

    def __init__(self, store: Store, *, every_s: float = 1.0) -> None:
        self._store = store
        self._every_s = every_s
        self._guard = threading.Lock()
        self._pending: Counter[Key] = Counter()
        self._own: Counter[str] = Counter()
        self._pending_added = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, name: str, count: float = 1, **labels: str) -> None:
        """Add to a counter of NAMES or COUNTED; never blocks and never fails."""
        self._add({(name, _text(labels)): count})

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add a duration to a histogram of TIMED; never blocks and never fails."""
        bucket = bisect_left(BUCKETS_S, seconds)
        bound = f"{BUCKETS_S[bucket]:g}" if bucket < len(BUCKETS_S) else "+Inf"
        self._add({(f"{name}_bucket", _text({**labels, "le": bound})): 1, (f"{name}_sum", _text(labels)): seconds})

    def flush(self) -> None:
        """Add the pending counts to SQL.

        Raises:
            DatabaseUnavailable: the counts stay pending.
        """
        with self._guard:
            pending, self._pending = self._pending, Counter()
        if not pending:
            return
        statement = upsert_into(self._store, sample)
        added = statement.on_conflict_do_update(
            index_elements=[sample.c.name, sample.c.labels],
            set_={"value": sample.c.value + statement.excluded.value},
        )
        # In the same order in every process, so that transactions do not deadlock.
        rows = [{"name": name, "labels": labels, "value": value} for (name, labels), value in sorted(pending.items())]
        try:
            with self._store.begin() as tx:
                tx.execute(added, rows)
        except AnswerbackError:
            with self._guard:
                self._pending.update(pending)
            raise

    def own(self) -> dict[str, float]:
        """Return the counts of this process since it started, by name, summed over labels."""
        with self._guard:
            return {name: round(value, 3) for name, value in sorted(self._own.items()) if not name.endswith("_bucket")}

    def read(self) -> dict[str, int]:
        """Return the counters of NAMES, of all processes."""
        found = self.samples()
        return {name: int(found.get((name, ""), 0)) for name in NAMES}

    def samples(self) -> dict[Key, float]:
        """Return all values by name and labels, which have the form `a="b",c="d"`."""
        with self._store.read() as connection:
            return {(row.name, row.labels): row.value for row in connection.execute(sa.select(sample))}

    def stop(self) -> None:
        """Write the pending counts and stop."""
        self._stopped.set()
        self._pending_added.set()
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
        self._pending_added.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            self._pending_added.wait()
            self._pending_added.clear()
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
