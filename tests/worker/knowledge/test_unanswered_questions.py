"""What the knowledge base lacks, as customers' questions show it."""

import pytest

from kb.lexical_only import LexicalOnlyEmbedder
from tests.support.fakes import TableClock, accept, answer
from worker.access.keys import Keys
from worker.conversations.outcomes import Handoff
from worker.knowledge.unanswered_questions import grouped, unanswered_questions
from worker.turns.mailbox import Mailbox

GIFT = ("Do you sell gift cards?", "Can I buy a gift card?", "I'd like to buy gift cards for a friend")
BIKE = ("Can I bring my bicycle to the shop?", "May I take my bike into the store?")


@pytest.fixture
def ask(store, workspace_id):
    def do(text, outcome):
        made = accept(store, workspace_id, text, deadline_s=10**7)
        mailbox = Mailbox(store, holder="one")
        mailbox.finish(mailbox.claim(made["conversation_id"]), outcome)
        return made

    return do


def test_questions_without_an_answer_are_grouped_by_what_they_ask(store, workspace_id, embedder, ask):
    no_answer = Handoff(reason="no_answer", summary="?")
    for text in (GIFT[0], BIKE[0], GIFT[1], BIKE[1], GIFT[2]):
        ask(text, no_answer)
    ask("Is the answer to this supported?", Handoff(reason="low_support", summary="?"))
    ask("I want a person!", Handoff(reason="asked_for_person", summary="!"))
    ask("How do I reset my password?", answer())
    found = unanswered_questions(store, embedder, workspace_id)
    assert [one["count"] for one in found] == [3, 2, 1]
    assert {one["content"] for one in found[0]["questions"]} == set(GIFT)
    assert {one["content"] for one in found[1]["questions"]} == set(BIKE)
    assert found[0]["questions"][0]["conversation_id"].startswith("conv_")
    assert unanswered_questions(store, embedder, Keys(store).workspace("other")) == []


def test_an_emoji_is_no_question_and_joins_no_group(store, workspace_id, embedder, ask):
    for text in ("👋", "xxxx", "?!"):
        ask(text, Handoff(reason="no_answer", summary="?"))
    (group,) = unanswered_questions(store, embedder, workspace_id)
    assert [one["content"] for one in group["questions"]] == ["xxxx"]


def test_what_was_asked_long_ago_is_left_out(store, workspace_id, embedder, ask):
    ask(GIFT[0], Handoff(reason="no_answer", summary="?"))
    TableClock.advance(store, 31 * 86_400)
    assert unanswered_questions(store, embedder, workspace_id) == []
    assert len(unanswered_questions(store, embedder, workspace_id, days=40)) == 1


def test_the_order_in_which_they_came_changes_little(embedder):
    texts = [*GIFT, *BIKE]
    ways = {
        tuple(sorted(tuple(sorted(order[place] for place in group)) for group in grouped(embedder, order)))
        for order in (texts, texts[::-1], texts[2:] + texts[:2])
    }
    assert len(ways) == 1


def test_words_alone_group_what_is_worded_alike():
    same = [sorted(group) for group in grouped(LexicalOnlyEmbedder(), ["Gift cards?", "???", "Any gift cards"])]
    assert same[0] == [0, 2]
