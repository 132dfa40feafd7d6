"""Exchanges become suggestions, the same questions one."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import sqlalchemy as sa

from tests.support.fakes import TableClock
from worker.answering.chat_api.errors import ModelError
from worker.store.tables import exchange
from worker.suggestions.drafting import Drafter

GIFT = ("Do you sell gift cards?", "Can I buy a gift card?", "I'd like to buy gift cards for a friend")
ARTICLE = {"title": "Do you sell gift cards?", "text": "Gift cards of €25 and €50 are sold at the desk of every shop."}


@dataclass
class FakeWriter:
    """A language model that writes an article, or fails."""

    article: object = field(default_factory=lambda: ARTICLE)
    error: Exception | None = None
    calls: list = field(default_factory=list)

    def ask(self, question, messages, *, max_tokens, as_json, revoked):
        self.calls.append((question, messages))
        if self.error is not None:
            raise self.error
        return SimpleNamespace(text=json.dumps(self.article))


def test_the_same_question_of_several_customers_is_one_suggestion(desk, draft, suggestions, workspace_id):
    for text in (*GIFT, "Can I bring my bicycle to the shop?"):
        desk.answered(text)
    assert draft() == 4
    found = suggestions.most_asked(workspace_id, state="open", limit=10)
    assert [(one["count"], one["title"], one["written_by"]) for one in found] == [
        (3, GIFT[0], "human"),
        (1, "Can I bring my bicycle to the shop?", "human"),
    ]
    exchanges = suggestions.get(workspace_id, found[0]["id"])["exchanges"]
    assert {one["question"] for one in exchanges} == set(GIFT)
    assert draft() == 0


def test_a_model_writes_the_draft_and_its_call_is_charged_to_the_conversation(desk, draft, suggestions, workspace_id):
    message, writer = desk.answered(GIFT[0]), FakeWriter()
    draft(writer)
    ((question, messages),) = writer.calls
    assert (question.conversation_id, question.message_id) == (message["conversation_id"], message["id"])
    assert "Ada" not in json.dumps(messages)
    (found,) = suggestions.page(workspace_id)[0]
    assert (found["text"], found["written_by"]) == (ARTICLE["text"], "model")
    desk.answered(GIFT[1])
    draft(writer)
    assert len(writer.calls) == 1, "what joins a suggestion costs nothing"


def test_while_the_model_is_down_an_exchange_waits_and_at_last_the_reply_stands(
    store, desk, draft, suggestions, workspace_id
):
    desk.answered(GIFT[0])
    writer = FakeWriter(error=ModelError("The model is down.", recovery="retry"))
    for attempt in range(1, 5):
        assert draft(writer) == 1, attempt
        assert suggestions.page(workspace_id)[0] == []
        assert draft(writer) == 0, "not at once"
        TableClock.advance(store, 301)
    draft(writer)
    (found,) = suggestions.page(workspace_id)[0]
    assert (found["written_by"], len(writer.calls)) == ("human", 4)


def test_a_refused_suggestion_is_not_offered_again_when_the_same_is_asked(desk, draft, suggestions, workspace_id):
    desk.answered(GIFT[0])
    draft()
    (found,) = suggestions.page(workspace_id)[0]
    suggestions.refuse(workspace_id, found["id"])
    desk.answered(GIFT[1])
    draft()
    assert suggestions.most_asked(workspace_id, state="open", limit=10) == []
    assert suggestions.get(workspace_id, found["id"])["count"] == 2


def test_what_is_asked_after_the_article_was_published_is_a_new_suggestion(
    store, desk, draft, suggestions, workspace_id
):
    before = desk.ask(GIFT[0])
    late = desk.ask(GIFT[1])
    desk.reply(before)
    desk.settle()
    draft()
    (found,) = suggestions.page(workspace_id)[0]
    TableClock.advance(store, 60)
    suggestions.accept(workspace_id, found["id"])
    desk.reply(late)
    desk.settle()
    draft()
    assert len(suggestions.page(workspace_id)[0]) == 1, "it was asked before"
    desk.answered(GIFT[2])
    draft()
    assert [one["state"] for one in suggestions.page(workspace_id)[0]] == ["open", "accepted"]


def test_two_workers_draft_an_exchange_once(store, embedder, desk, collector, suggestions, workspace_id):
    desk.answered(GIFT[0])
    collector.collect()
    inner = Drafter(store=store, embedder=embedder)
    (id,) = inner.due(limit=5)

    class Slow(FakeWriter):
        def ask(self, *arguments, **options):
            inner.draft(id)  # the other worker looks while this one writes
            return super().ask(*arguments, **options)

    Drafter(store=store, embedder=embedder, writer_of=lambda _workspace_id: Slow()).draft(id)
    assert [one["count"] for one in suggestions.page(workspace_id)[0]] == [1]


def test_what_is_erased_while_it_is_drafted_leaves_nothing(store, embedder, desk, collector, suggestions, workspace_id):
    from tests.worker.conversations.test_erasure import FakeDeltas
    from worker.conversations.erasure import erase_conversation
    from worker.conversations.sessions import MemorySessionStore
    from worker.store.scope import Scope

    message = desk.answered(GIFT[0])
    collector.collect()

    class Erasing(FakeWriter):
        def ask(self, *arguments, **options):
            scope = Scope(store, workspace_id)
            erase_conversation(scope, MemorySessionStore(), FakeDeltas(), message["conversation_id"])
            return super().ask(*arguments, **options)

    drafter = Drafter(store=store, embedder=embedder, writer_of=lambda _workspace_id: Erasing())
    drafter.draft(drafter.due(limit=1)[0])
    assert suggestions.page(workspace_id)[0] == []
    with store.read() as connection:
        assert connection.execute(sa.select(exchange)).first() is None
