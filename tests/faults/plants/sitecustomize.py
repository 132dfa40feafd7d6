"""Plants what FAULT_PLANT names into a process of the product: ways to die at a bad moment, and bugs.

The bugs are there to show that the checker finds them. Nothing of this is in the product itself.
"""

import os
import time

_REAL_TIME, _REAL_TIME_NS = time.time, time.time_ns


def clock(seconds):
    """This process's clock is off by so much."""
    time.time = lambda: _REAL_TIME() + float(seconds)
    time.time_ns = lambda: _REAL_TIME_NS() + int(float(seconds) * 1e9)


def exit_before_hint(calls):
    """Die between the commit and the hint, at every so many'th call."""
    from worker.hints import Hints

    left = [int(calls)]
    real = Hints._put

    def put(self, task, arguments):
        left[0] -= 1
        if left[0] <= 0:
            os._exit(9)
        real(self, task, arguments)

    Hints._put = put


def crash(word):
    """Die when a question holds this word, as on a model or index that takes the process down."""
    from worker.answering.agent import Agent

    real = Agent.answer

    def answer(self, question, **options):
        if word in question.content:
            os._exit(9)
        return real(self, question, **options)

    Agent.answer = answer


def numb(_):
    """The worker does not hear that a lease is lost, as when the thread that would tell it is starved."""
    from worker.turns.leases import Lease

    Lease.revoke = lambda self, *, lost: None


def send_lease(seconds):
    """An attempt to send is held for so long after its process was killed."""
    from worker.deliveries import sender

    sender.LEASE_S = float(seconds)


def exit_behind_250(when):
    """Die behind SMTP's 250 for so many a mail, as `commit=2`: before its commit, or behind it, before the copy of it.

    Mails are sent one by one, so that no other one is in the same place.
    """
    import threading

    from worker.mailboxes.transport import MailboxTransport

    place, _, number = when.partition("=")
    name = {"commit": "_keep", "copy": "_save_copy"}[place]
    left, turn = [int(number)], threading.Lock()
    real, real_send = getattr(MailboxTransport, name), MailboxTransport.send

    def step(self, *arguments, **named):
        left[0] -= 1
        if left[0] <= 0:
            os._exit(9)
        return real(self, *arguments, **named)

    def send(self, claimed):
        with turn:
            return real_send(self, claimed)

    setattr(MailboxTransport, name, step)
    MailboxTransport.send = send


def no_fence(_):
    """BUG: an outcome is written whoever holds the conversation."""
    import sqlalchemy as sa

    from worker.conversations.ledger import Ledger
    from worker.states import MessageState
    from worker.store.engine import Prepared
    from worker.store.rows import Message
    from worker.store.tables import conversation, message
    from worker.turns import statements
    from worker.turns.statements import Statements

    real = Statements.__init__

    def init(self, store, **options):
        real(self, store, **options)
        self.lock = (
            conversation.update()
            .where(conversation.c.id == sa.bindparam("conversation"), sa.bindparam("token") > 0)
            .values(updated_at=store.clock.sql())
            .returning(*conversation.c)
        )
        unfenced = (
            message.update()
            .where(
                message.c.conversation_id == sa.bindparam("conversation"),
                message.c.state == MessageState.RUNNING,
                message.c.fence >= sa.bindparam("token"),
            )
            .values(statements._answer()._values)
        )
        parameters = ("conversation", "token", "ended", "reply", "spent", "found")
        self.answer = Prepared(unfenced, parameters, store.engine.dialect)

    def held_messages(self, tx, conversation_id, token):
        held = sa.select(message).where(message.c.conversation_id == conversation_id, message.c.fence >= token)
        return [Message.from_row(row) for row in tx.execute(held).mappings()]

    Statements.__init__ = init
    Ledger.held_messages = held_messages


def hint_first(_):
    """BUG: the hint is published before the commit."""
    from worker.app import app
    from worker.conversations.intake import Intake
    from worker.hints import DRAIN, QUEUES, publisher

    real = Intake._insert_message

    def insert(self, tx, locked, submission, *more, **others):
        accepted = real(self, tx, locked, submission, *more, **others)
        publisher(app)(DRAIN, QUEUES[DRAIN], {"conversation_id": accepted.message["conversation_id"]})
        time.sleep(0.1)
        return type(accepted)(message=accepted.message, ready=False)

    Intake._insert_message = insert


def no_key(_):
    """BUG: accepting does not look whether the key was used."""
    from dataclasses import replace

    from worker.conversations.intake import Intake

    real = Intake._insert_message
    Intake._replayed = lambda self, workspace_id, submission: None
    Intake._insert_message = lambda self, tx, locked, submission, *more, **others: real(
        self, tx, locked, replace(submission, idempotency_key=None), *more, **others
    )


for plant in filter(None, os.environ.get("FAULT_PLANT", "").split(",")):
    name, _, argument = plant.partition(":")
    globals()[name](argument)
