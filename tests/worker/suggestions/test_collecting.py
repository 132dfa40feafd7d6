"""What counts as an exchange that others may learn from, and what of it is kept."""

import pytest
import sqlalchemy as sa

from tests.worker.suggestions.conftest import REPLY
from worker.store.selection import Selection
from worker.store.tables import exchange, message


def kept(store):
    with store.read() as connection:
        rows = connection.execute(sa.select(exchange).order_by(exchange.c.id))
        return [(row.state, row.question, row.reply) for row in rows]


def test_a_reply_counts_once_nobody_writes_any_more(store, desk, collector):
    message = desk.ask("Do you sell gift cards?")
    assert collector.collect() == 0, "nobody has replied"
    desk.reply(message, "Let me ask, one moment please, I will be back.")
    assert collector.collect() == 0, "the agent is still at it"
    desk.reply(message)
    desk.settle()
    assert collector.collect() == 1
    ((state, question, reply),) = kept(store)
    assert (state, question) == ("queued", "Do you sell gift cards?")
    assert reply.endswith(REPLY)
    assert collector.collect() == 0, "it is kept already"


def test_a_conversation_that_is_closed_needs_no_waiting(desk, collector, store, workspace_id):
    message = desk.ask("Do you sell gift cards?")
    desk.reply(message)
    desk.actions.close(workspace_id, message["conversation_id"])
    assert collector.collect() == 1


def test_only_what_the_bot_had_no_answer_to_counts(desk, collector):
    for reason in ("asked_for_person", "rule", "error", "deadline"):
        desk.answered("Do you sell gift cards?", reason=reason)
    assert collector.collect() == 0
    desk.answered("Do you sell gift cards?", reason="low_support")
    assert collector.collect() == 1


def test_a_reply_that_says_next_to_nothing_is_not_offered_and_not_kept(store, desk, collector):
    desk.answered("Where is my parcel?", "Done, see your mail.")
    collector.collect()
    assert kept(store) == [("skipped", "", "")]


def test_neither_names_nor_numbers_of_people_are_kept(store, desk, collector):
    desk.answered(
        "Hello, Ada Lovelace here, ada@shop.example, card 4111 1111 1111 1111. Do you sell gift cards?",
        f"Hi Ada,\n\n{REPLY} Call me at +44 20 7946 0958 if it fails, Ada.\n\nBest regards\nTom Baker",
    )
    collector.collect()
    ((_state, question, reply),) = kept(store)
    text = f"{question}\n{reply}"
    for personal in ("Ada", "Lovelace", "ada@", "4111", "7946", "Tom", "Baker"):
        assert personal not in text, text
    assert "valid for three years" in reply


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("anna schmidt", "Anna Schmidt wrote, ANNA called", "[name] wrote, [name] called"),
        ("王小明", "你好我是王小明谢谢", "你好我是[name]谢谢"),
        ("Ana de la Cruz", "The cruzeiro is not Cruz", "The cruzeiro is not [name]"),
        ("Otto von Berg", "a letter von him", "a letter von him"),
    ],
)
def test_a_name_is_masked_in_any_case_and_script(collector, name, text, left):
    assert collector._without_names(text, [name]) == left


def test_each_question_of_a_conversation_has_the_reply_that_followed_it(store, desk, collector, workspace_id):
    first = desk.ask("Do you sell gift cards?", external_id="t1")
    desk.reply(first)
    desk.actions.resume(workspace_id, first["conversation_id"])
    second = desk.ask("Can I bring my dog into the shop?", external_id="t1")
    assert second["conversation_id"] == first["conversation_id"]
    desk.reply(second, "Dogs on a leash are welcome in all of our shops.")
    desk.settle()
    collector.collect()
    assert [(question, reply) for _state, question, reply in kept(store)] == [
        ("Do you sell gift cards?", REPLY),
        ("Can I bring my dog into the shop?", "Dogs on a leash are welcome in all of our shops."),
    ]


def test_the_words_of_a_third_party_are_not_learned_from(store, desk, collector):
    desk.answered("Do you sell gift cards?")
    with store.begin() as tx:
        tx.execute(message.update().values(from_third_party=True))
    collector.collect()
    assert kept(store) == [("skipped", "", "")]


def test_nothing_is_kept_of_a_workspace_that_wants_no_suggestions(desk, collector, workspace_id):
    desk.answered("Do you have gift cards?", "Yes, we have gift cards from ten to one hundred euros.")
    assert collector.collect(workspaces=Selection(ids=frozenset({workspace_id}))) == 0
    assert collector.collect(workspaces=Selection(ids=frozenset({workspace_id}), only=True)) == 1
