"""Two machines do not talk to each other; a human's doing begins the count anew."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock, accept, answer, conversation_actions
from worker.conversations.outcomes import Handoff
from worker.conversations.sessions import MemorySessionStore
from worker.store.tables import message
from worker.turns.history import History
from worker.turns.loops import LoopGuard
from worker.turns.mailbox import Ignored, Mailbox


@pytest.fixture
def turn(store, workspace_id):
    """Send a text, and take its turn; return how it ended, and its message."""
    mailbox = Mailbox(store, holder="one")
    history = History(sessions=MemorySessionStore(), store=store, window=20)

    def take(text: str | None, max_replies: int = 5):
        guard = LoopGuard(store=store, max_replies=max_replies)
        TableClock.advance(store, 1)
        sent = {} if text is None else accept(store, workspace_id, text, external_id="x")
        claim = mailbox.claim_any()
        session = history.load(claim)
        outcome = guard.check(claim, session) or answer("Yes.")
        history.save(claim, session, outcome, mailbox.finish(claim, outcome))
        return outcome, sent or {"id": claim.messages[0].id, "conversation_id": claim.conversation_id}

    return take


def test_after_so_many_replies_in_an_hour_a_human_takes_it(turn):
    for number in range(5):
        assert not isinstance(turn(f"Question {number}?")[0], Handoff)
    outcome, _ = turn("One more?")
    assert (outcome.reason, outcome.category) == ("rule", "reply_limit")


def test_an_hour_later_the_bot_replies_again(store, turn):
    for number in range(5):
        turn(f"Question {number}?")
    TableClock.advance(store, 3_601)
    assert turn("One more?")[0].content == "Yes."


def test_a_human_begins_the_count_anew(store, workspace_id, turn):
    for number in range(5):
        _, sent = turn(f"Question {number}?")
    TableClock.advance(store, 1)
    actions = conversation_actions(store)
    actions.reply(workspace_id, sent["conversation_id"], content="I am here.", author="Ada")
    actions.resume(workspace_id, sent["conversation_id"])
    assert turn("One more?")[0].content == "Yes."


def test_the_same_text_again_and_again_is_a_machine_s_until_an_agent_says_otherwise(store, workspace_id, turn):
    text = "Your request is being processed by our team."
    for _ in range(3):
        assert not isinstance(turn(text)[0], Ignored)
    outcome, sent = turn(text.upper() + "\n")
    assert isinstance(outcome, Ignored)
    with store.read() as connection:
        row = connection.execute(sa.select(message).where(message.c.id == sent["id"])).one()
    assert (row.state, row.error["code"]) == ("cancelled", "automatic_message")
    TableClock.advance(store, 1)
    conversation_actions(store).retry(workspace_id, sent["id"])
    assert turn(None)[0].content == "Yes."


def test_people_may_come_back_to_a_question(turn):
    texts = ["How long is a gift card valid?", "And where is my parcel now?"]
    for number in range(5):
        assert not isinstance(turn(texts[number % 2])[0], Ignored)


def test_without_a_limit_nothing_is_taken_for_a_loop(turn):
    for _ in range(6):
        assert turn("Your request is being processed by our team.", max_replies=0)[0].content == "Yes."


def test_people_may_repeat_a_few_words(turn):
    for _ in range(4):
        assert not isinstance(turn("Any news?")[0], Ignored)
