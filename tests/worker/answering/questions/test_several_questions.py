"""Each question of a message is searched for, all are answered in one reply, and what stays open is named."""

from dataclasses import replace

import pytest

from kb.search import Found
from tests.support.desk import COOKIES
from tests.support.fakes import hit, weighed
from tests.worker.answering.drafting.test_llm import control
from worker.answering.agent import Agent
from worker.answering.question import Draft, Question
from worker.answering.questions import several_questions
from worker.answering.questions.gate import Gate
from worker.conversations.outcomes import Answer, Handoff
from worker.conversations.sessions import Turn
from worker.states import Role

REFUND = hit("A refund takes five working days.", title="Refunds", number=1)
PAYMENT = hit("You can pay by card and by invoice.", title="Payment", number=2)
FAR = hit("Wash wool by hand.", title="Care", dense=0.1, number=3)
TWO = "How long does a refund take, and how can I pay my order?"


class Shop:
    """A knowledge base with three articles, each found by a word."""

    def __init__(self):
        self.queries = []

    def search(self, workspace_id, query, *, limit, filters=None):
        del workspace_id, limit, filters
        self.queries.append(query)
        found = [REFUND] if "refund" in query else []
        found += [PAYMENT] if "pay" in query else []
        return Found(snapshot="1", hits=tuple(weighed(each, query) for each in found or [FAR]))


class Quoting:
    """Answers each question from its first passage, as the extractive answerer does."""

    name, version = "extractive", 1

    def may_find_more(self, _question):
        return False

    def draft(self, question, hits, *, revoked, on_text=None):
        del revoked, on_text
        self.asked = question.asks
        ids = [each.record.passage_id for each in hits]
        texts = [f"{hits[ids.index(ask.passages[0])].record.text}" for ask in question.asks if ask.is_relevant]
        unanswered = tuple(ask for ask in question.asks if not ask.is_relevant)
        return Draft(text="\n\n".join(texts) or hits[0].record.text, unanswered=unanswered)


def answer(content, answerer=None, **fields):
    agent = Agent(knowledge=Shop(), answerer=answerer or Quoting())
    said = []
    outcome = agent.answer(Question(workspace_id="w", content=content, **fields), say=said.append)
    return outcome, "".join(piece.text for piece in said)


def test_two_questions_are_answered_in_one_reply_in_their_order():
    outcome, said = answer(TWO)
    assert isinstance(outcome, Answer)
    assert outcome.content == "A refund takes five working days [1].\n\nYou can pay by card and by invoice [2]."
    assert [citation.document_id for citation in outcome.citations] == ["doc_1", "doc_2"]
    assert (outcome.unanswered, said) == ((), outcome.content)


def test_a_question_without_an_answer_is_named_in_the_reply_that_is_streamed_and_returned():
    outcome, said = answer("How can I pay my order? Do you sell green bicycles?")
    assert outcome.unanswered == ("Do you sell green bicycles?",)
    assert outcome.content.endswith("\n\nI found no answer to: “Do you sell green bicycles?”")
    assert said == outcome.content


def test_a_rhetorical_question_is_not_named():
    outcome, _ = answer("How are you? What is going on? How can I pay my order?")
    assert outcome.unanswered == ()


def test_a_message_that_finds_nothing_is_handed_off():
    outcome, said = answer("Do you sell green bicycles? Do you repair old watches?")
    assert isinstance(outcome, Handoff)
    assert said == ""


def test_a_handoff_names_what_an_earlier_answer_left_open():
    turns = (
        Turn(seq=1, role=Role.CUSTOMER, content="How can I pay? Do you sell bicycles?"),
        Turn(seq=2, role=Role.ASSISTANT, content="By card [1].\n\nI found no answer to: “Do you sell bicycles?”"),
    )
    outcome, _ = answer("Let me talk to a human", turns=turns)
    assert isinstance(outcome, Handoff)
    assert "I found no answer to: “Do you sell bicycles?”" in outcome.summary


def test_two_wordings_that_find_one_article_are_one_question():
    shop, reading = Shop(), None
    question = Question(workspace_id="w", content="How can I pay my order? Is it possible to pay the order by invoice?")
    reading = several_questions.read(
        question, (), lambda text: shop.search("w", text, limit=10), limit=5, gate=Gate(risk=0.5)
    )
    assert reading.asks == ()


@pytest.fixture
def two_article_desk(open_desk):
    desk = open_desk()
    desk.knowledge.hits = [COOKIES, replace(PAYMENT, record=replace(PAYMENT.record, passage_id="psg_9"))]
    return desk


def test_the_model_names_the_questions_and_says_which_it_cannot_answer(two_article_desk, model_url):
    control(
        model_url,
        mode="say",
        text="You can delete cookies in the browser [1].\nNO_ANSWER 2",
        rewritten="How do I delete cookies?\nDo you sell green bicycles?",
        reset=True,
    )
    answered = two_article_desk.ask("How do I delete cookies, and do you sell green bicycles?")
    assert answered["reply"] == (
        "You can delete cookies in the browser [1].\n\nI found no answer to: “Do you sell green bicycles?”"
    )
    named, drafted = control(model_url)["seen"]
    assert named["messages"][0]["content"].startswith("You rewrite")
    assert "1. How do I delete cookies?\n2. Do you sell green bicycles?" in drafted["messages"][-1]["content"]
    control(model_url, text="", other="", then="")


def test_one_question_costs_no_further_call(two_article_desk, model_url):
    control(model_url, mode="answer", rewritten="", reset=True)
    two_article_desk.ask("How do I delete cookies in my browser?")
    assert control(model_url)["counts"]["requests"] == 1
