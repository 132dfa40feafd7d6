"""A whole desk in one process: mailbox, drainer, agent, a model over HTTP, tools."""

import json
import threading
from dataclasses import replace

import sqlalchemy as sa

from tests.support.fakes import FakeHints, FakeSearch, accept, hit
from worker.answering.agent import Agent, search_for_tool
from worker.answering.chat_api.client import Price, open_client
from worker.answering.chat_api.spending import Spending
from worker.answering.drafting.llm import LlmAnswerer
from worker.answering.question import Question
from worker.answering.tools import builtin
from worker.answering.tools.call_log import SqlToolCallLog
from worker.answering.tools.registry import Registry
from worker.caching import MemoryCache
from worker.conversations.sessions import MemorySessionStore
from worker.customers.identity import customer_of
from worker.customers.memories import Memories
from worker.errors import DatabaseUnavailable
from worker.store.tables import conversation, message, reply
from worker.turns.drainer import Drainer, WorkspaceParts
from worker.turns.history import History
from worker.turns.leases import Leases
from worker.turns.mailbox import Mailbox
from worker.turns.slots import Slots

TOKEN = "shop-secret-token"
ADA = {"name": "Ada", "email": "ada@shop.example"}
COOKIES = hit("You can delete cookies in the browser. They come back with the next visit.")


class Desk:
    """A desk in one process; `ask` has one message answered and returns what became of it."""

    def __init__(self, store, workspace_id, model_url, tools, *, budgets=(), redactor=None):
        self.store, self.workspace_id = store, workspace_id
        self.knowledge = FakeSearch([COOKIES])
        self.memories = Memories(store)
        own = (builtin.search(search_for_tool(self.knowledge)), builtin.remember(self.memories), builtin.escalate())
        answerer = LlmAnswerer(
            client=open_client(api_key=None, base_url=f"{model_url}/v1"),
            models=("good",),
            timeout_s=10,
            prices={"good": Price(prompt=1000, completion=1000)},
            registry=Registry(tools=(*own, *tools), call_log=SqlToolCallLog(store)),
            spending=Spending(store, budgets),
            redactor=redactor,
        )
        self.agent = Agent(
            knowledge=self.knowledge,
            answerer=answerer,
            answer_cache=MemoryCache("answers", limit=10),
            rewriter=answerer.rewrite,
        )
        mailbox = Mailbox(store, holder="one")
        self.drainer = Drainer(
            mailbox=mailbox,
            leases=Leases(mailbox),
            history=History(sessions=MemorySessionStore(), store=store, window=20),
            parts_of=lambda _workspace_id: WorkspaceParts(agent=self.agent, known=self._recall),
            hints=FakeHints(),
            wake=lambda _id: None,
            slots=Slots(4),
            stopping=threading.Event(),
        )

    def _recall(self, workspace_id, facts, text):
        return self.memories.recall(workspace_id, customer_of(facts) or "", text)

    def write(self, content, *, external_id="x", requester=ADA, **fields):
        """Put a message into the mailbox; return its conversation."""
        made = accept(self.store, self.workspace_id, content, external_id=external_id, requester=requester, **fields)
        self.written = made["id"]
        return made["conversation_id"]

    def ask(self, content, *, external_id="x", requester=ADA, again=False):
        """Have a message answered and return it with its reply; `again` after its worker was lost once."""
        conversation_id = self.write(content, external_id=external_id, requester=requester)
        self.drainer.drain(conversation_id)
        if again:
            with self.store.begin() as tx:
                tx.execute(conversation.update().values(due_at=0))
            self.drainer.drain(conversation_id)
        with self.store.read() as connection:
            row = connection.execute(
                sa.select(message, reply.c.content.label("reply"), reply.c.citations, reply.c.cost_usd)
                .outerjoin(reply, reply.c.id == message.c.reply_id)
                .where(message.c.id == self.written)
            )
            return row.mappings().one()

    def fail_once(self, name):
        """Let the next call of a part of the mailbox find the database unavailable."""
        mailbox, real = self.drainer.mailbox, getattr(self.drainer.mailbox, name)

        def unavailable(*_arguments):
            setattr(mailbox, name, real)
            raise DatabaseUnavailable

        setattr(mailbox, name, unavailable)

    def question(self, content):
        """Return a question in a conversation that is there."""
        return Question(
            workspace_id=self.workspace_id,
            conversation_id=self.write(content),
            message_id=self.written,
            content=content,
            facts=ADA,
        )

    def unconfirmed(self, name, question, arguments):
        """Call a tool as if nobody had to be asked."""
        registry = self.agent.answerer.registry
        tools = [replace(tool, confirmation=None) if tool.name == name else tool for tool in registry.tools]
        return replace(registry, tools=tools).call(question, name, json.dumps(arguments))

    def rows(self, table):
        with self.store.read() as connection:
            return [dict(row) for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings()]
