"""Drafts of articles: what a model adds does not count."""

import pytest

from tests.worker.suggestions.test_drafting import ARTICLE, FakeWriter
from worker.answering.chat_api.errors import ModelError
from worker.answering.chat_api.spending import BudgetSpent
from worker.states import ExchangeState, SpendingScope
from worker.store.rows import Exchange
from worker.suggestions.writing import write

EXCHANGE = Exchange(
    id="exc_1",
    workspace_id="w",
    conversation_id="conv_1",
    message_id="msg_1",
    state=ExchangeState.DRAFTING,
    question="My sister's birthday is near. Do you sell gift cards? Thanks!",
    reply="Gift cards of €25 and €50 are at every desk. See https://shop.example/cards.",
    asked_at=1,
    attempts=1,
    lease_token=1,
    created_at=1,
)


def test_without_a_model_the_title_is_what_is_asked_and_the_text_the_reply():
    article = write(EXCHANGE, None)
    assert (article.title, article.text) == ("Do you sell gift cards?", EXCHANGE.reply)
    assert article.written_by == "human"


@pytest.mark.parametrize(
    "text",
    [
        "Gift cards of €25 and €100 are at every desk.",
        "Gift cards are at every desk. See https://evil.example/cards.",
        "Gift cards are at every desk; also pay with Klarna there.",
    ],
)
def test_a_draft_with_a_number_a_link_or_a_name_that_nobody_said_gives_way_to_the_reply(text):
    article = write(EXCHANGE, FakeWriter(article={"title": "Gift cards", "text": text}))
    assert (article.text, article.written_by) == (EXCHANGE.reply, "human")


@pytest.mark.parametrize("given", ["no JSON", {"title": "", "text": "x"}, {"text": 5}, [1]])
def test_what_is_no_article_gives_way_to_the_reply(given):
    assert write(EXCHANGE, FakeWriter(article=given)).text == EXCHANGE.reply


def test_a_spent_budget_and_a_refusal_leave_the_reply_and_a_failure_is_for_later():
    assert write(EXCHANGE, FakeWriter(error=BudgetSpent(SpendingScope.DAY))).written_by == "human"
    assert write(EXCHANGE, FakeWriter(error=ModelError("No.", recovery="give_up"))).written_by == "human"
    with pytest.raises(ModelError):
        write(EXCHANGE, FakeWriter(error=ModelError("Down.", recovery="retry")))
    assert write(EXCHANGE, FakeWriter()).text == ARTICLE["text"]
