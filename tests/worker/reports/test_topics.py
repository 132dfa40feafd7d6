"""Topics group conversations by what their first messages ask, and count what became of them."""

from tests.support.fakes import TableClock, answer
from tests.worker.reports.test_figures import Desk, no_answer
from worker.reports.period import period_of
from worker.reports.topics import name_of, topics
from worker.states import MessageState
from worker.store.tables import message

DAY = 86_400


def test_conversations_that_ask_the_same_are_one_topic_with_their_outcomes(store, workspace_id, embedder):
    TableClock.advance(store, 739 * DAY)
    desk = Desk(store, workspace_id)
    desk.ask(answer(), "How do I reset my password?")
    id = desk.ask(answer(), "How can I reset my password?")["conversation_id"]
    desk.ask(answer(), "Where is my parcel?", to=id)  # not what it began with
    desk.ask(no_answer(), "I want to reset my password. How?")
    first = desk.ask(answer(), "Out of office until Monday. How is this mail answered?")
    with store.begin() as tx:  # automatic mail
        tx.execute(
            message.update().where(message.c.id == first["id"]).values(state=MessageState.CANCELLED, reply_id=None)
        )
    desk.ask(answer(), "How do I reset my password, please?", to=first["conversation_id"])
    desk.ask(answer(), "Do you sell bicycles for children?")
    desk.ask(answer(), "👋")
    desk.report()
    with store.read() as connection:
        period = period_of(now_ms=store.now(connection), days=2)
    found = topics(store, embedder, workspace_id, period)
    (topic,) = found["items"]
    assert found["conversations"] == 5
    assert "reset my password" in topic["name"]
    assert {name: topic[name] for name in ("conversations", "resolved_by_bot", "handed_off", "without_answer")} == {
        "conversations": 4,
        "resolved_by_bot": 3,
        "handed_off": 1,
        "without_answer": 1,
    }


def test_the_name_is_the_first_question_of_a_message_cut_short():
    assert name_of("Hello there. How can I pay? Thanks!") == "How can I pay?"
    assert name_of("My card was refused") == "My card was refused"
    assert len(name_of("word " * 50)) <= 80
