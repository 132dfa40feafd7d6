"""Accept, claim, sweep and list with 1,000 and with 1,000,000 messages in the tables, and the plans behind them."""

import contextlib
import gc
import json
import re
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.faults.__main__ import reachable
from tests.support.fakes import answer, conversation_actions
from tests.support.servers import postgresql_schema
from worker.access.keys import Keys
from worker.conversations import serializers
from worker.conversations.intake import Intake, Opening, Submission
from worker.deliveries.sender import Sender
from worker.runtime.status import status
from worker.store import migrate
from worker.store.engine import Store, open_store
from worker.store.scope import Scope
from worker.store.tables import conversation, delivery, event, message, reply
from worker.telemetry.counters import Counters
from worker.turns.mailbox import Mailbox

_SMALL, _LARGE = 1_000, 1_000_000
_PER_CONVERSATION = 4
_ROUNDS = 400
_MAX_RATIO = 1.3
_WARM = 40

#: What must never be read from end to end.
_BIG = ("conversation", "message", "event", "reply", "delivery")


def run(_models: Path) -> dict[str, Any]:
    """Fill two databases of each kind, and take turns between them, so that the machine's moods hit both."""
    results: dict[str, Any] = {"most_ratio": _MAX_RATIO, "lines": []}
    for kind in ("sqlite", "postgresql"):
        if kind == "postgresql" and not reachable("postgresql"):
            results["lines"].append("postgresql: skipped, no server answers")
            continue
        with _filled(kind, _SMALL) as small, _filled(kind, _LARGE) as large:
            plans = _Plans(large)
            small_ms, large_ms = _measure(_Steps(small), _Steps(large))
            bad = plans.scans()
        ratios = {name: large_ms[name] / small_ms[name] for name in small_ms}
        results[kind] = {"small_ms": small_ms, "large_ms": large_ms, "ratios": ratios, "scans": bad}
        for name, ratio in ratios.items():
            results["lines"].append(
                f"{kind:<10} {name:<22} p50 {small_ms[name]:6.2f} ms with {_SMALL:,}, {large_ms[name]:6.2f} ms "
                f"with {_LARGE:,}: {ratio:.2f} (at most {_MAX_RATIO})"
            )
        results["lines"].append(
            f"{kind:<10} {len(plans.seen)} statements, each by an index"
            if not bad
            else f"{kind:<10} read from end to end: {bad}"
        )
    return results


@contextlib.contextmanager
def _filled(kind: str, count: int) -> Iterator[Store]:
    with contextlib.ExitStack() as exits:
        if kind == "sqlite":
            folder = exits.enter_context(tempfile.TemporaryDirectory())
            store = open_store(f"sqlite:///{folder}/growth.db")
        else:
            url = exits.enter_context(postgresql_schema())
            store = open_store(url.replace("postgresql://", "postgresql+psycopg://"))
        exits.callback(store.close)
        migrate.upgrade(store)
        _fill(store, count)
        yield store


