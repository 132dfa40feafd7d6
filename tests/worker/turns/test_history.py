"""The session of a turn: from the cache while it is current, else from SQL, with what the turn added."""

from dataclasses import replace

import pytest

from tests.support.fakes import accept, answer
from worker.conversations.outcomes import Handoff
from worker.conversations.sessions import MemorySessionStore, SessionsUnavailable
from worker.states import HandoffReason, Owner, ReplyKind, Role
from worker.turns.history import History
from worker.turns.mailbox import Mailbox


class UnavailableSessions(MemorySessionStore):
    """A session store that cannot be reached."""

    def get(self, conversation_id):
        raise SessionsUnavailable

    def put(self, session):
        raise SessionsUnavailable


@pytest.fixture
def mailbox(store) -> Mailbox:
    return Mailbox(store, holder="one")


def take_turn(history: History, mailbox: Mailbox, conversation_id: str, outcome) -> None:
    claim = mailbox.claim(conversation_id)
    session = history.load(claim)
    history.save(claim, session, outcome, mailbox.finish(claim, outcome))


@pytest.mark.parametrize("sessions", [MemorySessionStore, UnavailableSessions])
def test_the_next_turn_knows_the_one_before_it(store, workspace_id, mailbox, sessions):
    history = History(sessions=sessions(), store=store, window=20)
    sent = accept(store, workspace_id, "What colour is it?", external_id="x")
    take_turn(history, mailbox, sent["conversation_id"], answer("It is blue."))
    accept(store, workspace_id, "And how big?", external_id="x")

    session = history.load(mailbox.claim(sent["conversation_id"]))

    turns = [(turn.role, turn.content) for turn in session.turns]
    assert turns == [(Role.CUSTOMER, "What colour is it?"), (Role.ASSISTANT, "It is blue.")]
    assert session.counters["answered"] == 1


def test_a_session_keeps_the_newest_turns_only(store, workspace_id, mailbox):
    history = History(sessions=MemorySessionStore(), store=store, window=2)
    for text in ("one", "two"):
        sent = accept(store, workspace_id, text, external_id="x")
        take_turn(history, mailbox, sent["conversation_id"], answer(f"to {text}"))

    session = history.sessions.get(sent["conversation_id"])

    assert [turn.content for turn in session.turns] == ["two", "to two"]


def test_a_handoff_makes_a_human_the_owner_in_the_session_too(store, workspace_id, mailbox):
    history = History(sessions=MemorySessionStore(), store=store, window=20)
    sent = accept(store, workspace_id)
    handoff = Handoff(reason=HandoffReason.NO_ANSWER, summary="?")
    take_turn(history, mailbox, sent["conversation_id"], handoff)

    session = history.sessions.get(sent["conversation_id"])

    assert (session.owner, session.counters) == (Owner.HUMAN, {"handed_off": 1, "messages": 1})


def test_nothing_is_stored_when_every_message_was_cancelled_meanwhile(store, workspace_id, mailbox):
    history = History(sessions=MemorySessionStore(), store=store, window=20)
    sent = accept(store, workspace_id)
    claim = mailbox.claim(sent["conversation_id"])
    finished = mailbox.finish(claim, answer())
    nothing = type(finished)(history=finished.history, seq=None, more=False, message_ids=())

    history.save(claim, history.load(claim), answer(), nothing)

    assert history.sessions.get(sent["conversation_id"]) is None


@pytest.mark.parametrize("sessions", [MemorySessionStore, UnavailableSessions])
def test_the_next_turn_knows_that_the_one_before_it_was_a_question_back(store, workspace_id, mailbox, sessions):
    history = History(sessions=sessions(), store=store, window=20)
    sent = accept(store, workspace_id, "Shoes?", external_id="x")
    asked = replace(answer("Which?"), kind=ReplyKind.CLARIFICATION, options=("A", "B"))
    take_turn(history, mailbox, sent["conversation_id"], asked)
    accept(store, workspace_id, "A", external_id="x")
    take_turn(history, mailbox, sent["conversation_id"], answer("A it is."))
    accept(store, workspace_id, "Thanks for nothing", external_id="x")

    session = history.load(mailbox.claim(sent["conversation_id"]))

    assert [turn.kind for turn in session.turns] == ["answer", "clarification", "answer", "answer"]
    assert (session.counters["answered"], session.counters["clarified"]) == (1, 1)
