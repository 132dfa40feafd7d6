"""Says whether every promise was kept, from what can be seen: answers over HTTP, tables, the receiver's log.

It shares no code with the product. SQL is written by hand on the bare drivers.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENDED = ("answered", "handed_off", "cancelled", "failed")


@dataclass
class Sent:
    """What a client knows of one submission: its key, and every id that it was ever told for it."""

    key: str
    thread: str
    at: float
    ids: list[str] = field(default_factory=list)
    accepted_at: float = 0.0
    callback: bool = False
    cancelled: bool = False
    tries: int = 0


@dataclass
class Received:
    """One callback as it came in."""

    at: float
    id: str
    path: str
    body: bytes
    answered: str  # what the receiver did: a status, "slow" or "reset"


@dataclass
class Verdict:
    """What the checker found. Each of `lost`, `doubled` and `disordered` is a list of sentences."""

    through: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    states: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    finished_at: dict[str, float] = field(default_factory=dict)
    accepted_at: dict[str, float] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        return not (self.lost or self.doubled or self.disordered)

    def problems(self) -> list[str]:
        return [
            f"{kind}: {one}"
            for kind, found in (("lost", self.lost), ("doubled", self.doubled), ("out of order", self.disordered))
            for one in found[:5]
        ]


class Tables:
    """The tables, read with the bare driver."""

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite"):
            self._connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)
            self._connection.row_factory = sqlite3.Row
        else:
            import psycopg
            from psycopg.rows import dict_row

            url = url.replace("postgresql+psycopg://", "postgresql://")
            self._connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        cursor = self._connection.cursor()
        cursor.execute(sql)
        return [dict(row) for row in cursor.fetchall()]

    def close(self) -> None:
        self._connection.close()


def read_tables(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return the tables that hold promises."""
    tables = Tables(url)
    try:
        return {
            "message": tables.rows(
                "SELECT id, conversation_id, seq, role, state, reply_id, handoff, created_at, finished_at, started_at,"
                " attempts FROM message ORDER BY conversation_id, seq"
            ),
            "event": tables.rows("SELECT message_id, type FROM event WHERE message_id IS NOT NULL ORDER BY id"),
            "reply": tables.rows("SELECT id, content FROM reply"),
            "delivery": tables.rows("SELECT id, message_id, state FROM delivery"),
        }
    finally:
        tables.close()


def check(
    sent: Sequence[Sent],
    tables: Mapping[str, list[dict[str, Any]]],
    *,
    shown: Mapping[str, Mapping[str, Any]],
    received: Iterable[Received] = (),
    retried: Iterable[str] = (),
    each: bool = True,
) -> Verdict:
    """Compare what was promised with what became of it.

    Args:
        sent: what clients submitted and were told.
        tables: see `read_tables`.
        shown: messages as `GET /messages/{id}` shows them, by id.
        received: what the receiver of callbacks got.
        retried: ids of messages that an operator gave back to the bot: they may have been handed off before.
        each: whether every message has a reply of its own (policy `each`), or a burst may share one.
    """
    verdict = Verdict()
    promised = [one for one in sent if one.ids]
    verdict.through = len(promised)
    rows = {row["id"]: row for row in tables["message"]}
    _one_id_per_key(promised, rows, verdict)
    _all_end(promised, rows, shown, verdict)
    _one_end_each(rows, tables["event"], set(retried), verdict)
    _one_reply_each(rows, tables["reply"], shown, verdict)
    if each:
        _no_reply_shared(rows, verdict)
    _in_order(promised, rows, set(retried), verdict)
    _called_back(promised, rows, tables["delivery"], list(received), verdict)
    return verdict


def _one_id_per_key(sent: Sequence[Sent], rows: Mapping[str, Any], verdict: Verdict) -> None:
    by_key: defaultdict[str, set[str]] = defaultdict(set)
    for one in sent:
        by_key[one.key] |= set(one.ids)
    for key, ids in by_key.items():
        if len(ids) > 1:
            verdict.doubled.append(f"key {key} became {len(ids)} messages")
    customers = sum(row["role"] == "customer" for row in rows.values())
    if customers > len(by_key):
        verdict.doubled.append(f"{customers} messages are stored for {len(by_key)} keys")


def _all_end(sent: Sequence[Sent], rows: Mapping[str, Any], shown: Mapping[str, Any], verdict: Verdict) -> None:
    for id in dict.fromkeys(one.ids[0] for one in sent):
        row, told = rows.get(id), shown.get(id)
        if row is None:
            verdict.lost.append(f"{id} was accepted and is not stored")
            continue
        verdict.states[row["state"]] += 1
        if row["state"] == "handed_off":
            handoff = row["handoff"]
            verdict.reasons[(json.loads(handoff) if isinstance(handoff, str) else handoff)["reason"]] += 1
        if row["state"] not in ENDED:
            verdict.lost.append(f"{id} has not ended: {row['state']}")
        else:
            verdict.finished_at[id] = row["finished_at"] / 1000
        if told is None or told["state"] != row["state"]:
            verdict.lost.append(f"{id} is {row['state']}, but clients see {told and told['state']}")
    for one in sent:
        row = rows.get(one.ids[0])
        if one.cancelled and row is not None and row["state"] != "cancelled":
            verdict.doubled.append(f"{row['id']} was cancelled, and is {row['state']}")
        verdict.accepted_at[one.ids[0]] = one.accepted_at