def _fill(store: Store, count: int) -> None:
    """Write conversations of two questions and two answers each, long ago, all ended, in two workspaces."""
    owners = [Keys(store).workspace("default"), Keys(store).workspace("other")]
    batch = 20_000
    for first in range(0, count, batch):
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for number in range(first, min(count, first + batch), _PER_CONVERSATION):
            workspace_id = owners[(number // _PER_CONVERSATION) % 10 == 0]
            for table, row in _past_conversation(number, workspace_id):
                rows[table.name].append(row)
        with store.begin() as tx:
            for table in (conversation, message, reply, event, delivery):
                _insert(tx, table, rows[table.name])
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _past_conversation(number: int, workspace_id: str) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    """Yield the rows of a conversation, each with its table."""
    at = 1_600_000_000_000 + number
    id = f"conv_{at:012x}{number:014x}"
    common = {"workspace_id": workspace_id, "created_at": at}
    opened = {"id": id, "external_id": f"old-{number}", "owner": "bot", "mailbox": "idle", "updated_at": at}
    counters = {"next_seq": 5, "history": 2, "lease_token": 2, "abort": False}
    yield conversation, common | opened | counters
    sent = {"type": "message.answered", "url": "x", "payload": "{}", "state": "delivered", "attempts": 1}
    delivery_id = f"whd_{number:026x}"
    yield delivery, common | sent | {"id": delivery_id, "conversation_id": id, "lease_token": 1}
    for seq in range(1, 5):
        yield from _past_message(number, seq, common | {"conversation_id": id})


def _past_message(number: int, seq: int, common: dict[str, Any]) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    """Yield the rows of a message of a conversation: two questions come before their two answers."""
    at = common["created_at"]
    id = f"msg_{at:012x}{number + seq:014x}"
    by_assistant = seq > 2
    ended = {"id": id, "seq": seq, "state": "answered", "attempts": 1, "content": "How do I reset my password?"}
    kept = {
        "role": "assistant" if by_assistant else "customer",
        "idempotency_key": None if by_assistant else f"key-{number}-{seq}",
        "deadline_at": None if by_assistant else at + 120_000,
    }
    yield message, common | ended | kept
    yield event, common | {"message_id": id, "type": "answered", "data": {"reply_id": id}}
    if by_assistant:
        written = {"id": id, "content": "So.", "citations": [], "support": 1.0, "answerer": "llm"}
        yield reply, common | written | {"prompt_tokens": 1, "completion_tokens": 1, "cost_usd": 0.0}


def _insert(tx: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert many rows; PostgreSQL takes them as a COPY, ten times as fast."""
    if tx.dialect.name == "sqlite":
        tx.execute(table.insert(), rows)
        return
    names = list(rows[0])
    cursor = tx.connection.cursor()
    with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(
                [json.dumps(row[name]) if isinstance(row[name], dict | list) else row[name] for name in names]
            )


class _Steps:
    """The steps of a message's life, one at a time."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.workspace_id = Keys(store).workspace("default")
        self.intake = Intake(store)
        self.mailbox = Mailbox(store, holder="bench")
        self.actions = conversation_actions(store)
        self.sender = Sender(store)
        self.counters = Counters(store)
        self.other = Scope(store, Keys(store).workspace("other"))
        self.scope = Scope(store, self.workspace_id)
        self.number = 0
        self.claim: Any = None
        self.talk = ""

    def steps(self) -> dict[str, Callable[[], Any]]:
        return {
            "accept (new)": self._accept_new,
            "accept (continued)": self._accept_more,
            "sweep (nothing due)": lambda: self.mailbox.sweep(),
            "sweep deadlines": lambda: self.actions.hand_off_overdue(),
            "sweep callbacks": lambda: self.sender.due_destinations(),
            "status": lambda: status(self.store, self.counters),
            "claim": self._claim,
            "finish": lambda: self.mailbox.finish(self.claim, answer()),
            "list conversations": lambda: self.scope.page(conversation, after=None, limit=20),
            "list a rare workspace": lambda: self.other.page(conversation, after=None, limit=20),
            "list by owner": lambda: self.scope.page(conversation, conversation.c.owner == "bot", after=None, limit=20),
            "list an exchange": self._exchange,
        }

    def _submission(self) -> Submission:
        self.number += 1
        return Submission(
            content="How do I reset my password?", deadline_s=120, idempotency_key=f"new-{self.number}", fingerprint="x"
        )

    def _accept_new(self) -> None:
        self.talk = self.intake.submit(self.workspace_id, Opening(), self._submission()).message["conversation_id"]

    def _accept_more(self) -> None:
        self.intake.accept(self.workspace_id, self.talk, self._submission())

    def _claim(self) -> None:
        self.claim = self.mailbox.claim_any()
        assert self.claim.conversation_id == self.talk

    def _exchange(self) -> None:
        statement = (
            serializers.with_reply()
            .where(message.c.workspace_id == self.workspace_id, message.c.conversation_id == self.talk)
            .order_by(message.c.seq)
            .limit(51)
        )
        with self.store.read() as connection:
            assert len(list(connection.execute(statement).mappings())) == 3


def _measure(small: _Steps, large: _Steps) -> tuple[dict[str, float], dict[str, float]]:
    spent: list[dict[str, list[float]]] = [{name: [] for name in one.steps()} for one in (small, large)]
    both = [small.steps(), large.steps()]
    gc.collect()
    gc.disable()
    try:
        for number in range(_ROUNDS + _WARM):
            for name in both[0]:
                for place in ((0, 1), (1, 0))[number % 2]:
                    began = time.perf_counter()
                    both[place][name]()
                    if number >= _WARM:
                        spent[place][name].append((time.perf_counter() - began) * 1000)
    finally:
        gc.enable()
    first, second = ({name: statistics.median(times) for name, times in one.items()} for one in spent)
    return first, second


class _Plans:
    """Asks the database how it runs each statement that is seen."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.seen: dict[str, Any] = {}
        sa.event.listen(store.engine, "before_cursor_execute", self._see)

    def _see(self, _c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if not many and re.match(r"\s*(SELECT|UPDATE|DELETE)", statement):
            self.seen.setdefault(statement, parameters)

    def scans(self) -> list[str]:
        """Return the statements that read a big table from end to end."""
        sa.event.remove(self._store.engine, "before_cursor_execute", self._see)
        bad = []
        for statement, parameters in self.seen.items():
            with self._store.engine.connect() as connection:
                how = "EXPLAIN QUERY PLAN " if self._store.is_sqlite else "EXPLAIN "
                rows = connection.exec_driver_sql(how + statement, parameters).all()
                connection.rollback()
            plan = [str(row[-1]) for row in rows]
            for line in plan:
                scanned = re.search(r"(?:^SCAN|Seq Scan on) (\w+)(?! USING)", line)
                if scanned and scanned.group(1) in _BIG and "USING" not in line:
                    bad.append(f"{line.strip()} in {' '.join(statement.split())[:160]}")
        return bad
