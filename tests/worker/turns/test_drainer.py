"""A turn: claim, load the session, answer, finish, and what happens when a part is away."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.support.fakes import FakeAgent, FakeHints, TableClock, accept, answer
from worker.answering.question import Question
from worker.conversations.intake import Intake, Opening, Submission
from worker.conversations.outcomes import Handoff, Outcome, Retry
from worker.conversations.sessions import MemorySessionStore, SessionsUnavailable
from worker.reading.subjects import NO_TEXT
from worker.states import ReplyKind
from worker.store.tables import conversation, message
from worker.telemetry.counters import Counters
from worker.turns.drainer import Drainer, WorkspaceParts
from worker.turns.history import History
from worker.turns.leases import Leases
from worker.turns.mailbox import Mailbox
from worker.turns.slots import Slots
from worker.voice.voice import Voice
from worker.workspace_settings.overrides import SettingsRefused


class AwaySessions(MemorySessionStore):
    """A session store that cannot be reached."""

    def get(self, conversation_id):
        raise SessionsUnavailable

    def put(self, session):
        raise SessionsUnavailable


@pytest.fixture
def build(store) -> Callable[..., Drainer]:
    def make(outcome: Outcome | Callable[[Question], Outcome], sessions=None, **options) -> Drainer:
        mailbox = Mailbox(store, holder="one", **options)
        parts = WorkspaceParts(agent=FakeAgent(outcome))
        return Drainer(
            mailbox=mailbox,
            leases=Leases(mailbox),
            history=History(sessions=sessions or MemorySessionStore(), store=store, window=20),
            parts_of=lambda _workspace_id: parts,
            hints=FakeHints(),
            wake=lambda _id: None,
            slots=Slots(4),
            stopping=threading.Event(),
        )

    return make


def row_of(store, id: str):
    with store.read() as connection:
        return connection.execute(sa.select(message).where(message.c.id == id)).one()


def test_a_picture_alone_is_no_text_of_the_question_that_follows(store, workspace_id, build):
    asked: list[str] = []

    def keep(question: Question) -> Outcome:
        asked.append(question.content)
        return answer("It is red.")

    first = accept(store, workspace_id, NO_TEXT, external_id="x")
    accept(store, workspace_id, "Why is this light red?", external_id="x")
    build(keep).drain(first["conversation_id"])
    assert asked == ["Why is this light red?"]


def test_the_second_question_knows_the_first_and_its_answer(store, workspace_id, build):
    drainer = build(answer("It is blue."))
    first = accept(store, workspace_id, "What colour is it?", external_id="x")
    drainer.drain(first["conversation_id"])
    accept(store, workspace_id, "And how big?", external_id="x")
    drainer.drain(first["conversation_id"])
    said = [(turn.role, turn.content) for turn in drainer.parts_of("").agent.questions[-1].turns]
    assert said == [("customer", "What colour is it?"), ("assistant", "It is blue.")]


def test_a_conversation_that_is_somebody_else_s_by_now_is_answered_for_them(store, workspace_id, build):
    """What tools and memories may do is for whom the conversation is, not for whom it was in the session."""
    drainer = build(answer("It is blue."))
    alice, bob = {"id": "alice"}, {"id": "bob", "email": "bob@shop.example"}
    conversation_id = accept(store, workspace_id, external_id="x", requester=alice)["conversation_id"]
    drainer.drain(conversation_id)
    with store.begin() as tx:
        tx.execute(conversation.update().where(conversation.c.id == conversation_id).values(requester=bob))
    for _ in range(2):
        accept(store, workspace_id, external_id="x", requester=bob)
        drainer.drain(conversation_id)
    assert [question.facts for question in drainer.parts_of("").agent.questions] == [alice, bob, bob]


@pytest.mark.parametrize("lost", ["flushed", "stale", "away"])
def test_losing_the_session_changes_no_answer(store, workspace_id, build, lost):
    sessions = AwaySessions() if lost == "away" else MemorySessionStore(ttl_s=0 if lost == "flushed" else 60)
    drainer = build(answer("It is blue."), sessions)
    first = accept(store, workspace_id, "What colour is it?", external_id="x")
    drainer.drain(first["conversation_id"])
    if lost == "stale":  # as after a restore of an older database
        kept = sessions.get(first["conversation_id"])
        assert sessions.put(kept.extended([], history=99, owner="bot", window=1, counted={}))
    accept(store, workspace_id, "And how big?", external_id="x")
    drainer.drain(first["conversation_id"])
    said = [turn.content for turn in drainer.parts_of("").agent.questions[-1].turns]
    assert said == ["What colour is it?", "It is blue."]


def test_what_is_erased_while_a_turn_ends_is_not_kept_after_it(store, workspace_id, build):
    sessions = MemorySessionStore()
    drainer = replace(build(answer(), sessions), wake=sessions.delete)  # between the outcome and the session
    sent = accept(store, workspace_id)
    drainer.drain(sent["conversation_id"])
    assert row_of(store, sent["id"]).state == "answered"
    assert sessions.get(sent["conversation_id"]) is None


def test_a_finished_turn_goes_on_with_what_waits_elsewhere(store, workspace_id, build):
    drainer = build(answer())
    sent = [accept(store, workspace_id) for _ in range(3)]
    drainer.drain(sent[0]["conversation_id"])
    assert [row_of(store, one["id"]).state for one in sent] == ["answered"] * 3


def test_a_hint_at_a_conversation_that_is_taken_returns_at_once(store, workspace_id, build):
    sent = accept(store, workspace_id)
    Mailbox(store, holder="other").claim(sent["conversation_id"])
    accept(store, workspace_id)
    drainer = build(answer())
    drainer.drain(sent["conversation_id"])
    assert drainer.parts_of("").agent.questions == []


def test_a_crash_of_the_agent_is_retried_and_at_last_handed_off_without_blocking_others(store, workspace_id, build):
    def poison(question: Question) -> Outcome:
        if "poison" in question.content:
            raise ZeroDivisionError
        return answer()

    drainer = build(poison, max_attempts=2)
    bad = accept(store, workspace_id, "poison")
    good = accept(store, workspace_id, "fine")
    for _ in range(4):
        drainer.drain(bad["conversation_id"])
        drainer.drain(good["conversation_id"])
        TableClock.advance(store, 10)
    assert row_of(store, good["id"]).state == "answered"
    row = row_of(store, bad["id"])
    assert (row.state, row.handoff["reason"], row.error["code"]) == ("handed_off", "error", "unexpected")
    assert row.attempts == 3


def test_a_retry_keeps_its_error_for_the_operator(store, workspace_id, build):
    drainer = build(Retry(error={"code": "model_error", "message": "busy"}, after_s=5))
    sent = accept(store, workspace_id)
    drainer.drain(sent["conversation_id"])
    row = row_of(store, sent["id"])
    assert (row.state, row.error["message"]) == ("queued", "busy")


def test_a_message_taken_up_after_its_deadline_is_handed_off_without_asking_anyone(store, workspace_id, build):
    drainer = build(answer())
    sent = accept(store, workspace_id, deadline_s=1)
    TableClock.advance(store, 2)
    drainer.drain(sent["conversation_id"])
    assert row_of(store, sent["id"]).handoff["reason"] == "deadline"
    assert drainer.parts_of("").agent.questions == []


def test_deliveries_are_hinted_at_when_a_turn_has_ended(store, workspace_id, build):
    drainer = build(Handoff(reason="no_answer", summary="?"))
    sent = accept(store, workspace_id)
    drainer.drain(sent["conversation_id"])
    assert drainer.hints.delivered == [sent["conversation_id"]]


def test_a_stopping_worker_takes_no_further_turn(store, workspace_id, build):
    drainer = build(answer())
    one, two = accept(store, workspace_id), accept(store, workspace_id)
    drainer.stopping.set()
    drainer.drain(one["conversation_id"])
    assert row_of(store, two["id"]).state == "queued"


def test_a_process_takes_no_more_turns_at_once_than_it_has_slots(store, workspace_id, build):
    inside, release = threading.Semaphore(0), threading.Event()

    def slow(_question: Question) -> Outcome:
        inside.release()
        release.wait(10)
        return answer()

    drainer = build(slow)
    sent = [accept(store, workspace_id) for _ in range(5)]
    threads = [threading.Thread(target=drainer.drain, args=[one["conversation_id"]], daemon=True) for one in sent[:4]]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=10)
    drainer.drain(sent[4]["conversation_id"])
    assert row_of(store, sent[4]["id"]).state == "queued", "a fifth turn was taken with four slots"
    release.set()
    for thread in threads:
        thread.join(10)
    assert row_of(store, sent[4]["id"]).state == "answered", "the turns that ended did not look for the next"


def test_a_write_that_is_fenced_and_a_retry_are_counted(store, workspace_id, build):
    counters = Counters(store, every_s=60)
    sent = accept(store, workspace_id)

    def stolen(_question: Question) -> Outcome:
        TableClock.advance(store, 11)
        Mailbox(store, holder="two").claim(sent["conversation_id"])
        return answer()

    drainer = build(stolen)
    object.__setattr__(drainer, "meter", counters)
    drainer.drain(sent["conversation_id"])
    counters.flush()
    assert {name: count for name, count in counters.read().items() if count} == {"writes_fenced": 1}


def test_a_turn_has_the_workspace_s_voice_and_channel_and_a_question_back_counts_as_no_answer(
    store, workspace_id, build
):
    counters, mia = Counters(store, every_s=60), Voice(name="Mia")
    drainer = build(replace(answer("Which?"), kind=ReplyKind.CLARIFICATION, options=("A", "B")))
    object.__setattr__(drainer, "meter", counters)
    object.__setattr__(drainer, "voice", {workspace_id: mia}.__getitem__)
    sent = Intake(store).submit(workspace_id, Opening(channel="email"), Submission(content="?", deadline_s=60)).message
    drainer.drain(sent["conversation_id"])
    (question,) = drainer.parts_of("").agent.questions
    assert (question.voice, question.channel) == (mia, "email")
    counters.flush()
    counted = {labels: value for (name, labels), value in counters.samples().items() if name == "messages"}
    assert counted == {'outcome="clarified",reason=""': 1}


def test_the_question_is_what_the_customer_wrote_now(store, workspace_id, build):
    drainer = build(answer("It is blue."))
    quoted = "On 1 May 2026 at 10:00, Shop <s@shop.example> wrote:\n> My lawyer will write to you."
    text = f"Hi,\n\nWhat colour is it?\n\nBest regards\nTom\n\n{quoted}"
    first = accept(store, workspace_id, text, external_id="x")
    drainer.drain(first["conversation_id"])
    asked = drainer.parts_of("").agent.questions[-1]
    assert asked.content == "What colour is it?"
    assert asked.quoted == quoted.replace("On 1", "> On 1")
    accept(store, workspace_id, "And how big?", external_id="x")
    drainer.drain(first["conversation_id"])
    assert drainer.parts_of("").agent.questions[-1].turns[0].content == "What colour is it?"
    assert row_of(store, first["id"]).content == text


def test_settings_that_cannot_be_used_let_the_message_wait_with_the_reason(store, workspace_id, build):
    drainer = build(answer("It is blue."))
    usable = drainer.parts_of

    def unusable(_workspace_id):
        raise SettingsRefused({"budgets": "There is no price of large."})

    sent = accept(store, workspace_id, "What colour is it?", external_id="x")
    replace(drainer, parts_of=unusable).drain(sent["conversation_id"])
    waiting = row_of(store, sent["id"])
    assert (waiting.state, waiting.error["code"]) == ("queued", "settings_unusable")
    assert "no price of large" in waiting.error["message"]
    TableClock.advance(store, 60)
    replace(drainer, parts_of=usable).drain(sent["conversation_id"])
    assert row_of(store, sent["id"]).state == "answered"