def _one_end_each(
    rows: Mapping[str, Any], events: Sequence[Mapping[str, Any]], retried: set[str], verdict: Verdict
) -> None:
    ends: defaultdict[str, list[str]] = defaultdict(list)
    for event in events:
        if event["type"] in ENDED:
            ends[event["message_id"]].append(event["type"])
    for id, row in rows.items():
        if row["role"] != "customer" or row["state"] not in ENDED:
            continue
        told = ends[id]
        if id in retried:  # handed off, perhaps more than once, and then its end
            told = [end for end in told[:-1] if end != "handed_off"] + told[-1:]
        if told != [row["state"]]:
            verdict.doubled.append(f"{id} is {row['state']} and its log says {ends[id]}")


def _one_reply_each(
    rows: Mapping[str, Any], replies: Sequence[Mapping[str, Any]], shown: Mapping[str, Any], verdict: Verdict
) -> None:
    spoken = {id for id, row in rows.items() if row["role"] == "assistant"}
    used = {row["reply_id"] for row in rows.values() if row["role"] == "customer" and row["reply_id"]}
    for id in spoken - used:
        verdict.doubled.append(f"{id} answers nothing: somebody was answered twice")
    for id in used - spoken:
        verdict.lost.append(f"the answer {id} is promised and not there")
    if {reply["id"] for reply in replies} != spoken:
        verdict.doubled.append("replies and the assistant's messages differ")
    for row in rows.values():
        if row["role"] == "customer" and (row["state"] == "answered") != bool(row["reply_id"]):
            verdict.lost.append(f"{row['id']} is {row['state']} with reply {row['reply_id']}")
    contents = {reply["id"]: reply["content"] for reply in replies}
    for id, told in shown.items():
        if told["reply"] and told["reply"]["content"] != contents.get(told["reply"]["id"]):
            verdict.doubled.append(f"{id} is shown with another answer than is stored")


def _no_reply_shared(rows: Mapping[str, Any], verdict: Verdict) -> None:
    for reply, count in Counter(row["reply_id"] for row in rows.values() if row["reply_id"]).items():
        if count > 1:
            verdict.lost.append(f"{reply} passes for the answer to {count} messages")


def _in_order(sent: Sequence[Sent], rows: Mapping[str, Any], retried: set[str], verdict: Verdict) -> None:
    talks: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows.values():
        talks[row["conversation_id"]].append(row)
    for talk, said in talks.items():
        seqs = [row["seq"] for row in said]
        if seqs != list(range(1, len(seqs) + 1)):
            verdict.disordered.append(f"{talk} has the seqs {seqs}")
        answered = [row for row in said if row["role"] == "customer" and row["reply_id"]]
        place = {row["id"]: row["seq"] for row in said}
        order = [place.get(row["reply_id"], 0) for row in answered]
        if order != sorted(order):
            verdict.disordered.append(f"{talk} was answered in the order {order}")
        for row in answered:
            if place.get(row["reply_id"], 0) <= row["seq"]:
                verdict.disordered.append(f"{row['id']} was answered before it was asked")
        # Nothing overtakes: not even what goes to a person. A cancel may, and what an operator tried again.
        ended = [
            row
            for row in said
            if row["role"] == "customer" and row["state"] != "cancelled" and row["id"] not in retried
        ]
        times = [row["finished_at"] or float("inf") for row in ended]
        if times != sorted(times):
            verdict.disordered.append(f"{talk} ended at {times}")
    threads: defaultdict[str, list[Sent]] = defaultdict(list)
    for one in sent:
        threads[one.thread].append(one)
    for thread, theirs in threads.items():
        # What one client sent after it had the 202 of the one before stands after it.
        stored = [rows[one.ids[0]] for one in sorted(theirs, key=lambda one: one.at) if one.ids[0] in rows]
        by_talk: defaultdict[str, list[int]] = defaultdict(list)
        for row in stored:
            by_talk[row["conversation_id"]].append(row["seq"])
        for seqs in by_talk.values():
            if seqs != sorted(seqs):
                verdict.disordered.append(f"{thread} wrote in order and is stored as {seqs}")


def _called_back(
    sent: Sequence[Sent],
    rows: Mapping[str, Any],
    deliveries: Sequence[Mapping[str, Any]],
    received: Sequence[Received],
    verdict: Verdict,
) -> None:
    wanted = {one.ids[0] for one in sent if one.callback}
    taken = {one.id for one in received if one.answered.startswith("2")}
    for delivery in deliveries:
        if delivery["message_id"] in wanted and (delivery["state"] != "delivered" or delivery["id"] not in taken):
            verdict.lost.append(f"the callback {delivery['id']} is {delivery['state']} and was not taken")
    promised = Counter(delivery["message_id"] for delivery in deliveries)
    got: defaultdict[str, set[str]] = defaultdict(set)
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    for one in received:
        told = json.loads(one.body)
        bodies[one.id].add(one.body)
        got[told["data"]["message"]["id"]].add(one.id)
        row = rows.get(told["data"]["message"]["id"])
        if row is not None and row["state"] != told["data"]["message"]["state"]:
            verdict.doubled.append(f"the callback for {row['id']} tells another outcome than is stored")
    for id in wanted:
        if promised[id] != 1:
            verdict.doubled.append(f"{id} has {promised[id]} deliveries")
        if not got[id]:
            verdict.lost.append(f"the callback for {id} never came")
        elif len(got[id]) > 1:
            verdict.doubled.append(f"the callback for {id} came under {len(got[id])} ids")
    for id, several in bodies.items():
        if len(several) > 1:
            verdict.doubled.append(f"{id} was delivered with {len(several)} different bodies")
