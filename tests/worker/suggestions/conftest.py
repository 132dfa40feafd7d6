"""A desk in which agents reply to what the bot could not answer."""

import pytest

from tests.support.fakes import TableClock, accept, conversation_actions
from worker.conversations.outcomes import Handoff
from worker.knowledge.library import Library
from worker.store.idempotency import IdempotencyKeys
from worker.suggestions.collecting import SETTLED_MS, Collector
from worker.suggestions.drafting import Drafter
from worker.suggestions.suggestions import Suggestions
from worker.turns.mailbox import Mailbox

ADA = {"id": "7", "name": "Ada Lovelace", "email": "ada@shop.example"}
REPLY = "We sell gift cards of €25 and €50 at the desk of every shop, and they are valid for three years."


class Desk:
    """Customers ask, the bot hands off, agents reply."""

    def __init__(self, store, workspace_id):
        self.store, self.workspace_id = store, workspace_id
        self.actions = conversation_actions(store)

    def ask(self, text, *, reason="no_answer", **fields):
        """Have a message handed off; return it."""
        made = accept(self.store, self.workspace_id, text, deadline_s=10**7, **{"requester": ADA, **fields})
        mailbox = Mailbox(self.store, holder="one")
        mailbox.finish(mailbox.claim(made["conversation_id"]), Handoff(reason=reason, summary="?"))
        return made

    def reply(self, message, text=REPLY, *, author="Tom Baker"):
        self.actions.reply(self.workspace_id, message["conversation_id"], content=text, author=author)

    def settle(self):
        TableClock.advance(self.store, SETTLED_MS / 1000 + 1)

    def answered(self, text, reply=REPLY, **fields):
        """Have a message handed off and replied to, and wait until that is settled; return it."""
        made = self.ask(text, **fields)
        self.reply(made, reply)
        self.settle()
        return made


@pytest.fixture
def desk(store, workspace_id):
    return Desk(store, workspace_id)


@pytest.fixture
def collector(store):
    return Collector(store)


@pytest.fixture
def suggestions(store):
    return Suggestions(store, Library(store, IdempotencyKeys(store, kept_s=60)))


@pytest.fixture
def draft(store, embedder, collector):
    """Draft all that is replied."""

    def do(writer=None):
        drafter = Drafter(store=store, embedder=embedder, writer_of=lambda _workspace_id: writer)
        collector.collect()
        ids = drafter.due(limit=100)
        for id in ids:
            drafter.draft(id)
        return len(ids)

    return do
