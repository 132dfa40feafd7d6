"""Fakes that mirror real parts, and builders for what they take."""

import ipaddress
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa

from kb.filters import Filters
from kb.records import Record
from kb.relevance import SHIPPED, shared_words
from kb.search import Found, Hit
from tests.support.databases import copy_frozen, empty_frozen
from worker.addresses import Guard
from worker.answering.question import Draft, Question, TextListener, ignore_text
from worker.conversations.actions import ConversationActions
from worker.conversations.events import record_conversation_event
from worker.conversations.fan_out import enqueue_conversation_deliveries
from worker.conversations.intake import Intake, Opening, Submission
from worker.conversations.outcomes import Answer, Outcome, Piece
from worker.secret_box import SecretBox
from worker.states import EventType
from worker.store.engine import Store, open_store
from worker.store.rows import Conversation
from worker.store.tables import conversation

#: What a `TableClock` tells first.
BEGINNING_MS = 1_000_000

#: Lets callbacks go to receivers on this machine.
LOOPBACK = Guard(allow=[ipaddress.ip_network("127.0.0.0/8")])

#: Seals secrets in the databases of tests.
SECRET_KEY = "ZmFrZS1rZXktb2YtdGhlLXRlc3RzLW5vdC1hLXNlY3I="


class TableClock:
    """A clock that stands still until it is told: one row that every statement reads, in any database."""

    def sql(self) -> sa.ColumnElement[int]:
        return sa.literal_column("(SELECT ms FROM test_clock)", sa.BigInteger)

    @staticmethod
    def advance(store: Store, seconds: float) -> None:
        with store.begin() as tx:
            tx.execute(sa.text("UPDATE test_clock SET ms = ms + :ms"), {"ms": int(seconds * 1000)})


def frozen_store(url: str) -> Store:
    """Open a database, empty and of this version, whose time is told by `TableClock.advance`."""
    if url.startswith("sqlite:///"):
        copy_frozen(Path(url.removeprefix("sqlite:///")), at=BEGINNING_MS)
    else:
        empty_frozen(url, at=BEGINNING_MS)
    return open_store(url, clock=TableClock(), secret_box=SecretBox((SECRET_KEY,), Path(os.devnull)))


def accept(store: Store, workspace_id: str, text: str = "How do I reset my password?", **fields: object) -> dict:
    """Submit a ticket and return its message."""
    opening = Opening(external_id=fields.pop("external_id", None), requester=fields.pop("requester", None))  # type: ignore[arg-type]
    submission = Submission(content=text, **{"deadline_s": 120, **fields})  # type: ignore[arg-type]
    return Intake(store).submit(workspace_id, opening, submission).message


def hit(
    text: str,
    *,
    title: str = "Cookies",
    dense: float | None = 0.9,
    url: str | None = None,
    start: int = 0,
    number: int = 1,
) -> Hit:
    record = Record(
        passage_id=f"psg_{number}",
        document_id=f"doc_{number}",
        title=title,
        url=url,
        headings=(title,),
        anchor="section",
        start=start,
        end=start + len(text),
        text=text,
    )
    return Hit(record=record, score=1.0, dense=dense, lexical=1.0)


@dataclass
class FakeSearch:
    hits: Sequence[Hit] = ()
    queries: list[str] = field(default_factory=list)

    def search(self, workspace_id: str, query: str, *, limit: int, filters: Filters | None = None) -> Found:
        self.queries.append(query)
        return Found(snapshot="1-abc", hits=tuple(weighed(hit, query) for hit in self.hits[:limit]))


def weighed(hit: Hit, query: str) -> Hit:
    """Return a passage with its relevance to a query, as a search would."""
    words = shared_words(query, " ".join((hit.record.title, *hit.record.headings, hit.record.text)))
    scale = SHIPPED.lexical if hit.dense is None else SHIPPED.embedded
    return replace(hit, words=words, relevance=scale.probability(hit.dense or 0.0, words))


@dataclass
class FakeAnswerer:
    text: str | None = None
    error: Exception | None = None
    name: str = "llm"
    version: int = 1
    calls: list[Question] = field(default_factory=list)

    def may_find_more(self, _question: Question, /) -> bool:
        return False

    def draft(
        self,
        question: Question,
        hits: Sequence[Hit],
        *,
        revoked: Callable[[], bool],
        on_text: TextListener = ignore_text,
    ) -> Draft:
        self.calls.append(question)
        for end in range(1, len(self.text or "") + 1):
            on_text((self.text or "")[:end])
        if self.error is not None:
            raise self.error
        return Draft(text=self.text, model="fake")


@dataclass
class FakeAgent:
    outcome: Outcome | Callable[[Question], Outcome]
    questions: list[Question] = field(default_factory=list)

    def answer(self, question: Question, *, revoked: Callable[[], bool], say: Callable[[Piece], None]) -> Outcome:
        self.questions.append(question)
        return self.outcome(question) if callable(self.outcome) else self.outcome


@dataclass
class FakeHints:
    drained: list[str] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)

    def drain(self, conversation_id: str) -> None:
        self.drained.append(conversation_id)

    def deliver(self, conversation_id: str) -> None:
        self.delivered.append(conversation_id)


def conversation_actions(
    store: Store, *, hints: FakeHints | None = None, wake: Callable[[str], None] = lambda _id: None
) -> ConversationActions:
    """Return actions whose notifications go to fakes."""
    return ConversationActions(store, intake=Intake(store), wake=wake, hints=hints or FakeHints())


def record_resumed(tx: sa.Connection, conversation_id: str, *, now: int) -> None:
    """Record that the bot has a conversation again, and enqueue what that causes."""
    statement = sa.select(conversation).where(conversation.c.id == conversation_id)
    row = Conversation.from_row(tx.execute(statement).mappings().one())
    event = record_conversation_event(tx, row, EventType.CONVERSATION_RESUMED, now=now)
    enqueue_conversation_deliveries(tx, row, event)


def answer(text: str = "Yes.") -> Answer:
    return Answer(content=text, citations=(), support=1.0, answerer="fake")
